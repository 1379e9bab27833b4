//===- Target.h - What a module is compiled for -----------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_DIALECT_TARGET_H
#define HASHC_DIALECT_TARGET_H

#include "mlir/IR/Operation.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>

namespace hashc {

/// What `hash.target` of the module that `op` is, or is in, says under `key`;
/// empty where it says nothing.
llvm::StringRef getTargetOption(mlir::Operation *op, llvm::StringRef key);
/// The number that it says, or `otherwise`.
int64_t getTargetNumber(mlir::Operation *op, llvm::StringRef key,
                        int64_t otherwise);

} // namespace hashc

#endif // HASHC_DIALECT_TARGET_H
