//===- Schedule.cpp - Learning rate and AdamW's corrections by step -------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/commands/Schedule.h"

#include "runtime/support/Error.h"

#include <algorithm>
#include <cmath>

namespace hashc::runtime {

double getLearningRate(const ScheduleSettings &schedule, double lr,
                       int64_t step, int64_t steps) {
  if (step <= schedule.warmup)
    return lr * static_cast<double>(step) /
           static_cast<double>(schedule.warmup);
  if (schedule.name == "constant")
    return lr;
  int64_t length = std::max<int64_t>(1, steps - schedule.warmup);
  double done = std::min(1.0, static_cast<double>(step - schedule.warmup) /
                                  static_cast<double>(length));
  double part = 1 - done;
  if (schedule.name == "cosine")
    part = 0.5 * (1 + std::cos(M_PI * done));
  else if (schedule.name != "linear")
    failInput("unknown schedule '" + schedule.name + "'");
  return lr * (schedule.floor + (1 - schedule.floor) * part);
}

StepHyper getHyper(const TrainSettings &train, int64_t step) {
  const OptimizerSettings &optimizer = train.optimizer;
  auto t = static_cast<double>(step);
  return {getLearningRate(train.schedule, optimizer.lr, step, train.steps),
          1 - std::pow(optimizer.beta1, t), 1 - std::pow(optimizer.beta2, t),
          optimizer.clip};
}

} // namespace hashc::runtime
