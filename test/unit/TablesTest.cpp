//===- TablesTest.cpp - Routing tables ------------------------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TempFolder.h"
#include "runtime/checkpoint/Safetensors.h"
#include "runtime/support/Hash.h"
#include "runtime/tables/Table.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <numeric>

using namespace hashc::runtime;
using namespace hashc::runtime::test;

static TableSettings makeSettings(const std::string &algorithm, int64_t vocab,
                                  int64_t groups, int64_t k = 1,
                                  uint64_t seed = 0) {
  return {"t", algorithm, "", vocab, groups, k, seed};
}

using Entries = std::vector<int32_t>;
static std::vector<int64_t> getCounts() {
  return {5, 0, 9, 1, 7, 7, 0, 3, 2, 0, 4, 6, 0, 0, 1, 8};
}

TEST(Tables, RandomGolden) {
  EXPECT_EQ(
      buildRandom(makeSettings("random", 16, 64)).entries,
      (Entries{63, 56, 60, 57, 60, 58, 48, 1, 9, 21, 61, 6, 58, 11, 10, 31}));
  EXPECT_EQ(
      buildRandom(makeSettings("random", 16, 32, 1, 7)).entries,
      (Entries{15, 6, 16, 29, 14, 12, 3, 10, 25, 31, 31, 17, 22, 15, 14, 9}));
  EXPECT_EQ(buildRandom(makeSettings("random", 6, 8, 3, 5)).entries,
            (Entries{1, 7, 3, 7, 2, 6, 2, 1, 7, 2, 4, 5, 7, 6, 5, 0, 3, 1}));
}

TEST(Tables, PythonGolden) {
  EXPECT_EQ(buildPython(makeSettings("python_random", 16, 32, 1, 42)).entries,
            (Entries{7, 1, 17, 15, 14, 8, 6, 5, 27, 2, 1, 5, 13, 14, 1, 12}));
  EXPECT_EQ(
      buildPython(makeSettings("python_random", 16, 64, 1, 42)).entries,
      (Entries{14, 3, 35, 31, 28, 17, 13, 11, 54, 4, 3, 11, 27, 29, 3, 25}));
  EXPECT_EQ(buildPython(makeSettings("python_random", 12, 10, 1,
                                     (uint64_t(1) << 40) + 3))
                .entries,
            (Entries{3, 0, 8, 1, 9, 4, 6, 3, 7, 8, 8, 5}));
  Entries many =
      buildPython(makeSettings("python_random", 1000, 33, 1, 0)).entries;
  EXPECT_EQ(Entries(many.end() - 6, many.end()),
            (Entries{19, 18, 30, 2, 16, 2}));
}

TEST(Tables, BalancedGolden) {
  EXPECT_EQ(buildBalanced(makeSettings("balanced", 16, 4), getCounts()).entries,
            (Entries{3, 2, 0, 1, 2, 3, 0, 0, 0, 1, 1, 2, 2, 3, 3, 1}));
  EXPECT_EQ(
      buildBalanced(makeSettings("balanced", 16, 4, 1, 1), getCounts()).entries,
      (Entries{1, 0, 2, 3, 3, 0, 1, 2, 3, 0, 3, 0, 1, 2, 2, 1}));
  EXPECT_EQ(
      buildBalanced(makeSettings("balanced", 16, 4, 2), getCounts()).entries,
      (Entries{0, 1, 2, 3, 0, 1, 0, 1, 2, 3, 0, 1, 0, 1, 2, 3,
               2, 3, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3}));
}

/// Row i's feature j is mix(i, j) mod 1000, in eighths.
static Matrix makePoints(int64_t rows, int64_t columns) {
  Matrix points = {rows, columns, {}};
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j)
      points.values.push_back(
          static_cast<double>(
              mix({static_cast<uint64_t>(i), static_cast<uint64_t>(j)}, 0) %
              1000) /
          8);
  return points;
}

TEST(Clusters, Golden) {
  EXPECT_EQ(findClusters(makePoints(16, 3), 4, 0),
            (Entries{2, 0, 3, 3, 1, 2, 0, 0, 2, 0, 3, 1, 0, 1, 2, 0}));
  EXPECT_EQ(findClusters(makePoints(16, 3), 4, 1),
            (Entries{3, 0, 3, 0, 3, 3, 2, 2, 3, 0, 0, 2, 1, 1, 3, 0}));
  EXPECT_EQ(findClusters(makePoints(16, 3), 1, 0), Entries(16, 0));
}

