//===- FeedForward.h - What a feed-forward network is -----------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_FRONTEND_FEEDFORWARD_H
#define HASHC_FRONTEND_FEEDFORWARD_H

#include "dialect/Hash.h"
#include "frontend/ActivationRouters.h"
#include "frontend/Value.h"

namespace hashc::frontend {

/// What a feed-forward network is, whether it is routed or not.
struct Ffn {
  Layer &layer;
  int64_t hidden = 0;
  bool bias = true;
  double dropout = 0;
  hash::Init init = hash::Init::normal;
  Value act = {};
  /// Of `act`: one, or two (gate, up).
  size_t numInputs = 0;
  /// Of a routed one.
  mlir::Value plan = {};
  int64_t experts = 0;
  /// Hash functions that have a share of the features each (MultiHash).
  int64_t parts = 1;
  /// Where activations choose: how, and the logits they choose by.
  std::shared_ptr<ActivationRouter> learned = {};
  mlir::Value logits = {};

  /// Every weight of a routed layer has an axis of experts in front.
  std::vector<int64_t> getShape(std::vector<int64_t> extents) const {
    if (plan)
      extents.insert(extents.begin(), experts);
    return extents;
  }
};

} // namespace hashc::frontend

#endif // HASHC_FRONTEND_FEEDFORWARD_H
