//===- ParseExpressions.cpp - Values and what they are made of ------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/ParserImpl.h"
#include "frontend/Precedence.h"
#include "llvm/ADT/ScopeExit.h"
#include <cmath>

using llvm::SMLoc;
using llvm::StringRef;

namespace hashc::frontend {

//===----------------------------------------------------------------------===//
// Heights
//===----------------------------------------------------------------------===//

/// Sets the height of a node from its children's; false if it is too high.
bool Parser::raise(Expr &expr, std::initializer_list<unsigned> heights) {
  for (unsigned height : heights)
    expr.height = std::max(expr.height, height + 1);
  if (expr.height <= kMaxHeight)
    return true;
  error(expr.loc, "the expression is nested too deeply: give its parts names "
                  "with 'let'");
  return false;
}

/// Before the children of a node that recurses without parseExpr.
bool Parser::fitsDepth(Expr &expr) {
  return depth <= kMaxHeight || raise(expr, {kMaxHeight});
}

//===----------------------------------------------------------------------===//
// Operators
//===----------------------------------------------------------------------===//

static int precedenceOf(const Token &token) {
  return token.kind == TokenKind::punctuation ? getPrecedence(token.text) : 0;
}

ExprPtr Parser::parseExpr() {
  ++depth;
  llvm::scope_exit leave([&] { --depth; });
  if (depth <= kMaxHeight)
    return parseBinary(1);
  failTooDeep();
  return nullptr;
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
    if (precedence == kComparison && precedenceOf(token()) == kComparison)
      return error(token().getLoc(),
                   "comparisons do not chain: join them with '&&'");
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
  if (!fitsDepth(*unary))
    return nullptr;
  unary->operand = parseUnary();
  if (!unary->operand || !raise(*unary, {unary->operand->height}))
    return nullptr;
  return unary;
}

ExprPtr Parser::parsePostfix() {
  ExprPtr expr = parsePrimary();
  while (expr) {
    // A line that begins with a parenthesis is no call of the line above.
    if (token().is("(") && (parentheses != 0 || !token().startsLine))
      expr = parseCall(std::move(expr));
    else if (token().is("."))
      expr = parseMember(std::move(expr));
    else
      return expr;
  }
  return expr;
}

ExprPtr Parser::parseCall(ExprPtr callee) {
  auto call = std::make_unique<CallExpr>(callee->loc);
  advance();
  if (!parseArguments(call->arguments, ")") || !raise(*call, {callee->height}))
    return nullptr;
  call->callee = std::move(callee);
  for (const Argument &argument : call->arguments)
    if (!raise(*call, {argument.value->height}))
      return nullptr;
  return call;
}

ExprPtr Parser::parseMember(ExprPtr base) {
  advance();
  auto member = std::make_unique<MemberExpr>(base->loc);
  SMLoc loc;
  if (!expectName(member->name, loc, "a name behind '.'") ||
      !raise(*member, {base->height}))
    return nullptr;
  member->base = std::move(base);
  return member;
}

//===----------------------------------------------------------------------===//
// Single values
//===----------------------------------------------------------------------===//

ExprPtr Parser::parsePrimary() {
  if (token().kind == TokenKind::integer || token().kind == TokenKind::number)
    return parseNumber();
  if (token().kind == TokenKind::string)
    return parseString();
  if (token().kind == TokenKind::name)
    return parseName();
  if (token().is("true") || token().is("false"))
    return parseBool();
  if (token().is("if"))
    return parseIf();
  if (token().is("("))
    return parseParenthesis();
  if (token().is("["))
    return parseList();
  return fail("a value");
}

ExprPtr Parser::parseString() {
  auto string = std::make_unique<StringExpr>(token().getLoc());
  string->text = token().text;
  advance();
  return string;
}

ExprPtr Parser::parseName() {
  auto name = std::make_unique<NameExpr>(token().getLoc());
  name->name = token().text;
  advance();
  return name;
}

ExprPtr Parser::parseBool() {
  auto truth = std::make_unique<BoolExpr>(token().getLoc());
  truth->value = token().is("true");
  advance();
  return truth;
}

static std::string removeBars(StringRef spelling) {
  std::string digits;
  for (char c : spelling)
    if (c != '_')
      digits.push_back(c);
  return digits;
}

ExprPtr Parser::parseNumber() {
  auto number = std::make_unique<NumberExpr>(token().getLoc());
  number->spelling = token().text;
  number->percent = token().percent;
  number->isInteger = token().kind == TokenKind::integer && !token().percent;
  std::string digits = removeBars(token().text);
  StringRef text = digits;
  advance();
  if (number->isInteger) {
    unsigned radix = text.consume_front_insensitive("0x") ? 16 : 10;
    if (text.getAsInteger(radix, number->integer))
      return error(number->loc,
                   "'" + number->spelling + "' does not fit into 64 bits");
    number->number = static_cast<double>(number->integer);
    return number;
  }
  // Decimal: digits were checked by the lexer, so only the range can fail.
  if (text.getAsDouble(number->number) || !std::isfinite(number->number))
    return error(number->loc,
                 "'" + number->spelling + "' is not a number hashc can hold");
  if (number->percent)
    number->number /= 100;
  return number;
}

//===----------------------------------------------------------------------===//
// Choices
//===----------------------------------------------------------------------===//

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
  if (!parseBlock(*choice->thenBlock, "behind the condition") ||
      !raise(*choice, {choice->condition->height, choice->thenBlock->height}))
    return nullptr;
  if (accept("else") && !parseElse(*choice))
    return nullptr;
  return choice;
}

