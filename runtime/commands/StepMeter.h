//===- StepMeter.h - What routers of activations did in a step --*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_RUNTIME_COMMANDS_STEPMETER_H
#define HASHC_RUNTIME_COMMANDS_STEPMETER_H

#include "runtime/commands/Log.h"
#include "runtime/engine/Model.h"

namespace hashc::runtime {

/// Collects auxiliary losses and loads over the micro-batches of a step.
/// Routers of the token stream have none: `eval` reports their load.
class StepMeter {
public:
  void begin();
  /// After a micro-batch's gradStep.
  void add(Model &model);
  void finish(StepRecord &record) const;

private:
  struct Router {
    std::string path;
    std::vector<int64_t> load;
    int64_t tokens = 0, dropped = 0;
  };
  static void count(Model &model, const RouterSpec &spec, Router &router);

  std::vector<std::pair<std::string, double>> aux;
  std::vector<Router> routers;
};

} // namespace hashc::runtime

#endif // HASHC_RUNTIME_COMMANDS_STEPMETER_H
