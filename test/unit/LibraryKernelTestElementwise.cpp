//===- LibraryKernelTestElementwise.cpp - Dropout and rotary positions ----===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LibraryKernelTest.h"

using namespace hashc::test;

namespace {

template <typename S> class LibraryElementwise : public testing::Test {};
TYPED_TEST_SUITE(LibraryElementwise, StorageTypes);

//===----------------------------------------------------------------------===//
// Dropout
//===----------------------------------------------------------------------===//

struct Dropout {
  double rate;
  int64_t seed = 7, stream = 3, taskSize = 1000;
};

template <typename S>
void dropOut(const Guarded<S> &x, Guarded<S> &y, const Dropout &dropout,
             Order order = Order::forwards) {
  Guarded<int64_t> seed = {dropout.seed};
  runTasks(divideUp(x.size(), dropout.taskSize), order, [&](int64_t task) {
    Library<S>::dropout(task, x.data(), seed.data(), y.data(), x.size(),
                        dropout.rate, dropout.stream, dropout.taskSize);
  });
}

/// The documented hash, mix(seed, stream, i), written down once more.
uint64_t mix(std::initializer_list<uint64_t> values) {
  auto finalise = [](uint64_t z) {
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
  };
  uint64_t state = 0;
  for (uint64_t value : values)
    state = finalise(state ^ finalise(value + 0x9E3779B97F4A7C15u));
  return state & ~(uint64_t(1) << 63);
}

TYPED_TEST(LibraryElementwise, DropoutKeepsWhatTheHashSays) {
  using S = TypeParam;
  std::mt19937 random(51);
  for (double rate : {0.0, 0.1, 0.5, 0.9})
    for (int64_t size : {1, 7, 64, 1003}) {
      auto x = makeRandom<S>(size, random, 0.5L, 2);
      Guarded<S> y(size);
      Dropout dropout{rate, -12345};
      dropOut(x, y, dropout);
      Expected expected(size);
      for (int64_t i = 0; i < size; ++i) {
        bool kept = mix({uint64_t(dropout.seed), 3, uint64_t(i)}) >=
                    uint64_t(rate * 0x1p63);
        expected.set(i, kept ? x.at(i) / (1 - Real(rate)) : 0);
      }
      expectClose(y, expected, 2, "y");
    }
}

TYPED_TEST(LibraryElementwise, JitterIsOfTheHash) {
  using S = TypeParam;
  std::mt19937 random(52);
  for (double amount : {0.0, 0.01, 0.5})
    for (int64_t size : {1, 7, 64, 1003}) {
      auto x = makeRandom<S>(size, random);
      Guarded<S> y(size);
      Guarded<int64_t> seed = {-12345};
      runTasks(divideUp(size, 50), Order::shuffled, [&](int64_t task) {
        Library<S>::jitter(task, x.data(), seed.data(), y.data(), size, amount,
                           3, 50);
      });
      Expected expected(size);
      for (int64_t i = 0; i < size; ++i) {
        Real u = Real(mix({uint64_t(int64_t(-12345)), 3, uint64_t(i)})) /
                 Real(0x1p63);
        expected.set(i, x.at(i) * (1 - Real(amount) + 2 * Real(amount) * u));
      }
      expectClose(y, expected, 2, "y");
    }
}

TEST(LibraryDropout, GoldenMask) {
  // By the Python of docs/runtime-formats.md: mix(7, 3, i) >= 2^62.
  const std::string golden =
      "010000101000001111100110101001110110111001001011010100101100";
  Guarded<float> x(std::vector<float>(golden.size(), 1)), y(x.size());
  dropOut(x, y, {0.5});
  std::string mask;
  for (int64_t i = 0; i < y.size(); ++i)
    mask += y[i] == 2 ? '1' : y[i] == 0 ? '0' : '?';
  EXPECT_EQ(mask, golden);
}

TYPED_TEST(LibraryElementwise, DropoutTasksMayBeOfAnySizeAndOrder) {
  using S = TypeParam;
  std::mt19937 random(52);
  auto x = makeRandom<S>(1003, random);
  Guarded<S> whole(x.size());
  dropOut(x, whole, {0.3, 7, 3, 1003});
  for (int64_t taskSize : {1, 7, 64, 1000})
    for (Order order : {Order::backwards, Order::shuffled}) {
      Guarded<S> y(x.size());
      dropOut(x, y, {0.3, 7, 3, taskSize}, order);
      expectSameBits(y, whole, "y");
    }
}

double getKeptShare(const Guarded<float> &y) {
  int64_t kept = 0;
  for (int64_t i = 0; i < y.size(); ++i)
    kept += y[i] != 0;
  return double(kept) / double(y.size());
}

TEST(LibraryDropout, KeepsTheShareThatWasAskedFor) {
  Guarded<float> x(std::vector<float>(200000, 1));
  for (double rate : {0.1, 0.5, 0.9})
    for (int64_t seed : {0, 1, 2}) {
      Guarded<float> y(x.size());
      dropOut(x, y, {rate, seed});
      // Five standard deviations.
      double bound = 5 * std::sqrt(rate * (1 - rate) / double(x.size()));
      EXPECT_NEAR(getKeptShare(y), 1 - rate, bound);
    }
}

TEST(LibraryDropout, SeedsAndStreamsAreIndependent) {
  Guarded<float> x(std::vector<float>(100000, 1)), y(x.size());
  dropOut(x, y, {0.5, 7, 3});
  for (Dropout other :
       {Dropout{0.5, 8, 3}, Dropout{0.5, 7, 4}, Dropout{0.5, 3, 7}}) {
    Guarded<float> z(x.size());
    dropOut(x, z, other);
    int64_t same = 0;
    for (int64_t i = 0; i < y.size(); ++i)
      same += y[i] == z[i];
    EXPECT_NEAR(double(same) / double(y.size()), 0.5, 0.01);
  }
}

//===----------------------------------------------------------------------===//
// Rotary positions
//===----------------------------------------------------------------------===//

struct Turns {
  int64_t rows, heads, size, taskRows;
  double base = 10000;
  int64_t inverse = 0;
  int64_t width() const { return heads * size; }
};

template <typename S>
void rotate(const Guarded<S> &x, const Guarded<int32_t> &positions,
            Guarded<S> &y, const Turns &turns, Order order = Order::forwards) {
  runTasks(divideUp(turns.rows, turns.taskRows), order, [&](int64_t task) {
    Library<S>::rotary(task, x.data(), positions.data(), y.data(), turns.rows,
                       turns.width(), turns.heads, turns.base, turns.inverse,
                       turns.taskRows);
  });
}

Guarded<int32_t> makePositions(int64_t rows) {
  Guarded<int32_t> positions(rows);
  for (int64_t r = 0; r < rows; ++r)
    positions[r] = int32_t(r % 5 == 4 ? 4000 + r : r);
  return positions;
}

template <typename S>
Expected turn(const Guarded<S> &x, const Guarded<int32_t> &positions,
              const Turns &turns) {
  Expected y(x.size());
  int64_t half = turns.size / 2;
  for (int64_t r = 0; r < turns.rows; ++r)
    for (int64_t head = 0; head < turns.heads; ++head)
      for (int64_t i = 0; i < half; ++i) {
        Real angle = positions[r] *
                     std::pow(Real(turns.base), -2 * Real(i) / turns.size);
        if (turns.inverse)
          angle = -angle;
        int64_t at = r * turns.width() + head * turns.size + i;
        Real a = x.at(at), b = x.at(at + half), size = std::hypot(a, b);
        y.set(at, a * std::cos(angle) - b * std::sin(angle), size);
        y.set(at + half, b * std::cos(angle) + a * std::sin(angle), size);
      }
  return y;
}

TYPED_TEST(LibraryElementwise, RotaryIsItsDefinition) {
  using S = TypeParam;
  std::mt19937 random(53);
  std::vector<Turns> all = {{1, 1, 2, 1},          {7, 2, 6, 3},
                            {65, 3, 16, 10},       {5, 1, 34, 5},
                            {9, 2, 64, 4, 500000}, {9, 2, 80, 4, 10000, 1}};
  for (const Turns &turns : all) {
    SCOPED_TRACE(testing::Message() << turns.rows << " rows, " << turns.heads
                                    << " heads of " << turns.size);
    auto x = makeRandom<S>(turns.rows * turns.width(), random);
    auto positions = makePositions(turns.rows);
    Guarded<S> y(x.size());
    rotate(x, positions, y, turns);
    // In f64 the angle's own rounding is left: it has 53 bits as well.
    Real units = sizeof(S) == 8 ? 40000 : 4;
    expectClose(y, turn(x, positions, turns), units, "y");
  }
}

TYPED_TEST(LibraryElementwise, RotaryTasksMayBeOfAnySizeAndOrder) {
  using S = TypeParam;
  std::mt19937 random(54);
  Turns turns{65, 2, 18, 65};
  auto x = makeRandom<S>(turns.rows * turns.width(), random);
  auto positions = makePositions(turns.rows);
  Guarded<S> whole(x.size());
  rotate(x, positions, whole, turns);
  for (int64_t taskRows : {1, 7, 64}) {
    Guarded<S> y(x.size());
    turns.taskRows = taskRows;
    rotate(x, positions, y, turns, Order::shuffled);
    expectSameBits(y, whole, "y");
  }
  // In place, as its operand may be reused.
  rotate(x, positions, x, turns, Order::backwards);
  expectSameBits(x, whole, "y");
}

} // namespace
