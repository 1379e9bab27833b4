//===- SupportTest.cpp - Files, hashes, random numbers, initialisers ------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MixGolden.h"
#include "TempFolder.h"
#include "runtime/support/DType.h"
#include "runtime/support/File.h"
#include "runtime/support/Initialize.h"
#include "runtime/support/Random.h"

#include <cmath>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <set>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace hashc::runtime;
using namespace hashc::runtime::test;

TEST(Hash, GoldenValues) {
  hashc::test::expectGoldenMix(mix);
  EXPECT_EQ(fnv64("hashc"), 0xad2d476948faa9b6ull);
  EXPECT_EQ(toHex(0xad2d476948faa9b6ull), "ad2d476948faa9b6");
}

TEST(Random, GoldenValues) {
  CounterRandom random(0, "tok");
  EXPECT_DOUBLE_EQ(random.uniform(0), 0.5404559431783745);
  EXPECT_DOUBLE_EQ(random.uniform(2), 0.5900207269114961);
  EXPECT_NEAR(random.normal(0), -1.2312656997050033, 1e-14);
  EXPECT_NEAR(random.normal(3), 1.1778582349277904, 1e-14);
}

TEST(Random, NormalMoments) {
  CounterRandom random(1, "w");
  double sum = 0, squares = 0;
  const int count = 100000;
  for (int i = 0; i < count; ++i) {
    double value = random.normal(i);
    sum += value;
    squares += value * value;
  }
  EXPECT_NEAR(sum / count, 0, 0.02);
  EXPECT_NEAR(squares / count, 1, 0.02);
}

TEST(Random, PermutationGolden) {
  CounterPermutation order(20, 3, 1);
  const uint64_t expected[] = {7, 16, 14, 5,  17, 2, 12, 6, 19, 3,
                               9, 1,  18, 10, 15, 8, 11, 4, 0,  13};
  for (uint64_t i = 0; i < 20; ++i)
    EXPECT_EQ(order.at(i), expected[i]);
}

TEST(Random, PermutationIsBijective) {
  for (uint64_t size : {1, 2, 3, 4, 5, 16, 17, 1000, 4097}) {
    CounterPermutation order(size, 42, 7);
    std::set<uint64_t> seen;
    for (uint64_t i = 0; i < size; ++i) {
      EXPECT_LT(order.at(i), size);
      seen.insert(order.at(i));
    }
    EXPECT_EQ(seen.size(), size);
  }
}

TEST(DType, Conversions) {
  const uint16_t halves[] = {0x3c00, 0xc000, 0x0001, 0x7c00, 0x8000};
  double values[5];
  convertFloats(DType::f16, halves, DType::f64, values, 5);
  EXPECT_EQ(values[0], 1);
  EXPECT_EQ(values[1], -2);
  EXPECT_EQ(values[2], 0x1p-24);
  EXPECT_TRUE(std::isinf(values[3]));
  EXPECT_TRUE(std::signbit(values[4]));

  // Ties go to even, NaN stays NaN.
  const float floats[] = {1.00390625f, 1.01171875f, NAN, 383};
  uint16_t narrow[4];
  convertFloats(DType::f32, floats, DType::bf16, narrow, 4);
  EXPECT_EQ(narrow[0], 0x3f80);
  EXPECT_EQ(narrow[1], 0x3f82);
  float back[4];
  convertFloats(DType::bf16, narrow, DType::f32, back, 4);
  EXPECT_TRUE(std::isnan(back[2]));
  EXPECT_EQ(back[3], 384); // why tables are never cast
}

TEST(DType, CountElementsChecksOverflow) {
  EXPECT_EQ(countElements({2, 3, 4}), 24);
  EXPECT_EQ(countElements({}), 1);
  getError([] { countElements({INT64_MAX, 2}); });
  getError([] { countElements({-1}); });
}

TEST(Initialize, ElementsDoNotDependOnShapeOfOthers) {
  std::vector<float> two(2 * 6), four(4 * 6);
  initializeParameter("normal", 0.02, "w", 5, DType::f32, {2, 2, 3},
                      two.data());
  initializeParameter("normal", 0.02, "w", 5, DType::f32, {4, 2, 3},
                      four.data());
  EXPECT_TRUE(std::equal(two.begin(), two.end(), four.begin()));
  CounterRandom random(5, "w");
  EXPECT_EQ(two[7], static_cast<float>(0.02 * random.normal(7)));
}

TEST(Initialize, XavierBoundIsOneExperts) {
  std::vector<double> values(3 * 20 * 30);
  initializeParameter("xavier", 1, "w", 0, DType::f64, {3, 20, 30},
                      values.data());
  double largest = 0, bound = std::sqrt(6.0 / 50);
  for (double value : values)
    largest = std::max(largest, std::abs(value));
  EXPECT_LE(largest, bound);
  EXPECT_GT(largest, 0.98 * bound);
}

