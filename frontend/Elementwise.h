//===- Elementwise.h - Functions of one number ------------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_FRONTEND_ELEMENTWISE_H
#define HASHC_FRONTEND_ELEMENTWISE_H

#include "mlir/IR/Value.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

namespace hashc::frontend {

class Formula;

/// `gelu` and the like: of a number at compile time, and as ops of a tensor.
struct UnaryFunction {
  llvm::StringLiteral name;
  double (*compute)(double);
  mlir::Value (*emit)(Formula &, mlir::Value);
};

llvm::ArrayRef<UnaryFunction> getUnaryFunctions();

} // namespace hashc::frontend

#endif // HASHC_FRONTEND_ELEMENTWISE_H