TEST(Clusters, NoneIsEmpty) {
  Matrix few = {9, 2, {}};
  for (int64_t i = 0; i < 9; ++i)
    few.values.insert(few.values.end(), {static_cast<double>(i % 3), 1.0});
  EXPECT_EQ(findClusters(few, 5, 0), (Entries{2, 4, 1, 0, 3, 1, 0, 3, 1}));
  // As many clusters as points, and more than one vector of them.
  Entries all = findClusters(makePoints(19, 2), 19, 3);
  std::sort(all.begin(), all.end());
  Entries expected(19);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(all, expected);
}

TEST(Clusters, FastEnough) {
  Matrix points = makePoints(4096, 64);
  auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(findClusters(points, 64, 0).size(), 4096);
  // Generous: a loaded machine or a sanitizer must not fail the test.
  EXPECT_LT(
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin)
          .count(),
      60);
}

TEST(Tables, RoundRobin) {
  EXPECT_EQ(buildRoundRobin(makeSettings("round_robin", 4, 3, 2)).entries,
            (Entries{0, 1, 1, 2, 2, 0, 0, 1}));
}

/// Zipf counts: p_max is 8.8 % for 50257 ids.
static std::vector<int64_t> makeZipf(int64_t vocab) {
  std::vector<int64_t> counts(vocab);
  for (int64_t i = 0; i < vocab; ++i)
    counts[i] = static_cast<int64_t>(1e9 / static_cast<double>(i + 1));
  return counts;
}

TEST(Tables, BalancedReachesTheBound) {
  std::vector<int64_t> counts = makeZipf(50257);
  const double bounds[] = {1.40, 2.81, 5.61, 11.23};
  for (int i = 0; i < 4; ++i) {
    int64_t groups = 16 << i;
    Table table =
        buildBalanced(makeSettings("balanced", 50257, groups), counts);
    EXPECT_NEAR(getLoadBound(counts, groups, 1), bounds[i], 0.01);
    EXPECT_NEAR(measureLoad(table, counts).maxOverMean, bounds[i], 0.01);
  }
}

/// What chance adds to the bound.
TEST(Tables, RandomLoads) {
  std::vector<int64_t> counts = makeZipf(50257);
  const double loads[] = {2.135, 3.602, 6.138, 11.750};
  for (int i = 0; i < 4; ++i) {
    Table table = buildRandom(makeSettings("random", 50257, 16 << i));
    EXPECT_NEAR(measureLoad(table, counts).maxOverMean, loads[i], 0.001);
  }
}

TEST(Tables, UnseenIdsSpreadEvenly) {
  std::vector<int64_t> counts(1000);
  counts[3] = 100;
  counts[7] = 1;
  Table table = buildBalanced(makeSettings("balanced", 1000, 8), counts);
  std::vector<int64_t> ids(8);
  for (int32_t expert : table.entries)
    ++ids[expert];
  for (int64_t count : ids)
    EXPECT_EQ(count, 125);
}

TEST(Tables, SeedsChangeBalancedTables) {
  std::vector<int64_t> counts = makeZipf(4096);
  auto build = [&](uint64_t seed) {
    return buildBalanced(makeSettings("balanced", 4096, 32, 1, seed), counts);
  };
  EXPECT_NE(build(0).entries, build(1).entries);
  EXPECT_NE(build(1).entries, build(2).entries);
  EXPECT_EQ(build(2).entries, build(2).entries);
  EXPECT_NEAR(measureLoad(build(2), counts).maxOverMean,
              getLoadBound(counts, 32, 1), 0.05);
}

// Bug 8 of e2e/routing.test.
TEST(Tables, Fast) {
  using Clock = std::chrono::steady_clock;
  auto measure = [](auto run) {
    auto begin = Clock::now();
    run();
    return std::chrono::duration<double>(Clock::now() - begin).count();
  };
  std::vector<int64_t> counts = makeZipf(129280);
  // Generous: a loaded machine or a sanitizer must not fail the test.
  EXPECT_LT(
      measure([&] { buildRandom(makeSettings("random", 129280, 256, 6)); }), 2);
  EXPECT_LT(measure([&] {
              buildBalanced(makeSettings("balanced", 129280, 256, 6), counts);
            }),
            5);
}

