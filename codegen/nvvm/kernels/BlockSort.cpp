//===- BlockSort.cpp - Plans and segments by a block of threads -*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// The counting sorts of codegen/cpu/kernels (Streams.cpp, Lookup.cpp): items
// are cut into segments, of which each thread counts and then places one. An
// item's position follows from how many of its kind come before it, so it is
// the same however items are cut. Counts of all segments fit in shared memory:
// the more kinds, the fewer threads work.
//
//===----------------------------------------------------------------------===//

#include "Block.h"
#include "codegen/cpu/kernels/TeamShape.h"

using namespace hashc::kernels;

/// As many as a team has, and what shared memory holds.
static constexpr int64_t threads = kTeam, maxCounts = 8192;

extern "C" void hash_plan(int64_t, const int32_t *experts,
                          const int32_t *tokens, int32_t *plan, int64_t count,
                          int64_t k, int64_t groups, int64_t positions);

namespace {

using Counts = __attribute__((address_space(3))) int32_t *;

/// A stable sort of `items` by kind, where there are at most maxCounts kinds.
class Sorter {
public:
  HASHC_INLINE Sorter(Counts counts, int64_t items, int64_t kinds)
      : counts(counts), kinds(kinds), thread(getThread()),
        segments(smaller(threads, maxCounts / kinds)) {
    const int64_t length = (items + segments - 1) / segments;
    begin = thread < segments ? smaller(items, thread * length) : items;
    end = smaller(items, begin + length);
  }

  /// starts[kind] becomes the position of the kind's first item. All threads
  /// have it then.
  template <typename Kind>
  HASHC_INLINE void count(int32_t *starts, Kind kindOf) {
    if (thread < segments)
      for (int64_t kind = 0; kind < kinds; ++kind)
        countOf(kind, thread) = 0;
    for (int64_t i = begin; i < end; ++i)
      ++countOf(kindOf(i), thread);
    synchronize();
    for (int64_t kind = thread; kind < kinds; kind += threads) {
      int32_t total = addUp(kind);
      if (kind + 1 < kinds)
        starts[kind + 1] = total;
    }
    synchronize();
    if (thread == 0) {
      starts[0] = 0;
      for (int64_t kind = 1; kind < kinds; ++kind)
        starts[kind] += starts[kind - 1];
    }
    synchronize();
  }

  /// put(item, position) for all items, after count.
  template <typename Kind, typename Put>
  HASHC_INLINE void place(const int32_t *starts, Kind kindOf, Put put) {
    for (int64_t i = begin; i < end; ++i) {
      int64_t kind = kindOf(i);
      put(i, int64_t(starts[kind]) + countOf(kind, thread)++);
    }
    synchronize();
  }

private:
  HASHC_INLINE __attribute__((address_space(3))) int32_t &
  countOf(int64_t kind, int64_t segment) {
    return counts[kind * segments + segment];
  }
  /// Makes a kind's counts what is in the segments before; returns them all.
  HASHC_INLINE int32_t addUp(int64_t kind) {
    int32_t before = 0;
    for (int64_t s = 0; s < segments; ++s) {
      int32_t here = countOf(kind, s);
      countOf(kind, s) = before;
      before += here;
    }
    return before;
  }

  Counts counts;
  int64_t kinds, thread, segments, begin, end;
};

} // namespace

/// Dead slots are a kind of their own, the last one.
HASHC_BLOCK hash_block_plan(int64_t task, const int32_t *experts,
                            const int32_t *tokens, int32_t *plan, int64_t count,
                            int64_t k, int64_t groups, int64_t positions) {
  HASHC_SHARED int32_t counts[maxCounts];
  const int64_t kinds = groups + 1;
  if (kinds > maxCounts) {
    if (getThread() == 0)
      hash_plan(task, experts, tokens, plan, count, k, groups, positions);
    return;
  }
  auto groupOf = [&](int64_t slot) -> int64_t {
    int32_t expert = tokens[slot / k] < 0 ? -1 : experts[slot];
    if (expert < -1 || expert >= groups)
      hash_rt_error(1, expert, groups);
    return expert < 0 ? groups : expert;
  };
  int32_t *offsets = plan, *slotOf = plan + kinds,
          *positionOf = slotOf + positions;
  Sorter sorter(counts, count * k, kinds);
  sorter.count(offsets, groupOf);
  if (offsets[groups] > positions)
    hash_rt_error(5, offsets[groups], positions + 1);
  sorter.place(offsets, groupOf, [&](int64_t slot, int64_t position) {
    if (position < positions)
      slotOf[position] = int32_t(slot);
    positionOf[slot] = int32_t(smaller(position, positions));
  });
}

/// Sorts the rows by key, a few bits at a time, between `order` and the place
/// of the offsets. As unsigned numbers, masked keys come last.
static HASHC_INLINE void sortRows(Counts counts, int32_t *starts,
                                  const int32_t *keys, int32_t *order,
                                  int32_t *other, int64_t rows) {
  constexpr int bits = 4;
  static_assert(32 / bits % 2 == 0, "the last pass writes to `order`");
  for (int64_t r = getThread(); r < rows; r += threads)
    order[r] = int32_t(r);
  synchronize();
  Sorter sorter(counts, rows, 1 << bits);
  int32_t *from = order, *to = other;
  for (int shift = 0; shift < 32; shift += bits) {
    auto digitOf = [&](int64_t i) -> int64_t {
      return (uint32_t(keys[from[i]]) >> shift) & ((1 << bits) - 1);
    };
    sorter.count(starts, digitOf);
    sorter.place(starts, digitOf,
                 [&](int64_t i, int64_t position) { to[position] = from[i]; });
    int32_t *sorted = to;
    to = from;
    from = sorted;
  }
}

HASHC_BLOCK hash_block_segments(int64_t, const int32_t *keys, int32_t *unique,
                                int32_t *offsets, int32_t *order,
                                int64_t rows) {
  HASHC_SHARED int32_t counts[maxCounts];
  HASHC_SHARED int32_t starts[16];
  sortRows(counts, (int32_t *)starts, keys, order, offsets, rows);
  auto keyAt = [&](int64_t i) { return keys[order[i]]; };
  // Rows that begin a segment, others that are live, and the rest.
  auto kindOf = [&](int64_t i) -> int64_t {
    if (keyAt(i) < 0)
      return 2;
    return i == 0 || keyAt(i) != keyAt(i - 1) ? 0 : 1;
  };
  Sorter sorter(counts, rows, 3);
  sorter.count((int32_t *)starts, kindOf);
  const int32_t segments = starts[1], live = starts[2];
  sorter.place((int32_t *)starts, kindOf, [&](int64_t i, int64_t position) {
    if (position >= segments)
      return;
    unique[position] = keyAt(i);
    offsets[position] = int32_t(i);
  });
  for (int64_t s = segments + getThread(); s <= rows; s += threads) {
    if (s < rows)
      unique[s] = -1;
    offsets[s] = live;
  }
}
