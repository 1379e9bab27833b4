//===- Modes.h - Names of the ways to run a kernel --------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_RUNTIME_SIMULATOR_MODES_H
#define HASHC_RUNTIME_SIMULATOR_MODES_H

#include "runtime/simulator/Simulator.h"

#include <string_view>
#include <vector>

namespace hashc::sim {

/// "late,random,2".
std::string getName(const Mode &mode);

/// What getName gives back, or nothing.
std::optional<Mode> parseMode(std::string_view name);
/// For errors: the names that there are.
extern const char *const kModeNames;

/// Eager and late copies with each schedule, three seeds of the random one.
std::vector<Mode> getModes();

} // namespace hashc::sim

#endif // HASHC_RUNTIME_SIMULATOR_MODES_H
