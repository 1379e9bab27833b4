//===- Parser.cpp - Recursive descent over the tokens ---------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/Parser.h"
#include "llvm/ADT/APInt.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include <cmath>

using llvm::SMLoc;
using llvm::StringRef;
using llvm::Twine;

namespace hashc::frontend {

namespace {

/// Everything that walks the tree recurses at most this deep.
constexpr unsigned kMaxHeight = 200;

class Parser {
public:
  Parser(const LexedFile &file, Diagnostics &diagnostics)
      : file(file), diagnostics(diagnostics) {}

  Spec parseSpec();
  ExprPtr parseValue();

private:
  // Tokens.
  const Token &token() const { return file.tokens[index]; }
  const Token &ahead(size_t count = 1) const {
    return file.tokens[std::min(index + count, file.tokens.size() - 1)];
  }
  bool atEnd() const { return token().kind == TokenKind::endOfFile; }
  void advance() {
    if (!atEnd())
      ++index;
  }
  bool accept(StringRef word);
  bool expect(StringRef word, const Twine &where);
  bool expectName(StringRef &name, SMLoc &loc, const Twine &what);
  std::string describe(const Token &token) const;
  std::nullptr_t fail(const Twine &expected);
  SMLoc endOfPrevious() const;

  // Comments and blank lines.
  void takeTrivia(Trivia &trivia);
  void takeCommentBehind(Trivia &trivia);
  void takeCommentsBefore(const char *place, std::vector<StringRef> &into);
  bool blankLineAbove(const char *place) const;

  // Items.
  ItemPtr parseItem();
  ItemPtr parseParam();
  ItemPtr parseFn();
  ItemPtr parseRouter();
  ItemPtr parseModel();
  ItemPtr parseTrain();
  bool parseSetting(Setting &setting);
  bool parseFormals(std::vector<Formal> &formals);
  bool parseInput(ModelInput &input);
  void skipToItem();
  void skipToStatement(size_t begin);

  // Statements.
  bool parseBlock(Block &block, const Twine &where);
  StmtPtr parseStatement();
  template <typename T> StmtPtr finish(std::unique_ptr<T> statement);
  StmtPtr parseLet();
  StmtPtr parseReturn();
  StmtPtr parseFor();
  StmtPtr parseWeight();
  bool expectEndOfStatement();

  // Expressions.
  ExprPtr parseExpr();
  ExprPtr parseBinary(int minimum);
  ExprPtr parseUnary();
  ExprPtr parsePostfix();
  ExprPtr parsePrimary();
  ExprPtr parseNumber();
  ExprPtr parseIf();
  ExprPtr parseParenthesis();
  ExprPtr parseList();
  ExprPtr parseRecord();
  bool parseArguments(std::vector<Argument> &arguments, StringRef close);
  bool raise(Expr &expr, std::initializer_list<unsigned> heights);
  bool failTooDeep();

