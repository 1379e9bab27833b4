//===- Lower.cpp - What the lowerings of structured ops share -------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/Lower.h"

using namespace mlir;

namespace hashc::cpu {

SmallVector<RowOperand> getRowOperands(Emitter &e, ValueRange reads,
                                       ArrayRef<int32_t> readsAt,
                                       ValueRange inits,
                                       ArrayRef<int32_t> initsAt) {
  SmallVector<RowOperand> operands;
  for (auto [value, space] : llvm::zip_equal(reads, readsAt))
    operands.emplace_back(e, value, static_cast<hash::RowSpace>(space));
  for (auto [value, space] : llvm::zip_equal(inits, initsAt))
    operands.emplace_back(e, value, static_cast<hash::RowSpace>(space));
  return operands;
}

void emitBodyAt(Emitter &e, Block &body, ValueRange sums,
                ArrayRef<RowOperand> operands, const RowIndex &row,
                Value column, int64_t lanes, Value mask) {
  SmallVector<Value> arguments(sums);
  for (const RowOperand &operand : operands) {
    BlockArgument argument = body.getArgument(arguments.size());
    auto type = VectorType::get({lanes}, argument.getType());
    // Most inits are only written to.
    arguments.push_back(argument.use_empty()
                            ? e.zero(type)
                            : operand.load(e, row, column, type, mask));
  }
  SmallVector<Value> results = emitBody(e, body, arguments, lanes, mask);
  for (auto [value, out] :
       llvm::zip_equal(results, operands.take_back(results.size())))
    out.store(e, value, row, column, mask);
}

void forEachVector(Emitter &e, Value from, Value to, int64_t total,
                   int64_t lanes, llvm::function_ref<void(Value, Value)> fn) {
  e.loop(from, to, lanes, [&](Value column) {
    Value mask;
    if (total % lanes != 0)
      mask = e.firstLanes(lanes, e.sub(to, column));
    fn(column, mask);
  });
}

void clearRow(Emitter &e, ArrayRef<RowOperand> outs, Block &body,
              const RowIndex &row, Value from, Value to, int64_t columns,
              int64_t lanes) {
  forEachVector(e, from, to, columns, lanes, [&](Value column, Value mask) {
    for (auto [out, yielded] :
         llvm::zip_equal(outs, body.getTerminator()->getOperands())) {
      auto type = VectorType::get({lanes}, yielded.getType());
      out.store(e, e.zero(type), row, column, mask);
    }
  });
}

} // namespace hashc::cpu
