//===- TeamShape.h - The threads of a team ----------------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_CODEGEN_CPU_KERNELS_TEAMSHAPE_H
#define HASHC_CODEGEN_CPU_KERNELS_TEAMSHAPE_H

#include <stdint.h>

namespace hashc::kernels {

/// Threads of a team (Team.h) on a GPU, and of a warp, which has a row.
constexpr int64_t kTeam = 256, kWarp = 32;
/// Columns that a task sums over rows: sectors of memory that are whole.
constexpr int64_t kTeamColumns = 32;

} // namespace hashc::kernels

#endif // HASHC_CODEGEN_CPU_KERNELS_TEAMSHAPE_H
