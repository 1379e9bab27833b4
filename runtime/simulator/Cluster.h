//===- Cluster.h - Blocks that run at the same time -------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each thread is a fiber that runs until it has to wait for others. Threads of
// a cluster, which has one block if the kernel asks for none, take turns.
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_RUNTIME_SIMULATOR_CLUSTER_H
#define HASHC_RUNTIME_SIMULATOR_CLUSTER_H

#include "runtime/simulator/GlobalMemory.h"
#include "runtime/simulator/Thread.h"

#include <functional>
#include <map>
#include <string>

namespace hashc::sim {

/// "store at kernels.cu:12:5"
std::string format(const Site *site);
/// "(1, 0, 0)"
std::string format(Dim dim);
/// True if all threads of a warp have to be there.
bool isAligned(const Site *site);

class Cluster {
public:
  explicit Cluster(GlobalMemory &memory);
  ~Cluster();
  Cluster(const Cluster &) = delete;
  Cluster &operator=(const Cluster &) = delete;

  /// Returns what is wrong, or nothing.
  std::optional<std::string> run(const Launch &launch, const Mode &mode,
                                 Dim firstBlock, Instance instance,
                                 Instance launchBegin);

  /// The one that runs on this machine's thread; instructions find it here.
  static Cluster &get();

  Thread &getThread() { return *current; }
  const Launch &getLaunch() const { return *launch; }
  const Mode &getMode() const { return mode; }
  Instance getInstance() const { return instance; }
  GlobalMemory &getMemory() { return memory; }
  Clocks &getClocks() { return clocks; }
  uint32_t getBlockCount() const { return launch->kernel.cluster.count(); }
  Block &getBlock(uint32_t rank) { return *blocks[rank]; }
  /// The block in whose shared memory the address lies, or null.
  Block *findBlock(const void *address);
  /// Addresses of blocks that the cluster does not have.
  char *getNowhere() { return nowhere; }
  Visit getVisit(const Clock &clock, const Site *site) const {
    return Visit::by(clock, instance, launchBegin, site);
  }

  std::string describe(const Thread &thread) const;
  std::string describeActor(Actor actor) const;
  /// Which of several blocks it is; empty if there is one.
  std::string describeBlock(const Block &block, const char *before,
                            const char *after = "") const;

  /// Ends the kernel with this finding of the thread that runs. What is on the
  /// fibers' stacks is dropped.
  [[noreturn]] void fail(const std::string &what);
  /// Notes what went wrong in a thread's instruction, if it is the first.
  void report(const Thread &thread, const Site *site, const std::string &what);
  bool hasFailed() const { return problem.has_value(); }

  /// The thread that runs goes on when it is woken.
  void wait();
  void wake(Thread &thread);
  /// Others go first, where the schedule is against us.
  void yield();
  /// Something that happens on its own: now, or when nobody can go on.
  void defer(std::function<void()> event);

  /// The thread comes to the cluster's barrier; what it did until now is known
  /// to others behind it if it `releases`.
  void arrive(bool releases);
  /// Waits until all have arrived.
  void waitForAll();

  /// Where each thread begins.
  static void enter(boost::context::detail::transfer_t from);

private:
  /// Everybody that has not ended has to come, and then may wait.
  struct Barrier {
    uint64_t phases = 0;
    size_t missing = 0;
    Gathering gathering;
    Knowledge completed; // by the last phase
    std::vector<Thread *> waiting;
    std::map<uint32_t, const Site *> sites; // of warps that are there
  };

  void prepare(Dim firstBlock);
  size_t draw(size_t below);
  Thread &takeReady();
  void leave(Thread &thread);
  void settleBarrier();
  bool runDeferred();
  void requireWaits();
  std::string describeDeadlock() const;

  GlobalMemory &memory;
  char *nowhere;
  std::vector<std::unique_ptr<Block>> blocks;

  const Launch *launch = nullptr;
  Mode mode;
  Instance instance = 0, launchBegin = 0;
  uint64_t random = 0;

  Clocks clocks;
  Barrier barrier;
  size_t live = 0; // threads that have not ended
  std::deque<Thread *> ready;
  std::deque<std::function<void()>> deferred;
  Thread *current = nullptr;
  boost::context::detail::fcontext_t scheduler = nullptr;
  std::optional<std::string> problem;
};

} // namespace hashc::sim

#endif // HASHC_RUNTIME_SIMULATOR_CLUSTER_H
