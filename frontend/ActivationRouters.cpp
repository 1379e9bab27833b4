//===- ActivationRouters.cpp - Routers that read activations --------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// They choose by a product of the layer's input, and end in a plan like every
// router: what the experts do is the same.
//
//===----------------------------------------------------------------------===//

#include "frontend/ActivationRouters.h"
#include "frontend/Elaborator.h"
#include "frontend/FeedForward.h"
#include "frontend/Limits.h"

#include <cmath>

using llvm::StringRef;
using llvm::Twine;
using mlir::RankedTensorType;

namespace hashc::frontend {

namespace {

/// What weights and factors of a router can be.
constexpr double kLeastFactor = 1e-3, kMostFactor = 1e3;

} // namespace

//===----------------------------------------------------------------------===//
// In router items
//===----------------------------------------------------------------------===//

/// The place of a parameter that is given.
static std::optional<size_t> findGiven(const StreamCall &call, StringRef name) {
  for (auto [index, parameter] : llvm::enumerate(call.function.parameters))
    if (parameter.name == name && call.bound.given[index])
      return index;
  return std::nullopt;
}

std::optional<double> Elaborator::readStreamNumber(const StreamCall &call,
                                                   StringRef name, double low,
                                                   double high,
                                                   double otherwise) {
  std::optional<size_t> index = findGiven(call, name);
  if (!index)
    return otherwise;
  const Value &value = call.bound.values[*index];
  if (value.isNumeric() && value.asNumber() >= low && value.asNumber() <= high)
    return value.asNumber();
  fail(call.bound.places[*index],
       name + " is a number from " + showNumber(low) + " to " +
           showNumber(high) + ", not " + value.describe());
  return std::nullopt;
}

std::optional<bool> Elaborator::readStreamBoolean(const StreamCall &call,
                                                  StringRef name,
                                                  bool otherwise) {
  std::optional<size_t> index = findGiven(call, name);
  if (!index)
    return otherwise;
  const Value &value = call.bound.values[*index];
  if (value.kind == Value::Kind::boolean)
    return value.integer != 0;
  fail(call.bound.places[*index],
       name + " is true or false, not " + value.describe());
  return std::nullopt;
}

Value Elaborator::makeLearned(const ActivationRouter &router) {
  Stream stream;
  stream.range = {0, router.experts - 1};
  stream.learned = std::make_shared<ActivationRouter>(router);
  return Value::makeStream(stream, Value::Kind::learned);
}

Value Elaborator::callSwitch(const StreamCall &call) {
  auto experts = readStreamInteger(call, "experts", 1, kMaxExperts, 1);
  auto capacity =
      readStreamNumber(call, "capacity", kLeastFactor, kMostFactor, 1.25);
  auto aux = readStreamNumber(call, "aux", 0, kMostFactor, 0.01);
  auto z = readStreamNumber(call, "z", 0, kMostFactor, 0);
  auto jitter = readStreamNumber(call, "jitter", 0, kMaxDropout, 0);
  if (!experts || !capacity || !aux || !z || !jitter)
    return Value::makeError();
  ActivationRouter router;
  router.kind = ActivationRouter::Kind::switching;
  router.experts = *experts;
  router.capacity = *capacity;
  router.aux = *aux;
  router.z = *z;
  router.jitter = *jitter;
  return makeLearned(router);
}

Value Elaborator::callNoAuxTc(const StreamCall &call) {
  auto experts = readStreamInteger(call, "experts", 1, kMaxExperts, 1);
  auto top = readStreamInteger(call, "top", 1, kMaxChoices, 1);
  auto scale = readStreamNumber(call, "scale", kLeastFactor, kMostFactor, 1);
  auto normalize = readStreamBoolean(call, "normalize", true);
  auto rate = readStreamNumber(call, "rate", 0, 1, 0.001);
  if (!experts || !top || !scale || !normalize || !rate)
    return Value::makeError();
  llvm::SMLoc place = call.bound.places[*findGiven(call, "top")];
  if (*top > *experts)
    return fail(place, "top = " + Twine(*top) + ", but there are only " +
                           Twine(*experts) + " experts to choose from");
  if (*top == 1 && *normalize)
    return fail(place, "a single choice has all of the weight, whatever its "
                       "score: choose top = 2 or more, or write normalize = "
                       "false");
  ActivationRouter router;
  router.kind = ActivationRouter::Kind::noAuxTc;
  router.experts = *experts;
  router.top = *top;
  router.scale = *scale;
  router.normalize = *normalize;
  router.rate = *rate;
  return makeLearned(router);
}

Value Elaborator::callBase(const StreamCall &call) {
  auto experts = readStreamInteger(call, "experts", 1, kMaxExperts, 1);
  if (!experts)
    return Value::makeError();
  ActivationRouter router;
  router.kind = ActivationRouter::Kind::base;
  router.experts = *experts;
  return makeLearned(router);
}

Value Elaborator::callExpertChoice(const StreamCall &call) {
  auto experts = readStreamInteger(call, "experts", 1, kMaxExperts, 1);
  auto capacity =
      readStreamNumber(call, "capacity", kLeastFactor, kMostFactor, 2);
  if (!experts || !capacity)
    return Value::makeError();
  // Every pair of a row and an expert is a choice.
  if (*experts > std::numeric_limits<int32_t>::max() / shape.getRows())
    return fail(call.call.loc,
                "choices of " + Twine(*experts) + " experts among " +
                    Twine(shape.getRows()) +
                    " rows are more than 32 bits can number: take fewer "
                    "experts, or a smaller micro_batch");
  ActivationRouter router;
  router.kind = ActivationRouter::Kind::expertChoice;
  router.experts = *experts;
  router.capacity = *capacity;
  return makeLearned(router);
}

//===----------------------------------------------------------------------===//
// In layers
//===----------------------------------------------------------------------===//

int64_t ActivationRouter::countSlots(int64_t rows, int64_t choices) const {
  if (kind != Kind::expertChoice)
    return choices;
  double share = std::ceil(static_cast<double>(rows) * capacity /
                           static_cast<double>(experts));
  return experts *
         static_cast<int64_t>(std::min(share, static_cast<double>(rows)));
}

/// It says itself how many experts there are and what they weigh.
bool Elaborator::checkLearned(const Stream &router, const Layer &layer) {
  bool ok = true;
  if (router.learned->kind == ActivationRouter::Kind::expertChoice &&
      !shape.isPredictedSelected()) {
    fail(placeOf(layer, "router"),
         "not supported yet: experts that choose among the tokens of a "
         "source; switch, noaux_tc and base are for sources, too");
    ok = false;
  }
  for (StringRef name : {"experts", "gate", "scale", "normalize"}) {
    if (!findArgument(layer, name))
      continue;
    fail(placeOf(layer, name),
         name == "experts"
             ? "a router that reads activations says itself how many experts "
               "there are: this one has " +
                   std::to_string(router.learned->experts)
             : "a router that reads activations weighs its choices itself: " +
                   name.str() + " is for routers of the token stream");
    ok = false;
  }
  return ok;
}

/// The experts with the largest scores of each row.
mlir::Value Elaborator::chooseBest(mlir::Value scores, int64_t top) {
  llvm::SmallVector<int64_t> extents = {shape.getRows()};
  if (top > 1)
    extents.push_back(top);
  auto type =
      RankedTensorType::get(extents, builder->getBuilder().getI32Type());
  return builder->create<hash::TopChoicesOp>(type, scores);
}

/// Of all choices, those that are dropped later too.
void Elaborator::addAuxLosses(const Ffn &ffn, mlir::Value choices) {
  const ActivationRouter &router = *ffn.learned;
  const std::string &path = ffn.layer.path;
  mlir::Type type = builder->getParamType();
  auto perRow = RankedTensorType::get({shape.getRows()}, type);
  if (router.aux > 0) {
    auto shares = builder->create<hash::ExpertLoadOp>(
        RankedTensorType::get({router.experts}, type), choices,
        builder->getTokens(), /*share=*/true);
    builder->addResult(hash::ArgKind::aux, path + ".balance",
                       builder->create<hash::BalanceLossOp>(
                           perRow, ffn.logits, shares, builder->getTokens(),
                           llvm::APFloat(router.aux)));
  }
  if (router.z > 0)
    builder->addResult(hash::ArgKind::aux, path + ".z",
                       builder->create<hash::ZLossOp>(perRow, ffn.logits,
                                                      builder->getTokens(),
                                                      llvm::APFloat(router.z)));
}

/// The expert of the largest logit, while it has a place.
mlir::Value Elaborator::chooseBySwitch(const Ffn &ffn) {
  const ActivationRouter &router = *ffn.learned;
  mlir::Value choices = chooseBest(ffn.logits, 1);
  addAuxLosses(ffn, choices);
  mlir::Builder &attributes = builder->getBuilder();
  auto limited = builder->create<hash::LimitCapacityOp>(
      choices.getType(),
      RankedTensorType::get({router.experts}, attributes.getI32Type()), choices,
      builder->getTokens(), attributes.getF64FloatAttr(router.capacity));
  return limited.getResult();
}

/// The experts of the largest sums of score and bias. The bias only chooses;
/// what is counted of the choices moves it. Null after an error.
mlir::Value Elaborator::chooseByBias(const Ffn &ffn) {
  const ActivationRouter &router = *ffn.learned;
  WeightSpec spec = WeightSpec::zeros({router.experts});
  spec.balance = router.rate;
  mlir::Value bias = weight(ffn.layer, "b_router", spec);
  if (!bias)
    return nullptr;
  mlir::Value scores =
      emitUnary(*findFunction("sigmoid", Context::model)->unary, ffn.logits);
  mlir::Value choices =
      chooseBest(addBias(scores, bias, /*plan=*/nullptr), router.top);
  builder->addResult(hash::ArgKind::grad, ffn.layer.path + ".b_router",
                     builder->create<hash::ExpertLoadOp>(
                         bias.getType(), choices, builder->getTokens(),
                         /*share=*/false));
  return choices;
}

/// The expert of the largest logit, but in training with as many tokens for
/// each expert.
mlir::Value Elaborator::chooseByBase(const Ffn &ffn) {
  constexpr double kTolerance = 0.02;
  mlir::Builder &attributes = builder->getBuilder();
  int64_t rows = shape.getRows();
  auto perRow = RankedTensorType::get({rows}, attributes.getF64Type());
  auto perExpert =
      RankedTensorType::get({ffn.learned->experts}, attributes.getF64Type());
  mlir::Type stream = builder->getStream(32);
  auto assigned = builder->create<hash::BalancedChoicesOp>(
      stream, perExpert, perRow, stream, ffn.logits, builder->getTokens(),
      attributes.getF64FloatAttr(kTolerance));
  return assigned.getChoices();
}

/// Each expert's tokens with the largest shares of it.
mlir::Value Elaborator::chooseByExperts(const Ffn &ffn) {
  const ActivationRouter &router = *ffn.learned;
  mlir::Builder &attributes = builder->getBuilder();
  auto type = RankedTensorType::get({shape.getRows(), router.experts},
                                    attributes.getI32Type());
  mlir::Value shares =
      builder->create<hash::LogSharesOp>(ffn.logits.getType(), ffn.logits);
  return builder->create<hash::ExpertChoicesOp>(
      type, shares, builder->getTokens(),
      attributes.getF64FloatAttr(router.capacity));
}

/// The router's matrix as its authors start it.
static WeightSpec getRouterSpec(const ActivationRouter &router, int64_t width) {
  WeightSpec spec = WeightSpec::matrix({width, router.experts});
  if (router.kind == ActivationRouter::Kind::base) {
    spec.init = hash::Init::orthogonal;
    spec.scale = 0.1;
  }
  return spec;
}

mlir::Value Elaborator::chooseByActivations(
    Ffn &ffn, std::shared_ptr<ActivationRouter> learned, mlir::Value x) {
  ffn.learned = std::move(learned);
  const ActivationRouter &router = *ffn.learned;
  ffn.experts = router.experts;
  builder->setPlace(ffn.layer.loc, ffn.layer.path);
  mlir::Builder &attributes = builder->getBuilder();
  if (router.jitter > 0)
    x = builder->create<hash::JitterOp>(
        x.getType(), x, builder->getSeed(),
        attributes.getF64FloatAttr(router.jitter),
        attributes.getI64IntegerAttr(builder->takeDropoutStream()));
  ffn.logits = emitLogits(ffn.layer, x, getRouterSpec(router, getWidth(x)));
  if (!ffn.logits)
    return nullptr;
  switch (router.kind) {
  case ActivationRouter::Kind::switching:
    return chooseBySwitch(ffn);
  case ActivationRouter::Kind::noAuxTc:
    return chooseByBias(ffn);
  case ActivationRouter::Kind::base:
    return chooseByBase(ffn);
  case ActivationRouter::Kind::expertChoice:
    return chooseByExperts(ffn);
  }
  return nullptr;
}

/// What each choice counts: its score, by the same logits.
mlir::Value Elaborator::weighChoices(const Ffn &ffn) {
  const ActivationRouter &router = *ffn.learned;
  bool isSoftmax = router.kind == ActivationRouter::Kind::switching ||
                   router.kind == ActivationRouter::Kind::expertChoice;
  int64_t slots = llvm::cast<hash::PlanType>(ffn.plan.getType()).getSlots();
  return builder->create<hash::GateOp>(
      RankedTensorType::get({slots}, builder->getParamType()), ffn.logits,
      ffn.plan, isSoftmax ? hash::GateKind::softmax : hash::GateKind::sigmoid,
      router.normalize, llvm::APFloat(router.scale));
}

} // namespace hashc::frontend