bool Parser::parseElse(IfExpr &choice) {
  choice.elseBlock = std::make_unique<Block>();
  if (token().is("if"))
    return parseElseIf(choice);
  return parseBlock(*choice.elseBlock, "or 'if' behind 'else'") &&
         raise(choice, {choice.elseBlock->height});
}

bool Parser::parseElseIf(IfExpr &choice) {
  choice.elseIf = true;
  auto statement = std::make_unique<ExprStmt>(token().getLoc());
  // parseExpr would take a binary operator behind the last block.
  if (!fitsDepth(choice))
    return false;
  statement->value = parseIf();
  if (!statement->value)
    return false;
  choice.elseBlock->loc = statement->loc;
  choice.elseBlock->endLoc = statement->loc;
  if (!raise(choice, {statement->value->height}))
    return false;
  choice.elseBlock->statements.push_back(std::move(statement));
  return true;
}

//===----------------------------------------------------------------------===//
// Brackets
//===----------------------------------------------------------------------===//

bool Parser::parseElements(std::vector<ExprPtr> &elements, Expr &parent,
                           StringRef close) {
  return parseCommaSeparated(close, [&] {
    ExprPtr element = parseExpr();
    if (!element || !raise(parent, {element->height}))
      return false;
    elements.push_back(std::move(element));
    return true;
  });
}

/// `(a)` is a, `(a,)` and `(a, b)` are tuples.
ExprPtr Parser::parseParenthesis() {
  auto tuple = std::make_unique<TupleExpr>(token().getLoc());
  advance();
  if (!parseElements(tuple->elements, *tuple, ")"))
    return nullptr;
  bool comma = file.tokens[index - 1].is(",");
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
  if (!parseElements(list->elements, *list, "]"))
    return nullptr;
  if (!accept("]"))
    return fail("',' or ']'");
  return list;
}

ExprPtr Parser::parseRecord() {
  auto record = std::make_unique<RecordExpr>(token().getLoc());
  ++depth;
  llvm::scope_exit leave([&] { --depth; });
  advance();
  if (!fitsDepth(*record) || !parseArguments(record->fields, "}"))
    return nullptr;
  for (const Argument &field : record->fields)
    if (!raise(*record, {field.value->height}))
      return nullptr;
  return record;
}

/// Behind the opening bracket, up to and with the closing one.
bool Parser::parseArguments(std::vector<Argument> &arguments, StringRef close) {
  ++parentheses;
  while (!token().is(close)) {
    Argument argument;
    if (!parseArgument(argument))
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

bool Parser::parseArgument(Argument &argument) {
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
  return argument.value != nullptr;
}

} // namespace hashc::frontend
