//===- Ast.h - The spec as a tree -------------------------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_FRONTEND_AST_H
#define HASHC_FRONTEND_AST_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/SMLoc.h"
#include <memory>
#include <optional>
#include <string>
#include <vector>

// Names and texts point into the source buffer, which outlives the tree.

namespace hashc::frontend {

//===----------------------------------------------------------------------===//
// Expressions
//===----------------------------------------------------------------------===//

struct Expr {
  enum class Kind {
    Number,
    String,
    Bool,
    Name,
    Member,
    Unary,
    Binary,
    Call,
    If,
    Tuple,
    List,
    Record,
  };

  Expr(Kind kind, llvm::SMLoc loc) : kind(kind), loc(loc) {}
  virtual ~Expr() = default;

  const Kind kind;
  /// Where errors about the whole point: an operator's place for operations,
  /// else the beginning.
  llvm::SMLoc loc;
  /// Height of the tree: bounded, so that recursion over it is.
  unsigned height = 1;
};
using ExprPtr = std::unique_ptr<Expr>;

template <Expr::Kind K> struct ExprBase : Expr {
  explicit ExprBase(llvm::SMLoc loc) : Expr(K, loc) {}
  static bool classof(const Expr *expr) { return expr->kind == K; }
};

struct NumberExpr : ExprBase<Expr::Kind::Number> {
  using ExprBase::ExprBase;
  llvm::StringRef spelling;
  bool isInteger = false;
  bool percent = false;
  int64_t integer = 0;
  double number = 0;
};

struct StringExpr : ExprBase<Expr::Kind::String> {
  using ExprBase::ExprBase;
  llvm::StringRef text;
};

struct BoolExpr : ExprBase<Expr::Kind::Bool> {
  using ExprBase::ExprBase;
  bool value = false;
};

struct NameExpr : ExprBase<Expr::Kind::Name> {
  using ExprBase::ExprBase;
  llvm::StringRef name;
};

/// `base.name`.
struct MemberExpr : ExprBase<Expr::Kind::Member> {
  using ExprBase::ExprBase;
  ExprPtr base;
  llvm::StringRef name;
};

struct UnaryExpr : ExprBase<Expr::Kind::Unary> {
  using ExprBase::ExprBase;
  llvm::StringRef op;
  ExprPtr operand;
};

struct BinaryExpr : ExprBase<Expr::Kind::Binary> {
  using ExprBase::ExprBase;
  llvm::StringRef op;
  ExprPtr lhs, rhs;
};

/// `name = value`, `name: value` or `value`.
struct Argument {
  llvm::StringRef name;
  llvm::SMLoc nameLoc;
  bool colon = false;
  ExprPtr value;
};

struct CallExpr : ExprBase<Expr::Kind::Call> {
  using ExprBase::ExprBase;
  ExprPtr callee;
  std::vector<Argument> arguments;
};

struct Block;

struct IfExpr : ExprBase<Expr::Kind::If> {
  using ExprBase::ExprBase;
  ~IfExpr() override;
  ExprPtr condition;
  std::unique_ptr<Block> thenBlock;
  /// Null without `else`; a block of one `if` for `else if`.
  std::unique_ptr<Block> elseBlock;
  bool elseIf = false;
};

struct TupleExpr : ExprBase<Expr::Kind::Tuple> {
  using ExprBase::ExprBase;
  std::vector<ExprPtr> elements;
};

struct ListExpr : ExprBase<Expr::Kind::List> {
  using ExprBase::ExprBase;
  std::vector<ExprPtr> elements;
};

/// `{ train = ..., valid = ... }`.
struct RecordExpr : ExprBase<Expr::Kind::Record> {
  using ExprBase::ExprBase;
  std::vector<Argument> fields;
};

//===----------------------------------------------------------------------===//
// Statements
//===----------------------------------------------------------------------===//

/// What the formatter keeps beside a statement or an item.
struct Trivia {
  std::vector<llvm::StringRef> commentsBefore;
  llvm::StringRef commentBehind;
  bool blankLineBefore = false;
};

struct Stmt {
  enum class Kind { Let, Assign, Return, For, Expression, Weight };

  Stmt(Kind kind, llvm::SMLoc loc) : kind(kind), loc(loc) {}
  virtual ~Stmt() = default;

