//===- Usage.h - Command lines with CLI11 -----------------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_RUNTIME_COMMANDS_USAGE_H
#define HASHC_RUNTIME_COMMANDS_USAGE_H

#include <CLI/CLI.hpp>

#include <cstdint>
#include <functional>
#include <optional>

namespace hashc::runtime {

/// A finite number of at least 0, or with `positive` above 0.
CLI::Validator isNumber(bool positive);
CLI::Validator isCount(int64_t low, int64_t high);
CLI::Validator isSeed();

/// Parses. The exit code where there is nothing left to do: --help was asked
/// for, or the line is wrong, which is said.
std::optional<int> parse(CLI::App &app, int argc, const char *const *argv);

/// The exit code of `run`, which may throw; says what it threw, and that
/// standard output could not be written.
int runGuarded(const std::function<int()> &run);

} // namespace hashc::runtime

#endif // HASHC_RUNTIME_COMMANDS_USAGE_H
