//===- Pipelines.cpp - The order of the passes ----------------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"

using namespace mlir;

namespace hashc {

void buildStepPipeline(OpPassManager &pm) {}
void buildFusionPipeline(OpPassManager &pm) {}

void registerHashPipelines() {
  PassPipelineRegistration<>("hash-step-pipeline",
                             "From the model to its training step",
                             buildStepPipeline);
  PassPipelineRegistration<>("hash-fusion-pipeline",
                             "From the training step to fused kernels",
                             buildFusionPipeline);
}

} // namespace hashc
