//===- Tasks.h - How kernels are cut into tasks -----------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_CODEGEN_CPU_TASKS_H
#define HASHC_CODEGEN_CPU_TASKS_H

#include "mlir/IR/Operation.h"

#include <cstdint>

namespace hashc::cpu {

/// Tasks of a structured op or a library call on buffers. Follows from shapes
/// and `hash.target` only, so that results do not depend on threads.
int64_t getNumTasks(mlir::Operation *op);

} // namespace hashc::cpu

#endif // HASHC_CODEGEN_CPU_TASKS_H
