//===- Patterns.cpp - Patterns of weights' names --------------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/Patterns.h"

#include <vector>

using llvm::SmallVector;
using llvm::StringRef;

namespace hashc::frontend {

namespace {
/// A part of a pattern: a letter, `*`, `**` or `**.`.
struct Piece {
  enum class Kind { letter, star, deep, deepParts };

  Kind kind = Kind::letter;
  char letter = 0;

  bool isStar() const { return kind != Kind::letter; }
};

/// Whether the part of the pattern that is done fits the name from i on.
using Fits = SmallVector<bool>;
} // namespace

/// Cuts off what stands at the end of a pattern.
static Piece takeLast(StringRef &pattern) {
  if (pattern == "**." || pattern.ends_with(".**.")) {
    pattern = pattern.drop_back(3);
    return {Piece::Kind::deepParts};
  }
  const char letter = pattern.back();
  if (pattern.consume_back("**"))
    return {Piece::Kind::deep};
  pattern = pattern.drop_back();
  return {letter == '*' ? Piece::Kind::star : Piece::Kind::letter, letter};
}

/// With one more piece in front of the part that is done.
static Fits extend(const Piece &piece, StringRef name, const Fits &fits) {
  const size_t length = name.size();
  Fits next(length + 1, false);
  bool deeper = false; // parts, and a dot behind them, before what fits
  for (size_t i = length + 1; i-- > 0;) {
    const bool more = i < length;
    deeper |= more && name[i] == '.' && fits[i + 1];
    if (piece.kind == Piece::Kind::deepParts)
      next[i] = fits[i] || deeper;
    else if (!piece.isStar())
      next[i] = more && name[i] == piece.letter && fits[i + 1];
    else
      next[i] =
          fits[i] || (more && next[i + 1] &&
                      (piece.kind == Piece::Kind::deep || name[i] != '.'));
  }
  return next;
}

/// Nothing fits nothing.
static Fits beginAtEnd(StringRef name) {
  Fits fits(name.size() + 1, false);
  fits[name.size()] = true;
  return fits;
}

/// From the end to the beginning of both. No pattern makes it slow.
bool matchesPattern(StringRef pattern, StringRef name) {
  Fits fits = beginAtEnd(name);
  while (!pattern.empty()) {
    const Piece piece = takeLast(pattern);
    fits = extend(piece, name, fits);
  }
  return fits[0];
}

static SmallVector<Piece> cut(StringRef pattern) {
  SmallVector<Piece> pieces;
  while (!pattern.empty())
    pieces.push_back(takeLast(pattern));
  return {pieces.rbegin(), pieces.rend()};
}

/// How much of `name` the piece takes at the least, if the rest of it has to
/// fit what follows.
static size_t getLeast(const Piece &piece, StringRef name, const Fits &rest,
                       size_t begin) {
  size_t end = begin + (piece.isStar() ? 0 : 1);
  const bool parts = piece.kind == Piece::Kind::deepParts;
  while (!rest[end] || (parts && end > begin && name[end - 1] != '.'))
    ++end;
  return end - begin;
}

std::optional<Captures> capturePattern(StringRef pattern, StringRef name) {
  if (!matchesPattern(pattern, name))
    return std::nullopt;
  const SmallVector<Piece> pieces = cut(pattern);
  // What fits behind each piece.
  std::vector<Fits> rests = {beginAtEnd(name)};
  for (size_t i = pieces.size(); i-- > 1;)
    rests.push_back(extend(pieces[i], name, rests.back()));
  Captures captures;
  size_t at = 0;
  for (const Piece &piece : pieces) {
    const size_t size = getLeast(piece, name, rests.back(), at);
    rests.pop_back();
    if (piece.isStar())
      captures.push_back(name.substr(at, size));
    if (piece.kind == Piece::Kind::deepParts)
      captures.back().consume_back(".");
    at += size;
  }
  return captures;
}

size_t countStars(StringRef pattern) {
  size_t count = 0;
  while (!pattern.empty())
    count += takeLast(pattern).isStar();
  return count;
}

std::string expandPattern(StringRef pattern, llvm::ArrayRef<StringRef> parts) {
  std::string name;
  for (const Piece &piece : cut(pattern)) {
    if (!piece.isStar()) {
      name += piece.letter;
      continue;
    }
    name += parts.front();
    if (piece.kind == Piece::Kind::deepParts && !parts.front().empty())
      name += '.';
    parts = parts.drop_front();
  }
  return name;
}

} // namespace hashc::frontend
