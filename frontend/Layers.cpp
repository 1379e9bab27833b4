//===- Layers.cpp - The library's layers ----------------------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/Elaborator.h"
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
  StringRef name = layer.library->name;
  if (layer.path.empty())
    layer.path = takePath(frame, name);
  builder->setPlace(loc, layer.path);
  if (name == "positions")
    return emitPositions(layer);
  if (name == "embedding")
    return emitEmbedding(layer, input);
  if (!input.isTensor()) {
    bool ids = input.kind == Value::Kind::ids;
    return fail(loc,
                "'" + name + "' takes a tensor, not " + input.describe() +
                    (ids ? ": look them up with embedding(...) first" : ""));
  }
  if (name == "layer_norm" || name == "rms_norm")
    return emitNorm(layer, input);
  if (name == "attention")
    return emitAttention(layer, input);
  if (name == "dense_ffn" || name == "hash_ffn")
    return emitFfn(frame, layer, input);
  if (name == "linear")
    return emitLinear(layer, input);
  if (name == "unembed")
    return emitUnembed(layer, input);
  return emitDropout(layer, input);
}

Value Elaborator::emitEmbedding(Layer &layer, const Value &input) {
  if (input.kind != Value::Kind::ids)
    return fail(layer.loc,
                "'embedding' looks up token ids, not " + input.describe());
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

Value Elaborator::emitPositions(Layer &layer) {
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

Value Elaborator::emitNorm(Layer &layer, const Value &input) {
  bool ok = true;
  double eps = readNumber(layer, "eps", 0, 1, 1e-5, ok);
  if (!ok)
    return Value::makeError();
  mlir::Value gamma = weight(layer, "gamma", ones({input.getWidth()}));
  if (!gamma)
    return Value::makeError();
  mlir::Type type = input.tensor.getType();
  auto perRow =
      RankedTensorType::get({shape.getRows()}, builder->getParamType());
  auto epsAttr = builder->getBuilder().getF64FloatAttr(eps);
  if (layer.library->name == "rms_norm")
    return Value::makeTensor(builder
                                 ->create<hash::RmsNormOp>(
                                     type, perRow, input.tensor, gamma, epsAttr)
                                 .getResult());
  mlir::Value beta = weight(layer, "beta", zeros({input.getWidth()}));
  return Value::makeTensor(builder
                               ->create<hash::LayerNormOp>(type, perRow, perRow,
                                                           input.tensor, gamma,
                                                           beta, epsAttr)
                               .getResult());
}

Value Elaborator::emitAttention(Layer &layer, const Value &input) {
  bool ok = true;
  int64_t width = input.getWidth();
  int64_t heads = readInteger(layer, "heads", 1, kMaxWidth, 1, ok);
  int64_t kvHeads = readInteger(layer, "kv_heads", 1, kMaxWidth, heads, ok);
  bool causal = readBoolean(layer, "causal", true, ok);
  bool rope = readBoolean(layer, "rope", false, ok);
  bool bias = readBoolean(layer, "bias", false, ok);
  double rate = readNumber(layer, "dropout", 0, 0.999, 0, ok);
  if (!ok)
    return Value::makeError();
  if (!causal)
    return fail(placeOf(layer, "causal"),
                "not supported yet: attention to later tokens (causal = "
                "false); a language model predicts them");
  if (width % heads != 0)
    return fail(placeOf(layer, "heads"), "heads = " + Twine(heads) +
                                             " does not divide the width " +
                                             Twine(width));
  if (heads % kvHeads != 0)
    return fail(placeOf(layer, "kv_heads"),
                "kv_heads = " + Twine(kvHeads) +
                    " does not divide heads = " + Twine(heads));
  int64_t head = width / heads;
  if (rope && head % 2 != 0)
    return fail(placeOf(layer, "rope"),
                "rope turns pairs of features: the width of a head, " +
                    Twine(head) + ", must be even");

  auto project = [&](StringRef name, StringRef biasName, mlir::Value x,
                     int64_t out, bool residual) -> mlir::Value {
    int64_t in = llvm::cast<RankedTensorType>(x.getType()).getDimSize(1);
    mlir::Value w = weight(layer, name, matrix({in, out}, residual));
    if (!w)
      return nullptr;
    mlir::Value y = matmul(x, w, false, nullptr,
                           builder->getActivations(shape.getRows(), out));
    return bias ? addBias(y, weight(layer, biasName, zeros({out})), nullptr)
                : y;
  };
  mlir::Value q = project("wq", "bq", input.tensor, width, false);
  if (!q)
    return Value::makeError();
  mlir::Value k = project("wk", "bk", input.tensor, kvHeads * head, false);
  mlir::Value v = project("wv", "bv", input.tensor, kvHeads * head, false);
  mlir::OpBuilder &attributes = builder->getBuilder();
  if (rope) {
    mlir::Value positions = getPositions();
    auto base = attributes.getF64FloatAttr(10000.0);
    q = builder->create<hash::RotaryOp>(q.getType(), q, positions,
                                        attributes.getI64IntegerAttr(heads),
                                        base, mlir::UnitAttr());
    k = builder->create<hash::RotaryOp>(k.getType(), k, positions,
                                        attributes.getI64IntegerAttr(kvHeads),
                                        base, mlir::UnitAttr());
  }
  auto lse =
      RankedTensorType::get({shape.getRows(), heads}, builder->getParamType());
  double scale = 1 / std::sqrt(static_cast<double>(head));
  mlir::Value mixed =
      builder
          ->create<hash::AttentionOp>(
              q.getType(), lse, q, k, v, builder->getStarts(),
              attributes.getI64IntegerAttr(heads),
              attributes.getI64IntegerAttr(kvHeads),
              attributes.getI64IntegerAttr(shape.window),
              attributes.getF64FloatAttr(scale), attributes.getUnitAttr())
          .getResult();
  builder->countResidualBranch();
  mlir::Value out = project("wo", "bo", mixed, width, true);
  if (!out)
    return Value::makeError();
  return Value::makeTensor(dropout(out, rate));
}

Value Elaborator::emitLinear(Layer &layer, const Value &input) {
  bool ok = true;
  int64_t out = readInteger(layer, "out", 1, kMaxWidth, 1, ok);
  bool bias = readBoolean(layer, "bias", true, ok);
  if (!ok)
    return Value::makeError();
  mlir::Value w = weight(layer, "w", matrix({input.getWidth(), out}));
  if (!w)
    return Value::makeError();
  mlir::Value y = matmul(input.tensor, w, false, nullptr,
                         builder->getActivations(shape.getRows(), out));
  if (bias)
    y = addBias(y, weight(layer, "b", zeros({out})), nullptr);
  return Value::makeTensor(y);
}

Value Elaborator::emitUnembed(Layer &layer, const Value &input) {
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
  SMLoc place = placeOf(layer, "tied");
  const Embedding *embedding = nullptr;
  if (isTruth) {
    if (embeddings.empty())
      return fail(place, "tied = true needs an embedding before it");
    if (embeddings.size() > 1)
      return fail(place, "tied = true, but the model has " +
                             Twine(embeddings.size()) +
                             " embeddings: give one a name with 'let emb = "
                             "embedding(dim = ...)' and write tied = emb");
    embedding = &embeddings.front();
  } else {
    bool isEmbedding = tied->kind == Value::Kind::layer &&
                       tied->layer->library &&
                       tied->layer->library->name == "embedding";
    if (!isEmbedding)
      return failArgument(layer, "tied",
                          "true, false or an embedding bound by 'let emb = "
                          "embedding(dim = ...)'");
    for (const Embedding &known : embeddings)
      if (known.path == tied->layer->path)
        embedding = &known;
    if (!embedding)
      return fail(place, "this embedding is not used before: nothing says "
                         "what ids it looks up");
  }
  if (embedding->width != input.getWidth())
    return fail(place, "the embedding '" + Twine(embedding->path) +
                           "' has width " + Twine(embedding->width) +
                           ", the input of unembed has " +
                           Twine(input.getWidth()));
  mlir::Value w = builder->getWeight(embedding->path,
                                     features({shape.vocab, embedding->width}));
  return Value::makeTensor(matmul(input.tensor, w, true, nullptr, type));
}

Value Elaborator::emitDropout(Layer &layer, const Value &input) {
  bool ok = true;
  double rate = readNumber(layer, "rate", 0, 0.999, 0, ok);
  if (!ok)
    return Value::makeError();
  return Value::makeTensor(dropout(input.tensor, rate));
}

//===----------------------------------------------------------------------===//
// Feed-forward networks
//===----------------------------------------------------------------------===//

bool Elaborator::isBoundRouter(Layer &layer, const Value &router) {
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
                                                Layer &layer,
                                                int64_t &experts) {
  if (!isBoundRouter(layer, router))
    return std::nullopt;
  std::optional<Stream> ids = evaluateRouter(frame, router, layer);
  if (!ids)
    return std::nullopt;
  constexpr int64_t kMaxExperts = 65536;
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
  experts = given ? given : ids->range.high + 1;
  return ids;
}

Elaborator::Routing Elaborator::makeRouting(Frame &frame, Layer &layer) {
  const Value *router = findArgument(layer, "router");
  bool isList = router->kind == Value::Kind::routers;
  llvm::ArrayRef<Value> routers(*router);
  if (isList)
    routers = router->elements;
  auto [entry, isNew] =
      routedLayers.try_emplace(layer.path, routedLayers.size());
  layer.routedIndex = entry->second;

  Routing routing;
  llvm::SmallVector<mlir::Value> choices;
  for (const Value &value : routers) {
    int64_t experts = 0;
    std::optional<Stream> ids = chooseExperts(frame, value, layer, experts);
    if (!ids)
      return {};
    bool several =
        llvm::cast<RankedTensorType>(ids->narrow.getType()).getRank() > 1;
    if (isList && several)
      return fail(value.loc, "a router of a list gives one expert for a token; "
                             "this table has several (top)"),
             Routing();
    if (!choices.empty() && experts != routing.experts)
      return fail(placeOf(layer, "router"),
                  "the routers of a list choose among as many experts each; "
                  "these have " +
                      Twine(routing.experts) + " and " + Twine(experts)),
             Routing();
    routing.experts = experts;
    choices.push_back(ids->narrow);
  }
  builder->setPlace(layer.loc, layer.path);
  int64_t rows = shape.getRows();
  mlir::Value chosen = choices.front();
  if (choices.size() > 1) {
    routing.parts = choices.size();
    auto type = RankedTensorType::get({rows, routing.parts},
                                      builder->getBuilder().getI32Type());
    chosen = builder->create<hash::ChoicesOp>(type, choices,
                                              uint64_t(routing.experts));
  }
  int64_t slots =
      llvm::cast<RankedTensorType>(chosen.getType()).getNumElements();
  auto type = hash::PlanType::get(&context, rows, slots / rows,
                                  routing.parts * routing.experts, slots);
  routing.plan =
      builder->create<hash::PlanOp>(type, chosen, builder->getTokens());
  return routing;
}

Value Elaborator::emitFfn(Frame &frame, Layer &layer, const Value &input) {
  bool routed = layer.library->name == "hash_ffn";
  bool ok = true;
  int64_t width = input.getWidth();
  int64_t hidden = readInteger(layer, "hidden", 1, kMaxWidth, 1, ok);
  bool bias = readBoolean(layer, "bias", true, ok);
  double rate = readNumber(layer, "dropout", 0, 0.999, 0, ok);
  const Value *act = findArgument(layer, "act");
  Value gelu = Value::makeFunction(findFunction("gelu", Context::model));
  if (!act)
    act = &gelu;
  bool isFunction = act->kind == Value::Kind::function;
  bool elementwise =
      isFunction &&
      (act->fn || (act->library->kind == LibraryKind::elementwise &&
                   !act->library->missing));
  if (!elementwise)
    return failArgument(layer, "act", "an elementwise function");
  size_t inputs = 0;
  if (act->fn) {
    for (const Formal &formal : act->fn->formals)
      inputs += formal.value == nullptr;
  } else {
    inputs = act->library->parameters.size();
  }
  if (inputs != 1 && inputs != 2)
    return fail(placeOf(layer, "act"),
                "an activation has one parameter, or two (gate, up); '" +
                    (act->fn ? act->fn->name : StringRef(act->library->name)) +
                    "' has " + Twine(inputs));
  if (!ok)
    return Value::makeError();

  Routing routing;
  if (routed) {
    routing = makeRouting(frame, layer);
    if (!routing.plan)
      return Value::makeError();
  }
  mlir::Value plan = routing.plan;
  int64_t parts = routing.parts;
  if (hidden % parts != 0 || width % parts != 0)
    return fail(placeOf(layer, "router"),
                Twine(parts) +
                    " routers share the features evenly: their "
                    "number divides hidden = " +
                    Twine(hidden) + " and the width " + Twine(width));
  // Every weight of a routed layer has an axis of experts in front.
  auto withExperts = [&](std::vector<int64_t> extents) {
    if (routed)
      extents.insert(extents.begin(), parts * routing.experts);
    return extents;
  };
  builder->setPlace(layer.loc, layer.path);
  // Inside, a routed layer has a row for each choice of each token.
  int64_t rows = shape.getRows();
  mlir::Value x = input.tensor;
  auto dispatch = [&](mlir::Value tokens, int64_t features) {
    return builder->create<hash::DispatchOp>(
        builder->getActivations(rows, features), tokens, plan);
  };
  if (routed) {
    rows = llvm::cast<hash::PlanType>(plan.getType()).getSlots();
    x = dispatch(x, width);
  }
  std::vector<Value> products;
  for (size_t i = 0; i < inputs; ++i) {
    StringRef name = inputs == 1 ? "in" : i == 0 ? "gate" : "up";
    mlir::Value w = weight(layer, ("w_" + name).str(),
                           matrix(withExperts({width, hidden / parts})));
    if (!w)
      return Value::makeError();
    mlir::Value h = matmul(x, w, false, plan,
                           builder->getActivations(rows, hidden / parts));
    if (bias) {
      mlir::Value b = weight(layer, ("b_" + name).str(),
                             zeros(withExperts({hidden / parts})));
      if (!b)
        return Value::makeError();
      h = addBias(h, b, plan);
    }
    products.push_back(Value::makeTensor(h));
  }
  Value activated =
      applyActivation(frame, *act, products, layer.loc, layer.path);
  if (activated.isError())
    return activated;
  if (!activated.isTensor() || activated.getWidth() != hidden / parts)
    return fail(placeOf(layer, "act"), "the activation gives " +
                                           activated.describe() +
                                           ", not a tensor like its input");
  builder->setPlace(layer.loc, layer.path);
  mlir::Value out = weight(layer, "w_out",
                           matrix(withExperts({hidden, width / parts}), true));
  if (!out)
    return Value::makeError();
  builder->countResidualBranch();
  // Every function of a list reads what all of them gave (MultiHash).
  mlir::Value h = activated.tensor;
  auto join = [&](mlir::Value slots, int64_t features) {
    return builder->create<hash::JoinOp>(
        builder->getActivations(shape.getRows(), features), slots, plan);
  };
  if (parts > 1)
    h = dispatch(join(h, hidden), hidden);
  mlir::Value y =
      matmul(h, out, false, plan, builder->getActivations(rows, width / parts));
  if (bias) {
    mlir::Value b = weight(layer, "b_out", zeros(withExperts({width / parts})));
    if (!b)
      return Value::makeError();
    y = addBias(y, b, plan);
  }
  if (parts > 1)
    y = join(y, width);
  else if (routed)
    y = builder->create<hash::CombineOp>(input.tensor.getType(), y, plan);
  return Value::makeTensor(dropout(y, rate));
}

} // namespace hashc::frontend
