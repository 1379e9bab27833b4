//===- Diagnostics.cpp - Errors in the user's words -----------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/Diagnostics.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/WithColor.h"
#include "llvm/Support/raw_ostream.h"

namespace hashc::frontend {

namespace {
/// A line longer than this is shown around the place only.
constexpr size_t kMaxShown = 160;
constexpr size_t kShownBefore = 60;
} // namespace

static bool isInsideCharacter(llvm::StringRef text, size_t at) {
  return at < text.size() && (text[at] & 0xc0) == 0x80;
}

/// The line around `column`, and a caret under it. LLVM's own shows lines of
/// any length, and no caret under a line with letters of several bytes.
static void showLine(llvm::StringRef line, size_t column,
                     llvm::raw_ostream &out) {
  size_t begin = 0, end = line.size();
  if (line.size() > kMaxShown) {
    begin = column > kShownBefore ? column - kShownBefore : 0;
    begin = std::min(begin, line.size() - kMaxShown);
    end = begin + kMaxShown;
  }
  while (isInsideCharacter(line, begin))
    ++begin;
  while (isInsideCharacter(line, end))
    ++end;
  const llvm::StringRef dots = "...";
  llvm::StringRef before = begin == 0 ? "" : dots;
  out << before << line.slice(begin, end) << (end == line.size() ? "" : dots)
      << '\n';
  std::string margin(before.size(), ' ');
  for (size_t i = begin; i < column; ++i)
    if (!isInsideCharacter(line, i))
      margin += line[i] == '\t' ? '\t' : ' ';
  out << margin;
  llvm::WithColor(out, llvm::raw_ostream::GREEN, /*Bold=*/true) << "^\n";
}

void Diagnostics::print(llvm::SMLoc loc, llvm::SourceMgr::DiagKind kind,
                        const llvm::Twine &message) {
  llvm::SMDiagnostic diagnostic = sources.GetMessage(loc, kind, message);
  llvm::StringRef line = diagnostic.getLineContents();
  if (line.size() <= kMaxShown && llvm::isASCII(line)) {
    sources.PrintMessage(llvm::errs(), diagnostic);
    return;
  }
  // The head as LLVM prints it, by leaving out the line.
  llvm::SMDiagnostic head(
      sources, loc,
      (diagnostic.getFilename() + ":" + llvm::Twine(diagnostic.getLineNo()) +
       ":" + llvm::Twine(diagnostic.getColumnNo() + 1))
          .str(),
      /*Line=*/-1, /*Col=*/-1, kind, message.str(), /*LineStr=*/"",
      /*Ranges=*/{});
  head.print(nullptr, llvm::errs());
  showLine(line, diagnostic.getColumnNo(), llvm::errs());
}

bool Diagnostics::isNew(llvm::SMLoc loc, const llvm::Twine &message) {
  return seen.insert({loc.getPointer(), message.str()}).second;
}

bool Diagnostics::error(llvm::SMLoc loc, const llvm::Twine &message) {
  lastShown = !isFull() && isNew(loc, message);
  if (!lastShown)
    return false;
  ++count;
  print(loc, llvm::SourceMgr::DK_Error, message);
  if (isFull())
    errorInFile("too many errors: the rest is not shown");
  return true;
}

void Diagnostics::warning(llvm::SMLoc loc, const llvm::Twine &message) {
  lastShown = isNew(loc, message);
  if (lastShown)
    print(loc, llvm::SourceMgr::DK_Warning, message);
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
    print(loc, llvm::SourceMgr::DK_Note, message);
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
    // Of two that are as near, one that only goes on.
    const bool isNearer =
        distance < best ||
        (distance == best && !nearest.empty() && candidate.starts_with(name));
    if (isNearer && distance < name.size()) {
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
