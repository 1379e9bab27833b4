//===- Output.cpp - Files that appear whole or not at all ---*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/hashc/Output.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace llvm;

namespace hashc {

static Error cannotWrite(StringRef path, const Twine &reason) {
  return createStringError("cannot write '" + path + "': " + reason);
}

/// True for a device, a pipe or a socket: what is there must stay what it is.
static bool isSpecialFile(StringRef path) {
  sys::fs::file_status status;
  return !sys::fs::status(path, status) && sys::fs::exists(status) &&
         !sys::fs::is_regular_file(status) && !sys::fs::is_directory(status);
}

/// The temporary name of `path`: in the same folder, so that renaming works.
static Expected<std::string> makeTemporary(StringRef path) {
  if (sys::fs::is_directory(path))
    return cannotWrite(path, "it is a folder");
  SmallString<128> temporary;
  if (std::error_code error =
          sys::fs::createUniqueFile(path + ".tmp-%%%%%%", temporary))
    return cannotWrite(path, error.message());
  return temporary.str().str();
}

Error produceAtomically(StringRef path,
                        function_ref<Error(StringRef)> produce) {
  if (isSpecialFile(path))
    return cannotWrite(path, "it is not an ordinary file");
  Expected<std::string> temporary = makeTemporary(path);
  if (!temporary)
    return temporary.takeError();
  if (Error error = produce(*temporary)) {
    (void)sys::fs::remove(*temporary);
    return error;
  }
  if (std::error_code error = sys::fs::rename(*temporary, path)) {
    (void)sys::fs::remove(*temporary);
    return cannotWrite(path, error.message());
  }
  return Error::success();
}

/// Writes into `stream`'s file, so that a full disk is an error and no abort.
static Error writeTo(StringRef path, StringRef shownPath,
                     function_ref<Error(raw_pwrite_stream &)> write) {
  std::error_code error;
  raw_fd_ostream stream(path, error);
  if (error)
    return cannotWrite(shownPath, error.message());
  if (Error failure = write(stream)) {
    stream.clear_error();
    return failure;
  }
  stream.flush();
  error = stream.error();
  stream.clear_error();
  return error ? cannotWrite(shownPath, error.message()) : Error::success();
}

Error writeAtomically(StringRef path,
                      function_ref<Error(raw_pwrite_stream &)> write) {
  if (path != "-" && !isSpecialFile(path))
    return produceAtomically(path, [&](StringRef temporary) {
      return writeTo(temporary, path, write);
    });
  // Standard output and devices may be pipes: gather what needs to seek.
  SmallVector<char, 0> text;
  raw_svector_ostream buffer(text);
  if (Error failure = write(buffer))
    return failure;
  if (path != "-")
    return writeTo(path, path, [&](raw_pwrite_stream &out) -> Error {
      out << StringRef(text.data(), text.size());
      return Error::success();
    });
  outs() << StringRef(text.data(), text.size());
  outs().flush();
  std::error_code error = outs().error();
  outs().clear_error();
  return error ? cannotWrite("standard output", error.message())
               : Error::success();
}

} // namespace hashc
