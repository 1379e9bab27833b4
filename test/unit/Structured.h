//===- Structured.h - A reference for kernels of structured ops -*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_TEST_UNIT_STRUCTURED_H
#define HASHC_TEST_UNIT_STRUCTURED_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Operation.h"

#include <cstdint>
#include <vector>

namespace hashc::test {

/// A buffer with elements of an MLIR type.
struct Buffer {
  mlir::Type element;
  std::vector<int64_t> shape;
  std::vector<uint8_t> bytes;

  Buffer(mlir::MemRefType type);
  int64_t size() const;
  double getFloat(int64_t i) const;
  void setFloat(int64_t i, double value);
  int64_t getInt(int64_t i) const;
  void setInt(int64_t i, int64_t value);
};

/// Runs a structured op on buffers by its definition, one element after the
/// other, in the arithmetic that the kernels promise: products are chains of
/// fused multiply-adds in the compute type. `buffers` are those of the block
/// arguments that the op's operands are, by number.
void interpret(mlir::Operation *op, std::vector<Buffer> &buffers);

} // namespace hashc::test

#endif // HASHC_TEST_UNIT_STRUCTURED_H
