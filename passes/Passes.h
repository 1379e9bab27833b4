//===- Passes.h - hashc's passes and pipelines ------------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_PASSES_PASSES_H
#define HASHC_PASSES_PASSES_H

#include "dialect/Hash.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

#include <functional>

namespace hashc {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "passes/Passes.h.inc"

/// What outlining asks of a back end about an op on buffers: how many tasks it
/// is cut into, and its floating-point operations and bytes.
struct KernelQueries {
  std::function<int64_t(mlir::Operation *)> tasks;
  std::function<std::pair<int64_t, int64_t>(mlir::Operation *)> cost;
};

/// hash-outline-kernels for a back end; without one every kernel is one task.
std::unique_ptr<mlir::Pass> createOutlineKernels(KernelQueries queries);

/// Appends the passes from the frontend's module to the training step:
/// differentiate, derive the entry points, hoist the routing (--emit=step).
void buildStepPipeline(mlir::OpPassManager &pm);

/// Appends generalisation, recomputation and fusion (--emit=fused). Which
/// fusions run follows from the module's `hash.target` (`fuse`).
void buildFusionPipeline(mlir::OpPassManager &pm);

/// Appends the passes from tensors to launches of kernels on buffers; with
/// `reuse`, values share memory.
void buildMemoryPipeline(mlir::OpPassManager &pm, KernelQueries queries,
                         bool reuse = true);

/// Registers the first two as `hash-step-pipeline` and `hash-fusion-pipeline`.
void registerHashPipelines();

} // namespace hashc

#endif // HASHC_PASSES_PASSES_H
