//===- LibraryKernelTest.h - Numbers, buffers and checks --------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_TEST_UNIT_LIBRARYKERNELTEST_H
#define HASHC_TEST_UNIT_LIBRARYKERNELTEST_H

#include "LibraryKernels.h"

#include "gtest/gtest.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

namespace hashc::test {

/// What the definitions are computed in.
using Real = long double;

constexpr Real kInfinity = std::numeric_limits<Real>::infinity();
constexpr Real kNan = std::numeric_limits<Real>::quiet_NaN();

/// The types of tests that are for every type activations are stored in.
using StorageTypes = testing::Types<float, double, Bf16>;

template <typename S> struct ComputeOf {
  using type = S;
};
template <> struct ComputeOf<Bf16> {
  using type = float;
};
template <typename S> using Compute = typename ComputeOf<S>::type;

/// The most that rounding to a type changes a number of size 1.
template <typename T> constexpr Real kUnit = 0;
template <> inline constexpr Real kUnit<float> = 0x1p-24L;
template <> inline constexpr Real kUnit<double> = 0x1p-53L;
template <> inline constexpr Real kUnit<Bf16> = 0x1p-8L;
template <> inline constexpr Real kUnit<int32_t> = 0;
template <> inline constexpr Real kUnit<int64_t> = 0;

template <typename T> Real get(T value) { return Real(value); }
template <> inline Real get(Bf16 value) {
  uint32_t bits = uint32_t(value.bits) << 16;
  float result;
  std::memcpy(&result, &bits, sizeof(result));
  return result;
}

/// The nearest number of a type, ties to even.
template <typename T> T round(Real value) { return T(value); }
template <> inline Bf16 round<Bf16>(Real value) {
  float narrow = float(value);
  uint32_t bits;
  std::memcpy(&bits, &narrow, sizeof(bits));
  if (std::isnan(narrow))
    return {uint16_t(bits >> 16 | 0x40)};
  uint32_t rest = bits & 0xffff, upper = bits >> 16;
  bool up = rest > 0x8000 || (rest == 0x8000 && (upper & 1));
  return {uint16_t(upper + up)};
}

/// A buffer at an address that is a multiple of its element only. Every bit is
/// set at first: that is NaN in all float types, and -1 in integers. So are the
/// guards on both sides, which nobody may change.
template <typename T> class Guarded {
public:
  explicit Guarded(int64_t size)
      : count(size), bytes(size * sizeof(T) + 2 * kGuard + kAlign, 0xff) {
    auto address = reinterpret_cast<uintptr_t>(bytes.data()) + kGuard;
    offset = kGuard + (kAlign - address % kAlign) % kAlign;
    offset += sizeof(T);
  }
  Guarded(const Guarded &other) : Guarded(other.count) {
    std::copy(other.data(), other.data() + count, data());
  }
  Guarded(std::initializer_list<T> values) : Guarded(int64_t(values.size())) {
    std::copy(values.begin(), values.end(), data());
  }
  explicit Guarded(const std::vector<T> &values)
      : Guarded(int64_t(values.size())) {
    std::copy(values.begin(), values.end(), data());
  }
  Guarded &operator=(const Guarded &) = delete;
  ~Guarded() { EXPECT_TRUE(isIntact()) << "a write outside of a buffer"; }

  T *data() { return reinterpret_cast<T *>(bytes.data() + offset); }
  const T *data() const {
    return reinterpret_cast<const T *>(bytes.data() + offset);
  }
  int64_t size() const { return count; }
  T &operator[](int64_t i) { return data()[i]; }
  const T &operator[](int64_t i) const { return data()[i]; }
  /// An element as the definitions see it.
  Real at(int64_t i) const { return get(data()[i]); }

  bool isIntact() const {
    auto begin = bytes.begin() + offset, end = begin + count * sizeof(T);
    auto isSet = [](uint8_t byte) { return byte == 0xff; };
    return std::all_of(bytes.begin(), begin, isSet) &&
           std::all_of(end, bytes.end(), isSet);
  }

private:
  // A write that is lost by one row of a test's size still hits the guard.
  static constexpr int64_t kGuard = 1024, kAlign = 64;
  int64_t count, offset = 0;
  std::vector<uint8_t> bytes;
};

template <typename T>
Guarded<T> makeRandom(int64_t size, std::mt19937 &random, Real low = -1,
                      Real high = 1) {
  Guarded<T> buffer(size);
  std::uniform_real_distribution<double> reals{double(low), double(high)};
  for (int64_t i = 0; i < size; ++i)
    buffer[i] = round<T>(reals(random));
  return buffer;
}

/// Every fourth row is masked, if any is.
inline Guarded<int32_t> makeTokens(int64_t rows, bool masked = true) {
  Guarded<int32_t> tokens(rows);
  for (int64_t r = 0; r < rows; ++r)
    tokens[r] = masked && r % 4 == 2 ? -1 : int32_t(r);
  return tokens;
}

inline int64_t countLive(const Guarded<int32_t> &tokens) {
  return std::count_if(tokens.data(), tokens.data() + tokens.size(),
                       [](int32_t token) { return token >= 0; });
}

/// A buffer's elements by definition, and for each the size of the terms that
/// it sums: rounding errors are relative to that.
struct Expected {
  explicit Expected(int64_t size) : value(size), size(size) {}
  void set(int64_t i, Real v) { set(i, v, std::fabs(v)); }
  void set(int64_t i, Real v, Real sizeOfTerms) {
    value[i] = v;
    size[i] = sizeOfTerms;
  }
  std::vector<Real> value, size;
};

/// Within `units` roundings of the compute type and one of the storage type.
template <typename T>
void expectClose(const Guarded<T> &actual, const Expected &expected, Real units,
                 const char *name) {
  ASSERT_EQ(actual.size(), int64_t(expected.value.size()));
  for (int64_t i = 0; i < actual.size(); ++i) {
    Real got = actual.at(i), want = expected.value[i];
    if (got == want || (std::isnan(got) && std::isnan(want)))
      continue;
    // Below the smallest normal number, spacing is absolute.
    Real tiny = std::numeric_limits<Compute<T>>::denorm_min();
    Real bound = units * (kUnit<Compute<T>> * expected.size[i] + tiny) +
                 1.01L * kUnit<T> * std::fabs(want);
    ASSERT_LE(std::fabs(got - want), bound)
        << name << "[" << i << "] is " << double(got) << " instead of "
        << double(want);
  }
}

template <typename T>
void expectSameBits(const T *actual, const T *expected, int64_t size,
                    const char *name) {
  for (int64_t i = 0; i < size; ++i)
    ASSERT_EQ(std::memcmp(actual + i, expected + i, sizeof(T)), 0)
        << name << "[" << i << "] is " << double(get(actual[i]))
        << " instead of " << double(get(expected[i]));
}
template <typename T>
void expectSameBits(const Guarded<T> &actual, const Guarded<T> &expected,
                    const char *name) {
  ASSERT_EQ(actual.size(), expected.size());
  expectSameBits(actual.data(), expected.data(), actual.size(), name);
}

/// Orders in which the tasks of one launch may happen to run.
enum class Order { forwards, backwards, shuffled };

inline void runTasks(int64_t tasks, Order order,
                     const std::function<void(int64_t)> &run) {
  std::vector<int64_t> numbers(tasks);
  std::iota(numbers.begin(), numbers.end(), 0);
  if (order == Order::backwards)
    std::reverse(numbers.begin(), numbers.end());
  if (order == Order::shuffled)
    std::shuffle(numbers.begin(), numbers.end(), std::mt19937(7));
  for (int64_t task : numbers)
    run(task);
}

inline int64_t divideUp(int64_t a, int64_t b) { return (a + b - 1) / b; }

} // namespace hashc::test

#endif // HASHC_TEST_UNIT_LIBRARYKERNELTEST_H
