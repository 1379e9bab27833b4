//===- File.h - Mapped files and atomic writes ------------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_RUNTIME_SUPPORT_FILE_H
#define HASHC_RUNTIME_SUPPORT_FILE_H

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace hashc::runtime {

/// A whole file, mapped read-only. A missing file, a folder or one that may
/// not be read is a UserError; an empty file is an empty view.
class MappedFile {
public:
  static std::shared_ptr<const MappedFile> open(const std::string &path);
  ~MappedFile();
  MappedFile(const MappedFile &) = delete;
  MappedFile &operator=(const MappedFile &) = delete;

  const std::string &getPath() const { return path; }
  const char *data() const { return bytes; }
  size_t size() const { return length; }
  std::string_view view() const { return {bytes, length}; }
  /// Gives back the memory of a part that has been read; reading it again
  /// fetches it from the file.
  void release(const char *begin, size_t size) const;

private:
  MappedFile(std::string path, const char *bytes, size_t length)
      : path(std::move(path)), bytes(bytes), length(length) {}
  std::string path;
  const char *bytes;
  size_t length;
};

/// A file that appears under its name complete or not at all: written under
/// another name in the same folder, flushed to disk, then renamed. Without
/// commit() the temporary file goes away and the old one stays. A link stays a
/// link; a device or a pipe is written as it is.
class AtomicFile {
public:
  explicit AtomicFile(std::string path);
  ~AtomicFile();
  AtomicFile(const AtomicFile &) = delete;
  AtomicFile &operator=(const AtomicFile &) = delete;

  void write(const void *data, size_t size);
  void write(std::string_view text) { write(text.data(), text.size()); }
  void commit();

private:
  void flush();
  void giveName();
  std::string path, place; // as given; where its links lead
  std::string temporary;   // empty for a device
  bool named = false;      // it exists under that name
  std::string buffer;
  int descriptor = -1;
};

/// True for the name that an AtomicFile called `file` has, in any process,
/// until it is whole.
bool isTemporaryName(const std::string &name, const std::string &file);

void writeFileAtomically(const std::string &path, std::string_view contents);

/// Says that a file stays as it is, since hashc did not write it.
void noteForeign(const std::string &path);

/// Flushes a folder's entries (after a rename in it).
void syncDirectory(const std::string &path);
/// Makes a folder and its parents.
void makeDirectories(const std::string &path);
bool isDirectory(const std::string &path);
bool fileExists(const std::string &path);

} // namespace hashc::runtime

#endif // HASHC_RUNTIME_SUPPORT_FILE_H
