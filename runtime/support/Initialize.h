//===- Initialize.h - How parameters start ----------------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_RUNTIME_SUPPORT_INITIALIZE_H
#define HASHC_RUNTIME_SUPPORT_INITIALIZE_H

#include "runtime/support/DType.h"

namespace hashc::runtime {

/// Fills a parameter in its logical form ([..., K, N]). Element i is a function
/// of (seed, name, i) alone. `init`: zeros, ones, normal, xavier, orthogonal;
/// xavier and orthogonal act on each trailing matrix (one expert's).
void initializeParameter(std::string_view init, double scale,
                         std::string_view name, uint64_t seed, DType type,
                         const std::vector<int64_t> &shape, void *target);

/// Elements first .. first + count - 1 of a parameter that is not orthogonal.
void initializeElements(std::string_view init, double scale,
                        std::string_view name, uint64_t seed, DType type,
                        const std::vector<int64_t> &shape, int64_t first,
                        int64_t count, void *target);

} // namespace hashc::runtime

#endif // HASHC_RUNTIME_SUPPORT_INITIALIZE_H
