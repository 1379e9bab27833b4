//===- BreakdownTest.cpp - Bands of token frequency -----------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/commands/Breakdown.h"

#include <gtest/gtest.h>

using namespace hashc::runtime;

static std::vector<int64_t> countIds(const FrequencyBands &bands) {
  std::vector<int64_t> ids;
  for (const FrequencyBands::Band &band : bands.getBands())
    ids.push_back(band.ids);
  return ids;
}

TEST(FrequencyBandsTest, ABandBeginsWhereTheMoreFrequentIdsEnd) {
  // In order: id 1 of share 0, 4 of 0.4, 0 of 0.7, 3 of 0.9; 2 and 5 unseen.
  FrequencyBands bands({20, 40, 0, 10, 30, 0});
  EXPECT_EQ(countIds(bands), (std::vector<int64_t>{2, 1, 0, 1, 2}));
  bands.add(3, 1.5);
  bands.add(3, 2.5);
  EXPECT_EQ(bands.getBands()[3].share.tokens, 2);
  EXPECT_EQ(bands.getBands()[3].share.getLoss(), 2);
}

TEST(FrequencyBandsTest, Extremes) {
  EXPECT_EQ(countIds(FrequencyBands({0, 0})),
            (std::vector<int64_t>{0, 0, 0, 0, 2}));
  EXPECT_EQ(countIds(FrequencyBands({1})),
            (std::vector<int64_t>{1, 0, 0, 0, 0}));
  // Equal counts go by number; an id may skip a band.
  FrequencyBands bands({98, 1, 1});
  EXPECT_EQ(countIds(bands), (std::vector<int64_t>{1, 0, 0, 2, 0}));
}
