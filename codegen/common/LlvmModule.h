//===- LlvmModule.h - What back ends do with LLVM IR ------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_CODEGEN_COMMON_LLVMMODULE_H
#define HASHC_CODEGEN_COMMON_LLVMMODULE_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/PassManager.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBufferRef.h"
#include "llvm/Target/TargetMachine.h"

namespace hashc {

/// LLVM IR of a module in the LLVM dialect, for the machine.
llvm::Expected<std::unique_ptr<llvm::Module>>
translateToLlvm(mlir::ModuleOp module, llvm::LLVMContext &context,
                const llvm::TargetMachine &machine);

/// Links what the module uses of a kernel library's bitcode.
llvm::Error linkLibrary(llvm::Module &module, llvm::MemoryBufferRef bitcode);

/// Runs LLVM's O3 for the machine.
void optimize(llvm::Module &module, llvm::TargetMachine &machine);

/// Makes loads and stores with a mask branches, whatever a machine has.
void scalarizeMasks(llvm::Module &module);

/// Hides the module's own data.
void hideGlobals(llvm::Module &module);

} // namespace hashc

#endif // HASHC_CODEGEN_COMMON_LLVMMODULE_H
