//===- ActivationRouters.h - Routers that read activations ------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_FRONTEND_ACTIVATIONROUTERS_H
#define HASHC_FRONTEND_ACTIVATIONROUTERS_H

#include <cstdint>

namespace hashc::frontend {

/// `switch(...)` and its like: how a layer's input chooses experts. The weights
/// that do so are the layer's own.
struct ActivationRouter {
  enum class Kind { switching, noAuxTc, base, expertChoice };

  Kind kind = Kind::switching;
  int64_t experts = 1;
  /// Of a token.
  int64_t top = 1;
  /// Of an expert, as a multiple of an even share of the tokens: at most, in
  /// training, or as many as it takes.
  double capacity = 0;
  /// Weights of the auxiliary losses; 0: there is none.
  double aux = 0, z = 0;
  /// The input's noise in training.
  double jitter = 0;
  /// What a choice weighs, beside its score.
  double scale = 1;
  bool normalize = false;
  /// By which the bias of a choice moves in a step.
  double rate = 0;

  /// How many choices can be live when `choices` of `rows` rows are made.
  int64_t countSlots(int64_t rows, int64_t choices) const;
};

} // namespace hashc::frontend

#endif // HASHC_FRONTEND_ACTIVATIONROUTERS_H