  const LexedFile &file;
  Diagnostics &diagnostics;
  size_t index = 0;
  size_t comment = 0;
  /// Open parentheses and brackets of the innermost block: line ends do not
  /// matter inside them.
  unsigned parentheses = 0;
  unsigned depth = 0;
  /// Set by the first error of a statement; cleared where parsing goes on.
  bool panicking = false;
};

//===----------------------------------------------------------------------===//
// Tokens
//===----------------------------------------------------------------------===//

std::string Parser::describe(const Token &token) const {
  if (token.kind == TokenKind::endOfFile)
    return "the end of the file";
  if (token.kind == TokenKind::string)
    return "a string";
  return ("'" + token.text + "'").str();
}

SMLoc Parser::endOfPrevious() const {
  return SMLoc::getFromPointer(index == 0 ? token().text.data()
                                          : file.tokens[index - 1].getEnd());
}

/// Reports what was expected; once, until parsing goes on elsewhere.
std::nullptr_t Parser::fail(const Twine &expected) {
  bool reported =
      token().kind == TokenKind::invalid ||
      (index != 0 && file.tokens[index - 1].kind == TokenKind::invalid);
  if (!panicking && !reported) {
    // Something missing at a line's end is missing there, not on the next line.
    bool lineEnded = index != 0 && token().startsLine;
    SMLoc loc = lineEnded ? endOfPrevious() : token().getLoc();
    std::string found =
        lineEnded && !atEnd() ? "the end of the line" : describe(token());
    diagnostics.error(loc, "expected " + expected + ", found " + found);
  }
  panicking = true;
  return nullptr;
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
  if (token().kind != TokenKind::name) {
    if (token().kind == TokenKind::keyword && !panicking) {
      diagnostics.error(token().getLoc(),
                        "'" + token().text +
                            "' is a word of the language and cannot be a name");
      panicking = true;
    }
    fail(what);
    return false;
  }
  name = token().text;
  loc = token().getLoc();
  advance();
  return true;
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
// Items
//===----------------------------------------------------------------------===//

bool isItemWord(const Token &token) {
  return token.is("param") || token.is("fn") || token.is("router") ||
         token.is("model") || token.is("train");
}

void Parser::skipToItem() {
  while (!atEnd() && !(token().startsLine && isItemWord(token())))
    advance();
  panicking = false;
  parentheses = 0;
  depth = 0;
}

/// To the first token of a later line of the same block, or to its end.
void Parser::skipToStatement(size_t begin) {
  unsigned open = 0;
  for (; !atEnd(); advance()) {
    if (token().startsLine && isItemWord(token()))
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

ItemPtr Parser::parseItem() {
  if (token().is("param"))
    return parseParam();
  if (token().is("fn"))
    return parseFn();
  if (token().is("router"))
    return parseRouter();
  if (token().is("model"))
    return parseModel();
  if (token().is("train"))
    return parseTrain();
  std::string hint =
      suggest(token().text, {"param", "fn", "router", "model", "train"});
  if (token().is("let") || ahead().is("="))
    hint = ": a value of the whole spec is a param, as in 'param dim = 256'";
  std::string found = describe(token());
  if (!panicking && token().kind != TokenKind::invalid)
    diagnostics.error(token().getLoc(),
                      "expected 'param', 'fn', 'router', 'model' or 'train', "
                      "found " +
                          found + hint);
  panicking = true;
  advance();
  return nullptr;
}

ItemPtr Parser::parseParam() {
  auto item = std::make_unique<ParamItem>(token().getLoc());
  advance();
  if (!expectName(item->name, item->nameLoc, "a name for the param") ||
      !expect("=", "and the param's default value"))
    return nullptr;
  item->value = parseExpr();
  return item->value ? std::move(item) : nullptr;
}

bool Parser::parseFormals(std::vector<Formal> &formals) {
  ++parentheses;
  while (!token().is(")")) {
    Formal formal;
    if (!expectName(formal.name, formal.loc, "a name for the parameter"))
      return false;
    if (accept("=") && !(formal.value = parseExpr()))
      return false;
    formals.push_back(std::move(formal));
    if (!accept(","))
      break;
  }
  --parentheses;
  return expect(")", "behind the parameters");
}

ItemPtr Parser::parseFn() {
  auto item = std::make_unique<FnItem>(token().getLoc());
  advance();
  if (!expectName(item->name, item->nameLoc, "a name for the function") ||
      !expect("(", "and the function's parameters") ||
      !parseFormals(item->formals) ||
      !parseBlock(item->body, "before the function's body"))
    return nullptr;
  return item;
}

ItemPtr Parser::parseRouter() {
  auto item = std::make_unique<RouterItem>(token().getLoc());
  advance();
  if (!expectName(item->name, item->nameLoc, "a name for the router"))
    return nullptr;
  if (accept("(")) {
    item->hasFormals = true;
    if (!parseFormals(item->formals))
      return nullptr;
  }
  if (!expect("=", "and the router's formula"))
    return nullptr;
  item->value = parseExpr();
  return item->value ? std::move(item) : nullptr;
}

bool Parser::parseInput(ModelInput &input) {
  if (!expectName(input.name, input.loc, "a name for the model's input") ||
      !expect(":", "and the input's type, as in "
                   "'tokens: ids[context = 256, vocab = 8192]'") ||
      !expectName(input.type, input.typeLoc, "the input's type"))
    return false;
  if (!accept("["))
    return true;
  return parseArguments(input.arguments, "]");
}

ItemPtr Parser::parseModel() {
  auto item = std::make_unique<ModelItem>(token().getLoc());
  advance();
  if (!expectName(item->name, item->nameLoc, "a name for the model") ||
      !expect("(", "and the model's input"))
    return nullptr;
  ++parentheses;
  while (!token().is(")")) {
    if (!parseInput(item->inputs.emplace_back()))
      return nullptr;
    if (!accept(","))
      break;
  }
  --parentheses;
  if (!expect(")", "behind the model's input") ||
      !parseBlock(item->body, "before the model's body"))
    return nullptr;
  return item;
}

bool Parser::parseSetting(Setting &setting) {
  if (!expectName(setting.name, setting.loc, "a setting"))
    return false;
  if (!token().is("=") && token().kind == TokenKind::string) {
    // group, freeze, init: a pattern, and what it is about.
    setting.isPattern = true;
    setting.value = parsePrimary();
    if (accept("{")) {
      setting.hasFields = true;
      if (!parseArguments(setting.fields, "}"))
        return false;
    }
    return true;
  }
  if (!expect("=", "behind '" + setting.name + "'"))
    return false;
  setting.value = token().is("{") ? parseRecord() : parseExpr();
  return setting.value != nullptr;
}

ItemPtr Parser::parseTrain() {
  auto item = std::make_unique<TrainItem>(token().getLoc());
  advance();
  if (!expectName(item->name, item->nameLoc,
                  "the name of the model to train") ||
      !expect("{", "before the settings"))
    return nullptr;
  while (!token().is("}") && !atEnd() && !diagnostics.isFull()) {
    if (accept(";"))
      continue;
    Setting setting;
    size_t begin = index;
    takeTrivia(setting.trivia);
    if (token().startsLine && isItemWord(token()))
      break;
    if (!parseSetting(setting) || !expectEndOfStatement()) {
      skipToStatement(begin);
      parentheses = 0;
      continue;
    }
    takeCommentBehind(setting.trivia);
    item->settings.push_back(std::move(setting));
  }
  takeCommentsBefore(token().text.data(), item->commentsAtEnd);
  if (!expect("}", "behind the settings"))
    return nullptr;
  return item;
}

//===----------------------------------------------------------------------===//
// Statements
//===----------------------------------------------------------------------===//

bool Parser::parseBlock(Block &block, const Twine &where) {
  block.loc = token().getLoc();
  if (!expect("{", where))
    return false;
  // A block inside parentheses has lines again.
  unsigned outer = std::exchange(parentheses, 0);
  ++depth;
  llvm::scope_exit restore([&] {
    parentheses = outer;
    --depth;
  });
  if (depth > kMaxHeight)
    return failTooDeep();
  while (!token().is("}") && !atEnd() && !diagnostics.isFull()) {
    if (accept(";"))
      continue;
    if (token().startsLine && isItemWord(token()))
      break;
    Trivia trivia;
    size_t begin = index;
    takeTrivia(trivia);
    StmtPtr statement = parseStatement();
    if (!statement || !expectEndOfStatement()) {
      skipToStatement(begin);
      parentheses = 0;
      continue;
    }
    takeCommentBehind(trivia);
    statement->trivia = std::move(trivia);
    block.height = std::max(block.height, statement->height + 1);
    block.statements.push_back(std::move(statement));
  }
  takeCommentsBefore(token().text.data(), block.commentsAtEnd);
  block.endLoc = token().getLoc();
  if (block.height > kMaxHeight)
    return failTooDeep();
  if (accept("}"))
    return true;
  fail("'}'");
  diagnostics.note(block.loc, "to close this '{'");
  return false;
}

bool Parser::expectEndOfStatement() {
  if (token().startsLine || token().is("}") || token().is(";") || atEnd())
    return true;
  fail("the end of the line");
  return false;
}

/// Parses the value at a statement's end.
template <typename T> StmtPtr Parser::finish(std::unique_ptr<T> statement) {
  statement->value = parseExpr();
  if (!statement->value)
    return nullptr;
  statement->height = statement->value->height + 1;
  return statement;
}

StmtPtr Parser::parseStatement() {
  if (token().is("let"))
    return parseLet();
  if (token().is("return"))
    return parseReturn();
  if (token().is("for"))
    return parseFor();
  if (token().isName("weight") && ahead().kind == TokenKind::name)
    return parseWeight();
  SMLoc loc = token().getLoc();
  if (token().kind == TokenKind::name && ahead().is("=")) {
    auto statement = std::make_unique<AssignStmt>(loc);
    statement->name = token().text;
    advance();
    advance();
    return finish(std::move(statement));
  }
  auto statement = std::make_unique<ExprStmt>(loc);
  return finish(std::move(statement));
}

StmtPtr Parser::parseLet() {
  auto statement = std::make_unique<LetStmt>(token().getLoc());
  advance();
  if (!expectName(statement->name, statement->nameLoc, "a name behind 'let'") ||
      !expect("=", "and the value of '" + statement->name + "'"))
    return nullptr;
  return finish(std::move(statement));
}

StmtPtr Parser::parseReturn() {
  auto statement = std::make_unique<ReturnStmt>(token().getLoc());
  advance();
  return finish(std::move(statement));
}

StmtPtr Parser::parseFor() {
  auto statement = std::make_unique<ForStmt>(token().getLoc());
  advance();
  if (!expectName(statement->name, statement->nameLoc,
                  "a name for the loop's number") ||
      !expect("in", "and the range, as in 'for i in 0..6'") ||
      !(statement->from = parseExpr()) ||
      !expect("..", "in the range, as in '0..6'") ||
      !(statement->to = parseExpr()) ||
      !parseBlock(statement->body, "before the loop's body"))
    return nullptr;
  statement->height = statement->body.height + 1;
  for (const Expr *bound : {statement->from.get(), statement->to.get()})
    statement->height = std::max(statement->height, bound->height + 1);
  return statement;
}

StmtPtr Parser::parseWeight() {
  auto statement = std::make_unique<WeightStmt>(token().getLoc());
  advance();
  statement->name = token().text;
  advance();
  if (!expect("[", "and the weight's shape"))
    return nullptr;
  ++parentheses;
  while (!token().is("]")) {
    ExprPtr size = parseExpr();
    if (!size)
      return nullptr;
    statement->shape.push_back(std::move(size));
    if (!accept(","))
      break;
  }
  --parentheses;
  if (!expect("]", "behind the weight's shape") ||
      !expect("=", "and how the weight starts"))
    return nullptr;
  return finish(std::move(statement));
}

//===----------------------------------------------------------------------===//
// Expressions
//===----------------------------------------------------------------------===//

int precedenceOf(const Token &token) {
  if (token.kind != TokenKind::punctuation)
    return 0;
  return llvm::StringSwitch<int>(token.text)
      .Case("||", 1)
      .Case("&&", 2)
      .Cases({"==", "!=", "<", "<=", ">", ">="}, 3)
      .Cases({"+", "-"}, 4)
      .Cases({"*", "/", "%"}, 5)
      .Default(0);
}

/// Sets the height of a node from its children's; false if it is too high.
bool Parser::raise(Expr &expr, std::initializer_list<unsigned> heights) {
  for (unsigned height : heights)
    expr.height = std::max(expr.height, height + 1);
  if (expr.height <= kMaxHeight)
    return true;
  if (!panicking)
    diagnostics.error(expr.loc, "the expression is nested too deeply: give its "
                                "parts names with 'let'");
  panicking = true;
  return false;
}

ExprPtr Parser::parseExpr() {
  ++depth;
  llvm::scope_exit leave([&] { --depth; });
  if (depth > kMaxHeight) {
    failTooDeep();
    return nullptr;
  }
  return parseBinary(1);
}

bool Parser::failTooDeep() {
  if (!panicking)
    diagnostics.error(token().getLoc(), "this is nested too deeply");
  panicking = true;
  // Nothing behind it is worth reading.
  index = file.tokens.size() - 1;
  return false;
}

ExprPtr Parser::parseBinary(int minimum) {
  ExprPtr lhs = parseUnary();
  while (lhs) {
    int precedence = precedenceOf(token());
    if (precedence == 0 || precedence < minimum)
      return lhs;
    auto binary = std::make_unique<BinaryExpr>(token().getLoc());
    binary->op = token().text;
    advance();
    binary->rhs = parseBinary(precedence + 1);
    if (!binary->rhs)
      return nullptr;
    if (precedence == 3 && precedenceOf(token()) == 3 && !panicking) {
      diagnostics.error(token().getLoc(),
                        "comparisons do not chain: join them with '&&'");
      panicking = true;
      return nullptr;
    }
    binary->lhs = std::move(lhs);
    if (!raise(*binary, {binary->lhs->height, binary->rhs->height}))
      return nullptr;
    lhs = std::move(binary);
  }
  return lhs;
}

ExprPtr Parser::parseUnary() {
  if (!token().is("-") && !token().is("!"))
    return parsePostfix();
  ++depth;
  llvm::scope_exit leave([&] { --depth; });
  auto unary = std::make_unique<UnaryExpr>(token().getLoc());
  unary->op = token().text;
  advance();
  if (depth > kMaxHeight) {
    unary->height = kMaxHeight + 1;
    raise(*unary, {});
    return nullptr;
  }
  unary->operand = parseUnary();
  if (!unary->operand || !raise(*unary, {unary->operand->height}))
    return nullptr;
  return unary;
}

ExprPtr Parser::parsePostfix() {
  ExprPtr expr = parsePrimary();
  while (expr) {
    // A line that begins with a parenthesis is no call of the line above.
    if (token().is("(") && (parentheses != 0 || !token().startsLine)) {
      auto call = std::make_unique<CallExpr>(expr->loc);
      advance();
      if (!parseArguments(call->arguments, ")"))
        return nullptr;
      call->callee = std::move(expr);
      raise(*call, {call->callee->height});
      for (const Argument &argument : call->arguments)
        raise(*call, {argument.value->height});
      if (panicking)
        return nullptr;
      expr = std::move(call);
    } else if (token().is(".")) {
      advance();
      auto member = std::make_unique<MemberExpr>(expr->loc);
      SMLoc loc;
      if (!expectName(member->name, loc, "a name behind '.'"))
        return nullptr;
      member->base = std::move(expr);
      if (!raise(*member, {member->base->height}))
        return nullptr;
      expr = std::move(member);
    } else {
      return expr;
    }
  }
  return expr;
}

/// Behind the opening bracket, up to and with the closing one.
bool Parser::parseArguments(std::vector<Argument> &arguments, StringRef close) {
  ++parentheses;
  while (!token().is(close)) {
    Argument argument;
    argument.nameLoc = token().getLoc();
    // Words of the language name parameters too: `router = ...`.
    bool word = token().kind == TokenKind::name ||
                token().kind == TokenKind::string ||
                token().kind == TokenKind::keyword;
    if (word && (ahead().is("=") || ahead().is(":"))) {
      argument.name = token().text;
      advance();
      argument.colon = token().is(":");
      advance();
    }
    argument.value = token().is("{") ? parseRecord() : parseExpr();
    if (!argument.value)
      return false;
    arguments.push_back(std::move(argument));
    if (!accept(",") && (close != "}" || !token().startsLine))
      break;
  }
  --parentheses;
  if (accept(close))
    return true;
  fail("',' or '" + close + "'");
  return false;
}

ExprPtr Parser::parsePrimary() {
  SMLoc loc = token().getLoc();
  switch (token().kind) {
  case TokenKind::integer:
  case TokenKind::number:
    return parseNumber();
  case TokenKind::string: {
    auto string = std::make_unique<StringExpr>(loc);
    string->text = token().text;
    advance();
    return string;
  }
  case TokenKind::name: {
    auto name = std::make_unique<NameExpr>(loc);
    name->name = token().text;
    advance();
    return name;
  }
  default:
    break;
  }
  if (token().is("true") || token().is("false")) {
    auto truth = std::make_unique<BoolExpr>(loc);
    truth->value = token().is("true");
    advance();
    return truth;
  }
  if (token().is("if"))
    return parseIf();
  if (token().is("("))
    return parseParenthesis();
  if (token().is("["))
    return parseList();
  return fail("a value");
}

ExprPtr Parser::parseNumber() {
  auto number = std::make_unique<NumberExpr>(token().getLoc());
  number->spelling = token().text;
  number->percent = token().percent;
  number->isInteger = token().kind == TokenKind::integer && !token().percent;
  std::string digits;
  for (char c : token().text)
    if (c != '_')
      digits.push_back(c);
  StringRef text = digits;
  advance();
  if (number->isInteger) {
    unsigned radix = text.consume_front_insensitive("0x") ? 16 : 10;
    if (text.getAsInteger(radix, number->integer)) {
      diagnostics.error(number->loc,
                        "'" + number->spelling + "' does not fit into 64 bits");
      panicking = true;
      return nullptr;
    }
    number->number = static_cast<double>(number->integer);
    return number;
  }
  // Decimal: digits were checked by the lexer, so only the range can fail.
  if (text.getAsDouble(number->number) || !std::isfinite(number->number)) {
    diagnostics.error(number->loc, "'" + number->spelling +
                                       "' is not a number hashc can "
                                       "hold");
    panicking = true;
    return nullptr;
  }
  if (number->percent)
    number->number /= 100;
  return number;
}

ExprPtr Parser::parseIf() {
  auto choice = std::make_unique<IfExpr>(token().getLoc());
  ++depth;
  llvm::scope_exit leave([&] { --depth; });
  advance();
  // The condition ends at the '{' of the block, wherever its line ends.
  choice->condition = parseExpr();
  if (!choice->condition)
    return nullptr;
  choice->thenBlock = std::make_unique<Block>();
  if (!parseBlock(*choice->thenBlock, "behind the condition"))
    return nullptr;
  if (!raise(*choice, {choice->condition->height, choice->thenBlock->height}))
    return nullptr;
  if (!accept("else"))
    return choice;
  choice->elseBlock = std::make_unique<Block>();
  if (!token().is("if")) {
    if (!parseBlock(*choice->elseBlock, "or 'if' behind 'else'") ||
        !raise(*choice, {choice->elseBlock->height}))
      return nullptr;
    return choice;
  }
  choice->elseIf = true;
  auto statement = std::make_unique<ExprStmt>(token().getLoc());
  // parseExpr would take a binary operator behind the last block.
  if (depth > kMaxHeight) {
    choice->height = kMaxHeight + 1;
    raise(*choice, {});
    return nullptr;
  }
  statement->value = parseIf();
  if (!statement->value)
    return nullptr;
  choice->elseBlock->loc = statement->loc;
  choice->elseBlock->endLoc = statement->loc;
  if (!raise(*choice, {statement->value->height}))
    return nullptr;
  choice->elseBlock->statements.push_back(std::move(statement));
  return choice;
}

/// `(a)` is a, `(a, b)` is a tuple.
ExprPtr Parser::parseParenthesis() {
  auto tuple = std::make_unique<TupleExpr>(token().getLoc());
  advance();
  ++parentheses;
  bool comma = false;
  while (!token().is(")")) {
    ExprPtr element = parseExpr();
    if (!element || !raise(*tuple, {element->height}))
      return nullptr;
    tuple->elements.push_back(std::move(element));
    if (!accept(","))
      break;
    comma = true;
  }
  --parentheses;
  if (!token().is(")"))
    return fail("',' or ')'");
  if (tuple->elements.empty())
    return fail("a value between '(' and ')'");
  advance();
  if (tuple->elements.size() == 1 && !comma)
    return std::move(tuple->elements.front());
  return tuple;
}

ExprPtr Parser::parseList() {
  auto list = std::make_unique<ListExpr>(token().getLoc());
  advance();
  ++parentheses;
  while (!token().is("]")) {
    ExprPtr element = parseExpr();
    if (!element || !raise(*list, {element->height}))
      return nullptr;
    list->elements.push_back(std::move(element));
    if (!accept(","))
      break;
  }
  --parentheses;
  if (!accept("]"))
    return fail("',' or ']'");
  return list;
}

ExprPtr Parser::parseRecord() {
  auto record = std::make_unique<RecordExpr>(token().getLoc());
  ++depth;
  llvm::scope_exit leave([&] { --depth; });
  advance();
  if (depth > kMaxHeight) {
    record->height = kMaxHeight + 1;
    raise(*record, {});
    return nullptr;
  }
  if (!parseArguments(record->fields, "}"))
    return nullptr;
  for (const Argument &field : record->fields)
    if (!raise(*record, {field.value->height}))
      return nullptr;
  return record;
}

} // namespace

Spec parseSpec(const LexedFile &file, Diagnostics &diagnostics) {
  return Parser(file, diagnostics).parseSpec();
}

ExprPtr parseValue(const LexedFile &file, Diagnostics &diagnostics) {
  return Parser(file, diagnostics).parseValue();
}

} // namespace hashc::frontend
