//===- BlockMemory.cpp - What the threads of a block do to memory ---------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/simulator/Block.h"

#include <algorithm>
#include <cstring>

namespace hashc::sim {

bool Block::isShared(const void *address) const {
  const auto *at = static_cast<const char *>(address);
  return at >= shared && at < shared + kMaxShared;
}

bool Block::isOnStack(const void *address) const {
  const auto *at = static_cast<const char *>(address);
  return at >= stacks && at < stacks + kMaxThreads * kStackBytes;
}

Visit Block::getVisit(bool atomic) const {
  return {&current->clock, instance, launchBegin, current->site, atomic};
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
    text += earlier.instance == instance
                ? "thread " + std::to_string(earlier.actor)
                : "another block";
    text += " in " + format(earlier.site);
  }
  fail(text);
}

/// Where an address lies: its shadow, its place there, its name.
struct Block::Place {
  Shadow *shadow;
  size_t offset;
  std::string_view name;
};

Block::Place Block::locate(const void *address, uint32_t bytes) {
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

void Block::touch(const void *address, uint32_t bytes, uint32_t alignment,
                  Touch touch) {
  if (isOnStack(address))
    return;
  if (reinterpret_cast<uintptr_t>(address) % alignment != 0)
    fail("is not aligned to " + std::to_string(alignment) + " bytes");
  if (bytes % 2 != 0)
    fail("touches single bytes, which the simulator does not follow");
  Place place = locate(address, bytes);
  Visit visit = getVisit(touch == Touch::atomic);
  if (touch != Touch::write)
    check(place.shadow->read(visit, place.offset, bytes), place.name);
  if (touch != Touch::read)
    check(place.shadow->write(visit, place.offset, bytes), place.name);
}

//===----------------------------------------------------------------------===//
// Asynchronous copies
//===----------------------------------------------------------------------===//

static void perform(const Copy &copy) {
  std::memcpy(copy.target, copy.source, copy.sourceBytes);
  std::memset(copy.target + copy.sourceBytes, 0, copy.bytes - copy.sourceBytes);
}

void Block::beginCopy(const Copy &copy) {
  if (!isShared(copy.target))
    fail("copies to what is not shared memory");
  if (reinterpret_cast<uintptr_t>(copy.target) % copy.bytes != 0 ||
      reinterpret_cast<uintptr_t>(copy.source) % copy.bytes != 0)
    fail("source and target are not aligned to the " +
         std::to_string(copy.bytes) + " bytes of the copy");
  if (copy.sourceBytes != 0)
    touch(copy.source, copy.sourceBytes, /*alignment=*/1, Touch::read);
  Place target = locate(copy.target, copy.bytes);
  check(target.shadow->beginCopy(getVisit(/*atomic=*/false), target.offset,
                                 copy.bytes),
        target.name);
  if (mode.copies == Copies::eager)
    perform(copy);
  else
    std::memset(copy.target, 0xff, copy.bytes);
  current->copies.push_back(copy);
}

void Block::commitCopies() {
  current->groups.push_back(std::move(current->copies));
  current->copies.clear();
}

void Block::complete(const std::vector<Copy> &copies) {
  for (const Copy &copy : copies) {
    if (mode.copies == Copies::late)
      perform(copy);
    sharedShadow.completeCopy(getVisit(/*atomic=*/false), copy.target - shared,
                              copy.bytes);
  }
}

void Block::waitForCopies(size_t left) {
  std::deque<std::vector<Copy>> &groups = current->groups;
  for (; groups.size() > left; groups.pop_front())
    complete(groups.front());
}

void Block::requireNoCopies() {
  const bool committed = std::all_of(
      current->groups.begin(), current->groups.end(),
      [](const std::vector<Copy> &group) { return group.empty(); });
  if (!committed || !current->copies.empty())
    fail("ends, and asynchronous copies that it began have not been waited "
         "for");
}

} // namespace hashc::sim
