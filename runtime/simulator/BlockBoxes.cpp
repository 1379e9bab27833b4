//===- BlockBoxes.cpp - The copy engine -----------------------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/simulator/Block.h"

#include <cstring>

namespace hashc::sim {

constexpr uint32_t kMaxBox = 256; // elements of each side

Box Block::getBox(const TensorMap &map, int32_t x, int32_t y) {
  const Box box = {map, x, y};
  if (map.boxWidth == 0 || map.boxWidth > kMaxBox || map.boxHeight == 0 ||
      map.boxHeight > kMaxBox)
    fail("a box has 1 to " + std::to_string(kMaxBox) +
         " rows and columns, not " + std::to_string(map.boxHeight) + " and " +
         std::to_string(map.boxWidth));
  if (map.swizzle != 0 && box.getRowBytes() != map.swizzle)
    fail("rows of a box that is swizzled by " + std::to_string(map.swizzle) +
         " bytes have as many, not " + std::to_string(box.getRowBytes()));
  return box;
}

Box Block::getLine(const char *data, uint32_t bytes) {
  if (bytes == 0 || bytes % Box::kUnit != 0 ||
      reinterpret_cast<uintptr_t>(data) % Box::kUnit != 0)
    fail("the engine copies whole units of 16 bytes, that are aligned so");
  return Box::line(data, bytes);
}

/// Where the box is in shared memory.
Block::Place Block::locateBox(const char *at, const Box &box) {
  const TensorMap &map = box.map;
  const size_t alignment = map.elementBytes == Box::kUnit ? Box::kUnit
                           : map.swizzle == 0             ? 128
                                                          : map.swizzle * 8;
  if (!cluster.findBlock(at) ||
      reinterpret_cast<uintptr_t>(at) % alignment != 0)
    fail("a box lies in shared memory, aligned to " +
         std::to_string(alignment) + " bytes");
  return locate(at, box.getBytes());
}

/// What the engine does when it comes to it.
void Block::fillBox(size_t offset, const Box &box) {
  box.forEachPiece(offset, [&](size_t at, const char *source, size_t bytes) {
    if (source)
      std::memcpy(shared + at, source, bytes);
    else
      std::memset(shared + at, 0, bytes);
  });
}

/// Whose block is the target's.
void Block::beginBox(char *target, void *barrierAt, const Box &box) {
  const Place place = locateBox(target, box);
  Mbarrier &barrier = getMbarrier(barrierAt, /*forEngine=*/true);
  Block *owner = place.block;
  if (!owner->isShared(barrierAt))
    fail("a box goes to one block, and the mbarrier is in another");
  if (!barrier.visible)
    fail("the engine does not see the mbarrier yet: fence.mbarrier_init comes "
         "after mbarrier.init");
  const uint32_t bytes = box.getBytes();
  Visit visit = getVisit(getThread().clock);
  visit.asynchronous = true;
  check(place.shadow->beginCopy(visit, place.offset, bytes), place);
  if (getMode().copies == Copies::late)
    std::memset(target, 0xff, bytes);
  const Site *site = getThread().site;
  barrier.box = site;
  cluster.defer([owner, &barrier, box, place, bytes, site] {
    owner->fillBox(place.offset, box);
    Visit done = owner->cluster.getVisit(barrier.engine, site);
    done.asynchronous = true;
    place.shadow->completeCopy(done, place.offset, bytes);
    barrier.gathering.add(barrier.engine);
    barrier.bytes -= bytes;
    owner->settle(barrier);
  });
}

/// By the engine: what threads wrote there must have been fenced for it.
void Block::readSource(const Box &box) {
  Visit visit = getVisit(getThread().clock);
  visit.asynchronous = true;
  box.forEachRow([&](const char *source, size_t bytes) {
    const Place from = locate(source, bytes);
    check(from.shadow->read(visit, from.offset, bytes), from);
  });
}

void Block::copyBox(char *target, void *barrier, const Box &box) {
  readSource(box);
  beginBox(target, barrier, box);
}

void Block::copyBoxToAll(char *target, void *barrier, const Box &box,
                         uint32_t ranks) {
  const uint32_t blocks = cluster.getBlockCount();
  if (ranks == 0 || ranks >> blocks != 0)
    fail("copies to the blocks of mask " + std::to_string(ranks) +
         " in a cluster of " + std::to_string(blocks));
  readSource(box);
  requireOwn(target);
  requireOwn(barrier);
  // Each gets it where the block that asks would.
  for (uint32_t other = 0; other < blocks; ++other)
    if (ranks >> other & 1) {
      const ptrdiff_t away = cluster.getBlock(other).shared - shared;
      beginBox(target + away, static_cast<char *>(barrier) + away, box);
    }
}

} // namespace hashc::sim
