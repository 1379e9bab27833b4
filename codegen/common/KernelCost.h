//===- KernelCost.h - Arithmetic and traffic of a kernel --------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_CODEGEN_COMMON_KERNELCOST_H
#define HASHC_CODEGEN_COMMON_KERNELCOST_H

#include "mlir/IR/Operation.h"

namespace hashc {

/// What one run of a kernel costs at least: floating-point operations (a fused
/// multiply-add counts two), with every row live, and bytes read and written
/// once each.
struct KernelCost {
  int64_t flops = 0;
  int64_t bytes = 0;
};

/// The cost of a structured op or a library call on buffers.
KernelCost getKernelCost(mlir::Operation *op);

/// The part of the model a kernel belongs to, for tables of costs: ffn,
/// attention, unembedding, embedding, router, norm, loss, elementwise,
/// optimizer. `op` is the kernel's op, `path` its place in the spec.
llvm::StringRef getKernelKind(llvm::StringRef op, llvm::StringRef path);

} // namespace hashc

#endif // HASHC_CODEGEN_COMMON_KERNELCOST_H
