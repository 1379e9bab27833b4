//===- DecodeRows.cpp - From the rows of a batch to those of a window -----===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/DecodeRows.h"

using namespace mlir;

namespace hashc {

/// Rows of the token stream of that name; 0 if there is none.
static int64_t countRows(func::FuncOp forward, StringRef name) {
  for (BlockArgument argument : forward.getArguments())
    if (hash::ArgAttr role = getRole(forward, argument);
        role && role.getKind() == hash::ArgKind::tokens &&
        (role.getName() ? role.getName().getValue() : StringRef()) == name)
      return cast<ShapedType>(argument.getType()).getDimSize(0);
  return 0;
}

FailureOr<SmallVector<InputRows>> readInputs(ModuleOp module,
                                             func::FuncOp forward) {
  auto model =
      module->getAttrOfType<DictionaryAttr>(hash::HashDialect::kModelAttr);
  SmallVector<Attribute> shapes = {model};
  if (auto several = model ? model.getAs<ArrayAttr>("inputs") : ArrayAttr())
    shapes.assign(several.begin(), several.end());
  SmallVector<InputRows> inputs;
  for (Attribute attribute : shapes) {
    auto shape = dyn_cast_or_null<DictionaryAttr>(attribute);
    InputRows input;
    if (auto name = shape && shapes.size() > 1 ? shape.getAs<StringAttr>("name")
                                               : StringAttr())
      input.name = name.getValue();
    if (auto window =
            shape ? shape.getAs<IntegerAttr>("window") : IntegerAttr())
      input.window = window.getInt();
    input.rows = countRows(forward, input.name);
    if (input.window <= 0 || input.rows <= 0 ||
        input.rows % input.window != 0) {
      module.emitError(
          "expects hash.model with a `window` that divides the rows "
          "of @forward's token stream");
      return failure();
    }
    inputs.push_back(input);
  }
  return inputs;
}

Type resizeRows(Type type, int64_t from, int64_t to) {
  if (auto plan = dyn_cast<hash::PlanType>(type))
    return hash::PlanType::get(type.getContext(), to, plan.getK(),
                               plan.getGroups(), to * plan.getK());
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || tensor.getRank() == 0)
    return type;
  SmallVector<int64_t> shape(tensor.getShape());
  // Slots are a multiple of the rows when k > 1.
  shape[0] = shape[0] / from * to;
  return RankedTensorType::get(shape, tensor.getElementType());
}

Value resizeConstant(OpBuilder &builder, arith::ConstantOp constant,
                     int64_t from, int64_t to) {
  auto values = dyn_cast<SplatElementsAttr>(constant.getValue());
  auto type = dyn_cast<RankedTensorType>(constant.getType());
  if (!values || !type || type.getRank() == 0 || type.getDimSize(0) % from != 0)
    return {};
  auto resized = cast<RankedTensorType>(resizeRows(type, from, to));
  return arith::ConstantOp::create(
      builder, constant.getLoc(), resized,
      SplatElementsAttr::get(resized, values.getSplatValue<Attribute>()));
}

bool isConstantStream(Operation *op, int64_t rows) {
  auto lookup = dyn_cast<hash::TableLookupOp>(op);
  auto isKnown = [&](Value operand) {
    return operand.getDefiningOp<arith::ConstantOp>() ||
           (lookup && operand == lookup.getTable());
  };
  return op->getNumOperands() != 0 &&
         llvm::all_of(op->getOperands(), isKnown) &&
         llvm::all_of(op->getResultTypes(), [&](Type type) {
           auto tensor = dyn_cast<RankedTensorType>(type);
           return tensor && tensor.getRank() != 0 &&
                  tensor.getDimSize(0) % rows == 0;
         });
}

} // namespace hashc
