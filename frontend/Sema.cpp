//===- Sema.cpp - What can be checked before a spec runs ------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/Sema.h"
#include "frontend/Binding.h"
#include "frontend/Library.h"
#include "frontend/Walk.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include <map>
#include <set>

using llvm::cast;
using llvm::dyn_cast;
using llvm::isa;
using llvm::SMLoc;
using llvm::StringRef;
using llvm::Twine;

namespace hashc::frontend {

namespace {

class Sema {
public:
  Sema(const Spec &spec, Diagnostics &diagnostics)
      : spec(spec), diagnostics(diagnostics) {}
  void run();

private:
  /// What a name in a body stands for.
  struct Local {
    SMLoc loc;
    bool isLoop = false;
  };
  using Scope = std::map<StringRef, Local>;

  void collectItems();
  void checkFn(const FnItem &fn);
  void checkRouter(const RouterItem &router);
  void checkModel(const ModelItem &model);
  void checkTrain(const TrainItem &train);
  void checkRecursion();
  void checkFormals(const std::vector<Formal> &formals);
  /// What becomes of the value of an expression, or of a block.
  enum class Use {
    value,  // it is used, and must be there
    last,   // it ends a block whose value is used
    nothing // it is thrown away
  };
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
  void declare(StringRef name, SMLoc loc, bool isLoop = false);
  const Local *findLocal(StringRef name) const;
  std::vector<StringRef> listVisible(bool called) const;

