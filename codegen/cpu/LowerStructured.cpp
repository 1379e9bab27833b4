//===- LowerStructured.cpp - Structured ops in kernels to loops -----------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/LibraryKernels.h"
#include "codegen/cpu/Lower.h"
#include "codegen/cpu/Tasks.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Pass/Pass.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace hashc::cpu {

#define GEN_PASS_DEF_CPULOWERSTRUCTURED
#include "codegen/cpu/CpuPasses.h.inc"

int64_t getNumTasks(Operation *op) {
  CpuTarget target = getTargetAttributes(op->getParentOfType<ModuleOp>());
  return TypeSwitch<Operation *, int64_t>(op)
      .Case([&](hash::GroupedGemmOp gemm) {
        return GemmSchedule(gemm, target).tasks();
      })
      .Case([&](hash::GroupedOuterOp outer) {
        return OuterSchedule(outer, target).tasks();
      })
      .Case([&](hash::MapOp map) { return MapSchedule(map, target).tasks(); })
      .Case([](hash::LibraryCallOp call) { return getNumLibraryTasks(call); })
      .Default([](Operation *) { return 1; });
}

/// Vectors of a row must not straddle panels.
static LogicalResult checkPanels(Operation *op, const CpuTarget &target) {
  auto check = [&](Value value, bool grouped) -> LogicalResult {
    auto type = cast<MemRefType>(value.getType());
    int64_t lanes = target.vectorBytes * 8 / type.getElementTypeBitWidth();
    if (type.getRank() < (grouped ? 4 : 3) ||
        type.getShape().back() % lanes == 0)
      return success();
    return op->emitError() << "panels of " << type.getShape().back()
                           << " columns are not made of whole vectors of "
                           << lanes << "; change `panel` in hash.target";
  };
  if (auto gemm = dyn_cast<hash::GroupedGemmOp>(op))
    for (Value rhs : gemm.getRhs())
      if (failed(check(rhs, bool(gemm.getPlan()))))
        return failure();
  if (auto outer = dyn_cast<hash::GroupedOuterOp>(op))
    for (Value init : outer.getInits())
      if (failed(check(init, bool(outer.getPlan()))))
        return failure();
  return success();
}

namespace {
struct CpuLowerStructured : impl::CpuLowerStructuredBase<CpuLowerStructured> {
  void runOnOperation() override {
    CpuTarget target = getTargetAttributes(getOperation());
    SmallVector<Operation *> ops;
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (function->hasAttr("hash.kernel"))
        for (Operation &op : function.getOps())
          if (isa<hash::GroupedGemmOp, hash::GroupedOuterOp, hash::MapOp>(op))
            ops.push_back(&op);
    for (Operation *op : ops) {
      if (failed(checkPanels(op, target)))
        return signalPassFailure();
      lower(op, target);
    }
  }

  void lower(Operation *op, const CpuTarget &target) {
    auto function = op->getParentOfType<func::FuncOp>();
    Emitter e(op->getLoc(), OpBuilder(op), target.vectorBytes);
    Value task = arith::IndexCastOp::create(e, e.i64, function.getArgument(0));
    if (auto gemm = dyn_cast<hash::GroupedGemmOp>(op))
      lowerGemm(e, gemm, task, target);
    else if (auto outer = dyn_cast<hash::GroupedOuterOp>(op))
      lowerOuter(e, outer, task, target);
    else
      lowerMap(e, cast<hash::MapOp>(op), task, target);
    op->erase();
  }
};
} // namespace

} // namespace hashc::cpu
