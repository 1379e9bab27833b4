//===- Structured.cpp - Building structured ops and their bodies ----------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/Structured.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;

namespace hashc {

Type getBodyType(Type type) {
  // In memory a plan is integers.
  if (isa<hash::PlanType>(type))
    return IntegerType::get(type.getContext(), 32);
  return hash::getComputeType(getElementTypeOrSelf(type));
}

Value createEmpty(OpBuilder &builder, Location location, Type type) {
  auto tensor = cast<RankedTensorType>(type);
  return tensor::EmptyOp::create(builder, location, tensor.getShape(),
                                 tensor.getElementType());
}

bool isEmpty(Value value) {
  return value.getDefiningOp<tensor::EmptyOp>() != nullptr;
}

/// Fills the body's block: one scalar argument for each of `groups`' values.
static void buildBody(OpBuilder &builder, Location location, Region &region,
                      ArrayRef<Type> argumentTypes, BodyBuilder body) {
  OpBuilder::InsertionGuard guard(builder);
  SmallVector<Location> locations(argumentTypes.size(), location);
  Block *block = builder.createBlock(&region, {}, argumentTypes, locations);
  SmallVector<Value> yielded = body(builder, block->getArguments());
  hash::YieldOp::create(builder, location, yielded);
}

static SmallVector<Type> getBodyTypes(ValueRange values) {
  return llvm::map_to_vector(values,
                             [](Value v) { return getBodyType(v.getType()); });
}

static hash::MapOp createMapOf(OpBuilder &builder, Location location,
                               TypeRange results, Value plan,
                               const SpacedOperands &reads,
                               const SpacedOperands &outs, bool zeroDead,
                               BodyBuilder body) {
  auto map = hash::MapOp::create(
      builder, location, results, plan, reads.values, outs.values,
      builder.getDenseI32ArrayAttr(reads.spaces),
      builder.getDenseI32ArrayAttr(outs.spaces),
      zeroDead ? builder.getUnitAttr() : UnitAttr(), /*plan_shape=*/TypeAttr());
  SmallVector<Type> types = getBodyTypes(reads.values);
  llvm::append_range(types, getBodyTypes(outs.values));
  buildBody(builder, location, map.getBody(), types, body);
  return map;
}

hash::MapOp createMap(OpBuilder &builder, Location location, Value plan,
                      const SpacedOperands &reads, const SpacedOperands &outs,
                      bool zeroDead, BodyBuilder body) {
  return createMapOf(builder, location, ValueRange(outs.values).getTypes(),
                     plan, reads, outs, zeroDead, body);
}

void createMapOnBuffers(OpBuilder &builder, Location location, ValueRange reads,
                        Value out, BodyBuilder body) {
  SpacedOperands from, to;
  for (Value read : reads)
    from.add(read, hash::RowSpace::position);
  to.add(out, hash::RowSpace::position);
  createMapOf(builder, location, /*results=*/{}, /*plan=*/Value(), from, to,
              /*zeroDead=*/false, body);
}

hash::GroupedGemmOp createGemm(OpBuilder &builder, Location location,
                               Value plan, Value lhs, hash::RowSpace lhsSpace,
                               Value rhs, bool transposed,
                               const SpacedOperands &outs, bool zeroDead) {
  auto unit = [&](bool set) {
    return set ? builder.getUnitAttr() : UnitAttr();
  };
  auto gemm = hash::GroupedGemmOp::create(
      builder, location, TypeRange(ValueRange(outs.values)), plan, lhs, rhs,
      /*reads=*/ValueRange(), outs.values,
      builder.getDenseI32ArrayAttr({static_cast<int32_t>(lhsSpace)}),
      builder.getDenseI64ArrayAttr({0}), builder.getDenseI32ArrayAttr({}),
      builder.getDenseI32ArrayAttr(outs.spaces), unit(transposed),
      unit(zeroDead),
      /*plan_shape=*/TypeAttr());
  SmallVector<Type> types = {getBodyType(outs.values.front().getType())};
  llvm::append_range(types, getBodyTypes(outs.values));
  buildBody(builder, location, gemm.getBody(), types,
            [&](OpBuilder &, ValueRange arguments) {
              return SmallVector<Value>{arguments.front()};
            });
  return gemm;
}

hash::GroupedOuterOp createOuter(OpBuilder &builder, Location location,
                                 Value plan, Value lhs, Value rhs, Value init,
                                 bool accumulates) {
  int32_t position = static_cast<int32_t>(hash::RowSpace::position);
  // An expert without rows adds nothing, and its matrix need not be touched.
  auto outer = hash::GroupedOuterOp::create(
      builder, location, init.getType(), plan, lhs, rhs, /*reads=*/ValueRange(),
      init, builder.getDenseI32ArrayAttr({position, position}),
      accumulates && plan ? builder.getUnitAttr() : UnitAttr(),
      /*plan_shape=*/TypeAttr());
  Type type = getBodyType(init.getType());
  buildBody(builder, location, outer.getBody(), {type, type},
            [&](OpBuilder &body, ValueRange arguments) {
              if (!accumulates)
                return SmallVector<Value>{arguments[0]};
              return SmallVector<Value>{arith::AddFOp::create(
                  body, location, arguments[1], arguments[0])};
            });
  return outer;
}

bool isElementwiseOnTensors(Operation *op) {
  if (op->getNumResults() != 1 ||
      !isa<RankedTensorType>(op->getResult(0).getType()) ||
      op->getNumRegions() != 0)
    return false;
  return op->hasTrait<OpTrait::Elementwise>() &&
         op->hasTrait<OpTrait::Scalarizable>();
}

Value cloneAsScalar(OpBuilder &builder, Operation *op, ValueRange operands) {
  Type type = getBodyType(op->getResult(0).getType());
  // Narrow floats are widened when read: what is left of a cast may be nothing.
  if (isa<arith::ExtFOp, arith::TruncFOp>(op) && operands[0].getType() == type)
    return operands[0];
  if (isa<arith::TruncFOp>(op) && operands[0].getType().isF32())
    return operands[0];
  OperationState state(op->getLoc(), op->getName());
  state.addOperands(operands);
  state.addTypes(type);
  state.addAttributes(op->getDiscardableAttrDictionary().getValue());
  state.propertiesAttr = op->getPropertiesAsAttribute();
  return builder.create(state)->getResult(0);
}

FailureOr<int64_t> getNumberOrTarget(Operation *op, int64_t option,
                                     StringRef key, int64_t otherwise,
                                     StringRef what, StringRef unit) {
  const int64_t number =
      option != 0 ? option : getTargetNumber(op, key, otherwise);
  if (number < 0)
    return op->emitError(what)
           << ' ' << number << ' ' << unit
           << "; give a positive number, or 0 for the target's";
  return number;
}

FailureOr<FusionLevel> getFusionLevel(Operation *op, StringRef level) {
  if (level.empty())
    level = getTargetOption(op, "fuse");
  if (level.empty() || level == "none")
    return FusionLevel{false, false};
  if (!llvm::is_contained({"dispatch", "epilogue", "all"}, level))
    return op->emitError("there is no level of fusion '")
           << level << "'; it is none, dispatch, epilogue or all";
  return FusionLevel{level != "epilogue", level != "dispatch"};
}

} // namespace hashc
