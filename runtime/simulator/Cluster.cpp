//===- Cluster.cpp - The threads of a cluster take turns ------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/simulator/AddressSpace.h"
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
using boost::context::detail::transfer_t;

/// At random, what is on its way arrives after about so many switches.
constexpr size_t kDeferral = 64;

static thread_local Cluster *running = nullptr;

char *reserve(size_t bytes, int flags) {
  void *result =
      mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | flags, -1, 0);
  if (result == MAP_FAILED) {
    std::perror("error: the simulator gets no memory");
    std::exit(3);
  }
  return static_cast<char *>(result);
}

Cluster::Cluster(GlobalMemory &memory)
    : memory(memory), nowhere(reserve(kWindow, MAP_32BIT)) {
  mprotect(nowhere, kWindow, PROT_NONE);
}

Cluster::~Cluster() { munmap(nowhere, kWindow); }

Cluster &Cluster::get() { return *running; }

Block *Cluster::findBlock(const void *address) {
  for (uint32_t rank = 0; rank < getBlockCount(); ++rank)
    if (blocks[rank]->isShared(address))
      return blocks[rank].get();
  return nullptr;
}

//===----------------------------------------------------------------------===//
// Fibers
//===----------------------------------------------------------------------===//

void Cluster::enter(transfer_t from) {
  Cluster &cluster = *running;
  cluster.scheduler = from.fctx;
  cluster.launch->kernel.entry(cluster.launch->arguments);
  Thread &thread = cluster.getThread();
  thread.block->requireNoCopies();
  thread.block->requireNoStores();
  cluster.leave(thread);
  jump_fcontext(cluster.scheduler, nullptr);
}

void Cluster::leave(Thread &thread) {
  thread.state = Thread::State::exited;
  --live;
  if (thread.arrivals == barrier.phases)
    --barrier.missing;
  settleBarrier();
  const std::vector<Thread> &threads = thread.block->getThreads();
  if (std::all_of(threads.begin(), threads.end(), [](const Thread &other) {
        return other.state == Thread::State::exited;
      }))
    thread.block->end();
}

void Cluster::prepare(Dim firstBlock) {
  const Dim shape = launch->kernel.cluster;
  const size_t threads = launch->block.count();
  clocks.reset(shape.count() * Block::countActors(threads));
  ready.clear();
  deferred.clear();
  while (blocks.size() < shape.count())
    blocks.push_back(std::make_unique<Block>(*this));
  for (uint32_t rank = 0; rank < shape.count(); ++rank) {
    const Dim at = {rank % shape.x, rank / shape.x % shape.y,
                    rank / (shape.x * shape.y)};
    blocks[rank]->begin(
        {firstBlock.x + at.x, firstBlock.y + at.y, firstBlock.z + at.z}, rank);
    for (Thread &thread : blocks[rank]->getThreads())
      ready.push_back(&thread);
  }
  live = ready.size();
  barrier = {};
  barrier.missing = live;
  barrier.completed = clocks.getBeginning();
}

size_t Cluster::draw(size_t below) {
  random = runtime::mixInto(random, below);
  return random % below;
}

Thread &Cluster::takeReady() {
  const size_t which =
      mode.schedule == Schedule::random ? draw(ready.size()) : 0;
  Thread &thread = *ready[which];
  ready.erase(ready.begin() + which);
  return thread;
}

std::optional<std::string> Cluster::run(const Launch &what, const Mode &how,
                                        Dim firstBlock, Instance number,
                                        Instance begin) {
  launch = &what;
  mode = how;
  instance = number;
  launchBegin = begin;
  random = runtime::mixInto(how.seed, number - begin);
  problem.reset();
  running = this;
  prepare(firstBlock);
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
  if (!problem && live != 0)
    problem = describeDeadlock();
  for (uint32_t rank = 0; rank < getBlockCount(); ++rank)
    if (!problem) {
      blocks[rank]->finishStores();
      blocks[rank]->requireWaits();
    }
  running = nullptr;
  return problem;
}

void Cluster::defer(std::function<void()> event) {
  if (mode.copies == Copies::eager)
    event();
  else
    deferred.push_back(std::move(event));
}

