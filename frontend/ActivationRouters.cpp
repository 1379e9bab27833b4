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

std::optional<double> Elaborator::readStreamNumber(const StreamCall &call,
                                                   StringRef name, double low,
                                                   double high,
                                                   double otherwise) {
  for (auto [index, parameter] : llvm::enumerate(call.function.parameters)) {
    if (parameter.name != name || !call.bound.given[index])
      continue;
    const Value &value = call.bound.values[index];
    if (value.isNumeric() && value.asNumber() >= low &&
        value.asNumber() <= high)
      return value.asNumber();
    fail(call.bound.places[index],
         name + " is a number from " + showNumber(low) + " to " +
             showNumber(high) + ", not " + value.describe());
    return std::nullopt;
  }
  return otherwise;
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

//===----------------------------------------------------------------------===//
// In layers
//===----------------------------------------------------------------------===//

/// It says itself how many experts there are and what they weigh.
bool Elaborator::checkLearned(const Stream &router, const Layer &layer) {
  bool ok = true;
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
mlir::Value Elaborator::chooseBest(const Ffn &ffn, mlir::Value scores,
                                   int64_t top) {
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
  ffn.logits = emitLogits(ffn.layer, x,
                          WeightSpec::matrix({getWidth(x), router.experts}));
  if (!ffn.logits)
    return nullptr;
  mlir::Value choices = chooseBest(ffn, ffn.logits, 1);
  addAuxLosses(ffn, choices);
  auto limited = builder->create<hash::LimitCapacityOp>(
      choices.getType(),
      RankedTensorType::get({router.experts}, attributes.getI32Type()), choices,
      builder->getTokens(), attributes.getF64FloatAttr(router.capacity));
  return limited.getResult();
}

/// y = p E(x).
mlir::Value Elaborator::weighChoices(const Ffn &ffn) {
  int64_t slots = llvm::cast<hash::PlanType>(ffn.plan.getType()).getSlots();
  return builder->create<hash::GateOp>(
      RankedTensorType::get({slots}, builder->getParamType()), ffn.logits,
      ffn.plan, hash::GateKind::softmax, /*normalize=*/false,
      llvm::APFloat(1.0));
}

} // namespace hashc::frontend
