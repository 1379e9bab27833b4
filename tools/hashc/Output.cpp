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
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Signals.h"

using namespace llvm;

namespace hashc {

static Error cannotWrite(StringRef path, const Twine &reason) {
  return createStringError("cannot write '" + path + "': " + reason);
}

Expected<TemporaryFile> TemporaryFile::create(const Twine &model) {
  SmallString<128> path;
  if (std::error_code error = sys::fs::createUniqueFile(model, path))
    return createStringError(error.message());
  sys::RemoveFileOnSignal(path);
  return TemporaryFile(path.str().str());
}

Expected<TemporaryFile> TemporaryFile::createElsewhere(StringRef suffix) {
  SmallString<128> folder;
  sys::path::system_temp_directory(/*ErasedOnReboot=*/true, folder);
  sys::path::append(folder, "hashc-%%%%%%" + suffix);
  Expected<TemporaryFile> file = create(folder);
  if (!file)
    return createStringError("cannot make a temporary file: " +
                             toString(file.takeError()));
  return file;
}

void TemporaryFile::reset() {
  if (path.empty())
    return;
  (void)sys::fs::remove(path);
  sys::DontRemoveFileOnSignal(path);
  path.clear();
}

std::error_code TemporaryFile::keepAs(StringRef name) {
  std::error_code error = sys::fs::rename(path, name);
  if (!error) {
    sys::DontRemoveFileOnSignal(path);
    path.clear();
  }
  return error;
}

bool isDevice(StringRef path) {
  sys::fs::file_status status;
  return !sys::fs::status(path, status) && sys::fs::exists(status) &&
         !sys::fs::is_regular_file(status) && !sys::fs::is_directory(status);
}

/// What a link leads to, so that the link itself stays.
static SmallString<128> followLink(StringRef path) {
  SmallString<128> real;
  if (sys::fs::real_path(path, real))
    real = path;
  return real;
}

Error produceAtomically(StringRef path,
                        function_ref<Error(StringRef)> produce) {
  if (sys::fs::is_directory(path))
    return cannotWrite(path, "it is a folder");
  bool device = isDevice(path);
  SmallString<128> place = followLink(path);
  // In the same folder, so that renaming works.
  Expected<TemporaryFile> temporary =
      device ? TemporaryFile::createElsewhere("")
             : TemporaryFile::create(place + ".tmp-%%%%%%");
  if (!temporary)
    return cannotWrite(path, toString(temporary.takeError()));
  if (Error error = produce(temporary->getPath()))
    return error;
  if (!device) {
    std::error_code error = temporary->keepAs(place);
    return error ? cannotWrite(path, error.message()) : Error::success();
  }
  auto made = MemoryBuffer::getFile(temporary->getPath());
  if (!made)
    return cannotWrite(path, made.getError().message());
  return writeAtomically(path, [&](raw_pwrite_stream &out) {
    out << (*made)->getBuffer();
    return Error::success();
  });
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
  if (path != "-" && !isDevice(path))
    return produceAtomically(path, [&](StringRef temporary) {
      return writeTo(temporary, path, write);
    });
  // It may be a pipe: gather what needs to seek.
  SmallVector<char, 0> text;
  raw_svector_ostream buffer(text);
  if (Error failure = write(buffer))
    return failure;
  return writeTo(path, path == "-" ? "standard output" : path,
                 [&](raw_pwrite_stream &out) {
                   out << StringRef(text.data(), text.size());
                   return Error::success();
                 });
}

} // namespace hashc
