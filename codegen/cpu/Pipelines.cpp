//===- Pipelines.cpp - The passes of the CPU back end ---------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/Cpu.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

namespace hashc::cpu {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "codegen/cpu/CpuPasses.h.inc"

void buildKernelPipeline(OpPassManager &pm) {
  pm.addPass(createCpuLowerStructured());
  pm.addPass(createCpuLowerLibraryCalls());
  pm.addNestedPass<func::FuncOp>(createCSEPass());
}

void buildLlvmPipeline(OpPassManager &pm) {
  pm.addPass(arith::createArithExpandOpsPass());
  pm.addPass(createSCFToControlFlowPass());
  pm.addPass(createConvertVectorToLLVMPass());
  pm.addPass(createCpuToLlvm());
  pm.addPass(createReconcileUnrealizedCastsPass());
}

void registerCpuPasses() {
  registerHashCpuPasses();
  // Upstream's, so that hash-opt can run what a reproducer names.
  arith::registerArithExpandOpsPass();
  registerSCFToControlFlowPass();
  registerConvertVectorToLLVMPass();
  registerReconcileUnrealizedCastsPass();
  PassPipelineRegistration<>("hash-cpu-kernel-pipeline",
                             "From outlined kernels to loops over vectors",
                             buildKernelPipeline);
  PassPipelineRegistration<>("hash-cpu-llvm-pipeline",
                             "From loops over vectors to the LLVM dialect",
                             buildLlvmPipeline);
}

} // namespace hashc::cpu
