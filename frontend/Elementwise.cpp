//===- Elementwise.cpp - Elementwise functions ----------------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/Elaborator.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include <cmath>

using llvm::SMLoc;
using llvm::StringRef;
using llvm::Twine;
namespace arith = mlir::arith;
namespace math = mlir::math;

namespace hashc::frontend {

namespace {

// The definitions of PyTorch's functions of these names.
constexpr double kSqrtHalf = 0.70710678118654752440;
constexpr double kSqrtTwoOverPi = 0.79788456080286535588;
constexpr double kGeluCubic = 0.044715;
constexpr double kSoftplusThreshold = 20;

double computeElementwise(StringRef name, double x) {
  double sigmoid = 1 / (1 + std::exp(-x));
  return llvm::StringSwitch<double>(name)
      .Case("relu", x > 0 ? x : 0)
      .Case("gelu", 0.5 * x * (1 + std::erf(x * kSqrtHalf)))
      .Case("gelu_tanh",
            0.5 * x *
                (1 + std::tanh(kSqrtTwoOverPi * (x + kGeluCubic * x * x * x))))
      .Case("silu", x * sigmoid)
      .Case("sigmoid", sigmoid)
      .Case("tanh", std::tanh(x))
      .Case("softplus", x > kSoftplusThreshold ? x : std::log1p(std::exp(x)))
      .Case("exp", std::exp(x))
      .Case("log", std::log(x))
      .Case("sqrt", std::sqrt(x))
      .Case("rsqrt", 1 / std::sqrt(x))
      .Case("abs", std::fabs(x))
      .Case("erf", std::erf(x))
      .Case("sin", std::sin(x))
      .Case("cos", std::cos(x))
      .Case("square", x * x)
      .Default(NAN);
}

/// Writes formulas as ops on tensors of one type.
class Formula {
public:
  Formula(ModelBuilder &builder, mlir::Type type)
      : builder(builder), type(type) {}

