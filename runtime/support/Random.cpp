//===- Random.cpp - Random numbers by counter -----------------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/support/Random.h"

#include <cassert>
#include <cmath>

namespace hashc::runtime {

double CounterRandom::normal(uint64_t index) const {
  uint64_t pair = index & ~uint64_t(1);
  double radius = std::sqrt(-2.0 * std::log(1.0 - uniform(pair)));
  double angle = 6.283185307179586476925 * uniform(pair + 1);
  return radius * (index == pair ? std::cos(angle) : std::sin(angle));
}

CounterPermutation::CounterPermutation(uint64_t size, uint64_t seed,
                                       uint64_t epoch)
    : size(size), halfBits(1) {
  assert(size > 0 && size <= uint64_t(1) << 62 && "no permutation of nothing");
  while ((uint64_t(1) << (2 * halfBits)) < size)
    ++halfBits;
  for (uint64_t round = 0; round < 6; ++round)
    keys[round] = mix({epoch, round}, seed);
}

uint64_t CounterPermutation::encrypt(uint64_t value) const {
  uint64_t mask = (uint64_t(1) << halfBits) - 1;
  uint64_t left = value >> halfBits, right = value & mask;
  for (uint64_t key : keys) {
    uint64_t next = left ^ (mixInto(key, right) & mask);
    left = right;
    right = next;
  }
  return left << halfBits | right;
}

uint64_t CounterPermutation::at(uint64_t index) const {
  assert(index < size && "index outside the permutation");
  // The network permutes the next power of four; walk until back inside.
  do
    index = encrypt(index);
  while (index >= size);
  return index;
}

} // namespace hashc::runtime
