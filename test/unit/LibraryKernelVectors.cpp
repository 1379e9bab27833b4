//===- LibraryKernelVectors.cpp - The vector functions, over arrays -------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The exported functions take registers, so their callers are compiled with
// the library's flags; the tests are not.
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/kernels/Vector.h"

using namespace hashc::kernels;

#define HASHC_UNARY(NAME, C, TYPE)                                             \
  extern "C" Vector<C> hash_v_##NAME##_##TYPE(Vector<C> x);                    \
  extern "C" void test_##NAME##_##TYPE(const C *x, C *y, int64_t size) {       \
    forEachVector<C>(size, [&](int64_t i, int64_t n) {                         \
      storeUpTo(y + i, hash_v_##NAME##_##TYPE(loadUpTo(x + i, n)), n);         \
    });                                                                        \
  }
#define HASHC_BINARY(NAME, C, TYPE)                                            \
  extern "C" Vector<C> hash_v_##NAME##_##TYPE(Vector<C> x, Vector<C> y);       \
  extern "C" void test_##NAME##_##TYPE(const C *x, const C *y, C *z,           \
                                       int64_t size) {                         \
    forEachVector<C>(size, [&](int64_t i, int64_t n) {                         \
      storeUpTo(                                                               \
          z + i,                                                               \
          hash_v_##NAME##_##TYPE(loadUpTo(x + i, n), loadUpTo(y + i, n)), n);  \
    });                                                                        \
  }
#define HASHC_FUNCTIONS(C, TYPE)                                               \
  HASHC_UNARY(exp, C, TYPE)                                                    \
  HASHC_UNARY(log, C, TYPE)                                                    \
  HASHC_UNARY(log1p, C, TYPE)                                                  \
  HASHC_UNARY(tanh, C, TYPE)                                                   \
  HASHC_UNARY(sin, C, TYPE)                                                    \
  HASHC_UNARY(cos, C, TYPE)                                                    \
  HASHC_UNARY(erf, C, TYPE)                                                    \
  HASHC_BINARY(pow, C, TYPE)
HASHC_FUNCTIONS(float, f32)
HASHC_FUNCTIONS(double, f64)
