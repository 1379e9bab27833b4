//===- HashVjp.cpp - Vector-Jacobian products of the named ops ------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialect/Hash.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace hashc::hash {

/// The results of an op in the order of its operands' gradients: those that
/// gradients flow through come first.
static void assign(ValueRange gradients, MutableArrayRef<Value> cotangents) {
  for (auto [index, gradient] : llvm::enumerate(gradients))
    cotangents[index] = gradient;
}

LogicalResult DispatchOp::buildVjp(OpBuilder &builder,
                                   ValueRange resultCotangents,
                                   MutableArrayRef<Value> operandCotangents) {
  operandCotangents[0] = CombineOp::create(builder, getLoc(), getX().getType(),
                                           resultCotangents[0], getPlan());
  return success();
}

LogicalResult CombineOp::buildVjp(OpBuilder &builder,
                                  ValueRange resultCotangents,
                                  MutableArrayRef<Value> operandCotangents) {
  operandCotangents[0] = DispatchOp::create(builder, getLoc(), getX().getType(),
                                            resultCotangents[0], getPlan());
  return success();
}

LogicalResult JoinOp::buildVjp(OpBuilder &builder, ValueRange resultCotangents,
                               MutableArrayRef<Value> operandCotangents) {
  operandCotangents[0] = SplitOp::create(builder, getLoc(), getX().getType(),
                                         resultCotangents[0], getPlan());
  return success();
}

LogicalResult SplitOp::buildVjp(OpBuilder &builder, ValueRange resultCotangents,
                                MutableArrayRef<Value> operandCotangents) {
  operandCotangents[0] = JoinOp::create(builder, getLoc(), getX().getType(),
                                        resultCotangents[0], getPlan());
  return success();
}

LogicalResult BroadcastOp::buildVjp(OpBuilder &builder,
                                    ValueRange resultCotangents,
                                    MutableArrayRef<Value> operandCotangents) {
  operandCotangents[0] = ReduceRowsOp::create(
      builder, getLoc(), getX().getType(), resultCotangents[0], getPlan());
  return success();
}

LogicalResult GateOp::buildVjp(OpBuilder &builder, ValueRange resultCotangents,
                               MutableArrayRef<Value> operandCotangents) {
  operandCotangents[0] =
      GateGradOp::create(builder, getLoc(), getLogits().getType(), getLogits(),
                         getWeights(), resultCotangents[0], getPlan(),
                         getKindAttr(), getNormalizeAttr(), getScaleAttr());
  return success();
}

LogicalResult WeighOp::buildVjp(OpBuilder &builder, ValueRange resultCotangents,
                                MutableArrayRef<Value> operandCotangents) {
  Value dresult = resultCotangents[0];
  operandCotangents[0] = WeighOp::create(builder, getLoc(), getX().getType(),
                                         dresult, getWeights());
  operandCotangents[1] = WeighGradOp::create(
      builder, getLoc(), getWeights().getType(), getX(), dresult);
  return success();
}

LogicalResult MatmulOp::buildVjp(OpBuilder &builder,
                                 ValueRange resultCotangents,
                                 MutableArrayRef<Value> operandCotangents) {
  Value dy = resultCotangents[0];
  operandCotangents[0] = MatmulOp::create(builder, getLoc(), getX().getType(),
                                          dy, getW(), !getTransposed());
  Value left = getTransposed() ? dy : getX();
  Value right = getTransposed() ? getX() : dy;
  operandCotangents[1] = WeightGradOp::create(
      builder, getLoc(), getW().getType(), left, right, /*plan=*/Value());
  return success();
}

LogicalResult
GroupedMatmulOp::buildVjp(OpBuilder &builder, ValueRange resultCotangents,
                          MutableArrayRef<Value> operandCotangents) {
  Value dy = resultCotangents[0];
  operandCotangents[0] =
      GroupedMatmulOp::create(builder, getLoc(), getX().getType(), dy, getW(),
                              getPlan(), !getTransposed());
  Value left = getTransposed() ? dy : getX();
  Value right = getTransposed() ? getX() : dy;
  operandCotangents[1] = WeightGradOp::create(
      builder, getLoc(), getW().getType(), left, right, getPlan());
  return success();
}

LogicalResult EmbeddingOp::buildVjp(OpBuilder &builder,
                                    ValueRange resultCotangents,
                                    MutableArrayRef<Value> operandCotangents) {
  Type type = getWeight().getType();
  Value zero = arith::ConstantOp::create(
      builder, getLoc(), type, cast<TypedAttr>(builder.getZeroAttr(type)));
  operandCotangents[1] = EmbeddingGradOp::create(
      builder, getLoc(), type, getIds(), resultCotangents[0], zero);
  return success();
}

