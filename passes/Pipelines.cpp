//===- Pipelines.cpp - The order of the passes ----------------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

namespace hashc {

void buildStepPipeline(OpPassManager &pm) {
  pm.addPass(createDeriveEval());
  pm.addPass(createDeriveDecode());
  pm.addPass(createDifferentiate());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  pm.addPass(createHoistRouting());
  pm.addPass(createFinishStage({"step"}));
  pm.addPass(createVerifyStage({"step"}));
}

void buildFusionPipeline(OpPassManager &pm) {
  pm.addNestedPass<func::FuncOp>(createGeneralize());
  pm.addNestedPass<func::FuncOp>(createRecompute());
  pm.addNestedPass<func::FuncOp>(createFuseDispatch());
  pm.addNestedPass<func::FuncOp>(createFuseEpilogue());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  pm.addPass(createFinishStage({"fused"}));
  pm.addPass(createVerifyStage({"fused"}));
}

void buildMemoryPipeline(OpPassManager &pm, KernelQueries queries, bool reuse) {
  pm.addPass(createSelectLayouts());
  pm.addPass(createNarrowProducts());
  pm.addPass(createSplitNorm());
  pm.addPass(createPlanMemory({reuse}));
  pm.addPass(createOutlineKernels(std::move(queries)));
  pm.addPass(createVerifyStage({"kernels"}));
}

void registerHashPipelines() {
  PassPipelineRegistration<>("hash-step-pipeline",
                             "From the model to its training step",
                             buildStepPipeline);
  PassPipelineRegistration<>("hash-fusion-pipeline",
                             "From the training step to fused kernels",
                             buildFusionPipeline);
}

} // namespace hashc
