//===- Dump.h - One batch in a file, for comparison with others -*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_RUNTIME_COMMANDS_DUMP_H
#define HASHC_RUNTIME_COMMANDS_DUMP_H

#include "runtime/commands/Commands.h"

namespace hashc::runtime {

/// Computes loss and gradients of one random batch and writes them with the
/// parameters, the tables (`table.` and the path of each routed layer) and the
/// tokens.
void dumpBatch(const Program &program, const CheckOptions &options);

} // namespace hashc::runtime

#endif // HASHC_RUNTIME_COMMANDS_DUMP_H
