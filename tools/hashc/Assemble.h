//===- Assemble.h - From PTX to a GPU's machine code ------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_TOOLS_HASHC_ASSEMBLE_H
#define HASHC_TOOLS_HASHC_ASSEMBLE_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <string>

namespace hashc {

/// The path of the CUDA toolkit's ptxas, or why there is none.
llvm::Expected<std::string> findPtxas();

/// Runs it on the file `ptx`; `said` is what it prints of the kernels.
llvm::Error assemble(llvm::StringRef ptxas, llvm::StringRef ptx,
                     llvm::StringRef chip, llvm::StringRef output,
                     std::string *said = nullptr);

} // namespace hashc

#endif // HASHC_TOOLS_HASHC_ASSEMBLE_H
