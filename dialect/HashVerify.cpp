//===- HashVerify.cpp - Verifiers ----------------------------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialect/Hash.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace hashc::hash {

LogicalResult ParamOp::verify() { return success(); }

LogicalResult TableOp::verify() { return success(); }

LogicalResult PrevOp::verify() { return success(); }

LogicalResult PositionOp::verify() { return success(); }

LogicalResult MixOp::verify() { return success(); }

LogicalResult ModuloOp::verify() { return success(); }

LogicalResult TableLookupOp::verify() { return success(); }

LogicalResult RowAtOp::verify() { return success(); }

LogicalResult PlanOp::verify() { return success(); }

LogicalResult DispatchOp::verify() { return success(); }

LogicalResult CombineOp::verify() { return success(); }

LogicalResult BroadcastOp::verify() { return success(); }

LogicalResult ReduceRowsOp::verify() { return success(); }

LogicalResult SplatOp::verify() { return success(); }

LogicalResult MatmulOp::verify() { return success(); }

LogicalResult GroupedMatmulOp::verify() { return success(); }

LogicalResult WeightGradOp::verify() { return success(); }

LogicalResult EmbeddingOp::verify() { return success(); }

LogicalResult EmbeddingGradOp::verify() { return success(); }

LogicalResult RotaryOp::verify() { return success(); }

LogicalResult AttentionOp::verify() { return success(); }

LogicalResult AttentionGradOp::verify() { return success(); }

LogicalResult AttentionDecodeOp::verify() { return success(); }

LogicalResult LayerNormOp::verify() { return success(); }

LogicalResult LayerNormGradOp::verify() { return success(); }

LogicalResult RmsNormOp::verify() { return success(); }

LogicalResult RmsNormGradOp::verify() { return success(); }

LogicalResult DropoutOp::verify() { return success(); }

LogicalResult CrossEntropyOp::verify() { return success(); }

LogicalResult CrossEntropyGradOp::verify() { return success(); }

LogicalResult GlobalNormOp::verify() { return success(); }

LogicalResult AdamWOp::verify() { return success(); }

LogicalResult GroupedGemmOp::verify() { return success(); }

LogicalResult GroupedOuterOp::verify() { return success(); }

LogicalResult MapOp::verify() { return success(); }

LogicalResult LibraryCallOp::verify() { return success(); }

OpFoldResult ModuloOp::fold(FoldAdaptor adaptor) { return {}; }

RankedTensorType ParamOp::getStoredType() {
  auto type = cast<RankedTensorType>(getType());
  if (!getPanel())
    return type;
  int64_t width = *getPanel();
  SmallVector<int64_t> shape(type.getShape());
  int64_t columns = shape.pop_back_val(), depth = shape.pop_back_val();
  shape.append({(columns + width - 1) / width, depth, width});
  return RankedTensorType::get(shape, type.getElementType());
}

} // namespace hashc::hash
