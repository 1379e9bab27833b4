//===- File.cpp - Mapped files and atomic writes --------------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/support/File.h"
#include "runtime/support/Error.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace hashc::runtime {

namespace {
/// Closes a descriptor on every way out.
struct Descriptor {
  int value;
  ~Descriptor() {
    if (value >= 0)
      ::close(value);
  }
};
} // namespace

std::shared_ptr<const MappedFile> MappedFile::open(const std::string &path) {
  Descriptor file = {::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.value < 0) {
    if (errno == ENOENT || errno == ENOTDIR)
      failInput("there is no file '" + path + "'");
    failSystem("open", path, errno);
  }
  struct stat status;
  if (::fstat(file.value, &status) != 0)
    failSystem("read", path, errno);
  if (S_ISDIR(status.st_mode))
    failInput("'" + path + "' is a folder, not a file");
  if (!S_ISREG(status.st_mode))
    failInput("'" + path + "' is not a regular file");
  auto size = static_cast<size_t>(status.st_size);
  const char *bytes = nullptr;
  if (size > 0) {
    void *address =
        ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.value, 0);
    if (address == MAP_FAILED)
      failSystem("map", path, errno);
    bytes = static_cast<const char *>(address);
  }
  return std::shared_ptr<const MappedFile>(new MappedFile(path, bytes, size));
}

MappedFile::~MappedFile() {
  if (bytes)
    ::munmap(const_cast<char *>(bytes), length);
}

void MappedFile::release(const char *begin, size_t size) const {
  // Only whole pages: their neighbours may be in use.
  auto page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  size_t first = (static_cast<size_t>(begin - bytes) + page - 1) / page * page;
  size_t last = static_cast<size_t>(begin - bytes) + size;
  if (last < length)
    last = last / page * page;
  if (first < last)
    ::madvise(const_cast<char *>(bytes) + first, last - first, MADV_DONTNEED);
}

static std::string getParent(const std::string &path) {
  std::string parent = std::filesystem::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

/// What a link leads to, so that the link itself stays.
static std::string followLink(const std::string &path) {
  std::error_code error;
  std::filesystem::path real = std::filesystem::canonical(path, error);
  return error ? path : real.string();
}

/// True for what holds no bytes that could be replaced: /dev/stdout, a pipe.
static bool isDevice(const std::string &path) {
  std::error_code error;
  auto status = std::filesystem::status(path, error);
  return std::filesystem::exists(status) &&
         !std::filesystem::is_regular_file(status);
}

/// What stands before the process's number.
static std::string getTemporaryPrefix(const std::string &file) {
  return "." + file + ".tmp-";
}

bool isTemporaryName(const std::string &name, const std::string &file) {
  std::string prefix = getTemporaryPrefix(file);
  return name.size() > prefix.size() &&
         name.compare(0, prefix.size(), prefix) == 0 &&
         name.find_first_not_of("0123456789", prefix.size()) ==
             std::string::npos;
}

AtomicFile::AtomicFile(std::string target) : path(std::move(target)) {
  int flags = O_WRONLY | O_CLOEXEC;
  if (isDevice(path)) {
    // A folder fails here, too.
    descriptor = ::open(path.c_str(), flags);
  } else {
    place = followLink(path);
    std::filesystem::path full(place);
    temporary =
        (full.parent_path() / (getTemporaryPrefix(full.filename().string()) +
                               std::to_string(::getpid())))
            .string();
    // Without a name until it is whole, so that no kill leaves half of it. Not
    // every file system can.
    descriptor = ::open(getParent(place).c_str(), flags | O_TMPFILE, 0666);
    named = descriptor < 0;
    if (named)
      descriptor = ::open(temporary.c_str(), flags | O_CREAT | O_TRUNC, 0666);
  }
  if (descriptor < 0)
    failSystem("write", path, errno);
}

AtomicFile::~AtomicFile() {
  if (descriptor < 0)
    return;
  ::close(descriptor);
  if (named)
    ::unlink(temporary.c_str());
}

void AtomicFile::flush() {
  const char *next = buffer.data();
  size_t left = buffer.size();
  while (left > 0) {
    ssize_t written = ::write(descriptor, next, left);
    if (written < 0 && errno == EINTR)
      continue;
    if (written <= 0)
      failSystem("write", path, written < 0 ? errno : ENOSPC);
    next += written;
    left -= static_cast<size_t>(written);
  }
  buffer.clear();
}

void AtomicFile::write(const void *data, size_t size) {
  constexpr size_t chunk = 1 << 20;
  const char *bytes = static_cast<const char *>(data);
  while (size > 0) {
    size_t part = std::min(size, chunk);
    buffer.append(bytes, part);
    bytes += part;
    size -= part;
    if (buffer.size() >= chunk)
      flush();
  }
}

void AtomicFile::giveName() {
  ::unlink(temporary.c_str());
  std::string source = "/proc/self/fd/" + std::to_string(descriptor);
  if (::linkat(AT_FDCWD, source.c_str(), AT_FDCWD, temporary.c_str(),
               AT_SYMLINK_FOLLOW) != 0)
    failSystem("write", path, errno);
  named = true;
}

void AtomicFile::commit() {
  flush();
  // A device may have nothing to flush.
  if (::fsync(descriptor) != 0 && !(temporary.empty() && errno == EINVAL))
    failSystem("write", path, errno);
  if (!temporary.empty() && !named)
    giveName();
  // Delayed allocation may report a full disk only here.
  int closed = ::close(std::exchange(descriptor, -1));
  int error = errno;
  if (closed == 0 && temporary.empty())
    return;
  if (closed == 0 && ::rename(temporary.c_str(), place.c_str()) == 0) {
    syncDirectory(getParent(place));
    return;
  }
  if (closed == 0)
    error = errno;
  ::unlink(temporary.c_str());
  failSystem("write", path, error);
}

void noteForeign(const std::string &path) {
  std::fprintf(stderr,
               "note: '%s' is not hashc's: it stays as it is, and what would "
               "be kept there is made again next time\n",
               path.c_str());
}

void writeFileAtomically(const std::string &path, std::string_view contents) {
  AtomicFile file(path);
  file.write(contents);
  file.commit();
}

void syncDirectory(const std::string &path) {
  Descriptor folder = {
      ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (folder.value < 0)
    failSystem("open", path, errno);
  // Some file systems cannot flush a folder; that is no reason to stop.
  if (::fsync(folder.value) != 0 && errno != EINVAL && errno != EROFS)
    failSystem("write", path, errno);
}

void makeDirectories(const std::string &path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (!error && !isDirectory(path))
    failSystem("make folder", path, ENOTDIR);
  if (error)
    failSystem("make folder", path, error.value());
}

bool isDirectory(const std::string &path) {
  std::error_code error;
  return std::filesystem::is_directory(path, error);
}

bool fileExists(const std::string &path) {
  std::error_code error;
  return std::filesystem::exists(path, error);
}

} // namespace hashc::runtime
