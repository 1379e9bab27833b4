//===- VerifyStage.cpp - Checks what a stage promises ---------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/EntryPoints.h"
#include "passes/Passes.h"
#include "passes/Structured.h"

namespace hashc {
#define GEN_PASS_DEF_VERIFYSTAGE
#include "passes/Passes.h.inc"

using namespace mlir;

namespace {

/// True for the named ops that have a structured form.
bool hasStructuredForm(Operation *op) {
  if (auto combine = dyn_cast<hash::CombineOp>(op))
    return combine.hasRowPerSlot();
  return isa<hash::MatmulOp, hash::GroupedMatmulOp, hash::WeightGradOp,
             hash::DispatchOp, hash::BroadcastOp, hash::SplatOp>(op) ||
         isElementwiseOnTensors(op);
}

class VerifyStage final : public impl::VerifyStageBase<VerifyStage> {
  using VerifyStageBase::VerifyStageBase;

  void runOnOperation() override {
    if (failed(check()))
      signalPassFailure();
  }

  LogicalResult check() {
    ModuleOp module = getOperation();
    if (failed(checkStage(module, stage)))
      return failure();
    if (stage == "hash")
      return success(bool(lookupForward(module)));
    bool isWhole = true;
    for (auto function : module.getOps<func::FuncOp>()) {
      if (function.isExternal() || function.isPrivate())
        continue;
      if (!getStraightLine(function))
        return function.emitError(
            "branches; an entry point is straight-line code");
      isWhole &= succeeded(checkRoles(function));
      if (stage == "fused")
        isWhole &= succeeded(checkFused(function));
      if (stage == "kernels")
        isWhole &= succeeded(checkKernels(function));
    }
    return success(isWhole);
  }

  /// The runtime passes buffers by role.
  LogicalResult checkRoles(func::FuncOp function) {
    for (BlockArgument argument : function.getArguments())
      if (!getRole(function, argument))
        return function.emitError("argument ")
               << argument.getArgNumber()
               << " has no role: the runtime would not know what to pass";
    for (unsigned result = 0; result < function.getNumResults(); ++result)
      if (!getResultRole(function, result))
        return function.emitError("result ")
               << result
               << " has no role: the runtime would not know where it goes";
    return success();
  }

  LogicalResult checkFused(func::FuncOp function) {
    for (Operation &op : function.getBody().front())
      if (hasStructuredForm(&op))
        return op.emitError("is left in the fused stage, where it should be a "
                            "structured op (hash-generalize)");
    return success();
  }

  LogicalResult checkKernels(func::FuncOp function) {
    for (Type type : function.getArgumentTypes())
      if (!isa<MemRefType>(type))
        return function.emitError("takes a ")
               << type << " in the kernels stage, where all is in buffers";
    for (Operation &op : function.getBody().front())
      if (!isa<hash::LaunchOp, memref::ViewOp, arith::ConstantOp,
               func::ReturnOp>(op))
        return op.emitError("is left in the kernels stage, where an entry "
                            "point only launches kernels");
    return success();
  }
};

} // namespace
} // namespace hashc
