//===- Decoding.h - What ops ask for to be decoded -------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_DIALECT_DECODING_H
#define HASHC_DIALECT_DECODING_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"

namespace hashc::hash {

/// The decoding step that ops build themselves into
/// (DecodableOpInterface): it computes one row of one window.
class Decoding {
public:
  virtual ~Decoding() = default;

  virtual mlir::OpBuilder &getBuilder() = 0;
  /// The number of the row in its window.
  virtual mlir::Value getIndex() = 0;
  /// The rows of `values`, operands of `op`; a value itself where it is the
  /// same for all rows. Fails, with a diagnostic, where only training has one.
  virtual mlir::FailureOr<llvm::SmallVector<mlir::Value>>
  getRows(mlir::Operation *op, mlir::ValueRange values) = 0;
  /// Says that the row of `result` is `row`.
  virtual void setRow(mlir::Value result, mlir::Value row) = 0;

  /// Computes one row as `op` computes all.
  virtual llvm::LogicalResult clone(mlir::Operation *op) = 0;

  /// What `op` keeps from call to call: a row for each of a window, like those
  /// of `rows`, under the name `name`. The op gives back what it becomes.
  virtual mlir::Value addState(mlir::Operation *op, llvm::StringRef name,
                               mlir::Value rows) = 0;
  virtual void setState(mlir::Value state, mlir::Value updated) = 0;

  /// What `op` reads of another input, whose rows are all there before the
  /// first row is decoded: those of one window, under the name `name`.
  virtual mlir::FailureOr<mlir::Value>
  getMemory(mlir::Operation *op, llvm::StringRef name, mlir::Value rows) = 0;
};

} // namespace hashc::hash

#endif // HASHC_DIALECT_DECODING_H
