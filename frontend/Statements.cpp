//===- Statements.cpp - Statements of a running spec ----------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/Elaborator.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using llvm::cast;
using llvm::dyn_cast;
using llvm::isa;
using llvm::Twine;

namespace hashc::frontend {

namespace {
constexpr int64_t kMaxTrips = 100000;
} // namespace

/// `last`, where given, receives the value of the block: its last expression.
Elaborator::Flow Elaborator::runBlock(Frame &frame, const Block &block,
                                      Value *last) {
  frame.scopes.emplace_back();
  Flow flow = Flow::next;
  for (size_t i = 0; i < block.statements.size() && flow == Flow::next; ++i) {
    const Stmt &stmt = *block.statements[i];
    if (isOutOfBudget(stmt.loc))
      break;
    const auto *value = dyn_cast<ExprStmt>(&stmt);
    if (last && value && i + 1 == block.statements.size())
      *last = evaluate(frame, *value->value);
    else
      flow = runStatement(frame, stmt);
  }
  frame.scopes.pop_back();
  return flow;
}

Elaborator::Flow Elaborator::runStatement(Frame &frame, const Stmt &stmt) {
  switch (stmt.kind) {
  case Stmt::Kind::Let: {
    const auto &let = cast<LetStmt>(stmt);
    Value value = evaluate(frame, *let.value);
    if (value.kind == Value::Kind::none)
      value = fail(let.value->loc, "this has no value");
    nameLayer(frame, value, let.name);
    frame.scopes.back()[let.name] = value;
    return Flow::next;
  }
  case Stmt::Kind::Assign: {
    const auto &assign = cast<AssignStmt>(stmt);
    Value value = evaluate(frame, *assign.value);
    if (value.kind == Value::Kind::none)
      value = fail(assign.value->loc, "this has no value");
    // Sema made sure that there is one.
    if (Value *variable = findLocal(frame, assign.name, false))
      *variable = value;
    return Flow::next;
  }
  case Stmt::Kind::Return: {
    const auto &result = cast<ReturnStmt>(stmt);
    Value value = evaluate(frame, *result.value);
    value.loc = result.value->loc;
    frame.result = value;
    return Flow::returned;
  }
  case Stmt::Kind::For:
    return runFor(frame, cast<ForStmt>(stmt));
  case Stmt::Kind::Expression: {
    const Expr &value = *cast<ExprStmt>(stmt).value;
    if (const auto *choice = dyn_cast<IfExpr>(&value))
      return runIf(frame, *choice, nullptr);
    evaluate(frame, value);
    return Flow::next;
  }
  case Stmt::Kind::Weight:
    fail(stmt.loc, "not supported yet: weights of your own; linear(x, out) "
                   "and hash_ffn(...) make theirs");
    return Flow::next;
  }
  return Flow::next;
}

Elaborator::Flow Elaborator::runFor(Frame &frame, const ForStmt &loop) {
  Value from = evaluate(frame, *loop.from);
  Value to = evaluate(frame, *loop.to);
  if (from.isError() || to.isError())
    return Flow::next;
  if (!from.isInteger() || !to.isInteger()) {
    const bool first = !from.isInteger();
    fail(first ? loop.from->loc : loop.to->loc,
         "a loop counts integers, not " + (first ? from : to).describe());
    return Flow::next;
  }
  int64_t trips = 0;
  if (__builtin_sub_overflow(to.integer, from.integer, &trips) ||
      trips > kMaxTrips) {
    fail(loop.loc, "the loop runs more than " + Twine(kMaxTrips) + " times");
    return Flow::next;
  }
  for (int64_t i = from.integer; i < to.integer && !stopped; ++i) {
    frame.loops.push_back(i);
    frame.scopes.emplace_back();
    frame.scopes.back()[loop.name] = Value::makeInteger(i);
    Flow flow = runBlock(frame, loop.body);
    frame.scopes.pop_back();
    frame.loops.pop_back();
    if (flow != Flow::next)
      return flow;
  }
  return Flow::next;
}

/// What decides an `if`: true or false at compile time; otherwise nothing, and
/// `condition` is a comparison of tensors or of streams, or an error.
std::optional<bool> Elaborator::evaluateCondition(Frame &frame,
                                                  const Expr &expr,
                                                  Value &condition) {
  condition = evaluate(frame, expr);
  if (condition.kind == Value::Kind::boolean)
    return condition.integer != 0;
  if (!condition.isError() && condition.kind != Value::Kind::mask &&
      condition.kind != Value::Kind::condition)
    condition = fail(expr.loc, "a condition is true or false, not " +
                                   condition.describe());
  return std::nullopt;
}

Elaborator::Flow Elaborator::runIf(Frame &frame, const IfExpr &choice,
                                   Value *last) {
  Value condition;
  std::optional<bool> known =
      evaluateCondition(frame, *choice.condition, condition);
  if (!known) {
    if (condition.isError()) {
      if (last)
        *last = Value::makeError();
      return Flow::next;
    }
    Value value = condition.kind == Value::Kind::mask
                      ? chooseByMask(frame, choice, condition)
                      : chooseByStream(frame, choice, condition);
    if (last)
      *last = value;
    else if (!value.isError())
      fail(choice.loc, "the condition is known only when the model runs: such "
                       "an 'if' gives a value, as in 'let y = if x > 0 { x } "
                       "else { 0 }'");
    return Flow::next;
  }
  if (*known)
    return runBlock(frame, *choice.thenBlock, last);
  if (choice.elseBlock)
    return runBlock(frame, *choice.elseBlock, last);
  return Flow::next;
}

Value Elaborator::evaluateIf(Frame &frame, const IfExpr &choice) {
  Value value = Value::makeNone();
  if (runIf(frame, choice, &value) == Flow::returned)
    return fail(choice.loc, "'return' inside an 'if' that gives a value");
  if (value.kind == Value::Kind::none)
    return fail(choice.loc, choice.elseBlock
                                ? "this branch of the 'if' gives no value"
                                : "an 'if' that gives a value needs an 'else'");
  return value;
}

/// Both branches run where the condition differs from row to row, so they may
/// only compute.
bool Elaborator::isOnlyValue(const Block &block) {
  for (const StmtPtr &stmt : block.statements) {
    if (!isa<LetStmt, ExprStmt>(*stmt)) {
      fail(stmt->loc, "the condition is known only when the model runs: its "
                      "branches give values and do nothing else");
      return false;
    }
  }
  return true;
}

Value Elaborator::chooseByMask(Frame &frame, const IfExpr &choice,
                               const Value &condition) {
  if (!choice.elseBlock)
    return fail(choice.loc, "an 'if' over tensors needs an 'else'");
  if (!isOnlyValue(*choice.thenBlock) || !isOnlyValue(*choice.elseBlock))
    return Value::makeError();
  Value lhs = Value::makeNone(), rhs = Value::makeNone();
  runBlock(frame, *choice.thenBlock, &lhs);
  runBlock(frame, *choice.elseBlock, &rhs);
  if (lhs.isError() || rhs.isError())
    return Value::makeError();
  auto type = cast<mlir::RankedTensorType>(condition.tensor.getType());
  for (const Value *value : {&lhs, &rhs}) {
    bool isThen = value == &lhs;
    const Block &block = isThen ? *choice.thenBlock : *choice.elseBlock;
    if (!value->isNumeric() && !value->isTensor())
      return fail(block.loc, "a branch of an 'if' over tensors gives a tensor "
                             "or a number, not " +
                                 value->describe());
    if (value->isTensor() && value->getWidth() != type.getDimSize(1))
      return fail(block.loc, "this branch gives " + value->describe() +
                                 ", the condition has width " +
                                 Twine(type.getDimSize(1)));
  }
  if (!haveOneInput(choice.loc, {condition.tensor, lhs.tensor, rhs.tensor}))
    return Value::makeError();
  builder->setPlace(choice.loc, frame.path);
  mlir::Type result = type.clone(builder->getActivationType());
  mlir::Value chosen = builder->create<mlir::arith::SelectOp>(
      condition.tensor, toTensor(lhs, result), toTensor(rhs, result));
  return Value::makeTensor(chosen);
}

} // namespace hashc::frontend
