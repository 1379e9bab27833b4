//===- HashDialect.cpp - Registration, types and attributes ---------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialect/Hash.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace hashc::hash {

Type getComputeType(Type type) {
  if (!isa<FloatType>(type) || type.isF64())
    return type;
  return Float32Type::get(type.getContext());
}

/// True if floats of `type` hold `value` as floats of `wide` do.
static bool isExact(FloatType type, FloatType wide, double value) {
  return FloatAttr::get(type, value).getValueAsDouble() ==
         FloatAttr::get(wide, value).getValueAsDouble();
}

Value createNumber(OpBuilder &builder, Location location, Type type,
                   double value) {
  auto tensor = cast<RankedTensorType>(type);
  auto element = cast<FloatType>(tensor.getElementType());
  auto wide = cast<FloatType>(getComputeType(element));
  bool fits = isExact(element, wide, value);
  auto constantType = fits ? tensor : RankedTensorType::get({1}, wide);
  Attribute number = FloatAttr::get(constantType.getElementType(), value);
  Value constant = arith::ConstantOp::create(
      builder, location, DenseElementsAttr::get(constantType, number));
  return fits ? constant : SplatOp::create(builder, location, type, constant);
}

TypedAttr matchNumber(Value value) {
  if (auto splat = value.getDefiningOp<SplatOp>())
    value = splat.getX();
  SplatElementsAttr constant;
  if (!matchPattern(value, m_Constant(&constant)))
    return {};
  return constant.getSplatValue<TypedAttr>();
}

StringRef getPath(Location location) {
  StringRef path;
  location->walk([&](Location inner) {
    auto name = dyn_cast<NameLoc>(inner);
    if (!name)
      return WalkResult::advance();
    path = name.getName().getValue();
    return WalkResult::interrupt();
  });
  return path;
}

void HashDialect::initialize() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialect/HashTypes.cpp.inc"
      >();
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialect/HashAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialect/HashOps.cpp.inc"
      >();
}

Operation *HashDialect::materializeConstant(OpBuilder &builder, Attribute value,
                                            Type type, Location loc) {
  return arith::ConstantOp::materialize(builder, value, type, loc);
}

RankedTensorType ParamOp::getStoredType() {
  auto type = cast<RankedTensorType>(getType());
  if (!getPanel())
    return type;
  auto width = static_cast<int64_t>(*getPanel());
  SmallVector<int64_t> shape(type.getShape());
  int64_t columns = shape.pop_back_val(), depth = shape.pop_back_val();
  shape.append({(columns + width - 1) / width, depth, width});
  return RankedTensorType::get(shape, type.getElementType());
}

} // namespace hashc::hash

#include "dialect/HashDialect.cpp.inc"
#include "dialect/HashEnums.cpp.inc"
#include "dialect/HashInterfaces.cpp.inc"
#define GET_TYPEDEF_CLASSES
#include "dialect/HashTypes.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialect/HashAttrs.cpp.inc"
