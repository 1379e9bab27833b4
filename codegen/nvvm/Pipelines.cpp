//===- Pipelines.cpp - The passes of the GPU back end ---------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/nvvm/Nvvm.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"

using namespace mlir;

namespace hashc::nvvm {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "codegen/nvvm/GpuPasses.h.inc"

void buildTilePipeline(OpPassManager &pm) { pm.addPass(createGpuLowerTiles()); }

void buildBlockPipeline(OpPassManager &pm) { pm.addPass(createGpuUseBlocks()); }

void registerGpuPasses() { registerHashGpuPasses(); }

} // namespace hashc::nvvm
