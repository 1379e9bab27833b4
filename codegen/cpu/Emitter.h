//===- Emitter.h - Loops, addresses and vectors of kernels ------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_CODEGEN_CPU_EMITTER_H
#define HASHC_CODEGEN_CPU_EMITTER_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace hashc::cpu {

/// Builds kernel code. Addresses are LLVM pointers and index arithmetic is on
/// i64, so that shared functions take any buffer whatever its shape.
class Emitter : public mlir::ImplicitLocOpBuilder {
public:
  using Value = mlir::Value;
  using Type = mlir::Type;

  Emitter(mlir::Location loc, mlir::OpBuilder builder, int64_t vectorBytes)
      : ImplicitLocOpBuilder(loc, builder), i64(getI64Type()),
        ptr(mlir::LLVM::LLVMPointerType::get(getContext())),
        vectorBytes(vectorBytes) {}

  Value constant(int64_t value);
  Value zero(Type type);

  Value add(Value a, Value b);
  Value add(Value a, int64_t b) { return add(a, constant(b)); }
  Value sub(Value a, Value b);
  Value mul(Value a, Value b);
  Value mul(Value a, int64_t b) { return mul(a, constant(b)); }
  Value div(Value a, Value b);
  Value div(Value a, int64_t b) { return div(a, constant(b)); }
  Value rem(Value a, int64_t b);
  Value ceilDiv(Value a, int64_t b) { return div(add(a, b - 1), b); }
  Value min(Value a, Value b);
  Value compare(mlir::arith::CmpIPredicate predicate, Value a, Value b);
  Value equal(Value a, Value b) {
    return compare(mlir::arith::CmpIPredicate::eq, a, b);
  }
  Value select(Value condition, int64_t a, int64_t b);
  Value falseValue();
  Value less(Value a, Value b) {
    return compare(mlir::arith::CmpIPredicate::slt, a, b);
  }

  /// The bounds of part `part` of `parts` nearly equal parts of `total`.
  std::pair<Value, Value> partition(Value part, Value parts, Value total);

  /// for (i = from; i < to; i += step) body(i)
  void loop(Value from, Value to, int64_t step,
            llvm::function_ref<void(Value)> body);
  void when(Value condition, llvm::function_ref<void()> then,
            llvm::function_ref<void()> otherwise = nullptr);

  /// The address of a buffer's first element.
  Value pointerTo(Value memref);
  /// base + offset elements.
  Value address(Value base, Value offset, Type element);
  /// Scratch of the running task, aligned for any vector; at function entry.
  Value scratch(Type element, int64_t count);

  /// Brings a cache line to the second-level cache.
  void prefetch(Value address);
  Value load(Type type, Value address);
  void store(Value value, Value address);
  /// Lanes in `mask` only (the others are zero); all where it is null.
  Value loadVector(mlir::VectorType type, Value address, Value mask = {});
  void storeVector(Value value, Value address, Value mask = {});
  /// A mask of the first `count` lanes.
  Value firstLanes(int64_t lanes, Value count);
  Value splat(Value scalar, mlir::VectorType type);
  Value extractFirst(Value vector);
  /// `count` lanes from `first` on; past the end, the last lane again.
  Value takeLanes(Value vector, int64_t first, int64_t count);

  /// The type an element is loaded and stored as: booleans are bytes, and
  /// bf16 is its bits, which every processor moves.
  Type storedType(Type element);
  int64_t bytesOf(Type element);
  /// Between stored and computed elements, on scalars or vectors.
  Value convert(Value value, Type element);
  Value narrowToBf16(Value value);

  Type i64, ptr;
  /// Bytes of a vector register of the target.
  int64_t vectorBytes;
};

} // namespace hashc::cpu

#endif // HASHC_CODEGEN_CPU_EMITTER_H
