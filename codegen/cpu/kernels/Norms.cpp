//===- Norms.cpp - Layer and RMS norm -*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// Gradients have two kinds of tasks in one launch: the first `rowTasks` compute
// the rows of dx, the others sum the parameters' gradients over all rows, a
// block of columns each, so that every sum has one order.
//
//===----------------------------------------------------------------------===//

#include "Team.h"

using namespace hashc::kernels;

template <typename C> static HASHC_INLINE C rootInverse(C x) {
  return C(1) / __builtin_elementwise_sqrt(x);
}

template <typename S>
static HASHC_INLINE void
layerNorm(int64_t task, const S *x, const Compute<S> *gamma,
          const Compute<S> *beta, S *y, Compute<S> *mean, Compute<S> *rstd,
          int64_t rows, int64_t width, double eps, int64_t taskRows) {
  using C = Compute<S>;
  int64_t end = smaller(rows, (task + 1) * taskRows);
  forEachRow(task * taskRows, end, [&](int64_t r) {
    const S *row = x + r * width;
    C m =
        sumOverParts<C>(
            width, [&](int64_t i, int64_t n) { return loadUpTo(row + i, n); }) /
        C(width);
    C variance = sumOverParts<C>(width,
                                 [&](int64_t i, int64_t n) {
                                   Vector<C> d = loadUpTo(row + i, n) - m;
                                   return d * d;
                                 }) /
                 C(width);
    C scale = rootInverse<C>(variance + C(eps));
    if (isFirstOfRow()) {
      mean[r] = m;
      rstd[r] = scale;
    }
    forEachPart<C>(width, [&](int64_t i, int64_t n) {
      Vector<C> normal = (loadUpTo(row + i, n) - m) * scale;
      storeUpTo(y + r * width + i,
                normal * loadUpTo(gamma + i, n) + loadUpTo(beta + i, n), n);
    });
  });
}

template <typename S>
static HASHC_INLINE void
layerNormGradRows(int64_t begin, int64_t end, const S *x,
                  const Compute<S> *gamma, const Compute<S> *mean,
                  const Compute<S> *rstd, const S *dy, S *dx, int64_t width) {
  using C = Compute<S>;
  forEachRow(begin, end, [&](int64_t r) {
    const S *row = x + r * width, *drow = dy + r * width;
    C m = mean[r], scale = rstd[r];
    auto normal = [&](int64_t i, int64_t n) {
      return (loadUpTo(row + i, n) - m) * scale;
    };
    auto weighted = [&](int64_t i, int64_t n) {
      return loadUpTo(drow + i, n) * loadUpTo(gamma + i, n);
    };
    C a = sumOverParts<C>(width, weighted) / C(width);
    C b = sumOverParts<C>(width,
                          [&](int64_t i, int64_t n) {
                            return weighted(i, n) * normal(i, n);
                          }) /
          C(width);
    forEachPart<C>(width, [&](int64_t i, int64_t n) {
      storeUpTo(dx + r * width + i,
                (weighted(i, n) - a - normal(i, n) * b) * scale, n);
    });
  });
}

template <typename S>
static HASHC_INLINE void
layerNormGrad(int64_t task, const S *x, const Compute<S> *gamma,
              const Compute<S> *mean, const Compute<S> *rstd, const S *dy,
              S *dx, Compute<S> *dgamma, Compute<S> *dbeta, int64_t rows,
              int64_t width, int64_t rowTasks, int64_t taskRows,
              int64_t taskColumns) {
  using C = Compute<S>;
  if (task < rowTasks)
    return layerNormGradRows<S>(task * taskRows,
                                smaller(rows, (task + 1) * taskRows), x, gamma,
                                mean, rstd, dy, dx, width);
  int64_t begin = (task - rowTasks) * taskColumns;
  forEachColumn<C>(
      smaller(width - begin, taskColumns), [&](int64_t j, int64_t n) {
        int64_t i = begin + j;
        Vector<C> sums[2] = {};
        sumOverRows<C>(0, rows, sums, [&](int64_t r, Vector<C> *to) {
          Vector<C> d = loadUpTo(dy + r * width + i, n);
          to[0] += d * ((loadUpTo(x + r * width + i, n) - mean[r]) * rstd[r]);
          to[1] += d;
        });
        if (!isFirstOfColumn<C>())
          return;
        storeUpTo(dgamma + i, sums[0], n);
        storeUpTo(dbeta + i, sums[1], n);
      });
}

