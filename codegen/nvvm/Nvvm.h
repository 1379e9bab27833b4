//===- Nvvm.h - From kernels on buffers to code for a GPU -------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_CODEGEN_NVVM_NVVM_H
#define HASHC_CODEGEN_NVVM_NVVM_H

#include "codegen/common/ModelTables.h"
#include "codegen/cpu/Cpu.h"

namespace hashc::nvvm {

/// A GPU, as LLVM and ptxas call it.
struct GpuTarget {
  std::string chip = "sm_80"; // or sm_90a
};

/// `arch` is sm_80 or sm_90a.
llvm::Expected<GpuTarget> resolveTarget(llvm::StringRef arch);

/// The shapes with which kernels are cut for a GPU, of which a thread runs a
/// task: small ones, so that there are many.
cpu::CpuTarget getShapes();

/// Ends the name of the function that a launch names, of a kernel.
constexpr llvm::StringLiteral kTaskSuffix = ".task";

/// Appends the lowering of matrix products in outlined kernels to tiles. What
/// it leaves is lowered by cpu::buildKernelPipeline.
void buildTilePipeline(mlir::OpPassManager &pm);

/// Appends what gives library calls that cpu::buildKernelPipeline has made to
/// blocks of threads.
void buildBlockPipeline(mlir::OpPassManager &pm);

/// Registers the passes.
void registerGpuPasses();

/// Translates the kernels of a module in the LLVM dialect (after
/// cpu::buildLlvmPipeline), links the kernel library in and optimises it, for
/// the target. The functions that launch kernels are the host's and are left
/// out. A kernel `k(task, buffers...)` becomes `k(tasks, buffers...)`, of which
/// each thread runs the task of its own number, or of its block's.
llvm::Expected<std::unique_ptr<llvm::Module>>
translateAndOptimize(mlir::ModuleOp module, llvm::LLVMContext &context,
                     const GpuTarget &target);

/// Translates the entry points of a module in the LLVM dialect for this
/// machine: they launch kernels on a device. `image` holds those, in all forms.
llvm::Expected<std::unique_ptr<llvm::Module>>
translateHost(mlir::ModuleOp module, llvm::LLVMContext &context,
              llvm::StringRef descriptorJson, const DeviceImage &image);

/// Makes an optimised module of kernels one for the simulator on this machine.
llvm::Error simulate(llvm::Module &module);

/// What both are compiled for.
llvm::Expected<cpu::CpuTarget> getHostTarget();

/// Writes an optimised module as PTX.
llvm::Error emitPtx(llvm::Module &module, const GpuTarget &target,
                    llvm::raw_pwrite_stream &os);

} // namespace hashc::nvvm

#endif // HASHC_CODEGEN_NVVM_NVVM_H
