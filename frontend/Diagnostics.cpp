//===- Diagnostics.cpp - Errors in the user's words -----------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/Diagnostics.h"
#include "llvm/Support/MemoryBuffer.h"
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
  const llvm::MemoryBuffer *buffer =
      sources.getMemoryBuffer(sources.getMainFileID());
  std::string text = message.str();
  llvm::SMDiagnostic diagnostic(
      sources, llvm::SMLoc::getFromPointer(buffer->getBufferStart()),
      buffer->getBufferIdentifier(), 1, 0, llvm::SourceMgr::DK_Error, text, "",
      {});
  sources.PrintMessage(llvm::errs(), diagnostic);
}

void Diagnostics::note(llvm::SMLoc loc, const llvm::Twine &message) {
  if (lastShown)
    sources.PrintMessage(loc, llvm::SourceMgr::DK_Note, message);
}

std::string suggest(llvm::StringRef name,
                    llvm::ArrayRef<llvm::StringRef> candidates) {
  // A third of the letters may differ: more is another word.
  unsigned best = std::max<unsigned>(1, name.size() / 3) + 1;
  llvm::StringRef nearest;
  for (llvm::StringRef candidate : candidates) {
    unsigned distance = name.edit_distance(candidate, true, best);
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
