//===- SmokeTest.cpp - The test runner itself -----------------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include <gtest/gtest.h>

TEST(Smoke, TestsRun) { EXPECT_EQ(1 + 1, 2); }
