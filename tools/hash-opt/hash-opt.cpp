//===- hash-opt.cpp - Runs passes on hash dialect files -------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialect/Registration.h"
#include "tools/KernelPipeline.h"

#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"

namespace {
struct KernelStageOptions : mlir::PassPipelineOptions<KernelStageOptions> {
  Option<bool> reuse{*this, "reuse", llvm::cl::init(true),
                     llvm::cl::desc("Let values share memory")};
};
} // namespace

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  hashc::registerDialects(registry);
  mlir::registerTransformsPasses();
  hashc::registerHashPasses();
  hashc::registerHashPipelines();
  hashc::cpu::registerCpuPasses();
  hashc::nvvm::registerGpuPasses();
  mlir::PassPipelineRegistration<KernelStageOptions>(
      "hash-cpu-stage-pipeline",
      "From the fused stage to the CPU's kernels (hashc --emit=kernels)",
      [](mlir::OpPassManager &passes, const KernelStageOptions &options) {
        hashc::buildKernelStage(passes, options.reuse);
      });
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "hashc's optimizer driver\n", registry));
}
