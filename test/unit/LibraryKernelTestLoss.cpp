//===- LibraryKernelTestLoss.cpp - Cross entropy --------------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LibraryKernelTest.h"

using namespace hashc::test;

namespace {

/// A cross entropy and its gradient, with all their buffers.
template <typename S> struct Loss {
  using C = Compute<S>;
  int64_t rows, vocab, taskRows;
  Guarded<S> logits, dlogits;
  Guarded<int32_t> targets;
  Guarded<C> losses, lse, dlosses;

  Loss(int64_t rows, int64_t vocab, int64_t taskRows, uint32_t seed)
      : Loss(rows, vocab, taskRows, std::mt19937(seed)) {}

  void forward(Order order = Order::forwards) {
    runTasks(divideUp(rows, taskRows), order, [&](int64_t task) {
      Library<S>::crossEntropy(task, logits.data(), targets.data(),
                               losses.data(), lse.data(), rows, vocab,
                               taskRows);
    });
  }
  void backward(Order order = Order::forwards) { backwardTo(dlogits, order); }
  void backwardTo(Guarded<S> &to, Order order = Order::forwards) {
    runTasks(divideUp(rows, taskRows), order, [&](int64_t task) {
      Library<S>::crossEntropyGrad(task, logits.data(), targets.data(),
                                   lse.data(), dlosses.data(), to.data(), rows,
                                   vocab, taskRows);
    });
  }

private:
  Loss(int64_t rows, int64_t vocab, int64_t taskRows, std::mt19937 random)
      : rows(rows), vocab(vocab), taskRows(taskRows),
        logits(makeRandom<S>(rows * vocab, random, -5, 5)),
        dlogits(rows * vocab), targets(rows), losses(rows), lse(rows),
        dlosses(makeRandom<C>(rows, random, 0.1L, 1)) {
    for (int64_t r = 0; r < rows; ++r)
      targets[r] = r % 4 == 2 ? -1 : int32_t(random() % vocab);
    targets[0] = int32_t(vocab - 1);
  }
};

template <typename S> void expectDefinition(Loss<S> &loss) {
  loss.forward();
  loss.backward();
  Expected losses(loss.rows), lse(loss.rows), dlogits(loss.rows * loss.vocab);
  for (int64_t r = 0; r < loss.rows; ++r) {
    auto logit = [&](int64_t i) { return loss.logits.at(r * loss.vocab + i); };
    Real peak = -kInfinity, total = 0;
    for (int64_t i = 0; i < loss.vocab; ++i)
      peak = std::max(peak, logit(i));
    for (int64_t i = 0; i < loss.vocab; ++i)
      total += std::exp(logit(i) - peak);
    Real whole = peak + std::log(total);
    Real size = std::fabs(peak) + std::log(total) + 1;
    int32_t target = loss.targets[r];
    lse.set(r, whole, size);
    losses.set(r, target < 0 ? 0 : whole - logit(target),
               target < 0 ? 0 : size + std::fabs(logit(target)));
    Real stored = loss.lse.at(r), d = loss.dlosses.at(r);
    for (int64_t i = 0; i < loss.vocab; ++i) {
      Real p = std::exp(logit(i) - stored);
      Real one = i == target ? 1 : 0;
      int64_t at = r * loss.vocab + i;
      if (target < 0)
        dlogits.set(at, 0);
      else
        dlogits.set(at, (p - one) * d,
                    (p * (1 + std::fabs(logit(i)) + std::fabs(stored)) + one) *
                        d);
    }
  }
  Real units = 8 + Real(loss.vocab) / 32;
  expectClose(loss.losses, losses, units, "losses");
  expectClose(loss.lse, lse, units, "lse");
  expectClose(loss.dlogits, dlogits, 8, "dlogits");
}

template <typename S> class LibraryLoss : public testing::Test {};
TYPED_TEST_SUITE(LibraryLoss, StorageTypes);

TYPED_TEST(LibraryLoss, CrossEntropyIsItsDefinition) {
  for (int64_t vocab : {1, 2, 7, 8, 16, 17, 255, 4096})
    for (int64_t rows : {1, 3, 65}) {
      if (rows * vocab > 20000)
        continue;
      SCOPED_TRACE(testing::Message() << rows << " x " << vocab);
      Loss<TypeParam> loss(rows, vocab, 2, 41);
      expectDefinition(loss);
    }
}

TYPED_TEST(LibraryLoss, MaskedRowsCountNothing) {
  Loss<TypeParam> loss(9, 33, 4, 42);
  for (int64_t r = 0; r < loss.rows; ++r)
    loss.targets[r] = -1;
  // Whatever their logits are.
  loss.logits[5] = round<TypeParam>(kNan);
  loss.logits[40] = round<TypeParam>(kInfinity);
  loss.forward();
  loss.backward();
  for (int64_t r = 0; r < loss.rows; ++r)
    EXPECT_EQ(loss.losses.at(r), 0);
  for (int64_t i = 0; i < loss.dlogits.size(); ++i)
    EXPECT_EQ(loss.dlogits.at(i), 0);
}

TYPED_TEST(LibraryLoss, LogitsMayBeHugeOrInfinite) {
  using S = TypeParam;
  Loss<S> loss(4, 21, 4, 43);
  for (int64_t i = 0; i < 21; ++i) {
    loss.logits[i] = round<S>(30000.0L + i * 256);
    loss.logits[21 + i] = round<S>(-30000.0L - i * 256);
    loss.logits[42 + i] = round<S>(i % 2 ? -kInfinity : 1.0L);
    loss.logits[63 + i] = round<S>(i == 3 ? 1e30L : -1e30L);
  }
  loss.targets[0] = 5;
  loss.targets[1] = 5;
  loss.targets[2] = 4;
  loss.targets[3] = 3;
  expectDefinition(loss);
}

TYPED_TEST(LibraryLoss, NanComesOut) {
  using S = TypeParam;
  for (int64_t place : {0, 7, 20}) {
    Loss<S> loss(2, 21, 2, 44);
    loss.targets[0] = loss.targets[1] = 1;
    loss.logits[place] = round<S>(kNan);
    loss.forward();
    loss.backward();
    EXPECT_TRUE(std::isnan(loss.losses.at(0)));
    EXPECT_TRUE(std::isfinite(loss.losses.at(1)));
    for (int64_t i = 0; i < loss.vocab; ++i) {
      EXPECT_TRUE(std::isnan(loss.dlogits.at(i)));
      EXPECT_TRUE(std::isfinite(loss.dlogits.at(21 + i)));
    }
  }
}

TYPED_TEST(LibraryLoss, TasksMayBeOfAnySizeAndOrder) {
  using S = TypeParam;
  Loss<S> whole(65, 100, 65, 45);
  whole.forward();
  whole.backward();
  for (int64_t taskRows : {1, 7, 64})
    for (Order order : {Order::backwards, Order::shuffled}) {
      Loss<S> loss(65, 100, taskRows, 45);
      loss.forward(order);
      loss.backward(order);
      expectSameBits(loss.losses, whole.losses, "losses");
      expectSameBits(loss.lse, whole.lse, "lse");
      expectSameBits(loss.dlogits, whole.dlogits, "dlogits");
    }
}

TYPED_TEST(LibraryLoss, ARowDoesNotSeeItsNeighbours) {
  using S = TypeParam;
  Loss<S> all(9, 37, 4, 46);
  all.forward();
  all.backward();
  for (int64_t r = 0; r < all.rows; ++r) {
    Loss<S> one(1, 37, 1, 47);
    std::copy_n(all.logits.data() + r * 37, 37, one.logits.data());
    one.targets[0] = all.targets[r];
    one.dlosses[0] = all.dlosses[r];
    one.forward();
    one.backward();
    expectSameBits(one.losses.data(), all.losses.data() + r, 1, "losses");
    expectSameBits(one.dlogits.data(), all.dlogits.data() + r * 37, 37,
                   "dlogits");
  }
}

TYPED_TEST(LibraryLoss, TheGradientMayOverwriteTheLogits) {
  Loss<TypeParam> loss(10, 37, 3, 48);
  loss.forward();
  loss.backward();
  loss.backwardTo(loss.logits, Order::shuffled);
  expectSameBits(loss.logits, loss.dlogits, "dlogits");
}

TYPED_TEST(LibraryLoss, TargetsOutOfRangeStopTheProgram) {
  for (int32_t target : {37, -2, std::numeric_limits<int32_t>::max(),
                         std::numeric_limits<int32_t>::min()}) {
    Loss<TypeParam> loss(3, 37, 3, 49);
    loss.targets[1] = target;
    EXPECT_EXIT(loss.forward(), testing::ExitedWithCode(3),
                "error 3: " + std::to_string(target) + " of 37");
  }
}

} // namespace
