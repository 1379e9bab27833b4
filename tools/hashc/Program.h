//===- Program.h - Programs that hashc runs ---------------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_TOOLS_HASHC_PROGRAM_H
#define HASHC_TOOLS_HASHC_PROGRAM_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <string>

namespace hashc {

/// Runs the command; what it prints becomes `said`, and the error's text after
/// "DOING failed".
llvm::Error runProgram(llvm::ArrayRef<std::string> command,
                       llvm::StringRef doing, std::string *said = nullptr);

} // namespace hashc

#endif // HASHC_TOOLS_HASHC_PROGRAM_H
