//===- ParseStatements.cpp - Blocks and what stands in them ---------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/ParserImpl.h"
#include "llvm/ADT/ScopeExit.h"

using llvm::Twine;

namespace hashc::frontend {

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
  parseStatements(block);
  block.endLoc = token().getLoc();
  if (block.height > kMaxHeight)
    return failTooDeep();
  if (accept("}"))
    return true;
  fail("'}'");
  diagnostics.note(block.loc, "to close this '{'");
  return false;
}

void Parser::parseStatements(Block &block) {
  while (!token().is("}") && !atEnd() && !diagnostics.isFull()) {
    if (accept(";"))
      continue;
    if (atItem())
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
  if (token().kind == TokenKind::name && ahead().is("="))
    return parseAssign();
  return finish(std::make_unique<ExprStmt>(token().getLoc()));
}

/// Parses the value at a statement's end.
template <typename T> StmtPtr Parser::finish(std::unique_ptr<T> statement) {
  statement->value = parseExpr();
  if (!statement->value)
    return nullptr;
  statement->height = statement->value->height + 1;
  return statement;
}

StmtPtr Parser::parseLet() {
  auto statement = std::make_unique<LetStmt>(token().getLoc());
  advance();
  if (!expectName(statement->name, statement->nameLoc, "a name behind 'let'") ||
      !expect("=", "and the value of '" + statement->name + "'"))
    return nullptr;
  return finish(std::move(statement));
}

StmtPtr Parser::parseAssign() {
  auto statement = std::make_unique<AssignStmt>(token().getLoc());
  statement->name = token().text;
  advance();
  advance();
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
  auto parseExtent = [&] {
    statement->shape.push_back(parseExpr());
    return statement->shape.back() != nullptr;
  };
  if (!expect("[", "and the weight's shape") ||
      !parseCommaSeparated("]", parseExtent) ||
      !expect("]", "behind the weight's shape") ||
      !expect("=", "and how the weight starts"))
    return nullptr;
  return finish(std::move(statement));
}

} // namespace hashc::frontend
