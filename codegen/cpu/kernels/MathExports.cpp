//===- MathExports.cpp - The math functions as generated code calls them --===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Math.h"

using namespace hashc::kernels;

/// One function of one vector, for both compute types.
#define HASHC_EXPORT(NAME)                                                     \
  extern "C" Vector<float> hash_v_##NAME##_f32(Vector<float> x) {              \
    return NAME<float>(x);                                                     \
  }                                                                            \
  extern "C" Vector<double> hash_v_##NAME##_f64(Vector<double> x) {            \
    return NAME<double>(x);                                                    \
  }

HASHC_EXPORT(exp)
HASHC_EXPORT(log)
HASHC_EXPORT(log1p)
HASHC_EXPORT(tanh)
HASHC_EXPORT(sin)
HASHC_EXPORT(cos)

extern "C" Vector<float> hash_v_erf_f32(Vector<float> x) { return erf(x); }
extern "C" Vector<double> hash_v_erf_f64(Vector<double> x) { return erf(x); }
extern "C" Vector<float> hash_v_pow_f32(Vector<float> x, Vector<float> y) {
  return pow<float>(x, y);
}
extern "C" Vector<double> hash_v_pow_f64(Vector<double> x, Vector<double> y) {
  return pow<double>(x, y);
}
