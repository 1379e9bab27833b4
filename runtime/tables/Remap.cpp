//===- Remap.cpp - Other numbers for experts ------------------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/support/Error.h"
#include "runtime/tables/Table.h"

#include <algorithm>

namespace hashc::runtime {

/// The new number of each expert, -1 for one that is left out.
static std::vector<int32_t> numberExperts(const Table &table,
                                          const std::vector<int64_t> &kept,
                                          const std::string &what) {
  std::vector<int32_t> numbers(table.groups, -1);
  for (size_t i = 0; i < kept.size(); ++i) {
    std::string expert = "expert " + std::to_string(kept[i]);
    if (kept[i] < 0 || kept[i] >= table.groups)
      failInput(what + " has no " + expert + "; its experts are 0 to " +
                std::to_string(table.groups - 1));
    if (numbers[kept[i]] >= 0)
      failInput(expert + " stands twice among those to keep");
    numbers[kept[i]] = static_cast<int32_t>(i);
  }
  if (static_cast<int64_t>(kept.size()) < table.k)
    failInput(what + " needs " + std::to_string(table.k) +
              " experts for a token; only " + std::to_string(kept.size()) +
              " are kept");
  return numbers;
}

static void refuseUsed(const Table &table, const std::vector<int32_t> &numbers,
                       const std::string &what) {
  std::vector<int64_t> ids = countIds(table);
  for (int64_t expert = 0; expert < table.groups; ++expert)
    if (numbers[expert] < 0 && ids[expert] > 0)
      failInput(what + " still sends " + std::to_string(ids[expert]) +
                " ids to expert " + std::to_string(expert) +
                "; --move deals them to the experts with the fewest ids");
}

Table remapTable(const Table &table, const std::vector<int64_t> &kept,
                 bool move, const std::string &what) {
  std::vector<int32_t> numbers = numberExperts(table, kept, what);
  if (!move)
    refuseUsed(table, numbers, what);
  Table result = table;
  result.groups = static_cast<int64_t>(kept.size());
  result.algorithm = "file";
  result.seed.reset();
  std::vector<int64_t> ids(result.groups);
  for (int32_t &expert : result.entries)
    if ((expert = numbers[expert]) >= 0)
      ++ids[expert];
  for (int64_t id = 0; id < result.vocab; ++id) {
    auto begin = result.entries.begin() + id * result.k;
    auto end = begin + result.k;
    for (auto entry = begin; entry != end; ++entry) {
      if (*entry >= 0)
        continue;
      int32_t fewest = -1;
      for (int32_t expert = 0; expert < result.groups; ++expert)
        if (std::find(begin, end, expert) == end &&
            (fewest < 0 || ids[expert] < ids[fewest]))
          fewest = expert;
      *entry = fewest;
      ++ids[fewest];
    }
  }
  return result;
}

} // namespace hashc::runtime
