//===- BlockAsync.cpp - What goes on while the threads of a block do ------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/simulator/Block.h"

#include <algorithm>
#include <cstring>

namespace hashc::sim {

//===----------------------------------------------------------------------===//
// cp.async
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
  check(target.shadow->beginCopy(getVisit(getThread().clock), target.offset,
                                 copy.bytes),
        target);
  if (getMode().copies == Copies::eager)
    perform(copy);
  else
    std::memset(copy.target, 0xff, copy.bytes);
  getThread().copies.push_back(std::make_shared<Copy>(copy));
}

void Block::commitCopies() {
  getThread().groups.push_back(std::move(getThread().copies));
  getThread().copies.clear();
}

void Block::complete(const Clock &clock, const CopyList &copies) {
  for (const std::shared_ptr<Copy> &copy : copies) {
    if (copy->complete)
      continue;
    copy->complete = true;
    if (getMode().copies == Copies::late)
      perform(*copy);
    sharedShadow.completeCopy(getVisit(copy->announced.value_or(clock)),
                              copy->target - shared, copy->bytes);
  }
}

void Block::waitForCopies(size_t left) {
  std::deque<CopyList> &groups = getThread().groups;
  for (; groups.size() > left; groups.pop_front())
    complete(getThread().clock, groups.front());
}

void Block::requireNoCopies() {
  CopyList all = getThread().copies;
  for (const CopyList &group : getThread().groups)
    all.insert(all.end(), group.begin(), group.end());
  // An mbarrier is told of some: whoever waits for it has them.
  if (!std::all_of(all.begin(), all.end(), [](const auto &copy) {
        return copy->complete || copy->announced;
      }))
    fail("ends, and asynchronous copies that it began have not been waited "
         "for");
}

//===----------------------------------------------------------------------===//
// mbarrier
//===----------------------------------------------------------------------===//

constexpr uint32_t kMbarrierBytes = 8;

/// Who uses a barrier must know that it has been made.
Mbarrier &Block::getMbarrier(void *at, bool forEngine) {
  Block *owner = cluster.findBlock(at);
  if (owner && owner != this)
    requireAlive(*owner);
  if (!owner || owner->mbarriers.count(at) == 0)
    fail("there is no mbarrier here: none was initialized");
  Mbarrier &barrier = owner->mbarriers[at];
  Place place = locate(at, kMbarrierBytes);
  Clock clock = getThread().clock;
  if (barrier.visible && getThread().passes > barrier.fencedAfter)
    clock.others.past = clocks.join(clock.others.past, barrier.making);
  Visit visit = getVisit(clock);
  if (forEngine) {
    visit.actor = barrier.engine.self;
    visit.tick = barrier.engine.now;
  }
  check(place.shadow->read(visit, place.offset, kMbarrierBytes),
        {place.shadow, place.offset, "an mbarrier", place.block});
  return barrier;
}

void Block::initMbarrier(void *at, uint32_t count) {
  if (!isShared(at))
    fail("an mbarrier lies in shared memory");
  if (count == 0 || count >= 1u << 20)
    fail("an mbarrier counts 1 to 1048575 arrivals, not " +
         std::to_string(count));
  touch(at, kMbarrierBytes, kMbarrierBytes, Touch::write);
  Mbarrier &barrier = mbarriers[at];
  if (mbarriers.size() > kMbarriers)
    fail("the simulator has room for " + std::to_string(kMbarriers) +
         " mbarriers of a block");
  const Actor actor = barrier.maker
                          ? barrier.engine.self
                          : Actor(firstActor + threads.size() + agents.size() +
                                  mbarriers.size() - 1);
  const Tick now = barrier.maker ? barrier.engine.now : 1;
  barrier = {};
  barrier.count = barrier.pending = count;
  barrier.completed = clocks.getBeginning();
  barrier.engine = {actor, now, 0, clocks.getBeginning()};
  barrier.maker = &getThread();
  std::vector<Tick> making(clocks.getBeginning().past->size());
  making[getThread().clock.self] = getThread().clock.now;
  barrier.making = clocks.keep(std::move(making));
}

void Block::fenceMbarriers() {
  for (auto &[at, barrier] : mbarriers)
    if (barrier.maker == &getThread() && !barrier.visible) {
      barrier.visible = true;
      barrier.fencedAfter = getThread().arrivals;
    }
}

void Block::fenceProxy() {
  clocks.fence(getThread().clock);
  fenceMbarriers();
}

