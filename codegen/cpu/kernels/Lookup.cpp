//===- Lookup.cpp - Rows of large tables, by key -*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Team.h"

using namespace hashc::kernels;

/// A loop that clears memory stays one: there is no C library to call.
#define HASHC_NO_MEMSET __attribute__((no_builtin("memset")))

/// One table's features of the result.
template <typename S>
static HASHC_INLINE void
lookUpRows(int64_t task, const int32_t *keys, const Compute<S> *table, S *out,
           int64_t rows, int64_t width, int64_t count, int64_t stride,
           int64_t column, int64_t taskRows) {
  using C = Compute<S>;
  int64_t end = smaller(rows, (task + 1) * taskRows);
  forEachRow(task * taskRows, end, [&](int64_t r) {
    int64_t key = keys[r];
    if (key != -1 && (key < 0 || key >= count))
      hash_rt_error(2, key, count);
    // Rows are far apart, and none is in a cache: many are on their way at
    // once.
    constexpr int64_t ahead = 16;
    if (r + ahead < end && keys[r + ahead] >= 0)
      __builtin_prefetch(table + int64_t(keys[r + ahead]) * width);
    forEachPart<C>(width, [&](int64_t i, int64_t n) {
      Vector<C> v =
          key == -1 ? Vector<C>{} : loadUpTo(table + key * width + i, n);
      storeUpTo(out + r * stride + column + i, v, n);
    });
  });
}

/// A stable radix sort of the rows by key, a byte at a time, between `order`
/// and the place of the offsets. As unsigned numbers, masked keys come last.
extern "C" HASHC_NO_MEMSET void hash_segments(int64_t, const int32_t *keys,
                                              int32_t *unique, int32_t *offsets,
                                              int32_t *order, int64_t rows) {
  for (int64_t r = 0; r < rows; ++r)
    order[r] = int32_t(r);
  int32_t *from = order, *to = offsets;
  for (int shift = 0; shift < 32; shift += 8) {
    auto digitOf = [&](int32_t row) {
      return (uint32_t(keys[row]) >> shift) & 255;
    };
    int32_t next[257];
    for (int32_t &count : next)
      count = 0;
    for (int64_t i = 0; i < rows; ++i)
      ++next[digitOf(from[i]) + 1];
    for (int digit = 0; digit < 256; ++digit)
      next[digit + 1] += next[digit];
    for (int64_t i = 0; i < rows; ++i)
      to[next[digitOf(from[i])]++] = from[i];
    int32_t *sorted = to;
    to = from;
    from = sorted;
  }
  int64_t live = 0, count = 0;
  for (; live < rows && keys[order[live]] >= 0; ++live) {
    int32_t key = keys[order[live]];
    if (count == 0 || unique[count - 1] != key) {
      unique[count] = key;
      offsets[count++] = int32_t(live);
    }
  }
  for (int64_t s = count; s < rows; ++s) {
    unique[s] = -1;
    offsets[s] = int32_t(live);
  }
  offsets[rows] = int32_t(live);
}

/// `keys` are `room` numbers key + 1 that ascend, then zeros, and `room` rows.
extern "C" HASHC_NO_MEMSET void hash_merge_keys(int64_t, const int32_t *unique,
                                                int32_t *keys, int32_t *slots,
                                                int64_t rows, int64_t room) {
  int32_t *slotOf = keys + room;
  int64_t known = 0, count = 0;
  while (known < room && keys[known] != 0)
    ++known;
  int64_t next = known; // the next free row
  for (int64_t i = 0; count < rows && unique[count] >= 0; ++count) {
    int32_t key = unique[count] + 1;
    while (i < known && keys[i] < key)
      ++i;
    bool found = i < known && keys[i] == key;
    slots[count] = found ? slotOf[i] : int32_t(next++);
  }
  if (next > room)
    hash_rt_error(4, next, room + 1);
  for (int64_t s = count; s < rows; ++s)
    slots[s] = 0;
  // From the back: a key that is new moves those above it up.
  int64_t last = known - 1, to = next - 1;
  for (int64_t s = count - 1; to > last; --s) {
    if (slots[s] < known)
      continue;
    int32_t key = unique[s] + 1;
    for (; last >= 0 && keys[last] > key; --last, --to) {
      keys[to] = keys[last];
      slotOf[to] = slotOf[last];
    }
    keys[to] = key;
    slotOf[to--] = slots[s];
  }
}

