//===- MixGolden.h - Values of the integer hash -----------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_TEST_UNIT_MIXGOLDEN_H
#define HASHC_TEST_UNIT_MIXGOLDEN_H

#include "gtest/gtest.h"

#include <cstdint>
#include <functional>
#include <initializer_list>

namespace hashc::test {

/// The compiler folds `hash.mix`, its kernels compute it, and the runtime
/// builds tables by it. None of the three can include another's code, so each
/// is held to these values, by the Python of docs/runtime-formats.md.
inline void expectGoldenMix(
    const std::function<uint64_t(std::initializer_list<uint64_t> values,
                                 uint64_t seed)> &mix) {
  EXPECT_EQ(mix({0}, 0), 0x48218226ff3cd4bfu);
  EXPECT_EQ(mix({1, 2}, 7), 0x4887495e903ad324u);
  EXPECT_EQ(mix({2, 1}, 7), 0x7bcc36636a293167u);
  EXPECT_EQ(mix({1, 2, 3}, 0), 0x558194cb6fe3bc54u);
  EXPECT_EQ(mix({~uint64_t(0)}, 0), 0x445018e305810b78u);
  EXPECT_EQ(mix({~uint64_t(0)}, ~uint64_t(4)), 0x336382480bdb7ba9u);
  EXPECT_EQ(mix({uint64_t(1) << 62, uint64_t(1) << 63}, ~uint64_t(0) >> 1),
            0x48a1d65ee45e0329u);
}

} // namespace hashc::test

#endif // HASHC_TEST_UNIT_MIXGOLDEN_H
