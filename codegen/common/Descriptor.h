//===- Descriptor.h - What a compiled model tells its runtime ---*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_CODEGEN_COMMON_DESCRIPTOR_H
#define HASHC_CODEGEN_COMMON_DESCRIPTOR_H

#include "mlir/IR/BuiltinOps.h"

#include <string>

namespace hashc {

/// The descriptor of a module at the kernels stage, as JSON: parameters,
/// tables, routers, entry points with their arguments in call order, and every
/// launch with its cost. Launches are numbered in module order, as the code
/// does.
std::string buildDescriptor(mlir::ModuleOp module);

} // namespace hashc

#endif // HASHC_CODEGEN_COMMON_DESCRIPTOR_H
