//===- EncodeEntry.cpp - What is computed before decoding -----------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/EncodeEntry.h"

#include "mlir/Analysis/SliceAnalysis.h"

using namespace mlir;

namespace hashc {

Type EncodeEntry::keep(Operation *reader, Value value, hash::ArgAttr role) {
  kept.push_back({reader, value, role});
  return resizeRows(value.getType(), source.rows, source.window);
}

/// Parameters and tables as they are, and one window of the source's streams.
void EncodeEntry::addArguments(EntryBuilder &entry) {
  for (BlockArgument argument : forward.getArguments()) {
    hash::ArgAttr role = getRole(forward, argument);
    hash::ArgKind kind = role.getKind();
    bool isSource =
        role.getName() && role.getName() == source.name &&
        (kind == hash::ArgKind::tokens || kind == hash::ArgKind::starts);
    if (!isSource && kind != hash::ArgKind::param &&
        kind != hash::ArgKind::table)
      continue;
    Type type = argument.getType();
    if (isSource) {
      rows.insert(argument);
      type = resizeRows(type, source.rows, source.window);
    }
    mapping.map(argument, entry.addArgument(type, role, argument.getLoc()));
  }
}

LogicalResult EncodeEntry::checkIsKnown(Operation *op, Value value) {
  if (mapping.contains(value))
    return success();
  // All that was computed before is there: what is not, is an argument.
  hash::ArgAttr role = getRole(forward, cast<BlockArgument>(value));
  return op->emitError("cannot be computed before the first token is decoded: "
                       "it reads the ")
         << hash::stringifyArgKind(role.getKind())
         << " of what is decoded, or of training";
}

LogicalResult EncodeEntry::clone(EntryBuilder &entry, Operation *op) {
  OpBuilder &builder = entry.getBuilder();
  if (auto training = dyn_cast<hash::TrainingOnlyOpInterface>(op)) {
    // As in evaluation.
    Value input = op->getOperand(0), result = op->getResult(0);
    mapping.map(result,
                training.buildInference(builder, mapping.lookup(input)));
    if (rows.contains(input))
      rows.insert(result);
    return success();
  }
  auto decodable = dyn_cast<hash::DecodableOpInterface>(op);
  bool hasRows = (decodable && decodable.makesRows()) ||
                 isConstantStream(op, source.rows) ||
                 llvm::any_of(op->getOperands(),
                              [&](Value v) { return rows.contains(v); });
  IRMapping operands;
  for (Value operand : op->getOperands()) {
    if (failed(checkIsKnown(op, operand)))
      return failure();
    Value value = mapping.lookup(operand);
    auto constant = operand.getDefiningOp<arith::ConstantOp>();
    if (Value resized =
            constant && hasRows
                ? resizeConstant(builder, constant, source.rows, source.window)
                : Value())
      value = resized;
    operands.map(operand, value);
  }
  Operation *copy = builder.clone(*op, operands);
  for (auto [before, after] : llvm::zip(op->getResults(), copy->getResults())) {
    if (hasRows) {
      after.setType(resizeRows(before.getType(), source.rows, source.window));
      rows.insert(before);
    }
    mapping.map(before, after);
  }
  return success();
}

LogicalResult EncodeEntry::finish() {
  if (kept.empty())
    return success();
  EntryBuilder entry(module, "encode", forward.getLoc());
  addArguments(entry);
  SetVector<Operation *> slice;
  BackwardSliceOptions options;
  options.omitBlockArguments = true;
  options.inclusive = true;
  for (const Kept &value : kept)
    if (failed(getBackwardSlice(value.value, &slice, options)))
      return failure();
  for (Operation &op : forward.getBody().front().without_terminator())
    if (slice.contains(&op) && failed(clone(entry, &op)))
      return failure();
  for (const Kept &value : kept) {
    if (failed(checkIsKnown(value.reader, value.value)))
      return failure();
    entry.addResult(mapping.lookup(value.value), value.role);
  }
  eraseUnusedArguments(entry.finish());
  return success();
}

} // namespace hashc
