//===- Gates.cpp - Learned weights of a router's choices ------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/Elaborator.h"

using llvm::StringRef;
using mlir::RankedTensorType;

namespace hashc::frontend {

/// `sigmoid` is the name of a function too, and stands for the gate here.
static StringRef getGateName(const Value &value) {
  bool isLibrary = value.kind == Value::Kind::function && value.library;
  if (isLibrary)
    return value.library->name;
  return value.kind == Value::Kind::word ? value.text : StringRef();
}

bool isGate(const Value &value) {
  return hash::symbolizeGateKind(getGateName(value)).has_value();
}

std::optional<hash::GateKind> Elaborator::readGate(const Layer &layer,
                                                   bool &ok) {
  const Value *gate = findArgument(layer, "gate");
  if (!gate) {
    for (StringRef name : {"scale", "normalize"})
      if (findArgument(layer, name)) {
        fail(placeOf(layer, name),
             name +
                 " is said of a gate, and this layer has none: give it one "
                 "with gate = " +
                 kGateNames);
        ok = false;
      }
    return std::nullopt;
  }
  if (std::optional<hash::GateKind> kind =
          hash::symbolizeGateKind(getGateName(*gate)))
    return kind;
  failArgument(layer, "gate", kGateNames);
  ok = false;
  return std::nullopt;
}

mlir::Value Elaborator::emitGate(Layer &layer, mlir::Value x, mlir::Value plan,
                                 bool &ok) {
  if (!plan)
    return nullptr;
  std::optional<hash::GateKind> kind = readGate(layer, ok);
  if (!kind)
    return nullptr;
  double scale = readNumber(layer, "scale", 1e-3, 1e3, 1, ok);
  bool normalize = readBoolean(layer, "normalize", true, ok);
  auto choices = llvm::cast<hash::PlanType>(plan.getType());
  if (normalize && choices.getK() == 1) {
    fail(placeOf(layer, "gate"),
         "a single choice has all of the weight, whatever its score: give the "
         "router's table 'top = 2' or more, or write normalize = false");
    ok = false;
  }
  if (!ok)
    return nullptr;
  mlir::Value logits = emitLogits(
      layer, x, WeightSpec::matrix({getWidth(x), choices.getGroups()}));
  if (!logits) {
    ok = false;
    return nullptr;
  }
  return builder->create<hash::GateOp>(
      RankedTensorType::get({choices.getSlots()}, builder->getParamType()),
      logits, plan, *kind, normalize, llvm::APFloat(scale));
}

/// A score of every expert, never narrow; null after an error.
mlir::Value Elaborator::emitLogits(Layer &layer, mlir::Value x,
                                   const WeightSpec &spec) {
  mlir::Value w = weight(layer, "w_router", spec);
  if (!w)
    return nullptr;
  // The product is told from the experts' own by its weight's name.
  builder->setPlace(layer.loc, layer.path + ".w_router");
  mlir::Value logits =
      matmul(x, w, false, nullptr,
             RankedTensorType::get({shape.getRows(), getWidth(w)},
                                   builder->getParamType()));
  builder->setPlace(layer.loc, layer.path);
  return logits;
}

} // namespace hashc::frontend
