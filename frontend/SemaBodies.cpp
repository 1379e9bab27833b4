//===- SemaBodies.cpp - Names, statements and expressions -----------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/Binding.h"
#include "frontend/SemaImpl.h"
#include "frontend/Walk.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/SaveAndRestore.h"

using llvm::cast;
using llvm::dyn_cast;
using llvm::isa;
using llvm::SMLoc;
using llvm::StringRef;
using llvm::Twine;

namespace hashc::frontend {

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

void Sema::declare(StringRef name, SMLoc loc, bool isLoop) {
  auto [entry, isNew] = scopes.back().try_emplace(name, Local{loc, isLoop});
  if (isNew)
    return;
  diagnostics.error(loc, "'" + name + "' is declared twice: write '" + name +
                             " = ...' to change it");
  diagnostics.note(entry->second.loc, "it is declared here");
}

const Sema::Local *Sema::findLocal(StringRef name) const {
  for (const Scope &scope : llvm::reverse(scopes)) {
    auto it = scope.find(name);
    if (it != scope.end())
      return &it->second;
  }
  return nullptr;
}

std::vector<StringRef> Sema::listVisible(bool called) const {
  std::vector<StringRef> names;
  for (const Scope &scope : scopes)
    for (const auto &[name, local] : scope)
      names.push_back(name);
  for (const auto &[name, item] : items)
    if (!isa<ModelItem, TrainItem>(item))
      names.push_back(name);
  for (StringRef name : listFunctions(context))
    names.push_back(name);
  if (called)
    return names;
  if (context == Context::router)
    llvm::append_range(names, listFeatures());
  llvm::append_range(names, listWords(context));
  return names;
}

void Sema::checkName(const NameExpr &name, bool called) {
  StringRef text = name.name;
  if (findLocal(text))
    return;
  if (auto it = items.find(text); it != items.end()) {
    if (called || !isa<ModelItem>(it->second))
      return;
    diagnostics.error(name.loc, "the model '" + text + "' is no value");
    return;
  }
  if (findFunction(text, context))
    return;
  if (!called && context == Context::router && isFeature(text))
    return;
  if (!called && isWord(text))
    return;
  if (isFeature(text)) {
    diagnostics.error(name.loc, context == Context::router
                                    ? "'" + text + "' is no function"
                                    : "'" + text +
                                          "' is a feature of the token stream: "
                                          "only routers see it");
    return;
  }
  if (text == "step") {
    diagnostics.error(name.loc, "not supported yet: numbers that depend on "
                                "'step'; cosine, linear and constant "
                                "schedules are there");
    return;
  }
  if (const LibraryFunction *function = findFunctionAnywhere(text)) {
    diagnostics.error(name.loc, "'" + text + "' is " +
                                    describePlace(function->kind) +
                                    suggest(text, listVisible(called)));
    return;
  }
  std::string hint = suggest(text, listVisible(called));
  bool mayBeText = context == Context::train || context == Context::constant;
  if (hint.empty() && mayBeText && !called)
    hint = "; a text stands in double quotes";
  if (readsGate && !called)
    hint += ("; gate is " + kGateNames).str();
  diagnostics.error(name.loc,
                    (called ? "there is no function '" : "there is no '") +
                        text + "'" + hint);
}

const ModelItem *Sema::findModel() const {
  for (const ItemPtr &item : spec.items)
    if (const auto *model = dyn_cast<ModelItem>(item.get()))
      return model;
  return nullptr;
}

/// Only the model's inputs have members: the features that routers see.
void Sema::checkMember(const MemberExpr &member) {
  if (context == Context::train || context == Context::constant) {
    diagnostics.error(member.loc, "nothing here has a '." + member.name +
                                      "'; a text stands in double quotes");
    return;
  }
  const auto *base = dyn_cast<NameExpr>(member.base.get());
  const ModelItem *model = findModel();
  if (!base || !model) {
    diagnostics.error(member.loc, "nothing here has a '." + member.name + "'");
    return;
  }
  std::vector<StringRef> inputs, features;
  for (const ModelInput &input : model->inputs)
    inputs.push_back(input.name);
  for (StringRef feature : listFeatures())
    if (feature != "layer")
      features.push_back(feature);
  if (!llvm::is_contained(inputs, base->name))
    diagnostics.error(base->loc, "the model has no input '" + base->name + "'" +
                                     suggest(base->name, inputs));
  else if (member.name == "layer")
    diagnostics.error(member.loc,
                      "'layer' is no feature of an input: write it alone");
  else if (!llvm::is_contained(features, member.name))
    diagnostics.error(member.loc, "the input '" + base->name + "' has no '" +
                                      member.name + "'" +
                                      suggest(member.name, features));
  else if (context != Context::router)
    diagnostics.error(member.loc, "'" + base->name + "." + member.name +
                                      "' is a feature of the token stream: "
                                      "only routers see it");
}

void Sema::checkCall(const CallExpr &call) {
  const auto *name = dyn_cast<NameExpr>(call.callee.get());
  const auto *member = dyn_cast<MemberExpr>(call.callee.get());
  if (member && context == Context::model)
    diagnostics.error(member->loc, "values have no functions of their own: "
                                   "write '" +
                                       member->name + "(...)' around it");
  else if (!name)
    checkExpr(*call.callee);
  else
    checkName(*name, true);
  for (const Argument &argument : call.arguments) {
    llvm::SaveAndRestore save(readsGate, argument.name == "gate");
    checkExpr(*argument.value);
  }
  if (!name || findLocal(name->name))
    return;
  // Where it is clear what is called, its parameters are known.
  auto report = [&](SMLoc loc, const Twine &message) {
    diagnostics.error(loc, message);
  };
  auto it = items.find(name->name);
  const auto *fn = it == items.end() ? nullptr : dyn_cast<FnItem>(it->second);
  const auto *router =
      it == items.end() ? nullptr : dyn_cast<RouterItem>(it->second);
  if (fn) {
    bindArguments(call, getSignature(*fn), false, report);
    if (current)
      calls[current].push_back({fn, call.loc});
  } else if (router && router->hasFormals) {
    bindArguments(call, getSignature(*router), false, report);
  } else if (const LibraryFunction *function =
                 findFunction(name->name, context)) {
    if (function->missing) {
      diagnostics.error(call.loc,
                        Twine("not supported yet: ") + function->missing);
      return;
    }
    // A layer may be called with its input or without: names are checked here,
    // their number when it runs.
    Signature signature = getSignature(*function);
    signature.variadic |= function->takesInput();
    bindArguments(call, signature, false, report);
  }
}

//===----------------------------------------------------------------------===//
// Bodies
//===----------------------------------------------------------------------===//

void Sema::checkExpr(const Expr &expr, Use use) {
  if (use == Use::nothing && !isa<IfExpr>(expr))
    diagnostics.warning(expr.loc, "this value is thrown away: give it a name "
                                  "with 'let', or change a variable with 'x = "
                                  "...'");
  switch (expr.kind) {
  case Expr::Kind::Number:
  case Expr::Kind::String:
  case Expr::Kind::Bool:
    return;
  case Expr::Kind::Name:
    return checkName(cast<NameExpr>(expr), false);
  case Expr::Kind::Member:
    return checkMember(cast<MemberExpr>(expr));
  case Expr::Kind::Unary:
    return checkExpr(*cast<UnaryExpr>(expr).operand);
  case Expr::Kind::Binary:
    checkExpr(*cast<BinaryExpr>(expr).lhs);
    return checkExpr(*cast<BinaryExpr>(expr).rhs);
  case Expr::Kind::Call:
    return checkCall(cast<CallExpr>(expr));
  case Expr::Kind::If: {
    const auto &choice = cast<IfExpr>(expr);
    checkExpr(*choice.condition);
    Use inner = use == Use::nothing ? use : Use::last;
    checkBlock(*choice.thenBlock, inner);
    if (choice.elseBlock)
      checkBlock(*choice.elseBlock, inner);
    else if (use == Use::value)
      diagnostics.error(expr.loc, "an 'if' that gives a value needs an "
                                  "'else'");
    return;
  }
  case Expr::Kind::Tuple:
    for (const ExprPtr &element : cast<TupleExpr>(expr).elements)
      checkExpr(*element);
    return;
  case Expr::Kind::List:
    for (const ExprPtr &element : cast<ListExpr>(expr).elements)
      checkExpr(*element);
    return;
  case Expr::Kind::Record:
    diagnostics.error(expr.loc, "not supported yet: several data sets; give "
                                "one, as in text(\"corpus.txt\")");
    return;
  }
}

/// `let x = x + ...` in a block that gives no value is mostly meant to change
/// the x outside.
void Sema::checkShadow(const LetStmt &let) {
  const Local *local = findLocal(let.name);
  bool isBody = scopes.size() <= 2; // parameters, and the block they are for
  if (isBody || !local || local->isLoop || scopes.back().count(let.name) ||
      !mentions(*let.value, let.name))
    return;
  diagnostics.warning(let.nameLoc,
                      "this '" + let.name +
                          "' ends with the block; to change the outer one "
                          "write '" +
                          let.name + " = ...'");
  diagnostics.note(local->loc, "the outer one is here");
}

void Sema::checkBlock(const Block &block, Use use) {
  scopes.emplace_back();
  if (!block.statements.empty() && isa<ReturnStmt>(*block.statements.back()))
    use = Use::last;
  bool ended = false;
  for (const StmtPtr &stmt : block.statements) {
    if (ended) {
      diagnostics.error(stmt->loc, "nothing after 'return' is ever run");
      break;
    }
    const auto *let = dyn_cast<LetStmt>(stmt.get());
    if (let && use == Use::nothing)
      checkShadow(*let);
    bool isLast = stmt == block.statements.back();
    checkStatement(*stmt, isLast ? use : Use::nothing);
    ended = isa<ReturnStmt>(*stmt);
  }
  scopes.pop_back();
}

void Sema::checkAssign(const AssignStmt &assign) {
  checkExpr(*assign.value);
  const Local *local = findLocal(assign.name);
  if (local && local->isLoop) {
    diagnostics.error(assign.loc, "'" + assign.name +
                                      "' counts the loop and cannot be "
                                      "changed");
    diagnostics.note(local->loc, "the loop is here");
  }
  if (local)
    return;
  if (auto it = items.find(assign.name); it != items.end()) {
    diagnostics.error(assign.loc, "'" + assign.name +
                                      "' cannot be changed here: it belongs "
                                      "to the whole spec");
    diagnostics.note(it->second->nameLoc, "it is declared here");
    return;
  }
  std::vector<StringRef> names;
  for (const Scope &scope : scopes)
    for (const auto &[name, known] : scope)
      names.push_back(name);
  std::string hint = suggest(assign.name, names);
  diagnostics.error(assign.loc,
                    "there is no '" + assign.name + "' to change" +
                        (hint.empty() ? ": write 'let " + assign.name.str() +
                                            " = ...' to make it"
                                      : hint));
}

void Sema::checkStatement(const Stmt &stmt, Use use) {
  switch (stmt.kind) {
  case Stmt::Kind::Let: {
    const auto &let = cast<LetStmt>(stmt);
    checkExpr(*let.value);
    return declare(let.name, let.nameLoc);
  }
  case Stmt::Kind::Assign:
    return checkAssign(cast<AssignStmt>(stmt));
  case Stmt::Kind::Return:
    if (context == Context::router)
      diagnostics.error(stmt.loc, "'return' stands in a fn or a model");
    return checkExpr(*cast<ReturnStmt>(stmt).value);
  case Stmt::Kind::For: {
    const auto &loop = cast<ForStmt>(stmt);
    checkExpr(*loop.from);
    checkExpr(*loop.to);
    scopes.emplace_back();
    declare(loop.name, loop.nameLoc, true);
    checkBlock(loop.body, Use::nothing);
    scopes.pop_back();
    return;
  }
  case Stmt::Kind::Expression:
    return checkExpr(*cast<ExprStmt>(stmt).value, use);
  case Stmt::Kind::Weight:
    diagnostics.error(stmt.loc, "not supported yet: weights of your own; "
                                "linear(x, out) and hash_ffn(...) make "
                                "theirs");
    declare(cast<WeightStmt>(stmt).name, stmt.loc);
    return;
  }
}

bool Sema::alwaysReturns(const Block &block) const {
  for (const StmtPtr &stmt : block.statements) {
    if (isa<ReturnStmt>(*stmt))
      return true;
    const auto *value = dyn_cast<ExprStmt>(stmt.get());
    const auto *choice = value ? dyn_cast<IfExpr>(value->value.get()) : nullptr;
    if (choice && choice->elseBlock && alwaysReturns(*choice->thenBlock) &&
        alwaysReturns(*choice->elseBlock))
      return true;
    // A loop or an `if` may return: that is seen when it runs.
    if (choice || isa<ForStmt>(*stmt))
      if (&stmt == &block.statements.back())
        return true;
  }
  return false;
}

} // namespace hashc::frontend
