//===- Layers.cpp - The library's layers ----------------------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/Elaborator.h"
#include "frontend/Limits.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include <cmath>

using llvm::SMLoc;
using llvm::StringRef;
using llvm::Twine;
using mlir::RankedTensorType;
namespace arith = mlir::arith;

namespace hashc::frontend {

namespace {

constexpr double kNormEps = 1e-5;
constexpr double kRotaryBase = 10000;

} // namespace

//===----------------------------------------------------------------------===//
// Helpers
//===----------------------------------------------------------------------===//

mlir::Value Elaborator::weight(Layer &layer, StringRef name, WeightSpec spec) {
  std::string path = name.empty() ? layer.path : layer.path + "." + name.str();
  mlir::Value value = builder->getWeight(path, spec);
  if (value)
    return value;
  fail(layer.loc, "the layer '" + Twine(layer.path) +
                      "' was made for another width: a layer that is used "
                      "twice takes inputs of one width");
  return nullptr;
}

mlir::Value Elaborator::matmul(mlir::Value x, mlir::Value weight,
                               bool transposed, mlir::Value plan,
                               mlir::Type type) {
  if (plan)
    return builder->create<hash::GroupedMatmulOp>(type, x, weight, plan,
                                                  transposed);
  return builder->create<hash::MatmulOp>(type, x, weight, transposed);
}

mlir::Value Elaborator::addBias(mlir::Value x, mlir::Value bias,
                                mlir::Value plan) {
  mlir::Value rows =
      builder->create<hash::BroadcastOp>(x.getType(), bias, plan);
  return builder->create<arith::AddFOp>(x, rows);
}

mlir::Value Elaborator::dropout(mlir::Value x, double rate) {
  if (rate == 0)
    return x;
  return builder->create<hash::DropoutOp>(
      x.getType(), x, builder->getSeed(),
      builder->getBuilder().getF64FloatAttr(rate),
      builder->getBuilder().getI64IntegerAttr(builder->takeDropoutStream()));
}

mlir::Value Elaborator::getPositions() {
  return builder->create<hash::PositionOp>(builder->getStream(32),
                                           builder->getStarts(),
                                           uint64_t(shape.window), false);
}

//===----------------------------------------------------------------------===//
// Layers
//===----------------------------------------------------------------------===//

Value Elaborator::emitLayer(Frame &frame, Layer &layer, const Value &input,
                            SMLoc loc) {
  const LibraryFunction &function = *layer.library;
  if (layer.path.empty())
    layer.path = takePath(frame, function.name);
  builder->setPlace(loc, layer.path);
  const bool isIds = input.kind == Value::Kind::ids;
  if (function.input == LayerInput::ids && !isIds)
    return fail(layer.loc, "'" + function.name + "' looks up token ids, not " +
                               input.describe());
  if (function.input == LayerInput::tensor && !input.isTensor())
    return fail(
        loc, "'" + function.name + "' takes a tensor, not " + input.describe() +
                 (isIds ? ": look them up with embedding(...) first" : ""));
  if (input.tensor)
    shape.select(builder->getInput(input.tensor));
  return (this->*function.emitLayer)(frame, layer, input);
}

Value Elaborator::emitEmbedding(Frame &, Layer &layer, const Value &input) {
  bool ok = true;
  int64_t dim = readInteger(layer, "dim", 1, kMaxWidth, 1, ok);
  if (!ok)
    return Value::makeError();
  mlir::Value table =
      weight(layer, "", WeightSpec::features({shape.vocab, dim}));
  if (!table)
    return Value::makeError();
  bool known = llvm::any_of(embeddings, [&](const Embedding &embedding) {
    return embedding.path == layer.path;
  });
  if (!known)
    embeddings.push_back({layer.path, dim});
  return Value::makeTensor(builder->create<hash::EmbeddingOp>(
      builder->getActivations(shape.getRows(), dim), input.tensor, table));
}

Value Elaborator::emitPositions(Frame &, Layer &layer, const Value &) {
  bool ok = true;
  int64_t dim = readInteger(layer, "dim", 1, kMaxWidth, 1, ok);
  if (!ok || !selectPositions(layer))
    return Value::makeError();
  mlir::Value table =
      weight(layer, "", WeightSpec::features({shape.window, dim}));
  if (!table)
    return Value::makeError();
  return Value::makeTensor(builder->create<hash::EmbeddingOp>(
      builder->getActivations(shape.getRows(), dim), getPositions(), table));
}

Value Elaborator::emitLayerNorm(Frame &, Layer &layer, const Value &input) {
  bool ok = true;
  double eps = readNumber(layer, "eps", 0, 1, kNormEps, ok);
  if (!ok)
    return Value::makeError();
  mlir::Value gamma =
      weight(layer, "gamma", WeightSpec::ones({input.getWidth()}));
  if (!gamma)
    return Value::makeError();
  mlir::Value beta =
      weight(layer, "beta", WeightSpec::zeros({input.getWidth()}));
  auto perRow =
      RankedTensorType::get({shape.getRows()}, builder->getParamType());
  auto norm = builder->create<hash::LayerNormOp>(
      input.tensor.getType(), perRow, perRow, input.tensor, gamma, beta,
      builder->getBuilder().getF64FloatAttr(eps));
  return Value::makeTensor(norm.getResult());
}

Value Elaborator::emitRmsNorm(Frame &, Layer &layer, const Value &input) {
  bool ok = true;
  double eps = readNumber(layer, "eps", 0, 1, kNormEps, ok);
  if (!ok)
    return Value::makeError();
  mlir::Value gamma =
      weight(layer, "gamma", WeightSpec::ones({input.getWidth()}));
  if (!gamma)
    return Value::makeError();
  auto perRow =
      RankedTensorType::get({shape.getRows()}, builder->getParamType());
  auto norm = builder->create<hash::RmsNormOp>(
      input.tensor.getType(), perRow, input.tensor, gamma,
      builder->getBuilder().getF64FloatAttr(eps));
  return Value::makeTensor(norm.getResult());
}

Value Elaborator::emitLinear(Frame &, Layer &layer, const Value &input) {
  bool ok = true;
  int64_t out = readInteger(layer, "out", 1, kMaxWidth, 1, ok);
  bool bias = readBoolean(layer, "bias", true, ok);
  hash::Init init = readInit(layer, ok);
  if (!ok)
    return Value::makeError();
  mlir::Value y =
      project(layer, "", input.tensor, out, bias, /*residual=*/false, init);
  return y ? Value::makeTensor(y) : Value::makeError();
}

Value Elaborator::emitUnembed(Frame &, Layer &layer, const Value &input) {
  const Value *tied = findArgument(layer, "tied");
  auto type = RankedTensorType::get({shape.getRows(), shape.vocab},
                                    builder->getParamType());
  bool isTruth = tied && tied->kind == Value::Kind::boolean;
  if (!tied || (isTruth && !tied->integer)) {
    mlir::Value w =
        weight(layer, "", WeightSpec::matrix({input.getWidth(), shape.vocab}));
    if (!w)
      return Value::makeError();
    return Value::makeTensor(matmul(input.tensor, w, false, nullptr, type));
  }
  const Embedding *embedding =
      isTruth ? findOnlyEmbedding(layer) : findTied(layer, *tied);
  if (!embedding)
    return Value::makeError();
  if (embedding->width != input.getWidth())
    return fail(placeOf(layer, "tied"),
                "the embedding '" + Twine(embedding->path) + "' has width " +
                    Twine(embedding->width) + ", the input of unembed has " +
                    Twine(input.getWidth()));
  mlir::Value w = builder->getWeight(
      embedding->path, WeightSpec::features({shape.vocab, embedding->width}));
  return Value::makeTensor(matmul(input.tensor, w, true, nullptr, type));
}

/// What `tied = true` means; null after an error.
const Elaborator::Embedding *
Elaborator::findOnlyEmbedding(const Layer &unembed) {
  if (embeddings.size() == 1)
    return &embeddings.front();
  fail(placeOf(unembed, "tied"),
       embeddings.empty()
           ? Twine("tied = true needs an embedding before it")
           : "tied = true, but the model has " + Twine(embeddings.size()) +
                 " embeddings: give one a name with 'let emb = "
                 "embedding(dim = ...)' and write tied = emb");
  return nullptr;
}

/// What `tied = emb` means; null after an error.
const Elaborator::Embedding *Elaborator::findTied(const Layer &unembed,
                                                  const Value &tied) {
  bool isEmbedding = tied.kind == Value::Kind::layer && tied.layer->library &&
                     tied.layer->library->input == LayerInput::ids;
  if (!isEmbedding) {
    failArgument(unembed, "tied",
                 "true, false or an embedding bound by 'let emb = "
                 "embedding(dim = ...)'");
    return nullptr;
  }
  for (const Embedding &known : embeddings)
    if (known.path == tied.layer->path)
      return &known;
  fail(placeOf(unembed, "tied"), "this embedding is not used before: nothing "
                                 "says what ids it looks up");
  return nullptr;
}

Value Elaborator::emitDropout(Frame &, Layer &layer, const Value &input) {
  bool ok = true;
  double rate = readNumber(layer, "rate", 0, kMaxDropout, 0, ok);
  if (!ok)
    return Value::makeError();
  return Value::makeTensor(dropout(input.tensor, rate));
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

mlir::Value Elaborator::project(Layer &layer, StringRef suffix, mlir::Value x,
                                int64_t out, bool bias, bool residual,
                                hash::Init init) {
  int64_t in = getWidth(x);
  mlir::Value w = weight(layer, ("w" + suffix).str(),
                         WeightSpec::matrix({in, out}, residual, init));
  if (!w)
    return nullptr;
  mlir::Value y = matmul(x, w, false, nullptr,
                         builder->getActivations(shape.getRows(), out));
  return bias ? addBias(y,
                        weight(layer, ("b" + suffix).str(),
                               WeightSpec::zeros({out})),
                        nullptr)
              : y;
}

mlir::Value Elaborator::rotate(mlir::Value x, mlir::Value positions,
                               int64_t heads) {
  mlir::OpBuilder &attributes = builder->getBuilder();
  return builder->create<hash::RotaryOp>(
      x.getType(), x, positions, attributes.getI64IntegerAttr(heads),
      attributes.getF64FloatAttr(kRotaryBase), mlir::UnitAttr());
}

mlir::Value Elaborator::attend(mlir::Value q, mlir::Value k, mlir::Value v,
                               int64_t heads, int64_t kvHeads, bool causal) {
  mlir::OpBuilder &attributes = builder->getBuilder();
  auto lse =
      RankedTensorType::get({shape.getRows(), heads}, builder->getParamType());
  int64_t width = getWidth(q);
  const int64_t head = width / heads;
  double scale = 1 / std::sqrt(static_cast<double>(head));
  return builder
      ->create<hash::AttentionOp>(
          q.getType(), lse, q, k, v, builder->getStarts(),
          attributes.getI64IntegerAttr(heads),
          attributes.getI64IntegerAttr(kvHeads),
          attributes.getI64IntegerAttr(shape.window),
          attributes.getF64FloatAttr(scale),
          causal ? attributes.getUnitAttr() : mlir::UnitAttr())
      .getResult();
}

Value Elaborator::checkHeads(const Layer &layer, int64_t width, int64_t heads,
                             int64_t kvHeads, bool rope) {
  if (width % heads != 0)
    return fail(placeOf(layer, "heads"), "heads = " + Twine(heads) +
                                             " does not divide the width " +
                                             Twine(width));
  if (heads % kvHeads != 0)
    return fail(placeOf(layer, "kv_heads"),
                "kv_heads = " + Twine(kvHeads) +
                    " does not divide heads = " + Twine(heads));
  if (rope && width / heads % 2 != 0)
    return fail(placeOf(layer, "rope"),
                "rope turns pairs of features: the width of a head, " +
                    Twine(width / heads) + ", must be even");
  return Value::makeNone();
}

Value Elaborator::emitAttention(Frame &, Layer &layer, const Value &input) {
  if (const Value *memory = findArgument(layer, "memory"))
    return emitCrossAttention(layer, input, *memory);
  bool ok = true;
  int64_t width = input.getWidth();
  int64_t heads = readInteger(layer, "heads", 1, kMaxWidth, 1, ok);
  int64_t kvHeads = readInteger(layer, "kv_heads", 1, kMaxWidth, heads, ok);
  bool causal = readBoolean(layer, "causal", true, ok);
  bool rope = readBoolean(layer, "rope", false, ok);
  bool bias = readBoolean(layer, "bias", false, ok);
  double rate = readNumber(layer, "dropout", 0, kMaxDropout, 0, ok);
  if (!ok)
    return Value::makeError();
  if (!causal && shape.isPredictedSelected())
    return fail(
        placeOf(layer, "causal"),
        shape.hasSeveralInputs()
            ? "attention to later tokens (causal = false) is for the "
              "inputs before '" +
                  shape.inputs.back().name +
                  "', whose next tokens are predicted"
            : std::string("attention to later tokens (causal = false) is for "
                          "the first of two inputs; a language model predicts "
                          "them"));
  if (checkHeads(layer, width, heads, kvHeads, rope).isError())
    return Value::makeError();

  int64_t kvWidth = kvHeads * (width / heads);
  mlir::Value q = project(layer, "q", input.tensor, width, bias);
  if (!q)
    return Value::makeError();
  mlir::Value k = project(layer, "k", input.tensor, kvWidth, bias);
  mlir::Value v = project(layer, "v", input.tensor, kvWidth, bias);
  if (rope) {
    mlir::Value positions = getPositions();
    q = rotate(q, positions, heads);
    k = rotate(k, positions, kvHeads);
  }
  mlir::Value mixed = attend(q, k, v, heads, kvHeads, causal);
  builder->countResidualBranch();
  mlir::Value out = project(layer, "o", mixed, width, bias, /*residual=*/true);
  if (!out)
    return Value::makeError();
  return Value::makeTensor(dropout(out, rate));
}

} // namespace hashc::frontend
