//===- CrossAttention.cpp - Attention to the rows of a memory -*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Attention.h"

using namespace hashc::kernels;

namespace {

/// All rows of a window see the live rows of the memory's window.
struct MemoryKeys {
  const int32_t *tokens;
  int64_t memoryWindow;

  HASHC_INLINE void operator()(BlockRanges &ranges, int64_t number, int64_t,
                               int64_t rows) const {
    ranges.fillWithMemory(tokens + number * memoryWindow, memoryWindow, rows);
  }
};

} // namespace

#define HASHC_INSTANCE(S, NAME)                                                \
  extern "C" void hash_cross_attention_##NAME(                                 \
      int64_t task, const S *q, const S *k, const S *v, const int32_t *tokens, \
      S *y, Compute<S> *lse, int64_t heads, int64_t kvHeads, int64_t size,     \
      int64_t window, int64_t memoryWindow, double scale) {                    \
    attention<S>(task, {heads, kvHeads, size, window, memoryWindow, scale}, q, \
                 k, v, y, lse, MemoryKeys{tokens, memoryWindow});              \
  }                                                                            \
  extern "C" void hash_cross_attention_grad_##NAME(                            \
      int64_t task, const S *q, const S *k, const S *v, const int32_t *tokens, \
      const S *y, const Compute<S> *lse, const S *dy, S *dq, S *dk, S *dv,     \
      int64_t heads, int64_t kvHeads, int64_t size, int64_t window,            \
      int64_t memoryWindow, double scale) {                                    \
    attentionGrad<S>(                                                          \
        task, {heads, kvHeads, size, window, memoryWindow, scale}, q, k, v, y, \
        lse, dy, dq, dk, dv, MemoryKeys{tokens, memoryWindow});                \
  }
HASHC_INSTANCE(float, f32)
HASHC_INSTANCE(double, f64)
HASHC_INSTANCE(bf16, bf16)
