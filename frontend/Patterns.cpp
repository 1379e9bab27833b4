//===- Patterns.cpp - Patterns of weights' names --------------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/Patterns.h"
#include "llvm/ADT/SmallVector.h"

using llvm::StringRef;

namespace hashc::frontend {

namespace {
/// What stands at the end of a pattern.
enum class Last { letter, star, deep, deepParts };
} // namespace

static Last classify(StringRef pattern) {
  if (pattern == "**." || pattern.ends_with(".**."))
    return Last::deepParts;
  if (pattern.ends_with("**"))
    return Last::deep;
  return pattern.ends_with("*") ? Last::star : Last::letter;
}

/// From the end to the beginning of both: fits[i] says whether the part of the
/// pattern that is done fits the name from i on. No pattern makes it slow.
bool matchesPattern(StringRef pattern, StringRef name) {
  const size_t length = name.size();
  llvm::SmallVector<bool> fits(length + 1, false);
  fits[length] = true; // nothing fits nothing
  while (!pattern.empty()) {
    const Last last = classify(pattern);
    llvm::SmallVector<bool> next(length + 1, false);
    bool deeper = false; // parts, and a dot behind them, before what fits
    for (size_t i = length + 1; i-- > 0;) {
      const bool more = i < length;
      deeper |= more && name[i] == '.' && fits[i + 1];
      if (last == Last::deepParts)
        next[i] = fits[i] || deeper;
      else if (last == Last::letter)
        next[i] = more && name[i] == pattern.back() && fits[i + 1];
      else
        next[i] = fits[i] || (more && next[i + 1] &&
                              (last == Last::deep || name[i] != '.'));
    }
    fits = next;
    pattern = pattern.drop_back(last == Last::deepParts ? 3
                                : last == Last::deep    ? 2
                                                        : 1);
  }
  return fits[0];
}

} // namespace hashc::frontend
