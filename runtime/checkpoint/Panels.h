//===- Panels.h - Logical form and panels -----------------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_RUNTIME_CHECKPOINT_PANELS_H
#define HASHC_RUNTIME_CHECKPOINT_PANELS_H

#include <cstddef>
#include <cstdint>
#include <vector>

namespace hashc::runtime {

/// A logical [..., K, N] to the stored [..., ceil(N/panel), K, panel]; columns
/// past N become zero. Panel 0: a copy.
void packPanels(const std::vector<int64_t> &shape, int64_t panel,
                size_t elementSize, const void *logical, void *stored);
/// Stored -> logical.
void unpackPanels(const std::vector<int64_t> &shape, int64_t panel,
                  size_t elementSize, const void *stored, void *logical);

} // namespace hashc::runtime

#endif // HASHC_RUNTIME_CHECKPOINT_PANELS_H
