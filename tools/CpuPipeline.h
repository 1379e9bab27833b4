//===- CpuPipeline.h - From the fused stage to the CPU's kernels -*- C++
//-*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_TOOLS_CPUPIPELINE_H
#define HASHC_TOOLS_CPUPIPELINE_H

#include "codegen/common/KernelCost.h"
#include "codegen/cpu/Cpu.h"
#include "codegen/cpu/Tasks.h"
#include "passes/Passes.h"

namespace hashc {

/// The passes of the kernels stage: memory and outlining, which know no target,
/// with the CPU's tasks, then its lowering of each kernel.
inline void buildCpuKernelStage(mlir::OpPassManager &passes, bool reuse) {
  auto cost = [](mlir::Operation *op) {
    KernelCost cost = getKernelCost(op);
    return std::pair(cost.flops, cost.bytes);
  };
  buildMemoryPipeline(passes, {cpu::getNumTasks, cost}, reuse);
  cpu::buildKernelPipeline(passes);
  passes.addPass(createFinishStage({"kernels"}));
}

} // namespace hashc

#endif // HASHC_TOOLS_CPUPIPELINE_H
