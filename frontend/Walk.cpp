//===- Walk.cpp - Every expression of a tree ------------------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/Walk.h"
#include "llvm/Support/Casting.h"

using llvm::cast;

namespace hashc::frontend {

static void walk(const ExprPtr &expr, VisitFn visit) {
  if (expr)
    walk(*expr, visit);
}

static void walk(const std::vector<ExprPtr> &exprs, VisitFn visit) {
  for (const ExprPtr &expr : exprs)
    walk(expr, visit);
}

static void walk(const std::vector<Argument> &arguments, VisitFn visit) {
  for (const Argument &argument : arguments)
    walk(argument.value, visit);
}

static void walk(const std::vector<Formal> &formals, VisitFn visit) {
  for (const Formal &formal : formals)
    walk(formal.value, visit);
}

static void walk(const Stmt &stmt, VisitFn visit) {
  switch (stmt.kind) {
  case Stmt::Kind::Let:
    return walk(cast<LetStmt>(stmt).value, visit);
  case Stmt::Kind::Assign:
    return walk(cast<AssignStmt>(stmt).value, visit);
  case Stmt::Kind::Return:
    return walk(cast<ReturnStmt>(stmt).value, visit);
  case Stmt::Kind::Expression:
    return walk(cast<ExprStmt>(stmt).value, visit);
  case Stmt::Kind::For:
    walk(cast<ForStmt>(stmt).from, visit);
    walk(cast<ForStmt>(stmt).to, visit);
    return walk(cast<ForStmt>(stmt).body, visit);
  case Stmt::Kind::Weight:
    walk(cast<WeightStmt>(stmt).shape, visit);
    return walk(cast<WeightStmt>(stmt).value, visit);
  }
}

void walk(const Block &block, VisitFn visit) {
  for (const StmtPtr &stmt : block.statements)
    walk(*stmt, visit);
}

void walk(const Expr &expr, VisitFn visit) {
  visit(expr);
  switch (expr.kind) {
  case Expr::Kind::Number:
  case Expr::Kind::String:
  case Expr::Kind::Bool:
  case Expr::Kind::Name:
    return;
  case Expr::Kind::Member:
    return walk(cast<MemberExpr>(expr).base, visit);
  case Expr::Kind::Unary:
    return walk(cast<UnaryExpr>(expr).operand, visit);
  case Expr::Kind::Binary:
    walk(cast<BinaryExpr>(expr).lhs, visit);
    return walk(cast<BinaryExpr>(expr).rhs, visit);
  case Expr::Kind::Call:
    walk(cast<CallExpr>(expr).callee, visit);
    return walk(cast<CallExpr>(expr).arguments, visit);
  case Expr::Kind::If:
    walk(cast<IfExpr>(expr).condition, visit);
    walk(*cast<IfExpr>(expr).thenBlock, visit);
    if (const auto &otherwise = cast<IfExpr>(expr).elseBlock)
      walk(*otherwise, visit);
    return;
  case Expr::Kind::Tuple:
    return walk(cast<TupleExpr>(expr).elements, visit);
  case Expr::Kind::List:
    return walk(cast<ListExpr>(expr).elements, visit);
  case Expr::Kind::Record:
    return walk(cast<RecordExpr>(expr).fields, visit);
  }
}

static void walk(const Item &item, VisitFn visit) {
  switch (item.kind) {
  case Item::Kind::Param:
    return walk(cast<ParamItem>(item).value, visit);
  case Item::Kind::Fn:
    walk(cast<FnItem>(item).formals, visit);
    return walk(cast<FnItem>(item).body, visit);
  case Item::Kind::Router:
    walk(cast<RouterItem>(item).formals, visit);
    return walk(cast<RouterItem>(item).value, visit);
  case Item::Kind::Model:
    for (const ModelInput &input : cast<ModelItem>(item).inputs)
      walk(input.arguments, visit);
    return walk(cast<ModelItem>(item).body, visit);
  case Item::Kind::Train:
    for (const Setting &setting : cast<TrainItem>(item).settings) {
      walk(setting.value, visit);
      walk(setting.fields, visit);
    }
    return;
  }
}

void walk(const Spec &spec, VisitFn visit) {
  for (const ItemPtr &item : spec.items)
    walk(*item, visit);
}

bool mentions(const Expr &expr, llvm::StringRef name) {
  bool found = false;
  walk(expr, [&](const Expr &inner) {
    const auto *known = llvm::dyn_cast<NameExpr>(&inner);
    found |= known && known->name == name;
  });
  return found;
}

} // namespace hashc::frontend
