//===- Diagnostics.h - Errors in the user's words ---------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_FRONTEND_DIAGNOSTICS_H
#define HASHC_FRONTEND_DIAGNOSTICS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/SMLoc.h"
#include "llvm/Support/SourceMgr.h"
#include <set>
#include <string>

namespace hashc::frontend {

/// Prints errors and warnings with their place, the source line and a caret,
/// and counts errors. Each is printed once for a place, however many times a
/// loop of the spec meets it, and the list of errors ends after `kMaxErrors`.
class Diagnostics {
public:
  static constexpr unsigned kMaxErrors = 20;

  explicit Diagnostics(llvm::SourceMgr &sources) : sources(sources) {}

  /// True if it is printed: it is new, and the list has not ended.
  bool error(llvm::SMLoc loc, const llvm::Twine &message);
  /// What the spec may say, but hardly means.
  void warning(llvm::SMLoc loc, const llvm::Twine &message);
  /// An error of the spec as a whole; shows no line.
  void errorInFile(const llvm::Twine &message);
  /// Points at a second place that explains the one before it.
  void note(llvm::SMLoc loc, const llvm::Twine &message);

  bool hasErrors() const { return count != 0; }
  /// True when listing more errors would not help.
  bool isFull() const { return count >= kMaxErrors; }
  llvm::SourceMgr &getSources() { return sources; }

private:
  /// False for what was said of that place before.
  bool isNew(llvm::SMLoc loc, const llvm::Twine &message);
  void print(llvm::SMLoc loc, llvm::SourceMgr::DiagKind kind,
             const llvm::Twine &message);

  llvm::SourceMgr &sources;
  std::set<std::pair<const char *, std::string>> seen;
  unsigned count = 0;
  bool lastShown = false;
};

/// " (did you mean 'x'?)" with the candidate nearest to `name`, or "".
std::string suggest(llvm::StringRef name,
                    llvm::ArrayRef<llvm::StringRef> candidates);

/// "'a', 'b' or 'c'".
std::string listNames(llvm::ArrayRef<llvm::StringRef> names);

} // namespace hashc::frontend

#endif // HASHC_FRONTEND_DIAGNOSTICS_H
