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
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace hashc {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "passes/Passes.h.inc"

/// Appends the passes from the frontend's module to the training step:
/// differentiate, derive the entry points, hoist the routing (--emit=step).
void buildStepPipeline(mlir::OpPassManager &pm);

/// Appends generalisation, recomputation and fusion (--emit=fused). Which
/// fusions run follows from the module's `hash.target` (`fuse`).
void buildFusionPipeline(mlir::OpPassManager &pm);

/// Registers both as `hash-step-pipeline` and `hash-fusion-pipeline`.
void registerHashPipelines();

} // namespace hashc

#endif // HASHC_PASSES_PASSES_H
