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

constexpr int64_t kMaxWidth = int64_t(1) << 24;
constexpr double kNormEps = 1e-5;
constexpr double kMaxDropout = 0.999;
constexpr double kRotaryBase = 10000;

WeightSpec zeros(std::vector<int64_t> shape) {
  return {std::move(shape), hash::Init::zeros, 1.0, false, false};
}
WeightSpec ones(std::vector<int64_t> shape) {
  return {std::move(shape), hash::Init::ones, 1.0, false, false};
}
WeightSpec matrix(std::vector<int64_t> shape, bool residual = false) {
  return {std::move(shape), hash::Init::normal, 0.02, true, residual};
}
/// Tables of features are no matrices of a product: weight decay would shrink
/// the rows of rare tokens.
WeightSpec features(std::vector<int64_t> shape) {
  return {std::move(shape), hash::Init::normal, 0.02, false, false};
}

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
  return (this->*function.emitLayer)(frame, layer, input);
}

Value Elaborator::emitEmbedding(Frame &, Layer &layer, const Value &input) {
  bool ok = true;
  int64_t dim = readInteger(layer, "dim", 1, kMaxWidth, 1, ok);
  if (!ok)
    return Value::makeError();
  mlir::Value table = weight(layer, "", features({shape.vocab, dim}));
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
  if (!ok)
    return Value::makeError();
  mlir::Value table = weight(layer, "", features({shape.window, dim}));
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
  mlir::Value gamma = weight(layer, "gamma", ones({input.getWidth()}));
  if (!gamma)
    return Value::makeError();
  mlir::Value beta = weight(layer, "beta", zeros({input.getWidth()}));
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
  mlir::Value gamma = weight(layer, "gamma", ones({input.getWidth()}));
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
  if (!ok)
    return Value::makeError();
  mlir::Value y = project(layer, "", input.tensor, out, bias);
  return y ? Value::makeTensor(y) : Value::makeError();
}

