//===- HashDecode.cpp - Ops that decode in a way of their own -------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialect/Hash.h"

#include "mlir/IR/TypeUtilities.h"

using namespace mlir;

namespace hashc::hash {

std::string AttentionOp::getNonCausalReason() {
  return getCausal() ? "" : "a token attends to later tokens";
}

std::string NextOp::getNonCausalReason() {
  return "the router '" + getRouter().str() +
         "' reads the token that is to be predicted";
}

std::string BalancedChoicesOp::getNonCausalReason() {
  return "tokens share the experts evenly, later ones too";
}

std::string ExpertChoicesOp::getNonCausalReason() {
  return "an expert chooses among all tokens, later ones too";
}

LogicalResult AttentionOp::buildDecode(Decoding &decoding) {
  FailureOr<SmallVector<Value>> rows =
      decoding.getRows(*this, {getQ(), getK(), getV(), getStarts()});
  if (failed(rows))
    return failure();
  auto [q, k, v, start] =
      std::tuple((*rows)[0], (*rows)[1], (*rows)[2], (*rows)[3]);
  Value kCache = decoding.addState(*this, "k", getK());
  Value vCache = decoding.addState(*this, "v", getV());
  auto decode = AttentionDecodeOp::create(
      decoding.getBuilder(), getLoc(), q.getType(), kCache.getType(),
      vCache.getType(), q, k, v, start, decoding.getIndex(), kCache, vCache,
      getHeadsAttr(), getKvHeadsAttr(), getScaleAttr());
  decoding.setRow(getResult(), decode.getResult());
  decoding.setState(kCache, decode.getNewKCache());
  decoding.setState(vCache, decode.getNewVCache());
  return success();
}

LogicalResult CrossAttentionOp::buildDecode(Decoding &decoding) {
  FailureOr<SmallVector<Value>> q = decoding.getRows(*this, getQ());
  if (failed(q))
    return failure();
  OpBuilder &builder = decoding.getBuilder();
  SmallVector<Value> operands = {q->front()};
  const std::pair<StringRef, Value> memories[] = {
      {"k", getK()}, {"v", getV()}, {"tokens", getMemoryTokens()}};
  for (auto [name, value] : memories) {
    FailureOr<Value> memory = decoding.getMemory(*this, name, value);
    if (failed(memory))
      return failure();
    operands.push_back(*memory);
  }
  // One row is a window of one.
  auto lse = RankedTensorType::get({1, static_cast<int64_t>(getHeads())},
                                   getElementTypeOrSelf(getLse()));
  auto decode = CrossAttentionOp::create(builder, getLoc(),
                                         TypeRange{q->front().getType(), lse},
                                         operands, (*this)->getAttrs());
  decode.setWindow(1);
  decoding.setRow(getResult(), decode.getResult());
  return success();
}

Value BalancedChoicesOp::buildInference(OpBuilder &builder, Value input) {
  auto type = RankedTensorType::get(
      cast<RankedTensorType>(input.getType()).getDimSize(0),
      builder.getI32Type());
  return TopChoicesOp::create(builder, getLoc(), type, input);
}

bool CrossAttentionOp::readsMemory(unsigned operand) { return operand > 0; }

bool MixOp::keepsStreams() { return true; }

bool ModuloOp::keepsStreams() { return true; }

bool TableLookupOp::keepsStreams() { return true; }

bool ChoicesOp::keepsStreams() { return true; }

bool BroadcastOp::makesRows() { return true; }

bool SplatOp::makesRows() { return true; }

} // namespace hashc::hash