TEST(Tables, LoadCounts) {
  Load load = measureLoad(std::vector<int64_t>{6, 0, 2});
  EXPECT_EQ(load.total, 8);
  EXPECT_EQ(load.dead, 1);
  EXPECT_DOUBLE_EQ(load.maxOverMean, 6 / (8.0 / 3));
  EXPECT_EQ(measureLoad(std::vector<int64_t>{0, 0}).maxOverMean, 0);
}

TEST(Tables, EntropyAndCollisions) {
  EXPECT_DOUBLE_EQ(getEntropy(measureLoad(std::vector<int64_t>{2, 2, 0, 4})),
                   1.5);
  EXPECT_EQ(getEntropy(measureLoad(std::vector<int64_t>{0, 0})), 0);
  Table table;
  table.vocab = 4;
  table.groups = 3;
  table.k = 2;
  table.entries = {0, 1, 1, 0, 2, 0, 0, 1}; // 0, 1 and 3 share both experts
  std::vector<int64_t> counts = {5, 1, 7, 9};
  EXPECT_EQ(countCollisions(table, counts, 100).pairs, 3);
  EXPECT_DOUBLE_EQ(countCollisions(table, counts, 100).expected, 2);
  EXPECT_EQ(countCollisions(table, counts, 2).pairs, 0); // 3 and 2
  EXPECT_EQ(countCollisions(table, counts, 3).pairs, 1);
  Table other = table;
  other.entries = {1, 0, 2, 0, 1, 2, 1, 0};
  EXPECT_DOUBLE_EQ(measureAgreement(table, other), 6.0 / 8);
}

TEST(Tables, Remap) {
  Table table;
  table.vocab = 3;
  table.groups = 4;
  table.k = 2;
  table.entries = {0, 3, 3, 1, 0, 1};
  Table same = remapTable(table, {3, 1, 0}, false, "t");
  EXPECT_EQ(same.entries, (Entries{2, 0, 0, 1, 2, 1}));
  EXPECT_EQ(same.groups, 3);
  EXPECT_PRED2(contains,
               getError([&] { remapTable(table, {0, 1, 2}, false, "t"); }),
               "t still sends 2 ids to expert 3");
  // 2 has the fewest ids; then 1 and 2 have as many, but the row has 1.
  EXPECT_EQ(remapTable(table, {0, 1, 2}, true, "t").entries,
            (Entries{0, 2, 2, 1, 0, 1}));
  getError([&] { remapTable(table, {0}, true, "t"); });
  getError([&] { remapTable(table, {0, 0, 3, 1}, true, "t"); });
  getError([&] { remapTable(table, {0, 1, 3, 4}, true, "t"); });
}

TEST(Tables, ChecksumTellsTablesApart) {
  Table table = buildRandom(makeSettings("random", 16, 64));
  uint64_t before = table.getChecksum();
  table.entries[3] ^= 1;
  EXPECT_NE(table.getChecksum(), before);
  table.entries[3] ^= 1;
  table.groups = 65;
  EXPECT_NE(table.getChecksum(), before);
}

TEST(Tables, BadSettings) {
  getError([] { buildRandom(makeSettings("random", 4, 2, 3)); });
  EXPECT_PRED2(contains, getError([] {
                 buildTable(makeSettings("sorted", 4, 2), nullptr);
               }),
               "unknown builder 'sorted'");
  EXPECT_PRED2(contains, getError([] {
                 buildTable(makeSettings("balanced", 4, 2), nullptr);
               }),
               "balanced over the training text");
}

namespace {
class TableFile : public ::testing::Test {
protected:
  /// Writes a table file with one tensor.
  template <typename T>
  std::string write(DType type, std::vector<int64_t> shape,
                    std::vector<T> values,
                    const std::string &name = "gate.tid2eid") {
    std::string path = folder / "table.safetensors";
    TensorSource source = {name, type, shape, [&](void *target) {
                             std::memcpy(target, values.data(),
                                         values.size() * sizeof(T));
                           }};
    writeSafetensors(path, {}, {source});
    return path;
  }
  Table load(const std::string &file, int64_t vocab, int64_t groups,
             int64_t k) {
    TableSettings settings = makeSettings("file", vocab, groups, k);
    settings.file = file;
    return loadTable(settings);
  }
  TempFolder folder;
};
} // namespace

