//===- Hash.h - Integer hashes and checksums --------------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_RUNTIME_SUPPORT_HASH_H
#define HASHC_RUNTIME_SUPPORT_HASH_H

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace hashc::runtime {

/// The finaliser of SplitMix64 (Steele, Lea, Flood 2014).
inline uint64_t mix64(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return z ^ (z >> 31);
}

/// One step of `hash.mix`: takes the next value into the state.
inline uint64_t mixInto(uint64_t state, uint64_t value) {
  return mix64(state ^ mix64(value + 0x9e3779b97f4a7c15ull));
}

/// `hash.mix` of the dialect: in 0 .. 2^63-1.
inline uint64_t mix(std::initializer_list<uint64_t> values, uint64_t seed) {
  uint64_t h = seed;
  for (uint64_t v : values)
    h = mixInto(h, v);
  return h & 0x7fffffffffffffffull;
}

/// FNV-1a, 64 bits: the checksum of tables, tokenizers and texts.
uint64_t fnv64(const void *data, size_t size,
               uint64_t state = 0xcbf29ce484222325ull);
inline uint64_t fnv64(std::string_view text) {
  return fnv64(text.data(), text.size());
}

/// 16 lower-case hexadecimal digits.
std::string toHex(uint64_t value);

} // namespace hashc::runtime

#endif // HASHC_RUNTIME_SUPPORT_HASH_H
