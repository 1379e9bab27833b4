//===- Precedence.h - How tightly operators bind ----------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_FRONTEND_PRECEDENCE_H
#define HASHC_FRONTEND_PRECEDENCE_H

#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/StringSwitch.h"

namespace hashc::frontend {

/// Comparisons do not chain, on either side.
constexpr int kComparison = 3;
constexpr int kUnary = 6;
constexpr int kPostfix = 7;

/// Of a binary operator, at least 1; 0 for what is none.
inline int getPrecedence(llvm::StringRef op) {
  return llvm::StringSwitch<int>(op)
      .Case("||", 1)
      .Case("&&", 2)
      .Cases({"==", "!=", "<", "<=", ">", ">="}, kComparison)
      .Cases({"+", "-"}, 4)
      .Cases({"*", "/", "%"}, 5)
      .Default(0);
}

} // namespace hashc::frontend

#endif // HASHC_FRONTEND_PRECEDENCE_H
