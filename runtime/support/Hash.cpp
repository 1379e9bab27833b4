//===- Hash.cpp - Integer hashes and checksums ----------------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/support/Hash.h"

namespace hashc::runtime {

uint64_t fnv64(const void *data, size_t size, uint64_t state) {
  const auto *bytes = static_cast<const unsigned char *>(data);
  for (size_t i = 0; i < size; ++i)
    state = (state ^ bytes[i]) * 0x100000001b3ull;
  return state;
}

std::string toHex(uint64_t value) {
  std::string text(16, '0');
  for (int i = 15; i >= 0; --i, value >>= 4)
    text[i] = "0123456789abcdef"[value & 15];
  return text;
}

} // namespace hashc::runtime
