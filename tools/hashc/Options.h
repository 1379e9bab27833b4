//===- Options.h - hashc's command line ---*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_TOOLS_HASHC_OPTIONS_H
#define HASHC_TOOLS_HASHC_OPTIONS_H

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace hashc {

/// hashc's exit codes, part of its contract with scripts.
enum ExitCode {
  kSuccess = 0,
  kSpecError = 1,
  kUsageError = 2,
  kEnvironmentError = 3,
};

/// What --emit names, in the order the compiler gets there.
enum class Emit {
  Ast,
  Hash,
  Step,
  Fused,
  Kernels,
  Llvm,
  Ptx,
  Cubin,
  Obj,
  Lib,
  Exe
};

enum class ReportFormat { None, Text, Json };

struct Options {
  std::string input;
  bool isModule = false; // a stage that --emit printed, not a spec
  /// Empty: stdout for text, else a name made from the model's.
  std::string output;
  std::string target;
  std::string arch;
  std::optional<std::string> fuse; // a spec without it: all
  Emit emit = Emit::Exe;
  ReportFormat report = ReportFormat::None;
  bool remarks = false;
  std::vector<std::pair<std::string, std::string>> defines; // of -D
};

/// Parses the command line. On failure the reason is on stderr and the value is
/// empty: exit with `exitCode` (--help and --version succeed that way, too).
std::optional<Options> parseOptions(int argc, char **argv, int &exitCode);

} // namespace hashc

#endif // HASHC_TOOLS_HASHC_OPTIONS_H
