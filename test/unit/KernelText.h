//===- KernelText.h - The text of kernels to test ---------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_TEST_UNIT_KERNELTEXT_H
#define HASHC_TEST_UNIT_KERNELTEXT_H

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

namespace hashc::test {

/// An operand of a structured op: its type, "4x8xf32", and its row space.
struct Operand {
  std::string type, space;
};

/// A structured op in a kernel, and a function that launches it.
struct KernelText {
  /// Extents of the plan; no plan without groups.
  int64_t tokens = 0, k = 1, groups = 0;
  std::vector<Operand> lhs, rhs, reads, outs;
  std::string into = "[0]";
  bool transposed = false, zeroDead = false, skipEmpty = false;
  /// Arguments and ops of the body.
  std::string arguments, body;

  std::string gemm() const;
  std::string outer() const;
  std::string map() const;

private:
  std::string wrap(const std::string &op) const;
  std::string planText() const;
  std::string attributes() const;
  std::vector<std::string> names() const;
  std::vector<std::string> types() const;
};

} // namespace hashc::test

#endif // HASHC_TEST_UNIT_KERNELTEXT_H
