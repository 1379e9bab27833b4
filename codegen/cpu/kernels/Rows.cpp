//===- Rows.cpp - Embeddings and sums over rows -*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Vector.h"

using namespace hashc::kernels;

template <typename S>
static HASHC_INLINE void embed(int64_t task, const int32_t *ids,
                               const Compute<S> *weight, S *out, int64_t rows,
                               int64_t width, int64_t vocab, int64_t taskRows) {
  using C = Compute<S>;
  int64_t end = smaller(rows, (task + 1) * taskRows);
  for (int64_t r = task * taskRows; r < end; ++r) {
    int64_t id = ids[r];
    if (id != -1 && (id < 0 || id >= vocab))
      hash_rt_error(3, id, vocab);
    forEachVector<C>(width, [&](int64_t i, int64_t count) {
      Vector<C> v =
          id == -1 ? Vector<C>{} : loadUpTo(weight + id * width + i, count);
      storeUpTo(out + r * width + i, v, count);
    });
  }
}

/// A task is a block of columns, so each sum runs over all rows in order.
template <typename S>
static HASHC_INLINE void
addEmbedded(int64_t task, const int32_t *ids, const S *dy, Compute<S> *gradient,
            int64_t rows, int64_t width, int64_t taskColumns) {
  using C = Compute<S>;
  int64_t begin = task * taskColumns;
  int64_t columns = smaller(width - begin, taskColumns);
  for (int64_t r = 0; r < rows; ++r) {
    if (ids[r] < 0)
      continue;
    C *to = gradient + int64_t(ids[r]) * width + begin;
    const S *from = dy + r * width + begin;
    forEachVector<C>(columns, [&](int64_t i, int64_t count) {
      storeUpTo(to + i, loadUpTo(to + i, count) + loadUpTo(from + i, count),
                count);
    });
  }
}

/// The sum of rows begin .. end-1, for one block of columns.
template <typename S>
static HASHC_INLINE void sumRows(const S *x, Compute<S> *out, int64_t begin,
                                 int64_t end, int64_t stride, int64_t columns) {
  using C = Compute<S>;
  forEachVector<C>(columns, [&](int64_t i, int64_t count) {
    Vector<C> total{};
    for (int64_t r = begin; r < end; ++r)
      total += loadUpTo(x + r * stride + i, count);
    storeUpTo(out + i, total, count);
  });
}

template <typename S>
static HASHC_INLINE void reduceRows(int64_t task, const S *x, Compute<S> *out,
                                    int64_t rows, int64_t width,
                                    int64_t taskColumns) {
  int64_t begin = task * taskColumns;
  sumRows(x + begin, out + begin, 0, rows, width,
          smaller(width - begin, taskColumns));
}

template <typename S>
static HASHC_INLINE void
reduceGroups(int64_t task, const S *x, const int32_t *offsets, Compute<S> *out,
             int64_t groups, int64_t width, int64_t taskColumns) {
  int64_t begin = task * taskColumns;
  for (int64_t g = 0; g < groups; ++g)
    sumRows(x + begin, out + g * width + begin, offsets[g], offsets[g + 1],
            width, smaller(width - begin, taskColumns));
}

/// A token's slots, in order.
template <typename S>
static HASHC_INLINE void combine(int64_t task, const S *x, const int32_t *plan,
                                 S *out, int64_t tokens, int64_t k,
                                 int64_t groups, int64_t slots, int64_t width,
                                 int64_t taskRows) {
  using C = Compute<S>;
  const int32_t *positionOf = plan + groups + 1 + slots;
  int32_t live = plan[groups];
  int64_t end = smaller(tokens, (task + 1) * taskRows);
  for (int64_t t = task * taskRows; t < end; ++t)
    forEachVector<C>(width, [&](int64_t i, int64_t count) {
      Vector<C> total{};
      for (int64_t j = 0; j < k; ++j)
        if (int32_t position = positionOf[t * k + j]; position < live)
          total += loadUpTo(x + position * width + i, count);
      storeUpTo(out + t * width + i, total, count);
    });
}

