//===- Limits.h - Bounds that several places share --------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_FRONTEND_LIMITS_H
#define HASHC_FRONTEND_LIMITS_H

#include <cstdint>
#include <limits>

namespace hashc::frontend {

constexpr int64_t kMinInteger = std::numeric_limits<int64_t>::min();
constexpr int64_t kMaxInteger = std::numeric_limits<int64_t>::max();
constexpr int64_t kMaxExperts = 65536;
/// Rows of a table that is looked up: keys are 32 bits.
constexpr int64_t kMaxTableRows = (int64_t(1) << 31) - 1;
/// Features of a layer.
constexpr int64_t kMaxWidth = int64_t(1) << 24;
constexpr double kMaxDropout = 0.999;
/// Experts that a table gives one key.
constexpr int64_t kMaxChoices = 64;

} // namespace hashc::frontend

#endif // HASHC_FRONTEND_LIMITS_H
