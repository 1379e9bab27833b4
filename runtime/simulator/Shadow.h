//===- Shadow.h - What is known of each piece of memory ---------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// For every byte that kernels may touch: was it ever written, who wrote it
// last, who has read it since, and is an asynchronous copy on its way to it.
// The four bytes of a word are one, until some of them are touched without the
// others. From that follow reads of what was never written, races, and reads of
// copies that nobody waited for.
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_RUNTIME_SIMULATOR_SHADOW_H
#define HASHC_RUNTIME_SIMULATOR_SHADOW_H

#include "runtime/simulator/Clocks.h"
#include "runtime/simulator/Site.h"

#include <array>
#include <cstddef>
#include <vector>

namespace hashc::sim {

/// Counts blocks that have run, over all launches: later ones are larger.
using Instance = uint64_t;

/// Who touches memory, and from where.
struct Visit {
  const Clock *clock;
  Instance instance;    // its block
  Instance launchBegin; // the first block of its launch
  const Site *site;
  bool atomic = false;
  bool asynchronous = false; // through the asynchronous proxy
  /// Whom memory remembers, where it is not the one whose clock counts.
  Actor actor = 0;
  Tick tick = 0;

  static Visit by(const Clock &clock, Instance instance, Instance launchBegin,
                  const Site *site) {
    return {&clock, instance, launchBegin, site,
            false,  false,    clock.self,  clock.now};
  }
};

/// A visit that memory remembers.
struct Access {
  const Site *site = nullptr;
  Instance instance = 0;
  Actor actor = 0;
  Tick tick = 0; // 0: there was none
  bool atomic = false;
  bool asynchronous = false;

  Access() = default;
  explicit Access(const Visit &visit)
      : site(visit.site), instance(visit.instance), actor(visit.actor),
        tick(visit.tick), atomic(visit.atomic),
        asynchronous(visit.asynchronous) {}
  /// True if whoever visits now cannot know that this is over.
  bool races(const Visit &visit) const;
  /// True if the visitor's proxy may not see yet what this wrote.
  bool isHidden(const Visit &visit) const;
};

/// What is wrong with a visit.
struct Finding {
  const char *what = nullptr; // null: nothing
  Access earlier;             // the other side of a race
  size_t offset = 0;
};

class Shadow {
public:
  /// Of memory where nothing was written yet, or where all is defined.
  void reset(size_t bytes, bool defined);

  /// The caller has checked the bounds.
  Finding read(const Visit &visit, size_t offset, size_t bytes);
  Finding write(const Visit &visit, size_t offset, size_t bytes);
  /// A copy by `visit` is on its way; nobody may touch its target until it is
  /// complete, which is when the visitor has waited for it.
  Finding beginCopy(const Visit &visit, size_t offset, size_t bytes);
  void completeCopy(const Visit &visit, size_t offset, size_t bytes);

private:
  static constexpr size_t kWord = 4;

  struct Cell {
    Access written;
    Access read;          // the last one
    uint32_t readers = 0; // an index in `crowds`: more than one has read it
    uint32_t bytes = 0;   // an index in `splits`: its bytes differ
    bool defined = false;
    bool copying = false;
    bool readElsewhere = false; // by another block of `read`'s launch
  };

  /// All that have read a cell since it was written, one access each.
  using Crowd = std::vector<Access>;

  template <typename Fn>
  Finding forEachCell(size_t offset, size_t bytes, bool merges, Fn fn);
  uint32_t split(Cell &word);
  void merge(Cell &word);

  Finding visit(const Visit &visit, const Cell &cell, size_t offset,
                bool writes) const;
  void noteRead(const Visit &visit, Cell &cell);
  void forgetReaders(Cell &cell);
  const Access *findRacingReader(const Visit &visit, const Cell &cell) const;

  std::vector<Cell> cells;                     // of words
  std::vector<Crowd> crowds;                   // the first is never used
  std::vector<std::array<Cell, kWord>> splits; // the same
  std::vector<uint32_t> freeCrowds, freeSplits;
};

} // namespace hashc::sim

#endif // HASHC_RUNTIME_SIMULATOR_SHADOW_H
