//===- Lexer.cpp - Words of the spec language -----------------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/Lexer.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/ConvertUTF.h"

using llvm::SMLoc;
using llvm::StringRef;

namespace hashc::frontend {

namespace {

constexpr size_t kMaxFileSize = 1 << 20;
constexpr size_t kMaxNameLength = 128;

constexpr llvm::StringLiteral kKeywords[] = {
    "param", "fn", "router", "model", "train", "let",  "return",
    "for",   "in", "if",     "else",  "true",  "false"};

bool isKeyword(StringRef word) { return llvm::is_contained(kKeywords, word); }

class Lexer {
public:
  Lexer(StringRef buffer, Diagnostics &diagnostics)
      : diagnostics(diagnostics), cursor(buffer.begin()), end(buffer.end()) {
    file.buffer = buffer;
  }

  LexedFile run();

private:
  bool checkText();
  void skipBlanks();
  void lexName();
  void lexNumber();
  void lexDigits(bool (*accept)(char));
  void lexString();
  void lexPunctuation();
  void lexUnknown();
  bool endsPercentage(const char *after) const;
  void push(TokenKind kind, const char *begin, const char *tokenEnd);
  void error(const char *place, const llvm::Twine &message) {
    diagnostics.error(SMLoc::getFromPointer(place), message);
  }
  char peek(ptrdiff_t ahead = 0) const {
    return end - cursor > ahead ? cursor[ahead] : '\0';
  }

