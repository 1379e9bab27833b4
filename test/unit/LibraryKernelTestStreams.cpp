//===- LibraryKernelTestStreams.cpp - Token streams, tables and plans -----===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LibraryKernelTest.h"
#include "MixGolden.h"

using namespace hashc::test;

namespace {

using Words = std::vector<int32_t>;
using LongWords = std::vector<int64_t>;

template <typename T> std::vector<T> read(const Guarded<T> &buffer) {
  return {buffer.data(), buffer.data() + buffer.size()};
}

TEST(LibraryStreams, PrevStaysInItsDocument) {
  Guarded<int32_t> tokens = {10, 11, 12, -1, 14, 20, 21, 22, 23, 24};
  Guarded<int32_t> starts = {0, 0, 2, 2, 2, 0, 0, 0, 3, 3};
  auto getPrev = [&](int64_t distance) {
    Guarded<int32_t> out(10);
    hash_prev(0, tokens.data(), starts.data(), out.data(), 10, 5, distance, 7);
    return read(out);
  };
  EXPECT_EQ(getPrev(1), Words({7, 10, 7, -1, -1, 7, 20, 21, 7, 23}));
  EXPECT_EQ(getPrev(2), Words({7, 7, 7, -1, 12, 7, 7, 20, 7, 7}));
  EXPECT_EQ(getPrev(0), Words({10, 11, 12, -1, 14, 20, 21, 22, 23, 24}));
  EXPECT_EQ(getPrev(100), Words({7, 7, 7, -1, 7, 7, 7, 7, 7, 7}));
}

TEST(LibraryStreams, NextIsTheTarget) {
  Guarded<int32_t> targets = {11, -1, 13, -1}, out(4);
  hash_next(0, targets.data(), out.data(), 4);
  EXPECT_EQ(read(out), Words({11, -1, 13, -1}));
  Guarded<int32_t> one = {5}, single(1);
  hash_next(0, one.data(), single.data(), 1);
  EXPECT_EQ(read(single), Words({5}));
}

TEST(LibraryStreams, PositionInWindowOrDocument) {
  Guarded<int32_t> starts = {0, 0, 2, 2, 0, 1, 1, 1};
  Guarded<int32_t> inWindow(8), inDocument(8);
  hash_position(0, starts.data(), inWindow.data(), 8, 4, 0);
  hash_position(0, starts.data(), inDocument.data(), 8, 4, 1);
  EXPECT_EQ(read(inWindow), Words({0, 1, 2, 3, 0, 1, 2, 3}));
  EXPECT_EQ(read(inDocument), Words({0, 1, 0, 1, 0, 0, 1, 2}));
}

TEST(LibraryStreams, MixIsTheDocumentedHash) {
  auto mix = [](std::initializer_list<uint64_t> values, uint64_t seed) {
    Guarded<int64_t> out(3);
    hash_mix_start(0, out.data(), 3, static_cast<int64_t>(seed));
    for (uint64_t word : values) {
      auto value = static_cast<int64_t>(word);
      Guarded<int64_t> rows = {value, value, value};
      hash_mix_absorb(0, rows.data(), out.data(), 3);
    }
    hash_mix_finish(0, out.data(), 3);
    EXPECT_EQ(out[0], out[1]);
    EXPECT_EQ(out[0], out[2]);
    return static_cast<uint64_t>(out[0]);
  };
  expectGoldenMix(mix);
}

// Bug 9 of e2e/routing.test.
TEST(LibraryStreams, ModuloIsNeverNegative) {
  constexpr int64_t lowest = std::numeric_limits<int64_t>::min();
  constexpr int64_t highest = std::numeric_limits<int64_t>::max();
  Guarded<int64_t> values = {-8, -7, -1, 0, 1, 7, 8, lowest, highest};
  Guarded<int64_t> out(9);
  hash_modulo(0, values.data(), out.data(), 9, 7);
  EXPECT_EQ(read(out), LongWords({6, 0, 6, 0, 1, 0, 1, 6, 0}));
  hash_modulo(0, values.data(), out.data(), 9, 1);
  EXPECT_EQ(read(out), LongWords(9, 0));
  hash_modulo(0, values.data(), out.data(), 9, highest);
  EXPECT_EQ(out[7], highest - 1);
  EXPECT_EQ(out[8], 0);
}

// Bug 2 of e2e/routing.test.
TEST(LibraryStreams, TablesMapMaskedKeysToNoExpert) {
  Guarded<int32_t> table = {5, 6, 1, 2, 3, 4};
  Guarded<int32_t> keys = {2, -1, 0};
  Guarded<int64_t> longKeys = {2, -1, 0};
  Guarded<int32_t> out(6), other(6), single(3);
  hash_table_lookup_i32(0, keys.data(), table.data(), out.data(), 3, 3, 2);
  hash_table_lookup_i64(0, longKeys.data(), table.data(), other.data(), 3, 3,
                        2);
  EXPECT_EQ(read(out), Words({3, 4, -1, -1, 5, 6}));
  EXPECT_EQ(read(other), read(out));
  hash_table_lookup_i32(0, keys.data(), table.data(), single.data(), 3, 6, 1);
  EXPECT_EQ(read(single), Words({1, -1, 5}));
}

// Bug 2 of e2e/routing.test.
TEST(LibraryStreams, KeysOutOfRangeStopTheProgram) {
  Guarded<int32_t> table = {0, 1, 2}, out(1);
  for (int32_t key : {3, -2, std::numeric_limits<int32_t>::max()}) {
    Guarded<int32_t> keys = {key};
    Guarded<int64_t> longKeys = {key};
    std::string message = "error 2: " + std::to_string(key) + " of 3";
    EXPECT_EXIT(hash_table_lookup_i32(0, keys.data(), table.data(), out.data(),
                                      1, 3, 1),
                testing::ExitedWithCode(3), message);
    EXPECT_EXIT(hash_table_lookup_i64(0, longKeys.data(), table.data(),
                                      out.data(), 1, 3, 1),
                testing::ExitedWithCode(3), message);
  }
  // The lower half of this key would be in range.
  Guarded<int64_t> wide = {int64_t(1) << 32};
  EXPECT_EXIT(
      hash_table_lookup_i64(0, wide.data(), table.data(), out.data(), 1, 3, 1),
      testing::ExitedWithCode(3), "error 2: 4294967296 of 3");
}

TEST(LibraryStreams, EveryHashHasExpertsOfItsOwn) {
  Guarded<int32_t> first = {3, -1, 0}, second = {2, -1, 3}, out(6);
  hash_choice(0, first.data(), out.data(), 3, 2, 0, 4);
  hash_choice(0, second.data(), out.data(), 3, 2, 1, 4);
  EXPECT_EQ(read(out), Words({3, 6, -1, -1, 0, 7}));
  // Of another hash's experts it has none.
  for (int32_t expert : {4, -2}) {
    Guarded<int32_t> wrong = {expert};
    EXPECT_EXIT(hash_choice(0, wrong.data(), out.data(), 1, 2, 0, 4),
                testing::ExitedWithCode(3),
                "error 1: " + std::to_string(expert) + " of 4");
  }
}

TEST(LibraryStreams, RowAtCopiesOneRow) {
  Guarded<int32_t> values = {0, 1, 2, 3, 4, 5}, index = {1}, out(3);
  Guarded<int64_t> longValues = {0, int64_t(1) << 40, 2, 3, 4, 5}, longOut(2);
  hash_row_at_i32(0, values.data(), index.data(), out.data(), 3);
  EXPECT_EQ(read(out), Words({3, 4, 5}));
  index[0] = 0;
  hash_row_at_i64(0, longValues.data(), index.data(), longOut.data(), 2);
  EXPECT_EQ(read(longOut), LongWords({0, int64_t(1) << 40}));
}

//===----------------------------------------------------------------------===//
// Plans
//===----------------------------------------------------------------------===//

/// The plan by sorting the slots by group, then by number.
Words sortSlots(const Guarded<int32_t> &experts, const Guarded<int32_t> &tokens,
                int64_t k, int32_t groups) {
  int64_t slots = experts.size();
  auto groupOf = [&](int32_t slot) {
    bool dead = tokens[slot / k] < 0 || experts[slot] < 0;
    return dead ? groups : experts[slot];
  };
  Words order(slots), plan;
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
    return std::pair(groupOf(a), a) < std::pair(groupOf(b), b);
  });
  for (int32_t g = 0; g <= groups; ++g)
    plan.push_back(
        int32_t(std::count_if(order.begin(), order.end(), [&](int32_t slot) {
          return groupOf(slot) < g;
        })));
  plan.insert(plan.end(), order.begin(), order.end());
  Words positions(slots);
  for (int64_t i = 0; i < slots; ++i)
    positions[order[i]] = int32_t(i);
  plan.insert(plan.end(), positions.begin(), positions.end());
  return plan;
}