LogicalResult RotaryOp::buildVjp(OpBuilder &builder,
                                 ValueRange resultCotangents,
                                 MutableArrayRef<Value> operandCotangents) {
  operandCotangents[0] =
      RotaryOp::create(builder, getLoc(), getX().getType(), resultCotangents[0],
                       getPositions(), getHeadsAttr(), getBaseAttr(),
                       getInverse() ? UnitAttr() : builder.getUnitAttr());
  return success();
}

LogicalResult AttentionOp::buildVjp(OpBuilder &builder,
                                    ValueRange resultCotangents,
                                    MutableArrayRef<Value> operandCotangents) {
  if (resultCotangents[1])
    return emitOpError("has no derivative of its log-sum-exp");
  auto gradient = AttentionGradOp::create(
      builder, getLoc(),
      TypeRange{getQ().getType(), getK().getType(), getV().getType()},
      ValueRange{getQ(), getK(), getV(), getStarts(), getResult(), getLse(),
                 resultCotangents[0]},
      (*this)->getAttrs());
  assign(gradient.getResults(), operandCotangents);
  return success();
}

LogicalResult
CrossAttentionOp::buildVjp(OpBuilder &builder, ValueRange resultCotangents,
                           MutableArrayRef<Value> operandCotangents) {
  if (resultCotangents[1])
    return emitOpError("has no derivative of its log-sum-exp");
  auto gradient = CrossAttentionGradOp::create(
      builder, getLoc(),
      TypeRange{getQ().getType(), getK().getType(), getV().getType()},
      ValueRange{getQ(), getK(), getV(), getMemoryTokens(), getResult(),
                 getLse(), resultCotangents[0]},
      (*this)->getAttrs());
  assign(gradient.getResults(), operandCotangents);
  return success();
}

LogicalResult LayerNormOp::buildVjp(OpBuilder &builder,
                                    ValueRange resultCotangents,
                                    MutableArrayRef<Value> operandCotangents) {
  if (resultCotangents[1] || resultCotangents[2])
    return emitOpError("has no derivative of its mean and rstd");
  auto gradient = LayerNormGradOp::create(
      builder, getLoc(), getX().getType(), getGamma().getType(),
      getBeta().getType(), getX(), getGamma(), getMean(), getRstd(),
      resultCotangents[0]);
  assign(gradient.getResults(), operandCotangents);
  return success();
}

LogicalResult RmsNormOp::buildVjp(OpBuilder &builder,
                                  ValueRange resultCotangents,
                                  MutableArrayRef<Value> operandCotangents) {
  if (resultCotangents[1])
    return emitOpError("has no derivative of its rstd");
  auto gradient = RmsNormGradOp::create(
      builder, getLoc(), getX().getType(), getGamma().getType(), getX(),
      getGamma(), getRstd(), resultCotangents[0]);
  assign(gradient.getResults(), operandCotangents);
  return success();
}

LogicalResult DropoutOp::buildVjp(OpBuilder &builder,
                                  ValueRange resultCotangents,
                                  MutableArrayRef<Value> operandCotangents) {
  operandCotangents[0] = DropoutOp::create(builder, getLoc(), getX().getType(),
                                           resultCotangents[0], getSeed(),
                                           getRateAttr(), getStreamAttr());
  return success();
}

LogicalResult JitterOp::buildVjp(OpBuilder &builder,
                                 ValueRange resultCotangents,
                                 MutableArrayRef<Value> operandCotangents) {
  // The same numbers again.
  operandCotangents[0] =
      JitterOp::create(builder, getLoc(), getX().getType(), resultCotangents[0],
                       getSeed(), getAmountAttr(), getStreamAttr());
  return success();
}

LogicalResult
BalanceLossOp::buildVjp(OpBuilder &builder, ValueRange resultCotangents,
                        MutableArrayRef<Value> operandCotangents) {
  operandCotangents[0] = BalanceLossGradOp::create(
      builder, getLoc(), getLogits().getType(), getLogits(), getShares(),
      resultCotangents[0], getTokens(), getWeightAttr());
  return success();
}

LogicalResult ZLossOp::buildVjp(OpBuilder &builder, ValueRange resultCotangents,
                                MutableArrayRef<Value> operandCotangents) {
  operandCotangents[0] =
      ZLossGradOp::create(builder, getLoc(), getLogits().getType(), getLogits(),
                          resultCotangents[0], getTokens(), getWeightAttr());
  return success();
}

LogicalResult
CrossEntropyOp::buildVjp(OpBuilder &builder, ValueRange resultCotangents,
                         MutableArrayRef<Value> operandCotangents) {
  if (resultCotangents[1])
    return emitOpError("has no derivative of its log-sum-exp");
  operandCotangents[0] = CrossEntropyGradOp::create(
      builder, getLoc(), getLogits().getType(), getLogits(), getTargets(),
      getLse(), resultCotangents[0]);
  return success();
}

} // namespace hashc::hash
