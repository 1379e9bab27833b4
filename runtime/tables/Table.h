//===- Table.h - Routing tables ---------------------------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_RUNTIME_TABLES_TABLE_H
#define HASHC_RUNTIME_TABLES_TABLE_H

#include "runtime/support/DType.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace hashc::runtime {

/// vocab rows of k experts in 0 .. groups-1, distinct within a row. Integers
/// from the builder to the kernel; nothing may convert them.
struct Table {
  std::string name, algorithm;
  int64_t vocab = 0, groups = 0, k = 1;
  std::optional<uint64_t> seed; // of the builder, where one is known
  std::vector<int32_t> entries; // [vocab, k]
  /// FNV-1a of vocab, groups, k (int64) and the entries (int32), little-endian.
  uint64_t getChecksum() const;
};

/// The `tables` entry of the descriptor.
struct TableSettings {
  std::string name, algorithm, file;
  int64_t vocab = 0, groups = 0, k = 1;
  uint64_t seed = 0;
};

/// Choice d of row i is the first draw mix(i, d') mod groups, d' = 0, 1, ...
/// not yet in the row (draw 0 is mix(i)).
Table buildRandom(const TableSettings &settings);
/// The Hash Layers authors' table: Python's random.seed(seed), then
/// randrange(0, groups) for each id.
Table buildPython(const TableSettings &settings);
/// Entry (i, j) is (i + j) mod groups.
Table buildRoundRobin(const TableSettings &settings);
/// Greedy by count; docs/runtime-formats.md has the definition.
Table buildBalanced(const TableSettings &settings,
                    const std::vector<int64_t> &counts);
/// The parts of `file`, "path" or "path#tensor"; "" for a tensor not named.
std::string getTablePath(const TableSettings &settings);
std::string getTensorName(const TableSettings &settings);
/// "path" or "path#tensor": int32 or int64 [vocab, k] or [vocab].
Table loadTable(const TableSettings &settings);

/// Such a tensor as it is in its file, nothing but its type and rank checked.
struct TableTensor {
  std::string what; // for messages
  DType type = DType::i32;
  std::vector<int64_t> storedShape, shape; // the second of rank 2
  std::vector<int64_t> entries;
};
TableTensor readTable(const TableSettings &settings);
/// The table in it, which `settings` say the experts of; checks its entries.
Table makeTable(const TableTensor &tensor, const TableSettings &settings);
/// Writes int32 or int64 [vocab, k] under `name`, which loadTable reads back.
void saveTable(const std::string &path, const Table &table, DType type,
               const std::string &name);

/// A table of the experts `kept`, of which the n-th is number n from now on. An
/// expert that is left out must have no ids, or with `move` each of its ids
/// goes to the expert with the fewest ids (the lowest of equals) not in its
/// row: `what` says of which table that is not so.
Table remapTable(const Table &table, const std::vector<int64_t> &kept,
                 bool move, const std::string &what);

/// Rows of features.
struct Matrix {
  int64_t rows = 0, columns = 0;
  std::vector<double> values;
};
/// The cluster of each point by k-means; docs/runtime-formats.md has the
/// definition. There are at least as many points as clusters.
std::vector<int32_t> findClusters(const Matrix &points, int64_t clusters,
                                  uint64_t seed);
/// The cluster of each token's embedding, which `file` holds.
Table buildClustered(const TableSettings &settings);
/// The same clusters, each dealt out over all experts.
Table buildDispersed(const TableSettings &settings);

/// A table of these settings whose entries are 0; refuses settings that no
/// builder can serve.
Table makeTable(const TableSettings &settings);

/// What `algorithm` can be.
std::vector<std::string> listBuilders();
/// `counts` may be null unless the table is balanced.
Table buildTable(const TableSettings &settings,
                 const std::vector<int64_t> *counts);
bool needsCounts(const TableSettings &settings);

/// Bounds, duplicates in a row, every id on expert 0: UserError naming `what`.
void checkTable(const Table &table, const std::string &what);

/// How evenly tokens fall on experts.
struct Load {
  std::vector<int64_t> counts; // tokens of each expert
  int64_t total = 0;
  double maxOverMean = 0;
  int64_t dead = 0; // experts without a token
};
Load measureLoad(std::vector<int64_t> counts);
/// The load of a table over token counts.
Load measureLoad(const Table &table, const std::vector<int64_t> &tokenCounts);
/// What no table over tokens can beat: max(1, p_max * groups / k).
double getLoadBound(const std::vector<int64_t> &tokenCounts, int64_t groups,
                    int64_t k);
/// Of the experts' shares, in bits: log2 of their number where all are equal.
double getEntropy(const Load &load);
/// How many ids each expert has.
std::vector<int64_t> countIds(const Table &table);

/// Pairs of tokens that share all experts, among those with the largest counts.
struct Collisions {
  int64_t ids = 0, pairs = 0;
  double expected = 0; // of a random table
};
Collisions countCollisions(const Table &table,
                           const std::vector<int64_t> &tokenCounts,
                           int64_t mostFrequent);
/// The mean over ids of the part of a row's experts that both tables name. Two
/// random tables agree in k / groups.
double measureAgreement(const Table &a, const Table &b);

} // namespace hashc::runtime

#endif // HASHC_RUNTIME_TABLES_TABLE_H
