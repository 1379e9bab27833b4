//===- Optimizer.cpp - The gradients' norm and AdamW -*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Vector.h"

using namespace hashc::kernels;

/// Adds the squares of `size` elements to *total, in double: chunks of a fixed
/// size, each summed over the lanes of one vector, added up in order.
template <typename C>
static HASHC_INLINE void addSquares(const C *x, double *total, int64_t size) {
  constexpr int64_t chunk = 4096;
  for (int64_t begin = 0; begin < size; begin += chunk) {
    int64_t end = smaller(size, begin + chunk);
    Vector<double> squares[4] = {};
    int64_t i = begin;
    for (; i + 4 * lanes<double> <= end; i += 4 * lanes<double>)
      for (int64_t j = 0; j < 4; ++j) {
        Vector<double> v;
        for (int64_t k = 0; k < lanes<double>; ++k)
          v[k] = double(x[i + j * lanes<double> + k]);
        squares[j] += v * v;
      }
    double rest = 0;
    for (; i < end; ++i)
      rest += double(x[i]) * double(x[i]);
    *total +=
        sum<double>(squares[0] + squares[1] + squares[2] + squares[3]) + rest;
  }
}

/// Part `task` of `parts`: of each array a run of elements.
template <typename C>
static HASHC_INLINE void addPart(int64_t task, const C *x, double *norms,
                                 int64_t size, int64_t parts) {
  int64_t length = (size + parts - 1) / parts, begin = task * length;
  if (begin < size)
    addSquares(x + begin, norms + task, smaller(size - begin, length));
}

extern "C" void hash_norm_start(int64_t task, double *norms) {
  norms[task] = 0;
}
extern "C" void hash_norm_add_f32(int64_t task, const float *x, double *norms,
                                  int64_t size, int64_t parts) {
  addPart(task, x, norms, size, parts);
}
extern "C" void hash_norm_add_f64(int64_t task, const double *x, double *norms,
                                  int64_t size, int64_t parts) {
  addPart(task, x, norms, size, parts);
}
extern "C" void hash_norm_finish(int64_t task, double *norms) {
  norms[task] = __builtin_sqrt(norms[task]);
}

template <typename C>
static HASHC_INLINE void
adamw(int64_t task, const double *hyper, const double *norm, C *param, C *grad,
      C *moment1, C *moment2, int64_t size, double beta1, double beta2,
      double eps, double decay, int64_t taskSize) {
  double rate = hyper[0], limit = hyper[3], ratio = limit / (*norm + 1e-6);
  C clip = C(limit > 0 && ratio < 1 ? ratio : 1.0);
  C keep = C(1.0 - rate * decay), step = C(rate / hyper[1]);
  C rootCorrection = C(1.0 / __builtin_sqrt(hyper[2]));
  C b1 = C(beta1), b2 = C(beta2), new1 = C(1.0 - beta1), new2 = C(1.0 - beta2);
  int64_t begin = task * taskSize;
  forEachVector<C>(smaller(size - begin, taskSize), [&](int64_t j, int64_t n) {
    int64_t i = begin + j;
    Vector<C> g = loadUpTo(grad + i, n) * clip;
    Vector<C> m = loadUpTo(moment1 + i, n) * b1 + g * new1;
    Vector<C> v = loadUpTo(moment2 + i, n) * b2 + g * g * new2;
    Vector<C> size = squareRoot<C>(v) * rootCorrection + C(eps);
    storeUpTo(param + i, loadUpTo(param + i, n) * keep - step * (m / size), n);
    storeUpTo(moment1 + i, m, n);
    storeUpTo(moment2 + i, v, n);
    storeUpTo(grad + i, Vector<C>{}, n);
  });
}

#define HASHC_INSTANCE(C, NAME)                                                \
  extern "C" void hash_adamw_##NAME(                                           \
      int64_t task, const double *hyper, const double *norm, C *param,         \
      C *grad, C *moment1, C *moment2, int64_t size, double beta1,             \
      double beta2, double eps, double decay, int64_t taskSize) {              \
    adamw<C>(task, hyper, norm, param, grad, moment1, moment2, size, beta1,    \
             beta2, eps, decay, taskSize);                                     \
  }
HASHC_INSTANCE(float, f32)
HASHC_INSTANCE(double, f64)
