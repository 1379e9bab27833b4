//===- DialectTest.cpp - What the dialect computes itself -----------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MixGolden.h"

#include "dialect/Hash.h"

TEST(Dialect, MixIsTheDocumentedHash) {
  hashc::test::expectGoldenMix(
      [](std::initializer_list<uint64_t> values, uint64_t seed) {
        llvm::SmallVector<int64_t> numbers(values.begin(), values.end());
        return hashc::hash::mix(numbers, static_cast<int64_t>(seed));
      });
}
