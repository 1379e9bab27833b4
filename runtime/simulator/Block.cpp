//===- Block.cpp - The threads of a block, and what they wait for ---------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/simulator/Block.h"

#include "runtime/support/Hash.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>

namespace hashc::sim {

using boost::context::detail::jump_fcontext;
using boost::context::detail::make_fcontext;
using boost::context::detail::transfer_t;

static thread_local Block *running = nullptr;

static char *map(size_t bytes, int flags) {
  void *result = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | flags, -1,
                      0);
  if (result == MAP_FAILED) {
    std::perror("error: the simulator gets no memory");
    std::exit(3);
  }
  return static_cast<char *>(result);
}

// Addresses in shared memory have 32 bits on the device: keep them so.
Block::Block(GlobalMemory &memory)
    : memory(memory), shared(map(kMaxShared, MAP_32BIT)),
      stacks(map(kMaxThreads * kStackBytes, 0)) {}

Block::~Block() {
  munmap(shared, kMaxShared);
  munmap(stacks, kMaxThreads * kStackBytes);
}

Block &Block::get() { return *running; }

//===----------------------------------------------------------------------===//
// Fibers
//===----------------------------------------------------------------------===//

void Block::enter(transfer_t from) {
  Block &block = *running;
  block.scheduler = from.fctx;
  block.launch->kernel.entry(block.launch->arguments);
  Thread &thread = block.getThread();
  block.requireNoCopies();
  thread.state = Thread::State::exited;
  jump_fcontext(block.scheduler, nullptr);
}

void Block::prepare() {
  const Dim shape = launch->block;
  threads.resize(shape.count());
  ready.clear();
  clocks.reset(threads.size());
  for (uint32_t i = 0; i < threads.size(); ++i) {
    Thread &thread = threads[i];
    thread = {};
    thread.index = i;
    thread.id = {i % shape.x, i / shape.x % shape.y, i / (shape.x * shape.y)};
    thread.context =
        make_fcontext(stacks + (i + 1) * kStackBytes, kStackBytes, enter);
    thread.clock = {i, 1, clocks.getBeginning()};
    ready.push_back(&thread);
  }
  for (Barrier &barrier : barriers)
    barrier = {};
  meetings.assign((threads.size() + kWarpSize - 1) / kWarpSize, {});
  sharedBytes = launch->kernel.staticShared + launch->dynamicShared;
  sharedShadow.reset(sharedBytes, /*defined=*/false);
  std::memset(shared, 0xff, sharedBytes);
}

Thread &Block::takeReady() {
  size_t which = 0;
  if (mode.schedule == Schedule::random) {
    random = runtime::mixInto(random, ready.size());
    which = random % ready.size();
  }
  Thread &thread = *ready[which];
  ready.erase(ready.begin() + which);
  return thread;
}

std::optional<std::string> Block::run(const Launch &what, const Mode &how,
                                      Dim id, Instance number,
                                      Instance begin) {
  launch = &what;
  mode = how;
  blockId = id;
  instance = number;
  launchBegin = begin;
  random = runtime::mixInto(how.seed, number - begin);
  problem.reset();
  running = this;
  prepare();
  while (!problem && !ready.empty()) {
    current = &takeReady();
    // A fiber that comes back has noted where it is to go on.
    transfer_t from = jump_fcontext(current->context, nullptr);
    current->context = from.fctx;
  }
  const bool allExited =
      std::all_of(threads.begin(), threads.end(), [](const Thread &thread) {
        return thread.state == Thread::State::exited;
      });
  if (!problem && !allExited)
    problem = describeDeadlock();
  running = nullptr;
  return problem;
}

void Block::wait() {
  current->state = Thread::State::waiting;
  transfer_t from = jump_fcontext(scheduler, nullptr);
  scheduler = from.fctx;
}

void Block::wake(Thread &thread) {
  thread.state = Thread::State::ready;
  if (mode.schedule == Schedule::adversarial)
    ready.push_front(&thread);
  else
    ready.push_back(&thread);
}

