//===- Random.h - Random numbers by counter ---------------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_RUNTIME_SUPPORT_RANDOM_H
#define HASHC_RUNTIME_SUPPORT_RANDOM_H

#include "runtime/support/Hash.h"

namespace hashc::runtime {

/// Random numbers that are functions of (seed, name, index): any thread may
/// compute any of them, in any order, at any time.
///   key  = mix(fnv64(name); seed)
///   bits = mix64 steps of (key, index), all 64 of them
class CounterRandom {
public:
  CounterRandom(uint64_t seed, std::string_view name)
      : key(mix({fnv64(name)}, seed)) {}

  uint64_t bits(uint64_t index) const { return mixInto(key, index); }
  /// In [0, 1), a multiple of 2^-53.
  double uniform(uint64_t index) const {
    return static_cast<double>(bits(index) >> 11) * 0x1p-53;
  }
  /// Normal by Box-Muller: elements 2j and 2j+1 are the cosine and the sine of
  /// one draw with u = 1 - uniform(2j), v = uniform(2j+1).
  double normal(uint64_t index) const;

private:
  uint64_t key;
};

/// A bijection of [0, size) by a Feistel network with cycle walking: the order
/// of an epoch, computable at any index without a list.
class CounterPermutation {
public:
  CounterPermutation(uint64_t size, uint64_t seed, uint64_t epoch);
  uint64_t at(uint64_t index) const;

private:
  uint64_t encrypt(uint64_t value) const;
  uint64_t size;
  unsigned halfBits;
  uint64_t keys[6];
};

} // namespace hashc::runtime

#endif // HASHC_RUNTIME_SUPPORT_RANDOM_H
