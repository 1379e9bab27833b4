//===- Attention.cpp - Attention to the rows of the own window -*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Attention.h"

using namespace hashc::kernels;

namespace {

/// Rows see their document, and none after them if causal.
struct OwnKeys {
  const int32_t *starts;
  int64_t window;
  bool causal;

  HASHC_INLINE void operator()(BlockRanges &ranges, int64_t number,
                               int64_t first, int64_t rows) const {
    ranges.fill(starts + number * window, first, rows, window, causal);
  }
};

/// One task is one head; the caches take the new key and value first.
template <typename S>
HASHC_INLINE void attentionDecode(int64_t task, const S *q, const S *k,
                                  const S *v, const int32_t *starts,
                                  const int32_t *index, S *y, S *keys,
                                  S *values, int64_t heads, int64_t kvHeads,
                                  int64_t size, double scale) {
  Head head = makeHead<S>(size, heads, kvHeads, scale);
  int64_t row = *index, kv = task * size, group = heads / kvHeads;
  for (int64_t i = 0; i < size; ++i) {
    keys[row * head.keyStride + kv + i] = k[kv + i];
    values[row * head.keyStride + kv + i] = v[kv + i];
  }
  BlockRanges ranges;
  ranges.rows[0] = {*starts, row + 1};
  ranges.firstBlock = *starts / blockRows * blockRows;
  ranges.lastKey = row + 1;
  for (int64_t h = task * group; h < (task + 1) * group; ++h)
    attendBlock(head, q + h * size, keys + kv, values + kv, ranges,
                y + h * size, static_cast<Compute<S> *>(nullptr), 0, 1);
}

} // namespace

#define HASHC_INSTANCE(S, NAME)                                                \
  extern "C" void hash_attention_##NAME(                                       \
      int64_t task, const S *q, const S *k, const S *v, const int32_t *starts, \
      S *y, Compute<S> *lse, int64_t heads, int64_t kvHeads, int64_t size,     \
      int64_t window, double scale, int64_t causal) {                          \
    attention<S>(task, {heads, kvHeads, size, window, window, scale}, q, k, v, \
                 y, lse, OwnKeys{starts, window, causal != 0});                \
  }                                                                            \
  extern "C" void hash_attention_decode_##NAME(                                \
      int64_t task, const S *q, const S *k, const S *v, const int32_t *starts, \
      const int32_t *index, S *y, S *keys, S *values, int64_t heads,           \
      int64_t kvHeads, int64_t size, double scale) {                           \
    attentionDecode<S>(task, q, k, v, starts, index, y, keys, values, heads,   \
                       kvHeads, size, scale);                                  \
  }                                                                            \
  extern "C" void hash_attention_grad_##NAME(                                  \
      int64_t task, const S *q, const S *k, const S *v, const int32_t *starts, \
      const S *y, const Compute<S> *lse, const S *dy, S *dq, S *dk, S *dv,     \
      int64_t heads, int64_t kvHeads, int64_t size, int64_t window,            \
      double scale, int64_t causal) {                                          \
    attentionGrad<S>(task, {heads, kvHeads, size, window, window, scale}, q,   \
                     k, v, y, lse, dy, dq, dk, dv,                             \
                     OwnKeys{starts, window, causal != 0});                    \
  }
HASHC_INSTANCE(float, f32)
HASHC_INSTANCE(double, f64)
HASHC_INSTANCE(bf16, bf16)