/// Ends the phase if nothing is missing.
void Block::settle(Mbarrier &barrier) {
  if (barrier.pending != 0 || barrier.bytes != 0)
    return;
  barrier.phase = !barrier.phase;
  barrier.pending = barrier.count;
  barrier.completed = barrier.gathering.finish(clocks);
  std::vector<std::pair<Thread *, bool>> waiting;
  waiting.swap(barrier.waiting);
  for (auto [thread, parity] : waiting)
    if (barrier.phase != parity)
      cluster.wake(*thread);
    else
      barrier.waiting.push_back({thread, parity});
}

void Block::arrive(void *at, uint32_t count) {
  Mbarrier &barrier = getMbarrier(at);
  if (barrier.pending < count)
    fail("more arrive at an mbarrier than the " +
         std::to_string(barrier.count) + " that it was initialized for");
  barrier.gathering.add(getThread().clock);
  barrier.pending -= count;
  settle(barrier);
  cluster.yield();
}

void Block::expectBytes(void *at, uint32_t bytes) {
  getMbarrier(at).bytes += bytes;
}

static void dropComplete(CopyList &copies) {
  copies.erase(std::remove_if(copies.begin(), copies.end(),
                              [](const auto &copy) { return copy->complete; }),
               copies.end());
}

void Block::arriveAfterCopies(void *at, bool counted) {
  requireOwn(at);
  Mbarrier &barrier = getMbarrier(at);
  if (counted)
    ++barrier.pending;
  // What the thread knows now, and not what it learns until then.
  const Clock clock = getThread().clock;
  ++getThread().clock.now;
  CopyList copies;
  auto announce = [&](CopyList &some) {
    dropComplete(some);
    for (const std::shared_ptr<Copy> &copy : some)
      if (!copy->announced)
        copy->announced = clock;
    copies.insert(copies.end(), some.begin(), some.end());
  };
  for (CopyList &group : getThread().groups)
    announce(group);
  announce(getThread().copies);
  const Thread &thread = getThread();
  const Site *site = getThread().site;
  cluster.defer([this, &barrier, &thread, copies, clock, site] {
    complete(clock, copies);
    if (barrier.pending == 0)
      return cluster.report(thread, site,
                            "more arrive at an mbarrier than the " +
                                std::to_string(barrier.count) +
                                " that it was initialized for");
    barrier.gathering.addEarlier(clock);
    --barrier.pending;
    settle(barrier);
  });
  if (cluster.hasFailed())
    fail(""); // reported already
}

void Block::waitForParity(void *at, bool parity) {
  requireOwn(at);
  Mbarrier &barrier = getMbarrier(at);
  while (barrier.phase == parity) {
    barrier.waiting.push_back({&getThread(), parity});
    cluster.wait();
  }
  getThread().clock.others =
      clocks.join(getThread().clock.others, barrier.completed);
  barrier.box = nullptr;
}

//===----------------------------------------------------------------------===//
// Tensor cores
//===----------------------------------------------------------------------===//

void Block::beginRead(Thread &lane, const void *address, uint32_t bytes) {
  if (!isShared(address))
    fail("a product reads what is not shared memory");
  const WarpAgent &agent = getAgent(lane);
  Place place = locate(address, bytes);
  Visit visit = getVisit(lane.clock);
  visit.asynchronous = true;
  visit.actor = agent.clock.self;
  visit.tick = agent.clock.now;
  check(place.shadow->read(visit, place.offset, bytes), place);
}

void Block::commitProducts() {
  WarpAgent &agent = getAgent(getThread());
  agent.committed.push_back(agent.clock.now++);
}

bool Block::isComplete(const Thread &thread, Tick group) const {
  return thread.clock.hasSeen(
      firstActor + threads.size() + thread.index / kWarpSize, group);
}

void Block::waitForProducts(Thread *const *lanes, size_t left) {
  WarpAgent &agent = getAgent(*lanes[0]);
  agent.fenced = false;
  if (agent.committed.size() <= left)
    return;
  agent.waited = std::max(agent.waited, agent.committed.size() - left);
  std::vector<Tick> ticks(clocks.getBeginning().past->size());
  ticks[agent.clock.self] = agent.committed[agent.waited - 1];
  const Past done = clocks.keep(std::move(ticks));
  for (uint32_t lane = 0; lane < kWarpSize; ++lane)
    lanes[lane]->clock.others = clocks.join(lanes[lane]->clock.others,
                                            {done, clocks.getBeginning().past});
}

} // namespace hashc::sim
