//===- CrossAttention.cpp - Attention to the rows of another input --------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/Elaborator.h"
#include "frontend/Limits.h"
#include <cmath>

using mlir::RankedTensorType;

namespace hashc::frontend {

Value Elaborator::emitCrossAttention(Layer &layer, const Value &input,
                                     const Value &memory) {
  if (!memory.isTensor())
    return failArgument(layer, "memory", "a tensor of another input");
  size_t own = shape.getSelected(), other = builder->getInput(memory.tensor);
  // What is predicted may depend on an earlier input, and nothing of that on
  // what is predicted.
  if (other >= own)
    return fail(placeOf(layer, "memory"),
                own == other
                    ? "the memory has the rows of '" + shape.inputs[own].name +
                          "', as the queries have: leave it out for "
                          "attention among them"
                    : "'" + shape.inputs[own].name + "' cannot depend on '" +
                          shape.inputs[other].name +
                          "', whose next tokens are predicted");
  for (llvm::StringRef name : {"causal", "rope"})
    if (findArgument(layer, name))
      return fail(placeOf(layer, name),
                  name + " is said of attention among the rows of one input; a "
                         "memory's rows have no place among them");
  bool ok = true;
  int64_t width = input.getWidth();
  int64_t heads = readInteger(layer, "heads", 1, kMaxWidth, 1, ok);
  int64_t kvHeads = readInteger(layer, "kv_heads", 1, kMaxWidth, heads, ok);
  bool bias = readBoolean(layer, "bias", false, ok);
  double rate = readNumber(layer, "dropout", 0, kMaxDropout, 0, ok);
  if (!ok || checkHeads(layer, width, heads, kvHeads, false).isError())
    return Value::makeError();

  const int64_t size = width / heads;
  mlir::Value q = project(layer, "q", input.tensor, width, bias);
  shape.select(other);
  mlir::Value k =
      q ? project(layer, "k", memory.tensor, kvHeads * size, bias) : nullptr;
  mlir::Value v =
      k ? project(layer, "v", memory.tensor, kvHeads * size, bias) : nullptr;
  mlir::Value memoryTokens = builder->getTokens();
  shape.select(own);
  if (!v)
    return Value::makeError();
  mlir::OpBuilder &attributes = builder->getBuilder();
  auto integer = [&](int64_t value) {
    return attributes.getI64IntegerAttr(value);
  };
  auto lse =
      RankedTensorType::get({shape.getRows(), heads}, builder->getParamType());
  auto attended = builder->create<hash::CrossAttentionOp>(
      q.getType(), lse, q, k, v, memoryTokens, integer(heads), integer(kvHeads),
      integer(shape.window), integer(shape.inputs[other].window),
      attributes.getF64FloatAttr(1 / std::sqrt(static_cast<double>(size))));
  builder->countResidualBranch();
  mlir::Value out = project(layer, "o", attended.getResult(), width, bias,
                            /*residual=*/true);
  return out ? Value::makeTensor(dropout(out, rate)) : Value::makeError();
}

} // namespace hashc::frontend
