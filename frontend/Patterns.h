//===- Patterns.h - Patterns of weights' names ------------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_FRONTEND_PATTERNS_H
#define HASHC_FRONTEND_PATTERNS_H

#include "llvm/ADT/StringRef.h"

namespace hashc::frontend {

/// True if `pattern` is of the path `name`: `*` stands for any part of a name
/// between two dots, `**` for anything. `**.` may also stand for nothing.
bool matchesPattern(llvm::StringRef pattern, llvm::StringRef name);

} // namespace hashc::frontend

#endif // HASHC_FRONTEND_PATTERNS_H
