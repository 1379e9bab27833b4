//===- Block.cpp - The threads of a block, and where they meet ------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/simulator/Block.h"

#include "runtime/simulator/AddressSpace.h"

#include <sys/mman.h>

#include <cstring>

namespace hashc::sim {

constexpr size_t kGuardBytes = 4096;

Block::Block(Cluster &cluster)
    : cluster(cluster), clocks(cluster.getClocks()),
      window(reserve(2 * kWindow, MAP_32BIT)),
      shared(window + (-reinterpret_cast<uintptr_t>(window) & (kWindow - 1))),
      stacks(reserve(kMaxThreads * kStackBytes, 0)) {
  // A stack that overflows must not run into another.
  for (uint32_t i = 0; i < kMaxThreads; ++i)
    mprotect(stacks + i * kStackBytes, kGuardBytes, PROT_NONE);
}

Block::~Block() {
  munmap(window, 2 * kWindow);
  munmap(stacks, kMaxThreads * kStackBytes);
}

static uint32_t countWarps(size_t threads) {
  return (threads + kWarpSize - 1) / kWarpSize;
}

size_t Block::countActors(size_t threads) {
  return threads + countWarps(threads) + kMbarriers + kStorers;
}

void Block::begin(Dim blockId, uint32_t blockRank) {
  const Launch &launch = cluster.getLaunch();
  const Dim shape = launch.block;
  id = blockId;
  rank = blockRank;
  ended = false;
  threads.resize(shape.count());
  firstActor = rank * countActors(threads.size());
  const uint32_t warps = countWarps(threads.size());
  agents.assign(warps, {});
  for (uint32_t i = 0; i < warps; ++i)
    agents[i].clock = {Actor(firstActor + threads.size() + i), 1, 0,
                       clocks.getBeginning()};
  for (uint32_t i = 0; i < threads.size(); ++i) {
    Thread &thread = threads[i];
    thread = {};
    thread.block = this;
    thread.index = i;
    thread.id = {i % shape.x, i / shape.x % shape.y, i / (shape.x * shape.y)};
    thread.context = boost::context::detail::make_fcontext(
        stacks + (i + 1) * kStackBytes, kStackBytes, Cluster::enter);
    thread.clock = {firstActor + i, 1, 0, clocks.getBeginning()};
  }
  for (Barrier &barrier : barriers)
    barrier = {};
  meetings.assign(warps, std::map<uint32_t, Meeting>());
  groupMeetings.assign((warps + 3) / 4, {});
  mbarriers.clear();
  storers = 0;
  sharedBytes = launch.kernel.staticShared + launch.dynamicShared;
  sharedShadow.reset(sharedBytes, /*defined=*/false);
  std::memset(shared, 0xff, sharedBytes);
}

void Block::requireWaits() {
  for (const auto &[at, barrier] : mbarriers)
    if (barrier.box)
      return cluster.report(
          *barrier.maker, barrier.box,
          "the block ends, and nobody has waited for this box");
  for (const WarpAgent &agent : agents)
    if (agent.waited < agent.committed.size()) {
      const Thread &thread = threads[(&agent - agents.data()) * kWarpSize];
      return cluster.report(
          thread, thread.site,
          "the warp ends, and has not waited for its products");
    }
}

//===----------------------------------------------------------------------===//
// Barriers
//===----------------------------------------------------------------------===//

void Block::synchronize(uint32_t id, uint32_t count, bool waits) {
  if (id >= kBarriers)
    fail("there is no barrier " + std::to_string(id) + ", only 0 to 15");
  if (count == 0 || count > threads.size())
    fail("a barrier for " + std::to_string(count) + " threads of " +
         std::to_string(threads.size()));
  Barrier &barrier = barriers[id];
  if (barrier.expected != 0 && barrier.expected != count)
    fail("barrier " + std::to_string(id) + " is for " + std::to_string(count) +
         " threads here, and for " + std::to_string(barrier.expected) +
         " where another waits");
  const Site *&site = barrier.sites[getThread().index / kWarpSize];
  if (site && site != getThread().site && isAligned(site))
    fail("threads of a warp are at different aligned barriers; another is in " +
         format(site));
  site = getThread().site;
  barrier.expected = count;
  barrier.gathering.add(getThread().clock);
  if (waits)
    barrier.waiting.push_back(&getThread());
  if (++barrier.arrived < count) {
    if (waits)
      cluster.wait();
    else
      cluster.yield();
    return;
  }
  const Knowledge all = barrier.gathering.finish(clocks);
  for (Thread *thread : barrier.waiting) {
    thread->clock.others = all;
    if (thread != &getThread())
      cluster.wake(*thread);
  }
  barrier = {};
}

//===----------------------------------------------------------------------===//
// Warps and warpgroups
//===----------------------------------------------------------------------===//

bool Block::gather(Meeting &meeting, uint32_t place, uint32_t expected,
                   MeetingFunction function, const Slot *arguments,
                   Slot *results) {
  if (meeting.arrived == 0) {
    meeting.function = function;
    meeting.site = getThread().site;
  } else if (meeting.function != function ||
             (meeting.site != getThread().site && isAligned(meeting.site))) {
    fail("threads that go together are at different places; another is in " +
         format(meeting.site));
  }
  meeting.lanes[place] = &getThread();
  getThread().arguments = arguments;
  getThread().results = results;
  if (++meeting.arrived == expected)
    return true;
  cluster.wait();
  return false;
}

void Block::part(Meeting &meeting) {
  for (Thread *thread : meeting.lanes)
    if (thread && thread != &getThread())
      cluster.wake(*thread);
  meeting = {};
}

void Block::meet(uint32_t mask, MeetingFunction function, const Slot *arguments,
                 Slot *results, bool orders) {
  const uint32_t lane = getThread().index % kWarpSize;
  const uint32_t warp = getThread().index / kWarpSize;
  // The last warp of a block may have fewer lanes.
  const size_t lanes = threads.size() - size_t(warp) * kWarpSize;
  if (lanes < kWarpSize)
    mask &= (1u << lanes) - 1;
  if (!(mask >> lane & 1))
    fail("the mask leaves out the thread's own lane " + std::to_string(lane));
  // Parts of a warp that have nothing in common go their own ways.
  for (auto &[other, meeting] : meetings[warp])
    if (other != mask && (other & mask) && meeting.arrived != 0)
      fail("threads that go together are at different places; another is in " +
           format(meeting.site));
  Meeting &meeting = meetings[warp][mask];
  if (!gather(meeting, lane, __builtin_popcount(mask), function, arguments,
              results))
    return;
  function(meeting.lanes);
  if (orders) {
    Gathering gathering;
    for (Thread *thread : meeting.lanes)
      if (thread)
        gathering.add(thread->clock);
    const Knowledge all = gathering.finish(clocks);
    for (Thread *thread : meeting.lanes)
      if (thread)
        thread->clock.others = all;
  }
  part(meeting);
}

void Block::meetWarpgroup(MeetingFunction function, const Slot *arguments,
                          Slot *results) {
  Meeting &meeting = groupMeetings[getThread().index / kWarpgroupSize];
  if (!gather(meeting, getThread().index % kWarpgroupSize, kWarpgroupSize,
              function, arguments, results))
    return;
  function(meeting.lanes);
  part(meeting);
}

} // namespace hashc::sim
