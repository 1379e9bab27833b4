//===- ParserImpl.h - Recursive descent over the tokens ---------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_FRONTEND_PARSERIMPL_H
#define HASHC_FRONTEND_PARSERIMPL_H

#include "frontend/Ast.h"
#include "frontend/Lexer.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/Twine.h"
#include <cstddef>

namespace hashc::frontend {

/// Everything that walks the tree recurses at most this deep.
constexpr unsigned kMaxHeight = 200;

/// A function of the grammar leaves the next token behind what it read. Null or
/// false: an error was reported, and `panicking` is set.
class Parser {
public:
  Parser(const LexedFile &file, Diagnostics &diagnostics)
      : file(file), diagnostics(diagnostics) {}

  Spec parseSpec();
  ExprPtr parseValue();

private:
  // Tokens (Parser.cpp).
  const Token &token() const { return file.tokens[index]; }
  const Token &ahead(size_t count = 1) const {
    return file.tokens[std::min(index + count, file.tokens.size() - 1)];
  }
  bool atEnd() const { return token().kind == TokenKind::endOfFile; }
  bool atItem() const;
  void advance() {
    if (!atEnd())
      ++index;
  }
  bool accept(llvm::StringRef word);
  bool expect(llvm::StringRef word, const llvm::Twine &where);
  bool expectName(llvm::StringRef &name, llvm::SMLoc &loc,
                  const llvm::Twine &what);
  bool expectEndOfStatement();
  bool parseCommaSeparated(llvm::StringRef close,
                           llvm::function_ref<bool()> parseElement);
  llvm::SMLoc endOfPrevious() const;

  // Errors, and where parsing goes on behind them (Parser.cpp).
  std::string describe(const Token &token) const;
  std::nullptr_t error(llvm::SMLoc loc, const llvm::Twine &message);
  std::nullptr_t fail(const llvm::Twine &expected);
  bool failTooDeep();
  void skipToItem();
  void skipToStatement(size_t begin);

  llvm::StringRef hintHabit(llvm::StringRef expected) const;

  // Comments and blank lines (Parser.cpp).
  void takeTrivia(Trivia &trivia);
  void takeCommentBehind(Trivia &trivia);
  void takeCommentsBefore(const char *place,
                          std::vector<llvm::StringRef> &into);
  bool blankLineAbove(const char *place) const;

  // Items (ParseItems.cpp).
  ItemPtr parseItem();
  ItemPtr parseParam();
  ItemPtr parseFn();
  ItemPtr parseRouter();
  ItemPtr parseModel();
  ItemPtr parseTrain();
  std::nullptr_t failNoItem();
  bool parseFormals(std::vector<Formal> &formals);
  bool parseInput(ModelInput &input);
  void parseSettings(TrainItem &train);
  bool parseSetting(Setting &setting);
  bool parsePattern(Setting &setting);

  // Statements (ParseStatements.cpp).
  bool parseBlock(Block &block, const llvm::Twine &where);
  void parseStatements(Block &block);
  StmtPtr parseStatement();
  template <typename T> StmtPtr finish(std::unique_ptr<T> statement);
  StmtPtr parseLet();
  StmtPtr parseAssign();
  StmtPtr parseReturn();
  StmtPtr parseFor();
  StmtPtr parseWeight();

  // Expressions (ParseExpressions.cpp).
  ExprPtr parseExpr();
  ExprPtr parseBinary(int minimum);
  ExprPtr parseUnary();
  ExprPtr parsePostfix();
  ExprPtr parseCall(ExprPtr callee);
  ExprPtr parseMember(ExprPtr base);
  ExprPtr parsePrimary();
  ExprPtr parseNumber();
  ExprPtr parseString();
  ExprPtr parseName();
  ExprPtr parseBool();
  ExprPtr parseIf();
  bool parseElse(IfExpr &choice);
  bool parseElseIf(IfExpr &choice);
  ExprPtr parseParenthesis();
  ExprPtr parseList();
  ExprPtr parseRecord();
  bool parseElements(std::vector<ExprPtr> &elements, Expr &parent,
                     llvm::StringRef close);
  bool parseArguments(std::vector<Argument> &arguments, llvm::StringRef close);
  bool parseArgument(Argument &argument);
  bool raise(Expr &expr, std::initializer_list<unsigned> heights);
  bool fitsDepth(Expr &expr);

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

} // namespace hashc::frontend

#endif // HASHC_FRONTEND_PARSERIMPL_H