TEST(Initialize, OrthogonalForEachExpert) {
  for (auto shape : {std::pair{6, 4}, {4, 6}, {5, 5}}) {
    int rows = shape.first, columns = shape.second;
    std::vector<double> values(2 * rows * columns);
    initializeParameter("orthogonal", 2, "w", 0, DType::f64, {2, rows, columns},
                        values.data());
    bool byRow = rows <= columns;
    int count = std::min(rows, columns), length = std::max(rows, columns);
    for (int e = 0; e < 2; ++e) {
      for (int i = 0; i < count; ++i) {
        for (int j = 0; j < count; ++j) {
          double sum = 0;
          for (int k = 0; k < length; ++k) {
            auto at = [&](int v) {
              return values[e * rows * columns +
                            (byRow ? v * columns + k : k * columns + v)];
            };
            sum += at(i) * at(j);
          }
          EXPECT_NEAR(sum, i == j ? 4 : 0, 1e-12);
        }
      }
    }
  }
}

TEST(File, MissingFolderAndFile) {
  TempFolder folder;
  EXPECT_PRED2(contains, getError([&] { MappedFile::open(folder / "no"); }),
               "there is no file");
  EXPECT_PRED2(contains, getError([&] { MappedFile::open(folder.getPath()); }),
               "is a folder");
  EXPECT_EQ(MappedFile::open(folder.write("e", ""))->size(), 0u);
}

TEST(File, AtomicWriteReplacesWhole) {
  TempFolder folder;
  std::string path = folder.write("f", "old");
  {
    AtomicFile file(path);
    file.write("half of the n");
    EXPECT_EQ(readFile(path), "old");
  }
  EXPECT_EQ(readFile(path), "old");
  EXPECT_EQ(listFiles(folder.getPath()).size(), 1u);
  writeFileAtomically(path, "new");
  EXPECT_EQ(readFile(path), "new");
  EXPECT_EQ(listFiles(folder.getPath()).size(), 1u);
}

TEST(File, AKillLeavesNoHalfFile) {
  TempFolder folder;
  if (int probe = open(folder.getPath().c_str(), O_TMPFILE | O_WRONLY, 0600);
      probe >= 0)
    close(probe);
  else
    GTEST_SKIP() << "no nameless files on this file system";
  pid_t child = fork();
  if (child == 0) {
    AtomicFile file(folder / "f");
    file.write(std::string(3 << 20, 'x'));
    raise(SIGKILL);
  }
  waitpid(child, nullptr, 0);
  EXPECT_TRUE(listFiles(folder.getPath()).empty());
}

TEST(File, LinksStayLinks) {
  TempFolder folder;
  std::string path = folder.write("f", "old");
  std::filesystem::create_symlink("f", folder / "link");
  writeFileAtomically(folder / "link", "new");
  EXPECT_TRUE(std::filesystem::is_symlink(folder / "link"));
  EXPECT_EQ(readFile(path), "new");
}

TEST(File, DevicesAreWrittenNotReplaced) {
  TempFolder folder;
  std::string path = folder / "pipe";
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  int reader = open(path.c_str(), O_RDONLY | O_NONBLOCK);
  writeFileAtomically(path, "text");
  char text[8] = {};
  EXPECT_EQ(read(reader, text, sizeof(text)), 4);
  EXPECT_STREQ(text, "text");
  close(reader);
  EXPECT_TRUE(std::filesystem::is_fifo(path));
  EXPECT_PRED2(contains,
               getError([&] { writeFileAtomically(folder.getPath(), "x"); },
                        ExitCode::environment),
               "Is a directory");
}

TEST(File, UnwritableFolder) {
  TempFolder folder;
  std::string path = folder.write("f", "x");
  // A file where a folder is needed fails for every user, root included.
  EXPECT_PRED2(contains,
               getError([&] { writeFileAtomically(path + "/g", "y"); },
                        ExitCode::environment),
               "cannot write");
  EXPECT_PRED2(
      contains,
      getError([&] { makeDirectories(path + "/g"); }, ExitCode::environment),
      "cannot make folder");
}

TEST(File, FullDiskKeepsTheOldFile) {
  TempFolder folder;
  std::string path = folder.write("f", "old");
  {
    SmallDisk disk(4096);
    EXPECT_PRED2(
        contains,
        getError([&] { writeFileAtomically(path, std::string(10000, 'x')); },
                 ExitCode::environment),
        "cannot write");
  }
  EXPECT_EQ(readFile(path), "old");
  EXPECT_EQ(listFiles(folder.getPath()).size(), 1u);
}

TEST(Error, NearestName) {
  EXPECT_EQ(nearestName("blocks[3].fnn.w", {"blocks[3].ffn.w", "tok"}),
            "blocks[3].ffn.w");
  EXPECT_EQ(nearestName("completely", {"different", "things"}), "");
}
