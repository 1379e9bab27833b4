//===- Diagnostics.cpp - Errors in the user's words -----------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/Diagnostics.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/WithColor.h"
#include "llvm/Support/raw_ostream.h"

namespace hashc::frontend {

void Diagnostics::error(llvm::SMLoc loc, const llvm::Twine &message) {
  lastShown = false;
  if (isFull() || !seen.insert({loc.getPointer(), message.str()}).second)
    return;
  ++count;
  lastShown = true;
  sources.PrintMessage(loc, llvm::SourceMgr::DK_Error, message);
  if (isFull())
    errorInFile("too many errors: the rest is not shown");
}

void Diagnostics::errorInFile(const llvm::Twine &message) {
  ++count;
  lastShown = true;
  // Its first line has nothing to do with it, so none is shown.
  const llvm::MemoryBuffer *buffer =
      sources.getMemoryBuffer(sources.getMainFileID());
  llvm::errs() << buffer->getBufferIdentifier() << ":1:1: ";
  llvm::WithColor(llvm::errs(), llvm::HighlightColor::Error) << "error: ";
  llvm::errs() << message << '\n';
}

void Diagnostics::note(llvm::SMLoc loc, const llvm::Twine &message) {
  if (lastShown)
    sources.PrintMessage(loc, llvm::SourceMgr::DK_Note, message);
}

/// Two neighbouring letters changed places: one mistake, not two.
static bool isSwapOf(llvm::StringRef name, llvm::StringRef other) {
  if (name.size() != other.size() || name.size() < 2)
    return false;
  size_t i = 0;
  while (i + 1 < name.size() && name[i] == other[i])
    ++i;
  return i + 1 < name.size() && name[i] == other[i + 1] &&
         name[i + 1] == other[i] && name.substr(i + 2) == other.substr(i + 2);
}

std::string suggest(llvm::StringRef name,
                    llvm::ArrayRef<llvm::StringRef> candidates) {
  // A third of the letters may differ: more is another word.
  unsigned best = std::max<unsigned>(1, name.size() / 3) + 1;
  llvm::StringRef nearest;
  for (llvm::StringRef candidate : candidates) {
    unsigned distance = isSwapOf(name, candidate)
                            ? 1
                            : name.edit_distance(candidate, true, best);
    if (distance < best && distance < name.size()) {
      best = distance;
      nearest = candidate;
    }
  }
  if (nearest.empty())
    return "";
  return (" (did you mean '" + nearest + "'?)").str();
}

std::string listNames(llvm::ArrayRef<llvm::StringRef> names) {
  std::string text;
  for (size_t i = 0; i < names.size(); ++i) {
    if (i != 0)
      text += i + 1 == names.size() ? " or " : ", ";
    text += ("'" + names[i] + "'").str();
  }
  return text;
}

} // namespace hashc::frontend
