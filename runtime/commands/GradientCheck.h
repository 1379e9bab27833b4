//===- GradientCheck.h - Derivatives against finite differences -*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_RUNTIME_COMMANDS_GRADIENTCHECK_H
#define HASHC_RUNTIME_COMMANDS_GRADIENTCHECK_H

#include "runtime/commands/CheckReport.h"
#include "runtime/engine/Model.h"

namespace hashc::runtime {

/// A parameter-shaped buffer in its logical form, as doubles.
std::vector<double> readLogical(const ParamView &view);
void writeLogical(const ParamView &view, const std::vector<double> &values);

/// Loss of the loaded micro-batch as `grad_step` defines it: scale times the
/// sum of the row losses.
double computeLoss(Model &model, double scale);

/// Compares grad_step's gradients with central differences of the loss: along
/// a direction through all elements of each parameter, and at single elements.
/// The batch must be loaded. Takes about `seconds`.
void checkGradients(Model &model, double scale, double seconds, uint64_t seed,
                    CheckReport &report);

} // namespace hashc::runtime

#endif // HASHC_RUNTIME_COMMANDS_GRADIENTCHECK_H
