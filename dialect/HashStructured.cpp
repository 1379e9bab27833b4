//===- HashStructured.cpp - Structured ops and buffer hints --------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialect/Hash.h"
#include "dialect/HashConstraints.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;

namespace hashc::hash {

/// Parses `[position, slot]`.
static ParseResult parseRowSpaces(OpAsmParser &parser,
                                  DenseI32ArrayAttr &attr) {
  SmallVector<int32_t> spaces;
  auto parseOne = [&]() -> ParseResult {
    StringRef keyword;
    SMLoc loc = parser.getCurrentLocation();
    if (parser.parseKeyword(&keyword))
      return failure();
    std::optional<RowSpace> space = symbolizeRowSpace(keyword);
    if (!space)
      return parser.emitError(
          loc, "expected a row space: position, slot, token, group or all");
    spaces.push_back(static_cast<int32_t>(*space));
    return success();
  };
  if (parser.parseCommaSeparatedList(OpAsmParser::Delimiter::Square, parseOne))
    return failure();
  attr = parser.getBuilder().getDenseI32ArrayAttr(spaces);
  return success();
}

static void printRowSpaces(OpAsmPrinter &printer, Operation *,
                           DenseI32ArrayAttr spaces) {
  printer << '[';
  llvm::interleaveComma(spaces.asArrayRef(), printer, [&](int32_t space) {
    printer << stringifyRowSpace(static_cast<RowSpace>(space));
  });
  printer << ']';
}

int64_t EmbeddingGradOp::getTiedOperandOf(unsigned result) { return 2; }

bool RotaryOp::mayReuse(unsigned operand, unsigned result) {
  return operand == 0;
}

int64_t AttentionDecodeOp::getTiedOperandOf(unsigned result) {
  // The caches follow q, k, v, starts and index.
  return result == 0 ? -1 : 4 + static_cast<int64_t>(result);
}

bool DropoutOp::mayReuse(unsigned operand, unsigned result) {
  return operand == 0;
}

bool JitterOp::mayReuse(unsigned operand, unsigned result) {
  return operand == 0;
}

bool CrossEntropyGradOp::mayReuse(unsigned operand, unsigned result) {
  return operand == 0;
}

int64_t BalanceBiasOp::getTiedOperandOf(unsigned result) { return result; }

int64_t AdamWOp::getTiedOperandOf(unsigned result) { return result; }

/// True if read number `read` sees an element only where out number `out` then
/// writes it, so that the two may share memory.
template <typename OpTy>
static bool isReadInPlace(OpTy op, int64_t read, unsigned out) {
  if (read < 0 || read >= static_cast<int64_t>(op.getReads().size()))
    return false;
  auto from = static_cast<RowSpace>(op.getReadsAt()[read]);
  auto to = static_cast<RowSpace>(op.getOutsAt()[out]);
  if (from == RowSpace::all || from == RowSpace::group)
    return false;
  bool sameRows = from == to || !op.getPlan();
  return sameRows &&
         op.getReads()[read].getType() == op.getInits()[out].getType();
}

bool GroupedGemmOp::mayReuse(unsigned operand, unsigned result) {
  return isReadInPlace(
      *this, int64_t(operand) - getReads().getBeginOperandIndex(), result);
}

bool GroupedOuterOp::mayReuse(unsigned operand, unsigned result) {
  return false;
}

bool MapOp::mayReuse(unsigned operand, unsigned result) {
  return isReadInPlace(
      *this, int64_t(operand) - getReads().getBeginOperandIndex(), result);
}

/// On buffers, the outs are updated and all else is read.
static void
addBufferEffects(Operation *op, OperandRange inits,
                 SmallVectorImpl<MemoryEffects::EffectInstance> &effects) {
  unsigned firstInit = inits.getBeginOperandIndex();
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isa<MemRefType>(operand.get().getType()))
      continue;
    effects.emplace_back(MemoryEffects::Read::get(), &operand);
    if (operand.getOperandNumber() >= firstInit)
      effects.emplace_back(MemoryEffects::Write::get(), &operand);
  }
}

void LibraryCallOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  for (OpOperand &operand : getInsMutable())
    effects.emplace_back(MemoryEffects::Read::get(), &operand);
  for (OpOperand &operand : getOutsMutable()) {
    effects.emplace_back(MemoryEffects::Read::get(), &operand);
    effects.emplace_back(MemoryEffects::Write::get(), &operand);
  }
}

} // namespace hashc::hash

#define GET_OP_CLASSES
#include "dialect/HashOps.cpp.inc"
