//===- Operands.cpp - Plans and rows of structured ops --------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/Operands.h"

using namespace mlir;

namespace hashc::cpu {

Value RowIndex::in(hash::RowSpace space) const {
  switch (space) {
  case hash::RowSpace::position:
    return position;
  case hash::RowSpace::slot:
    return slot;
  case hash::RowSpace::token:
    return token;
  case hash::RowSpace::group:
    return group;
  case hash::RowSpace::all:
    return {};
  }
  llvm_unreachable("unknown row space");
}

PlanBuffer::PlanBuffer(Emitter &e, Value buffer, hash::PlanType type)
    : type(type) {
  if (buffer)
    base = e.pointerTo(buffer);
}

Value PlanBuffer::word(Emitter &e, Value index) const {
  Value value = e.load(e.getI32Type(), e.address(base, index, e.getI32Type()));
  return arith::ExtSIOp::create(e, e.i64, value);
}

Value PlanBuffer::offset(Emitter &e, Value group) const {
  return word(e, group);
}

Value PlanBuffer::liveRows(Emitter &e) const {
  return word(e, e.constant(type.getGroups()));
}

RowIndex PlanBuffer::rowAt(Emitter &e, Value position, Value group) const {
  if (!exists())
    return {position, position, position, position};
  Value slot = word(e, e.add(position, type.getGroups() + 1));
  return {position, slot, e.div(slot, type.getK()), group};
}

RowOperand::RowOperand(Emitter &e, Value buffer, hash::RowSpace space)
    : base(e.pointerTo(buffer)), type(cast<MemRefType>(buffer.getType())),
      space(space) {
  single = type.getNumElements() == 1;
  perColumn = !single && space == hash::RowSpace::all;
  perRow = !single && !perColumn && type.getRank() == 1;
  columns = type.getRank() > 1 ? type.getNumElements() / type.getDimSize(0) : 1;
}

Value RowOperand::address(Emitter &e, const RowIndex &row, Value column) const {
  Type element = type.getElementType();
  if (single)
    return base;
  if (perColumn)
    return e.address(base, column, element);
  Value first = e.mul(row.in(space), columns);
  return e.address(base, perRow ? first : e.add(first, column), element);
}

Value RowOperand::load(Emitter &e, const RowIndex &row, Value column,
                       VectorType wanted, Value mask) const {
  Type element = type.getElementType();
  Value from = address(e, row, column);
  auto vector = VectorType::get(wanted.getShape(), element);
  if (!single && !perRow)
    return e.convert(e.loadVector(vector, from, mask), wanted.getElementType());
  // One element for all lanes, read as a vector of one to share conversions.
  Value one = e.loadVector(VectorType::get({1}, element), from);
  one = e.convert(one, wanted.getElementType());
  return e.splat(e.extractFirst(one), wanted);
}

void RowOperand::store(Emitter &e, Value value, const RowIndex &row,
                       Value column, Value mask) const {
  Value converted = e.convert(value, type.getElementType());
  if (single || perRow) {
    Value first = e.extractFirst(converted);
    e.storeVector(e.splat(first, VectorType::get({1}, first.getType())),
                  address(e, row, column));
    return;
  }
  e.storeVector(converted, address(e, row, column), mask);
}

} // namespace hashc::cpu
