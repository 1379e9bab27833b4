//===- Mix.h - The integer hash of hash.mix -*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_CODEGEN_CPU_KERNELS_MIX_H
#define HASHC_CODEGEN_CPU_KERNELS_MIX_H

#include "Vector.h"

namespace hashc::kernels {

/// SplitMix64's finaliser (Steele, Lea, Flood 2014).
HASHC_INLINE uint64_t mix64(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

/// One value after the other goes into the hash, which starts as the seed.
HASHC_INLINE uint64_t absorb(uint64_t hash, uint64_t value) {
  return mix64(hash ^ mix64(value + 0x9e3779b97f4a7c15u));
}

/// What hash.mix gives: 0 .. 2^63-1.
HASHC_INLINE uint64_t finish(uint64_t hash) {
  return hash & ~(uint64_t(1) << 63);
}

} // namespace hashc::kernels

#endif // HASHC_CODEGEN_CPU_KERNELS_MIX_H
