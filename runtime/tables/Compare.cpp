//===- Compare.cpp - What tables have in common ---------------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tables/Table.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

namespace hashc::runtime {

double getEntropy(const Load &load) {
  double bits = 0;
  for (int64_t count : load.counts)
    if (count > 0) {
      double share =
          static_cast<double>(count) / static_cast<double>(load.total);
      bits -= share * std::log2(share);
    }
  return bits;
}

std::vector<int64_t> countIds(const Table &table) {
  std::vector<int64_t> ids(table.groups);
  for (int32_t expert : table.entries)
    ++ids[expert];
  return ids;
}

static std::vector<int32_t> getSortedRow(const Table &table, int64_t id) {
  auto begin = table.entries.begin() + id * table.k;
  std::vector<int32_t> row(begin, begin + table.k);
  std::sort(row.begin(), row.end());
  return row;
}

Collisions countCollisions(const Table &table,
                           const std::vector<int64_t> &tokenCounts,
                           int64_t mostFrequent) {
  std::vector<int64_t> ids(table.vocab);
  std::iota(ids.begin(), ids.end(), 0);
  std::sort(ids.begin(), ids.end(), [&](int64_t a, int64_t b) {
    return tokenCounts[a] != tokenCounts[b] ? tokenCounts[a] > tokenCounts[b]
                                            : a < b;
  });
  ids.resize(std::min(mostFrequent, table.vocab));
  Collisions collisions;
  collisions.ids = static_cast<int64_t>(ids.size());
  std::map<std::vector<int32_t>, int64_t> rows;
  for (int64_t id : ids)
    collisions.pairs += rows[getSortedRow(table, id)]++;
  // One of all sets of k experts.
  double sets = 1;
  for (int64_t j = 0; j < table.k; ++j)
    sets *= static_cast<double>(table.groups - j) / static_cast<double>(j + 1);
  auto count = static_cast<double>(ids.size());
  collisions.expected = count * (count - 1) / 2 / sets;
  return collisions;
}

double measureAgreement(const Table &a, const Table &b) {
  int64_t common = 0;
  std::vector<int32_t> both(a.k);
  for (int64_t id = 0; id < a.vocab; ++id) {
    std::vector<int32_t> one = getSortedRow(a, id), other = getSortedRow(b, id);
    common += std::set_intersection(one.begin(), one.end(), other.begin(),
                                    other.end(), both.begin()) -
              both.begin();
  }
  return static_cast<double>(common) / static_cast<double>(a.entries.size());
}

} // namespace hashc::runtime
