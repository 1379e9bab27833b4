//===- Clocks.h - What happened before what, in one block ------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Vector clocks as in FastTrack (Flanagan and Freund 2009). A block has a few
// hundred threads and most of them know the same things, because they met at
// the same barrier: so what a thread knows of the others is a shared, immutable
// vector, and only its own tick is its own.
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_RUNTIME_SIMULATOR_CLOCKS_H
#define HASHC_RUNTIME_SIMULATOR_CLOCKS_H

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <utility>
#include <vector>

namespace hashc::sim {

/// A thread of the block, by its number.
using Actor = uint32_t;
/// Counts what an actor lets others know of. 0: nothing yet.
using Tick = uint32_t;

/// For each actor, its last tick that is known to lie in the past.
using Past = const std::vector<Tick> *;

/// What one thread knows. Its own accesses are always in its past.
struct Clock {
  Actor self = 0;
  Tick now = 1;
  Past past = nullptr;

  bool hasSeen(Actor actor, Tick tick) const {
    return actor == self || (*past)[actor] >= tick;
  }
};

/// Owns the pasts of a block.
class Clocks {
public:
  /// Forgets everything; `actors` of them begin anew.
  void reset(size_t actors);
  Past getBeginning() const { return beginning; }
  /// What either knows.
  Past join(Past a, Past b);
  Past keep(std::vector<Tick> ticks);

private:
  std::deque<std::vector<Tick>> pasts;
  std::map<std::pair<Past, Past>, Past> joined;
  Past beginning = nullptr;
};

/// What all that arrive at a place know: a barrier's memory.
class Gathering {
public:
  /// The thread arrives: what it did until now can be known to others, and
  /// what it does from now on cannot.
  void add(Clock &clock);
  bool isEmpty() const { return ticks.empty(); }
  /// What arrived; the place is empty again.
  Past finish(Clocks &clocks);

private:
  std::vector<Tick> ticks;
  Past last = nullptr;
};

} // namespace hashc::sim

#endif // HASHC_RUNTIME_SIMULATOR_CLOCKS_H
