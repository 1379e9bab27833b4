//===- Operands.h - Plans, rows and bodies of structured ops ----*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_CODEGEN_CPU_OPERANDS_H
#define HASHC_CODEGEN_CPU_OPERANDS_H

#include "codegen/cpu/Emitter.h"
#include "dialect/Hash.h"

namespace hashc::cpu {

/// A row of every row space; without a plan they are one.
struct RowIndex {
  mlir::Value position, slot, token, group;
  mlir::Value in(hash::RowSpace space) const;
};

/// The buffer of a plan, or no plan: every row in one group.
class PlanBuffer {
public:
  PlanBuffer(Emitter &e, mlir::Value buffer, hash::PlanType type);

  bool exists() const { return bool(base); }
  /// The position at which a group's rows start; of group `groups`, the
  /// number of live rows.
  mlir::Value offset(Emitter &e, mlir::Value group) const;
  mlir::Value liveRows(Emitter &e) const;
  RowIndex rowAt(Emitter &e, mlir::Value position, mlir::Value group) const;

private:
  mlir::Value word(Emitter &e, mlir::Value index) const;
  mlir::Value base;
  hash::PlanType type;
};

/// A read or a result of a structured op: a value for every row and column,
/// every row, every column, or one for all.
class RowOperand {
public:
  RowOperand(Emitter &e, mlir::Value buffer, hash::RowSpace space);

  mlir::Value address(Emitter &e, const RowIndex &row,
                      mlir::Value column) const;
  /// The elements from `column` on, as `type`.
  mlir::Value load(Emitter &e, const RowIndex &row, mlir::Value column,
                   mlir::VectorType type, mlir::Value mask) const;
  void store(Emitter &e, mlir::Value value, const RowIndex &row,
             mlir::Value column, mlir::Value mask) const;

private:
  mlir::Value base;
  mlir::MemRefType type;
  hash::RowSpace space;
  int64_t columns;
  bool single, perColumn, perRow;
};

/// The body on vectors: `arguments` in, yielded values out. Lanes outside
/// `mask` hold anything and must not trap.
llvm::SmallVector<mlir::Value> emitBody(Emitter &e, mlir::Block &body,
                                        mlir::ValueRange arguments,
                                        int64_t lanes, mlir::Value mask);

/// The module's declaration of a function, made where it is missing.
void declareFunction(Emitter &e, llvm::StringRef name, mlir::FunctionType type);

} // namespace hashc::cpu

#endif // HASHC_CODEGEN_CPU_OPERANDS_H
