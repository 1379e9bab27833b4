//===- GpuProgram.h - The objects of a program for a GPU -------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_TOOLS_HASHC_GPUPROGRAM_H
#define HASHC_TOOLS_HASHC_GPUPROGRAM_H

#include "codegen/nvvm/Nvvm.h"
#include "tools/hashc/KernelUsage.h"

#include <string>

namespace hashc {

/// A program carries its kernels as PTX, which every driver can compile; as
/// machine code, where there is a ptxas; and for the simulator.
class GpuProgram {
public:
  /// `module` is in the LLVM dialect.
  GpuProgram(mlir::ModuleOp module, const nvvm::GpuTarget &target,
             llvm::StringRef descriptor)
      : module(module), target(target), descriptor(descriptor) {}

  /// Writes two objects: what runs on the CPU, with the kernels as data; and
  /// the kernels for the simulator.
  llvm::Error write(llvm::StringRef host, llvm::StringRef simulated);
  /// What the kernels take of a GPU; nothing without ptxas.
  const std::vector<KernelUsage> &getUsage() const { return usage; }

private:
  llvm::Error writePtx(llvm::Module &kernels);
  llvm::Error makeCubin();
  llvm::Error writeHost(llvm::StringRef path);

  mlir::ModuleOp module;
  const nvvm::GpuTarget &target;
  llvm::StringRef descriptor;
  std::string ptx, cubin;
  std::vector<KernelUsage> usage;
};

} // namespace hashc

#endif // HASHC_TOOLS_HASHC_GPUPROGRAM_H
