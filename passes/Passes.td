//===- Passes.td - hashc's passes -------------------------*- tablegen -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASH_PASSES_TD
#define HASH_PASSES_TD

include "mlir/Pass/PassBase.td"

#endif // HASH_PASSES_TD
