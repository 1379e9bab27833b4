//===- Table.cpp - Routing tables -----------------------------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tables/Table.h"
#include "runtime/support/Error.h"
#include "runtime/support/Hash.h"

#include <algorithm>

namespace hashc::runtime {

uint64_t Table::getChecksum() const {
  int64_t header[] = {vocab, groups, k};
  uint64_t state = fnv64(header, sizeof(header));
  return fnv64(entries.data(), entries.size() * sizeof(int32_t), state);
}

bool needsCounts(const TableSettings &settings) {
  return settings.algorithm == "balanced";
}

Table buildTable(const TableSettings &settings,
                 const std::vector<int64_t> *counts) {
  if (settings.algorithm == "random")
    return buildRandom(settings);
  if (settings.algorithm == "python_random")
    return buildPython(settings);
  if (settings.algorithm == "round_robin")
    return buildRoundRobin(settings);
  if (settings.algorithm == "file")
    return loadTable(settings);
  if (settings.algorithm != "balanced")
    failInput("table '" + settings.name + "': unknown builder '" +
              settings.algorithm +
              "' (known: random, python_random, balanced, round_robin, file)");
  if (!counts)
    failInput("table '" + settings.name +
              "' is balanced over the training text, which is not there; give "
              "the checkpoint it was trained with");
  return buildBalanced(settings, *counts);
}

void checkTable(const Table &table, const std::string &what) {
  auto describe = [&](int64_t row) {
    return what + ": the row of token " + std::to_string(row);
  };
  if (static_cast<int64_t>(table.entries.size()) != table.vocab * table.k)
    failInput(what + " has " + std::to_string(table.entries.size()) +
              " entries, not " + std::to_string(table.vocab) + " x " +
              std::to_string(table.k));
  bool allZero = true;
  for (int64_t row = 0; row < table.vocab; ++row) {
    const int32_t *experts = &table.entries[row * table.k];
    for (int64_t j = 0; j < table.k; ++j) {
      if (experts[j] < 0 || experts[j] >= table.groups)
        failInput(describe(row) + " names expert " +
                  std::to_string(experts[j]) + "; experts are 0 to " +
                  std::to_string(table.groups - 1));
      if (std::find(experts, experts + j, experts[j]) != experts + j)
        failInput(describe(row) + " names expert " +
                  std::to_string(experts[j]) + " twice");
      allZero &= experts[j] == 0;
    }
  }
  if (allZero && table.groups > 1)
    failInput(what + " sends every token to expert 0: it was never filled");
}

} // namespace hashc::runtime
