//===- Cpu.h - From kernels on buffers to object code for a CPU -*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_CODEGEN_CPU_CPU_H
#define HASHC_CODEGEN_CPU_CPU_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"

#include <cstdint>
#include <memory>
#include <string>

namespace hashc::cpu {

/// What the code is generated for: LLVM's names of it, and the shapes that
/// follow from its registers and caches.
struct CpuTarget {
  /// LLVM's CPU name and feature list ("znver4", "+avx512f,...").
  std::string cpu, features;
  /// Bytes of a vector register: 32 (AVX2) or 64 (AVX-512).
  int64_t vectorBytes = 32;
  /// The register tile of matrix products: rows times vectors of columns.
  int64_t tileRows = 6, tileVectors = 2;
  /// Columns of a stored panel of a grouped parameter.
  int64_t panel = 16;
  /// Data caches of one core.
  int64_t l1Bytes = 32 << 10, l2Bytes = 256 << 10;
  /// Elements that make a task of elementwise work worth its launch.
  int64_t taskElements = 32 << 10;
  /// Least rows of a task that goes by rows, and columns of one that sums over
  /// rows (0: as taskElements asks), in kernels for teams (kernels/Team.h).
  int64_t teamRows = 1, teamColumns = 0;
  /// Parts in which the gradients' norm is computed at most (hash-split-norm).
  int64_t normParts = 64;
  /// Rows for each matrix from which on products with rows of bf16 read it in
  /// bf16 (hash-narrow-products); 0: never.
  int64_t narrowRows = 0;
};

/// `arch` is native, x86-64-v3 or x86-64-v4.
llvm::Expected<CpuTarget> resolveTarget(llvm::StringRef arch);

/// Writes the target's shapes into the module's `hash.target` (vector_bytes,
/// tile_rows, tile_vectors, panel, l1_bytes, l2_bytes, task_elements,
/// team_rows, team_columns, norm_parts, narrow_rows), where the passes find
/// them. Entries that are there already are the user's, and stay.
void setTargetAttributes(mlir::ModuleOp module, const CpuTarget &target);

/// The shapes in the module's `hash.target`; those of x86-64-v3 where absent.
CpuTarget getTargetAttributes(mlir::ModuleOp module);

/// Appends the lowering of outlined kernels (one structured op or library call
/// each) to loops, vectors and calls of shared functions (--emit=kernels).
void buildKernelPipeline(mlir::OpPassManager &pm);

/// Appends the lowering of the whole module to the LLVM dialect. Launches are
/// numbered in module order; the number is the kernel's id in the descriptor.
void buildLlvmPipeline(mlir::OpPassManager &pm);

/// Registers both as `hash-cpu-kernel-pipeline` and `hash-cpu-llvm-pipeline`,
/// and their passes.
void registerCpuPasses();

/// Translates a module in the LLVM dialect, links the kernel library in, adds
/// the descriptor and the table of entry points, and optimises all of it.
llvm::Expected<std::unique_ptr<llvm::Module>>
translateAndOptimize(mlir::ModuleOp module, llvm::LLVMContext &context,
                     const CpuTarget &target, llvm::StringRef descriptorJson);

/// LLVM's code generator for the target.
llvm::Expected<std::unique_ptr<llvm::TargetMachine>>
createTargetMachine(const CpuTarget &target);

/// Writes an optimised module as position-independent object code.
llvm::Error emitObject(llvm::Module &module, const CpuTarget &target,
                       llvm::raw_pwrite_stream &os);

} // namespace hashc::cpu

#endif // HASHC_CODEGEN_CPU_CPU_H
