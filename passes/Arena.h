//===- Arena.h - Placing buffers with lifetimes in one block -*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_PASSES_ARENA_H
#define HASHC_PASSES_ARENA_H

#include "llvm/ADT/ArrayRef.h"
#include <cstdint>

namespace hashc {

/// A buffer that is needed from step `begin` to step `end`, both included.
struct ArenaBuffer {
  int64_t bytes = 0;
  int64_t begin = 0, end = 0;
  int64_t offset = 0; // what placeBuffers finds
};

/// Buffers start at multiples of this, so that any vector access is aligned.
constexpr int64_t kArenaAlignment = 64;

/// Gives every buffer an offset such that buffers needed at the same time do
/// not overlap. The largest come first, each at the lowest offset that is free.
/// Returns the size of the whole block.
int64_t placeBuffers(llvm::MutableArrayRef<ArenaBuffer> buffers);

} // namespace hashc

#endif // HASHC_PASSES_ARENA_H
