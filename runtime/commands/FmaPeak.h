//===- FmaPeak.h - What this machine's multiply-add units can do --*- C++
//-*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_RUNTIME_COMMANDS_FMAPEAK_H
#define HASHC_RUNTIME_COMMANDS_FMAPEAK_H

#include "runtime/engine/Team.h"
#include "runtime/support/DType.h"

namespace hashc::runtime {

/// GFLOP/s of a loop of independent multiply-adds on every thread of the team,
/// with the widest vectors the processor has: the best of several tries.
double measureFmaPeak(Team &team, DType type);

} // namespace hashc::runtime

#endif // HASHC_RUNTIME_COMMANDS_FMAPEAK_H
