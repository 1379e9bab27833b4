//===- LibraryKernelTestLookup.cpp - Rows of large tables, by key ---------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LibraryKernelTest.h"

#include <map>

using namespace hashc::test;

namespace {

/// Keys below `count`, few of them often; every fifth row is masked.
Guarded<int32_t> makeKeys(int64_t rows, int64_t count, uint32_t seed) {
  std::mt19937 random(seed);
  Guarded<int32_t> keys(rows);
  for (int64_t r = 0; r < rows; ++r)
    keys[r] = r % 5 == 3     ? -1
              : random() % 2 ? int32_t(random() % std::min<int64_t>(count, 4))
                             : int32_t(random() % count);
  keys[rows - 1] = int32_t(count - 1);
  return keys;
}

template <typename S> class LibraryLookup : public testing::Test {};
TYPED_TEST_SUITE(LibraryLookup, StorageTypes);

TYPED_TEST(LibraryLookup, HeadsStandSideBySide) {
  using S = TypeParam;
  std::mt19937 random(91);
  for (int64_t rows : {1, 3, 64, 101})
    for (int64_t width : {1, 7, 16, 40}) {
      constexpr int64_t heads = 3;
      Guarded<S> out(rows * heads * width);
      for (int64_t head = 0; head < heads; ++head) {
        int64_t count = 5 + 10 * head;
        Guarded<int32_t> keys = makeKeys(rows, count, 92 + head);
        auto table = makeRandom<Compute<S>>(count * width, random);
        runTasks(divideUp(rows, 9), Order::shuffled, [&](int64_t task) {
          Library<S>::lookup(task, keys.data(), table.data(), out.data(), rows,
                             width, count, heads * width, head * width, 9);
        });
        for (int64_t r = 0; r < rows; ++r)
          for (int64_t i = 0; i < width; ++i) {
            S want = round<S>(keys[r] < 0 ? 0 : table.at(keys[r] * width + i));
            expectSameBits(&out[(r * heads + head) * width + i], &want, 1,
                           "out");
          }
      }
    }
}

TYPED_TEST(LibraryLookup, AKeyOutOfRangeStopsTheProgram) {
  using S = TypeParam;
  Guarded<Compute<S>> table(5 * 8);
  Guarded<S> out(3 * 8);
  for (int32_t key : {5, -2, std::numeric_limits<int32_t>::max(),
                      std::numeric_limits<int32_t>::min()}) {
    Guarded<int32_t> keys = {0, -1, key};
    EXPECT_EXIT(Library<S>::lookup(0, keys.data(), table.data(), out.data(), 3,
                                   8, 5, 8, 0, 3),
                testing::ExitedWithCode(3),
                "error 2: " + std::to_string(key) + " of 5");
  }
}

/// hash.segments of some keys.
struct Segments {
  explicit Segments(const Guarded<int32_t> &keys)
      : unique(keys.size()), offsets(keys.size() + 1), order(keys.size()) {
    hash_segments(0, keys.data(), unique.data(), offsets.data(), order.data(),
                  keys.size());
  }
  Guarded<int32_t> unique, offsets, order;
};

void expectSegments(const Guarded<int32_t> &keys) {
  std::map<int32_t, std::vector<int32_t>> rowsOf;
  std::vector<int32_t> order;
  for (int64_t r = 0; r < keys.size(); ++r)
    if (keys[r] >= 0)
      rowsOf[keys[r]].push_back(int32_t(r));
  Segments segments(keys);
  int64_t s = 0;
  for (const auto &[key, rows] : rowsOf) {
    EXPECT_EQ(segments.unique[s], key);
    EXPECT_EQ(segments.offsets[s], int64_t(order.size()));
    order.insert(order.end(), rows.begin(), rows.end());
    ++s;
  }
  auto live = int64_t(order.size());
  for (; s < keys.size(); ++s) {
    EXPECT_EQ(segments.unique[s], -1);
    EXPECT_EQ(segments.offsets[s], live);
  }
  EXPECT_EQ(segments.offsets[s], live);
  for (int64_t r = 0; r < keys.size(); ++r)
    if (keys[r] < 0)
      order.push_back(int32_t(r));
  for (int64_t i = 0; i < keys.size(); ++i)
    EXPECT_EQ(segments.order[i], order[i]);
}

TEST(LibrarySegments, SortsRowsByKey) {
  for (int64_t rows : {1, 2, 5, 64, 1000})
    for (int64_t count : {1, 2, 255, 256, 70000, 2147483647})
      expectSegments(makeKeys(rows, count, 93));
  expectSegments({7});
  expectSegments({-1});
  expectSegments({-1, -1, -1});
  expectSegments({2147483646, 0, 65536, 256, -1, 0});
}

/// A gradient of rows under construction, and the same as a table of numbers.
template <typename S> class RowGradient {
public:
  using C = Compute<S>;
  RowGradient(int64_t room, int64_t width)
      : grad(std::vector<C>(room * width, C(0))),
        keys(std::vector<int32_t>(2 * room, 0)), room(room), width(width) {}

  /// Adds a batch: features of `dresult` from `column` on.
  void add(const Guarded<int32_t> &batch, const Guarded<S> &dresult,
           int64_t column, int64_t taskRows, Order order) {
    int64_t rows = batch.size(), stride = dresult.size() / rows;
    Segments segments(batch);
    Guarded<int32_t> slots(rows);
    hash_merge_keys(0, segments.unique.data(), keys.data(), slots.data(), rows,
                    room);
    runTasks(divideUp(rows, taskRows), order, [&](int64_t task) {
      Library<S>::lookupGrad(
          task, segments.offsets.data(), segments.order.data(), slots.data(),
          dresult.data(), grad.data(), rows, width, stride, column, taskRows);
    });
    for (int64_t r = 0; r < rows; ++r)
      if (batch[r] >= 0) {
        auto &sums = expected.try_emplace(batch[r], width).first->second;
        for (int64_t i = 0; i < width; ++i) {
          Real term = dresult.at(r * stride + column + i);
          sums.set(i, sums.value[i] + term, sums.size[i] + std::fabs(term));
        }
      }
  }

  void expectDefinition() const {
    std::vector<bool> taken(room);
    int64_t e = 0;
    for (const auto &[key, sums] : expected) {
      ASSERT_EQ(keys[e], key + 1);
      int64_t slot = keys[room + e++];
      ASSERT_FALSE(taken.at(slot));
      taken[slot] = true;
      Guarded<C> row(width);
      std::copy_n(&grad[slot * width], width, row.data());
      expectClose(row, sums, 64, "row");
    }
    for (; e < room; ++e)
      EXPECT_EQ(keys[e], 0);
    for (int64_t slot = 0; slot < room; ++slot)
      for (int64_t i = 0; i < width && !taken[slot]; ++i)
        EXPECT_EQ(grad[slot * width + i], C(0));
  }

  Guarded<C> grad;
  Guarded<int32_t> keys;
  int64_t room, width;
  std::map<int32_t, Expected> expected;
};

TYPED_TEST(LibraryLookup, GradientIsOfTheRowsThatWereRead) {
  using S = TypeParam;
  for (int64_t width : {1, 7, 16, 40})
    for (int64_t rows : {1, 5, 64, 200}) {
      std::mt19937 random(94);
      RowGradient<S> gradient(4 * rows, width), other(4 * rows, width);
      for (int micro = 0; micro < 4; ++micro) {
        int64_t count = micro == 2 ? 1000000 : 50, column = micro % 2 * width;
        Guarded<int32_t> keys = makeKeys(rows, count, 95 + micro);
        auto dresult = makeRandom<S>(rows * 2 * width, random);
        gradient.add(keys, dresult, column, rows, Order::forwards);
        gradient.expectDefinition();
        other.add(keys, dresult, column, 3, Order::shuffled);
      }
      expectSameBits(other.grad, gradient.grad, "grad");
      expectSameBits(other.keys, gradient.keys, "keys");
    }
}

TEST(LibraryMergeKeys, MoreRowsThanThereIsRoomForStopTheProgram) {
  Guarded<int32_t> keys(std::vector<int32_t>(2 * 3, 0)), slots(2);
  Guarded<int32_t> first = {4, 9}, second = {9, 11}, third = {0, -1};
  hash_merge_keys(0, first.data(), keys.data(), slots.data(), 2, 3);
  hash_merge_keys(0, second.data(), keys.data(), slots.data(), 2, 3);
  for (int64_t i = 0; i < 6; ++i)
    EXPECT_EQ(keys[i], (std::vector<int32_t>{5, 10, 12, 0, 1, 2})[i]);
  EXPECT_EQ(slots[0], 1);
  EXPECT_EQ(slots[1], 2);
  EXPECT_EXIT(hash_merge_keys(0, third.data(), keys.data(), slots.data(), 2, 3),
              testing::ExitedWithCode(3), "error 4: 4 of 4");
}

template <typename C> class LibraryRowwise : public testing::Test {};
using ComputeTypes = testing::Types<float, double>;
TYPED_TEST_SUITE(LibraryRowwise, ComputeTypes);

struct Hyper {
  double rate = 0.01, scale = 5, eps = 1e-8, limit = 0;
  int64_t taskRows = 7;
};

/// A table and its state, and the same by a plain loop.
template <typename C> struct Tables {
  Guarded<C> param, sums;
  std::vector<Real> p, s, moved;
  int64_t width;

  Tables(int64_t count, int64_t width, std::mt19937 random)
      : param(makeRandom<C>(count * width, random, -2, 2)),
        sums(std::vector<C>(count, C(0))), p(count * width), s(count),
        moved(count * width), width(width) {
    for (int64_t i = 0; i < param.size(); ++i) {
      p[i] = param.at(i);
      moved[i] = std::fabs(p[i]);
    }
  }

  void takeStep(const Hyper &h, RowGradient<C> &gradient, Order order) {
    Guarded<double> norm = {1.5}, hyper = {h.rate, 0.1, 0.05, h.limit};
    Real clip = h.limit > 0 ? std::min(Real(1), h.limit / (1.5L + 1e-6L)) : 1;
    for (const auto &[key, row] : gradient.expected) {
      Real squares = 0;
      for (Real g : row.value)
        squares += g * clip * g * clip;
      s[key] += squares / width;
      for (int64_t i = 0; i < width; ++i) {
        Real step = h.rate * h.scale * row.value[i] * clip /
                    (std::sqrt(s[key]) + h.eps);
        p[key * width + i] -= step;
        moved[key * width + i] += 4 * std::fabs(step);
      }
    }
    runTasks(divideUp(gradient.room, h.taskRows), order, [&](int64_t task) {
      WideLibrary<C>::rowwiseAdagrad(
          task, hyper.data(), norm.data(), param.data(), gradient.grad.data(),
          gradient.keys.data(), sums.data(), gradient.room, width, h.scale,
          h.eps, h.taskRows);
    });
  }
};

TYPED_TEST(LibraryRowwise, AdagradIsItsDefinitionAndLeavesOtherRowsAlone) {
  using C = TypeParam;
  std::vector<Hyper> hypers(4);
  hypers[1].limit = 1;
  hypers[2].limit = 1e6;
  hypers[3].eps = 0.5;
  for (const Hyper &h : hypers)
    for (int64_t width : {1, 7, 16, 40}) {
      std::mt19937 random(96);
      constexpr int64_t count = 300, rows = 40;
      Tables<C> table(count, width, random), other(count, width, random);
      Guarded<C> before = table.param;
      std::vector<bool> touched(count);
      for (int t = 0; t < 4; ++t) {
        RowGradient<C> one(rows, width), two(rows, width);
        Guarded<int32_t> keys = makeKeys(rows, 250, 97 + t);
        auto dresult = makeRandom<C>(rows * width, random);
        one.add(keys, dresult, 0, rows, Order::forwards);
        two.add(keys, dresult, 0, rows, Order::forwards);
        for (const auto &[key, row] : one.expected)
          touched[key] = true;
        table.takeStep(h, one, Order::forwards);
        Hyper cut = h;
        cut.taskRows = 1 + t;
        other.takeStep(cut, two, Order::shuffled);
        for (int64_t i = 0; i < one.grad.size(); ++i)
          EXPECT_EQ(one.grad[i], C(0));
        for (int64_t i = 0; i < one.keys.size(); ++i)
          EXPECT_EQ(one.keys[i], 0);
      }
      expectSameBits(other.param, table.param, "param");
      expectSameBits(other.sums, table.sums, "sums");
      Expected params(count * width), sums(count);
      for (int64_t i = 0; i < count * width; ++i)
        params.set(i, table.p[i], table.moved[i]);
      for (int64_t k = 0; k < count; ++k)
        sums.set(k, table.s[k]);
      expectClose(table.param, params, 64, "param");
      expectClose(table.sums, sums, 64, "sums");
      for (int64_t k = 0; k < count; ++k)
        if (!touched[k]) {
          expectSameBits(&table.param[k * width], &before[k * width], width,
                         "an untouched row");
          EXPECT_EQ(table.sums[k], C(0));
        }
    }
}

} // namespace
