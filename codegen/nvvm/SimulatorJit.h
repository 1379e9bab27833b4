//===- SimulatorJit.h - Loads kernels for the simulator ---------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_CODEGEN_NVVM_SIMULATORJIT_H
#define HASHC_CODEGEN_NVVM_SIMULATORJIT_H

#include "codegen/nvvm/Simulate.h"

#include "llvm/ExecutionEngine/Orc/LLJIT.h"

namespace hashc::nvvm {

/// `simulate` for this machine.
llvm::Error simulateHere(llvm::Module &module);

/// Loads a module that `simulate` has translated into this process, where it
/// calls the simulator that is linked in. Its kernels are in kKernelTable.
llvm::Expected<std::unique_ptr<llvm::orc::LLJIT>>
loadSimulated(std::unique_ptr<llvm::Module> module,
              llvm::orc::ThreadSafeContext context);

} // namespace hashc::nvvm

#endif // HASHC_CODEGEN_NVVM_SIMULATORJIT_H
