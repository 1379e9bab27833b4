//===- Arithmetic.cpp - Operators of a running spec -----------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/Elaborator.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/StringSwitch.h"
#include <cmath>

using llvm::SMLoc;
using llvm::StringRef;
using llvm::Twine;
namespace arith = mlir::arith;

namespace hashc::frontend {

namespace {

bool isComparison(StringRef op) {
  return llvm::StringSwitch<bool>(op)
      .Cases({"==", "!=", "<", "<=", ">", ">="}, true)
      .Default(false);
}

bool isLogical(StringRef op) { return op == "&&" || op == "||"; }

template <typename T> bool compare(StringRef op, T lhs, T rhs) {
  return llvm::StringSwitch<bool>(op)
      .Case("==", lhs == rhs)
      .Case("!=", lhs != rhs)
      .Case("<", lhs < rhs)
      .Case("<=", lhs <= rhs)
      .Case(">", lhs > rhs)
      .Default(lhs >= rhs);
}

StringRef verbOf(StringRef op) {
  return llvm::StringSwitch<StringRef>(op)
      .Case("+", "add")
      .Case("-", "subtract")
      .Case("*", "multiply")
      .Case("/", "divide")
      .Case("%", "take the remainder of")
      .Default("compare");
}

bool isText(const Value &value) {
  return value.kind == Value::Kind::word || value.kind == Value::Kind::string;
}

bool isStream(const Value &value) { return value.kind == Value::Kind::stream; }

bool isMask(const Value &value) {
  return value.kind == Value::Kind::mask ||
         value.kind == Value::Kind::condition;
}

} // namespace

Value Elaborator::makeFinite(SMLoc loc, double value) {
  if (!std::isfinite(value))
    return fail(loc, "the result is not a finite number");
  return Value::makeNumber(value);
}

Value Elaborator::failArgmax(SMLoc loc) {
  return fail(loc, "only routers compute with an argmax: give it to one as a "
                   "parameter, as in 'router r(guess) = guess % 8' and "
                   "'r(argmax(x))'");
}

Value Elaborator::failOperands(const BinaryExpr &binary, const Value &lhs,
                               const Value &rhs) {
  if (lhs.kind == Value::Kind::argmax || rhs.kind == Value::Kind::argmax)
    return failArgmax(binary.loc);
  return fail(binary.loc, "cannot " + verbOf(binary.op) + " " + lhs.describe() +
                              " and " + rhs.describe());
}

Value Elaborator::evaluateUnary(Frame &frame, const UnaryExpr &unary) {
  Value value = evaluate(frame, *unary.operand);
  if (value.isError())
    return value;
  if (unary.op == "!") {
    if (value.kind == Value::Kind::boolean)
      return Value::makeBoolean(!value.integer);
    if (isMask(value)) {
      builder->setPlace(unary.loc, frame.path);
      auto type = llvm::cast<mlir::ShapedType>(value.tensor.getType());
      mlir::Value one = builder->create<arith::ConstantOp>(
          mlir::DenseElementsAttr::get(type, true));
      return Value::makeTensor(
          builder->create<arith::XOrIOp>(value.tensor, one), value.kind);
    }
    return fail(unary.loc,
                "'!' turns true and false around, not " + value.describe());
  }
  if (value.isInteger()) {
    if (value.integer == std::numeric_limits<int64_t>::min())
      return fail(unary.loc, "the result does not fit into 64 bits");
    return Value::makeInteger(-value.integer);
  }
  if (value.kind == Value::Kind::number)
    return Value::makeNumber(-value.number);
  if (value.isTensor()) {
    builder->setPlace(unary.loc, frame.path);
    return Value::makeTensor(builder->create<arith::NegFOp>(value.tensor));
  }
  if (isStream(value)) {
    builder->setPlace(unary.loc, frame.path);
    Stream result;
    result.range = Interval::one(0) - value.stream->range;
    result.wide = builder->create<arith::SubIOp>(builder->getInteger(0),
                                                 getWide(*value.stream));
    return Value::makeStream(result);
  }
  if (value.kind == Value::Kind::argmax)
    return failArgmax(unary.loc);
  return fail(unary.loc, "cannot negate " + value.describe());
}

Value Elaborator::evaluateBinary(Frame &frame, const BinaryExpr &binary) {
  Value lhs = evaluate(frame, *binary.lhs);
  if (lhs.kind == Value::Kind::boolean && isLogical(binary.op) &&
      (lhs.integer != 0) == (binary.op == "||"))
    return lhs;
  Value rhs = evaluate(frame, *binary.rhs);
  if (lhs.isError() || rhs.isError())
    return Value::makeError();
  if (isLogical(binary.op)) {
    if (lhs.kind == Value::Kind::boolean &&
        (rhs.kind == Value::Kind::boolean || isMask(rhs)))
      return rhs;
    if (isMask(lhs) && rhs.kind == Value::Kind::boolean &&
        (rhs.integer != 0) == (binary.op == "||"))
      return rhs;
    if (isMask(lhs) && rhs.kind == Value::Kind::boolean)
      return lhs;
    builder ? builder->setPlace(binary.loc, frame.path) : void();
    if (isMask(lhs) && lhs.kind == rhs.kind)
      return computeMasks(binary, lhs, rhs);
    return fail(binary.loc, "'" + binary.op + "' joins conditions, not " +
                                lhs.describe() + " and " + rhs.describe());
  }
  bool numbers = lhs.isNumeric() && rhs.isNumeric();
  bool sameText = isText(lhs) && lhs.kind == rhs.kind;
  bool booleans =
      lhs.kind == Value::Kind::boolean && rhs.kind == Value::Kind::boolean;
  if (numbers || sameText || booleans)
    return computeConstant(binary, lhs, rhs);
  if (builder)
    builder->setPlace(binary.loc, frame.path);
  if ((lhs.isTensor() || lhs.isNumeric()) &&
      (rhs.isTensor() || rhs.isNumeric()))
    return computeTensors(binary, lhs, rhs);
  if ((isStream(lhs) || lhs.isInteger()) && (isStream(rhs) || rhs.isInteger()))
    return computeStreams(binary, lhs, rhs);
  if ((isStream(lhs) && rhs.kind == Value::Kind::number) ||
      (isStream(rhs) && lhs.kind == Value::Kind::number))
    return fail(binary.loc, "a router computes with integers, not with " +
                                (isStream(lhs) ? rhs : lhs).describe());
  return failOperands(binary, lhs, rhs);
}

Value Elaborator::computeConstant(const BinaryExpr &binary, const Value &lhs,
                                  const Value &rhs) {
  StringRef op = binary.op;
  if (!lhs.isNumeric()) {
    bool equal = lhs.text == rhs.text && lhs.integer == rhs.integer;
    if (op == "==" || op == "!=")
      return Value::makeBoolean(equal == (op == "=="));
    return failOperands(binary, lhs, rhs);
  }
  if (lhs.isInteger() && rhs.isInteger())
    return computeIntegers(binary, lhs.integer, rhs.integer);
  double x = lhs.asNumber(), y = rhs.asNumber();
  if (isComparison(op))
    return Value::makeBoolean(compare(op, x, y));
  if ((op == "/" || op == "%") && y == 0)
    return fail(binary.loc, "division by zero");
  if (op == "%")
    return makeFinite(binary.loc, x - y * std::floor(x / y));
  return makeFinite(binary.loc, llvm::StringSwitch<double>(op)
                                    .Case("+", x + y)
                                    .Case("-", x - y)
                                    .Case("*", x * y)
                                    .Default(x / y));
}

Value Elaborator::computeIntegers(const BinaryExpr &binary, int64_t lhs,
                                  int64_t rhs) {
  StringRef op = binary.op;
  if (isComparison(op))
    return Value::makeBoolean(compare(op, lhs, rhs));
  int64_t result = 0;
  bool overflow = false;
  if (op == "+") {
    overflow = __builtin_add_overflow(lhs, rhs, &result);
  } else if (op == "-") {
    overflow = __builtin_sub_overflow(lhs, rhs, &result);
  } else if (op == "*") {
    overflow = __builtin_mul_overflow(lhs, rhs, &result);
  } else if (rhs == 0) {
    return fail(binary.loc, "division by zero");
  } else if (rhs == -1) {
    // The one quotient that can leave 64 bits.
    overflow = op == "/" && __builtin_sub_overflow(int64_t(0), lhs, &result);
  } else {
    result = lhs / rhs;
    int64_t rest = lhs % rhs;
    bool roundDown = rest != 0 && (rest < 0) != (rhs < 0);
    result = op == "/" ? result - roundDown : rest + (roundDown ? rhs : 0);
  }
  if (overflow)
    return fail(binary.loc, "the result does not fit into 64 bits");
  return Value::makeInteger(result);
}

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

/// A number becomes a tensor of it.
mlir::Value Elaborator::toTensor(const Value &value, mlir::Type type) {
  if (!value.isTensor())
    return builder->getNumber(value.asNumber(), type);
  auto wanted = llvm::cast<mlir::RankedTensorType>(type);
  auto given = llvm::cast<mlir::RankedTensorType>(value.tensor.getType());
  if (wanted.getElementType() == given.getElementType())
    return value.tensor;
  if (wanted.getElementTypeBitWidth() > given.getElementTypeBitWidth())
    return builder->create<arith::ExtFOp>(type, value.tensor);
  return builder->create<arith::TruncFOp>(type, value.tensor);
}

Value Elaborator::computeTensors(const BinaryExpr &binary, const Value &lhs,
                                 const Value &rhs) {
  const Value &shaped = lhs.isTensor() ? lhs : rhs;
  if (!haveOneInput(binary.loc, {lhs.tensor, rhs.tensor}))
    return Value::makeError();
  if (lhs.isTensor() && rhs.isTensor() && lhs.getWidth() != rhs.getWidth())
    return fail(binary.loc, "cannot " + verbOf(binary.op) +
                                " tensors of widths " + Twine(lhs.getWidth()) +
                                " and " + Twine(rhs.getWidth()));
  mlir::Type type = llvm::cast<mlir::RankedTensorType>(shaped.tensor.getType())
                        .clone(builder->getActivationType());
  mlir::Value x = toTensor(lhs, type), y = toTensor(rhs, type);
  StringRef op = binary.op;
  if (op == "%")
    return fail(binary.loc, "'%' is for integers, not for tensors");
  if (isComparison(op)) {
    auto predicate = llvm::StringSwitch<arith::CmpFPredicate>(op)
                         .Case("==", arith::CmpFPredicate::OEQ)
                         .Case("!=", arith::CmpFPredicate::UNE)
                         .Case("<", arith::CmpFPredicate::OLT)
                         .Case("<=", arith::CmpFPredicate::OLE)
                         .Case(">", arith::CmpFPredicate::OGT)
                         .Default(arith::CmpFPredicate::OGE);
    return Value::makeTensor(builder->create<arith::CmpFOp>(predicate, x, y),
                             Value::Kind::mask);
  }
  if (op == "+")
    return Value::makeTensor(builder->create<arith::AddFOp>(x, y));
  if (op == "-")
    return Value::makeTensor(builder->create<arith::SubFOp>(x, y));
  if (op == "*")
    return Value::makeTensor(builder->create<arith::MulFOp>(x, y));
  return Value::makeTensor(builder->create<arith::DivFOp>(x, y));
}

Value Elaborator::computeMasks(const BinaryExpr &binary, const Value &lhs,
                               const Value &rhs) {
  if (!haveOneInput(binary.loc, {lhs.tensor, rhs.tensor}))
    return Value::makeError();
  if (lhs.tensor.getType() != rhs.tensor.getType())
    return fail(binary.loc, "cannot join conditions of widths " +
                                Twine(lhs.getWidth()) + " and " +
                                Twine(rhs.getWidth()));
  mlir::Value result =
      binary.op == "&&"
          ? builder->create<arith::AndIOp>(lhs.tensor, rhs.tensor).getResult()
          : builder->create<arith::OrIOp>(lhs.tensor, rhs.tensor).getResult();
  return Value::makeTensor(result, lhs.kind);
}

//===----------------------------------------------------------------------===//
// The token stream
//===----------------------------------------------------------------------===//

Value Elaborator::computeStreams(const BinaryExpr &binary, const Value &lhs,
                                 const Value &rhs) {
  Stream x = toStream(lhs), y = toStream(rhs);
  StringRef op = binary.op;
  if (isComparison(op)) {
    auto predicate = llvm::StringSwitch<arith::CmpIPredicate>(op)
                         .Case("==", arith::CmpIPredicate::eq)
                         .Case("!=", arith::CmpIPredicate::ne)
                         .Case("<", arith::CmpIPredicate::slt)
                         .Case("<=", arith::CmpIPredicate::sle)
                         .Case(">", arith::CmpIPredicate::sgt)
                         .Default(arith::CmpIPredicate::sge);
    mlir::Value result =
        builder->create<arith::CmpIOp>(predicate, getWide(x), getWide(y));
    return Value::makeTensor(result, Value::Kind::condition);
  }
  Stream result;
  if (op == "+") {
    result.wide = builder->create<arith::AddIOp>(getWide(x), getWide(y));
    result.range = x.range + y.range;
    return Value::makeStream(result);
  }
  if (op == "-") {
    result.wide = builder->create<arith::SubIOp>(getWide(x), getWide(y));
    result.range = x.range - y.range;
    return Value::makeStream(result);
  }
  if (op == "*") {
    result.wide = builder->create<arith::MulIOp>(getWide(x), getWide(y));
    result.range = x.range * y.range;
    return Value::makeStream(result);
  }
  if (y.range.low < 1)
    return fail(binary.loc,
                "the divisor can be " +
                    (y.range.contains(0) ? Twine(0) : Twine(y.range.high)) +
                    ": it must be positive, as max(divisor, 1) is");
  if (op == "/") {
    result.wide = builder->create<arith::FloorDivSIOp>(getWide(x), getWide(y));
    result.range = x.range.floorDividedBy(y.range);
    return Value::makeStream(result);
  }
  result.range = x.range.modulo(y.range);
  if (rhs.isInteger()) {
    result.wide =
        builder->create<hash::ModuloOp>(getWide(x), uint64_t(rhs.integer));
    return Value::makeStream(result);
  }
  // a - floor(a / b) * b, for a divisor of the stream.
  mlir::Value a = getWide(x), b = getWide(y);
  mlir::Value quotient = builder->create<arith::FloorDivSIOp>(a, b);
  mlir::Value multiple = builder->create<arith::MulIOp>(quotient, b);
  result.wide = builder->create<arith::SubIOp>(a, multiple);
  return Value::makeStream(result);
}

} // namespace hashc::frontend
