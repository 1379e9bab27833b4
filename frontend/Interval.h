//===- Interval.h - Ranges of integers --------------------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_FRONTEND_INTERVAL_H
#define HASHC_FRONTEND_INTERVAL_H

#include <algorithm>
#include <cstdint>
#include <limits>

namespace hashc::frontend {

/// Rounds towards minus infinity. `divisor` is positive.
inline int64_t floorDiv(int64_t value, int64_t divisor) {
  return value / divisor - (value % divisor < 0 ? 1 : 0);
}

/// In 0 .. divisor-1. `divisor` is positive.
inline int64_t floorMod(int64_t value, int64_t divisor) {
  int64_t rest = value % divisor;
  return rest < 0 ? rest + divisor : rest;
}

/// All integers from `low` to `high`. What may leave 64 bits may be anything.
struct Interval {
  int64_t low = std::numeric_limits<int64_t>::min();
  int64_t high = std::numeric_limits<int64_t>::max();

  static Interval all() { return {}; }
  static Interval one(int64_t value) { return {value, value}; }
  bool isConstant() const { return low == high; }
  bool contains(int64_t value) const { return low <= value && value <= high; }

  Interval operator+(Interval other) const {
    Interval sum;
    if (__builtin_add_overflow(low, other.low, &sum.low) ||
        __builtin_add_overflow(high, other.high, &sum.high))
      return all();
    return sum;
  }
  Interval operator-(Interval other) const {
    Interval difference;
    if (__builtin_sub_overflow(low, other.high, &difference.low) ||
        __builtin_sub_overflow(high, other.low, &difference.high))
      return all();
    return difference;
  }
  Interval operator*(Interval other) const {
    int64_t corners[4];
    if (__builtin_mul_overflow(low, other.low, &corners[0]) ||
        __builtin_mul_overflow(low, other.high, &corners[1]) ||
        __builtin_mul_overflow(high, other.low, &corners[2]) ||
        __builtin_mul_overflow(high, other.high, &corners[3]))
      return all();
    return {*std::min_element(corners, corners + 4),
            *std::max_element(corners, corners + 4)};
  }
  /// By a divisor of at least 1.
  Interval floorDividedBy(Interval divisor) const {
    return {
        std::min(floorDiv(low, divisor.low), floorDiv(low, divisor.high)),
        std::max(floorDiv(high, divisor.low), floorDiv(high, divisor.high))};
  }
  Interval modulo(Interval divisor) const {
    if (low >= 0 && high < divisor.low)
      return *this;
    return {0, divisor.high - 1};
  }
  Interval hull(Interval other) const {
    return {std::min(low, other.low), std::max(high, other.high)};
  }
  Interval max(Interval other) const {
    return {std::max(low, other.low), std::max(high, other.high)};
  }
  Interval min(Interval other) const {
    return {std::min(low, other.low), std::min(high, other.high)};
  }
  Interval abs() const {
    if (low == std::numeric_limits<int64_t>::min())
      return all();
    int64_t far = std::max(low < 0 ? -low : low, high < 0 ? -high : high);
    return {contains(0)
                ? 0
                : std::min(low < 0 ? -low : low, high < 0 ? -high : high),
            far};
  }
};

} // namespace hashc::frontend

#endif // HASHC_FRONTEND_INTERVAL_H
