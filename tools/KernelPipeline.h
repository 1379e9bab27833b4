//===- KernelPipeline.h - From the fused stage to kernels -------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_TOOLS_KERNELPIPELINE_H
#define HASHC_TOOLS_KERNELPIPELINE_H

#include "codegen/common/KernelCost.h"
#include "codegen/cpu/Cpu.h"
#include "codegen/nvvm/Nvvm.h"
#include "codegen/nvvm/TileChoice.h"
#include "passes/Passes.h"

namespace hashc {

/// The passes of the kernels stage: memory and outlining, which know no target,
/// with the target's tasks, then its lowering of each kernel. What blocks of a
/// GPU have no tiles for, its threads do as the CPU's would.
inline void buildKernelStage(mlir::OpPassManager &passes, bool reuse) {
  auto cost = [](mlir::Operation *op) {
    KernelCost cost = getKernelCost(op);
    return std::pair(cost.flops, cost.bytes);
  };
  buildMemoryPipeline(passes, {nvvm::getNumTasks, cost}, reuse);
  nvvm::buildTilePipeline(passes);
  cpu::buildKernelPipeline(passes);
  nvvm::buildBlockPipeline(passes);
  passes.addPass(createFinishStage({"kernels"}));
}

} // namespace hashc

#endif // HASHC_TOOLS_KERNELPIPELINE_H
