//===- Builders.cpp - Exact table algorithms ------------------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/support/Error.h"
#include "runtime/support/Hash.h"
#include "runtime/tables/Table.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <queue>

namespace hashc::runtime {

Table makeTable(const TableSettings &settings) {
  if (settings.vocab < 1 || settings.groups < 1 || settings.k < 1 ||
      settings.k > settings.groups)
    failInput("table '" + settings.name + "': " + std::to_string(settings.k) +
              " experts a token cannot be chosen from " +
              std::to_string(settings.groups) + " for " +
              std::to_string(settings.vocab) + " tokens");
  Table table;
  table.name = settings.name;
  table.algorithm = settings.algorithm;
  table.vocab = settings.vocab;
  table.groups = settings.groups;
  table.k = settings.k;
  table.seed = settings.seed;
  table.entries.resize(settings.vocab * settings.k);
  return table;
}

/// Fills each row with the first k distinct values of draw(row, number).
template <typename Draw> static void fillDistinct(Table &table, Draw draw) {
  for (int64_t row = 0; row < table.vocab; ++row) {
    int32_t *experts = &table.entries[row * table.k];
    int64_t found = 0;
    for (uint64_t number = 0; found < table.k; ++number) {
      int32_t expert = draw(row, number);
      if (std::find(experts, experts + found, expert) == experts + found)
        experts[found++] = expert;
    }
  }
}

Table buildRandom(const TableSettings &settings) {
  Table table = makeTable(settings);
  auto groups = static_cast<uint64_t>(table.groups);
  fillDistinct(table, [&](int64_t row, uint64_t number) {
    auto id = static_cast<uint64_t>(row);
    uint64_t hash = number == 0 ? mix({id}, settings.seed)
                                : mix({id, number}, settings.seed);
    return static_cast<int32_t>(hash % groups);
  });
  return table;
}

Table buildRoundRobin(const TableSettings &settings) {
  Table table = makeTable(settings);
  for (int64_t row = 0; row < table.vocab; ++row)
    for (int64_t j = 0; j < table.k; ++j)
      table.entries[row * table.k + j] =
          static_cast<int32_t>((row + j) % table.groups);
  return table;
}

namespace {
/// Python's random module: MT19937 seeded by an integer, and randrange.
class PythonRandom {
public:
  explicit PythonRandom(uint64_t seed) {
    std::vector<uint32_t> key = {static_cast<uint32_t>(seed)};
    if (seed >> 32)
      key.push_back(static_cast<uint32_t>(seed >> 32));
    seedByArray(key);
  }

  /// randrange(0, limit), limit below 2^31: the top bits of a word, again while
  /// too large.
  uint32_t below(uint32_t limit) {
    unsigned bits = 0;
    while (bits < 32 && limit >> bits)
      ++bits;
    uint32_t value;
    do
      value = next() >> (32 - bits);
    while (value >= limit);
    return value;
  }

private:
  static constexpr int n = 624, m = 397;

  /// init_by_array of Matsumoto and Nishimura's mt19937ar.c.
  void seedByArray(const std::vector<uint32_t> &key) {
    state[0] = 19650218u;
    for (int i = 1; i < n; ++i)
      state[i] =
          1812433253u * (state[i - 1] ^ (state[i - 1] >> 30)) + uint32_t(i);
    int i = 1;
    size_t j = 0;
    for (int step = 0; step < n; ++step) {
      state[i] =
          (state[i] ^ ((state[i - 1] ^ (state[i - 1] >> 30)) * 1664525u)) +
          key[j] + uint32_t(j);
      j = (j + 1) % key.size();
      advance(i);
    }
    for (int step = 0; step < n - 1; ++step) {
      state[i] =
          (state[i] ^ ((state[i - 1] ^ (state[i - 1] >> 30)) * 1566083941u)) -
          uint32_t(i);
      advance(i);
    }
    state[0] = 0x80000000u;
  }

  void advance(int &i) {
    if (++i < n)
      return;
    state[0] = state[n - 1];
    i = 1;
  }

  void generate() {
    for (int i = 0; i < n; ++i) {
      uint32_t y =
          (state[i] & 0x80000000u) | (state[(i + 1) % n] & 0x7fffffffu);
      state[i] = state[(i + m) % n] ^ (y >> 1) ^ (y & 1 ? 0x9908b0dfu : 0);
    }
    index = 0;
  }

  uint32_t next() {
    if (index >= n)
      generate();
    uint32_t y = state[index++];
    y ^= y >> 11;
    y ^= y << 7 & 0x9d2c5680u;
    y ^= y << 15 & 0xefc60000u;
    return y ^ y >> 18;
  }

