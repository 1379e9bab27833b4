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
#include <string>
#include <utility>

namespace hashc {

/// A file that goes away with its owner, or when hashc is interrupted.
class TemporaryFile {
public:
  /// `model` is a path whose '%' become random letters.
  static llvm::Expected<TemporaryFile> create(const llvm::Twine &model);
  /// In the system's folder for such files.
  static llvm::Expected<TemporaryFile> createElsewhere(llvm::StringRef suffix);
  TemporaryFile(TemporaryFile &&other)
      : path(std::exchange(other.path, std::string())) {}
  TemporaryFile &operator=(TemporaryFile &&) = delete;
  ~TemporaryFile() { reset(); }

  llvm::StringRef getPath() const { return path; }
  /// Gives the file its final name; it stays from then on.
  std::error_code keepAs(llvm::StringRef name);

private:
  explicit TemporaryFile(std::string path) : path(std::move(path)) {}
  void reset();
  std::string path;
};

/// True for what holds no bytes that could be replaced: /dev/null, a pipe.
bool isDevice(llvm::StringRef path);

/// Writes `path` by way of a temporary file beside it that is renamed when
/// complete; on failure nothing is left and an older `path` is as it was. A
/// link stays a link, a device or a pipe is written as it is; "-" is stdout.
llvm::Error writeAtomically(
    llvm::StringRef path,
    llvm::function_ref<llvm::Error(llvm::raw_pwrite_stream &)> write);

/// The same for a file that another program writes under the name it is given.
llvm::Error
produceAtomically(llvm::StringRef path,
                  llvm::function_ref<llvm::Error(llvm::StringRef)> produce);

} // namespace hashc

#endif // HASHC_TOOLS_HASHC_OUTPUT_H