  const Kind kind;
  llvm::SMLoc loc;
  Trivia trivia;
  /// Height of the tree below it, as of expressions.
  unsigned height = 1;
};
using StmtPtr = std::unique_ptr<Stmt>;

struct Block {
  llvm::SMLoc loc;
  llvm::SMLoc endLoc;
  std::vector<StmtPtr> statements;
  unsigned height = 1;
  std::vector<llvm::StringRef> commentsAtEnd;
};

template <Stmt::Kind K> struct StmtBase : Stmt {
  explicit StmtBase(llvm::SMLoc loc) : Stmt(K, loc) {}
  static bool classof(const Stmt *stmt) { return stmt->kind == K; }
};

struct LetStmt : StmtBase<Stmt::Kind::Let> {
  using StmtBase::StmtBase;
  llvm::StringRef name;
  llvm::SMLoc nameLoc;
  ExprPtr value;
};

struct AssignStmt : StmtBase<Stmt::Kind::Assign> {
  using StmtBase::StmtBase;
  llvm::StringRef name;
  ExprPtr value;
};

struct ReturnStmt : StmtBase<Stmt::Kind::Return> {
  using StmtBase::StmtBase;
  ExprPtr value;
};

/// `for name in from..to { }`: `to` is left out.
struct ForStmt : StmtBase<Stmt::Kind::For> {
  using StmtBase::StmtBase;
  llvm::StringRef name;
  llvm::SMLoc nameLoc;
  ExprPtr from, to;
  Block body;
};

struct ExprStmt : StmtBase<Stmt::Kind::Expression> {
  using StmtBase::StmtBase;
  ExprPtr value;
};

/// `weight w[d, n] = xavier`.
struct WeightStmt : StmtBase<Stmt::Kind::Weight> {
  using StmtBase::StmtBase;
  llvm::StringRef name;
  std::vector<ExprPtr> shape;
  ExprPtr value;
};

//===----------------------------------------------------------------------===//
// Items
//===----------------------------------------------------------------------===//

struct Item {
  enum class Kind { Param, Fn, Router, Model, Train };

  Item(Kind kind, llvm::SMLoc loc) : kind(kind), loc(loc) {}
  virtual ~Item() = default;

  const Kind kind;
  llvm::SMLoc loc;
  llvm::StringRef name;
  llvm::SMLoc nameLoc;
  Trivia trivia;
};
using ItemPtr = std::unique_ptr<Item>;

template <Item::Kind K> struct ItemBase : Item {
  explicit ItemBase(llvm::SMLoc loc) : Item(K, loc) {}
  static bool classof(const Item *item) { return item->kind == K; }
};

struct ParamItem : ItemBase<Item::Kind::Param> {
  using ItemBase::ItemBase;
  ExprPtr value;
};

/// A parameter of a fn or a router.
struct Formal {
  llvm::StringRef name;
  llvm::SMLoc loc;
  /// Null: must be given.
  ExprPtr value;
};

struct FnItem : ItemBase<Item::Kind::Fn> {
  using ItemBase::ItemBase;
  std::vector<Formal> formals;
  Block body;
};

struct RouterItem : ItemBase<Item::Kind::Router> {
  using ItemBase::ItemBase;
  std::vector<Formal> formals;
  /// `router r = ...` takes no arguments at all.
  bool hasFormals = false;
  ExprPtr value;
};

/// `tokens: ids[context = 256, vocab = 8192]`.
struct ModelInput {
  llvm::StringRef name;
  llvm::SMLoc loc;
  llvm::StringRef type;
  llvm::SMLoc typeLoc;
  std::vector<Argument> arguments;
};

struct ModelItem : ItemBase<Item::Kind::Model> {
  using ItemBase::ItemBase;
  std::vector<ModelInput> inputs;
  Block body;
};

/// `name = value` of a train block, or `freeze "..."`, `init "..." { ... }`,
/// and what hashc does not do yet, as it was written: `group "..." { ... }`.
struct Setting {
  llvm::StringRef name;
  llvm::SMLoc loc;
  ExprPtr value;
  /// Of `group` and `init`: what stands in braces.
  std::vector<Argument> fields;
  bool isPattern = false;
  bool hasFields = false;
  Trivia trivia;
};

struct TrainItem : ItemBase<Item::Kind::Train> {
  using ItemBase::ItemBase;
  std::vector<Setting> settings;
  std::vector<llvm::StringRef> commentsAtEnd;
};

struct Spec {
  std::vector<ItemPtr> items;
  std::vector<llvm::StringRef> commentsAtEnd;
};

inline IfExpr::~IfExpr() = default;

} // namespace hashc::frontend

#endif // HASHC_FRONTEND_AST_H
