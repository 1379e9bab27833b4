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

constexpr size_t kGuardBytes = 4096;

/// At random, what is on its way arrives after about so many switches.
constexpr size_t kDeferral = 64;

static thread_local Block *running = nullptr;

static char *map(size_t bytes, int flags) {
  void *result =
      mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | flags, -1, 0);
  if (result == MAP_FAILED) {
    std::perror("error: the simulator gets no memory");
    std::exit(3);
  }
  return static_cast<char *>(result);
}

/// Addresses in shared memory have 32 bits on the device, and descriptors of
/// matrices the low 18 of them: a window below 2^32 that begins with those 0.
constexpr size_t kWindow = 1 << 18;

Block::Block(GlobalMemory &memory)
    : memory(memory), window(map(2 * kWindow, MAP_32BIT)),
      shared(window + (-reinterpret_cast<uintptr_t>(window) & (kWindow - 1))),
      stacks(map(kMaxThreads * kStackBytes, 0)) {
  // A stack that overflows must not run into another.
  for (uint32_t i = 0; i < kMaxThreads; ++i)
    mprotect(stacks + i * kStackBytes, kGuardBytes, PROT_NONE);
}

Block::~Block() {
  munmap(window, 2 * kWindow);
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
  const uint32_t warps = (threads.size() + kWarpSize - 1) / kWarpSize;
  clocks.reset(threads.size() + warps + kMbarriers);
  agents.assign(warps, {});
  for (uint32_t i = 0; i < warps; ++i)
    agents[i].clock = {Actor(threads.size() + i), 1, 0, clocks.getBeginning()};
  for (uint32_t i = 0; i < threads.size(); ++i) {
    Thread &thread = threads[i];
    thread = {};
    thread.index = i;
    thread.id = {i % shape.x, i / shape.x % shape.y, i / (shape.x * shape.y)};
    thread.context =
        make_fcontext(stacks + (i + 1) * kStackBytes, kStackBytes, enter);
    thread.clock = {i, 1, 0, clocks.getBeginning()};
    ready.push_back(&thread);
  }
  for (Barrier &barrier : barriers)
    barrier = {};
  meetings.assign(warps, std::map<uint32_t, Meeting>());
  groupMeetings.assign((warps + 3) / 4, {});
  mbarriers.clear();
  deferred.clear();
  sharedBytes = launch->kernel.staticShared + launch->dynamicShared;
  sharedShadow.reset(sharedBytes, /*defined=*/false);
  std::memset(shared, 0xff, sharedBytes);
}

size_t Block::draw(size_t below) {
  random = runtime::mixInto(random, below);
  return random % below;
}

Thread &Block::takeReady() {
  const size_t which =
      mode.schedule == Schedule::random ? draw(ready.size()) : 0;
  Thread &thread = *ready[which];
  ready.erase(ready.begin() + which);
  return thread;
}

std::optional<std::string> Block::run(const Launch &what, const Mode &how,
                                      Dim id, Instance number, Instance begin) {
  launch = &what;
  mode = how;
  blockId = id;
  instance = number;
  launchBegin = begin;
  random = runtime::mixInto(how.seed, number - begin);
  problem.reset();
  running = this;
  prepare();
  while (!problem && (!ready.empty() || runDeferred())) {
    if (ready.empty())
      continue;
    if (mode.schedule == Schedule::random && draw(kDeferral) == 0)
      runDeferred();
    current = &takeReady();
    // A fiber that comes back has noted where it is to go on.
    transfer_t from = jump_fcontext(current->context, nullptr);
    current->context = from.fctx;
  }
  if (!problem && !allHaveEnded())
    problem = describeDeadlock();
  if (!problem)
    requireWaits();
  running = nullptr;
  return problem;
}

void Block::defer(std::function<void()> event) {
  if (mode.copies == Copies::eager)
    event();
  else
    deferred.push_back(std::move(event));
}