Value Elaborator::emitUnembed(Frame &, Layer &layer, const Value &input) {
  const Value *tied = findArgument(layer, "tied");
  auto type = RankedTensorType::get({shape.getRows(), shape.vocab},
                                    builder->getParamType());
  bool isTruth = tied && tied->kind == Value::Kind::boolean;
  if (!tied || (isTruth && !tied->integer)) {
    mlir::Value w = weight(layer, "", matrix({input.getWidth(), shape.vocab}));
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
  mlir::Value w = builder->getWeight(embedding->path,
                                     features({shape.vocab, embedding->width}));
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
                                int64_t out, bool bias, bool residual) {
  int64_t in = llvm::cast<RankedTensorType>(x.getType()).getDimSize(1);
  mlir::Value w =
      weight(layer, ("w" + suffix).str(), matrix({in, out}, residual));
  if (!w)
    return nullptr;
  mlir::Value y = matmul(x, w, false, nullptr,
                         builder->getActivations(shape.getRows(), out));
  return bias ? addBias(y, weight(layer, ("b" + suffix).str(), zeros({out})),
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
                               int64_t heads, int64_t kvHeads) {
  mlir::OpBuilder &attributes = builder->getBuilder();
  auto lse =
      RankedTensorType::get({shape.getRows(), heads}, builder->getParamType());
  int64_t width = llvm::cast<RankedTensorType>(q.getType()).getDimSize(1);
  const int64_t head = width / heads;
  double scale = 1 / std::sqrt(static_cast<double>(head));
  return builder
      ->create<hash::AttentionOp>(
          q.getType(), lse, q, k, v, builder->getStarts(),
          attributes.getI64IntegerAttr(heads),
          attributes.getI64IntegerAttr(kvHeads),
          attributes.getI64IntegerAttr(shape.window),
          attributes.getF64FloatAttr(scale), attributes.getUnitAttr())
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
  if (!causal)
    return fail(placeOf(layer, "causal"),
                "not supported yet: attention to later tokens (causal = "
                "false); a language model predicts them");
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
  mlir::Value mixed = attend(q, k, v, heads, kvHeads);
  builder->countResidualBranch();
  mlir::Value out = project(layer, "o", mixed, width, bias, /*residual=*/true);
  if (!out)
    return Value::makeError();
  return Value::makeTensor(dropout(out, rate));
}

//===----------------------------------------------------------------------===//
// Feed-forward networks
//===----------------------------------------------------------------------===//

/// What a feed-forward network is, whether it is routed or not.
struct Ffn {
  Layer &layer;
  int64_t hidden = 0;
  bool bias = true;
  double dropout = 0;
  Value act = {};
  /// Of `act`: one, or two (gate, up).
  size_t numInputs = 0;
  /// Of a routed one.
  mlir::Value plan = {};
  int64_t experts = 0;
  /// Hash functions that have a share of the features each (MultiHash).
  int64_t parts = 1;

  /// Every weight of a routed layer has an axis of experts in front.
  std::vector<int64_t> getShape(std::vector<int64_t> extents) const {
    if (plan)
      extents.insert(extents.begin(), experts);
    return extents;
  }
};

bool Elaborator::isBoundRouter(const Layer &layer, const Value &router) {
  if (router.kind == Value::Kind::router && router.bound)
    return true;
  if (router.kind == Value::Kind::function)
    failArgument(layer, "router",
                 "a router: declare one with 'router r = ...'");
  else if (router.kind != Value::Kind::router)
    failArgument(layer, "router", "a router or a list of them");
  else
    fail(placeOf(layer, "router"), "the router '" + router.router->name +
                                       "' takes parameters: '" +
                                       router.router->name + "(...)'");
  return false;
}

/// The expert of every row by one router, and how many experts it has.
std::optional<Stream> Elaborator::chooseExperts(Frame &frame,
                                                const Value &router,
                                                const Layer &layer,
                                                int64_t &experts) {
  if (!isBoundRouter(layer, router))
    return std::nullopt;
  std::optional<Stream> ids = evaluateRouter(frame, router, layer);
  if (!ids)
    return std::nullopt;
  bool ok = true;
  // Given, the run checks what the range cannot prove.
  int64_t given = readInteger(layer, "experts", 1, kMaxExperts, 0, ok);
  if (!ok)
    return std::nullopt;
  int64_t limit = given ? std::numeric_limits<int32_t>::max() : kMaxExperts - 1;
  if (ids->range.high > limit) {
    fail(router.router->value->loc,
         "the router can give " + Twine(ids->range.high) +
             ": there are at most " + Twine(kMaxExperts) +
             " experts; end it with '% experts'");
    return std::nullopt;
  }
  if (given > ids->range.high + 1)
    warn(placeOf(layer, "experts"),
         "the router gives at most " + Twine(ids->range.high) +
             ": the experts from " + Twine(ids->range.high + 1) +
             " on get no tokens");
  experts = given ? given : ids->range.high + 1;
  return ids;
}

mlir::Value Elaborator::chooseAll(Frame &frame, Ffn &ffn) {
  const Layer &layer = ffn.layer;
  const Value *router = findArgument(layer, "router");
  bool isList = router->kind == Value::Kind::routers;
  llvm::ArrayRef<Value> routers(*router);
  if (isList)
    routers = router->elements;
  llvm::SmallVector<mlir::Value> choices;
  int64_t groups = 0;
  for (const Value &value : routers) {
    int64_t experts = 0;
    std::optional<Stream> ids = chooseExperts(frame, value, layer, experts);
    if (!ids)
      return nullptr;
    auto type = llvm::cast<RankedTensorType>(ids->narrow.getType());
    if (isList && type.getRank() > 1)
      return fail(value.loc, "a router of a list gives one expert for a token; "
                             "this table has several (top)"),
             nullptr;
    if (!choices.empty() && experts != groups)
      return fail(placeOf(layer, "router"),
                  "the routers of a list choose among as many experts each; "
                  "these have " +
                      Twine(groups) + " and " + Twine(experts)),
             nullptr;
    groups = experts;
    choices.push_back(ids->narrow);
  }
  ffn.parts = choices.size();
  ffn.experts = ffn.parts * groups;
  builder->setPlace(layer.loc, layer.path);
  if (ffn.parts == 1)
    return choices.front();
  auto type = RankedTensorType::get({shape.getRows(), ffn.parts},
                                    builder->getBuilder().getI32Type());
  return builder->create<hash::ChoicesOp>(type, choices, uint64_t(groups));
}

/// Finds the plan of a routed layer, and how many experts it has.
bool Elaborator::route(Frame &frame, Ffn &ffn, int64_t width) {
  Layer &layer = ffn.layer;
  auto [entry, isNew] =
      routedLayers.try_emplace(layer.path, routedLayers.size());
  layer.routedIndex = entry->second;
  mlir::Value choices = chooseAll(frame, ffn);
  if (!choices)
    return false;
  if (ffn.hidden % ffn.parts != 0 || width % ffn.parts != 0) {
    fail(placeOf(layer, "router"),
         Twine(ffn.parts) +
             " routers share the features evenly: their number "
             "divides hidden = " +
             Twine(ffn.hidden) + " and the width " + Twine(width));
    return false;
  }
  int64_t rows = shape.getRows();
  int64_t slots =
      llvm::cast<RankedTensorType>(choices.getType()).getNumElements();
  auto type =
      hash::PlanType::get(&context, rows, slots / rows, ffn.experts, slots);
  ffn.plan = builder->create<hash::PlanOp>(type, choices, builder->getTokens());
  return true;
}

/// A row for each choice of each token.
mlir::Value Elaborator::dispatch(const Ffn &ffn, mlir::Value tokens) {
  int64_t width = llvm::cast<RankedTensorType>(tokens.getType()).getDimSize(1);
  int64_t slots = llvm::cast<hash::PlanType>(ffn.plan.getType()).getSlots();
  return builder->create<hash::DispatchOp>(
      builder->getActivations(slots, width), tokens, ffn.plan);
}

/// What the hash functions gave, side by side.
mlir::Value Elaborator::join(const Ffn &ffn, mlir::Value slots) {
  int64_t width = llvm::cast<RankedTensorType>(slots.getType()).getDimSize(1);
  return builder->create<hash::JoinOp>(
      builder->getActivations(shape.getRows(), ffn.parts * width), slots,
      ffn.plan);
}

bool Elaborator::readActivation(Ffn &ffn) {
  const Layer &layer = ffn.layer;
  const Value *given = findArgument(layer, "act");
  ffn.act = given ? *given
                  : Value::makeFunction(findFunction("gelu", Context::model));
  const FnItem *fn = ffn.act.fn;
  const LibraryFunction *library = ffn.act.library;
  bool isElementwise =
      ffn.act.kind == Value::Kind::function &&
      (fn || (library->kind == LibraryKind::elementwise && !library->missing));
  if (!isElementwise) {
    failArgument(layer, "act", "an elementwise function");
    return false;
  }
  ffn.numInputs = fn ? llvm::count_if(fn->formals,
                                      [](const Formal &formal) {
                                        return formal.value == nullptr;
                                      })
                     : library->parameters.size();
  if (ffn.numInputs == 1 || ffn.numInputs == 2)
    return true;
  fail(placeOf(layer, "act"),
       "an activation has one parameter, or two (gate, up); '" +
           (fn ? fn->name : StringRef(library->name)) + "' has " +
           Twine(ffn.numInputs));
  return false;
}

std::optional<Ffn> Elaborator::readFfn(Layer &layer) {
  Ffn ffn = {layer};
  bool ok = true;
  ffn.hidden = readInteger(layer, "hidden", 1, kMaxWidth, 1, ok);
  ffn.bias = readBoolean(layer, "bias", true, ok);
  ffn.dropout = readNumber(layer, "dropout", 0, kMaxDropout, 0, ok);
  if (!readActivation(ffn) || !ok)
    return std::nullopt;
  return ffn;
}

/// `x w_suffix + b_suffix`; null after an error.
mlir::Value Elaborator::project(const Ffn &ffn, StringRef suffix, mlir::Value x,
                                int64_t out, bool residual) {
  auto type = llvm::cast<RankedTensorType>(x.getType());
  int64_t in = type.getDimSize(1);
  mlir::Value w = weight(ffn.layer, ("w_" + suffix).str(),
                         matrix(ffn.getShape({in, out}), residual));
  if (!w)
    return nullptr;
  mlir::Value y = matmul(x, w, false, ffn.plan,
                         builder->getActivations(type.getDimSize(0), out));
  if (!ffn.bias)
    return y;
  mlir::Value b =
      weight(ffn.layer, ("b_" + suffix).str(), zeros(ffn.getShape({out})));
  return b ? addBias(y, b, ffn.plan) : nullptr;
}

/// `act(x w_in) w_out`, or with `act(x w_gate, x w_up)`.
Value Elaborator::emitFfn(Frame &frame, const Ffn &ffn, mlir::Value x) {
  const Layer &layer = ffn.layer;
  int64_t width = llvm::cast<RankedTensorType>(x.getType()).getDimSize(1);
  int64_t hidden = ffn.hidden / ffn.parts;
  std::vector<Value> products;
  for (size_t i = 0; i < ffn.numInputs; ++i) {
    StringRef suffix = ffn.numInputs == 1 ? "in" : i == 0 ? "gate" : "up";
    mlir::Value product = project(ffn, suffix, x, hidden);
    if (!product)
      return Value::makeError();
    products.push_back(Value::makeTensor(product));
  }
  Value activated =
      applyActivation(frame, ffn.act, products, layer.loc, layer.path);
  if (activated.isError())
    return activated;
  if (!activated.isTensor() || activated.getWidth() != hidden)
    return fail(placeOf(layer, "act"), "the activation gives " +
                                           activated.describe() +
                                           ", not a tensor like its input");
  builder->setPlace(layer.loc, layer.path);
  builder->countResidualBranch();
  // Every hash function reads what all of them gave.
  mlir::Value h = ffn.parts == 1 ? activated.tensor
                                 : dispatch(ffn, join(ffn, activated.tensor));
  mlir::Value y = project(ffn, "out", h, width / ffn.parts, /*residual=*/true);
  return y ? Value::makeTensor(y) : Value::makeError();
}

Value Elaborator::emitDenseFfn(Frame &frame, Layer &layer, const Value &input) {
  std::optional<Ffn> ffn = readFfn(layer);
  if (!ffn)
    return Value::makeError();
  builder->setPlace(layer.loc, layer.path);
  Value y = emitFfn(frame, *ffn, input.tensor);
  return y.isError() ? y : Value::makeTensor(dropout(y.tensor, ffn->dropout));
}

Value Elaborator::emitHashFfn(Frame &frame, Layer &layer, const Value &input) {
  std::optional<Ffn> ffn = readFfn(layer);
  if (!ffn)
    return Value::makeError();
  if (!route(frame, *ffn, input.getWidth()))
    return Value::makeError();
  bool ok = true;
  mlir::Value weights = emitGate(layer, input.tensor, ffn->plan, ok);
  if (weights && ffn->parts > 1)
    return fail(placeOf(layer, "gate"),
                "what a list of routers chooses stands side by side and is not "
                "summed by weight: give the layer one router, or no gate");
  if (!ok)
    return Value::makeError();
  Value y = emitFfn(frame, *ffn, dispatch(*ffn, input.tensor));
  if (y.isError())
    return y;
  if (weights)
    y = Value::makeTensor(
        builder->create<hash::WeighOp>(y.tensor.getType(), y.tensor, weights));
  mlir::Value combined =
      ffn->parts == 1 ? builder->create<hash::CombineOp>(input.tensor.getType(),
                                                         y.tensor, ffn->plan)
                      : join(*ffn, y.tensor);
  return Value::makeTensor(dropout(combined, ffn->dropout));
}

} // namespace hashc::frontend
