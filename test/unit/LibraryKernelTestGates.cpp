//===- LibraryKernelTestGates.cpp - Learned weights of choices ------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LibraryKernelTest.h"

using namespace hashc::test;

namespace {

enum Kind : int64_t { sqrtSoftplus, sigmoid, softmax };

/// One shape and configuration of a gate.
struct Case {
  int64_t tokens, k, experts, kind;
  bool normalize;
  double scale = 1.5;
  int64_t taskTokens = 3;
  /// No more positions than there are live choices, and one.
  bool isTight = false;

  int64_t slots() const { return tokens * k; }
  int64_t tasks() const { return divideUp(tokens, taskTokens); }
};

std::ostream &operator<<(std::ostream &os, const Case &c) {
  return os << c.tokens << " tokens, " << c.k << " of " << c.experts
            << " experts, kind " << c.kind
            << (c.normalize ? ", normalized" : "");
}

std::vector<Case> listCases() {
  std::vector<Case> cases;
  for (int64_t kind : {sqrtSoftplus, sigmoid, softmax})
    for (bool normalize : {false, true})
      for (auto [tokens, k, experts] :
           {std::tuple<int64_t, int64_t, int64_t>{1, 1, 1},
            {7, 1, 5},
            {11, 3, 8},
            {10, 8, 8},
            {23, 2, 17},
            {5, 6, 64}})
        for (bool isTight : {false, true})
          cases.push_back(
              {tokens, k, experts, kind, normalize, 1.5, 3, isTight});
  return cases;
}

/// Different experts for a token. Every fourth token is masked, and every
/// seventh slot of the others has no expert.
std::vector<int32_t> makeChoices(const Case &c, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<int32_t> choices, experts(c.experts);
  std::iota(experts.begin(), experts.end(), 0);
  for (int64_t t = 0; t < c.tokens; ++t) {
    std::shuffle(experts.begin(), experts.end(), random);
    for (int64_t j = 0; j < c.k; ++j)
      choices.push_back(t % 4 == 2 || (t * c.k + j) % 7 == 6 ? -1 : experts[j]);
  }
  return choices;
}

int64_t countPositions(const Case &c, const std::vector<int32_t> &choices) {
  int64_t live = std::count_if(choices.begin(), choices.end(),
                               [](int32_t expert) { return expert >= 0; });
  return c.isTight ? std::min(live + 1, c.slots()) : c.slots();
}

/// Rows of each expert in the order of their slots, dead ones last.
Guarded<int32_t> makePlan(const Case &c, const std::vector<int32_t> &choices) {
  int64_t positions = countPositions(c, choices);
  Guarded<int32_t> plan(c.experts + 1 + positions + c.slots());
  int32_t *slotOf = &plan[c.experts + 1], *positionOf = slotOf + positions;
  int32_t position = 0;
  for (int64_t e = 0; e <= c.experts; ++e) {
    plan[e] = position;
    for (int64_t slot = 0; slot < c.slots(); ++slot)
      if (choices[slot] == (e < c.experts ? e : -1)) {
        positionOf[slot] = position;
        if (position < positions)
          slotOf[position++] = int32_t(slot);
      }
  }
  return plan;
}

/// A gate and its gradient, with all their buffers.
template <typename C> struct Gate {
  Case c;
  std::vector<int32_t> choices;
  int64_t positions;
  Guarded<int32_t> plan;
  Guarded<C> logits, weights, dweights, dlogits;

  Gate(const Case &c, uint32_t seed, Real size = 4)
      : Gate(c, std::mt19937(seed), size) {}

  void forward(Order order = Order::forwards) {
    runTasks(c.tasks(), order, [&](int64_t task) {
      WideLibrary<C>::gate(task, logits.data(), plan.data(), weights.data(),
                           c.tokens, c.k, c.experts, positions, c.kind,
                           c.normalize, c.scale, c.taskTokens);
    });
  }
  void backward(Order order = Order::forwards) {
    runTasks(c.tasks(), order, [&](int64_t task) {
      WideLibrary<C>::gateGrad(task, logits.data(), weights.data(),
                               dweights.data(), plan.data(), dlogits.data(),
                               c.tokens, c.k, c.experts, positions, c.kind,
                               c.normalize, c.scale, c.taskTokens);
    });
  }
  int32_t positionOf(int64_t slot) const {
    return plan[c.experts + 1 + positions + slot];
  }
  Real logit(int64_t token, int64_t expert) const {
    return logits.at(token * c.experts + expert);
  }
  /// exp(z - most) summed over a token's experts, and most.
  std::pair<Real, Real> getPartition(int64_t token) const {
    Real most = -kInfinity, total = 0;
    for (int64_t e = 0; e < c.experts; ++e)
      most = std::max(most, logit(token, e));
    for (int64_t e = 0; e < c.experts; ++e)
      total += std::exp(logit(token, e) - most);
    return {total, most};
  }
  Real getScore(int64_t token, int64_t expert) const {
    Real z = logit(token, expert);
    if (c.kind == sigmoid)
      return 1 / (1 + std::exp(-z));
    auto [total, most] = getPartition(token);
    if (c.kind == softmax)
      return std::exp(z - most) / total;
    return std::sqrt(std::log1p(std::exp(z)));
  }
  /// The derivative of the score of `expert` by the logit of `by`.
  Real getSlope(int64_t token, int64_t expert, int64_t by) const {
    Real z = logit(token, expert), s = getScore(token, expert);
    Real one = expert == by ? 1 : 0;
    if (c.kind == softmax)
      return s * (one - getScore(token, by));
    return one * (c.kind == sigmoid ? s / (1 + std::exp(z))
                                    : 1 / (1 + std::exp(-z)) / (2 * s));
  }
  /// What flows back to the weight of a slot.
  Real getFlow(int64_t slot) const { return dweights.at(positionOf(slot)); }
  /// The experts of a token's live choices, with their slots.
  std::vector<std::pair<int32_t, int64_t>> getLive(int64_t token) const {
    std::vector<std::pair<int32_t, int64_t>> live;
    for (int64_t slot = token * c.k; slot < (token + 1) * c.k; ++slot)
      if (choices[slot] >= 0)
        live.push_back({choices[slot], slot});
    return live;
  }

private:
  Gate(const Case &c, std::mt19937 random, Real size)
      : c(c), choices(makeChoices(c, uint32_t(random()))),
        positions(countPositions(c, choices)), plan(makePlan(c, choices)),
        logits(makeRandom<C>(c.tokens * c.experts, random, -size, size)),
        weights(positions), dweights(positions), dlogits(c.tokens * c.experts) {
    // What flows back to dead positions is never read: it stays NaN.
    Guarded<C> flow = makeRandom<C>(positions, random);
    std::copy_n(flow.data(), plan[c.experts], dweights.data());
  }
};

template <typename C> Expected getWeights(const Gate<C> &gate) {
  Expected weights(gate.positions);
  for (int64_t t = 0; t < gate.c.tokens; ++t) {
    Real total = 0;
    for (auto [expert, slot] : gate.getLive(t))
      total += gate.getScore(t, expert);
    for (auto [expert, slot] : gate.getLive(t)) {
      Real weight = gate.c.scale * gate.getScore(t, expert) /
                    (gate.c.normalize ? total : 1);
      // A rounded logarithm of the score is off by more, the larger it is.
      weights.set(gate.positionOf(slot), weight,
                  weight * (1 + std::fabs(gate.logit(t, expert))));
    }
  }
  return weights;
}

/// The chain rule through scores and shares. Normalised, what flows to a choice
/// and the mean that is taken from it may cancel: both are sizes of terms.
template <typename C> Expected getGradient(const Gate<C> &gate) {
  const Case &c = gate.c;
  Expected dlogits(c.tokens * c.experts);
  for (int64_t t = 0; t < c.tokens; ++t) {
    auto live = gate.getLive(t);
    Real total = 0, mean = 0, meanSize = 0, most = gate.getPartition(t).second;
    for (auto [expert, slot] : live)
      total += c.normalize ? gate.getScore(t, expert) : 0;
    for (auto [expert, slot] : live) {
      Real share = c.normalize ? gate.getScore(t, expert) / total : 0;
      mean += share * gate.getFlow(slot);
      meanSize += share * std::fabs(gate.getFlow(slot));
    }
    for (int64_t by = 0; by < c.experts; ++by) {
      Real sum = 0, size = 0, whole = c.normalize ? total : 1;
      for (auto [expert, slot] : live) {
        Real scale = c.scale / whole;
        sum +=
            scale * (gate.getFlow(slot) - mean) * gate.getSlope(t, expert, by);
        size +=
            scale * (std::fabs(gate.getFlow(slot)) + meanSize) *
            gate.getScore(t, expert) *
            ((expert == by) + (c.kind == softmax ? gate.getScore(t, by) : 0));
      }
      dlogits.set(t * c.experts + by, sum,
                  size * (1 + std::fabs(gate.logit(t, by)) + std::fabs(most)));
    }
  }
  return dlogits;
}

template <typename C> class LibraryGates : public testing::Test {};
using ComputeTypes = testing::Types<float, double>;
TYPED_TEST_SUITE(LibraryGates, ComputeTypes);

TYPED_TEST(LibraryGates, AreTheirDefinition) {
  for (const Case &c : listCases())
    for (Real size : {1, 30}) {
      SCOPED_TRACE(testing::Message() << c << ", logits to " << double(size));
      Gate<TypeParam> gate(c, 91, size);
      gate.forward();
      expectClose(gate.weights, getWeights(gate), 16, "weights");
      gate.backward();
      expectClose(gate.dlogits, getGradient(gate), 48, "dlogits");
    }
}

TYPED_TEST(LibraryGates, ADeadPositionWeighsNothing) {
  for (Case c : listCases()) {
    SCOPED_TRACE(testing::Message() << c);
    Gate<TypeParam> gate(c, 92);
    // Whatever the logits of a token without a choice are.
    for (int64_t t = 2; t < c.tokens; t += 4)
      gate.logits[t * c.experts] = TypeParam(kNan);
    gate.forward();
    gate.backward();
    for (int64_t slot = 0; slot < c.slots(); ++slot) {
      if (gate.positionOf(slot) == gate.positions)
        continue;
      Real weight = gate.weights.at(gate.positionOf(slot));
      EXPECT_EQ(weight == 0, gate.choices[slot] < 0) << weight;
    }
    for (int64_t i = 0; i < gate.dlogits.size(); ++i)
      EXPECT_TRUE(gate.getLive(i / c.experts).size() || gate.dlogits.at(i) == 0)
          << i;
  }
}

TYPED_TEST(LibraryGates, EqualLogitsShareTheScaleToTheBit) {
  using C = TypeParam;
  for (Case c : listCases())
    for (Real logit : {0.L, 3.L, -3.L, 300.L, -300.L, -8e3L}) {
      if (!c.normalize)
        continue;
      SCOPED_TRACE(testing::Message() << c << " at " << double(logit));
      Gate<C> gate(c, 93);
      std::fill_n(gate.logits.data(), gate.logits.size(), C(logit));
      gate.forward();
      for (int64_t t = 0; t < c.tokens; ++t) {
        auto live = gate.getLive(t);
        C want = C(c.scale) / C(live.size());
        for (auto [expert, slot] : live)
          expectSameBits(&gate.weights[gate.positionOf(slot)], &want, 1,
                         "weight");
      }
    }
}

TYPED_TEST(LibraryGates, ScoresAtZeroAreKnown) {
  for (auto [kind, score] :
       {std::pair<int64_t, Real>{sqrtSoftplus, 0.83255461115769775635L},
        {sigmoid, 0.5L},
        {softmax, 0.125L}}) {
    Gate<TypeParam> gate({1, 1, 8, kind, false, 1.0}, 94);
    std::fill_n(gate.logits.data(), 8, TypeParam(0));
    gate.forward();
    EXPECT_NEAR(double(gate.weights.at(0)), double(score),
                4 * double(kUnit<TypeParam>));
  }
}

/// Far out scores are next to 0, to 1 or to their logit's root, and derivatives
/// stay numbers.
TYPED_TEST(LibraryGates, ExtremeLogitsStayNumbers) {
  using C = TypeParam;
  for (Case c : listCases())
    for (Real size : {90.L, 120.L, 800.L, 1e4L, 1e30L}) {
      SCOPED_TRACE(testing::Message() << c << ", logits to " << double(size));
      Gate<C> gate(c, 95, size);
      gate.forward();
      gate.backward();
      for (int64_t i = 0; i < gate.weights.size(); ++i)
        EXPECT_TRUE(gate.weights.at(i) >= 0 &&
                    std::isfinite(gate.weights.at(i)))
            << "weight " << gate.weights[i];
      for (int64_t i = 0; i < gate.dlogits.size(); ++i)
        EXPECT_TRUE(std::isfinite(gate.dlogits.at(i)))
            << "dlogit " << gate.dlogits[i];
      for (int64_t t = 0; t < c.tokens && c.normalize; ++t) {
        Real total = 0;
        for (auto [expert, slot] : gate.getLive(t))
          total += gate.weights.at(gate.positionOf(slot));
        if (gate.getLive(t).size())
          EXPECT_NEAR(double(total), c.scale, 32 * double(kUnit<C>));
      }
    }
}

TYPED_TEST(LibraryGates, ASingleChoiceHasAllAndLearnsNothing) {
  using C = TypeParam;
  for (int64_t kind : {sqrtSoftplus, sigmoid, softmax}) {
    Gate<C> gate({9, 1, 4, kind, true, 2.5}, 96);
    gate.forward();
    gate.backward();
    for (int64_t slot = 0; slot < 9; ++slot)
      EXPECT_EQ(gate.weights.at(gate.positionOf(slot)),
                gate.choices[slot] < 0 ? 0 : 2.5L);
    for (int64_t i = 0; i < gate.dlogits.size(); ++i)
      EXPECT_EQ(gate.dlogits.at(i), 0);
  }
}

TYPED_TEST(LibraryGates, TasksMayRunInAnyOrderAndCut) {
  for (Case c : listCases()) {
    SCOPED_TRACE(testing::Message() << c);
    Gate<TypeParam> gate(c, 97);
    gate.forward();
    gate.backward();
    Gate<TypeParam> other = gate;
    other.c.taskTokens = 1;
    other.forward(Order::shuffled);
    other.backward(Order::backwards);
    expectSameBits(other.weights, gate.weights, "weights");
    expectSameBits(other.dlogits, gate.dlogits, "dlogits");
  }
}

template <typename S> class LibraryWeigh : public testing::Test {};
TYPED_TEST_SUITE(LibraryWeigh, StorageTypes);

TYPED_TEST(LibraryWeigh, GradientIsEachRowsProduct) {
  using S = TypeParam;
  std::mt19937 random(98);
  for (auto shape : {std::pair<int64_t, int64_t>{1, 1},
                     {5, 7},
                     {9, 16},
                     {4, 33},
                     {17, 130}}) {
    int64_t rows = shape.first, width = shape.second;
    SCOPED_TRACE(testing::Message() << rows << " x " << width);
    auto x = makeRandom<S>(rows * width, random);
    auto dy = makeRandom<S>(rows * width, random);
    Guarded<Compute<S>> dweights(rows);
    runTasks(divideUp(rows, 4), Order::shuffled, [&](int64_t task) {
      Library<S>::weighGrad(task, x.data(), dy.data(), dweights.data(), rows,
                            width, 4);
    });
    Expected expected(rows);
    for (int64_t r = 0; r < rows; ++r) {
      Real sum = 0, size = 0;
      for (int64_t i = r * width; i < (r + 1) * width; ++i) {
        sum += x.at(i) * dy.at(i);
        size += std::fabs(x.at(i) * dy.at(i));
      }
      expected.set(r, sum, size);
    }
    expectClose(dweights, expected, 4 + Real(width) / 8, "dweights");
  }
}

} // namespace
