//===- Elementwise.cpp - Dropout and rotary positions -*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Math.h"
#include "Mix.h"
#include "Team.h"

using namespace hashc::kernels;

/// Element i is kept where hash.mix(seed, stream, i) >= rate * 2^63.
template <typename S>
static HASHC_INLINE void dropOut(int64_t task, const S *x, const int64_t *seed,
                                 S *y, int64_t size, double rate,
                                 int64_t stream, int64_t taskSize) {
  using C = Compute<S>;
  uint64_t key = absorb(absorb(0, uint64_t(*seed)), uint64_t(stream));
  uint64_t limit = uint64_t(rate * 9223372036854775808.0);
  C scale = C(1.0 / (1.0 - rate));
  int64_t end = smaller(size, (task + 1) * taskSize);
  for (int64_t i = task * taskSize; i < end; ++i) {
    bool kept = finish(absorb(key, uint64_t(i))) >= limit;
    write(y + i, kept ? read(x + i) * scale : C(0));
  }
}

/// The cosines and sines of the angles by which one row's pairs of features
/// from `first` on turn. Angles are computed in double, whatever C is.
template <typename C> struct Turns {
  Vector<C> cosine, sine;

  HASHC_INLINE Turns(int64_t first, double position, double h, double logBase) {
    alignas(64) C cosines[lanes<C>], sines[lanes<C>];
    for (int64_t i = 0; i < lanes<C>; i += lanes<double>) {
      Vector<double> pair = toFloat<double>(countUp<double>() + (first + i));
      Vector<double> frequency = exp<double>(-2.0 * pair / h * logBase);
      Vector<double> angle = position * frequency;
      Vector<double> c = cos<double>(angle), s = sin<double>(angle);
      for (int64_t j = 0; j < lanes<double>; ++j) {
        cosines[i + j] = C(c[j]);
        sines[i + j] = C(s[j]);
      }
    }
    cosine = load(cosines);
    sine = load(sines);
  }
};

/// Feature pairs (i, i + h/2) of each head turn by position * base^(-2i/h).
template <typename S>
static HASHC_INLINE void rotate(int64_t task, const S *x,
                                const int32_t *positions, S *y, int64_t rows,
                                int64_t width, int64_t heads, double base,
                                int64_t inverse, int64_t taskRows) {
  using C = Compute<S>;
  int64_t h = width / heads, half = h / 2;
  double logBase = log<double>(splat(base))[0];
  int64_t end = smaller(rows, (task + 1) * taskRows);
  forEachRow(task * taskRows, end, [&](int64_t r) {
    double position = double(positions[r]) * (inverse ? -1.0 : 1.0);
    forEachPart<C>(half, [&](int64_t i, int64_t n) {
      Turns<C> turns(i, position, double(h), logBase);
      for (int64_t head = 0; head < heads; ++head) {
        int64_t at = r * width + head * h + i;
        Vector<C> a = loadUpTo(x + at, n), b = loadUpTo(x + at + half, n);
        storeUpTo(y + at, a * turns.cosine - b * turns.sine, n);
        storeUpTo(y + at + half, b * turns.cosine + a * turns.sine, n);
      }
    });
  });
}

#define HASHC_INSTANCE(S, NAME)                                                \
  extern "C" void hash_dropout_##NAME(                                         \
      int64_t task, const S *x, const int64_t *seed, S *y, int64_t size,       \
      double rate, int64_t stream, int64_t taskSize) {                         \
    dropOut<S>(task, x, seed, y, size, rate, stream, taskSize);                \
  }                                                                            \
  HASHC_TEAM hash_rotary_##NAME(int64_t task, const S *x,                      \
                                const int32_t *positions, S *y, int64_t rows,  \
                                int64_t width, int64_t heads, double base,     \
                                int64_t inverse, int64_t taskRows) {           \
    rotate<S>(task, x, positions, y, rows, width, heads, base, inverse,        \
              taskRows);                                                       \
  }
HASHC_INSTANCE(float, f32)
HASHC_INSTANCE(double, f64)
HASHC_INSTANCE(bf16, bf16)
