//===- Elementwise.cpp - Elementwise functions ----------------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/Elementwise.h"
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

double computeSigmoid(double x) { return 1 / (1 + std::exp(-x)); }

} // namespace

/// Writes formulas as ops on tensors of one type.
class Formula {
public:
  Formula(ModelBuilder &builder, mlir::Type type)
      : builder(builder), type(type) {}

  template <typename Op> mlir::Value op(mlir::Value x) {
    return builder.create<Op>(x);
  }
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
  mlir::Value relu(mlir::Value x) {
    mlir::Value zero = number(0);
    return select(greater(x, zero), x, zero);
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

/// One op of MLIR.
template <typename Op> static mlir::Value emitOp(Formula &f, mlir::Value x) {
  return f.op<Op>(x);
}

static constexpr UnaryFunction kUnaryFunctions[] = {
    {"relu", [](double x) { return x > 0 ? x : 0; },
     [](Formula &f, mlir::Value x) { return f.relu(x); }},
    {"gelu", [](double x) { return 0.5 * x * (1 + std::erf(x * kSqrtHalf)); },
     [](Formula &f, mlir::Value x) { return f.gelu(x); }},
    {"gelu_tanh",
     [](double x) {
       return 0.5 * x *
              (1 + std::tanh(kSqrtTwoOverPi * (x + kGeluCubic * x * x * x)));
     },
     [](Formula &f, mlir::Value x) { return f.geluTanh(x); }},
    {"silu", [](double x) { return x * computeSigmoid(x); },
     [](Formula &f, mlir::Value x) { return f.mul(x, f.sigmoid(x)); }},
    {"sigmoid", computeSigmoid,
     [](Formula &f, mlir::Value x) { return f.sigmoid(x); }},
    {"tanh", std::tanh, emitOp<math::TanhOp>},
    {"softplus",
     [](double x) {
       return x > kSoftplusThreshold ? x : std::log1p(std::exp(x));
     },
     [](Formula &f, mlir::Value x) { return f.softplus(x); }},
    {"exp", std::exp, emitOp<math::ExpOp>},
    {"log", std::log, emitOp<math::LogOp>},
    {"sqrt", std::sqrt, emitOp<math::SqrtOp>},
    {"rsqrt", [](double x) { return 1 / std::sqrt(x); }, emitOp<math::RsqrtOp>},
    {"abs", std::fabs, emitOp<math::AbsFOp>},
    {"erf", std::erf, emitOp<math::ErfOp>},
    {"sin", std::sin, emitOp<math::SinOp>},
    {"cos", std::cos, emitOp<math::CosOp>},
    {"square", [](double x) { return x * x; },
     [](Formula &f, mlir::Value x) { return f.mul(x, x); }},
};

llvm::ArrayRef<UnaryFunction> getUnaryFunctions() { return kUnaryFunctions; }

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

Value Elaborator::callElementwise(SMLoc loc, const LibraryFunction &function,
                                  const std::vector<Value> &arguments) {
  StringRef name = function.name;
  bool integers = true, numbers = true, streams = true;
  for (const Value &argument : arguments) {
    bool isStream = argument.kind == Value::Kind::stream;
    if (!argument.isNumeric() && !argument.isTensor() && !isStream)
      return fail(loc, "'" + name + "' is of tensors and numbers, not of " +
                           argument.describe());
    integers &= argument.isInteger();
    numbers &= argument.isNumeric();
    streams &= argument.isInteger() || isStream;
  }
  bool ofIntegers = !function.unary || name == "abs" || name == "square";
  if (integers && ofIntegers)
    return applyToIntegers(loc, name, arguments);
  if (numbers)
    return applyToNumbers(loc, function, arguments);
  if (streams && ofIntegers && name != "square")
    return applyToStreams(name, arguments);
  if (llvm::none_of(arguments, [](const Value &argument) {
        return argument.kind == Value::Kind::stream;
      }))
    return applyToTensors(loc, function, arguments);
  return fail(loc, "'" + name + "' is not for integers of the token stream");
}

/// max, min, abs and square.
Value Elaborator::applyToIntegers(SMLoc loc, StringRef name,
                                  const std::vector<Value> &arguments) {
  int64_t x = arguments[0].integer;
  if (name == "max")
    return Value::makeInteger(std::max(x, arguments[1].integer));
  if (name == "min")
    return Value::makeInteger(std::min(x, arguments[1].integer));
  int64_t result = x;
  bool overflow = name == "square"
                      ? __builtin_mul_overflow(x, x, &result)
                      : x < 0 && __builtin_sub_overflow(int64_t(0), x, &result);
  if (overflow)
    return fail(loc, "the result does not fit into 64 bits");
  return Value::makeInteger(result);
}

Value Elaborator::applyToNumbers(SMLoc loc, const LibraryFunction &function,
                                 const std::vector<Value> &arguments) {
  double x = arguments[0].asNumber();
  if (function.unary)
    return makeFinite(loc, function.unary->compute(x));
  double y = arguments[1].asNumber();
  return Value::makeNumber(function.name == "max" ? std::max(x, y)
                                                  : std::min(x, y));
}

mlir::Value Elaborator::emitUnary(const UnaryFunction &function,
                                  mlir::Value x) {
  Formula formula(*builder, x.getType());
  return function.emit(formula, x);
}

Value Elaborator::applyToTensors(SMLoc loc, const LibraryFunction &function,
                                 const std::vector<Value> &arguments) {
  const Value &shaped = arguments[0].isTensor() ? arguments[0] : arguments[1];
  if (!function.unary &&
      !haveOneInput(loc, {arguments[0].tensor, arguments[1].tensor}))
    return Value::makeError();
  mlir::Type type = llvm::cast<mlir::ShapedType>(shaped.tensor.getType())
                        .clone(builder->getActivationType());
  mlir::Value x = toTensor(arguments[0], type);
  if (function.unary)
    return Value::makeTensor(emitUnary(*function.unary, x));
  if (arguments[0].isTensor() && arguments[1].isTensor() &&
      arguments[0].getWidth() != arguments[1].getWidth())
    return fail(loc, "'" + function.name + "' of tensors of widths " +
                         Twine(arguments[0].getWidth()) + " and " +
                         Twine(arguments[1].getWidth()));
  mlir::Value y = toTensor(arguments[1], type);
  return Value::makeTensor(
      function.name == "max"
          ? builder->create<arith::MaximumFOp>(x, y).getResult()
          : builder->create<arith::MinimumFOp>(x, y).getResult());
}

/// max, min and abs.
Value Elaborator::applyToStreams(StringRef name,
                                 const std::vector<Value> &arguments) {
  Stream x = toStream(arguments[0]);
  Stream result;
  if (name == "abs") {
    result.wide = builder->create<math::AbsIOp>(getWide(x));
    result.range = x.range.abs();
    return Value::makeStream(result);
  }
  Stream y = toStream(arguments[1]);
  mlir::Value left = getWide(x), right = getWide(y);
  const bool isMax = name == "max";
  result.range = isMax ? x.range.max(y.range) : x.range.min(y.range);
  result.wide = isMax
                    ? builder->create<arith::MaxSIOp>(left, right).getResult()
                    : builder->create<arith::MinSIOp>(left, right).getResult();
  return Value::makeStream(result);
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
