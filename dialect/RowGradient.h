//===- RowGradient.h - The gradient of a table that is read by rows -*- C++
//-*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_DIALECT_ROWGRADIENT_H
#define HASHC_DIALECT_ROWGRADIENT_H

#include "mlir/IR/Value.h"

namespace hashc::hash {

/// What is accumulated of the gradient of a table (HashLookupOps.td): the rows
/// that were read, and whose they are.
struct RowGradient {
  mlir::Value rows, keys;
};

} // namespace hashc::hash

#endif // HASHC_DIALECT_ROWGRADIENT_H