  uint32_t state[n] = {};
  int index = n;
};
} // namespace

Table buildPython(const TableSettings &settings) {
  Table table = makeTable(settings);
  PythonRandom random(settings.seed);
  fillDistinct(table, [&](int64_t, uint64_t) {
    return static_cast<int32_t>(
        random.below(static_cast<uint32_t>(table.groups)));
  });
  return table;
}

/// Ids with a count, by descending count, then by id; a seed other than 0
/// shuffles them inside consecutive groups of `groups` (Fisher-Yates from the
/// end of each group, the partner of place p being mix(p; seed) modulo its
/// offset + 1).
static std::vector<int32_t> orderCounted(const std::vector<int64_t> &counts,
                                         int64_t groups, uint64_t seed) {
  std::vector<int32_t> ids;
  for (size_t id = 0; id < counts.size(); ++id)
    if (counts[id] > 0)
      ids.push_back(static_cast<int32_t>(id));
  std::sort(ids.begin(), ids.end(), [&](int32_t a, int32_t b) {
    return counts[a] != counts[b] ? counts[a] > counts[b] : a < b;
  });
  if (seed == 0)
    return ids;
  for (size_t first = 0; first < ids.size(); first += groups) {
    size_t last = std::min(ids.size(), first + groups);
    for (size_t place = last - 1; place > first; --place)
      std::swap(ids[place],
                ids[first + mix({place}, seed) % (place - first + 1)]);
  }
  return ids;
}

Table buildBalanced(const TableSettings &settings,
                    const std::vector<int64_t> &counts) {
  Table table = makeTable(settings);
  if (static_cast<int64_t>(counts.size()) != table.vocab)
    failInput("table '" + table.name + "' has " + std::to_string(table.vocab) +
              " rows, but counts came for " + std::to_string(counts.size()) +
              " tokens");
  // Each bucket's (load, index); the smallest pair is taken first.
  using Bucket = std::pair<int64_t, int32_t>;
  using Heap =
      std::priority_queue<Bucket, std::vector<Bucket>, std::greater<Bucket>>;
  std::vector<int64_t> idsOf(table.groups);
  std::vector<Bucket> taken;
  auto place = [&](Heap &heap, int64_t id, int64_t weight) {
    taken.clear();
    for (int64_t j = 0; j < table.k; ++j) {
      taken.push_back(heap.top());
      heap.pop();
      table.entries[id * table.k + j] = taken.back().second;
      ++idsOf[taken.back().second];
    }
    for (auto [load, bucket] : taken)
      heap.push({load + weight, bucket});
  };

  Heap byCount;
  for (int64_t bucket = 0; bucket < table.groups; ++bucket)
    byCount.push({0, static_cast<int32_t>(bucket)});
  for (int32_t id : orderCounted(counts, table.groups, settings.seed))
    place(byCount, id, counts[id]);

  Heap byIds;
  for (int64_t bucket = 0; bucket < table.groups; ++bucket)
    byIds.push({idsOf[bucket], static_cast<int32_t>(bucket)});
  for (int64_t id = 0; id < table.vocab; ++id)
    if (counts[id] <= 0)
      place(byIds, id, 1);
  return table;
}

namespace {
struct Builder {
  const char *name;
  Table (*build)(const TableSettings &settings);
};
} // namespace

/// All but balanced, which needs counts.
static constexpr Builder builders[] = {
    {"random", buildRandom},          {"python_random", buildPython},
    {"round_robin", buildRoundRobin}, {"clustered", buildClustered},
    {"dispersed", buildDispersed},    {"file", loadTable}};

bool needsCounts(const TableSettings &settings) {
  return settings.algorithm == "balanced";
}

std::vector<std::string> listBuilders() {
  std::vector<std::string> names = {"balanced"};
  for (const Builder &builder : builders)
    names.push_back(builder.name);
  return names;
}

[[noreturn]] static void failUnknown(const TableSettings &settings) {
  std::string list;
  for (const std::string &name : listBuilders())
    list += (list.empty() ? "" : ", ") + name;
  failInput("table '" + settings.name + "': unknown builder '" +
            settings.algorithm + "' (known: " + list + ")");
}

Table buildTable(const TableSettings &settings,
                 const std::vector<int64_t> *counts) {
  for (const Builder &builder : builders)
    if (settings.algorithm == builder.name)
      return builder.build(settings);
  if (!needsCounts(settings))
    failUnknown(settings);
  if (!counts)
    failInput("table '" + settings.name +
              "' is balanced over the training text, which is not there; give "
              "the checkpoint it was trained with");
  return buildBalanced(settings, *counts);
}

} // namespace hashc::runtime
