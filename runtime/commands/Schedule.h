//===- Schedule.h - Learning rate and AdamW's corrections by step ---*- C++
//-*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_RUNTIME_COMMANDS_SCHEDULE_H
#define HASHC_RUNTIME_COMMANDS_SCHEDULE_H

#include "runtime/engine/Model.h"

namespace hashc::runtime {

/// The rate of step `step` (from 1) of `steps`: rises linearly over the first
/// `warmup` steps to `lr`, then falls to `floor * lr` at the last step.
double getLearningRate(const ScheduleSettings &schedule, double lr,
                       int64_t step, int64_t steps);

/// What step `step` (from 1) tells `update`.
StepHyper getHyper(const TrainSettings &train, int64_t step);

} // namespace hashc::runtime

#endif // HASHC_RUNTIME_COMMANDS_SCHEDULE_H