//===----------------------------------------------------------------------===//
// What goes wrong
//===----------------------------------------------------------------------===//

static std::string format(Dim dim) {
  return "(" + std::to_string(dim.x) + ", " + std::to_string(dim.y) + ", " +
         std::to_string(dim.z) + ")";
}

std::string format(const Site *site) {
  std::string text = site ? site->what : "its beginning";
  if (site && *site->file)
    text += " at " + std::string(site->file) + ":" +
            std::to_string(site->line) + ":" + std::to_string(site->column);
  return text;
}

void Block::fail(std::string what) {
  problem = "kernel '" + launch->kernel.name + "', block " + format(blockId) +
            ", thread " + format(current->id) + ": " + what + "\n  in " +
            format(current->site);
  jump_fcontext(scheduler, nullptr);
  std::abort(); // nobody goes on with this fiber
}

std::string Block::describeDeadlock() const {
  std::map<std::string, size_t> places;
  size_t exited = 0;
  for (const Thread &thread : threads)
    if (thread.state == Thread::State::exited)
      ++exited;
    else
      ++places[format(thread.site)];
  std::string text = "kernel '" + launch->kernel.name + "', block " +
                     format(blockId) + ": no thread can go on; " +
                     std::to_string(exited) + " have ended";
  for (const auto &[place, count] : places)
    text += "\n  " + std::to_string(count) + " wait in " + place;
  return text;
}

//===----------------------------------------------------------------------===//
// Barriers
//===----------------------------------------------------------------------===//

void Block::synchronize(uint32_t id, uint32_t count, bool waits) {
  if (id >= kBarriers)
    fail("there is no barrier " + std::to_string(id) + ", only 0 to 15");
  if (count == 0 || count % kWarpSize != 0 || count > threads.size())
    fail("a barrier is for whole warps of the block, not for " +
         std::to_string(count) + " threads of " +
         std::to_string(threads.size()));
  Barrier &barrier = barriers[id];
  if (barrier.expected != 0 && barrier.expected != count)
    fail("barrier " + std::to_string(id) + " is for " + std::to_string(count) +
         " threads here, and for " + std::to_string(barrier.expected) +
         " where another waits");
  barrier.expected = count;
  barrier.gathering.add(current->clock);
  if (waits)
    barrier.waiting.push_back(current);
  if (++barrier.arrived < count) {
    if (waits)
      wait();
    return;
  }
  Past past = barrier.gathering.finish(clocks);
  for (Thread *thread : barrier.waiting) {
    thread->clock.past = past;
    if (thread != current)
      wake(*thread);
  }
  barrier = {};
}

//===----------------------------------------------------------------------===//
// Warps
//===----------------------------------------------------------------------===//

void Block::meet(uint32_t mask, WarpFunction function, const Slot *arguments,
                 Slot *results, bool orders) {
  const uint32_t lane = current->index % kWarpSize;
  Meeting &meeting = meetings[current->index / kWarpSize];
  if (!(mask >> lane & 1))
    fail("the mask leaves out the thread's own lane " + std::to_string(lane));
  if (meeting.arrived == 0)
    meeting = {mask, 0, function, {}};
  else if (meeting.mask != mask || meeting.function != function)
    fail("lanes of a warp are at different places; another is in " +
         format((*std::find_if(meeting.lanes, meeting.lanes + kWarpSize,
                               [](Thread *it) { return it; }))
                    ->site));
  meeting.lanes[lane] = current;
  current->arguments = arguments;
  current->results = results;
  meeting.arrived |= 1u << lane;
  if (meeting.arrived != mask) {
    wait();
    return;
  }
  function(meeting.lanes);
  Gathering gathering;
  if (orders)
    for (Thread *thread : meeting.lanes)
      if (thread)
        gathering.add(thread->clock);
  Past past = orders ? gathering.finish(clocks) : nullptr;
  for (Thread *thread : meeting.lanes) {
    if (!thread)
      continue;
    if (orders)
      thread->clock.past = past;
    if (thread != current)
      wake(*thread);
  }
  meeting = {};
}

} // namespace hashc::sim
