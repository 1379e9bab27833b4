//===- Link.cpp - From objects to an executable ---*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/hashc/Link.h"

#include "tools/hashc/Program.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"

using namespace llvm;

namespace hashc {

static Expected<std::string> findDriver() {
  for (StringRef name : {"clang++-22", "c++", "g++", "clang++"})
    if (ErrorOr<std::string> path = sys::findProgramByName(name))
      return *path;
  return createStringError(
      "no C++ compiler driver on the PATH to link with "
      "(looked for clang++-22, c++, g++, clang++); install "
      "g++, or use --emit=obj and link yourself");
}

/// The folder of the runtime's libraries: lib beside the bin hashc lies in.
static std::string findLibraryFolder() {
  static int anchor;
  SmallString<128> folder(sys::path::parent_path(
      sys::path::parent_path(sys::fs::getMainExecutable(nullptr, &anchor))));
  sys::path::append(folder, "lib");
  return folder.str().str();
}

/// Adds the static library `name` of hashc to the command.
static Error addLibrary(StringRef name, std::vector<std::string> &command) {
  SmallString<128> path(findLibraryFolder());
  sys::path::append(path, "lib" + name + ".a");
  if (!sys::fs::exists(path))
    return createStringError("hashc's runtime is not where it belongs: '" +
                             path + "' does not exist");
  command.push_back(path.str().str());
  return Error::success();
}

Error link(const LinkJob &job) {
  Expected<std::string> driver = findDriver();
  if (!driver)
    return driver.takeError();
  std::vector<std::string> command = {*driver, "-o", job.output.str()};
  llvm::append_range(command, job.objects);
  if (job.sharedLibrary)
    command.push_back("-shared");
  command.push_back("-Wl,--gc-sections");
  if (job.needsSentencePiece) {
    // The runtime refers to it weakly, which pulls nothing out of an archive.
    command.push_back("-Wl,-u,hashc_runtime_bpe");
    if (Error error = addLibrary("HashcBpe", command))
      return error;
  }
  if (!job.sharedLibrary)
    if (Error error = addLibrary("HashcMain", command))
      return error;
  if (job.forGpu)
    for (StringRef name : {"HashcGpu", "HashSimulator"})
      if (Error error = addLibrary(name, command))
        return error;
  if (Error error = addLibrary("HashcRuntime", command))
    return error;
  // A driver may ask a program for its kernels, as the tests' does.
  if (job.forGpu)
    command.insert(command.end(),
                   {"-l:libboost_context.a",
                    "-Wl,--export-dynamic-symbol=hash_model_device"});
  // SentencePiece is a shared library of C++: both sides need the same
  // libstdc++.
  if (job.needsSentencePiece)
    command.insert(command.end(), {"-lsentencepiece_train", "-lsentencepiece"});
  else
    command.insert(command.end(), {"-static-libstdc++", "-static-libgcc"});
  command.insert(command.end(), {"-pthread", "-lm"});
  // A sanitized hashc has a sanitized runtime beside it.
  if (StringRef sanitizers = HASHC_SANITIZE; !sanitizers.empty()) {
    command.push_back(("-fsanitize=" + sanitizers).str());
    if (Error error = addLibrary("HashcSanitizer", command))
      return error;
  }
  return runProgram(command, "linking");
}

} // namespace hashc