void expectPlan(const Guarded<int32_t> &experts, const Guarded<int32_t> &tokens,
                int64_t k, int32_t groups) {
  int64_t slots = experts.size();
  Words sorted = sortSlots(experts, tokens, k, groups);
  // With fewer positions the last slots have none.
  int64_t live = sorted[groups];
  for (int64_t room : {slots, std::max<int64_t>(1, (live + slots) / 2),
                       std::max<int64_t>(1, live)}) {
    Guarded<int32_t> plan(groups + 1 + room + slots);
    hash_plan(0, experts.data(), tokens.data(), plan.data(), tokens.size(), k,
              groups, room);
    auto positions = sorted.begin() + groups + 1 + slots;
    Words want(sorted.begin(), sorted.begin() + groups + 1 + room);
    std::transform(
        positions, sorted.end(), std::back_inserter(want),
        [&](int32_t position) { return std::min(position, int32_t(room)); });
    EXPECT_EQ(read(plan), want);
  }
}

TEST(LibraryPlans, AreAStableSort) {
  std::mt19937 random(71);
  for (int64_t count : {1, 2, 63, 64, 65, 500})
    for (int64_t k : {1, 2, 6})
      for (int32_t groups : {1, 2, 7, 64}) {
        Guarded<int32_t> tokens(count), experts(count * k);
        for (int64_t t = 0; t < count; ++t)
          tokens[t] = random() % 5 ? int32_t(t) : -1;
        for (int64_t slot = 0; slot < count * k; ++slot)
          experts[slot] = random() % 7 ? int32_t(random() % groups) : -1;
        expectPlan(experts, tokens, k, groups);
      }
}

