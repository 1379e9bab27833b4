//===- BlockMemory.cpp - What the threads of a block do to memory ---------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/simulator/Block.h"

namespace hashc::sim {

bool Block::isShared(const void *address) const {
  const auto *at = static_cast<const char *>(address);
  return at >= shared && at < shared + kMaxShared;
}

bool Block::isOnStack(const void *address) const {
  const auto *at = static_cast<const char *>(address);
  return at >= stacks && at < stacks + kMaxThreads * kStackBytes;
}

Visit Block::getVisit(const Clock &clock) const {
  return Visit::by(clock, instance, launchBegin, current->site);
}

std::string Block::describeActor(Actor actor) const {
  if (actor < threads.size())
    return "thread " + std::to_string(actor);
  const Actor warp = actor - static_cast<Actor>(threads.size());
  return warp < agents.size()
             ? "the tensor cores for warp " + std::to_string(warp)
             : "the copy engine";
}

void Block::check(const Finding &finding, std::string_view memory) {
  if (!finding.what)
    return;
  std::string text = std::string(finding.what) + ": byte " +
                     std::to_string(finding.offset) + " of ";
  text += memory;
  const Access &earlier = finding.earlier;
  if (earlier.tick != 0) {
    text += ", by ";
    text += earlier.instance == instance ? describeActor(earlier.actor)
                                         : "another block";
    text += " in " + format(earlier.site);
  }
  fail(text);
}

Block::Place Block::locate(const void *address, uint64_t bytes) {
  const auto *at = static_cast<const char *>(address);
  if (isShared(at)) {
    const size_t offset = at - shared;
    if (offset + bytes > sharedBytes)
      fail("goes past the end of shared memory: bytes " +
           std::to_string(offset) + " to " + std::to_string(offset + bytes) +
           " of " + std::to_string(sharedBytes));
    return {&sharedShadow, offset, "shared memory"};
  }
  Buffer *buffer = memory.find(address);
  if (!buffer)
    fail("goes outside the kernel's memory" + describeNearest(address));
  const size_t offset = at - buffer->data;
  if (offset + bytes > buffer->bytes)
    fail("goes past the end of '" + buffer->name + "': bytes " +
         std::to_string(offset) + " to " + std::to_string(offset + bytes) +
         " of " + std::to_string(buffer->bytes));
  return {&buffer->shadow, offset, buffer->name};
}

std::string Block::describeNearest(const void *address) const {
  if (const Buffer *buffer = memory.findBefore(address))
    return ": " +
           std::to_string(static_cast<const char *>(address) - buffer->data -
                          static_cast<ptrdiff_t>(buffer->bytes)) +
           " bytes past the end of '" + buffer->name + "'";
  return "";
}

void Block::touch(const void *address, uint64_t bytes, uint32_t alignment,
                  Touch touch) {
  if (bytes == 0 || isOnStack(address))
    return;
  const auto at = reinterpret_cast<uintptr_t>(address);
  if (at % alignment != 0)
    fail("is not aligned to " + std::to_string(alignment) + " bytes");
  Place place = locate(address, bytes);
  Visit visit = getVisit(current->clock);
  visit.atomic = touch == Touch::atomicRead || touch == Touch::atomicWrite ||
                 touch == Touch::atomicUpdate;
  if (touch != Touch::write && touch != Touch::atomicWrite)
    check(place.shadow->read(visit, place.offset, bytes), place.name);
  if (touch != Touch::read && touch != Touch::atomicRead)
    check(place.shadow->write(visit, place.offset, bytes), place.name);
}

} // namespace hashc::sim
