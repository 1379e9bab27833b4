//===- FuzzFile.h - Bytes as a file that has a path -------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_TEST_FUZZ_FUZZFILE_H
#define HASHC_TEST_FUZZ_FUZZFILE_H

#include <cstdlib>
#include <string>
#include <string_view>

#include <sys/mman.h>
#include <unistd.h>

namespace hashc::fuzz {

/// A file in memory for readers that want a path.
class FuzzFile {
public:
  explicit FuzzFile(std::string_view bytes)
      : descriptor(memfd_create("fuzz", MFD_CLOEXEC)) {
    if (descriptor < 0 || write(descriptor, bytes.data(), bytes.size()) !=
                              static_cast<ssize_t>(bytes.size()))
      std::abort();
  }
  ~FuzzFile() { close(descriptor); }
  FuzzFile(const FuzzFile &) = delete;
  FuzzFile &operator=(const FuzzFile &) = delete;
  std::string getPath() const {
    return "/proc/self/fd/" + std::to_string(descriptor);
  }

private:
  int descriptor;
};

} // namespace hashc::fuzz

#endif // HASHC_TEST_FUZZ_FUZZFILE_H
