//===- ModelHash.h - What makes a model the same model ----------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_CODEGEN_COMMON_MODELHASH_H
#define HASHC_CODEGEN_COMMON_MODELHASH_H

#include "mlir/IR/BuiltinOps.h"

#include <string>

namespace hashc {

/// A hash of what a module at the hash stage computes from tokens and
/// parameters: two models of one hash can use each other's weights. Batch,
/// precision, dropout, initial weights and the contents of tables do not count,
/// nor do names other than those of parameters and tables. A number of the spec
/// counts as far as bf16 holds it.
std::string hashModel(mlir::ModuleOp module);

} // namespace hashc

#endif // HASHC_CODEGEN_COMMON_MODELHASH_H
