//===- Block.h - One block of threads, as it runs ---------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Everything that kernels do to the world goes through the block: memory,
// barriers, and what the threads of a warp do together.
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_RUNTIME_SIMULATOR_BLOCK_H
#define HASHC_RUNTIME_SIMULATOR_BLOCK_H

#include "runtime/simulator/Cluster.h"

#include <string_view>

namespace hashc::sim {

constexpr uint32_t kWarpSize = 32;
constexpr uint32_t kWarpgroupSize = 128;
constexpr uint32_t kBarriers = 16;
constexpr uint32_t kMbarriers = 64; // that one block can have here
constexpr uint32_t kStorers = 32;   // threads of a block that store boxes
constexpr uint32_t kAllLanes = 0xffffffff;
/// What a thread of a GPU can have of local memory.
constexpr size_t kStackBytes = 512 * 1024;

/// What an instruction does to memory.
enum class Touch { read, write, atomicRead, atomicWrite, atomicUpdate };

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
  Past making = nullptr; // the maker's last act then
  bool visible = false;  // to the engine
  /// How often the maker had come to the cluster's barrier by then: whoever
  /// has passed that once more may use the mbarrier.
  uint64_t fencedAfter = 0;
};

/// Gives each lane of a warp or a warpgroup its results, from the arguments of
/// all. Lanes outside the mask are null.
using MeetingFunction = void (*)(Thread *const *lanes);

class Block {
public:
  explicit Block(Cluster &cluster);
  ~Block();
  Block(const Block &) = delete;
  Block &operator=(const Block &) = delete;

  /// The one of the thread that runs; instructions find it here.
  static Block &get() { return *Cluster::get().getThread().block; }

  /// Actors that a block of so many threads has.
  static size_t countActors(size_t threads);
  /// The launch's block `id` begins, as the `rank`th of its cluster.
  void begin(Dim id, uint32_t rank);
  /// The last thread has ended.
  void end();
  /// A thread may not end while copies of its own are on their way.
  void requireNoCopies();
  /// Nor while shared memory is read for it.
  void requireNoStores();
  /// What nobody waits for would be written or read in the next kernel's time.
  void requireWaits();
  /// Stores are over when all threads are.
  void finishStores();

  Thread &getThread() { return cluster.getThread(); }
  const Mode &getMode() const { return cluster.getMode(); }
  Dim getId() const { return id; }
  uint32_t getRank() const { return rank; }
  char *getShared() { return shared; }
  std::vector<Thread> &getThreads() { return threads; }
  /// The number of the thread's warp, in the cluster.
  uint32_t getWarp(const Thread &thread) const {
    return rank * agents.size() + thread.index / kWarpSize;
  }

  /// `actor` is counted from the block's first.
  std::string describeActor(Actor actor) const;
  [[noreturn]] void fail(const std::string &what) { cluster.fail(what); }

  /// True if the address lies where shared memory does, if not in it.
  bool isShared(const void *address) const;

  /// The thread that runs reads or writes memory, or both, as one. With `own`
  /// the instruction is for the block's shared memory only.
  void touch(const void *address, uint64_t bytes, uint32_t alignment,
             Touch touch, bool own = false);

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
  void arrive(void *at, uint32_t count = 1);
  void expectBytes(void *at, uint32_t bytes);
  /// Arrives when the copies that the thread has begun are complete; `counted`
  /// if this is one more arrival than the phase has.
  void arriveAfterCopies(void *at, bool counted);
  void waitForParity(void *at, bool parity);

  /// What the engine is asked to move.
  Box getBox(const TensorMap &map, int32_t x, int32_t y);
  Box getLine(const char *data, uint32_t bytes);
  /// The engine copies a box to shared memory and tells the barrier.
  void copyBox(char *target, void *barrier, const Box &box);
  /// To the blocks of the mask, and tells the barriers there.
  void copyBoxToAll(char *target, void *barrier, const Box &box,
                    uint32_t ranks);

  /// The engine copies a box from shared memory.
  void storeBox(const char *source, const Box &box);
  void commitStores();
  /// Waits until at most `left` of the thread's groups are on their way, or
  /// are still read.
  void waitForStores(size_t left, bool onlyRead);

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

  /// True if this thread completes the meeting: then it goes on, with the
  /// others where it calls `part`.
  bool gather(Meeting &meeting, uint32_t place, uint32_t expected,
              MeetingFunction function, const Slot *arguments, Slot *results);
  void part(Meeting &meeting);
  /// Where an address lies: its shadow, its place there, its name, and whose
  /// shared memory it is, if any's.
  struct Place {
    Shadow *shadow;
    size_t offset;
    std::string_view name;
    Block *block;
  };
  Place locate(const void *address, uint64_t bytes);
  Place locateShared(const void *address, uint64_t bytes);
  /// Some instructions take no addresses of others' shared memory.
  void requireOwn(const void *address);
  /// A block's shared memory is there from its beginning to its end.
  void requireAlive(const Block &peer);
  bool isKnownToHaveBegun(const Block &peer);
  std::string describeNearest(const void *address) const;
  std::string describeEarlier(const Access &access) const;
  Visit getVisit(const Clock &clock) {
    return cluster.getVisit(clock, getThread().site);
  }
  /// One that the thread uses, or asks the engine to.
  Mbarrier &getMbarrier(void *at, bool forEngine = false);
  Place locateBox(const char *at, const Box &box);
  void fillBox(size_t offset, const Box &box);
  void beginBox(char *target, void *barrier, const Box &box);
  void readSource(const Box &box);
  void settle(Mbarrier &barrier);
  const Clock &getStorer(Thread &thread);
  void take(Store &store);
  void put(Store &store);
  void complete(Store &store, const Clock &clock);
  void check(const Finding &finding, const Place &place);
  bool isOnStack(const void *address) const;
  void complete(const Clock &clock, const CopyList &copies);

  Cluster &cluster;
  Clocks &clocks;
  char *window;
  char *shared; // kMaxShared bytes of it
  char *stacks; // kMaxThreads of kStackBytes
  Shadow sharedShadow;
  uint64_t sharedBytes = 0;

  Dim id;
  uint32_t rank = 0;
  Actor firstActor = 0;
  bool ended = false;
  std::vector<Thread> threads;
  Barrier barriers[kBarriers];
  std::vector<std::map<uint32_t, Meeting>> meetings; // of warps, by mask
  std::vector<Meeting> groupMeetings;                // of four warps
  std::map<const void *, Mbarrier> mbarriers;
  std::vector<WarpAgent> agents;
  uint32_t storers = 0;
};

} // namespace hashc::sim

#endif // HASHC_RUNTIME_SIMULATOR_BLOCK_H
