//===- Synthetic.h - Random tokens for bench and check ----------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_RUNTIME_COMMANDS_SYNTHETIC_H
#define HASHC_RUNTIME_COMMANDS_SYNTHETIC_H

#include "runtime/engine/Model.h"

namespace hashc::runtime {

/// `windows` windows of uniformly random tokens below `ids`, rounded up to
/// whole micro-batches; all rows live, one document a window.
Batch makeRandomBatch(const ModelShape &shape, int64_t windows, int64_t ids,
                      uint64_t seed);
/// Gives a random batch what real ones have: the last rows are masked, and with
/// `apart` a document ends inside every window; sources are padded.
void addEdges(Batch &batch, const ModelShape &shape, bool apart);

/// Tables as training would make them, from made-up token counts that fall
/// like those of a text.
std::vector<Table> makeTables(const Descriptor &descriptor);

} // namespace hashc::runtime

#endif // HASHC_RUNTIME_COMMANDS_SYNTHETIC_H