  mlir::Value number(double value) { return builder.getNumber(value, type); }
  mlir::Value add(mlir::Value a, mlir::Value b) {
    return builder.create<arith::AddFOp>(a, b);
  }
  mlir::Value mul(mlir::Value a, mlir::Value b) {
    return builder.create<arith::MulFOp>(a, b);
  }
  mlir::Value greater(mlir::Value a, mlir::Value b) {
    // Unordered: what is no number stays none.
    return builder.create<arith::CmpFOp>(arith::CmpFPredicate::UGT, a, b);
  }
  mlir::Value select(mlir::Value condition, mlir::Value a, mlir::Value b) {
    return builder.create<arith::SelectOp>(condition, a, b);
  }
  /// By tanh: its derivative is finite everywhere, that of the quotient by
  /// exp(-x) is not.
  mlir::Value sigmoid(mlir::Value x) {
    mlir::Value half = number(0.5);
    mlir::Value t = builder.create<math::TanhOp>(mul(x, half));
    return mul(half, add(number(1), t));
  }
  mlir::Value gelu(mlir::Value x) {
    mlir::Value e = builder.create<math::ErfOp>(mul(x, number(kSqrtHalf)));
    return mul(mul(number(0.5), x), add(number(1), e));
  }
  mlir::Value geluTanh(mlir::Value x) {
    mlir::Value cube = mul(mul(x, x), x);
    mlir::Value inner =
        mul(number(kSqrtTwoOverPi), add(x, mul(number(kGeluCubic), cube)));
    mlir::Value t = builder.create<math::TanhOp>(inner);
    return mul(mul(number(0.5), x), add(number(1), t));
  }
  /// log(1 + exp(x)), and x itself where that is the same; exp never
  /// overflows, not even in the branch that is not taken.
  mlir::Value softplus(mlir::Value x) {
    mlir::Value limit = number(kSoftplusThreshold);
    mlir::Value large = greater(x, limit);
    mlir::Value e = builder.create<math::ExpOp>(select(large, limit, x));
    return select(large, x, builder.create<math::Log1pOp>(e));
  }

private:
  ModelBuilder &builder;
  mlir::Type type;
};

} // namespace

mlir::Value Elaborator::emitElementwise(StringRef name, mlir::Value x) {
  Formula formula(*builder, x.getType());
  if (name == "relu") {
    mlir::Value zero = formula.number(0);
    return formula.select(formula.greater(x, zero), x, zero);
  }
  if (name == "gelu")
    return formula.gelu(x);
  if (name == "gelu_tanh")
    return formula.geluTanh(x);
  if (name == "silu")
    return formula.mul(x, formula.sigmoid(x));
  if (name == "sigmoid")
    return formula.sigmoid(x);
  if (name == "softplus")
    return formula.softplus(x);
  if (name == "square")
    return formula.mul(x, x);
  if (name == "tanh")
    return builder->create<math::TanhOp>(x);
  if (name == "exp")
    return builder->create<math::ExpOp>(x);
  if (name == "log")
    return builder->create<math::LogOp>(x);
  if (name == "sqrt")
    return builder->create<math::SqrtOp>(x);
  if (name == "rsqrt")
    return builder->create<math::RsqrtOp>(x);
  if (name == "abs")
    return builder->create<math::AbsFOp>(x);
  if (name == "erf")
    return builder->create<math::ErfOp>(x);
  if (name == "sin")
    return builder->create<math::SinOp>(x);
  return builder->create<math::CosOp>(x);
}

Value Elaborator::callElementwise(SMLoc loc, const LibraryFunction &function,
                                  const std::vector<Value> &arguments) {
  StringRef name = function.name;
  bool isMax = name == "max", isMin = name == "min";
  bool integers = true, numbers = true, streams = true, tensors = true;
  for (const Value &argument : arguments) {
    bool isStream = argument.kind == Value::Kind::stream;
    integers &= argument.isInteger();
    numbers &= argument.isNumeric();
    streams &= argument.isInteger() || isStream;
    tensors &= argument.isNumeric() || argument.isTensor();
    if (!argument.isNumeric() && !argument.isTensor() && !isStream)
      return fail(loc, "'" + name + "' is of tensors and numbers, not of " +
                           argument.describe());
  }
  if (integers && (isMax || isMin || name == "abs" || name == "square")) {
    int64_t x = arguments[0].integer;
    int64_t result = 0;
    if (isMax || isMin) {
      int64_t y = arguments[1].integer;
      return Value::makeInteger(isMax ? std::max(x, y) : std::min(x, y));
    }
    bool overflow = name == "square"
                        ? __builtin_mul_overflow(x, x, &result)
                        : __builtin_sub_overflow(int64_t(0), x, &result);
    if (name == "abs" && x >= 0)
      return Value::makeInteger(x);
    if (overflow)
      return fail(loc, "the result does not fit into 64 bits");
    return Value::makeInteger(result);
  }
  if (numbers) {
    double x = arguments[0].asNumber();
    if (isMax || isMin) {
      double y = arguments[1].asNumber();
      return Value::makeNumber(isMax ? std::max(x, y) : std::min(x, y));
    }
    return makeFinite(loc, computeElementwise(name, x));
  }
  if (tensors) {
    const Value &shaped = arguments[0].isTensor() ? arguments[0] : arguments[1];
    mlir::Type type = llvm::cast<mlir::ShapedType>(shaped.tensor.getType())
                          .clone(builder->getActivationType());
    mlir::Value x = toTensor(arguments[0], type);
    if (!isMax && !isMin)
      return Value::makeTensor(emitElementwise(name, x));
    if (arguments[0].isTensor() && arguments[1].isTensor() &&
        arguments[0].getWidth() != arguments[1].getWidth())
      return fail(loc, "'" + name + "' of tensors of widths " +
                           Twine(arguments[0].getWidth()) + " and " +
                           Twine(arguments[1].getWidth()));
    mlir::Value y = toTensor(arguments[1], type);
    return Value::makeTensor(
        isMax ? builder->create<arith::MaximumFOp>(x, y).getResult()
              : builder->create<arith::MinimumFOp>(x, y).getResult());
  }
  if (streams && (isMax || isMin || name == "abs")) {
    Stream x = toStream(arguments[0]);
    Stream result;
    if (name == "abs") {
      result.wide = builder->create<math::AbsIOp>(getWide(x));
      result.range = x.range.abs();
      return Value::makeStream(result);
    }
    Stream y = toStream(arguments[1]);
    result.range = isMax ? x.range.max(y.range) : x.range.min(y.range);
    result.wide = isMax
                      ? builder->create<arith::MaxSIOp>(getWide(x), getWide(y))
                            .getResult()
                      : builder->create<arith::MinSIOp>(getWide(x), getWide(y))
                            .getResult();
    return Value::makeStream(result);
  }
  return fail(loc, "'" + name + "' is not for integers of the token stream");
}

/// Calls `function` on tensors, as an activation of the layer at `path`.
Value Elaborator::applyActivation(Frame &frame, const Value &function,
                                  std::vector<Value> arguments, SMLoc loc,
                                  StringRef path) {
  builder->setPlace(loc, path);
  if (function.library)
    return callElementwise(loc, *function.library, arguments);
  BoundCall bound;
  bound.values = std::move(arguments);
  bound.given.assign(bound.values.size(), true);
  size_t count = function.fn->formals.size();
  bound.values.resize(count);
  bound.given.resize(count, false);
  bound.places.assign(count, loc);
  return runFn(frame, *function.fn, bound, loc, path.str(), true);
}

} // namespace hashc::frontend
