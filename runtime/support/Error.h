//===- Error.h - What a model executable says when it stops -----*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_RUNTIME_SUPPORT_ERROR_H
#define HASHC_RUNTIME_SUPPORT_ERROR_H

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace hashc::runtime {

/// The exit codes of a model executable.
enum class ExitCode {
  ok = 0,
  badInput = 1,    // data, checkpoint, table or tokenizer are not usable
  usage = 2,       // the command line is wrong
  environment = 3, // disk full, folder not writable, library missing
};

/// Everything a user can cause ends in one of these; main prints
/// `error: what()` and exits with the code.
class UserError : public std::runtime_error {
public:
  UserError(ExitCode code, const std::string &message)
      : std::runtime_error(message), code(code) {}
  ExitCode getCode() const { return code; }

private:
  ExitCode code;
};

[[noreturn]] void failInput(const std::string &message);
[[noreturn]] void failUsage(const std::string &message);
[[noreturn]] void failEnvironment(const std::string &message);

/// "a token id is 300, but must be in 0 .. 255", from what kernels tell
/// hash_rt_error (runtime/engine/Abi.h).
std::string describeBadIndex(int64_t code, int64_t value, int64_t limit);

/// "cannot write 'out/x': No space left on device", from errno's value.
[[noreturn]] void failSystem(const std::string &doing, const std::string &path,
                             int error);

/// The candidate nearest to `name` by edit distance, or "" if none is near.
std::string nearestName(const std::string &name,
                        const std::vector<std::string> &candidates);

} // namespace hashc::runtime

#endif // HASHC_RUNTIME_SUPPORT_ERROR_H
