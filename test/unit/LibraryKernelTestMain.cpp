//===- LibraryKernelTestMain.cpp - Runs the tests where they can run ------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "gtest/gtest.h"

#include <cinttypes>
#include <cstdio>
#include <cstdlib>

/// What the runtime has for kernels that meet an index out of range.
extern "C" [[noreturn]] void hash_rt_error(int64_t code, int64_t value,
                                           int64_t limit) {
  std::fprintf(stderr, "error %" PRId64 ": %" PRId64 " of %" PRId64 "\n", code,
               value, limit);
  std::exit(3);
}

namespace {

class Processor : public testing::Environment {
  void SetUp() override {
    if (!isAble())
      GTEST_SKIP() << "this processor lacks vectors of "
                   << HASHC_TEST_VECTOR_BYTES << " bytes";
  }
  static bool isAble() {
    if (HASHC_TEST_VECTOR_BYTES == 64)
      return __builtin_cpu_supports("x86-64-v4");
    return __builtin_cpu_supports("x86-64-v3");
  }
};

} // namespace

int main(int argc, char **argv) {
  testing::InitGoogleTest(&argc, argv);
  testing::AddGlobalTestEnvironment(new Processor);
  return RUN_ALL_TESTS();
}