/// What happens on its own has no order: the adversary takes the last first.
bool Block::runDeferred() {
  if (deferred.empty())
    return false;
  size_t which = 0;
  if (mode.schedule == Schedule::random)
    which = draw(deferred.size());
  else if (mode.schedule == Schedule::adversarial)
    which = deferred.size() - 1;
  std::function<void()> event = std::move(deferred[which]);
  deferred.erase(deferred.begin() + which);
  event();
  return true;
}

bool Block::allHaveEnded() const {
  return std::all_of(threads.begin(), threads.end(), [](const Thread &thread) {
    return thread.state == Thread::State::exited;
  });
}

void Block::yield() {
  if (mode.schedule != Schedule::adversarial)
    return;
  ready.push_back(current);
  transfer_t from = jump_fcontext(scheduler, nullptr);
  scheduler = from.fctx;
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

std::string Block::describe(const Thread &thread) const {
  return "kernel '" + launch->kernel.name + "', block " + format(blockId) +
         ", thread " + format(thread.id);
}

std::string describeRunning() {
  if (!running)
    return "";
  const Thread &thread = running->getThread();
  return running->describe(thread) + ", after " + format(thread.site);
}

void Block::report(const Thread &thread, const Site *site,
                   const std::string &what) {
  if (!problem)
    problem = describe(thread) + ": " + what + "\n  in " + format(site);
}

void Block::fail(const std::string &what) {
  report(*current, current->site, what);
  jump_fcontext(scheduler, nullptr);
  std::abort(); // nobody goes on with this fiber
}

/// What nobody waits for would be written or read in the next kernel's time.
void Block::requireWaits() {
  for (const auto &[at, barrier] : mbarriers)
    if (barrier.box)
      return report(*barrier.maker, barrier.box,
                    "the block ends, and nobody has waited for this box");
  for (const WarpAgent &agent : agents)
    if (agent.waited < agent.committed.size()) {
      const Thread &thread = threads[(&agent - agents.data()) * kWarpSize];
      return report(thread, thread.site,
                    "the warp ends, and has not waited for its products");
    }
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

static bool isAligned(const Site *site) {
  return std::strstr(site->what, ".aligned") != nullptr;
}

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
  const Site *&site = barrier.sites[current->index / kWarpSize];
  if (site && site != current->site && isAligned(site))
    fail("threads of a warp are at different aligned barriers; another is in " +
         format(site));
  site = current->site;
  barrier.expected = count;
  barrier.gathering.add(current->clock);
  if (waits)
    barrier.waiting.push_back(current);
  if (++barrier.arrived < count) {
    if (waits)
      wait();
    else
      yield();
    return;
  }
  const Knowledge all = barrier.gathering.finish(clocks);
  for (Thread *thread : barrier.waiting) {
    thread->clock.others = all;
    if (thread != current)
      wake(*thread);
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
    meeting.site = current->site;
  } else if (meeting.function != function ||
             (meeting.site != current->site && isAligned(meeting.site))) {
    fail("threads that go together are at different places; another is in " +
         format(meeting.site));
  }
  meeting.lanes[place] = current;
  current->arguments = arguments;
  current->results = results;
  if (++meeting.arrived == expected)
    return true;
  wait();
  return false;
}

void Block::part(Meeting &meeting) {
  for (Thread *thread : meeting.lanes)
    if (thread && thread != current)
      wake(*thread);
  meeting = {};
}

void Block::meet(uint32_t mask, MeetingFunction function, const Slot *arguments,
                 Slot *results, bool orders) {
  const uint32_t lane = current->index % kWarpSize;
  const uint32_t warp = current->index / kWarpSize;
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
  Meeting &meeting = groupMeetings[current->index / kWarpgroupSize];
  if (!gather(meeting, current->index % kWarpgroupSize, kWarpgroupSize,
              function, arguments, results))
    return;
  function(meeting.lanes);
  part(meeting);
}

} // namespace hashc::sim
