//===- Log.h - The JSON-lines log of a training run -------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_RUNTIME_COMMANDS_LOG_H
#define HASHC_RUNTIME_COMMANDS_LOG_H

#include <cstdint>
#include <string>
#include <vector>

namespace hashc::runtime {

/// What a router of activations did with a step's tokens.
struct RouterRecord {
  std::string path;
  double dropped = 0; // part of the tokens that no expert took
  double maxOverMean = 0;
};

struct StepRecord {
  int64_t step = 0, tokens = 0; // tokens since the run began
  double loss = 0, lr = 0, tokensPerSecond = 0, gradNorm = 0;
  std::vector<std::pair<std::string, double>> aux; // by name
  std::vector<RouterRecord> routers;
  bool causal = true; // no row saw what comes after it
};

struct EvalRecord {
  int64_t step = 0;
  double loss = 0, perplexity = 0;
  bool causal = true;
};

/// One object a line, written at once, so that a killed run leaves at most one
/// torn line. Does nothing without a path.
class Log {
public:
  /// Goes on after the lines of steps up to `resumeStep`; -1: from scratch.
  Log(const std::string &path, int64_t resumeStep);
  ~Log();
  Log(const Log &) = delete;
  Log &operator=(const Log &) = delete;

  void write(const StepRecord &record);
  void write(const EvalRecord &record);

private:
  void writeLine(std::string line);
  std::string path;
  int descriptor = -1;
};

} // namespace hashc::runtime

#endif // HASHC_RUNTIME_COMMANDS_LOG_H
