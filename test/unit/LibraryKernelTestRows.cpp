//===- LibraryKernelTestRows.cpp - Embeddings and sums over rows ----------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LibraryKernelTest.h"

using namespace hashc::test;

namespace {

template <typename S> class LibraryRows : public testing::Test {};
TYPED_TEST_SUITE(LibraryRows, StorageTypes);

struct Shape {
  int64_t rows, width;
};
const Shape kShapes[] = {{1, 1},   {1, 17}, {63, 8},  {64, 7},
                         {65, 33}, {5, 64}, {3, 130}, {200, 16}};

/// Ids below a vocabulary; every fifth row is masked.
Guarded<int32_t> makeIds(int64_t rows, int64_t vocab, uint32_t seed) {
  std::mt19937 random(seed);
  Guarded<int32_t> ids(rows);
  for (int64_t r = 0; r < rows; ++r)
    ids[r] = r % 5 == 3 ? -1 : int32_t(random() % vocab);
  ids[0] = int32_t(vocab - 1);
  return ids;
}

TYPED_TEST(LibraryRows, EmbeddingCopiesRows) {
  using S = TypeParam;
  std::mt19937 random(61);
  for (const Shape &shape : kShapes)
    for (int64_t vocab : {1, 2, 11}) {
      int64_t rows = shape.rows, width = shape.width;
      Guarded<int32_t> ids = makeIds(rows, vocab, 62);
      auto weight = makeRandom<Compute<S>>(vocab * width, random);
      Guarded<S> out(rows * width);
      runTasks(divideUp(rows, 3), Order::shuffled, [&](int64_t task) {
        Library<S>::embedding(task, ids.data(), weight.data(), out.data(), rows,
                              width, vocab, 3);
      });
      for (int64_t i = 0; i < out.size(); ++i) {
        int64_t id = ids[i / width];
        S want = round<S>(id < 0 ? 0 : weight.at(id * width + i % width));
        expectSameBits(&out[i], &want, 1, "out");
      }
    }
}

TYPED_TEST(LibraryRows, EmbeddingOfAnIdOutOfRangeStopsTheProgram) {
  using S = TypeParam;
  Guarded<Compute<S>> weight(5 * 8);
  Guarded<S> out(3 * 8);
  for (int32_t id : {5, -2, std::numeric_limits<int32_t>::max(),
                     std::numeric_limits<int32_t>::min()}) {
    Guarded<int32_t> ids = {0, -1, id};
    EXPECT_EXIT(Library<S>::embedding(0, ids.data(), weight.data(), out.data(),
                                      3, 8, 5, 3),
                testing::ExitedWithCode(3),
                "error 3: " + std::to_string(id) + " of 5");
  }
}

TYPED_TEST(LibraryRows, EmbeddingGradientAddsRowsInOrder) {
  using S = TypeParam;
  using C = Compute<S>;
  std::mt19937 random(63);
  for (const Shape &shape : kShapes)
    for (int64_t columns : {64, 5}) {
      int64_t rows = shape.rows, width = shape.width;
      int64_t vocab = 4;
      Guarded<int32_t> ids = makeIds(rows, vocab, 64);
      auto dy = makeRandom<S>(rows * width, random);
      // It adds to what there is.
      auto gradient = makeRandom<C>(vocab * width, random);
      Guarded<C> expected = gradient;
      for (int64_t i = 0; i < rows * width; ++i)
        if (int64_t id = ids[i / width]; id >= 0)
          expected[id * width + i % width] += C(dy.at(i));
      runTasks(divideUp(width, columns), Order::backwards, [&](int64_t task) {
        Library<S>::embeddingGrad(task, ids.data(), dy.data(), gradient.data(),
                                  rows, width, columns);
      });
      expectSameBits(gradient, expected, "gradient");
    }
}

TYPED_TEST(LibraryRows, ReductionAddsRowsInOrder) {
  using S = TypeParam;
  using C = Compute<S>;
  std::mt19937 random(65);
  for (const Shape &shape : kShapes)
    for (int64_t columns : {64, 5}) {
      int64_t rows = shape.rows, width = shape.width;
      auto x = makeRandom<S>(rows * width, random);
      Guarded<C> out(width), expected(width);
      std::fill_n(expected.data(), width, C(0));
      for (int64_t i = 0; i < rows * width; ++i)
        expected[i % width] += C(x.at(i));
      runTasks(divideUp(width, columns), Order::backwards, [&](int64_t task) {
        Library<S>::reduceRows(task, x.data(), out.data(), rows, width,
                               columns);
      });
      expectSameBits(out, expected, "out");
    }
}

TYPED_TEST(LibraryRows, ReductionOfGroupsLeavesEmptyOnesZero) {
  using S = TypeParam;
  using C = Compute<S>;
  std::mt19937 random(66);
  // Two groups have no rows, and rows 12 and 13 have no group.
  Guarded<int32_t> offsets = {0, 0, 5, 5, 12};
  for (int64_t width : {1, 16, 33, 130}) {
    auto x = makeRandom<S>(14 * width, random);
    Guarded<C> out(4 * width), expected(4 * width);
    std::fill_n(expected.data(), expected.size(), C(0));
    for (int64_t g = 0; g < 4; ++g)
      for (int64_t r = offsets[g]; r < offsets[g + 1]; ++r)
        for (int64_t i = 0; i < width; ++i)
          expected[g * width + i] += C(x.at(r * width + i));
    runTasks(divideUp(width, 64), Order::backwards, [&](int64_t task) {
      Library<S>::reduceGroups(task, x.data(), offsets.data(), out.data(), 4,
                               width, 64);
    });
    expectSameBits(out, expected, "out");
  }
}

/// A plan of 3 groups in which a token's slots lie anywhere, `room` of them at
/// a position.
Guarded<int32_t> makePlan(int64_t tokens, int64_t k, int32_t live,
                          int32_t room) {
  int64_t slots = tokens * k;
  std::vector<int32_t> positions(slots);
  std::iota(positions.begin(), positions.end(), 0);
  std::shuffle(positions.begin(), positions.end(), std::mt19937(67));
  Guarded<int32_t> plan(4 + room + slots);
  plan[0] = plan[1] = 0;
  plan[2] = live / 2;
  plan[3] = live;
  for (int64_t slot = 0; slot < slots; ++slot) {
    int32_t position = std::min(positions[slot], room);
    if (position < room)
      plan[4 + position] = int32_t(slot);
    plan[4 + room + slot] = position;
  }
  return plan;
}

constexpr int64_t kTokens = 23;

/// The rows of the slots of kTokens tokens in expert order, and their plan.
template <typename S> struct Slots {
  int64_t k, width;
  int32_t live, room;
  Guarded<int32_t> plan = makePlan(kTokens, k, live, room);
  Guarded<S> x = Guarded<S>(room * width);

  int32_t getPosition(int64_t slot) { return plan[4 + room + slot]; }

  template <typename Kernel> void run(Kernel *kernel, const S *from, S *to) {
    runTasks(divideUp(kTokens, 4), Order::shuffled, [&](int64_t task) {
      kernel(task, from, plan.data(), to, kTokens, k, 3, room, width, 4);
    });
  }
};

/// Nothing of the dead slots' rows is to be read: they are NaN.
template <typename S, typename Fn> void forEachSlots(Fn check) {
  std::mt19937 random(68);
  for (int64_t k : {1, 2, 3})
    for (int64_t width : {1, 16, 33, 70})
      for (auto [live, room] :
           {std::pair<int64_t, int64_t>{kTokens * k, kTokens * k},
            {kTokens * k / 2, kTokens * k},
            {kTokens * k / 2, kTokens * k / 2},
            {kTokens * k / 3, kTokens * k / 2}}) {
        Slots<S> slots = {k, width, int32_t(live), int32_t(room)};
        auto rows = makeRandom<S>(slots.live * width, random);
        std::copy_n(rows.data(), rows.size(), slots.x.data());
        check(slots);
      }
}

TYPED_TEST(LibraryRows, CombineAddsATokensSlotsInOrder) {
  using S = TypeParam;
  using C = Compute<S>;
  forEachSlots<S>([](Slots<S> &slots) {
    int64_t width = slots.width;
    Guarded<S> out(kTokens * width);
    slots.run(Library<S>::combine, slots.x.data(), out.data());
    for (int64_t i = 0; i < out.size(); ++i) {
      C sum = 0;
      for (int64_t j = 0; j < slots.k; ++j)
        if (int32_t at = slots.getPosition(i / width * slots.k + j);
            at < slots.live)
          sum += C(slots.x.at(at * width + i % width));
      S want = round<S>(sum);
      expectSameBits(&out[i], &want, 1, "out");
    }
  });
}

TYPED_TEST(LibraryRows, JoinAndSplitMoveATokensSlots) {
  using S = TypeParam;
  forEachSlots<S>([](Slots<S> &slots) {
    int64_t width = slots.width;
    Guarded<S> joined(kTokens * slots.k * width), split(slots.x.size());
    slots.run(Library<S>::join, slots.x.data(), joined.data());
    slots.run(Library<S>::split, joined.data(), split.data());
    for (int64_t slot = 0; slot < kTokens * slots.k; ++slot) {
      int64_t at = slots.getPosition(slot);
      for (int64_t i = 0; i < width; ++i) {
        S want = at < slots.live ? slots.x[at * width + i] : round<S>(0);
        expectSameBits(&joined[slot * width + i], &want, 1, "joined");
        if (at < slots.room)
          expectSameBits(&split[at * width + i], &want, 1, "split");
      }
    }
  });
}

TYPED_TEST(LibraryRows, StoringRoundsToTheNearestEven) {
  using S = TypeParam;
  // Every fraction of two neighbouring bf16 numbers, ties among them, the
  // limits, and what is no number; in whole registers and in a rest.
  std::vector<float> values;
  for (uint32_t bits : {0x3f80u, 0x3f81u, 0x0000u, 0x0001u, 0x7f7fu, 0xbf80u,
                        0x7f80u, 0xff80u, 0x7fffu})
    for (uint32_t rest : {0u, 1u, 0x7fffu, 0x8000u, 0x8001u, 0xffffu}) {
      uint32_t word = bits << 16 | rest;
      float value;
      std::memcpy(&value, &word, sizeof(value));
      values.push_back(value);
    }
  int64_t width = int64_t(values.size());
  Guarded<Compute<S>> weight(width);
  for (int64_t i = 0; i < width; ++i)
    weight[i] = values[i];
  Guarded<S> out(width);
  Guarded<int32_t> ids = {0};
  Library<S>::embedding(0, ids.data(), weight.data(), out.data(), 1, width, 1,
                        1);
  for (int64_t i = 0; i < width; ++i) {
    Real want = get(round<S>(weight.at(i)));
    EXPECT_TRUE(std::isnan(want) ? std::isnan(out.at(i)) : out.at(i) == want)
        << values[i];
  }
}

} // namespace
