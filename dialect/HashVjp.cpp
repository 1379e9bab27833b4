//===- HashVjp.cpp - Vector-Jacobian products ----------------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialect/Hash.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace hashc::hash {

LogicalResult DispatchOp::buildVjp(OpBuilder &builder,
                                   ValueRange resultCotangents,
                                   MutableArrayRef<Value> operandCotangents) {
  return emitOpError("has no derivative yet");
}

LogicalResult CombineOp::buildVjp(OpBuilder &builder,
                                  ValueRange resultCotangents,
                                  MutableArrayRef<Value> operandCotangents) {
  return emitOpError("has no derivative yet");
}

LogicalResult BroadcastOp::buildVjp(OpBuilder &builder,
                                    ValueRange resultCotangents,
                                    MutableArrayRef<Value> operandCotangents) {
  return emitOpError("has no derivative yet");
}

LogicalResult MatmulOp::buildVjp(OpBuilder &builder,
                                 ValueRange resultCotangents,
                                 MutableArrayRef<Value> operandCotangents) {
  return emitOpError("has no derivative yet");
}

LogicalResult
GroupedMatmulOp::buildVjp(OpBuilder &builder, ValueRange resultCotangents,
                          MutableArrayRef<Value> operandCotangents) {
  return emitOpError("has no derivative yet");
}

LogicalResult EmbeddingOp::buildVjp(OpBuilder &builder,
                                    ValueRange resultCotangents,
                                    MutableArrayRef<Value> operandCotangents) {
  return emitOpError("has no derivative yet");
}

LogicalResult RotaryOp::buildVjp(OpBuilder &builder,
                                 ValueRange resultCotangents,
                                 MutableArrayRef<Value> operandCotangents) {
  return emitOpError("has no derivative yet");
}

LogicalResult AttentionOp::buildVjp(OpBuilder &builder,
                                    ValueRange resultCotangents,
                                    MutableArrayRef<Value> operandCotangents) {
  return emitOpError("has no derivative yet");
}

LogicalResult LayerNormOp::buildVjp(OpBuilder &builder,
                                    ValueRange resultCotangents,
                                    MutableArrayRef<Value> operandCotangents) {
  return emitOpError("has no derivative yet");
}

LogicalResult RmsNormOp::buildVjp(OpBuilder &builder,
                                  ValueRange resultCotangents,
                                  MutableArrayRef<Value> operandCotangents) {
  return emitOpError("has no derivative yet");
}

LogicalResult DropoutOp::buildVjp(OpBuilder &builder,
                                  ValueRange resultCotangents,
                                  MutableArrayRef<Value> operandCotangents) {
  return emitOpError("has no derivative yet");
}

LogicalResult
CrossEntropyOp::buildVjp(OpBuilder &builder, ValueRange resultCotangents,
                         MutableArrayRef<Value> operandCotangents) {
  return emitOpError("has no derivative yet");
}

void registerScalarVjps(DialectRegistry &registry) {}

} // namespace hashc::hash
