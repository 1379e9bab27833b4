//===- Output.h - Files that appear whole or not at all ---*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_TOOLS_HASHC_OUTPUT_H
#define HASHC_TOOLS_HASHC_OUTPUT_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"

namespace hashc {

/// Writes `path` by way of a temporary file beside it that is renamed when
/// complete; on failure nothing is left and an older `path` is as it was.
/// "-" is stdout.
llvm::Error writeAtomically(
    llvm::StringRef path,
    llvm::function_ref<llvm::Error(llvm::raw_pwrite_stream &)> write);

/// The same for a file that another program writes under the name it is given.
llvm::Error
produceAtomically(llvm::StringRef path,
                  llvm::function_ref<llvm::Error(llvm::StringRef)> produce);

} // namespace hashc

#endif // HASHC_TOOLS_HASHC_OUTPUT_H
