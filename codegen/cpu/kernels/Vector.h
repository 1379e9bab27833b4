//===- Vector.h - Vectors of one register, and storage types -*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// The kernels compute on vectors of HASHC_VECTOR_BYTES (32 or 64) in a compute
// type C (float or double) and store activations in a type S (C itself, or bf16
// beside float). No kernel links to anything but the other kernels.
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_CODEGEN_CPU_KERNELS_VECTOR_H
#define HASHC_CODEGEN_CPU_KERNELS_VECTOR_H

#include <stddef.h>
#include <stdint.h>

#ifndef HASHC_VECTOR_BYTES
#define HASHC_VECTOR_BYTES 32
#endif

#define HASHC_INLINE inline __attribute__((always_inline))

namespace hashc::kernels {

/// A value of 16 bits: the upper half of a float.
struct bf16 {
  uint16_t bits;
};

template <typename T>
constexpr int64_t lanes = HASHC_VECTOR_BYTES / int64_t(sizeof(T));

template <typename T>
using Vector __attribute__((vector_size(HASHC_VECTOR_BYTES))) = T;

/// 0 .. size-1 as template arguments; <utility> needs more than freestanding
/// headers.
template <typename, size_t... index> struct IndexSequence {};
template <size_t size>
using MakeIndexList = __make_integer_seq<IndexSequence, size_t, size>;

/// The integer type as wide as a float type.
template <typename C> struct BitsOf;
template <> struct BitsOf<float> {
  using type = int32_t;
};
template <> struct BitsOf<double> {
  using type = int64_t;
};
template <typename C> using Bits = Vector<typename BitsOf<C>::type>;

/// The type that values stored as S are computed in.
template <typename S> struct ComputeOf {
  using type = S;
};
template <> struct ComputeOf<bf16> {
  using type = float;
};
template <typename S> using Compute = typename ComputeOf<S>::type;

HASHC_INLINE int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

/// Rows with a token; the others are masked.
HASHC_INLINE int64_t countLive(const int32_t *tokens, int64_t rows) {
  int64_t live = 0;
  for (int64_t r = 0; r < rows; ++r)
    live += tokens[r] >= 0;
  return live;
}
HASHC_INLINE int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }

//===----------------------------------------------------------------------===//
// Scalars in memory
//===----------------------------------------------------------------------===//

HASHC_INLINE float read(const float *p) { return *p; }
HASHC_INLINE double read(const double *p) { return *p; }
HASHC_INLINE float read(const bf16 *p) {
  return __builtin_bit_cast(float, uint32_t(p->bits) << 16);
}
HASHC_INLINE void write(float *p, float value) { *p = value; }
HASHC_INLINE void write(double *p, double value) { *p = value; }
HASHC_INLINE void write(bf16 *p, float value) {
  uint32_t bits = __builtin_bit_cast(uint32_t, value);
  bool isNan = (bits & 0x7fffffff) > 0x7f800000;
  uint32_t rounded = bits + 0x7fff + ((bits >> 16) & 1);
  p->bits = uint16_t((isNan ? bits | 0x400000 : rounded) >> 16);
}

//===----------------------------------------------------------------------===//
// Vectors in memory, at any address
//===----------------------------------------------------------------------===//

template <typename C> HASHC_INLINE Vector<C> splat(C value) {
  return Vector<C>{} + value;
}

template <typename T> HASHC_INLINE Vector<T> load(const T *p) {
  Vector<T> v;
  __builtin_memcpy(&v, p, sizeof(v));
  return v;
}
HASHC_INLINE Vector<float> load(const bf16 *p) {
  constexpr int64_t n = lanes<float>;
  typedef uint16_t Narrow __attribute__((vector_size(n * 2)));
  typedef uint32_t Wide __attribute__((vector_size(n * 4)));
  Narrow narrow;
  __builtin_memcpy(&narrow, p, sizeof(narrow));
  return __builtin_bit_cast(Vector<float>, __builtin_convertvector(narrow, Wide)
                                               << 16);
}

template <typename T> HASHC_INLINE void store(T *p, Vector<T> v) {
  __builtin_memcpy(p, &v, sizeof(v));
}
HASHC_INLINE void store(bf16 *p, Vector<float> v) {
  constexpr int64_t n = lanes<float>;
  typedef uint16_t Narrow __attribute__((vector_size(n * 2)));
  typedef uint32_t Wide __attribute__((vector_size(n * 4)));
  Wide bits = __builtin_bit_cast(Wide, v);
  Wide rounded = bits + 0x7fff + ((bits >> 16) & 1);
  Wide isNan = (Wide)((bits & 0x7fffffff) > 0x7f800000);
  Wide chosen = (isNan & (bits | 0x400000)) | (~isNan & rounded);
  Narrow narrow = __builtin_convertvector(chosen >> 16, Narrow);
  __builtin_memcpy(p, &narrow, sizeof(narrow));
}

/// body(i) for the first `count` lanes.
template <typename C, typename Body>
HASHC_INLINE void forEachLane(int64_t count, Body body) {
#ifdef __NVPTX__
  // Registers have no numbers that are computed: each lane on its own.
#pragma unroll
  for (int64_t i = 0; i < lanes<C>; ++i)
    if (i < count)
      body(i);
#else
  for (int64_t i = 0; i < count; ++i)
    body(i);
#endif
}

