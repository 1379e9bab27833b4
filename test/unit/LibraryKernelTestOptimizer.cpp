//===- LibraryKernelTestOptimizer.cpp - The gradients' norm and AdamW -----===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LibraryKernelTest.h"

using namespace hashc::test;

namespace {

void addSquares(const Guarded<float> &x, double *norms, int64_t part = 0,
                int64_t parts = 1) {
  hash_norm_add_f32(part, x.data(), norms, x.size(), parts);
}
void addSquares(const Guarded<double> &x, double *norms, int64_t part = 0,
                int64_t parts = 1) {
  hash_norm_add_f64(part, x.data(), norms, x.size(), parts);
}

template <typename C> class LibraryOptimizer : public testing::Test {};
using ComputeTypes = testing::Types<float, double>;
TYPED_TEST_SUITE(LibraryOptimizer, ComputeTypes);

TYPED_TEST(LibraryOptimizer, GlobalNormIsOfAllParameters) {
  using C = TypeParam;
  std::mt19937 random(81);
  // Around the 16 or 32 elements of a step, and the 4096 of a chunk.
  for (int64_t size : {1, 7, 15, 16, 17, 31, 33, 4095, 4096, 4097, 9000}) {
    auto x = makeRandom<C>(size, random), y = makeRandom<C>(3, random);
    Guarded<double> norm(1);
    hash_norm_start(0, norm.data());
    addSquares(x, norm.data());
    addSquares(y, norm.data());
    hash_norm_finish(0, norm.data());
    Real squares = 0;
    for (int64_t i = 0; i < size; ++i)
      squares += x.at(i) * x.at(i);
    for (int64_t i = 0; i < 3; ++i)
      squares += y.at(i) * y.at(i);
    Expected expected(1);
    expected.set(0, std::sqrt(squares));
    expectClose(norm, expected, 4 + Real(size) / 32, "norm");
  }
}

TYPED_TEST(LibraryOptimizer, PartsShareAllParameters) {
  using C = TypeParam;
  std::mt19937 random(82);
  constexpr int64_t parts = 5;
  for (int64_t size : {1, 4, 5, 6, 11, 4100}) {
    auto x = makeRandom<C>(size, random), y = makeRandom<C>(7, random);
    Guarded<double> norms(parts);
    Expected expected(parts);
    auto sum = [&](const Guarded<C> &v, int64_t part) {
      const int64_t length = (v.size() + parts - 1) / parts;
      Real squares = 0;
      for (int64_t i = part * length;
           i < std::min(v.size(), (part + 1) * length); ++i)
        squares += v.at(i) * v.at(i);
      return squares;
    };
    for (int64_t part = 0; part < parts; ++part) {
      hash_norm_start(part, norms.data());
      addSquares(x, norms.data(), part, parts);
      addSquares(y, norms.data(), part, parts);
      hash_norm_finish(part, norms.data());
      expected.set(part, std::sqrt(sum(x, part) + sum(y, part)));
    }
    expectClose(norms, expected, 4 + Real(size) / 32, "norms");
  }
}

TYPED_TEST(LibraryOptimizer, GlobalNormIsInDouble) {
  using C = TypeParam;
  // The square is no float.
  Guarded<C> x = {C(1e30), C(0)};
  Guarded<double> norm = {0};
  addSquares(x, norm.data());
  hash_norm_finish(0, norm.data());
  EXPECT_NEAR(norm[0] / double(x[0]), 1, 1e-15);
  x[1] = std::numeric_limits<C>::quiet_NaN();
  addSquares(x, norm.data());
  EXPECT_TRUE(std::isnan(norm[0]));
}

struct Hyper {
  double rate = 0.01, beta1 = 0.9, beta2 = 0.95, eps = 1e-8, decay = 0.1;
  double limit = 0;
  int64_t taskSize = 1000;
};

void step(int64_t task, const double *hyper, const double *norm, const Hyper &h,
          Guarded<float> &p, Guarded<float> &g, Guarded<float> &m,
          Guarded<float> &v) {
  hash_adamw_f32(task, hyper, norm, p.data(), g.data(), m.data(), v.data(),
                 p.size(), h.beta1, h.beta2, h.eps, h.decay, h.taskSize);
}
void step(int64_t task, const double *hyper, const double *norm, const Hyper &h,
          Guarded<double> &p, Guarded<double> &g, Guarded<double> &m,
          Guarded<double> &v) {
  hash_adamw_f64(task, hyper, norm, p.data(), g.data(), m.data(), v.data(),
                 p.size(), h.beta1, h.beta2, h.eps, h.decay, h.taskSize);
}

/// A parameter and its state, and the same by a plain loop over numbers that
/// are never rounded to C.
template <typename C> struct Parameter {
  Guarded<C> param, grad, moment1, moment2;
  std::vector<Real> p, m, v, moved;

  Parameter(int64_t size, uint32_t seed)
      : Parameter(size, std::mt19937(seed)) {}

  void takeStep(const Hyper &h, int t, uint32_t seed, Order order) {
    std::mt19937 random(seed);
    Guarded<C> gradient = makeRandom<C>(param.size(), random);
    Real squares = 0;
    for (int64_t i = 0; i < param.size(); ++i)
      squares += gradient.at(i) * gradient.at(i);
    std::copy_n(gradient.data(), gradient.size(), grad.data());
    Guarded<double> norm = {double(std::sqrt(squares))};
    Guarded<double> hyper = {h.rate, 1 - std::pow(h.beta1, t),
                             1 - std::pow(h.beta2, t), h.limit};
    runTasks(divideUp(param.size(), h.taskSize), order, [&](int64_t task) {
      step(task, hyper.data(), norm.data(), h, param, grad, moment1, moment2);
    });
    Real clip = 1;
    if (h.limit > 0)
      clip = std::min(Real(1), h.limit / (Real(norm[0]) + 1e-6L));
    for (int64_t i = 0; i < param.size(); ++i)
      define(h, t, i, gradient.at(i) * clip);
  }

  void expectDefinition() {
    Expected params(param.size()), m1(param.size()), m2(param.size());
    for (int64_t i = 0; i < param.size(); ++i) {
      params.set(i, p[i], moved[i]);
      m1.set(i, m[i], 1);
      m2.set(i, v[i], 1);
      EXPECT_EQ(grad[i], C(0)) << i;
    }
    expectClose(param, params, 16, "param");
    expectClose(moment1, m1, 8, "moment1");
    expectClose(moment2, m2, 8, "moment2");
  }

private:
  Parameter(int64_t size, std::mt19937 random)
      : param(makeRandom<C>(size, random, -2, 2)), grad(size), moment1(size),
        moment2(size), p(size), m(size), v(size), moved(size) {
    for (int64_t i = 0; i < size; ++i) {
      moment1[i] = moment2[i] = 0;
      p[i] = moved[i] = param.at(i);
      moved[i] = std::fabs(moved[i]);
    }
  }

  void define(const Hyper &h, int t, int64_t i, Real g) {
    m[i] = h.beta1 * m[i] + (1 - Real(h.beta1)) * g;
    v[i] = h.beta2 * v[i] + (1 - Real(h.beta2)) * g * g;
    Real mean = m[i] / (1 - std::pow(Real(h.beta1), t));
    Real variance = v[i] / (1 - std::pow(Real(h.beta2), t));
    Real size = std::sqrt(variance) + h.eps;
    p[i] = p[i] * (1 - Real(h.rate) * h.decay) - h.rate * (mean / size);
    // What a rounded moment of size 1 changes, and the parameter's rounding.
    moved[i] += std::fabs(p[i]) + h.rate * (1 + std::fabs(mean)) / size;
  }
};

TYPED_TEST(LibraryOptimizer, AdamwIsItsDefinitionOverSeveralSteps) {
  using C = TypeParam;
  std::vector<Hyper> hypers(6);
  hypers[1].decay = 0;
  hypers[2].limit = 1;   // clips
  hypers[3].limit = 1e6; // does not
  hypers[4].eps = 0.1;
  hypers[5].rate = 0.3;
  hypers[5].decay = 0.5;
  for (const Hyper &hyper : hypers)
    for (int64_t size : {1, 7, 16, 100, 2003}) {
      Parameter<C> parameter(size, 82);
      for (int t = 1; t <= 6; ++t)
        parameter.takeStep(hyper, t, 100 + t, Order::forwards);
      parameter.expectDefinition();
    }
}

TYPED_TEST(LibraryOptimizer, AdamwTasksMayBeOfAnySizeAndOrder) {
  using C = TypeParam;
  Parameter<C> whole(2003, 83);
  Hyper hyper;
  hyper.limit = 1;
  hyper.taskSize = 2003;
  for (int t = 1; t <= 3; ++t)
    whole.takeStep(hyper, t, 200 + t, Order::forwards);
  for (int64_t taskSize : {1, 7, 64, 1000})
    for (Order order : {Order::backwards, Order::shuffled}) {
      Parameter<C> other(2003, 83);
      hyper.taskSize = taskSize;
      for (int t = 1; t <= 3; ++t)
        other.takeStep(hyper, t, 200 + t, order);
      expectSameBits(other.param, whole.param, "param");
      expectSameBits(other.moment1, whole.moment1, "moment1");
      expectSameBits(other.moment2, whole.moment2, "moment2");
    }
}

/// Panels are filled up with zeros, which have to stay zero.
TYPED_TEST(LibraryOptimizer, PaddingStaysZero) {
  using C = TypeParam;
  Hyper hyper;
  hyper.limit = 1;
  Guarded<C> zeros(std::vector<C>(37, C(0)));
  Guarded<C> p = zeros, g = zeros, m = zeros, v = zeros;
  for (int t = 1; t <= 3; ++t) {
    Guarded<double> norm = {2.0};
    Guarded<double> values = {hyper.rate, 1 - std::pow(hyper.beta1, t),
                              1 - std::pow(hyper.beta2, t), hyper.limit};
    step(0, values.data(), norm.data(), hyper, p, g, m, v);
  }
  for (const Guarded<C> *buffer : {&p, &g, &m, &v})
    expectSameBits(*buffer, zeros, "padding");
}

TYPED_TEST(LibraryOptimizer, NanComesOut) {
  using C = TypeParam;
  Hyper hyper;
  Guarded<C> p(std::vector<C>(19, C(1))), g = p, m = p, v = p;
  g[18] = std::numeric_limits<C>::quiet_NaN();
  Guarded<double> values = {0.1, 0.1, 0.05, 0.0}, norm = {1.0};
  step(0, values.data(), norm.data(), hyper, p, g, m, v);
  for (int64_t i = 0; i < 19; ++i)
    EXPECT_EQ(std::isnan(p.at(i)), i == 18) << i;
}

} // namespace
