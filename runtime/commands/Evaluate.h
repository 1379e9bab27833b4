//===- Evaluate.h - Loss and load over a data set ---------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_RUNTIME_COMMANDS_EVALUATE_H
#define HASHC_RUNTIME_COMMANDS_EVALUATE_H

#include "runtime/engine/Model.h"

#include <functional>

namespace hashc::runtime {

/// How a routed layer's experts were used.
struct RouterLoad {
  std::string path;
  int64_t groups = 0, k = 1;
  Load load;
  /// What no router with this key can beat (0: the key is not one token).
  double bound = 0;
};

struct Evaluation {
  double lossSum = 0;
  int64_t targets = 0, bytes = 0, windows = 0;
  std::vector<RouterLoad> routers; // measured only where asked for

  double getLoss() const { return lossSum / static_cast<double>(targets); }
  double getPerplexity() const;
  /// 0 for token files, whose text is unknown.
  double getBitsPerByte() const;
};

struct EvaluateOptions {
  /// 0: all; else this many, spread evenly.
  int64_t microBatches = 0;
  bool loads = false;
  const Tokenizer *tokenizer = nullptr; // counts bytes
  /// Sees every micro-batch as it was scored; its first window.
  std::function<void(const Batch &, int64_t)> observe;
};

Evaluation evaluate(Model &model, const WindowSource &windows,
                    const EvaluateOptions &options);

} // namespace hashc::runtime

#endif // HASHC_RUNTIME_COMMANDS_EVALUATE_H
