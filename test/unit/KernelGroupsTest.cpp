//===- KernelGroupsTest.cpp - Kernels that layers have in common ----------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/commands/KernelGroups.h"

#include "gtest/gtest.h"

using namespace hashc::runtime;

static KernelSpec make(const std::string &entry, const std::string &path,
                       int64_t bytes = 1) {
  KernelSpec kernel;
  kernel.entry = entry;
  kernel.path = path;
  kernel.op = "map";
  kernel.bytes = bytes;
  return kernel;
}

static std::vector<std::string> showPaths(std::vector<KernelSpec> kernels) {
  std::vector<std::string> paths;
  for (const KernelGroup &group : groupKernels(kernels))
    paths.push_back(group.path + " x" + std::to_string(group.kernels.size()));
  return paths;
}

using Paths = std::vector<std::string>;

TEST(KernelGroups, LayersThatDifferInTheirIndexAreOneLine) {
  EXPECT_EQ(showPaths({make("e", "blocks[0].ffn"), make("e", "blocks[1].ffn"),
                       make("e", "norm"), make("e", "blocks[10].ffn"),
                       make("e", "blocks[2].ffn"), make("e", "blocks[2].ffn")}),
            Paths({"blocks[0-2,10].ffn x5", "norm x1"}));
}

TEST(KernelGroups, OtherWorkIsAnotherLine) {
  EXPECT_EQ(
      showPaths({make("e", "blocks[0].ffn"), make("e", "blocks[1].ffn", 2),
                 make("f", "blocks[2].ffn"), make("e", "blocks[3].norm")}),
      Paths({"blocks[0].ffn x1", "blocks[1].ffn x1", "blocks[2].ffn x1",
             "blocks[3].norm x1"}));
}

TEST(KernelGroups, SeveralIndicesAndNamesWithDigits) {
  EXPECT_EQ(
      showPaths({make("e", "a[0].b[3].ffn_2"), make("e", "a[1].b[3].ffn_2"),
                 make("e", "a[1].b[3].ffn_3"), make("e", "")}),
      Paths({"a[0-1].b[3].ffn_2 x2", "a[1].b[3].ffn_3 x1", " x1"}));
}
