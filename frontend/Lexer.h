//===- Lexer.h - Words of the spec language ---------------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_FRONTEND_LEXER_H
#define HASHC_FRONTEND_LEXER_H

#include "frontend/Diagnostics.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <vector>

namespace hashc::frontend {

enum class TokenKind {
  endOfFile,
  name,
  integer,
  number,
  string,
  keyword,
  punctuation,
  invalid, // reported already
};

/// `param`, `fn`, ...: what no name may be.
llvm::ArrayRef<llvm::StringLiteral> listKeywords();

struct Token {
  TokenKind kind = TokenKind::endOfFile;
  /// As written; a string without its quotes.
  llvm::StringRef text;
  /// The first token of its line.
  bool startsLine = false;
  /// A number with `%` behind it: a percentage.
  bool percent = false;

  llvm::SMLoc getLoc() const {
    return llvm::SMLoc::getFromPointer(text.data() -
                                       (kind == TokenKind::string));
  }
  const char *getEnd() const {
    return text.end() + (kind == TokenKind::string ? 1 : percent ? 1 : 0);
  }
  bool is(llvm::StringRef word) const {
    return (kind == TokenKind::keyword || kind == TokenKind::punctuation) &&
           text == word;
  }
  bool isName(llvm::StringRef word) const {
    return kind == TokenKind::name && text == word;
  }
};

/// A `//` comment: its text without the line's end.
struct Comment {
  llvm::StringRef text;
  /// Nothing but blanks before it on its line.
  bool ownLine = false;
};

struct LexedFile {
  /// In order; the last one is endOfFile.
  std::vector<Token> tokens;
  std::vector<Comment> comments;
  llvm::StringRef buffer;
};

/// Cuts a buffer of `diagnostics`' sources into tokens. What is no word of the
/// language is reported and left out.
LexedFile lex(llvm::StringRef buffer, Diagnostics &diagnostics);

} // namespace hashc::frontend

#endif // HASHC_FRONTEND_LEXER_H
