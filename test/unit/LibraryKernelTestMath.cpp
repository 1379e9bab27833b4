//===- LibraryKernelTestMath.cpp - The vector functions' accuracy ---------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LibraryKernelTest.h"

using namespace hashc::test;

#define HASHC_FUNCTIONS(C, TYPE)                                               \
  void test_exp_##TYPE(const C *, C *, int64_t);                               \
  void test_log_##TYPE(const C *, C *, int64_t);                               \
  void test_log1p_##TYPE(const C *, C *, int64_t);                             \
  void test_tanh_##TYPE(const C *, C *, int64_t);                              \
  void test_sin_##TYPE(const C *, C *, int64_t);                               \
  void test_cos_##TYPE(const C *, C *, int64_t);                               \
  void test_erf_##TYPE(const C *, C *, int64_t);                               \
  void test_pow_##TYPE(const C *, const C *, C *, int64_t);
extern "C" {
HASHC_FUNCTIONS(float, f32)
HASHC_FUNCTIONS(double, f64)
}

namespace {

/// The distance of neighbours at a number; below the smallest normal number
/// they are evenly spaced.
template <typename C> Real spacing(Real value) {
  int exponent = std::numeric_limits<C>::min_exponent;
  if (value != 0)
    exponent = std::max(exponent, std::ilogb(value) + 1);
  return std::ldexp(1.0L, exponent - std::numeric_limits<C>::digits);
}

/// Results that are no numbers, or zero, have to be met exactly, with the sign.
template <typename C> Real getUlps(C got, Real want) {
  if (std::isnan(want) || std::isnan(got))
    return std::isnan(want) && std::isnan(got) ? 0 : kInfinity;
  bool overflows = std::fabs(want) > Real(std::numeric_limits<C>::max());
  if (std::isinf(got) && overflows)
    return std::signbit(got) == std::signbit(want) ? 0 : kInfinity;
  if (std::isinf(got) || std::isinf(want))
    return kInfinity;
  if (want == 0)
    return got == 0 && std::signbit(got) == std::signbit(want) ? 0 : kInfinity;
  return std::fabs(Real(got) - want) / spacing<C>(want);
}

/// Numbers of every exponent and sign, in between those that formats treat
/// specially.
template <typename C> std::vector<C> makeEdges() {
  using Limits = std::numeric_limits<C>;
  std::vector<C> values = {0,
                           1,
                           Limits::denorm_min(),
                           3 * Limits::denorm_min(),
                           Limits::min(),
                           std::nextafter(Limits::min(), C(0)),
                           Limits::epsilon(),
                           std::nextafter(C(1), C(0)),
                           std::nextafter(C(1), C(2)),
                           C(0.5),
                           C(2),
                           C(0.625),
                           std::nextafter(C(0.625), C(0)),
                           Limits::infinity(),
                           Limits::quiet_NaN()};
  for (size_t i = 0, size = values.size(); i < size; ++i)
    values.push_back(-values[i]);
  return values;
}

/// All exponents between two, `count` mantissas each, both signs.
template <typename C>
void addExponents(std::vector<C> &values, int low, int high, int count) {
  std::mt19937_64 random(3);
  std::uniform_real_distribution<C> mantissas(1, 2);
  for (int exponent = low; exponent < high; ++exponent)
    for (int i = 0; i < count; ++i) {
      C value = std::ldexp(mantissas(random), exponent);
      values.push_back(value);
      values.push_back(-value);
    }
}

template <typename C>
void addRange(std::vector<C> &values, C low, C high, int64_t count) {
  for (int64_t i = 0; i <= count; ++i)
    values.push_back(low + (high - low) * C(i) / C(count));
}

template <typename C> using Unary = void (*)(const C *, C *, int64_t);
using Definition = Real (*)(Real);

template <typename C>
void checkFunction(const char *name, Unary<C> function, Definition definition,
                   const std::vector<C> &samples, Real bound) {
  Guarded<C> x(samples), y(int64_t(samples.size()));
  function(x.data(), y.data(), x.size());
  Real worst = 0;
  int64_t at = 0;
  for (int64_t i = 0; i < x.size(); ++i)
    if (Real ulps = getUlps(y[i], definition(x[i])); ulps > worst) {
      worst = ulps;
      at = i;
    }
  EXPECT_LE(worst, bound) << name << "(" << double(x[at]) << ") is "
                          << double(y[at]) << " instead of "
                          << double(definition(x[at]));
  testing::Test::RecordProperty(std::string(name) +
                                    (sizeof(C) == 4 ? "32" : "64"),
                                std::to_string(double(worst)));
}

template <typename C> std::vector<C> makeSamples(C low, C high) {
  std::vector<C> samples = makeEdges<C>();
  addExponents<C>(samples, std::numeric_limits<C>::min_exponent - 5,
                  std::numeric_limits<C>::max_exponent,
                  sizeof(C) == 4 ? 150 : 8);
  addRange<C>(samples, low, high, 60000);
  return samples;
}

TEST(LibraryMath, ExpIsGoodTo1Ulp) {
  checkFunction<float>("exp", test_exp_f32, std::exp,
                       makeSamples<float>(-105, 89), 1);
  checkFunction<double>("exp", test_exp_f64, std::exp,
                        makeSamples<double>(-746, 710), 1);
}

TEST(LibraryMath, ExpAtTheLimitsOfTheRange) {
  // The last that is finite and the first that is not, and at the other end.
  std::vector<float> singles = {
      88.722839f, 88.72284f, 88.722847f, -87.336544f, -87.4f, -103.27892f,
      -103.97f,   -103.98f,  -104.0f,    -104.5f,     1e30f,  -1e30f};
  checkFunction<float>("exp", test_exp_f32, std::exp, singles, 1);
  std::vector<double> doubles = {709.782712893384,
                                 709.7827128933841,
                                 -708.3964185322641,
                                 -745.1332191019411,
                                 -745.1332191019412,
                                 -745.2,
                                 -746,
                                 1e300,
                                 -1e300};
  checkFunction<double>("exp", test_exp_f64, std::exp, doubles, 1);
}

TEST(LibraryMath, LogIsGoodTo1Ulp) {
  checkFunction<float>("log", test_log_f32, std::log, makeSamples<float>(0, 4),
                       1);
  checkFunction<double>("log", test_log_f64, std::log,
                        makeSamples<double>(0, 4), 1);
}

TEST(LibraryMath, Log1pIsGoodTo3Ulps) {
  checkFunction<float>("log1p", test_log1p_f32, std::log1p,
                       makeSamples<float>(-1, 4), 3);
  checkFunction<double>("log1p", test_log1p_f64, std::log1p,
                        makeSamples<double>(-1, 4), 3);
}

TEST(LibraryMath, TanhIsGoodTo2Ulps) {
  checkFunction<float>("tanh", test_tanh_f32, std::tanh,
                       makeSamples<float>(-12, 12), 2);
  checkFunction<double>("tanh", test_tanh_f64, std::tanh,
                        makeSamples<double>(-24, 24), 2);
}

TEST(LibraryMath, ErfIsGoodTo3Ulps) {
  checkFunction<float>("erf", test_erf_f32, std::erf, makeSamples<float>(-6, 6),
                       3);
  checkFunction<double>("erf", test_erf_f64, std::erf,
                        makeSamples<double>(-8, 8), 3);
}

/// Angles up to some thousands of turns, as Math.h promises, and those next to
/// the multiples of pi/2, where nothing is left of them.
template <typename C> std::vector<C> makeAngles() {
  std::vector<C> samples = makeEdges<C>();
  addExponents<C>(samples, std::numeric_limits<C>::min_exponent - 5, 16,
                  sizeof(C) == 4 ? 150 : 20);
  addRange<C>(samples, -10, 10, 60000);
  for (int n = -40000; n <= 40000; n += n > -300 && n < 300 ? 1 : 7) {
    C near = C(n * 1.57079632679489661923132169163975144L);
    samples.insert(samples.end(), {near, std::nextafter(near, C(1e6)),
                                   std::nextafter(near, C(-1e6))});
  }
  return samples;
}

TEST(LibraryMath, SinAndCosAreGoodTo2Ulps) {
  checkFunction<float>("sin", test_sin_f32, std::sin, makeAngles<float>(), 2);
  checkFunction<float>("cos", test_cos_f32, std::cos, makeAngles<float>(), 2);
  checkFunction<double>("sin", test_sin_f64, std::sin, makeAngles<double>(), 2);
  checkFunction<double>("cos", test_cos_f64, std::cos, makeAngles<double>(), 2);
}

/// The error of y log|x| is relative to its size, so that of the power grows
/// with its logarithm.
template <typename C>
void checkPower(void (*function)(const C *, const C *, C *, int64_t),
                C largest) {
  std::mt19937 random(9);
  std::uniform_real_distribution<C> logarithms(-largest, largest);
  std::uniform_real_distribution<C> exponents(-3, 3);
  std::vector<C> bases, powers;
  for (int i = 0; i < 40000; ++i) {
    C y = std::exp(exponents(random)) * (i & 1 ? 1 : -1);
    C x = std::exp(logarithms(random) / std::max(C(1), std::fabs(y)));
    if (i % 3 == 0)
      y = std::round(y);
    bases.push_back(i % 5 == 0 ? -x : x);
    powers.push_back(y);
  }
  Guarded<C> x(bases), y(powers), z(x.size());
  function(x.data(), y.data(), z.data(), x.size());
  for (int64_t i = 0; i < x.size(); ++i) {
    Real want = std::pow(x.at(i), y.at(i));
    Real exponent = std::fabs(y.at(i) * std::log(std::fabs(x.at(i))));
    ASSERT_LE(getUlps(z[i], want), 2 + exponent * 2)
        << double(x[i]) << " to the power of " << double(y[i]) << " is "
        << double(z[i]) << " instead of " << double(want);
  }
}

TEST(LibraryMath, PowIsGoodTo2UlpsForEachUnitOfItsLogarithm) {
  checkPower<float>(test_pow_f32, 80);
  checkPower<double>(test_pow_f64, 700);
}

template <typename C>
void checkPowerEdges(void (*function)(const C *, const C *, C *, int64_t)) {
  const C infinity = std::numeric_limits<C>::infinity();
  const C nan = std::numeric_limits<C>::quiet_NaN();
  std::vector<C> bases = {0,       C(-0.0),  1,         -1,  2, -2, C(0.5),
                          C(-0.5), infinity, -infinity, nan, 3, -3};
  std::vector<C> powers = {0,   C(-0.0), 1,        -1,      2,        -2,
                           3,   -3,      C(0.5),   C(-0.5), infinity, -infinity,
                           nan, C(1e30), C(-1e30), C(1) / 3};
  for (C base : bases)
    for (C power : powers) {
      C result = nan;
      function(&base, &power, &result, 1);
      EXPECT_LE(getUlps(result, std::pow(Real(base), Real(power))), 4)
          << double(base) << " to the power of " << double(power) << " is "
          << double(result);
    }
}

TEST(LibraryMath, PowOfSpecialNumbers) {
  checkPowerEdges<float>(test_pow_f32);
  checkPowerEdges<double>(test_pow_f64);
}

template <typename C> void checkLanes(Unary<C> function) {
  // 37 numbers: whole registers, and a rest.
  std::mt19937 random(5);
  Guarded<C> x = makeRandom<C>(37, random, -3, 3), y(37), one(1);
  function(x.data(), y.data(), x.size());
  for (int64_t i = 0; i < x.size(); ++i) {
    function(x.data() + i, one.data(), 1);
    expectSameBits(one.data(), y.data() + i, 1, "element");
  }
}

TEST(LibraryMath, ALaneDoesNotSeeTheOthers) {
  for (Unary<float> function :
       {test_exp_f32, test_log_f32, test_log1p_f32, test_tanh_f32, test_sin_f32,
        test_cos_f32, test_erf_f32})
    checkLanes(function);
  for (Unary<double> function :
       {test_exp_f64, test_log_f64, test_log1p_f64, test_tanh_f64, test_sin_f64,
        test_cos_f64, test_erf_f64})
    checkLanes(function);
}

} // namespace
