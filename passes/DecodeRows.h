//===- DecodeRows.h - From the rows of a batch to those of a window -*- C++
//-*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_PASSES_DECODEROWS_H
#define HASHC_PASSES_DECODEROWS_H

#include "passes/EntryPoints.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

namespace hashc {

/// One of a model's inputs: how many rows a batch and a window have.
struct InputRows {
  llvm::StringRef name; // empty where there is one input
  int64_t rows = 0, window = 0;
};

/// The inputs as hash.model and the arguments of @forward have them. The last
/// one is decoded. Fails, with a diagnostic, where the two do not fit.
mlir::FailureOr<llvm::SmallVector<InputRows>>
readInputs(mlir::ModuleOp module, mlir::func::FuncOp forward);

/// `type`, whose rows come from `from` rows of an input, for `to` of them.
mlir::Type resizeRows(mlir::Type type, int64_t from, int64_t to);

/// A constant that has as many rows, resized; null for any other.
mlir::Value resizeConstant(mlir::OpBuilder &builder,
                           mlir::arith::ConstantOp constant, int64_t from,
                           int64_t to);

/// True for what is computed of constants alone for every row: the number of a
/// router that always gives the same expert.
bool isConstantStream(mlir::Operation *op, int64_t rows);

} // namespace hashc

#endif // HASHC_PASSES_DECODEROWS_H
