//===- HashLookup.cpp - Rows of large tables, by key ----------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialect/Hash.h"
#include "dialect/HashConstraints.h"

#include "mlir/IR/TypeUtilities.h"

using namespace mlir;

namespace hashc::hash {

bool LookupOp::readsRowsOf(unsigned operand) {
  return operand >= getKeys().size();
}

void LookupOp::addRowGradient(OpBuilder &builder, ValueRange resultCotangents,
                              unsigned operand, RowGradient &sum) {
  unsigned head = operand - getKeys().size();
  int64_t column = countFeatures(getTables().take_front(head));
  Value keys = getKeys()[head];
  Type stream = keys.getType();
  auto offsets =
      RankedTensorType::get({getRows(keys) + 1}, getElementTypeOrSelf(stream));
  auto segments =
      SegmentsOp::create(builder, getLoc(), stream, offsets, stream, keys);
  auto merged = MergeKeysOp::create(builder, getLoc(), sum.keys.getType(),
                                    stream, sum.keys, segments.getUnique());
  sum.keys = merged.getNewKeys();
  sum.rows = LookupGradOp::create(builder, getLoc(), sum.rows.getType(),
                                  segments.getOffsets(), segments.getOrder(),
                                  merged.getSlots(), resultCotangents[0],
                                  sum.rows, column);
}

int64_t MergeKeysOp::getTiedOperandOf(unsigned result) {
  return result == 0 ? 0 : -1;
}

int64_t LookupGradOp::getTiedOperandOf(unsigned result) { return 4; }

int64_t RowwiseAdagradOp::getTiedOperandOf(unsigned result) { return result; }

} // namespace hashc::hash
