//===- GenerateTarget.h - Writing the target of a source --------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_RUNTIME_COMMANDS_GENERATETARGET_H
#define HASHC_RUNTIME_COMMANDS_GENERATETARGET_H

#include "runtime/commands/Commands.h"
#include "runtime/engine/Model.h"

namespace hashc::runtime {

/// Reads the prompt as a source and writes its target, token by token, up to
/// its end or to the end of the model's window. Gives the exit code.
int generateTarget(Model &model, const Tokenizer &tokenizer,
                   const GenerateOptions &options);

} // namespace hashc::runtime

#endif // HASHC_RUNTIME_COMMANDS_GENERATETARGET_H
