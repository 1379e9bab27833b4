//===- Rows.cpp - Embeddings and sums over rows -*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Team.h"

using namespace hashc::kernels;

template <typename S>
static HASHC_INLINE void embed(int64_t task, const int32_t *ids,
                               const Compute<S> *weight, S *out, int64_t rows,
                               int64_t width, int64_t vocab, int64_t taskRows) {
  using C = Compute<S>;
  int64_t end = smaller(rows, (task + 1) * taskRows);
  forEachRow(task * taskRows, end, [&](int64_t r) {
    int64_t id = ids[r];
    if (id != -1 && (id < 0 || id >= vocab))
      hash_rt_error(3, id, vocab);
    forEachPart<C>(width, [&](int64_t i, int64_t count) {
      Vector<C> v =
          id == -1 ? Vector<C>{} : loadUpTo(weight + id * width + i, count);
      storeUpTo(out + r * width + i, v, count);
    });
  });
}

/// A task is a block of columns, so each sum runs over all rows in order.
template <typename S>
static HASHC_INLINE void
addEmbedded(int64_t task, const int32_t *ids, const S *dy, Compute<S> *gradient,
            int64_t rows, int64_t width, int64_t taskColumns) {
  using C = Compute<S>;
  int64_t begin = task * taskColumns;
  int64_t columns = smaller(width - begin, taskColumns);
  forEachRowByKey<C>(
      ids, rows, columns, [&](int64_t r, int64_t id, int64_t i, int64_t count) {
        C *to = gradient + id * width + begin + i;
        const S *from = dy + r * width + begin + i;
        storeUpTo(to, loadUpTo(to, count) + loadUpTo(from, count), count);
      });
}

/// The sum of rows begin .. end-1, for one block of columns.
template <typename S>
static HASHC_INLINE void sumRows(const S *x, Compute<S> *out, int64_t begin,
                                 int64_t end, int64_t stride, int64_t columns) {
  using C = Compute<S>;
  forEachColumn<C>(columns, [&](int64_t i, int64_t count) {
    Vector<C> total[1] = {};
    sumOverRows<C>(begin, end, total, [&](int64_t r, Vector<C> *to) {
      *to += loadUpTo(x + r * stride + i, count);
    });
    if (isFirstOfColumn<C>())
      storeUpTo(out + i, *total, count);
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
  forEachRow(task * taskRows, end, [&](int64_t t) {
    forEachPart<C>(width, [&](int64_t i, int64_t count) {
      Vector<C> total{};
      for (int64_t j = 0; j < k; ++j)
        if (int32_t position = positionOf[t * k + j]; position < live)
          total += loadUpTo(x + position * width + i, count);
      storeUpTo(out + t * width + i, total, count);
    });
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
  forEachRow(task * taskRows * k, end, [&](int64_t slot) {
    int64_t position = positionOf[slot];
    // Without a position there is no row.
    if (!toSlots && position == slots)
      return;
    const S *from = x + (toSlots ? position : slot) * width;
    S *to = out + (toSlots ? slot : position) * width;
    forEachPart<C>(width, [&](int64_t i, int64_t count) {
      Vector<C> value{};
      if (position < live)
        value = loadUpTo(from + i, count);
      storeUpTo(to + i, value, count);
    });
  });
}

#define HASHC_INSTANCE(S, NAME)                                                \
  HASHC_TEAM hash_embedding_##NAME(                                            \
      int64_t task, const int32_t *ids, const Compute<S> *weight, S *out,      \
      int64_t rows, int64_t width, int64_t vocab, int64_t taskRows) {          \
    embed<S>(task, ids, weight, out, rows, width, vocab, taskRows);            \
  }                                                                            \
  HASHC_TEAM hash_embedding_grad_##NAME(                                       \
      int64_t task, const int32_t *ids, const S *dy, Compute<S> *gradient,     \
      int64_t rows, int64_t width, int64_t taskColumns) {                      \
    addEmbedded<S>(task, ids, dy, gradient, rows, width, taskColumns);         \
  }                                                                            \
  HASHC_TEAM hash_reduce_rows_##NAME(int64_t task, const S *x,                 \
                                     Compute<S> *out, int64_t rows,            \
                                     int64_t width, int64_t taskColumns) {     \
    reduceRows<S>(task, x, out, rows, width, taskColumns);                     \
  }                                                                            \
  HASHC_TEAM hash_reduce_groups_##NAME(                                        \
      int64_t task, const S *x, const int32_t *plan, Compute<S> *out,          \
      int64_t groups, int64_t width, int64_t taskColumns) {                    \
    reduceGroups<S>(task, x, plan, out, groups, width, taskColumns);           \
  }                                                                            \
  HASHC_TEAM hash_combine_##NAME(int64_t task, const S *x,                     \
                                 const int32_t *plan, S *out, int64_t tokens,  \
                                 int64_t k, int64_t groups, int64_t slots,     \
                                 int64_t width, int64_t taskRows) {            \
    combine<S>(task, x, plan, out, tokens, k, groups, slots, width, taskRows); \
  }                                                                            \
  HASHC_TEAM hash_join_##NAME(int64_t task, const S *x, const int32_t *plan,   \
                              S *out, int64_t tokens, int64_t k,               \
                              int64_t groups, int64_t slots, int64_t width,    \
                              int64_t taskRows) {                              \
    moveSlots<S, true>(task, x, plan, out, tokens, k, groups, slots, width,    \
                       taskRows);                                              \
  }                                                                            \
  HASHC_TEAM hash_split_##NAME(int64_t task, const S *x, const int32_t *plan,  \
                               S *out, int64_t tokens, int64_t k,              \
                               int64_t groups, int64_t slots, int64_t width,   \
                               int64_t taskRows) {                             \
    moveSlots<S, false>(task, x, plan, out, tokens, k, groups, slots, width,   \
                        taskRows);                                             \
  }
HASHC_INSTANCE(float, f32)
HASHC_INSTANCE(double, f64)
HASHC_INSTANCE(bf16, bf16)
