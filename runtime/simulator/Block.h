//===- Block.h - One block of threads, as it runs ---------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each thread is a fiber that runs until it has to wait for others. Everything
// that kernels do to the world goes through the block: memory, barriers, and
// what the threads of a warp do together.
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_RUNTIME_SIMULATOR_BLOCK_H
#define HASHC_RUNTIME_SIMULATOR_BLOCK_H

#include "runtime/simulator/Clocks.h"
#include "runtime/simulator/GlobalMemory.h"
#include "runtime/simulator/Shadow.h"
#include "runtime/simulator/Simulator.h"

#include <boost/context/detail/fcontext.hpp>

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hashc::sim {

/// An operand or a result of an instruction, in its low bytes.
using Slot = uint64_t;

constexpr uint32_t kWarpSize = 32;
constexpr uint32_t kBarriers = 16;
constexpr size_t kStackBytes = 64 * 1024;

/// What an instruction does to memory.
enum class Touch { read, write, atomic };

/// A copy to shared memory that is on its way.
struct Copy {
  char *target;
  const char *source;
  uint32_t bytes;       // of the target
  uint32_t sourceBytes; // the rest becomes zeros
};

struct Thread {
  enum class State { ready, waiting, exited };

  uint32_t index;
  Dim id;
  State state;
  boost::context::detail::fcontext_t context;
  Clock clock;
  const Site *site; // where it is, or waits
  const Slot *arguments;
  Slot *results;
  std::vector<Copy> copies; // not committed yet
  std::deque<std::vector<Copy>> groups;
};

/// "store at kernels.cu:12:5"
std::string format(const Site *site);

/// Gives each lane its results, from the arguments of all. Lanes outside the
/// mask are null.
using WarpFunction = void (*)(Thread *const *lanes);

class Block {
public:
  explicit Block(GlobalMemory &memory);
  ~Block();
  Block(const Block &) = delete;
  Block &operator=(const Block &) = delete;

  /// Returns what is wrong, or nothing.
  std::optional<std::string> run(const Launch &launch, const Mode &mode,
                                 Dim blockId, Instance instance,
                                 Instance launchBegin);

  /// The one that runs on this machine's thread; instructions find it here.
  static Block &get();

  Thread &getThread() { return *current; }
  const Launch &getLaunch() const { return *launch; }
  const Mode &getMode() const { return mode; }
  Dim getBlockId() const { return blockId; }
  char *getShared() { return shared; }

  /// Ends the kernel with this finding of the thread that runs. What is on the
  /// fibers' stacks is dropped.
  [[noreturn]] void fail(std::string what);

  /// The thread that runs reads or writes memory, or both, as one.
  void touch(const void *address, uint32_t bytes, uint32_t alignment,
             Touch touch);

  /// Waits until `count` threads have come to barrier `id`, and shares what
  /// they know. Those that arrive only go on.
  void synchronize(uint32_t id, uint32_t count, bool waits);

  /// Waits until all lanes of the mask are at the same instruction, of which
  /// `function` is the effect; what they know is shared if `orders`.
  void meet(uint32_t mask, WarpFunction function, const Slot *arguments,
            Slot *results, bool orders);

  void beginCopy(const Copy &copy);
  void commitCopies();
  /// Waits until at most `left` of the thread's groups are on their way.
  void waitForCopies(size_t left);

private:
  struct Barrier {
    uint32_t expected = 0; // 0: nobody is there
    std::vector<Thread *> waiting;
    uint32_t arrived = 0;
    Gathering gathering;
  };
  struct Meeting {
    uint32_t mask = 0; // 0: nobody is there
    uint32_t arrived = 0;
    WarpFunction function;
    Thread *lanes[kWarpSize];
  };

  static void enter(boost::context::detail::transfer_t from);
  void prepare();
  Thread &takeReady();
  void wait();
  void wake(Thread &thread);
  std::string describeDeadlock() const;

  struct Place;
  Place locate(const void *address, uint32_t bytes);
  std::string describeNearest(const void *address) const;
  Visit getVisit(bool atomic) const;
  void check(const Finding &finding, std::string_view memory);
  bool isShared(const void *address) const;
  bool isOnStack(const void *address) const;
  /// A thread may not end while copies of its own are on their way.
  void requireNoCopies();
  void complete(const std::vector<Copy> &copies);

  GlobalMemory &memory;
  char *shared; // a window of kMaxShared bytes below 2^32
  char *stacks; // kMaxThreads of kStackBytes
  Shadow sharedShadow;
  uint64_t sharedBytes = 0;

  const Launch *launch = nullptr;
  Mode mode;
  Dim blockId;
  Instance instance = 0, launchBegin = 0;
  uint64_t random = 0;

  Clocks clocks;
  std::vector<Thread> threads;
  std::deque<Thread *> ready;
  Barrier barriers[kBarriers];
  std::vector<Meeting> meetings; // one a warp
  Thread *current = nullptr;
  boost::context::detail::fcontext_t scheduler = nullptr;
  std::optional<std::string> problem;
};

} // namespace hashc::sim

#endif // HASHC_RUNTIME_SIMULATOR_BLOCK_H
