//===- Assemble.cpp - From PTX to a GPU's machine code --------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/hashc/Assemble.h"

#include "tools/hashc/Program.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Program.h"

using namespace llvm;

namespace hashc {

/// On the PATH, or where CUDA_HOME says that the toolkit is.
Expected<std::string> findPtxas() {
  if (ErrorOr<std::string> path = sys::findProgramByName("ptxas"))
    return *path;
  if (std::optional<std::string> home = sys::Process::GetEnv("CUDA_HOME")) {
    SmallString<128> path(*home);
    sys::path::append(path, "bin", "ptxas");
    if (sys::fs::can_execute(path))
      return path.str().str();
  }
  return createStringError(
      "no ptxas on the PATH or in CUDA_HOME, which a cubin needs; install the "
      "CUDA toolkit, or write PTX with --emit=ptx");
}

Error assemble(StringRef ptxas, StringRef ptx, StringRef chip, StringRef output,
               std::string *said) {
  return runProgram({ptxas.str(), "-v", ("-arch=" + chip).str(), ptx.str(),
                     "-o", output.str()},
                    "ptxas", said);
}

} // namespace hashc
