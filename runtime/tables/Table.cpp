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
