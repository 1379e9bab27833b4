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
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hashc::sim {

/// An operand or a result of an instruction, in its low bytes.
using Slot = uint64_t;

constexpr uint32_t kWarpSize = 32;
constexpr uint32_t kWarpgroupSize = 128;
constexpr uint32_t kBarriers = 16;
constexpr uint32_t kMbarriers = 64; // that one block can have here
constexpr uint32_t kAllLanes = 0xffffffff;
/// What a thread of a GPU can have of local memory.
constexpr size_t kStackBytes = 512 * 1024;

/// What an instruction does to memory.
enum class Touch { read, write, atomicRead, atomicWrite, atomicUpdate };

/// A copy to shared memory that is on its way.
struct Copy {
  char *target;
  const char *source;
  uint32_t bytes;       // of the target
  uint32_t sourceBytes; // the rest becomes zeros
  bool complete = false;
  /// What the thread knew when it first asked an mbarrier to be told: that is
  /// what others learn of the copy.
  std::optional<Clock> announced = std::nullopt;
};
using CopyList = std::vector<std::shared_ptr<Copy>>;

/// A number that a product of matrices gives when its group is complete.
struct Product {
  float value;
  Tick group;
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
  CopyList copies; // not committed yet
  std::deque<CopyList> groups;
  std::vector<Product> products; // accumulators that tensor cores still write
};

/// What goes on for a warp after its instructions: the reads of tensor cores.
struct WarpAgent {
  Clock clock;
  std::vector<Tick> committed; // of the groups, in order
  size_t waited = 0;           // groups that are known to be complete
  bool fenced = false;         // registers may be given to a product
};

/// A barrier in shared memory: a phase is over when all have arrived and all
/// bytes that were announced are there (PTX ISA, "mbarrier").
struct Mbarrier {
  uint32_t count, pending;
  int64_t bytes = 0;
  bool phase = false;
  Gathering gathering;
  Knowledge completed; // by the last phase
  std::vector<std::pair<Thread *, bool>> waiting;
  Clock engine;              // of boxes that are copied for it
  const Site *box = nullptr; // one that nobody has waited for
  const Thread *maker = nullptr;
  bool visible = false; // to the engine
};

/// "store at kernels.cu:12:5"
std::string format(const Site *site);

/// Gives each lane of a warp or a warpgroup its results, from the arguments of
/// all. Lanes outside the mask are null.
using MeetingFunction = void (*)(Thread *const *lanes);

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

  std::string describe(const Thread &thread) const;

  /// Ends the kernel with this finding of the thread that runs. What is on the
  /// fibers' stacks is dropped.
  [[noreturn]] void fail(const std::string &what);

  /// The thread that runs reads or writes memory, or both, as one.
  void touch(const void *address, uint64_t bytes, uint32_t alignment,
             Touch touch);

  /// Waits until `count` threads have come to barrier `id`, and shares what
  /// they know. Those that arrive only go on.
  void synchronize(uint32_t id, uint32_t count, bool waits);

  /// Waits until all lanes of the mask are at the same instruction, of which
  /// `function` is the effect; what they know is shared if `orders`.
  void meet(uint32_t mask, MeetingFunction function, const Slot *arguments,
            Slot *results, bool orders);
  /// The same for four warps.
  void meetWarpgroup(MeetingFunction function, const Slot *arguments,
                     Slot *results);

  void beginCopy(const Copy &copy);
  void commitCopies();
  /// Waits until at most `left` of the thread's groups are on their way.
  void waitForCopies(size_t left);

  void initMbarrier(void *at, uint32_t count);
  void arrive(void *at);
  void expectBytes(void *at, uint32_t bytes);
  /// Arrives when the copies that the thread has begun are complete; `counted`
  /// if this is one more arrival than the phase has.
  void arriveAfterCopies(void *at, bool counted);
  void waitForParity(void *at, bool parity);

  /// The engine copies a box of a tensor to shared memory and tells the
  /// barrier.
  void copyBox(char *target, void *barrier, const TensorMap &map, int32_t x,
               int32_t y);

  /// What the thread has written may be read by the engine and tensor cores.
  void fenceProxy();
  /// The barriers that it has made may be used by the engine.
  void fenceMbarriers();

  WarpAgent &getAgent(const Thread &thread) {
    return agents[thread.index / kWarpSize];
  }
  /// Tensor cores begin to read for the warp of `lane`.
  void beginRead(Thread &lane, const void *address, uint32_t bytes);
  void commitProducts();
  /// The lanes of a warp have waited until at most `left` of its groups go on.
  void waitForProducts(Thread *const *lanes, size_t left);
  /// True if the group's numbers may be looked at.
  bool isComplete(const Thread &thread, Tick group) const;

private:
  struct Barrier {
    uint32_t expected = 0; // 0: nobody is there
    std::vector<Thread *> waiting;
    uint32_t arrived = 0;
    Gathering gathering;
    std::map<uint32_t, const Site *> sites; // of warps that are there
  };
  struct Meeting {
    uint32_t arrived = 0; // 0: nobody is there
    MeetingFunction function = nullptr;
    const Site *site = nullptr;
    Thread *lanes[kWarpgroupSize] = {};
  };

  static void enter(boost::context::detail::transfer_t from);
  void prepare();
  bool allHaveEnded() const;
  size_t draw(size_t below);
  Thread &takeReady();
  void wait();
  void wake(Thread &thread);
  /// True if this thread completes the meeting: then it goes on, with the
  /// others where it calls `part`.
  bool gather(Meeting &meeting, uint32_t place, uint32_t expected,
              MeetingFunction function, const Slot *arguments, Slot *results);
  void part(Meeting &meeting);
  /// Something that happens on its own: now, or when nobody can go on.
  void defer(std::function<void()> event);
  bool runDeferred();
  /// Notes what went wrong in a thread's instruction, if it is the first.
  void report(const Thread &thread, const Site *site, const std::string &what);
  void requireWaits();
  /// Others go first, where the schedule is against us.
  void yield();
  std::string describeDeadlock() const;

  /// Where an address lies: its shadow, its place there, its name.
  struct Place {
    Shadow *shadow;
    size_t offset;
    std::string_view name;
  };
  Place locate(const void *address, uint64_t bytes);
  std::string describeActor(Actor actor) const;
  std::string describeNearest(const void *address) const;
  Visit getVisit(const Clock &clock) const;
  Mbarrier &getMbarrier(void *at);
  void checkBox(const char *target, const TensorMap &map);
  void fillBox(size_t offset, const TensorMap &map, int32_t x, int32_t y);
  void settle(Mbarrier &barrier);
  void check(const Finding &finding, std::string_view memory);
  bool isShared(const void *address) const;
  bool isOnStack(const void *address) const;
  /// A thread may not end while copies of its own are on their way.
  void requireNoCopies();
  void complete(const Clock &clock, const CopyList &copies);

  GlobalMemory &memory;
  char *window;
  char *shared; // kMaxShared bytes of it
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
  std::vector<std::map<uint32_t, Meeting>> meetings; // of warps, by mask
  std::vector<Meeting> groupMeetings;                // of four warps
  std::map<const void *, Mbarrier> mbarriers;
  std::vector<WarpAgent> agents;
  std::deque<std::function<void()>> deferred;
  Thread *current = nullptr;
  boost::context::detail::fcontext_t scheduler = nullptr;
  std::optional<std::string> problem;
};

} // namespace hashc::sim

#endif // HASHC_RUNTIME_SIMULATOR_BLOCK_H