/// The first `count` lanes, the others `fill`.
template <typename S>
HASHC_INLINE Vector<Compute<S>> loadPart(const S *p, int64_t count,
                                         Compute<S> fill = 0) {
  Vector<Compute<S>> v = splat<Compute<S>>(fill);
  forEachLane<Compute<S>>(count, [&](int64_t i) { v[i] = read(p + i); });
  return v;
}
template <typename S>
HASHC_INLINE void storePart(S *p, Vector<Compute<S>> v, int64_t count) {
  forEachLane<Compute<S>>(count, [&](int64_t i) { write(p + i, v[i]); });
}

/// Calls `body(offset, load, store)`-like code for each vector of `size`
/// elements: `body(i, count)` with count = a whole vector, then what is left.
template <typename C, typename Body>
HASHC_INLINE void forEachVector(int64_t size, Body body) {
  int64_t i = 0;
  for (; i + lanes<C> <= size; i += lanes<C>)
    body(i, lanes<C>);
  if (i < size)
    body(i, size - i);
}
template <typename S>
HASHC_INLINE Vector<Compute<S>> loadUpTo(const S *p, int64_t count,
                                         Compute<S> fill = 0) {
  return count == lanes<Compute<S>> ? load(p) : loadPart(p, count, fill);
}
template <typename S>
HASHC_INLINE void storeUpTo(S *p, Vector<Compute<S>> v, int64_t count) {
  if (count == lanes<Compute<S>>)
    store(p, v);
  else
    storePart(p, v, count);
}

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

template <typename C>
HASHC_INLINE Vector<C> fma(Vector<C> a, Vector<C> b, Vector<C> c) {
  return __builtin_elementwise_fma(a, b, c);
}
template <typename C>
HASHC_INLINE Vector<C> select(Bits<C> mask, Vector<C> a, Vector<C> b) {
  return __builtin_bit_cast(Vector<C>,
                            (mask & __builtin_bit_cast(Bits<C>, a)) |
                                (~mask & __builtin_bit_cast(Bits<C>, b)));
}
template <typename C> HASHC_INLINE Vector<C> squareRoot(Vector<C> v) {
  return __builtin_elementwise_sqrt(v);
}
template <typename C> HASHC_INLINE Vector<C> larger(Vector<C> a, Vector<C> b) {
  return select<C>(a > b, a, b);
}

/// 0, 1, 2, ... in the lanes.
template <typename C> HASHC_INLINE Bits<C> countUp() {
  Bits<C> v{};
  for (int64_t i = 0; i < lanes<C>; ++i)
    v[i] = i;
  return v;
}

/// The sum of the lanes, in halves: a fixed order.
template <typename C> HASHC_INLINE C sum(Vector<C> v) {
  C parts[lanes<C>];
  __builtin_memcpy(parts, &v, sizeof(v));
  for (int64_t width = lanes<C> / 2; width > 0; width /= 2)
    for (int64_t i = 0; i < width; ++i)
      parts[i] += parts[i + width];
  return parts[0];
}
/// The sum of `term(i, count)` over the elements of a row.
template <typename C, typename Term>
HASHC_INLINE C sumOverRow(int64_t width, Term term) {
  Vector<C> total{};
  C rest = 0;
  int64_t i = 0;
  for (; i + lanes<C> <= width; i += lanes<C>)
    total += term(i, lanes<C>);
  if (i < width) {
    Vector<C> last = term(i, width - i);
    for (int64_t j = 0; j < width - i; ++j)
      rest += last[j];
  }
  return sum<C>(total) + rest;
}

template <typename C> HASHC_INLINE C largest(Vector<C> v) {
  C parts[lanes<C>];
  __builtin_memcpy(parts, &v, sizeof(v));
  for (int64_t width = lanes<C> / 2; width > 0; width /= 2)
    for (int64_t i = 0; i < width; ++i)
      parts[i] = parts[i] > parts[i + width] ? parts[i] : parts[i + width];
  return parts[0];
}

//===----------------------------------------------------------------------===//
// Transposing
//===----------------------------------------------------------------------===//

/// Of two rows, lanes alternately from each in runs of `step`: the first run of
/// every pair of runs, or the second.
template <typename C, int64_t step, bool second, size_t... lane>
HASHC_INLINE Vector<C> interleave(Vector<C> a, Vector<C> b,
                                  IndexSequence<size_t, lane...>) {
  return __builtin_shufflevector(a, b,
                                 (lane & step
                                      ? lanes<C> + lane - (second ? 0 : step)
                                      : lane + (second ? step : 0))...);
}

/// Swaps blocks of `step` by `step` across the diagonal, then smaller ones.
template <typename C, int64_t step = lanes<C> / 2>
HASHC_INLINE void transpose(Vector<C> *rows) {
  if constexpr (step > 0) {
    MakeIndexList<lanes<C>> every;
    for (int64_t i = 0; i < lanes<C>; ++i) {
      if (i & step)
        continue;
      Vector<C> a = rows[i], b = rows[i + step];
      rows[i] = interleave<C, step, false>(a, b, every);
      rows[i + step] = interleave<C, step, true>(a, b, every);
    }
    transpose<C, step / 2>(rows);
  }
}

} // namespace hashc::kernels

/// Stops the program with a message; the runtime defines it. Codes: 1 expert,
/// 2 table key, 3 embedding id out of range, 4 too many rows looked up, 5 too
/// many choices.
extern "C" [[noreturn]] void hash_rt_error(int64_t code, int64_t value,
                                           int64_t limit);

#endif // HASHC_CODEGEN_CPU_KERNELS_VECTOR_H
