//===- KernelCases.h - Kernels to try, and what they read -------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_TEST_UNIT_KERNELCASES_H
#define HASHC_TEST_UNIT_KERNELCASES_H

#include "KernelRunner.h"
#include "KernelText.h"
#include "Structured.h"

#include <functional>
#include <random>

namespace hashc::test {

/// Which expert each slot has; -1 for none.
using Experts = std::function<int64_t(int64_t slot)>;

Experts uniform(int64_t groups);
/// Some experts without rows, one with nearly all, some rows masked.
Experts skewed(int64_t groups);

/// "4x8xf32".
std::string type(std::initializer_list<int64_t> shape, const char *element);

/// The product of tokens' rows with their experts' matrices, or one matrix.
KernelText gemmOf(int64_t tokens, int64_t groups, int64_t depth,
                  int64_t columns, const char *element);

void fillRandom(Buffer &buffer, std::mt19937 &random);

/// The buffers of a kernel: the plan that stable sorting gives, where there is
/// one, and random numbers.
std::vector<Buffer> makeBuffers(KernelModule &runner, const KernelText &shape,
                                const Experts &experts);

/// Units in the last place between two numbers of the buffers' type.
double distance(const Buffer &a, const Buffer &b, int64_t i);

} // namespace hashc::test

#endif // HASHC_TEST_UNIT_KERNELCASES_H
