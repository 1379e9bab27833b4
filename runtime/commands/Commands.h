//===- Commands.h - What a model executable can do --------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_RUNTIME_COMMANDS_COMMANDS_H
#define HASHC_RUNTIME_COMMANDS_COMMANDS_H

#include "runtime/engine/Abi.h"
#include "runtime/engine/Descriptor.h"

#include <optional>

namespace hashc::runtime {

/// The compiled model that the commands work on.
struct Program {
  Descriptor descriptor;
  const HashModelEntry *functions = nullptr;
};

struct TrainOptions {
  std::string data, valid, out, resume, init, log, cache, tablesIn;
  std::optional<int64_t> steps, batch, evalEvery, saveEvery;
  std::optional<double> lr;
  std::optional<uint64_t> seed, initSeed, dataSeed;
  int threads = 0;
  bool quiet = false;
};

struct EvalOptions {
  std::string checkpoint, data, losses;
  int threads = 0;
  bool whole = false, json = false;
};

struct GenerateOptions {
  std::string checkpoint, prompt, begin;
  int64_t tokens = 200, topK = 0;
  double temperature = 0.8;
  uint64_t seed = 0;
  int threads = 0;
};

struct InfoOptions {
  std::string checkpoint;
  bool json = false;
};

struct BenchOptions {
  int64_t steps = 10;
  uint64_t seed = 0;
  int threads = 0;
  bool json = false;
};

struct CheckOptions {
  std::string dump, checkpoint;
  double seconds = 20;
  uint64_t seed = 0;
  int threads = 0;
  bool json = false;
};

/// Each returns the exit code; what a user can cause is thrown as UserError.
int runTrain(const Program &program, const TrainOptions &options);
int runEval(const Program &program, const EvalOptions &options);
int runGenerate(const Program &program, const GenerateOptions &options);
int runInfo(const Program &program, const InfoOptions &options);
int runBench(const Program &program, const BenchOptions &options);
int runCheck(const Program &program, const CheckOptions &options);

/// Parses the command line and runs what it names.
int runCommandLine(const char *descriptor, const HashModelEntry *functions,
                   const HashDeviceImage &image, int argc,
                   const char *const *argv);

} // namespace hashc::runtime

#endif // HASHC_RUNTIME_COMMANDS_COMMANDS_H
