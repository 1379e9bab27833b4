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

/// Who acts: a thread of the block, by its number, and behind the threads
/// those that act for them while they go on (Block.h).
using Actor = uint32_t;
/// Counts what an actor lets others know of. 0: nothing yet.
using Tick = uint32_t;

/// For each actor, its last tick that is known to lie in the past.
using Past = const std::vector<Tick> *;

/// What lies in the past, and what of it the asynchronous proxy sees: what
/// threads write themselves needs a fence until tensor cores and the copy
/// engine may read it (PTX ISA, "Proxies").
struct Knowledge {
  Past past = nullptr;
  Past fenced = nullptr;
};

/// What one actor knows. Its own accesses are always in its past.
struct Clock {
  Actor self = 0;
  Tick now = 1;
  Tick ownFenced = 0;
  Knowledge others;

  bool hasSeen(Actor actor, Tick tick) const {
    return actor == self || (*others.past)[actor] >= tick;
  }
  bool hasFenced(Actor actor, Tick tick) const {
    return (actor == self ? ownFenced : (*others.fenced)[actor]) >= tick;
  }
};

/// Owns the pasts of a block.
class Clocks {
public:
  /// Forgets everything; `actors` of them begin anew.
  void reset(size_t actors);
  Knowledge getBeginning() const { return {beginning, beginning}; }
  /// What either knows.
  Knowledge join(Knowledge a, Knowledge b);
  Past join(Past a, Past b);
  /// All that the actor knows until now is for the asynchronous proxy to see.
  void fence(Clock &clock);
  Past keep(std::vector<Tick> ticks);

private:
  std::deque<std::vector<Tick>> pasts;
  std::map<std::pair<Past, Past>, Past> joined;
  Past beginning = nullptr;
};

/// What all that arrive at a place know: a barrier's memory.
class Gathering {
public:
  /// The actor arrives: what it did until now can be known to others, and what
  /// it does from now on cannot.
  void add(Clock &clock);
  /// As add, with what was known earlier.
  void addEarlier(const Clock &clock);
  bool isEmpty() const { return !past.last; }
  /// What arrived; the place is empty again.
  Knowledge finish(Clocks &clocks);

private:
  struct Side {
    std::vector<Tick> ticks;
    Past last = nullptr;
    void add(Past past, Actor actor, Tick tick);
    Past finish(Clocks &clocks);
  };
  Side past, fenced;
};

} // namespace hashc::sim

#endif // HASHC_RUNTIME_SIMULATOR_CLOCKS_H
