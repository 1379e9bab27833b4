//===- Registration.h - The dialects that hashc's tools know ----*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_DIALECT_REGISTRATION_H
#define HASHC_DIALECT_REGISTRATION_H

#include "mlir/IR/DialectRegistry.h"

namespace hashc {

/// The hash dialect, the upstream dialects its stages use, and the derivatives
/// of their ops.
void registerDialects(mlir::DialectRegistry &registry);

} // namespace hashc

#endif // HASHC_DIALECT_REGISTRATION_H
