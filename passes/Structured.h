//===- Structured.h - Building structured ops and their bodies -*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_PASSES_STRUCTURED_H
#define HASHC_PASSES_STRUCTURED_H

#include "dialect/Hash.h"
#include "dialect/Target.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"

namespace hashc {

/// Operands of a structured op with the row spaces they live in.
struct SpacedOperands {
  llvm::SmallVector<mlir::Value> values;
  llvm::SmallVector<int32_t> spaces;

  void add(mlir::Value value, hash::RowSpace space) {
    values.push_back(value);
    spaces.push_back(static_cast<int32_t>(space));
  }
};

/// Writes the body: gets the block's arguments, returns what it yields.
using BodyBuilder = llvm::function_ref<llvm::SmallVector<mlir::Value>(
    mlir::OpBuilder &, mlir::ValueRange)>;

/// A hash.map of `reads` into `outs`, results of the outs' types.
hash::MapOp createMap(mlir::OpBuilder &builder, mlir::Location location,
                      mlir::Value plan, const SpacedOperands &reads,
                      const SpacedOperands &outs, bool zeroDead,
                      BodyBuilder body);

/// A hash.map without results, element by element: for buffers, and arguments
/// that are to become buffers.
void createMapOnBuffers(mlir::OpBuilder &builder, mlir::Location location,
                        mlir::ValueRange reads, mlir::Value out,
                        BodyBuilder body);

/// One product `lhs * rhs` with no reads: the body gets the accumulator and the
/// init.
hash::GroupedGemmOp createGemm(mlir::OpBuilder &builder,
                               mlir::Location location, mlir::Value plan,
                               mlir::Value lhs, hash::RowSpace lhsSpace,
                               mlir::Value rhs, bool transposed,
                               const SpacedOperands &outs, bool zeroDead);

/// `init + lhs^T * rhs` where `accumulates`, else the product alone.
hash::GroupedOuterOp createOuter(mlir::OpBuilder &builder,
                                 mlir::Location location, mlir::Value plan,
                                 mlir::Value lhs, mlir::Value rhs,
                                 mlir::Value init, bool accumulates);

/// A tensor of unspecified contents: the init of an out that nobody reads.
mlir::Value createEmpty(mlir::OpBuilder &builder, mlir::Location location,
                        mlir::Type type);

/// True for such a tensor.
bool isEmpty(mlir::Value value);

/// The scalar type that a body computes an element of `type` in.
mlir::Type getBodyType(mlir::Type type);

/// True for upstream's elementwise ops on tensors (arith, math).
bool isElementwiseOnTensors(mlir::Operation *op);

/// Clones the elementwise op on tensors `op` as scalar code. `operands` gives
/// the scalars of its operands.
mlir::Value cloneAsScalar(mlir::OpBuilder &builder, mlir::Operation *op,
                          mlir::ValueRange operands);

/// Marks a map that repeats another one to save memory: what is equal stays
/// apart, and is not kept from where the first one was computed.
constexpr llvm::StringLiteral kRecomputedAttr = "hash.recomputed";

inline bool isRecomputed(mlir::Operation *op) {
  return op->hasAttr(kRecomputedAttr);
}

/// A pass's option, or what `hash.target` says where that is 0; a diagnostic,
/// "panels of -1 columns; ...", for a negative number.
llvm::FailureOr<int64_t> getNumberOrTarget(mlir::Operation *op, int64_t option,
                                           llvm::StringRef key,
                                           int64_t otherwise,
                                           llvm::StringRef what,
                                           llvm::StringRef unit);

/// The fusions that run.
struct FusionLevel {
  bool dispatch, epilogue;
};

/// The level named `level`, or the target's where that is empty; a diagnostic
/// where there is none of that name.
llvm::FailureOr<FusionLevel> getFusionLevel(mlir::Operation *op,
                                            llvm::StringRef level);

} // namespace hashc

#endif // HASHC_PASSES_STRUCTURED_H
