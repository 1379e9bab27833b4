//===- Arena.cpp - Placing buffers with lifetimes in one block -*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/Arena.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;

namespace hashc {

static bool overlapInTime(const ArenaBuffer &a, const ArenaBuffer &b) {
  return a.begin <= b.end && b.begin <= a.end;
}

/// The lowest offset at which `buffer` fits between the `placed` ones that are
/// needed at the same time, which are sorted by offset.
static int64_t findOffset(const ArenaBuffer &buffer,
                          ArrayRef<const ArenaBuffer *> placed) {
  int64_t offset = 0;
  for (const ArenaBuffer *other : placed) {
    if (!overlapInTime(buffer, *other))
      continue;
    if (offset + buffer.bytes <= other->offset)
      break;
    offset = std::max<int64_t>(
        offset, alignTo(other->offset + other->bytes, kArenaAlignment));
  }
  return offset;
}

int64_t placeBuffers(MutableArrayRef<ArenaBuffer> buffers) {
  SmallVector<ArenaBuffer *> order;
  for (ArenaBuffer &buffer : buffers)
    order.push_back(&buffer);
  llvm::stable_sort(order, [](const ArenaBuffer *a, const ArenaBuffer *b) {
    return a->bytes > b->bytes;
  });
  SmallVector<const ArenaBuffer *> placed;
  int64_t size = 0;
  for (ArenaBuffer *buffer : order) {
    buffer->offset = findOffset(*buffer, placed);
    size = std::max(size, buffer->offset + buffer->bytes);
    auto *at = llvm::upper_bound(
        placed, buffer, [](const ArenaBuffer *a, const ArenaBuffer *b) {
          return a->offset < b->offset;
        });
    placed.insert(at, buffer);
  }
  return alignTo(size, kArenaAlignment);
}

} // namespace hashc