/// Moves rows between slot order and position order, the rows of `out` that
/// stand for dead slots being zero.
template <typename S, bool toSlots>
static HASHC_INLINE void moveSlots(int64_t task, const S *x,
                                   const int32_t *plan, S *out, int64_t tokens,
                                   int64_t k, int64_t groups, int64_t slots,
                                   int64_t width, int64_t taskRows) {
  using C = Compute<S>;
  const int32_t *positionOf = plan + groups + 1 + slots;
  int32_t live = plan[groups];
  int64_t end = smaller(tokens, (task + 1) * taskRows) * k;
  for (int64_t slot = task * taskRows * k; slot < end; ++slot) {
    int64_t position = positionOf[slot];
    // Without a position there is no row.
    if (!toSlots && position == slots)
      continue;
    const S *from = x + (toSlots ? position : slot) * width;
    S *to = out + (toSlots ? slot : position) * width;
    forEachVector<C>(width, [&](int64_t i, int64_t count) {
      Vector<C> value{};
      if (position < live)
        value = loadUpTo(from + i, count);
      storeUpTo(to + i, value, count);
    });
  }
}

#define HASHC_INSTANCE(S, NAME)                                                \
  extern "C" void hash_embedding_##NAME(                                       \
      int64_t task, const int32_t *ids, const Compute<S> *weight, S *out,      \
      int64_t rows, int64_t width, int64_t vocab, int64_t taskRows) {          \
    embed<S>(task, ids, weight, out, rows, width, vocab, taskRows);            \
  }                                                                            \
  extern "C" void hash_embedding_grad_##NAME(                                  \
      int64_t task, const int32_t *ids, const S *dy, Compute<S> *gradient,     \
      int64_t rows, int64_t width, int64_t taskColumns) {                      \
    addEmbedded<S>(task, ids, dy, gradient, rows, width, taskColumns);         \
  }                                                                            \
  extern "C" void hash_reduce_rows_##NAME(                                     \
      int64_t task, const S *x, Compute<S> *out, int64_t rows, int64_t width,  \
      int64_t taskColumns) {                                                   \
    reduceRows<S>(task, x, out, rows, width, taskColumns);                     \
  }                                                                            \
  extern "C" void hash_reduce_groups_##NAME(                                   \
      int64_t task, const S *x, const int32_t *plan, Compute<S> *out,          \
      int64_t groups, int64_t width, int64_t taskColumns) {                    \
    reduceGroups<S>(task, x, plan, out, groups, width, taskColumns);           \
  }                                                                            \
  extern "C" void hash_combine_##NAME(                                         \
      int64_t task, const S *x, const int32_t *plan, S *out, int64_t tokens,   \
      int64_t k, int64_t groups, int64_t slots, int64_t width,                 \
      int64_t taskRows) {                                                      \
    combine<S>(task, x, plan, out, tokens, k, groups, slots, width, taskRows); \
  }                                                                            \
  extern "C" void hash_join_##NAME(                                            \
      int64_t task, const S *x, const int32_t *plan, S *out, int64_t tokens,   \
      int64_t k, int64_t groups, int64_t slots, int64_t width,                 \
      int64_t taskRows) {                                                      \
    moveSlots<S, true>(task, x, plan, out, tokens, k, groups, slots, width,    \
                       taskRows);                                              \
  }                                                                            \
  extern "C" void hash_split_##NAME(                                           \
      int64_t task, const S *x, const int32_t *plan, S *out, int64_t tokens,   \
      int64_t k, int64_t groups, int64_t slots, int64_t width,                 \
      int64_t taskRows) {                                                      \
    moveSlots<S, false>(task, x, plan, out, tokens, k, groups, slots, width,   \
                        taskRows);                                             \
  }
HASHC_INSTANCE(float, f32)
HASHC_INSTANCE(double, f64)
HASHC_INSTANCE(bf16, bf16)
