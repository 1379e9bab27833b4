//===- Thread.h - One thread of a GPU, as it runs ---------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_RUNTIME_SIMULATOR_THREAD_H
#define HASHC_RUNTIME_SIMULATOR_THREAD_H

#include "runtime/simulator/Box.h"
#include "runtime/simulator/Clocks.h"
#include "runtime/simulator/Simulator.h"
#include "runtime/simulator/Site.h"

#include <boost/context/detail/fcontext.hpp>

#include <deque>
#include <memory>
#include <optional>
#include <vector>

namespace hashc::sim {

class Block;

/// An operand or a result of an instruction, in its low bytes.
using Slot = uint64_t;

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

/// A box that the engine brings from shared memory to global memory.
struct Store {
  Box box;
  size_t offset;           // in shared memory
  std::vector<char> taken; // what was there when the engine came to it
  bool written = false;
};
using StoreList = std::vector<std::shared_ptr<Store>>;

struct StoreGroup {
  StoreList stores;
  Tick tick;         // of the engine that acts for the thread
  bool read = false; // and the thread knows
};

/// A number that a product of matrices gives when its group is complete.
struct Product {
  float value;
  Tick group;
};

struct Thread {
  enum class State { ready, waiting, exited };

  Block *block;
  uint32_t index; // in its block
  Dim id;
  State state;
  boost::context::detail::fcontext_t context;
  Clock clock;
  const Site *site; // where it is, or waits
  const Slot *arguments;
  Slot *results;
  CopyList copies; // not committed yet
  std::deque<CopyList> groups;
  std::optional<Clock> engine; // reads what the thread stores, if it does
  StoreList stores;            // not committed yet
  std::deque<StoreGroup> storeGroups;
  std::vector<Product> products; // accumulators that tensor cores still write
  /// How often it has come to the cluster's barrier, and waited there.
  uint64_t arrivals = 0, passes = 0;
};

} // namespace hashc::sim

#endif // HASHC_RUNTIME_SIMULATOR_THREAD_H
