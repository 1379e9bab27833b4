//===- LaunchShape.h - How the tasks of a kernel become blocks --*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_CODEGEN_NVVM_LAUNCHSHAPE_H
#define HASHC_CODEGEN_NVVM_LAUNCHSHAPE_H

#include "runtime/engine/Abi.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/IR/Function.h"

#include <string>

namespace hashc::nvvm {

/// Blocks of so many threads, each of which runs so many tasks: as many as
/// threads, where a thread runs one alone, or one, where all work on it.
struct LaunchShape {
  int64_t threads = 128, tasksPerBlock = 128;
  /// Blocks that a multiprocessor runs at once, at least: it bounds registers.
  /// 0: ptxas may choose, and may spill for the sake of more blocks.
  int64_t blocksAtOnce = 0;
  /// Shared memory that the launch gives each block, beside what the kernel
  /// declares, of which there are at most 48 KiB.
  int64_t sharedBytes = 0;
  /// A map of each is a parameter of the kernel, after the buffers.
  llvm::SmallVector<HashBoxedMatrix> boxed = {};
};

/// The function that stands in a kernel for the address of map `i`, which the
/// kernel has not until it is one for a GPU.
std::string getMapName(llvm::StringRef kernel, size_t i);

/// Notes it on a kernel; it stays on the function of LLVM that comes of it.
void setLaunchShape(mlir::func::FuncOp kernel, const LaunchShape &shape);
void setLaunchShape(llvm::Function &kernel, const LaunchShape &shape);

/// What was noted; else a task for each thread.
LaunchShape getLaunchShape(const llvm::Function &kernel);

} // namespace hashc::nvvm

#endif // HASHC_CODEGEN_NVVM_LAUNCHSHAPE_H