/// A task is a block of segments; no two of them have a row in common.
template <typename S>
static HASHC_INLINE void
addSegments(int64_t task, const int32_t *offsets, const int32_t *order,
            const int32_t *slots, const S *dresult, Compute<S> *grad,
            int64_t rows, int64_t width, int64_t stride, int64_t column,
            int64_t taskRows) {
  using C = Compute<S>;
  int64_t end = smaller(rows, (task + 1) * taskRows);
  forEachRow(task * taskRows, end, [&](int64_t s) {
    if (offsets[s] == offsets[s + 1])
      return;
    C *to = grad + int64_t(slots[s]) * width;
    forEachPart<C>(width, [&](int64_t i, int64_t n) {
      Vector<C> total{};
      for (int64_t j = offsets[s]; j < offsets[s + 1]; ++j)
        total += loadUpTo(dresult + order[j] * stride + column + i, n);
      storeUpTo(to + i, loadUpTo(to + i, n) + total, n);
    });
  });
}

/// A task is a block of the rows that were read.
template <typename C>
static HASHC_INLINE void
rowwiseAdagrad(int64_t task, const double *hyper, const double *norm, C *param,
               C *grad, int32_t *keys, C *sums, int64_t room, int64_t width,
               double rateScale, double eps, int64_t taskRows) {
  double limit = hyper[3], ratio = limit / (*norm + 1e-6);
  C clip = C(limit > 0 && ratio < 1 ? ratio : 1.0);
  C rate = C(hyper[0] * rateScale);
  int64_t end = smaller(room, (task + 1) * taskRows);
  for (int64_t e = task * taskRows; e < end && keys[e] != 0; ++e) {
    int64_t key = int64_t(keys[e]) - 1;
    C *g = grad + keys[room + e] * width, *p = param + key * width;
    keys[e] = keys[room + e] = 0;
    sums[key] += sumOverRow<C>(width,
                               [&](int64_t i, int64_t n) {
                                 Vector<C> clipped = loadUpTo(g + i, n) * clip;
                                 return clipped * clipped;
                               }) /
                 C(width);
    C step = rate / (C(__builtin_sqrt(sums[key])) + C(eps));
    forEachVector<C>(width, [&](int64_t i, int64_t n) {
      Vector<C> clipped = loadUpTo(g + i, n) * clip;
      storeUpTo(p + i, loadUpTo(p + i, n) - clipped * step, n);
      storeUpTo(g + i, Vector<C>{}, n);
    });
  }
}

#define HASHC_INSTANCE(S, NAME)                                                \
  HASHC_TEAM hash_lookup_##NAME(int64_t task, const int32_t *keys,             \
                                const Compute<S> *table, S *out, int64_t rows, \
                                int64_t width, int64_t count, int64_t stride,  \
                                int64_t column, int64_t taskRows) {            \
    lookUpRows<S>(task, keys, table, out, rows, width, count, stride, column,  \
                  taskRows);                                                   \
  }                                                                            \
  HASHC_TEAM hash_lookup_grad_##NAME(                                          \
      int64_t task, const int32_t *offsets, const int32_t *order,              \
      const int32_t *slots, const S *dresult, Compute<S> *grad, int64_t rows,  \
      int64_t width, int64_t stride, int64_t column, int64_t taskRows) {       \
    addSegments<S>(task, offsets, order, slots, dresult, grad, rows, width,    \
                   stride, column, taskRows);                                  \
  }
HASHC_INSTANCE(float, f32)
HASHC_INSTANCE(double, f64)
HASHC_INSTANCE(bf16, bf16)
#undef HASHC_INSTANCE

#define HASHC_INSTANCE(C, NAME)                                                \
  extern "C" void hash_rowwise_adagrad_##NAME(                                 \
      int64_t task, const double *hyper, const double *norm, C *param,         \
      C *grad, int32_t *keys, C *sums, int64_t room, int64_t width,            \
      double rateScale, double eps, int64_t taskRows) {                        \
    rowwiseAdagrad<C>(task, hyper, norm, param, grad, keys, sums, room, width, \
                      rateScale, eps, taskRows);                               \
  }
HASHC_INSTANCE(float, f32)
HASHC_INSTANCE(double, f64)
