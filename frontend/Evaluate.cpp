//===- Evaluate.cpp - Expressions of a running spec -----------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/Elaborator.h"

using llvm::cast;
using llvm::dyn_cast;
using llvm::StringRef;

namespace hashc::frontend {

Value Elaborator::evaluate(Frame &frame, const Expr &expr) {
  if (isOutOfBudget(expr.loc))
    return Value::makeError();
  Value value = evaluateKind(frame, expr);
  if (!value.loc.isValid())
    value.loc = expr.loc;
  return value;
}

Value Elaborator::evaluateKind(Frame &frame, const Expr &expr) {
  switch (expr.kind) {
  case Expr::Kind::Number: {
    const auto &number = cast<NumberExpr>(expr);
    return number.isInteger ? Value::makeInteger(number.integer)
                            : Value::makeNumber(number.number);
  }
  case Expr::Kind::String:
    return Value::makeString(cast<StringExpr>(expr).text);
  case Expr::Kind::Bool:
    return Value::makeBoolean(cast<BoolExpr>(expr).value);
  case Expr::Kind::Name:
    return evaluateName(frame, cast<NameExpr>(expr), false);
  case Expr::Kind::Unary:
    return evaluateUnary(frame, cast<UnaryExpr>(expr));
  case Expr::Kind::Binary:
    return evaluateBinary(frame, cast<BinaryExpr>(expr));
  case Expr::Kind::Call:
    return evaluateCall(frame, cast<CallExpr>(expr));
  case Expr::Kind::If:
    return evaluateIf(frame, cast<IfExpr>(expr));
  case Expr::Kind::Tuple: {
    Value tuple;
    tuple.kind = Value::Kind::tuple;
    for (const ExprPtr &element : cast<TupleExpr>(expr).elements) {
      tuple.elements.push_back(evaluate(frame, *element));
      // One inside the other would double with every turn of a loop.
      if (tuple.elements.back().kind == Value::Kind::tuple)
        return fail(element->loc, "a tuple holds no other tuple");
      if (tuple.elements.back().isError())
        return Value::makeError();
    }
    return tuple;
  }
  case Expr::Kind::Member:
    return evaluateMember(frame, cast<MemberExpr>(expr));
  case Expr::Kind::List:
    return evaluateList(frame, cast<ListExpr>(expr));
  case Expr::Kind::Record:
    return fail(expr.loc, "not supported yet: several data sets; give one, as "
                          "in text(\"corpus.txt\")");
  }
  return Value::makeError();
}

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

/// The innermost binding of a name. In front of a call, values that cannot be
/// called do not hide functions: `dropout(x, dropout)` is fine.
Value *Elaborator::findLocal(Frame &frame, StringRef name, bool called) {
  for (auto &scope : llvm::reverse(frame.scopes)) {
    auto it = scope.find(name);
    if (it != scope.end() &&
        (!called || it->second.isCallable() || it->second.isError()))
      return &it->second;
  }
  return nullptr;
}

/// A name of the spec's own items; `none` if there is no such item.
Value Elaborator::findGlobal(Frame &frame, StringRef name, bool called) {
  if (auto it = params.find(name); it != params.end()) {
    if (!called || it->second.isCallable() || it->second.isError())
      return it->second;
  }
  auto it = items.find(name);
  if (it == items.end())
    return Value::makeNone();
  if (const auto *fn = dyn_cast<FnItem>(it->second))
    return Value::makeFunction(fn);
  if (const auto *router = dyn_cast<RouterItem>(it->second)) {
    if (called && !router->hasFormals)
      return Value::makeNone();
    Value value;
    value.kind = Value::Kind::router;
    value.router = router;
    value.bound = !router->hasFormals;
    return value;
  }
  return Value::makeNone();
}

Value Elaborator::evaluateName(Frame &frame, const NameExpr &name,
                               bool called) {
  if (Value *local = findLocal(frame, name.name, called))
    return *local;
  if (frame.context == Context::router && !called && isFeature(name.name))
    return evaluateFeature(frame, name);
  Value global = findGlobal(frame, name.name, called);
  if (global.kind != Value::Kind::none)
    return global;
  if (const LibraryFunction *function = findFunction(name.name, frame.context))
    return Value::makeFunction(function);
  if (!called && isWord(name.name))
    return Value::makeWord(name.name);
  return failUnknown(frame, name, called);
}

Value Elaborator::failUnknown(Frame &frame, const NameExpr &name, bool called) {
  if (called) {
    // It has a value, but none that can be called.
    const Value *local = findLocal(frame, name.name, false);
    Value value = local ? *local : findGlobal(frame, name.name, false);
    if (value.kind != Value::Kind::none)
      return fail(name.loc, "'" + name.name + "' is " + value.describe() +
                                " and cannot be called");
  }
  if (isFeature(name.name))
    return fail(name.loc, "'" + name.name +
                              "' is a feature of the token stream: only "
                              "routers see it");
  if (const LibraryFunction *function = findFunctionAnywhere(name.name))
    return fail(name.loc,
                "'" + name.name + "' is " + describePlace(function->kind));
  if (auto it = items.find(name.name); it != items.end()) {
    if (llvm::isa<ParamItem>(it->second)) {
      Value error = fail(name.loc, "the param '" + name.name +
                                       "' is used before it is declared");
      diagnostics.note(it->second->nameLoc, "it is declared here");
      return error;
    }
    return fail(name.loc, "'" + name.name + "' is no value here");
  }
  std::vector<StringRef> names = listFunctions(frame.context);
  llvm::append_range(names, listWords(frame.context));
  for (const auto &[known, item] : items)
    names.push_back(known);
  return fail(name.loc,
              "there is no '" + name.name + "'" + suggest(name.name, names));
}

/// Only routers come in lists: those of a MultiHash layer.
Value Elaborator::evaluateList(Frame &frame, const ListExpr &list) {
  Value routers;
  routers.kind = Value::Kind::routers;
  routers.loc = list.loc;
  for (const ExprPtr &element : list.elements) {
    routers.elements.push_back(evaluate(frame, *element));
    const Value &value = routers.elements.back();
    if (value.isError())
      return Value::makeError();
    if (value.kind != Value::Kind::router)
      return fail(element->loc,
                  "a list holds routers, not " + value.describe());
  }
  if (routers.elements.empty())
    return fail(list.loc, "an empty list of routers: give one at least");
  return routers;
}

} // namespace hashc::frontend
