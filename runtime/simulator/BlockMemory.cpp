//===- BlockMemory.cpp - What the threads of a block do to memory ---------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/simulator/AddressSpace.h"
#include "runtime/simulator/Block.h"

#include <algorithm>

namespace hashc::sim {

bool Block::isShared(const void *address) const {
  const auto *at = static_cast<const char *>(address);
  return at >= shared && at < shared + kWindow;
}

bool Block::isOnStack(const void *address) const {
  const auto *at = static_cast<const char *>(address);
  return at >= stacks && at < stacks + kMaxThreads * kStackBytes;
}

std::string Block::describeActor(Actor actor) const {
  if (actor < threads.size())
    return "thread " + std::to_string(actor);
  const Actor warp = actor - static_cast<Actor>(threads.size());
  return warp < agents.size()
             ? "the tensor cores for warp " + std::to_string(warp)
             : "the copy engine";
}

void Block::check(const Finding &finding, const Place &place) {
  if (!finding.what)
    return;
  std::string text = std::string(finding.what) + ": byte " +
                     std::to_string(finding.offset) + " of ";
  text += place.name;
  if (place.block)
    text += cluster.describeBlock(*place.block, " of ");
  fail(text + describeEarlier(finding.earlier));
}

std::string Block::describeEarlier(const Access &access) const {
  if (access.tick == 0)
    return "";
  return ", by " +
         (access.instance == cluster.getInstance()
              ? cluster.describeActor(access.actor)
              : "another block") +
         " in " + format(access.site);
}

Block::Place Block::locateShared(const void *address, uint64_t bytes) {
  const size_t offset = static_cast<const char *>(address) - shared;
  if (offset + bytes > sharedBytes)
    fail("goes past the end of shared memory: bytes " + std::to_string(offset) +
         " to " + std::to_string(offset + bytes) + " of " +
         std::to_string(sharedBytes));
  return {&sharedShadow, offset, "shared memory", this};
}

Block::Place Block::locate(const void *address, uint64_t bytes) {
  const auto *at = static_cast<const char *>(address);
  if (isShared(at))
    return locateShared(at, bytes);
  if (Block *peer = cluster.findBlock(at)) {
    requireAlive(*peer);
    return peer->locateShared(at, bytes);
  }
  if (at >= cluster.getNowhere() && at < cluster.getNowhere() + kWindow)
    fail("touches a block that the cluster does not have; it has " +
         std::to_string(cluster.getBlockCount()));
  GlobalMemory &memory = cluster.getMemory();
  Buffer *buffer = memory.find(address);
  if (!buffer)
    fail("goes outside the kernel's memory" + describeNearest(address));
  const size_t offset = at - buffer->data;
  if (offset + bytes > buffer->bytes)
    fail("goes past the end of '" + buffer->name + "': bytes " +
         std::to_string(offset) + " to " + std::to_string(offset + bytes) +
         " of " + std::to_string(buffer->bytes));
  return {&buffer->shadow, offset, buffer->name, nullptr};
}

bool Block::isKnownToHaveBegun(const Block &peer) {
  if (getThread().passes != 0)
    return true;
  const std::vector<Tick> &past = *getThread().clock.others.past;
  const auto first = past.begin() + peer.firstActor;
  return std::any_of(first, first + peer.threads.size(),
                     [](Tick tick) { return tick != 0; });
}

void Block::requireOwn(const void *at) {
  if (!isShared(at) && cluster.findBlock(at))
    fail("an address in another block's shared memory, for an instruction "
         "that takes those in its own");
}

void Block::requireAlive(const Block &peer) {
  if (!isKnownToHaveBegun(peer))
    fail("touches the shared memory of block " + format(peer.id) +
         ", which may not have begun: nothing orders that before");
  if (peer.ended)
    fail("touches the shared memory of block " + format(peer.id) +
         ", which has ended");
}

/// What others may do to the block's memory has to be over by now: to whoever
/// knows all that the block's threads know.
void Block::end() {
  ended = true;
  if (cluster.getBlockCount() == 1)
    return;
  Gathering gathering;
  for (Thread &thread : threads)
    gathering.add(thread.clock);
  Clock clock = getThread().clock;
  clock.others = gathering.finish(clocks);
  for (size_t at = 0; at < sharedBytes;) {
    const Finding finding =
        sharedShadow.write(getVisit(clock), at, sharedBytes - at);
    if (!finding.what)
      return;
    if (const Actor actor = finding.earlier.actor;
        actor < firstActor || actor >= firstActor + countActors(threads.size()))
      fail("the block ends, and another may still touch its shared memory: "
           "byte " +
           std::to_string(finding.offset) + describeEarlier(finding.earlier));
    at = finding.offset + 1;
  }
}

std::string Block::describeNearest(const void *address) const {
  if (const Buffer *buffer = cluster.getMemory().findBefore(address))
    return ": " +
           std::to_string(static_cast<const char *>(address) - buffer->data -
                          static_cast<ptrdiff_t>(buffer->bytes)) +
           " bytes past the end of '" + buffer->name + "'";
  return "";
}

void Block::touch(const void *address, uint64_t bytes, uint32_t alignment,
                  Touch touch, bool own) {
  if (bytes == 0 || isOnStack(address))
    return;
  if (own)
    requireOwn(address);
  const auto at = reinterpret_cast<uintptr_t>(address);
  if (at % alignment != 0)
    fail("is not aligned to " + std::to_string(alignment) + " bytes");
  Place place = locate(address, bytes);
  Visit visit = getVisit(getThread().clock);
  visit.atomic = touch == Touch::atomicRead || touch == Touch::atomicWrite ||
                 touch == Touch::atomicUpdate;
  if (touch != Touch::write && touch != Touch::atomicWrite)
    check(place.shadow->read(visit, place.offset, bytes), place);
  if (touch != Touch::read && touch != Touch::atomicRead)
    check(place.shadow->write(visit, place.offset, bytes), place);
}

} // namespace hashc::sim