template <typename S>
static HASHC_INLINE void rmsNorm(int64_t task, const S *x,
                                 const Compute<S> *gamma, S *y,
                                 Compute<S> *rstd, int64_t rows, int64_t width,
                                 double eps, int64_t taskRows) {
  using C = Compute<S>;
  int64_t end = smaller(rows, (task + 1) * taskRows);
  forEachRow(task * taskRows, end, [&](int64_t r) {
    const S *row = x + r * width;
    C square = sumOverParts<C>(width,
                               [&](int64_t i, int64_t n) {
                                 Vector<C> v = loadUpTo(row + i, n);
                                 return v * v;
                               }) /
               C(width);
    C scale = rootInverse<C>(square + C(eps));
    if (isFirstOfRow())
      rstd[r] = scale;
    forEachPart<C>(width, [&](int64_t i, int64_t n) {
      storeUpTo(y + r * width + i,
                loadUpTo(row + i, n) * scale * loadUpTo(gamma + i, n), n);
    });
  });
}

template <typename S>
static HASHC_INLINE void
rmsNormGrad(int64_t task, const S *x, const Compute<S> *gamma,
            const Compute<S> *rstd, const S *dy, S *dx, Compute<S> *dgamma,
            int64_t rows, int64_t width, int64_t rowTasks, int64_t taskRows,
            int64_t taskColumns) {
  using C = Compute<S>;
  if (task < rowTasks) {
    int64_t end = smaller(rows, (task + 1) * taskRows);
    forEachRow(task * taskRows, end, [&](int64_t r) {
      const S *row = x + r * width, *drow = dy + r * width;
      C scale = rstd[r];
      auto weighted = [&](int64_t i, int64_t n) {
        return loadUpTo(drow + i, n) * loadUpTo(gamma + i, n);
      };
      C b = sumOverParts<C>(width,
                            [&](int64_t i, int64_t n) {
                              return weighted(i, n) * loadUpTo(row + i, n) *
                                     scale;
                            }) /
            C(width);
      forEachPart<C>(width, [&](int64_t i, int64_t n) {
        storeUpTo(dx + r * width + i,
                  (weighted(i, n) - loadUpTo(row + i, n) * scale * b) * scale,
                  n);
      });
    });
    return;
  }
  int64_t begin = (task - rowTasks) * taskColumns;
  forEachColumn<C>(
      smaller(width - begin, taskColumns), [&](int64_t j, int64_t n) {
        int64_t i = begin + j;
        Vector<C> sums[1] = {};
        sumOverRows<C>(0, rows, sums, [&](int64_t r, Vector<C> *to) {
          to[0] += loadUpTo(dy + r * width + i, n) *
                   loadUpTo(x + r * width + i, n) * rstd[r];
        });
        if (isFirstOfColumn<C>())
          storeUpTo(dgamma + i, sums[0], n);
      });
}

#define HASHC_INSTANCE(S, NAME)                                                \
  HASHC_TEAM hash_layer_norm_##NAME(                                           \
      int64_t task, const S *x, const Compute<S> *gamma,                       \
      const Compute<S> *beta, S *y, Compute<S> *mean, Compute<S> *rstd,        \
      int64_t rows, int64_t width, double eps, int64_t taskRows) {             \
    layerNorm<S>(task, x, gamma, beta, y, mean, rstd, rows, width, eps,        \
                 taskRows);                                                    \
  }                                                                            \
  HASHC_TEAM hash_layer_norm_grad_##NAME(                                      \
      int64_t task, const S *x, const Compute<S> *gamma,                       \
      const Compute<S> *mean, const Compute<S> *rstd, const S *dy, S *dx,      \
      Compute<S> *dgamma, Compute<S> *dbeta, int64_t rows, int64_t width,      \
      int64_t rowTasks, int64_t taskRows, int64_t taskColumns) {               \
    layerNormGrad<S>(task, x, gamma, mean, rstd, dy, dx, dgamma, dbeta, rows,  \
                     width, rowTasks, taskRows, taskColumns);                  \
  }                                                                            \
  HASHC_TEAM hash_rms_norm_##NAME(                                             \
      int64_t task, const S *x, const Compute<S> *gamma, S *y,                 \
      Compute<S> *rstd, int64_t rows, int64_t width, double eps,               \
      int64_t taskRows) {                                                      \
    rmsNorm<S>(task, x, gamma, y, rstd, rows, width, eps, taskRows);           \
  }                                                                            \
  HASHC_TEAM hash_rms_norm_grad_##NAME(                                        \
      int64_t task, const S *x, const Compute<S> *gamma,                       \
      const Compute<S> *rstd, const S *dy, S *dx, Compute<S> *dgamma,          \
      int64_t rows, int64_t width, int64_t rowTasks, int64_t taskRows,         \
      int64_t taskColumns) {                                                   \
    rmsNormGrad<S>(task, x, gamma, rstd, dy, dx, dgamma, rows, width,          \
                   rowTasks, taskRows, taskColumns);                           \
  }
HASHC_INSTANCE(float, f32)
HASHC_INSTANCE(double, f64)
HASHC_INSTANCE(bf16, bf16)
