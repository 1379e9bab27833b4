//===- AttentionRows.h - Rows of attention, and what they see ---*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What attention by a block of threads is, whatever multiplies: which keys a
// row of queries sees, how the CPU's tasks are cut, and what a running softmax
// keeps of a row.
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_CODEGEN_NVVM_KERNELS_ATTENTIONROWS_H
#define HASHC_CODEGEN_NVVM_KERNELS_ATTENTIONROWS_H

#include "Block.h"

#include "codegen/cpu/kernels/Math.h"

namespace hashc::kernels {

/// As codegen/nvvm/UseBlocks.cpp launches it.
constexpr int64_t threads = 128;
/// Neighbours in a warp that share a row.
constexpr int64_t parts = 4;
constexpr float minusInfinity = -__builtin_inff();

/// Over the threads of a row.
HASHC_INLINE float sumOfRow(float value) {
  for (int distance = 1; distance < parts; distance *= 2)
    value += __nvvm_shfl_sync_bfly_f32(0xffffffff, value, distance, 31);
  return value;
}
HASHC_INLINE float largestOfRow(float value) {
  for (int distance = 1; distance < parts; distance *= 2) {
    float other = __nvvm_shfl_sync_bfly_f32(0xffffffff, value, distance, 31);
    value = other > value ? other : value;
  }
  return value;
}

HASHC_INLINE float addUp(Float4 v) { return (v[0] + v[2]) + (v[1] + v[3]); }

//===----------------------------------------------------------------------===//
// Keys
//===----------------------------------------------------------------------===//

struct KeyRange {
  int64_t first, last;
};

/// Rows see their document, and none after them if causal.
struct OwnKeys {
  const int32_t *starts; // of the window; they ascend
  int64_t window;
  bool causal;

  HASHC_INLINE KeyRange operator()(int64_t row) const {
    int64_t last = row + 1, end = causal ? last : window;
    // The first row of the next document is between the two.
    while (last < end) {
      const int64_t middle = (last + end) / 2;
      if (starts[middle] <= row)
        last = middle + 1;
      else
        end = middle;
    }
    return {starts[row], last};
  }
};

/// All rows see the live rows of the memory's window.
struct MemoryKeys {
  int64_t last;
  HASHC_INLINE KeyRange operator()(int64_t) const { return {0, last}; }
};

/// Those before the first masked one. Lanes look at a row each.
HASHC_INLINE int64_t countLiveKeys(const int32_t *tokens, int64_t window) {
  constexpr int64_t warp = 32;
  for (int64_t begin = 0; begin < window; begin += warp) {
    const int64_t row = begin + getThread() % warp;
    const auto masked = uint32_t(
        __nvvm_vote_ballot_sync(0xffffffff, row < window && tokens[row] < 0));
    if (masked)
      return begin + __builtin_ctz(masked);
  }
  return window;
}

/// Of rows first .. last-1, the keys that any of them sees: a later row's keys
/// neither begin nor end before an earlier one's.
template <typename Keys>
HASHC_INLINE KeyRange joinRanges(const Keys &keys, int64_t first,
                                 int64_t last) {
  return {keys(first).first, keys(last - 1).last};
}

/// Rows of queries: first .. last-1.
struct QueryRange {
  int64_t first, last;
};

/// The queries that see any of keys first .. last-1.
template <typename Keys>
HASHC_INLINE QueryRange findQueries(const Keys &keys, int64_t queries,
                                    int64_t first, int64_t last) {
  // The first query for which `isPast` holds, as it does for those after it.
  auto find = [&](auto isPast) {
    int64_t begin = 0, end = queries;
    while (begin < end) {
      const int64_t middle = (begin + end) / 2;
      if (isPast(keys(middle)))
        end = middle;
      else
        begin = middle + 1;
    }
    return begin;
  };
  return {find([&](KeyRange range) { return range.last > first; }),
          find([&](KeyRange range) { return range.first >= last; })};
}

//===----------------------------------------------------------------------===//
// Tasks
//===----------------------------------------------------------------------===//

/// Where the heads of rows are.
struct Layout {
  int64_t heads, kvHeads, size;
  int64_t queries, keys; // rows of a window
  double scale;
};

/// As the CPU cuts it: 64 queries of a head of a window.
struct QueryTask {
  int64_t window, begin, end; // its queries
  int64_t at, keyAt, lseAt;   // of the head in the window's first row

  HASHC_INLINE QueryTask(int64_t task, const Layout &layout) {
    constexpr int64_t queries = 64;
    const int64_t heads = layout.heads, size = layout.size;
    const int64_t blocks = (layout.queries + queries - 1) / queries;
    const int64_t h = task / blocks % heads;
    const int64_t kv = h / (heads / layout.kvHeads);
    window = task / blocks / heads;
    begin = task % blocks * queries;
    end = smaller(begin + queries, layout.queries);
    at = (window * layout.queries * heads + h) * size;
    keyAt = (window * layout.keys * layout.kvHeads + kv) * size;
    lseAt = window * layout.queries * heads + h;
  }
};

/// A head of queries of a window, and its keys.
template <typename S> struct GradHead {
  const S *q, *k, *v, *y, *dy;
  const float *lse;
  S *dq;
};

/// A head of keys of a window.
template <typename S> struct GradTask {
  int64_t keyAt; // of the head in the window's first row
  HASHC_INLINE GradTask(int64_t window, int64_t kv, const Layout &layout,
                        const GradHead<S> &all)
      : keyAt((window * layout.keys * layout.kvHeads + kv) * layout.size),
        all(all), size(layout.size),
        first(window * layout.queries * layout.heads +
              kv * (layout.heads / layout.kvHeads)) {}

  /// Of the heads of queries that have these keys, number i.
  HASHC_INLINE GradHead<S> getHead(int64_t i) const {
    const int64_t at = (first + i) * size;
    return {all.q + at,  all.k + keyAt,       all.v + keyAt, all.y + at,
            all.dy + at, all.lse + first + i, all.dq + at};
  }

private:
  GradHead<S> all; // the buffers
  int64_t size, first;
};

//===----------------------------------------------------------------------===//
// Softmax
//===----------------------------------------------------------------------===//

/// What is kept of a row while it walks over the keys.
struct RunningRow {
  float peak = minusInfinity, total = 0;

