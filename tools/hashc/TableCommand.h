//===- TableCommand.h - hashc's command for routing tables ------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_TOOLS_HASHC_TABLECOMMAND_H
#define HASHC_TOOLS_HASHC_TABLECOMMAND_H

#include "runtime/tables/Table.h"

namespace hashc {

/// `hashc table build|show|stats|remap ...`; argv[0] is the word `table`.
int runTableCommand(int argc, char **argv);

/// A table with what it is called: its path as it was given.
struct NamedTable {
  std::string what;
  runtime::Table table;
  runtime::DType type = runtime::DType::i32;
};

struct TableStatsOptions {
  int64_t mostFrequent = 100;
  bool json = false;
  std::string plot;
};

/// `counts` is how often each id occurs.
void printTableStats(const std::vector<NamedTable> &tables,
                     const std::vector<int64_t> &counts,
                     const TableStatsOptions &options);

/// The loads as an SVG file: experts from the busiest on, in units of the mean,
/// beside the bound.
void plotTables(const std::vector<NamedTable> &tables,
                const std::vector<int64_t> &counts, const std::string &path);

} // namespace hashc

#endif // HASHC_TOOLS_HASHC_TABLECOMMAND_H
