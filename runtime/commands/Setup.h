//===- Setup.h - What several commands begin with ---------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_RUNTIME_COMMANDS_SETUP_H
#define HASHC_RUNTIME_COMMANDS_SETUP_H

#include "runtime/commands/Commands.h"
#include "runtime/engine/Model.h"

namespace hashc::runtime {

/// What --steps and --batch, and so a run, can be.
constexpr int64_t kMaxSteps = int64_t(1) << 40;
constexpr int64_t kMaxBatch = int64_t(1) << 24;

/// The state.json of a checkpoint: what a run needs to go on exactly.
struct RunState {
  int64_t step = 0, tokens = 0;
  int64_t steps = 0, batch = 0, trainWindows = 0;
  double lr = 0;
  uint64_t initSeed = 0, dataSeed = 0;
  std::string data, valid;

  std::string toJson() const;
  /// UserError where it is no state that a run can be in.
  static RunState parse(const std::string &json);
  static RunState load(const Checkpoint &checkpoint);
};

ModelIdentity identify(const Descriptor &descriptor);

/// Opens a checkpoint that this model must match.
Checkpoint openCheckpoint(const std::string &path, const Descriptor &descriptor,
                          Match match);

/// Parameters and tables of a checkpoint; with `moments`, the optimizer's state
/// too.
std::vector<Table> restore(Model &model, const Checkpoint &checkpoint,
                           bool moments);

/// The data of the spec, with the command line's changes.
DataSettings chooseData(const Descriptor &descriptor, const std::string &data,
                        const std::string &valid);

/// The windows of a stream, or of pairs where the model reads those; both must
/// outlive them.
std::unique_ptr<WindowSource> makeWindows(const ModelShape &shape,
                                          const DataSettings &data,
                                          const TokenStream &stream,
                                          const PairSet &pairs);

/// Resident memory of this process, now and at most, in bytes.
int64_t getResidentBytes();
int64_t getPeakResidentBytes();

} // namespace hashc::runtime

#endif // HASHC_RUNTIME_COMMANDS_SETUP_H
