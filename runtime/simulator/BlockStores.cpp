//===- BlockStores.cpp - Boxes from shared memory to global memory --------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An engine acts for each thread that stores. It reads until the thread has
// waited for that, and then or later it writes. Until the thread has waited
// for all, nobody may touch what is written.
//
//===----------------------------------------------------------------------===//

#include "runtime/simulator/Block.h"

#include <algorithm>
#include <cstring>

namespace hashc::sim {

const Clock &Block::getStorer(Thread &thread) {
  if (thread.engine)
    return *thread.engine;
  if (storers == kStorers)
    fail("the simulator has room for " + std::to_string(kStorers) +
         " threads of a block that store boxes");
  const Actor actor =
      firstActor + threads.size() + agents.size() + kMbarriers + storers++;
  return thread.engine.emplace(Clock{actor, 1, 0, clocks.getBeginning()});
}

void Block::storeBox(const char *source, const Box &box) {
  requireOwn(source);
  const Place from = locateBox(source, box);
  const Clock &engine = getStorer(getThread());
  Visit visit = getVisit(getThread().clock);
  visit.asynchronous = true;
  Visit reading = visit;
  reading.actor = engine.self;
  reading.tick = engine.now;
  box.forEachPiece(from.offset,
                   [&](size_t at, const char *target, size_t bytes) {
                     if (!target)
                       return;
                     check(from.shadow->read(reading, at, bytes), from);
                     const Place to = locate(target, bytes);
                     check(to.shadow->beginCopy(visit, to.offset, bytes), to);
                   });
  auto store = std::make_shared<Store>(Store{box, from.offset, {}});
  getThread().stores.push_back(store);
  cluster.defer([this, store] { put(*store); });
}

void Block::take(Store &store) {
  const char *from = shared + store.offset;
  if (store.taken.empty())
    store.taken.assign(from, from + store.box.getBytes());
}

void Block::put(Store &store) {
  take(store);
  if (store.written)
    return;
  store.written = true;
  store.box.forEachPiece(0, [&](size_t at, const char *target, size_t bytes) {
    if (target)
      std::memcpy(const_cast<char *>(target), &store.taken[at], bytes);
  });
}

void Block::complete(Store &store, const Clock &clock) {
  put(store);
  Visit done = cluster.getVisit(clock, /*site=*/nullptr);
  done.asynchronous = true;
  store.box.forEachRow([&](const char *target, size_t bytes) {
    Buffer *buffer = cluster.getMemory().find(target);
    buffer->shadow.completeCopy(done, target - buffer->data, bytes);
  });
}

void Block::commitStores() {
  Thread &thread = getThread();
  const Tick tick = thread.engine ? thread.engine->now++ : 0;
  thread.storeGroups.push_back({std::move(thread.stores), tick});
  thread.stores.clear();
}

void Block::waitForStores(size_t left, bool onlyRead) {
  Thread &thread = getThread();
  std::deque<StoreGroup> &groups = thread.storeGroups;
  if (groups.size() <= left)
    return;
  const size_t waited = groups.size() - left;
  for (size_t i = 0; i < waited; ++i) {
    groups[i].read = true;
    for (const std::shared_ptr<Store> &store : groups[i].stores)
      if (onlyRead)
        take(*store);
      else
        complete(*store, thread.clock);
  }
  if (thread.engine) {
    std::vector<Tick> ticks(clocks.getBeginning().past->size());
    ticks[thread.engine->self] = groups[waited - 1].tick;
    thread.clock.others.past =
        clocks.join(thread.clock.others.past, clocks.keep(std::move(ticks)));
  }
  if (!onlyRead)
    groups.erase(groups.begin(), groups.begin() + waited);
}

void Block::requireNoStores() {
  const Thread &thread = getThread();
  if (!thread.stores.empty() ||
      !std::all_of(thread.storeGroups.begin(), thread.storeGroups.end(),
                   [](const StoreGroup &group) { return group.read; }))
    fail("ends, and the engine may still read a box that it stores: "
         "cp.async.bulk.wait_group.read comes first");
}

void Block::finishStores() {
  for (Thread &thread : threads)
    for (const StoreGroup &group : thread.storeGroups)
      for (const std::shared_ptr<Store> &store : group.stores)
        complete(*store, *thread.engine);
}

} // namespace hashc::sim
