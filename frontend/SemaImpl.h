//===- SemaImpl.h - Checking a spec before it runs --------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_FRONTEND_SEMAIMPL_H
#define HASHC_FRONTEND_SEMAIMPL_H

#include "frontend/Ast.h"
#include "frontend/Diagnostics.h"
#include "frontend/Library.h"
#include <map>

namespace hashc::frontend {

/// Walks over a spec once, in the order of its text.
class Sema {
public:
  Sema(const Spec &spec, Diagnostics &diagnostics)
      : spec(spec), diagnostics(diagnostics) {}
  void run();

private:
  /// What a name in a body stands for.
  struct Local {
    llvm::SMLoc loc;
    bool isLoop = false;
  };
  using Scope = std::map<llvm::StringRef, Local>;

  /// What becomes of the value of an expression, or of a block.
  enum class Use {
    value,  // it is used, and must be there
    last,   // it ends a block whose value is used
    nothing // it is thrown away
  };

  // Items (Sema.cpp).
  void collectItems();
  void checkFn(const FnItem &fn);
  void checkRouter(const RouterItem &router);
  void checkModel(const ModelItem &model);
  void checkInput(const ModelInput &input);
  const ModelItem *findModel() const;
  void checkTrain(const TrainItem &train);
  void checkPattern(const Setting &setting);
  void checkInit(const Setting &setting);
  void checkRecursion();
  void checkFormals(const std::vector<Formal> &formals);

  // Names, statements and expressions (SemaBodies.cpp).
  void checkBlock(const Block &block, Use use);
  void checkStatement(const Stmt &stmt, Use use);
  void checkShadow(const LetStmt &let);
  void checkAssign(const AssignStmt &assign);
  void checkExpr(const Expr &expr, Use use = Use::value);
  void checkName(const NameExpr &name, bool called);
  void checkMember(const MemberExpr &member);
  void checkCall(const CallExpr &call);
  bool isUnknownWord(const Expr &expr) const;
  bool alwaysReturns(const Block &block) const;
  void declare(llvm::StringRef name, llvm::SMLoc loc, bool isLoop = false);
  const Local *findLocal(llvm::StringRef name) const;
  std::vector<llvm::StringRef> listVisible(bool called) const;

  const Spec &spec;
  Diagnostics &diagnostics;
  std::map<llvm::StringRef, const Item *> items;
  std::vector<Scope> scopes;
  Context context = Context::constant;
  /// Calls of fns by name, for recursion.
  std::map<const FnItem *, std::vector<std::pair<const FnItem *, llvm::SMLoc>>>
      calls;
  const FnItem *current = nullptr;
  /// The argument `gate` is being checked: for messages.
  bool readsGate = false;
};

} // namespace hashc::frontend

#endif // HASHC_FRONTEND_SEMAIMPL_H
