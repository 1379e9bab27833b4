//===- Load.cpp - How evenly tokens fall on experts -----------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tables/Table.h"

#include <algorithm>

namespace hashc::runtime {

Load measureLoad(std::vector<int64_t> counts) {
  Load load;
  int64_t largest = 0;
  for (int64_t count : counts) {
    load.total += count;
    load.dead += count == 0;
    largest = std::max(largest, count);
  }
  if (load.total > 0)
    load.maxOverMean = static_cast<double>(largest) *
                       static_cast<double>(counts.size()) /
                       static_cast<double>(load.total);
  load.counts = std::move(counts);
  return load;
}

Load measureLoad(const Table &table, const std::vector<int64_t> &tokenCounts) {
  std::vector<int64_t> counts(table.groups);
  for (size_t i = 0; i < table.entries.size(); ++i)
    counts[table.entries[i]] += tokenCounts[i / table.k];
  return measureLoad(std::move(counts));
}

double getLoadBound(const std::vector<int64_t> &tokenCounts, int64_t groups,
                    int64_t k) {
  int64_t total = 0, largest = 0;
  for (int64_t count : tokenCounts) {
    total += count;
    largest = std::max(largest, count);
  }
  if (total == 0)
    return 1;
  double share = static_cast<double>(largest) / static_cast<double>(total);
  return std::max(1.0,
                  share * static_cast<double>(groups) / static_cast<double>(k));
}

} // namespace hashc::runtime
