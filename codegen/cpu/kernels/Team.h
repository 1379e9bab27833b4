//===- Team.h - Loops that a GPU's threads share ----------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// A kernel that is written with these is a loop on a CPU, and work of a team on
// a GPU, a block of threads: its rows go to warps, the parts of a row to the
// lanes of one. So all threads of a team must come by here. What a thread does
// beside these calls, every thread of its warp does, and only the first one may
// write what is one for a row.
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_CODEGEN_CPU_KERNELS_TEAM_H
#define HASHC_CODEGEN_CPU_KERNELS_TEAM_H

#include "TeamShape.h"
#include "Vector.h"

/// A function that a team calls. On a GPU it is inlined into its kernel, whose
/// shared memory it has.
#ifdef __NVPTX__
#define HASHC_TEAM extern "C" __attribute__((always_inline)) void
#else
#define HASHC_TEAM extern "C" void
#endif

namespace hashc::kernels {

#ifdef __NVPTX__

HASHC_INLINE int64_t getMember() { return __nvvm_read_ptx_sreg_tid_x(); }
HASHC_INLINE int64_t getLane() { return getMember() % kWarp; }

/// The value of the lane whose number differs in the bits of `mask`.
template <typename T> HASHC_INLINE T exchange(T value, int mask) {
  constexpr int words = sizeof(T) / sizeof(int32_t);
  int32_t parts[words];
  __builtin_memcpy(parts, &value, sizeof(value));
  for (int i = 0; i < words; ++i)
    parts[i] = __nvvm_shfl_sync_bfly_i32(~0u, parts[i], mask, kWarp - 1);
  __builtin_memcpy(&value, parts, sizeof(value));
  return value;
}

#endif

//===----------------------------------------------------------------------===//
// Items and rows
//===----------------------------------------------------------------------===//

/// body(i) for 0 .. count-1, of which none needs another.
template <typename Body>
HASHC_INLINE void forEachItem(int64_t count, Body body) {
#ifdef __NVPTX__
  for (int64_t i = getMember(); i < count; i += kTeam)
    body(i);
#else
  for (int64_t i = 0; i < count; ++i)
    body(i);
#endif
}

/// body(row) for begin .. end-1, of which none needs another.
template <typename Body>
HASHC_INLINE void forEachRow(int64_t begin, int64_t end, Body body) {
#ifdef __NVPTX__
  for (int64_t r = begin + getMember() / kWarp; r < end; r += kTeam / kWarp)
    body(r);
#else
  for (int64_t r = begin; r < end; ++r)
    body(r);
#endif
}

/// True for the one that writes what a row has once.
HASHC_INLINE bool isFirstOfRow() {
#ifdef __NVPTX__
  return getLane() == 0;
#else
  return true;
#endif
}

/// What the lanes of a row have read and written is before what they do next.
HASHC_INLINE void finishPartsOfRow() {
#ifdef __NVPTX__
  __nvvm_bar_warp_sync(~0u);
#endif
}

//===----------------------------------------------------------------------===//
// Parts of a row
//===----------------------------------------------------------------------===//

/// body(i, count) for each vector of a row of `size` elements, then for what is
/// left.
template <typename C, typename Body>
HASHC_INLINE void forEachPart(int64_t size, Body body) {
#ifdef __NVPTX__
  for (int64_t i = getLane() * lanes<C>; i < size; i += kWarp * lanes<C>)
    body(i, smaller(size - i, lanes<C>));
#else
  forEachVector<C>(size, body);
#endif
}

/// Of the lanes of a row, each with its own: the same for all.
template <typename C> HASHC_INLINE C sumOfRow(C value) {
#ifdef __NVPTX__
  for (int mask = kWarp / 2; mask > 0; mask /= 2)
    value += exchange(value, mask);
#endif
  return value;
}
template <typename C> HASHC_INLINE C largestOfRow(C value) {
#ifdef __NVPTX__
  for (int mask = kWarp / 2; mask > 0; mask /= 2) {
    C other = exchange(value, mask);
    value = value > other ? value : other;
  }
#endif
  return value;
}

/// Who has the parts of a row: the team (as Math.h's RowOfThread).
struct RowOfTeam {
  template <typename C, typename Body>
  static HASHC_INLINE void forEachPart(int64_t size, Body body) {
    kernels::forEachPart<C>(size, body);
  }
  template <typename C> static HASHC_INLINE C largest(C value) {
    return largestOfRow(value);
  }
  template <typename C> static HASHC_INLINE C sum(C value) {
    return sumOfRow(value);
  }
};

/// The sum of `term(i, count)` over the elements of a row.
template <typename C, typename Term>
HASHC_INLINE C sumOverParts(int64_t size, Term term) {
#ifdef __NVPTX__
  Vector<C> total{};
  forEachPart<C>(size, [&](int64_t i, int64_t n) {
    Vector<C> v = term(i, n);
    for (int64_t j = 0; j < lanes<C>; ++j)
      total[j] += j < n ? v[j] : C(0);
  });
  return sumOfRow(sum<C>(total));
#else
  return sumOverRow<C>(size, term);
#endif
}

//===----------------------------------------------------------------------===//
// Sums over rows
//===----------------------------------------------------------------------===//

/// body(i, count) for each vector of `size` columns of a task, then for what is
/// left. Columns that are not there have a count of 0.
template <typename C, typename Body>
HASHC_INLINE void forEachColumn(int64_t size, Body body) {
#ifdef __NVPTX__
  constexpr int64_t parts = kTeamColumns / lanes<C>;
  for (int64_t begin = 0; begin < size; begin += kTeamColumns) {
    int64_t i = begin + getMember() % parts * lanes<C>;
    body(i, larger(0, smaller(size - i, lanes<C>)));
  }
#else
  forEachVector<C>(size, body);
#endif
}

/// True for the one that has the sums of its columns.
template <typename C> HASHC_INLINE bool isFirstOfColumn() {
#ifdef __NVPTX__
  return getMember() < kTeamColumns / lanes<C>;
#else
  return true;
#endif
}

/// In the body of forEachColumn: adds to the sums, of the first of a column,
/// what add(row, sums) does for begin .. end-1. Where there are members, each
/// has every so many rows; its sums are added up in order.
template <typename C, int64_t count, typename Add>
HASHC_INLINE void sumOverRows(int64_t begin, int64_t end,
                              Vector<C> (&sums)[count], Add add) {
#ifdef __NVPTX__
  constexpr int64_t parts = kTeamColumns / lanes<C>, phases = kTeam / parts;
  static __attribute__((address_space(3))) Vector<C> shared[count][kTeam];
  const int64_t member = getMember();
  for (int64_t r = begin + member / parts; r < end; r += phases)
    add(r, sums);
  for (int64_t i = 0; i < count; ++i)
    shared[i][member] = sums[i];
  __syncthreads();
  if (isFirstOfColumn<C>())
    for (int64_t phase = 1; phase < phases; ++phase)
      for (int64_t i = 0; i < count; ++i)
        sums[i] += shared[i][phase * parts + member];
  __syncthreads();
#else
  for (int64_t r = begin; r < end; ++r)
    add(r, sums);
#endif
}

/// body(row, key, i, count) for all rows with a key that is not negative and
/// the vectors of `size` columns of a task. One thread has all rows with a key,
/// in order.
template <typename C, typename Body>
HASHC_INLINE void forEachRowByKey(const int32_t *keys, int64_t rows,
                                  int64_t size, Body body) {
#ifdef __NVPTX__
  constexpr int64_t parts = kTeamColumns / lanes<C>, phases = kTeam / parts;
  const int32_t phase = int32_t(getMember() / parts);
  forEachColumn<C>(size, [&](int64_t i, int64_t n) {
    for (int64_t r = 0; r < rows; ++r)
      if (keys[r] >= 0 && keys[r] % phases == phase)
        body(r, keys[r], i, n);
  });
#else
  for (int64_t r = 0; r < rows; ++r)
    if (keys[r] >= 0)
      forEachVector<C>(size,
                       [&](int64_t i, int64_t n) { body(r, keys[r], i, n); });
#endif
}

} // namespace hashc::kernels

#endif // HASHC_CODEGEN_CPU_KERNELS_TEAM_H
