//===- FinishStage.cpp - Marks the end of a stage -------------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/EntryPoints.h"
#include "passes/Passes.h"

namespace hashc {
#define GEN_PASS_DEF_FINISHSTAGE
#include "passes/Passes.h.inc"

using namespace mlir;

namespace {

class FinishStage final : public impl::FinishStageBase<FinishStage> {
  using FinishStageBase::FinishStageBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    if (failed(checkStage(module, stage)))
      return signalPassFailure();
    // The entry points were derived from it, and nothing calls it.
    if (auto forward = module.lookupSymbol<func::FuncOp>("forward");
        forward && stage == "step")
      forward.erase();
    module->setAttr(hash::HashDialect::kStageAttr,
                    StringAttr::get(&getContext(), stage));
  }
};

} // namespace
} // namespace hashc
