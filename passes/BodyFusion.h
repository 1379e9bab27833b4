//===- BodyFusion.h - Two structured ops made one ---------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_PASSES_BODYFUSION_H
#define HASHC_PASSES_BODYFUSION_H

#include "passes/Structured.h"

#include "mlir/Support/LLVM.h"

namespace hashc {

/// The fused op, or why there is none.
template <typename OpTy> struct Fusion {
  OpTy op;
  llvm::StringRef obstacle;

  Fusion(OpTy op) : op(op) {}
  Fusion(const char *obstacle) : obstacle(obstacle) {}
  explicit operator bool() { return bool(op); }
};

/// Computes what `producer` makes inside `consumer`, which reads it. Replaces
/// the consumer; the producer stays where others read it.
Fusion<hash::MapOp> fuseMaps(hash::MapOp producer, hash::MapOp consumer);

/// Computes `consumer`, which reads results of `producer`, as the product's
/// body. Replaces both.
Fusion<hash::GroupedGemmOp> fuseIntoGemm(hash::GroupedGemmOp producer,
                                         hash::MapOp consumer);

/// True if the map's body only passes its read on.
bool isCopy(hash::MapOp map);

} // namespace hashc

#endif // HASHC_PASSES_BODYFUSION_H
