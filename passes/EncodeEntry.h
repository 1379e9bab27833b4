//===- EncodeEntry.h - What is computed before decoding ---------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_PASSES_ENCODEENTRY_H
#define HASHC_PASSES_ENCODEENTRY_H

#include "passes/DecodeRows.h"

#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/DenseMap.h"

namespace hashc {

/// Writes @encode: of one window of a model's first input it computes, all rows
/// at once, what decoding reads of it again and again.
class EncodeEntry {
public:
  EncodeEntry(mlir::ModuleOp module, mlir::func::FuncOp forward,
              InputRows source)
      : module(module), forward(forward), source(source) {}

  /// Keeps `value`, which `reader` reads, under that role; gives its type for
  /// one window.
  mlir::Type keep(mlir::Operation *reader, mlir::Value value,
                  hash::ArgAttr role);
  /// Nothing is written where nothing is kept.
  llvm::LogicalResult finish();

private:
  struct Kept {
    mlir::Operation *reader;
    mlir::Value value;
    hash::ArgAttr role;
  };
  void addArguments(EntryBuilder &entry);
  llvm::LogicalResult clone(EntryBuilder &entry, mlir::Operation *op);
  llvm::LogicalResult checkIsKnown(mlir::Operation *op, mlir::Value value);

  mlir::ModuleOp module;
  mlir::func::FuncOp forward;
  InputRows source;
  llvm::SmallVector<Kept> kept;
  mlir::IRMapping mapping;
  /// What has rows of the source, and so those of a window here.
  llvm::DenseSet<mlir::Value> rows;
};

} // namespace hashc

#endif // HASHC_PASSES_ENCODEENTRY_H
