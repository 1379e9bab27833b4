//===- ScalarVjp.cpp - Derivatives of upstream's elementwise ops ----------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// External models of DifferentiableOpInterface for arith and math. Conventions
// at kinks are PyTorch's: |x|' = 0 at 0, the maximum of two equal values passes
// half to each (torch.maximum), a value at a constant bound passes all
// (torch.clamp), x^0 is flat in x and 0^y in y. relu is a select in the
// frontend, with relu'(0) = 0.
//
//===----------------------------------------------------------------------===//

#include "dialect/Hash.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;

namespace hashc::hash {
namespace {

/// Builds elementwise arithmetic on values of one type.
class Scalar {
public:
  Scalar(OpBuilder &builder, Operation *op)
      : builder(builder), location(op->getLoc()),
        type(op->getResult(0).getType()) {}

  Value constant(double value) {
    if (isa<RankedTensorType>(type))
      return createNumber(builder, location, type, value);
    return arith::ConstantOp::create(
        builder, location, cast<TypedAttr>(builder.getFloatAttr(type, value)));
  }
  Value add(Value a, Value b) {
    return arith::AddFOp::create(builder, location, a, b);
  }
  Value sub(Value a, Value b) {
    return arith::SubFOp::create(builder, location, a, b);
  }
  Value mul(Value a, Value b) {
    return arith::MulFOp::create(builder, location, a, b);
  }
  Value div(Value a, Value b) {
    return arith::DivFOp::create(builder, location, a, b);
  }
  Value neg(Value a) { return arith::NegFOp::create(builder, location, a); }
  Value select(Value condition, Value a, Value b) {
    return arith::SelectOp::create(builder, location, condition, a, b);
  }
  Value compare(arith::CmpFPredicate predicate, Value a, Value b) {
    return arith::CmpFOp::create(builder, location, predicate, a, b);
  }
  Value power(Value a, Value b) {
    return math::PowFOp::create(builder, location, a, b);
  }
  Value both(Value a, Value b) {
    return arith::AndIOp::create(builder, location, a, b);
  }
  Value extend(Value a, Type to) {
    return arith::ExtFOp::create(builder, location, to, a);
  }
  Value truncate(Value a, Type to) {
    return arith::TruncFOp::create(builder, location, to, a);
  }
  template <typename OpTy> Value unary(Value a) {
    return OpTy::create(builder, location, a);
  }

private:
  OpBuilder &builder;
  Location location;
  Type type;
};

bool isConstant(Value value) {
  return matchPattern(value, m_Constant()) || matchNumber(value);
}

/// The share of `dy` that the operand of a maximum or minimum gets: all where
/// it wins, half on a tie; all on a tie with a constant, which takes no share.
Value getExtremumShare(Scalar &s, arith::CmpFPredicate wins,
                       arith::CmpFPredicate winsOrTies, Value operand,
                       Value other, Value dy) {
  Value zero = s.constant(0.0);
  if (isConstant(other))
    return s.select(s.compare(winsOrTies, operand, other), dy, zero);
  Value half = s.mul(dy, s.constant(0.5));
  Value share = s.select(s.compare(wins, operand, other), dy, zero);
  return s.select(s.compare(arith::CmpFPredicate::OEQ, operand, other), half,
                  share);
}

/// The rule of each op: writes the operands' cotangents given the result's.
template <typename OpTy> struct Rule;

#define HASHC_RULE(OP)                                                         \
  template <> struct Rule<OP> {                                                \
    static void build(Scalar &s, OP op, Value dy, MutableArrayRef<Value> d);   \
  };                                                                           \
  void Rule<OP>::build([[maybe_unused]] Scalar &s, [[maybe_unused]] OP op,     \
                       [[maybe_unused]] Value dy, MutableArrayRef<Value> d)

HASHC_RULE(arith::AddFOp) { d[0] = d[1] = dy; }
HASHC_RULE(arith::SubFOp) {
  d[0] = dy;
  d[1] = s.neg(dy);
}
HASHC_RULE(arith::MulFOp) {
  d[0] = s.mul(dy, op.getRhs());
  d[1] = s.mul(dy, op.getLhs());
}
HASHC_RULE(arith::DivFOp) {
  d[0] = s.div(dy, op.getRhs());
  d[1] = s.neg(s.mul(d[0], op.getResult()));
}
HASHC_RULE(arith::NegFOp) { d[0] = s.neg(dy); }
HASHC_RULE(arith::MaximumFOp) {
  Value x = op.getLhs(), y = op.getRhs();
  d[0] = getExtremumShare(s, arith::CmpFPredicate::OGT,
                          arith::CmpFPredicate::OGE, x, y, dy);
  d[1] = getExtremumShare(s, arith::CmpFPredicate::OGT,
                          arith::CmpFPredicate::OGE, y, x, dy);
}
HASHC_RULE(arith::MinimumFOp) {
  Value x = op.getLhs(), y = op.getRhs();
  d[0] = getExtremumShare(s, arith::CmpFPredicate::OLT,
                          arith::CmpFPredicate::OLE, x, y, dy);
  d[1] = getExtremumShare(s, arith::CmpFPredicate::OLT,
                          arith::CmpFPredicate::OLE, y, x, dy);
}
HASHC_RULE(arith::SelectOp) {
  if (!isa<FloatType>(getElementTypeOrSelf(op.getType())))
    return;
  Value zero = s.constant(0.0);
  d[1] = s.select(op.getCondition(), dy, zero);
  d[2] = s.select(op.getCondition(), zero, dy);
}
HASHC_RULE(math::ExpOp) { d[0] = s.mul(dy, op.getResult()); }
HASHC_RULE(math::LogOp) { d[0] = s.div(dy, op.getOperand()); }
HASHC_RULE(math::Log1pOp) {
  d[0] = s.div(dy, s.add(s.constant(1.0), op.getOperand()));
}
HASHC_RULE(math::TanhOp) {
  Value y = op.getResult();
  d[0] = s.mul(dy, s.sub(s.constant(1.0), s.mul(y, y)));
}
HASHC_RULE(math::ErfOp) {
  Value x = op.getOperand();
  Value bell = s.unary<math::ExpOp>(s.neg(s.mul(x, x)));
  constexpr double twoOverRootPi = 1.1283791670955125739;
  d[0] = s.mul(dy, s.mul(s.constant(twoOverRootPi), bell));
}
HASHC_RULE(math::SqrtOp) {
  d[0] = s.div(s.mul(dy, s.constant(0.5)), op.getResult());
}
HASHC_RULE(math::RsqrtOp) {
  Value y = op.getResult();
  d[0] = s.mul(s.mul(dy, s.constant(-0.5)), s.mul(y, s.mul(y, y)));
}
HASHC_RULE(math::AbsFOp) {
  Value x = op.getOperand(), zero = s.constant(0.0);
  Value right =
      s.select(s.compare(arith::CmpFPredicate::OGT, x, zero), dy, zero);
  d[0] =
      s.select(s.compare(arith::CmpFPredicate::OLT, x, zero), s.neg(dy), right);
}
HASHC_RULE(math::SinOp) {
  d[0] = s.mul(dy, s.unary<math::CosOp>(op.getOperand()));
}
HASHC_RULE(math::CosOp) {
  d[0] = s.neg(s.mul(dy, s.unary<math::SinOp>(op.getOperand())));
}
HASHC_RULE(math::FmaOp) {
  d[0] = s.mul(dy, op.getB());
  d[1] = s.mul(dy, op.getA());
  d[2] = dy;
}

HASHC_RULE(math::PowFOp) {
  Value x = op.getLhs(), y = op.getRhs(), zero = s.constant(0.0);
  // x^0 is constant, also at 0, where the formula gives 0 * infinity.
  if (matchPattern(y, m_AnyZeroFloat()))
    return;
  Value lower = s.power(x, s.sub(y, s.constant(1.0)));
  d[0] = s.mul(dy, s.mul(y, lower));
  if (isConstant(y))
    return;
  d[0] = s.select(s.compare(arith::CmpFPredicate::OEQ, y, zero), zero, d[0]);
  Value slope = s.mul(op.getResult(), s.unary<math::LogOp>(x));
  Value flat = s.both(s.compare(arith::CmpFPredicate::OEQ, x, zero),
                      s.compare(arith::CmpFPredicate::OGE, y, zero));
  d[1] = s.select(flat, zero, s.mul(dy, slope));
}

// Casts between float types: what flows back is cast the other way.
HASHC_RULE(arith::ExtFOp) { d[0] = s.truncate(dy, op.getIn().getType()); }
HASHC_RULE(arith::TruncFOp) { d[0] = s.extend(dy, op.getIn().getType()); }

#undef HASHC_RULE

/// Wraps a rule as an interface model.
template <typename OpTy>
struct ScalarVjp
    : DifferentiableOpInterface::ExternalModel<ScalarVjp<OpTy>, OpTy> {
  LogicalResult buildVjp(Operation *op, OpBuilder &builder,
                         ValueRange resultCotangents,
                         MutableArrayRef<Value> operandCotangents) const {
    Scalar scalar(builder, op);
    Rule<OpTy>::build(scalar, cast<OpTy>(op), resultCotangents[0],
                      operandCotangents);
    return success();
  }
};

template <typename... OpTys> void attach(MLIRContext *context) {
  (OpTys::template attachInterface<ScalarVjp<OpTys>>(*context), ...);
}

} // namespace

void registerScalarVjps(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, arith::ArithDialect *) {
    attach<arith::AddFOp, arith::SubFOp, arith::MulFOp, arith::DivFOp,
           arith::NegFOp, arith::MaximumFOp, arith::MinimumFOp, arith::SelectOp,
           arith::ExtFOp, arith::TruncFOp>(context);
  });
  registry.addExtension(+[](MLIRContext *context, math::MathDialect *) {
    attach<math::ExpOp, math::LogOp, math::Log1pOp, math::TanhOp, math::ErfOp,
           math::SqrtOp, math::RsqrtOp, math::AbsFOp, math::SinOp, math::CosOp,
           math::FmaOp, math::PowFOp>(context);
  });
}

} // namespace hashc::hash
