//===- Lower.h - Structured ops to loops, one op a kernel -------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_CODEGEN_CPU_LOWER_H
#define HASHC_CODEGEN_CPU_LOWER_H

#include "codegen/cpu/Emitter.h"
#include "codegen/cpu/Operands.h"
#include "codegen/cpu/Schedule.h"

namespace hashc::cpu {

/// Each emits the code of task `task` before the op; the op is left to erase.
void lowerGemm(Emitter &e, hash::GroupedGemmOp op, mlir::Value task,
               const CpuTarget &target);
void lowerOuter(Emitter &e, hash::GroupedOuterOp op, mlir::Value task,
                const CpuTarget &target);
void lowerMap(Emitter &e, hash::MapOp op, mlir::Value task,
              const CpuTarget &target);

/// The operands of a structured op that its body reads and writes: reads,
/// then inits, each with its row space.
llvm::SmallVector<RowOperand> getRowOperands(Emitter &e, mlir::ValueRange reads,
                                             llvm::ArrayRef<int32_t> readsAt,
                                             mlir::ValueRange inits,
                                             llvm::ArrayRef<int32_t> initsAt);

/// Runs the body on one vector of elements: `sums`, then what `operands` hold
/// at (row, column) go in, the yielded values go to the last operands.
void emitBodyAt(Emitter &e, mlir::Block &body, mlir::ValueRange sums,
                llvm::ArrayRef<RowOperand> operands, const RowIndex &row,
                mlir::Value column, int64_t lanes, mlir::Value mask);

/// The group that block `block` of a plan's rows falls in, where each group is
/// cut into blocks of `blockRows` rows, and its number there; group `groups`
/// where the plan has fewer blocks.
std::pair<mlir::Value, mlir::Value> findGroup(Emitter &e,
                                              const PlanBuffer &plan,
                                              int64_t groups, int64_t blockRows,
                                              mlir::Value block);

/// Calls `fn(column, mask)` for every vector of `lanes` columns in
/// [from, to). `total` bounds `to`: without a rest there are no masks.
void forEachVector(Emitter &e, mlir::Value from, mlir::Value to, int64_t total,
                   int64_t lanes,
                   llvm::function_ref<void(mlir::Value, mlir::Value)> fn);

/// Writes zeros to `outs` at `row`, columns [from, to).
void clearRow(Emitter &e, llvm::ArrayRef<RowOperand> outs, mlir::Block &body,
              const RowIndex &row, mlir::Value from, mlir::Value to,
              int64_t columns, int64_t lanes);

} // namespace hashc::cpu

#endif // HASHC_CODEGEN_CPU_LOWER_H