  const Spec &spec;
  Diagnostics &diagnostics;
  std::map<StringRef, const Item *> items;
  std::vector<Scope> scopes;
  Context context = Context::constant;
  /// Calls of fns by name, for recursion.
  std::map<const FnItem *, std::vector<std::pair<const FnItem *, SMLoc>>> calls;
  const FnItem *current = nullptr;
};

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
  if (context == Context::train || context == Context::constant)
    llvm::append_range(names, listWords());
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
  diagnostics.error(name.loc,
                    (called ? "there is no function '" : "there is no '") +
                        text + "'" + hint);
}

/// Nothing has members yet.
void Sema::checkMember(const MemberExpr &member) {
  if (context == Context::train || context == Context::constant)
    diagnostics.error(member.loc, "nothing here has a '." + member.name +
                                      "'; a text stands in double quotes");
  else
    diagnostics.error(member.loc, "not supported yet: streams of one of "
                                  "several inputs; a model has one, write '" +
                                      member.name + "' alone");
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
  for (const Argument &argument : call.arguments)
    checkExpr(*argument.value);
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

//===----------------------------------------------------------------------===//
// Items
//===----------------------------------------------------------------------===//

void Sema::collectItems() {
  const Item *model = nullptr, *train = nullptr;
  for (const ItemPtr &item : spec.items) {
    const Item *&only = isa<TrainItem>(*item) ? train : model;
    if (isa<TrainItem, ModelItem>(*item)) {
      if (only) {
        diagnostics.error(item->nameLoc,
                          isa<TrainItem>(*item)
                              ? "not supported yet: a second train block"
                              : "not supported yet: a second model");
        diagnostics.note(only->nameLoc, "the first one is here");
      } else {
        only = item.get();
      }
    }
    if (isa<TrainItem>(*item))
      continue;
    auto [entry, isNew] = items.try_emplace(item->name, item.get());
    if (!isNew) {
      diagnostics.error(item->nameLoc,
                        "'" + item->name + "' is declared twice");
      diagnostics.note(entry->second->nameLoc, "it is declared here");
    }
    const auto *router = dyn_cast<RouterItem>(item.get());
    bool callable = isa<FnItem>(*item) || (router && router->hasFormals);
    if (callable && findFunctionAnywhere(item->name))
      diagnostics.error(item->nameLoc,
                        "'" + item->name +
                            "' is a function of the library: choose another "
                            "name");
  }
}

void Sema::checkFormals(const std::vector<Formal> &formals) {
  bool optional = false;
  for (const Formal &formal : formals) {
    if (formal.value)
      checkExpr(*formal.value);
    else if (optional)
      diagnostics.error(formal.loc, "'" + formal.name +
                                        "' needs a default value, as the "
                                        "parameter before it has one");
    optional |= formal.value != nullptr;
    auto [entry, isNew] =
        scopes.back().try_emplace(formal.name, Local{formal.loc, false});
    if (!isNew) {
      diagnostics.error(formal.loc,
                        "two parameters are called '" + formal.name + "'");
      diagnostics.note(entry->second.loc, "the first one is here");
    }
  }
}

void Sema::checkFn(const FnItem &fn) {
  context = Context::model;
  current = &fn;
  scopes.emplace_back();
  checkFormals(fn.formals);
  checkBlock(fn.body, Use::last);
  if (!alwaysReturns(fn.body))
    diagnostics.error(fn.nameLoc,
                      "the function '" + fn.name + "' ends without 'return'");
  scopes.pop_back();
  current = nullptr;
}

void Sema::checkRouter(const RouterItem &router) {
  context = Context::router;
  scopes.emplace_back();
  checkFormals(router.formals);
  checkExpr(*router.value);
  scopes.pop_back();
}

void Sema::checkModel(const ModelItem &model) {
  context = Context::constant;
  if (model.inputs.empty()) {
    diagnostics.error(model.nameLoc, "a model has an input, as in '" +
                                         model.name +
                                         "(tokens: ids[context = 256, vocab = "
                                         "8192])'");
    return;
  }
  if (model.inputs.size() > 1)
    diagnostics.error(model.inputs[1].loc, "not supported yet: models with "
                                           "several inputs");
  const ModelInput &input = model.inputs.front();
  if (input.type != "ids")
    diagnostics.error(input.typeLoc, "a model's input is of type 'ids', not '" +
                                         input.type + "'");
  std::set<StringRef> given;
  bool allNamed = true;
  for (const Argument &argument : input.arguments) {
    allNamed &= !argument.name.empty();
    checkExpr(*argument.value);
    if (argument.name != "context" && argument.name != "vocab")
      diagnostics.error(argument.name.empty() ? argument.value->loc
                                              : argument.nameLoc,
                        argument.name.empty()
                            ? Twine("write context = ... or vocab = ...")
                            : "'ids' has no '" + argument.name + "'" +
                                  suggest(argument.name, {"context", "vocab"}));
    else if (!given.insert(argument.name).second)
      diagnostics.error(argument.nameLoc,
                        "'" + argument.name + "' is given twice");
  }
  for (StringRef name : {"context", "vocab"})
    if (!given.count(name) && input.type == "ids" && allNamed)
      diagnostics.error(input.typeLoc, "'ids' needs " + name + " = ...");
  context = Context::model;
  scopes.emplace_back();
  for (const ModelInput &any : model.inputs)
    declare(any.name, any.loc);
  checkBlock(model.body, Use::last);
  if (!alwaysReturns(model.body))
    diagnostics.error(model.nameLoc,
                      "the model '" + model.name + "' ends without 'return'");
  scopes.pop_back();
}

/// The setting that may be meant, the function that has such a parameter, or
/// all settings.
static std::string hintSetting(StringRef name) {
  std::string near = suggest(name, listSettings());
  if (!near.empty())
    return near;
  for (const LibraryFunction &function : getLibrary())
    for (const LibraryParameter &parameter : function.parameters)
      if (function.kind == LibraryKind::setting && parameter.name == name)
        return ("; it stands in " + function.name + "(" + name + " = ...)")
            .str();
  return "; there are " + llvm::join(listSettings(), ", ");
}

/// `f16`: a name that nothing has.
bool Sema::isUnknownWord(const Expr &expr) const {
  const auto *name = dyn_cast<NameExpr>(&expr);
  return name && !items.count(name->name) && !isWord(name->name) &&
         !isFeature(name->name) && !findFunctionAnywhere(name->name);
}

void Sema::checkTrain(const TrainItem &train) {
  context = Context::train;
  auto it = items.find(train.name);
  if (it == items.end() || !isa<ModelItem>(it->second)) {
    std::vector<StringRef> models;
    for (const auto &[name, item] : items)
      if (isa<ModelItem>(item))
        models.push_back(name);
    diagnostics.error(train.nameLoc, "there is no model '" + train.name + "'" +
                                         suggest(train.name, models));
  }
  std::map<StringRef, SMLoc> given;
  for (const Setting &setting : train.settings) {
    if (setting.isPattern || setting.name == "freeze" ||
        setting.name == "group" || setting.name == "init") {
      diagnostics.error(setting.loc, "not supported yet: '" + setting.name +
                                         "'; every weight is trained from its "
                                         "start, decay is on matrices");
      continue;
    }
    if (!findSetting(setting.name)) {
      diagnostics.error(setting.loc, "there is no setting '" + setting.name +
                                         "'" + hintSetting(setting.name));
      continue;
    }
    auto [entry, isNew] = given.try_emplace(setting.name, setting.loc);
    if (!isNew) {
      diagnostics.error(setting.loc, "'" + setting.name + "' is given twice");
      diagnostics.note(entry->second, "it is given here");
    }
    bool ownLoss = setting.name == "loss" && !isa<NameExpr>(*setting.value);
    if (ownLoss)
      diagnostics.error(setting.value->loc, "not supported yet: losses of "
                                            "your own; write cross_entropy");
    else if (setting.name == "precision" && isUnknownWord(*setting.value))
      diagnostics.error(setting.value->loc,
                        "precision is " + kPrecisions + ", not '" +
                            cast<NameExpr>(*setting.value).name + "'");
    else
      checkExpr(*setting.value);
  }
}

/// Functions that call themselves never end: a spec has no values to stop at.
void Sema::checkRecursion() {
  std::set<const FnItem *> reported;
  for (const ItemPtr &item : spec.items) {
    const auto *start = dyn_cast<FnItem>(item.get());
    if (!start || reported.count(start))
      continue;
    std::vector<const FnItem *> work = {start};
    std::set<const FnItem *> seen;
    while (!work.empty()) {
      const FnItem *fn = work.back();
      work.pop_back();
      for (const auto &[callee, loc] : calls[fn]) {
        if (callee == start && reported.insert(start).second)
          diagnostics.error(loc, "the function '" + start->name +
                                     "' calls itself: repeat with 'for'");
        if (seen.insert(callee).second)
          work.push_back(callee);
      }
    }
    // One message for a circle of functions.
    if (reported.count(start))
      reported.insert(seen.begin(), seen.end());
  }
}

void Sema::run() {
  collectItems();
  for (const ItemPtr &item : spec.items) {
    if (diagnostics.isFull())
      return;
    switch (item->kind) {
    case Item::Kind::Param:
      context = Context::constant;
      checkExpr(*cast<ParamItem>(*item).value);
      break;
    case Item::Kind::Fn:
      checkFn(cast<FnItem>(*item));
      break;
    case Item::Kind::Router:
      checkRouter(cast<RouterItem>(*item));
      break;
    case Item::Kind::Model:
      checkModel(cast<ModelItem>(*item));
      break;
    case Item::Kind::Train:
      checkTrain(cast<TrainItem>(*item));
      break;
    }
  }
  checkRecursion();
}

} // namespace

void checkSpec(const Spec &spec, Diagnostics &diagnostics) {
  Sema(spec, diagnostics).run();
}

} // namespace hashc::frontend