TEST(LibraryPlans, OfOneExpertOfNoneAndOfMaskedRows) {
  Guarded<int32_t> all = {1, 1, 1, 1}, none = {-1, -1, -1, -1};
  Guarded<int32_t> first = {0, 0, 0, 0}, last = {8, 8, 8, 8};
  for (const Guarded<int32_t> *tokens : {&all, &none}) {
    expectPlan(first, *tokens, 1, 1);
    expectPlan(first, *tokens, 1, 9);
    expectPlan(last, *tokens, 1, 9);
    expectPlan(none, *tokens, 1, 9);
  }
}

TEST(LibraryPlans, ExpertsOutOfRangeStopTheProgram) {
  Guarded<int32_t> tokens = {0, 1}, plan(3 + 4);
  for (int32_t expert : {2, -2, std::numeric_limits<int32_t>::max()}) {
    Guarded<int32_t> experts = {0, expert};
    EXPECT_EXIT(
        hash_plan(0, experts.data(), tokens.data(), plan.data(), 2, 1, 2, 2),
        testing::ExitedWithCode(3),
        "error 1: " + std::to_string(expert) + " of 2");
  }
}

TEST(LibraryPlans, ExpertsOfMaskedTokensAreNotLookedAt) {
  Guarded<int32_t> tokens = {0, -1}, experts = {0, 99}, plan(3 + 4);
  hash_plan(0, experts.data(), tokens.data(), plan.data(), 2, 1, 2, 2);
  EXPECT_EQ(read(plan), Words({0, 1, 1, 0, 1, 0, 1}));
}

TEST(LibraryPlans, MoreChoicesThanPositionsStopTheProgram) {
  Guarded<int32_t> tokens = {0, 1, 2}, experts = {0, 1, 0}, plan(3 + 2 + 3);
  EXPECT_EXIT(
      hash_plan(0, experts.data(), tokens.data(), plan.data(), 3, 1, 2, 2),
      testing::ExitedWithCode(3), "error 5: 3 of 3");
}

} // namespace
