//===- Patterns.h - Patterns of weights' names ------------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_FRONTEND_PATTERNS_H
#define HASHC_FRONTEND_PATTERNS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include <optional>
#include <string>

namespace hashc::frontend {

/// True if `pattern` is of the path `name`: `*` stands for any part of a name
/// between two dots, `**` for anything. `**.` may also stand for nothing.
bool matchesPattern(llvm::StringRef pattern, llvm::StringRef name);

/// What the stars of a pattern stand for, in their order; that of `**.` without
/// its dot.
using Captures = llvm::SmallVector<llvm::StringRef, 2>;

/// Nothing if `pattern` is not of `name`. Where it is in several ways, the
/// first star takes as little as it can, then the second one, and so on.
std::optional<Captures> capturePattern(llvm::StringRef pattern,
                                       llvm::StringRef name);

/// How many `*`, `**` and `**.` a pattern has.
size_t countStars(llvm::StringRef pattern);
/// What a spec may have of them where each stands for something.
constexpr size_t kMaxStars = 16;

/// The pattern with a name's parts in place of its stars, of which there are as
/// many.
std::string expandPattern(llvm::StringRef pattern,
                          llvm::ArrayRef<llvm::StringRef> parts);

} // namespace hashc::frontend

#endif // HASHC_FRONTEND_PATTERNS_H
