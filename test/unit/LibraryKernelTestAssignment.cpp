//===- LibraryKernelTestAssignment.cpp - Choices with regard to all rows --===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LibraryKernelTest.h"

using namespace hashc::test;

namespace {

template <typename C> class LibraryAssignment : public testing::Test {};
using ComputeTypes = testing::Types<float, double>;
TYPED_TEST_SUITE(LibraryAssignment, ComputeTypes);

/// Rows and experts.
const std::pair<int64_t, int64_t> kShapes[] = {
    {1, 1},   {1, 7},  {7, 1},  {8, 8},   {11, 8},  {10, 5},
    {23, 17}, {5, 64}, {64, 4}, {97, 33}, {300, 16}};

/// What an auction ends with.
template <typename C> struct Auction {
  Auction(const Guarded<C> &scores, const Guarded<int32_t> &tokens,
          int64_t experts, double tolerance = 0.02)
      : choices(tokens.size()), held(tokens.size()), prices(experts),
        bids(tokens.size()) {
    WideLibrary<C>::balancedChoices(
        0, scores.data(), tokens.data(), choices.data(), prices.data(),
        bids.data(), held.data(), tokens.size(), experts, tolerance);
  }
  Guarded<int32_t> choices, held;
  Guarded<double> prices, bids;

  std::vector<int64_t> countLoad() const {
    std::vector<int64_t> load(prices.size());
    for (int64_t r = 0; r < choices.size(); ++r)
      if (choices[r] >= 0)
        ++load.at(choices[r]);
    return load;
  }
  template <typename Scores> Real getSum(const Scores &scores) const {
    Real sum = 0;
    for (int64_t r = 0; r < choices.size(); ++r)
      if (choices[r] >= 0)
        sum += scores.at(r * prices.size() + choices[r]);
    return sum;
  }
};

template <typename C>
void expectEven(const Auction<C> &auction, const Guarded<int32_t> &tokens) {
  int64_t live = countLive(tokens), experts = auction.prices.size();
  std::vector<int64_t> load = auction.countLoad();
  int64_t first = 0;
  for (int64_t e = 0; e < experts; ++e) {
    ASSERT_EQ(load[e], live / experts + (e < live % experts)) << "expert " << e;
    for (int64_t i = first; i < first + load[e]; ++i)
      EXPECT_EQ(auction.choices[auction.held[i]], e);
    first += load[e];
  }
  for (int64_t i = first; i < auction.held.size(); ++i)
    EXPECT_EQ(auction.held[i], -1);
  for (int64_t r = 0; r < tokens.size(); ++r)
    EXPECT_EQ(auction.choices[r] < 0, tokens[r] < 0) << "row " << r;
}

/// Of the experts that have a place: of few rows only the first.
template <typename C>
std::pair<Real, Real> getRange(const Guarded<C> &scores,
                               const Guarded<int32_t> &tokens) {
  int64_t experts = scores.size() / tokens.size();
  Real low = kInfinity, high = -kInfinity;
  for (int64_t i = 0; i < scores.size(); ++i)
    if (tokens[i / experts] >= 0 && i % experts < countLive(tokens)) {
      low = std::min(low, scores.at(i));
      high = std::max(high, scores.at(i));
    }
  return {low, high};
}

/// The largest sum that any even assignment has is at most what prices say:
/// weak duality, of prices in the scores' own size.
template <typename C>
Real getBound(const Auction<C> &auction, const Guarded<C> &scores,
              const Guarded<int32_t> &tokens) {
  int64_t experts = auction.prices.size();
  auto [low, high] = getRange(scores, tokens);
  Real unit = high > low ? (high - low) / 0x1p40L : 0, bound = 0;
  std::vector<int64_t> load = auction.countLoad();
  for (int64_t e = 0; e < experts; ++e)
    bound += Real(load[e]) * auction.prices.at(e) * unit;
  for (int64_t r = 0; r < tokens.size(); ++r) {
    if (tokens[r] < 0)
      continue;
    Real best = -kInfinity;
    for (int64_t e = 0; e < std::min(experts, countLive(tokens)); ++e)
      best = std::max(best,
                      scores.at(r * experts + e) - auction.prices.at(e) * unit);
    bound += best;
  }
  return bound;
}

TYPED_TEST(LibraryAssignment, IsEvenAndAsGoodAsItSays) {
  std::mt19937 random(7);
  for (auto [rows, experts] : kShapes)
    for (bool masked : {false, true})
      for (double tolerance : {0.02, 1e-4, 1.0}) {
        SCOPED_TRACE(testing::Message() << rows << " rows, " << experts
                                        << " experts, tolerance " << tolerance);
        auto scores = makeRandom<TypeParam>(rows * experts, random, -3, 5);
        // Rows that are alike, and experts that most rows want.
        for (int64_t r = 3; r < rows; r += 3)
          std::copy_n(&scores[(r - 1) * experts], experts,
                      &scores[r * experts]);
        for (int64_t r = 0; r < rows; ++r)
          scores[r * experts] += 2;
        auto tokens = makeTokens(rows, masked);
        Auction<TypeParam> auction(scores, tokens, experts, tolerance);
        expectEven(auction, tokens);
        auto [low, high] = getRange(scores, tokens);
        Real least =
            getBound(auction, scores, tokens) -
            Real(countLive(tokens)) * (tolerance + 1e-9L) * (high - low);
        EXPECT_GE(double(auction.getSum(scores)), double(least));
      }
}

/// Every even assignment of few rows, by trying them all.
Real findLargestSum(const Guarded<double> &scores, int64_t experts) {
  int64_t rows = scores.size() / experts;
  std::vector<int32_t> places;
  for (int64_t r = 0; r < rows; ++r)
    places.push_back(int32_t(r % experts));
  std::sort(places.begin(), places.end());
  Real largest = -kInfinity;
  do {
    Real sum = 0;
    for (int64_t r = 0; r < rows; ++r)
      sum += scores.at(r * experts + places[r]);
    largest = std::max(largest, sum);
  } while (std::next_permutation(places.begin(), places.end()));
  return largest;
}

TEST(LibraryAuction, FindsTheBestWithALowTolerance) {
  std::mt19937 random(8);
  for (auto [rows, experts] :
       {std::pair<int64_t, int64_t>{8, 4}, {7, 3}, {6, 6}, {8, 2}})
    for (int repeat = 0; repeat < 20; ++repeat) {
      auto scores = makeRandom<double>(rows * experts, random);
      Auction<double> auction(scores, makeTokens(rows, false), experts, 1e-6);
      EXPECT_NEAR(double(auction.getSum(scores)),
                  double(findLargestSum(scores, experts)), 1e-4);
    }
}

TYPED_TEST(LibraryAssignment, IsKnownInSmall) {
  using C = TypeParam;
  // All want expert 0; those that lose least go to 1.
  Guarded<C> scores = {5, 4, 5, 1, 5, 3, 5, 0};
  Guarded<int32_t> tokens = {1, 1, 1, 1};
  Auction<C> auction(scores, tokens, 2);
  const int32_t expected[] = {1, 0, 1, 0};
  for (int64_t r = 0; r < 4; ++r)
    EXPECT_EQ(auction.choices[r], expected[r]) << "row " << r;
}

TYPED_TEST(LibraryAssignment, EndsWhateverTheScoresAre) {
  using C = TypeParam;
  const C most = std::numeric_limits<C>::max(), infinite = C(kInfinity);
  std::mt19937 random(9);
  for (std::vector<C> values : {std::vector<C>{0},
                                {C(kNan)},
                                {infinite},
                                {-infinite},
                                {infinite, -infinite},
                                {most, -most},
                                {C(kNan), 1, 2},
                                {most, 1, infinite, C(kNan), -most},
                                {C(1), std::nextafter(C(1), C(2))},
                                {std::numeric_limits<C>::denorm_min(), 0}}) {
    for (auto [rows, experts] : kShapes) {
      Guarded<C> scores(rows * experts);
      for (int64_t i = 0; i < scores.size(); ++i)
        scores[i] = values[random() % values.size()];
      auto tokens = makeTokens(rows, true);
      expectEven(Auction<C>(scores, tokens, experts), tokens);
    }
  }
}

TYPED_TEST(LibraryAssignment, WhatIsNoNumberCostsTheOthersNothing) {
  using C = TypeParam;
  const C infinite = C(kInfinity);
  // The last row has none, and the others go where they lose least.
  for (C other : {C(kNan), infinite, -infinite}) {
    Guarded<C> scores = {5, 4, 5, 1, 5, 3, other, other};
    Guarded<int32_t> tokens = {1, 1, 1, 1};
    Auction<C> auction(scores, tokens, 2);
    EXPECT_EQ(auction.choices[1], 0);
    expectEven(auction, tokens);
    EXPECT_EQ(auction.choices[0], 1);
  }
}

TYPED_TEST(LibraryAssignment, OfMaskedRowsIsNothing) {
  auto scores = Guarded<TypeParam>({1, 2, 3, 4});
  Guarded<int32_t> tokens = {-1, -1};
  expectEven(Auction<TypeParam>(scores, tokens, 2), tokens);
}

//===----------------------------------------------------------------------===//
// Experts take rows
//===----------------------------------------------------------------------===//

template <typename C>
Guarded<int32_t>
getExpertChoices(const Guarded<C> &scores, const Guarded<int32_t> &tokens,
                 double capacity, Order order = Order::forwards) {
  int64_t rows = tokens.size(), experts = scores.size() / rows;
  Guarded<int32_t> choices(rows * experts);
  runTasks(divideUp(experts, 16), order, [&](int64_t task) {
    WideLibrary<C>::expertChoices(task, scores.data(), tokens.data(),
                                  choices.data(), rows, experts, capacity);
  });
  return choices;
}

/// The live rows, those with the largest scores of an expert first.
template <typename C>
std::vector<int64_t> rankRows(const Guarded<C> &scores,
                              const Guarded<int32_t> &tokens, int64_t expert) {
  int64_t rows = tokens.size(), experts = scores.size() / rows;
  std::vector<int64_t> ranked;
  for (int64_t r = 0; r < rows; ++r)
    if (tokens[r] >= 0)
      ranked.push_back(r);
  auto getScore = [&](int64_t r) {
    Real score = scores.at(r * experts + expert);
    return std::isnan(score) ? -kInfinity : score;
  };
  std::stable_sort(ranked.begin(), ranked.end(), [&](int64_t a, int64_t b) {
    return getScore(a) > getScore(b);
  });
  return ranked;
}

template <typename C>
void expectTheBestRows(const Guarded<C> &scores, const Guarded<int32_t> &tokens,
                       double capacity) {
  int64_t rows = tokens.size(), experts = scores.size() / rows;
  auto choices = getExpertChoices(scores, tokens, capacity, Order::shuffled);
  auto live = double(countLive(tokens));
  auto most =
      int64_t(std::min(live, std::ceil(live * capacity / double(experts))));
  for (int64_t e = 0; e < experts; ++e) {
    std::vector<int32_t> want(rows, -1);
    std::vector<int64_t> ranked = rankRows(scores, tokens, e);
    for (int64_t i = 0; i < most; ++i)
      want[ranked[i]] = int32_t(e);
    for (int64_t r = 0; r < rows; ++r)
      ASSERT_EQ(choices[r * experts + e], want[r])
          << "row " << r << ", expert " << e << ", capacity " << capacity;
  }
}

TYPED_TEST(LibraryAssignment, ExpertsTakeTheirBestRows) {
  std::mt19937 random(10);
  for (auto [rows, experts] : kShapes)
    for (bool masked : {false, true})
      for (double capacity : {0.001, 0.5, 1.0, 1.25, 2.0, 1000.0}) {
        auto scores = makeRandom<TypeParam>(rows * experts, random);
        // Few different numbers: ties, of both zeros too.
        for (int64_t i = 0; i < scores.size(); i += 2)
          scores[i] = TypeParam(int(scores[i] * 3)) * (i % 4 ? 1 : -1);
        expectTheBestRows(scores, makeTokens(rows, masked), capacity);
      }
}

TYPED_TEST(LibraryAssignment, ExpertsTakeInfiniteScoresFirstAndNanLast) {
  using C = TypeParam;
  const C nan = C(kNan), most = C(kInfinity);
  Guarded<C> scores = {nan, 0.0, -most, most, 1, -0.0, -nan, 1, most, nan};
  Guarded<int32_t> tokens = {1, 1, 1, 1, 1};
  for (double capacity : {0.4, 0.8, 1.2, 2.0})
    expectTheBestRows(scores, tokens, capacity);
}

TYPED_TEST(LibraryAssignment, LogSharesAreTheirDefinition) {
  using C = TypeParam;
  std::mt19937 random(11);
  for (auto [rows, experts] : kShapes)
    for (Real size : {1, 30, 1000}) {
      auto logits = makeRandom<C>(rows * experts, random, -size, size);
      Guarded<C> shares(logits.size());
      runTasks(divideUp(rows, 3), Order::backwards, [&](int64_t task) {
        WideLibrary<C>::logShares(task, logits.data(), shares.data(), rows,
                                  experts, 3);
      });
      Expected expected(logits.size());
      for (int64_t i = 0; i < logits.size(); ++i) {
        int64_t first = i / experts * experts;
        Real most = -kInfinity, total = 0;
        for (int64_t e = 0; e < experts; ++e)
          most = std::max(most, logits.at(first + e));
        for (int64_t e = 0; e < experts; ++e)
          total += std::exp(logits.at(first + e) - most);
        expected.set(i, logits.at(i) - most - std::log(total),
                     std::fabs(logits.at(i)) + std::fabs(most) +
                         std::fabs(std::log(total)));
      }
      expectClose(shares, expected, 8, "shares");
    }
}

} // namespace