  Diagnostics &diagnostics;
  LexedFile file;
  const char *cursor;
  const char *end;
  bool lineStart = true;
};

bool isNameStart(char c) { return llvm::isAlpha(c) || c == '_'; }
bool isNamePart(char c) { return llvm::isAlnum(c) || c == '_'; }
bool isDigitOrBar(char c) { return llvm::isDigit(c) || c == '_'; }
bool isHexOrBar(char c) { return llvm::isHexDigit(c) || c == '_'; }

/// Text or not, before any message would print bytes that are none.
bool Lexer::checkText() {
  if (file.buffer.size() > kMaxFileSize) {
    diagnostics.errorInFile("the spec is larger than 1 MiB");
    return false;
  }
  size_t zero = file.buffer.find('\0');
  const auto *bad = reinterpret_cast<const llvm::UTF8 *>(cursor);
  const auto *last = reinterpret_cast<const llvm::UTF8 *>(end);
  if (zero != StringRef::npos || !llvm::isLegalUTF8String(&bad, last)) {
    // The line itself is not shown: it is not text.
    diagnostics.errorInFile("the spec is not UTF-8 text");
    return false;
  }
  return true;
}

void Lexer::skipBlanks() {
  while (cursor != end) {
    if (*cursor == '\n') {
      lineStart = true;
      ++cursor;
    } else if (*cursor == ' ' || *cursor == '\t' || *cursor == '\r') {
      ++cursor;
    } else if (*cursor == '/' && peek(1) == '/') {
      const char *begin = cursor;
      while (cursor != end && *cursor != '\n')
        ++cursor;
      file.comments.push_back(
          {StringRef(begin, cursor - begin).rtrim(), lineStart});
    } else {
      return;
    }
  }
}

void Lexer::push(TokenKind kind, const char *begin, const char *tokenEnd) {
  Token token;
  token.kind = kind;
  token.text = StringRef(begin, tokenEnd - begin);
  token.startsLine = lineStart;
  lineStart = false;
  file.tokens.push_back(token);
}

void Lexer::lexName() {
  const char *begin = cursor;
  while (isNamePart(peek()))
    ++cursor;
  StringRef word(begin, cursor - begin);
  if (word.size() > kMaxNameLength)
    error(begin, "a name has at most 128 letters");
  push(isKeyword(word) ? TokenKind::keyword : TokenKind::name, begin, cursor);
}

/// `%` behind a number is a percentage where no operand can follow.
bool Lexer::endsPercentage(const char *after) const {
  while (after != end && (*after == ' ' || *after == '\t' || *after == '\r'))
    ++after;
  if (after == end || StringRef(",)]}\n;").contains(*after))
    return true;
  return *after == '/' && end - after > 1 && after[1] == '/';
}

void Lexer::lexDigits(bool (*accept)(char)) {
  while (accept(peek()))
    ++cursor;
}

void Lexer::lexNumber() {
  const char *begin = cursor;
  TokenKind kind = TokenKind::integer;
  if (*cursor == '0' && (peek(1) == 'x' || peek(1) == 'X')) {
    cursor += 2;
    lexDigits(isHexOrBar);
  } else {
    lexDigits(isDigitOrBar);
    if (peek() == '.' && llvm::isDigit(peek(1))) {
      kind = TokenKind::number;
      ++cursor;
      lexDigits(isDigitOrBar);
    }
    bool sign = peek(1) == '+' || peek(1) == '-';
    if ((peek() == 'e' || peek() == 'E') && llvm::isDigit(peek(sign ? 2 : 1))) {
      kind = TokenKind::number;
      cursor += sign ? 2 : 1;
      lexDigits(llvm::isDigit);
    }
  }
  if (isNamePart(peek())) {
    while (isNamePart(peek()))
      ++cursor;
    error(begin, "'" + StringRef(begin, cursor - begin) + "' is not a number");
    kind = TokenKind::invalid;
  }
  push(kind, begin, cursor);
  if (peek() == '%' && endsPercentage(cursor + 1)) {
    file.tokens.back().percent = true;
    ++cursor;
  }
}

void Lexer::lexString() {
  const char *begin = cursor++;
  while (cursor != end && *cursor != '"' && *cursor != '\n') {
    unsigned char c = *cursor++;
    if (c == '\\')
      error(cursor - 1, "'\\' has no meaning in a string: write the letters "
                        "themselves");
    else if (c != '\r' && !llvm::isPrint(c) && c < 0x80)
      error(cursor - 1, "a control character in a string");
  }
  if (peek() != '"') {
    error(begin, "the string has no closing '\"' on its line");
    push(TokenKind::invalid, begin, cursor);
    return;
  }
  push(TokenKind::string, begin + 1, cursor);
  ++cursor;
}

void Lexer::lexPunctuation() {
  static constexpr StringRef words[] = {
      "..", "==", "!=", "<=", ">=", "&&", "||", "(", ")", "{", "}", "[", "]",
      ",",  ":",  ";",  "=",  "<",  ">",  "+",  "-", "*", "/", "%", "!", "."};
  StringRef rest(cursor, end - cursor);
  for (StringRef word : words) {
    if (!rest.starts_with(word))
      continue;
    push(TokenKind::punctuation, cursor, cursor + word.size());
    cursor += word.size();
    return;
  }
  lexUnknown();
}

/// One message for a whole character of several bytes.
void Lexer::lexUnknown() {
  const char *begin = cursor;
  size_t length = llvm::getNumBytesForUTF8(static_cast<uint8_t>(*cursor));
  cursor += std::min<size_t>(length, end - cursor);
  StringRef character(begin, cursor - begin);
  if (*begin == '#') {
    error(begin, "unexpected '#': comments begin with '//'");
    while (cursor != end && *cursor != '\n')
      ++cursor;
    return;
  }
  if (*begin == '\'') {
    error(begin, "unexpected \"'\": strings stand in double quotes");
    while (cursor != end && *cursor != '\n')
      if (*cursor++ == '\'')
        break;
  } else if (static_cast<unsigned char>(*begin) < 0x20 || *begin == 0x7f) {
    error(begin, "an unexpected control character");
  } else {
    bool isQuote =
        llvm::is_contained({"\u201c", "\u201d", "\u2018", "\u2019"}, character);
    error(begin, "unexpected '" + character + "'" +
                     (isQuote ? ": strings stand in plain double quotes" : ""));
  }
  push(TokenKind::invalid, begin, cursor);
}

LexedFile Lexer::run() {
  if (!checkText())
    cursor = end;
  if (StringRef(cursor, end - cursor).starts_with("\xef\xbb\xbf"))
    cursor += 3;
  for (skipBlanks(); cursor != end && !diagnostics.isFull(); skipBlanks()) {
    if (isNameStart(*cursor))
      lexName();
    else if (llvm::isDigit(*cursor))
      lexNumber();
    else if (*cursor == '"')
      lexString();
    else
      lexPunctuation();
  }
  lineStart = true;
  push(TokenKind::endOfFile, end, end);
  return std::move(file);
}

} // namespace

llvm::ArrayRef<llvm::StringLiteral> listKeywords() { return kKeywords; }

LexedFile lex(StringRef buffer, Diagnostics &diagnostics) {
  return Lexer(buffer, diagnostics).run();
}

} // namespace hashc::frontend
