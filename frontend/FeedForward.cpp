//===- FeedForward.cpp - Dense and routed feed-forward networks -----------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/FeedForward.h"
#include "frontend/Elaborator.h"
#include "frontend/Limits.h"

using llvm::StringRef;
using llvm::Twine;
using mlir::RankedTensorType;

namespace hashc::frontend {

bool Elaborator::isBoundRouter(const Layer &layer, const Value &router,
                               StringRef name) {
  if (router.kind == Value::Kind::router && router.bound)
    return true;
  if (router.kind == Value::Kind::function)
    failArgument(layer, name, "a router: declare one with 'router r = ...'");
  else if (router.kind == Value::Kind::argmax)
    failArgmax(placeOf(layer, name));
  else if (router.kind != Value::Kind::router)
    failArgument(layer, name, "a router or a list of them");
  else
    fail(placeOf(layer, name), "the router '" + router.router->name +
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
  if (ids->learned)
    return checkLearned(*ids, layer) ? ids : std::nullopt;
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

mlir::Value Elaborator::chooseAll(Frame &frame, Ffn &ffn, mlir::Value x) {
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
    if (ids->learned && isList)
      return fail(value.loc, "a router of a list reads the token stream; '" +
                                 value.router->name +
                                 "' reads activations: give the layer this "
                                 "router alone"),
             nullptr;
    if (ids->learned)
      return chooseByActivations(ffn, ids->learned, x);
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

void Elaborator::countRouted(Layer &layer) {
  auto [entry, isNew] =
      routedLayers.try_emplace(layer.path, routedLayers.size());
  layer.routedIndex = entry->second;
}

/// Finds the plan of a routed layer, and how many experts it has.
bool Elaborator::route(Frame &frame, Ffn &ffn, mlir::Value x) {
  Layer &layer = ffn.layer;
  int64_t width = getWidth(x);
  countRouted(layer);
  mlir::Value choices = chooseAll(frame, ffn, x);
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
  int64_t all =
      llvm::cast<RankedTensorType>(choices.getType()).getNumElements();
  int64_t slots = ffn.learned ? ffn.learned->countSlots(rows, all) : all;
  auto type =
      hash::PlanType::get(&context, rows, all / rows, ffn.experts, slots);
  ffn.plan = builder->create<hash::PlanOp>(type, choices, getMask(choices));
  if (ffn.learned || readsActivations(choices))
    builder->addResult(hash::ArgKind::plan, "plan." + layer.path, ffn.plan);
  return true;
}

/// A row for each choice of each token.
mlir::Value Elaborator::dispatch(const Ffn &ffn, mlir::Value tokens) {
  int64_t width = getWidth(tokens);
  int64_t slots = llvm::cast<hash::PlanType>(ffn.plan.getType()).getSlots();
  return builder->create<hash::DispatchOp>(
      builder->getActivations(slots, width), tokens, ffn.plan);
}

/// What the hash functions gave, side by side.
mlir::Value Elaborator::join(const Ffn &ffn, mlir::Value slots) {
  int64_t width = getWidth(slots);
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
  ffn.init = readInit(layer, ok);
  if (!readActivation(ffn) || !ok)
    return std::nullopt;
  return ffn;
}

/// True if the layer gives nothing at first, as BASE layers do where the spec
/// does not say how matrices start.
bool Elaborator::startsAtZero(const Ffn &ffn) {
  return ffn.learned && ffn.learned->kind == ActivationRouter::Kind::base &&
         !findArgument(ffn.layer, "init");
}

/// `x w_suffix + b_suffix`; null after an error.
mlir::Value Elaborator::project(const Ffn &ffn, StringRef suffix, mlir::Value x,
                                int64_t out, bool residual) {
  int64_t rows = llvm::cast<RankedTensorType>(x.getType()).getDimSize(0);
  WeightSpec spec =
      WeightSpec::matrix(ffn.getShape({getWidth(x), out}), residual, ffn.init);
  if (residual && startsAtZero(ffn)) {
    spec = WeightSpec::zeros(spec.shape);
    spec.decay = true;
  }
  mlir::Value w = weight(ffn.layer, ("w_" + suffix).str(), spec);
  if (!w)
    return nullptr;
  mlir::Value y =
      matmul(x, w, false, ffn.plan, builder->getActivations(rows, out));
  if (!ffn.bias)
    return y;
  mlir::Value b = weight(ffn.layer, ("b_" + suffix).str(),
                         WeightSpec::zeros(ffn.getShape({out})));
  return b ? addBias(y, b, ffn.plan) : nullptr;
}

/// `act(x w_in) w_out`, or with `act(x w_gate, x w_up)`.
Value Elaborator::emitFfn(Frame &frame, const Ffn &ffn, mlir::Value x) {
  const Layer &layer = ffn.layer;
  int64_t width = getWidth(x);
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
  if (!route(frame, *ffn, input.tensor))
    return Value::makeError();
  bool ok = true;
  mlir::Value weights = ffn->learned
                            ? weighChoices(*ffn)
                            : emitGate(layer, input.tensor, ffn->plan, ok);
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
