//===- Simulate.h - From a GPU's IR to the simulator's ----------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_CODEGEN_NVVM_SIMULATE_H
#define HASHC_CODEGEN_NVVM_SIMULATE_H

#include "runtime/simulator/SimulatedKernel.h"

#include "llvm/IR/Module.h"
#include "llvm/Support/Error.h"
#include "llvm/Target/TargetMachine.h"

namespace hashc::nvvm {

/// The table of HashSimulatedKernel that a translated module has.
constexpr llvm::StringLiteral kKernelTable = "hash_sim_kernels";

/// Of the kernel library: it tells the CPU of an index that is none
/// (nvvm/kernels/Report.cpp).
constexpr llvm::StringLiteral kErrorFunction = "hash_rt_error";

/// Turns optimized LLVM IR for NVPTX, the very input of its code generator,
/// into IR for this machine: NVVM intrinsics and inline assembly become calls
/// of the simulator (runtime/simulator), and so does whatever touches memory
/// that other threads can see. An instruction that the simulator does not know
/// is an error that names it and its place.
llvm::Error simulate(llvm::Module &module, llvm::TargetMachine &host);

} // namespace hashc::nvvm

#endif // HASHC_CODEGEN_NVVM_SIMULATE_H