/// What happens on its own has no order: the adversary takes the last first.
bool Cluster::runDeferred() {
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

void Cluster::yield() {
  if (mode.schedule != Schedule::adversarial)
    return;
  ready.push_back(current);
  transfer_t from = jump_fcontext(scheduler, nullptr);
  scheduler = from.fctx;
}

void Cluster::wait() {
  current->state = Thread::State::waiting;
  transfer_t from = jump_fcontext(scheduler, nullptr);
  scheduler = from.fctx;
}

void Cluster::wake(Thread &thread) {
  thread.state = Thread::State::ready;
  if (mode.schedule == Schedule::adversarial)
    ready.push_front(&thread);
  else
    ready.push_back(&thread);
}

//===----------------------------------------------------------------------===//
// The cluster's barrier
//===----------------------------------------------------------------------===//

void Cluster::arrive(bool releases) {
  if (current->arrivals != current->passes)
    fail("comes to the cluster's barrier again, and has not waited there yet");
  const Site *&site = barrier.sites[current->block->getWarp(*current)];
  if (site && site != current->site && isAligned(site))
    fail("threads of a warp are at different aligned barriers; another is in " +
         format(site));
  site = current->site;
  ++current->arrivals;
  --barrier.missing;
  if (releases)
    barrier.gathering.add(current->clock);
  settleBarrier();
  yield();
}

void Cluster::waitForAll() {
  if (current->arrivals == current->passes)
    fail("waits at the cluster's barrier, and has not come to it");
  if (barrier.phases < current->arrivals) {
    barrier.waiting.push_back(current);
    wait();
  }
  ++current->passes;
  current->clock.others = clocks.join(current->clock.others, barrier.completed);
}

/// Ends the phase if nobody is missing.
void Cluster::settleBarrier() {
  if (barrier.missing != 0)
    return;
  ++barrier.phases;
  barrier.missing = live;
  if (!barrier.gathering.isEmpty())
    barrier.completed = barrier.gathering.finish(clocks);
  for (Thread *thread : barrier.waiting)
    wake(*thread);
  barrier.waiting.clear();
  barrier.sites.clear();
}

//===----------------------------------------------------------------------===//
// What goes wrong
//===----------------------------------------------------------------------===//

std::string format(Dim dim) {
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

bool isAligned(const Site *site) {
  return std::strstr(site->what, ".aligned") != nullptr;
}

std::string Cluster::describe(const Thread &thread) const {
  return "kernel '" + launch->kernel.name + "', block " +
         format(thread.block->getId()) + ", thread " + format(thread.id);
}

std::string describeRunning() {
  if (!running)
    return "";
  const Thread &thread = running->getThread();
  return running->describe(thread) + ", after " + format(thread.site);
}

void Cluster::report(const Thread &thread, const Site *site,
                     const std::string &what) {
  if (!problem)
    problem = describe(thread) + ": " + what + "\n  in " + format(site);
}

void Cluster::fail(const std::string &what) {
  report(*current, current->site, what);
  jump_fcontext(scheduler, nullptr);
  std::abort(); // nobody goes on with this fiber
}

std::string Cluster::describeBlock(const Block &block, const char *before,
                                   const char *after) const {
  if (getBlockCount() == 1)
    return "";
  return before + ("block " + format(block.getId())) + after;
}

std::string Cluster::describeDeadlock() const {
  std::map<std::string, size_t> places;
  for (uint32_t rank = 0; rank < getBlockCount(); ++rank)
    for (const Thread &thread : blocks[rank]->getThreads())
      if (thread.state != Thread::State::exited)
        ++places[describeBlock(*thread.block, "of ", " ") + "wait in " +
                 format(thread.site)];
  const size_t threads = launch->block.count() * getBlockCount();
  std::string text = "kernel '" + launch->kernel.name + "', " +
                     (getBlockCount() == 1 ? "block " : "cluster of block ") +
                     format(blocks[0]->getId()) + ": no thread can go on; " +
                     std::to_string(threads - live) + " have ended";
  for (const auto &[place, count] : places)
    text += "\n  " + std::to_string(count) + " " + place;
  return text;
}

std::string Cluster::describeActor(Actor actor) const {
  const size_t each = Block::countActors(launch->block.count());
  const Block &block = *blocks[actor / each];
  return block.describeActor(actor % each) + describeBlock(block, " of ");
}

} // namespace hashc::sim