  /// The peak becomes `most`, if that is larger; returns what exponents are
  /// relative to: exp(-inf - 0) is the zero that exp(-inf - -inf) is not.
  HASHC_INLINE float raise(float most) {
    peak = most > peak ? most : peak;
    return peak == minusInfinity ? 0 : peak;
  }
  /// Of the row's sums.
  HASHC_INLINE float getFactor() const { return total > 0 ? 1 / total : 0; }
  /// Of the sum of exponentials, where the peak is a multiple of `unit`.
  HASHC_INLINE float getLogarithm(float unit) const {
    return peak * unit + log<float>(splat<float>(total))[0];
  }
};

/// The product of a row's result and its gradient; all threads of the row get
/// it.
template <typename S>
HASHC_INLINE float getDelta(const S *y, const S *dy, int64_t size) {
  Float4 sums{};
  for (int64_t i = getThread() % parts * 4; i < size; i += parts * 4)
    sums = fma<float>(load(y + i), load(dy + i), sums);
  return sumOfRow(addUp(sums));
}

/// What is known of a row of queries; one that does not exist sees no key.
struct GradRow {
  KeyRange range{0, 0};
  float lse = 0, delta = 0;
};

/// Of a row before `end`; it exists if it is there.
template <typename S, typename Keys>
HASHC_INLINE GradRow getRow(const GradHead<S> &head, const Layout &layout,
                            const Keys &keys, int64_t row, int64_t end) {
  const int64_t at = smaller(row, end - 1), stride = layout.heads * layout.size;
  GradRow result;
  result.delta =
      getDelta(head.y + at * stride, head.dy + at * stride, layout.size);
  result.lse = head.lse[at * layout.heads];
  if (row < end)
    result.range = keys(at);
  return result;
}

} // namespace hashc::kernels

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

/// The forms of the library's functions by attention<S>().
#define HASHC_ATTENTION(FORM, S, NAME)                                         \
  HASHC_BLOCK hash_##FORM##_attention_##NAME(                                  \
      int64_t task, const S *q, const S *k, const S *v, const int32_t *starts, \
      S *y, float *lse, int64_t heads, int64_t kvHeads, int64_t size,          \
      int64_t window, double scale, int64_t causal) {                          \
    attention<S>(task, {heads, kvHeads, size, window, window, scale}, q, k, v, \
                 y, lse, [=](int64_t number) {                                 \
                   return OwnKeys{starts + number * window, window,            \
                                  causal != 0};                                \
                 });                                                           \
  }                                                                            \
  HASHC_BLOCK hash_##FORM##_cross_attention_##NAME(                            \
      int64_t task, const S *q, const S *k, const S *v, const int32_t *tokens, \
      S *y, float *lse, int64_t heads, int64_t kvHeads, int64_t size,          \
      int64_t window, int64_t memoryWindow, double scale) {                    \
    attention<S>(task, {heads, kvHeads, size, window, memoryWindow, scale}, q, \
                 k, v, y, lse, [=](int64_t number) {                           \
                   return MemoryKeys{countLiveKeys(                            \
                       tokens + number * memoryWindow, memoryWindow)};         \
                 });                                                           \
  }

/// And those of their gradients by attentionGrad<S>().
#define HASHC_ATTENTION_GRAD(FORM, S, NAME)                                    \
  HASHC_BLOCK hash_##FORM##_attention_grad_##NAME(                             \
      int64_t task, const S *q, const S *k, const S *v, const int32_t *starts, \
      const S *y, const float *lse, const S *dy, S *dq, S *dk, S *dv,          \
      int64_t heads, int64_t kvHeads, int64_t size, int64_t window,            \
      double scale, int64_t causal) {                                          \
    attentionGrad<S>(task, {heads, kvHeads, size, window, window, scale}, q,   \
                     k, v, y, lse, dy, dq, dk, dv, [=](int64_t number) {       \
                       return OwnKeys{starts + number * window, window,        \
                                      causal != 0};                            \
                     });                                                       \
  }                                                                            \
  HASHC_BLOCK hash_##FORM##_cross_attention_grad_##NAME(                       \
      int64_t task, const S *q, const S *k, const S *v, const int32_t *tokens, \
      const S *y, const float *lse, const S *dy, S *dq, S *dk, S *dv,          \
      int64_t heads, int64_t kvHeads, int64_t size, int64_t window,            \
      int64_t memoryWindow, double scale) {                                    \
    attentionGrad<S>(task,                                                     \
                     {heads, kvHeads, size, window, memoryWindow, scale}, q,   \
                     k, v, y, lse, dy, dq, dk, dv, [=](int64_t number) {       \
                       return MemoryKeys{countLiveKeys(                        \
                           tokens + number * memoryWindow, memoryWindow)};     \
                     });                                                       \
  }

#endif // HASHC_CODEGEN_NVVM_KERNELS_ATTENTIONROWS_H
