//===- LibraryKernelTestActivationRouting.cpp - Routers of activations ----===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LibraryKernelTest.h"

using namespace hashc::test;

namespace {

constexpr int64_t kTaskRows = 3;

template <typename C> class LibraryActivationRouting : public testing::Test {};
using ComputeTypes = testing::Types<float, double>;
TYPED_TEST_SUITE(LibraryActivationRouting, ComputeTypes);

/// Rows and experts.
const std::pair<int64_t, int64_t> kShapes[] = {
    {1, 1}, {1, 7}, {7, 1}, {11, 8}, {10, 5}, {23, 17}, {5, 64}};

template <typename C>
Guarded<int32_t> getTopChoices(const Guarded<C> &scores, int64_t rows,
                               int64_t experts, int64_t k,
                               Order order = Order::forwards) {
  Guarded<int32_t> choices(rows * k);
  runTasks(divideUp(rows, kTaskRows), order, [&](int64_t task) {
    WideLibrary<C>::topChoices(task, scores.data(), choices.data(), rows,
                               experts, k, kTaskRows);
  });
  return choices;
}

TYPED_TEST(LibraryActivationRouting, TheLargestScoresAreChosen) {
  std::mt19937 random(7);
  for (auto [rows, experts] : kShapes)
    for (int64_t k : {int64_t(1), divideUp(experts, 2), experts}) {
      auto scores = makeRandom<TypeParam>(rows * experts, random);
      // Few different numbers: ties.
      for (int64_t i = 0; i < scores.size(); i += 2)
        scores[i] = TypeParam(int(scores[i] * 3));
      auto choices = getTopChoices(scores, rows, experts, k, Order::shuffled);
      for (int64_t r = 0; r < rows; ++r) {
        std::vector<std::pair<TypeParam, int32_t>> best;
        for (int64_t e = 0; e < experts; ++e)
          best.push_back({-scores[r * experts + e], int32_t(e)});
        std::sort(best.begin(), best.end());
        for (int64_t j = 0; j < k; ++j)
          ASSERT_EQ(choices[r * k + j], best[j].second)
              << "row " << r << ", choice " << j;
      }
    }
}

TYPED_TEST(LibraryActivationRouting, NanIsTheLeastAndTiesGoToTheLowest) {
  const auto nan = TypeParam(kNan), most = TypeParam(kInfinity);
  Guarded<TypeParam> scores = {nan,   1,   nan,  2,    // 3 1 0 2
                               nan,   nan, nan,  nan,  // 0 1 2 3
                               0,     0,   0,    0,    // 0 1 2 3
                               -most, nan, most, most, // 2 3 0 1
                               -0.0,  0.0, -1,   1};   // 3 0 1 2
  const int32_t expected[] = {3, 1, 0, 2, 0, 1, 2, 3, 0, 1,
                              2, 3, 2, 3, 0, 1, 3, 0, 1, 2};
  auto choices = getTopChoices(scores, 5, 4, 4);
  for (int64_t i = 0; i < choices.size(); ++i)
    EXPECT_EQ(choices[i], expected[i]) << i;
}

/// What the kernel keeps of the choices; `kept` are its counts.
Guarded<int32_t> limit(const Guarded<int32_t> &choices,
                       const Guarded<int32_t> &tokens, Guarded<int32_t> &kept,
                       double capacity) {
  Guarded<int32_t> result(choices.size());
  hash_limit_capacity(0, choices.data(), tokens.data(), result.data(),
                      kept.data(), tokens.size(),
                      choices.size() / tokens.size(), kept.size(), capacity);
  return result;
}

TEST(LibraryCapacity, TheFirstTokensOfAnExpertAreKept) {
  // 7 live rows, 2 experts: 4 places each at 1.0, 2 at 0.5, 5 at 1.25, 3 at
  // 0.75.
  Guarded<int32_t> tokens = {1, 2, -1, 4, 5, 6, 7, 8};
  Guarded<int32_t> choices = {0, 0, 0, 1, 0, 0, 0, 1};
  struct Case {
    double capacity;
    std::vector<int32_t> expected, kept;
  };
  for (const Case &c : {Case{1.0, {0, 0, -1, 1, 0, 0, -1, 1}, {4, 2}},
                        Case{0.5, {0, 0, -1, 1, -1, -1, -1, 1}, {2, 2}},
                        Case{1.25, {0, 0, -1, 1, 0, 0, 0, 1}, {5, 2}},
                        Case{0.75, {0, 0, -1, 1, 0, -1, -1, 1}, {3, 2}},
                        Case{0.001, {0, -1, -1, 1, -1, -1, -1, -1}, {1, 1}},
                        Case{1000, {0, 0, -1, 1, 0, 0, 0, 1}, {5, 2}}}) {
    Guarded<int32_t> kept(2);
    auto result = limit(choices, tokens, kept, c.capacity);
    for (int64_t i = 0; i < 8; ++i)
      EXPECT_EQ(result[i], c.expected[i]) << c.capacity << ", row " << i;
    for (int64_t e = 0; e < 2; ++e)
      EXPECT_EQ(kept[e], c.kept[e]) << c.capacity << ", expert " << e;
  }
}

TEST(LibraryCapacity, NothingIsKeptOfNothing) {
  Guarded<int32_t> tokens = {-1, -1}, choices = {0, 1}, kept(3);
  auto result = limit(choices, tokens, kept, 1.25);
  for (int64_t i = 0; i < 2; ++i)
    EXPECT_EQ(result[i], -1);
  for (int64_t e = 0; e < 3; ++e)
    EXPECT_EQ(kept[e], 0);
}

TEST(LibraryCapacity, FewerTokensThanExpertsFindAPlaceEach) {
  Guarded<int32_t> tokens = {5, 6, 7}, choices = {63, 0, 63}, kept(64);
  auto result = limit(choices, tokens, kept, 1.0);
  EXPECT_EQ(result[0], 63);
  EXPECT_EQ(result[1], 0);
  EXPECT_EQ(result[2], -1);
}

TEST(LibraryCapacity, SeveralChoicesAreTakenInTheOrderOfSlots) {
  // 3 rows, 2 experts, ceil(3 / 2) = 2 places.
  Guarded<int32_t> tokens = {5, 6, 7}, choices = {0, 1, 1, 0, 0, 1}, kept(2);
  auto result = limit(choices, tokens, kept, 1.0);
  const int32_t expected[] = {0, 1, 1, 0, -1, -1};
  for (int64_t i = 0; i < 6; ++i)
    EXPECT_EQ(result[i], expected[i]) << i;
}

TYPED_TEST(LibraryActivationRouting, LoadCountsLiveChoices) {
  for (auto [rows, experts] : kShapes)
    for (int64_t k : {int64_t(1), std::min<int64_t>(3, experts)})
      for (bool share : {false, true}) {
        Guarded<int32_t> tokens = makeTokens(rows);
        Guarded<int32_t> choices(rows * k);
        for (int64_t slot = 0; slot < rows * k; ++slot)
          choices[slot] = slot % 7 == 5 ? -1 : int32_t(slot * 5 % experts);
        Expected expected(experts);
        Real total = 0;
        for (int64_t slot = 0; slot < rows * k; ++slot)
          if (tokens[slot / k] >= 0 && choices[slot] >= 0) {
            expected.value[choices[slot]] += 1;
            total += 1;
          }
        for (int64_t e = 0; e < experts; ++e)
          expected.set(e, expected.value[e] / (share && total > 0 ? total : 1));
        Guarded<TypeParam> load(experts);
        WideLibrary<TypeParam>::expertLoad(0, choices.data(), tokens.data(),
                                           load.data(), rows, k, experts,
                                           share);
        expectClose(load, expected, 1, "load");
      }
}

TYPED_TEST(LibraryActivationRouting, SharesOfNothingAreZero) {
  Guarded<int32_t> tokens = {-1, 4}, choices = {0, -1};
  Guarded<TypeParam> load(3);
  WideLibrary<TypeParam>::expertLoad(0, choices.data(), tokens.data(),
                                     load.data(), 2, 1, 3, true);
  for (int64_t e = 0; e < 3; ++e)
    EXPECT_EQ(load[e], 0);
}

/// Auxiliary losses of random logits, and their gradients.
template <typename C> struct AuxLoss {
  int64_t rows, experts;
  double weight = 0.5;
  Guarded<int32_t> tokens;
  Guarded<C> logits, shares, losses, dlosses, dlogits;

  AuxLoss(int64_t rows, int64_t experts, std::mt19937 random, Real size = 4)
      : rows(rows), experts(experts), tokens(makeTokens(rows)),
        logits(makeRandom<C>(rows * experts, random, -size, size)),
        shares(makeRandom<C>(experts, random, 0, 1)), losses(rows),
        dlosses(makeRandom<C>(rows, random)), dlogits(rows * experts) {
    // What masked rows have is never read.
    for (int64_t r = 0; r < rows; ++r)
      if (tokens[r] < 0) {
        dlosses[r] = C(kNan);
        for (int64_t e = 0; e < experts; ++e)
          logits[r * experts + e] = C(kNan);
      }
  }

  void balance(Order order = Order::forwards) {
    runTasks(divideUp(rows, kTaskRows), order, [&](int64_t task) {
      WideLibrary<C>::balanceLoss(task, logits.data(), shares.data(),
                                  tokens.data(), losses.data(), rows, experts,
                                  weight, kTaskRows);
      WideLibrary<C>::balanceLossGrad(
          task, logits.data(), shares.data(), dlosses.data(), tokens.data(),
          dlogits.data(), rows, experts, weight, kTaskRows);
    });
  }
  void z(Order order = Order::forwards) {
    runTasks(divideUp(rows, kTaskRows), order, [&](int64_t task) {
      WideLibrary<C>::zLoss(task, logits.data(), tokens.data(), losses.data(),
                            rows, experts, weight, kTaskRows);
      WideLibrary<C>::zLossGrad(task, logits.data(), dlosses.data(),
                                tokens.data(), dlogits.data(), rows, experts,
                                weight, kTaskRows);
    });
  }
  Real getLse(int64_t r) const {
    Real total = 0, most = -kInfinity;
    for (int64_t e = 0; e < experts; ++e)
      most = std::max(most, logits.at(r * experts + e));
    for (int64_t e = 0; e < experts; ++e)
      total += std::exp(logits.at(r * experts + e) - most);
    return most + std::log(total);
  }
  Real getShare(int64_t r, int64_t e) const {
    return std::exp(logits.at(r * experts + e) - getLse(r));
  }
  Real getMean(int64_t r) const {
    Real mean = 0;
    for (int64_t e = 0; e < experts; ++e)
      mean += shares.at(e) * getShare(r, e);
    return mean;
  }
};

constexpr Real kUnits = 64;

TYPED_TEST(LibraryActivationRouting, BalanceIsItsDefinition) {
  for (auto [rows, experts] : kShapes) {
    AuxLoss<TypeParam> loss(rows, experts, std::mt19937(rows + experts));
    loss.balance(Order::shuffled);
    Expected losses(rows), dlogits(rows * experts);
    for (int64_t r = 0; r < rows; ++r) {
      if (loss.tokens[r] < 0)
        continue;
      Real factor = loss.weight * Real(experts), mean = loss.getMean(r);
      losses.set(r, factor * mean);
      for (int64_t e = 0; e < experts; ++e) {
        Real flow = loss.dlosses.at(r) * factor * loss.getShare(r, e);
        dlogits.set(r * experts + e, flow * (loss.shares.at(e) - mean),
                    std::fabs(flow));
      }
    }
    expectClose(loss.losses, losses, kUnits, "losses");
    expectClose(loss.dlogits, dlogits, kUnits, "dlogits");
  }
}

TYPED_TEST(LibraryActivationRouting, ZIsItsDefinition) {
  for (auto [rows, experts] : kShapes) {
    AuxLoss<TypeParam> loss(rows, experts, std::mt19937(rows + experts));
    loss.z(Order::backwards);
    Expected losses(rows), dlogits(rows * experts);
    for (int64_t r = 0; r < rows; ++r) {
      if (loss.tokens[r] < 0)
        continue;
      Real lse = loss.getLse(r), size = std::fabs(lse) + 5;
      losses.set(r, loss.weight * lse * lse, loss.weight * size * size);
      for (int64_t e = 0; e < experts; ++e) {
        Real flow = loss.dlosses.at(r) * 2 * loss.weight * loss.getShare(r, e);
        dlogits.set(r * experts + e, flow * lse, std::fabs(flow) * size);
      }
    }
    expectClose(loss.losses, losses, kUnits, "losses");
    expectClose(loss.dlogits, dlogits, kUnits, "dlogits");
  }
}

/// The mean over live rows.
template <typename C> Real getMean(const AuxLoss<C> &loss) {
  Real sum = 0;
  for (int64_t r = 0; r < loss.rows; ++r)
    sum += loss.losses.at(r);
  return sum / Real(countLive(loss.tokens));
}

TYPED_TEST(LibraryActivationRouting, BiasFollowsTheLoad) {
  // The mean is 4: two below, one above, one on it.
  Guarded<TypeParam> bias = {1, -1, 0.5, 0}, load = {0, 3, 4, 9};
  WideLibrary<TypeParam>::balanceBias(0, bias.data(), load.data(), 4, 0.25);
  const TypeParam expected[] = {1.25, -0.75, 0.5, -0.25};
  for (int64_t e = 0; e < 4; ++e) {
    EXPECT_EQ(bias[e], expected[e]) << e;
    EXPECT_EQ(load[e], 0) << e;
  }
  // A step without tokens, an even load, and one expert change nothing.
  WideLibrary<TypeParam>::balanceBias(0, bias.data(), load.data(), 4, 0.25);
  std::fill_n(load.data(), 4, TypeParam(1000001));
  WideLibrary<TypeParam>::balanceBias(0, bias.data(), load.data(), 4, 0.25);
  for (int64_t e = 0; e < 4; ++e)
    EXPECT_EQ(bias[e], expected[e]) << e;
  Guarded<TypeParam> only = {0.5}, all = {12};
  WideLibrary<TypeParam>::balanceBias(0, only.data(), all.data(), 1, 0.25);
  EXPECT_EQ(only[0], TypeParam(0.5));
}

TYPED_TEST(LibraryActivationRouting, GoldenValues) {
  const int64_t rows = 8, experts = 16;
  AuxLoss<TypeParam> loss(rows, experts, std::mt19937(1));
  loss.weight = 0.01;
  // Uniform: alpha, whatever the shares are.
  std::fill_n(loss.logits.data(), rows * experts, TypeParam(0));
  std::fill_n(loss.shares.data(), experts, TypeParam(1) / experts);
  loss.balance();
  EXPECT_NEAR(double(getMean(loss)), 0.01, 1e-9);
  // All logits 0: alpha (ln E)^2.
  loss.z();
  EXPECT_NEAR(double(getMean(loss)), 0.01 * std::pow(std::log(16.0), 2), 1e-7);
  // One expert has it all: alpha E.
  for (int64_t r = 0; r < rows; ++r)
    loss.logits[r * experts + 3] = 1000;
  std::fill_n(loss.shares.data(), experts, TypeParam(0));
  loss.shares[3] = 1;
  loss.balance();
  EXPECT_NEAR(double(getMean(loss)), 0.01 * experts, 1e-8);
}

} // namespace
