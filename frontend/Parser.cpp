//===- Parser.cpp - Tokens, comments, and recovery from errors ------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/Parser.h"
#include "frontend/ParserImpl.h"

using llvm::SMLoc;
using llvm::StringRef;
using llvm::Twine;

namespace hashc::frontend {

//===----------------------------------------------------------------------===//
// Tokens
//===----------------------------------------------------------------------===//

bool Parser::atItem() const {
  return token().startsLine &&
         (token().is("param") || token().is("fn") || token().is("router") ||
          token().is("model") || token().is("train"));
}

SMLoc Parser::endOfPrevious() const {
  return SMLoc::getFromPointer(index == 0 ? token().text.data()
                                          : file.tokens[index - 1].getEnd());
}

bool Parser::accept(StringRef word) {
  if (!token().is(word))
    return false;
  advance();
  return true;
}

bool Parser::expect(StringRef word, const Twine &where) {
  if (accept(word))
    return true;
  fail("'" + word + "' " + where);
  return false;
}

bool Parser::expectName(StringRef &name, SMLoc &loc, const Twine &what) {
  if (token().kind == TokenKind::keyword)
    error(token().getLoc(),
          "'" + token().text +
              "' is a word of the language and cannot be a name");
  if (token().kind != TokenKind::name) {
    fail(what);
    return false;
  }
  name = token().text;
  loc = token().getLoc();
  advance();
  return true;
}

bool Parser::expectEndOfStatement() {
  if (token().startsLine || token().is("}") || token().is(";") || atEnd())
    return true;
  fail("the end of the line");
  return false;
}

/// Up to the closing bracket, or to what is neither it nor a comma.
bool Parser::parseCommaSeparated(StringRef close,
                                 llvm::function_ref<bool()> parseElement) {
  ++parentheses;
  while (!token().is(close)) {
    if (!parseElement())
      return false;
    if (!accept(","))
      break;
  }
  --parentheses;
  return true;
}

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

std::string Parser::describe(const Token &token) const {
  if (token.kind == TokenKind::endOfFile)
    return "the end of the file";
  if (token.kind == TokenKind::string)
    return "a string";
  return ("'" + token.text + "'").str();
}

/// Reports an error; once, until parsing goes on elsewhere.
std::nullptr_t Parser::error(SMLoc loc, const Twine &message) {
  if (!panicking)
    diagnostics.error(loc, message);
  panicking = true;
  return nullptr;
}

namespace {
/// How other languages say something, seen where the parser stops: what it
/// expects, the word before and the word there; "" is any.
struct Habit {
  StringRef expected, before, found;
  StringRef hint;
};
} // namespace

static constexpr StringRef kChangeHint =
    ": a variable is changed by 'x = x + ...'";
static constexpr StringRef kRangeHint = ": '0..3' runs from 0 to 2";
static constexpr Habit kHabits[] = {
    {"", "+", "=", kChangeHint},
    {"", "-", "=", kChangeHint},
    {"", "*", "=", kChangeHint},
    {"", "/", "=", kChangeHint},
    {"", "*", "*", ": a power is a product, as in 'x * x'"},
    {"", "..", "=", kRangeHint},
    {"", "..", ".", kRangeHint},
    {"", "", "and", ": write '&&'"},
    {"", "", "or", ": write '||'"},
    {"", "not", "", ": write '!' for 'not'"},
    {"", "", "elif", ": write 'else if'"},
    {"", "while", "", ": repeat with 'for i in 0..n'"},
    {"condition", "", "=", ": compare with '=='"},
    {"parameters", "", ":", ": parameters have no types"},
    {"function's body", "", "-", ": functions have no types"},
    {"function's body", "", "=", ": write '{ return ... }'"},
    {"model's input", "", "(", ": write 'ids[context = ..., vocab = ...]'"},
    {"end of the line", "", ",", ": begin a line, or write ';'"},
};

/// What to write instead, or "".
StringRef Parser::hintHabit(StringRef expected) const {
  StringRef before = index == 0 ? "" : file.tokens[index - 1].text;
  for (const Habit &habit : kHabits)
    if (expected.contains(habit.expected) &&
        (habit.before.empty() || habit.before == before) &&
        (habit.found.empty() || habit.found == token().text))
      return habit.hint;
  return "";
}

/// Reports what was expected in place of the token.
std::nullptr_t Parser::fail(const Twine &expected) {
  bool reported =
      token().kind == TokenKind::invalid ||
      (index != 0 && file.tokens[index - 1].kind == TokenKind::invalid);
  if (reported)
    panicking = true;
  // Something missing at a line's end is missing there, not on the next line.
  bool lineEnded = index != 0 && token().startsLine;
  SMLoc loc = lineEnded ? endOfPrevious() : token().getLoc();
  std::string found =
      lineEnded && !atEnd() ? "the end of the line" : describe(token());
  std::string what = expected.str();
  return error(loc, "expected " + what + ", found " + found +
                        (lineEnded ? "" : hintHabit(what)));
}

bool Parser::failTooDeep() {
  error(token().getLoc(), "this is nested too deeply, more than " +
                              Twine(kMaxHeight) +
                              " levels: give its parts names with 'let'");
  // Nothing behind it is worth reading.
  index = file.tokens.size() - 1;
  return false;
}

void Parser::skipToItem() {
  while (!atEnd() && !atItem())
    advance();
  panicking = false;
  parentheses = 0;
  depth = 0;
}

/// To the first token of a later line of the same block, or to its end.
void Parser::skipToStatement(size_t begin) {
  unsigned open = 0;
  for (; !atEnd(); advance()) {
    if (atItem())
      break;
    if (open == 0 && index != begin && token().startsLine &&
        !token().is("else") && !token().is(")"))
      break;
    if (token().is("{"))
      ++open;
    if (token().is("}") && open-- == 0)
      break;
  }
  panicking = false;
}

//===----------------------------------------------------------------------===//
// Comments and blank lines
//===----------------------------------------------------------------------===//

void Parser::takeCommentsBefore(const char *place,
                                std::vector<StringRef> &into) {
  for (; comment < file.comments.size(); ++comment) {
    StringRef text = file.comments[comment].text;
    if (text.data() >= place)
      return;
    into.push_back(text);
  }
}

bool Parser::blankLineAbove(const char *place) const {
  // The line before the first comment or token of the statement.
  unsigned lineEnds = 0;
  while (place != file.buffer.begin()) {
    char c = *--place;
    if (c == '\n')
      ++lineEnds;
    else if (c != ' ' && c != '\t' && c != '\r')
      break;
  }
  return lineEnds > 1;
}

/// Called at the first token of a statement.
void Parser::takeTrivia(Trivia &trivia) {
  const char *place = token().getLoc().getPointer();
  const char *first = place;
  if (comment < file.comments.size())
    first = std::min(first, file.comments[comment].text.data());
  trivia.blankLineBefore = blankLineAbove(first);
  takeCommentsBefore(place, trivia.commentsBefore);
}

/// Called behind the last token of a statement.
void Parser::takeCommentBehind(Trivia &trivia) {
  takeCommentsBefore(endOfPrevious().getPointer(), trivia.commentsBefore);
  if (comment == file.comments.size())
    return;
  const Comment &next = file.comments[comment];
  if (!next.ownLine && next.text.data() < token().text.data() + atEnd()) {
    trivia.commentBehind = next.text;
    ++comment;
  }
}

//===----------------------------------------------------------------------===//
// What is parsed as a whole
//===----------------------------------------------------------------------===//

Spec Parser::parseSpec() {
  Spec spec;
  while (!atEnd() && !diagnostics.isFull()) {
    Trivia trivia;
    takeTrivia(trivia);
    ItemPtr item = parseItem();
    if (item && !panicking && !token().startsLine)
      fail("a new line behind the " +
           Twine(item->kind == Item::Kind::Param ? "param" : "item"));
    if (panicking)
      skipToItem();
    takeCommentBehind(trivia);
    if (item) {
      item->trivia = std::move(trivia);
      spec.items.push_back(std::move(item));
    }
  }
  takeCommentsBefore(file.buffer.end() + 1, spec.commentsAtEnd);
  return spec;
}

ExprPtr Parser::parseValue() {
  ExprPtr value = parseExpr();
  if (value && !atEnd())
    return fail("one value");
  return value;
}

Spec parseSpec(const LexedFile &file, Diagnostics &diagnostics) {
  return Parser(file, diagnostics).parseSpec();
}

ExprPtr parseValue(const LexedFile &file, Diagnostics &diagnostics) {
  return Parser(file, diagnostics).parseValue();
}

} // namespace hashc::frontend