// Bug 5 of e2e/routing.test.
TEST_F(TableFile, BothIntegerTypes) {
  Entries expected = {0, 1, 2, 0, 1, 2};
  std::string narrow = write<int32_t>(DType::i32, {3, 2}, expected);
  EXPECT_EQ(load(narrow, 3, 3, 2).entries, expected);
  EXPECT_EQ(load(narrow + "#gate.tid2eid", 3, 3, 2).entries, expected);
  std::string wide = write<int64_t>(DType::i64, {3, 2}, {0, 1, 2, 0, 1, 2});
  EXPECT_EQ(load(wide, 3, 3, 2).entries, expected);
  std::string flat = write<int64_t>(DType::i64, {3}, {2, 1, 0});
  EXPECT_EQ(load(flat, 3, 3, 1).entries, (Entries{2, 1, 0}));
}

TEST_F(TableFile, Embeddings) {
  std::vector<float> values;
  for (double value : makePoints(16, 3).values)
    values.push_back(static_cast<float>(value));
  TableSettings settings = makeSettings("clustered", 16, 4);
  settings.file = write<float>(DType::f32, {16, 3}, values, "model.embedding");
  auto build = [&] { return buildTable(settings, nullptr).entries; };
  EXPECT_EQ(build(), findClusters(makePoints(16, 3), 4, 0));
  settings.algorithm = "dispersed";
  EXPECT_EQ(build(), (Entries{1, 0, 1, 2, 2, 2, 1, 2, 3, 3, 3, 3, 0, 0, 0, 1}));
  settings.file += "#model.embedding";
  EXPECT_EQ(build().size(), 16);

  auto refuse = [&](const std::string &file, const std::string &part) {
    settings.file = file;
    EXPECT_PRED2(contains, getError([&] { build(); }), part);
  };
  refuse(folder / "table.safetensors#embeding", "no tensor 'embeding'");
  refuse(folder / "none.safetensors", "there is no file");
  refuse(write<float>(DType::f32, {16, 3}, values, "wte"),
         "no matrix of 16 rows called embedding; choose one of wte as \"" +
             (folder / "table.safetensors") + "#NAME\"");
  EXPECT_EQ((settings.file += "#wte", build().size()), 16);
  refuse(write<float>(DType::f32, {3, 16}, values, "embedding"),
         "has no embeddings of 16 rows");
  refuse(folder / "table.safetensors#embedding",
         "is f32 [3, 16]; embeddings are floats with 16 rows");
  values[7] = std::numeric_limits<float>::infinity();
  refuse(write<float>(DType::f32, {16, 3}, values, "embedding"),
         "is not finite in the row of token 2");
  settings.groups = 17;
  refuse(settings.file, "16 tokens have no 17 clusters");
  settings.groups = 4;
  settings.k = 2;
  refuse(settings.file, "clusters give a token one expert, not 2");
}

// Bugs 2, 4 and 10 of e2e/routing.test.
TEST_F(TableFile, Refusals) {
  auto refuse = [&](const std::string &path, int64_t vocab, int64_t groups,
                    int64_t k, const std::string &part) {
    EXPECT_PRED2(contains, getError([&] { load(path, vocab, groups, k); }),
                 part);
  };
  refuse(write<float>(DType::f32, {2, 1}, {0, 1}), 2, 2, 1,
         "is of type f32; expert numbers must be stored as i32 or i64");
  refuse(write<int32_t>(DType::i32, {2, 1}, {0, 2}), 2, 2, 1,
         "the row of token 1 names expert 2; experts are 0 to 1");
  refuse(write<int32_t>(DType::i32, {2, 1}, {0, -1}), 2, 2, 1, "expert -1");
  // 2^32 must not wrap around to 0.
  refuse(write<int64_t>(DType::i64, {2, 1}, {1, int64_t(1) << 32}), 2, 2, 1,
         "expert 4294967296");
  refuse(write<int32_t>(DType::i32, {2, 2}, {0, 1, 1, 1}), 2, 2, 2,
         "names expert 1 twice");
  refuse(write<int32_t>(DType::i32, {2, 1}, {0, 0}), 2, 2, 1,
         "sends every token to expert 0");
  refuse(write<int32_t>(DType::i32, {2, 1}, {0, 1}), 3, 2, 1,
         "has shape [2, 1], but the model's has [3, 1]");
  refuse(write<int32_t>(DType::i32, {2, 1}, {0, 1}) + "#gate.tid2eie", 2, 2, 1,
         "the nearest name is 'gate.tid2eid'");
  refuse(folder / "none.safetensors", 2, 2, 1, "there is no file");
}
