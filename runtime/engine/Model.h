//===- Model.h - A compiled model with its memory ---------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_RUNTIME_ENGINE_MODEL_H
#define HASHC_RUNTIME_ENGINE_MODEL_H

#include "runtime/checkpoint/Checkpoint.h"
#include "runtime/data/Batches.h"
#include "runtime/engine/Abi.h"
#include "runtime/engine/Buffers.h"
#include "runtime/engine/Team.h"

namespace hashc::runtime {

/// Which entry points a command calls: their buffers are allocated.
enum class Purpose { train, evaluate, generate, check };
std::vector<std::string> getEntries(Purpose purpose);

/// What `update` is told, in the order the compiled code reads it.
struct StepHyper {
  double lr = 0, correction1 = 1, correction2 = 1, clip = 0;
};

/// The compiled entry points as methods. It owns every buffer; the thread team
/// is the current one while a method runs.
class Model {
public:
  Model(const Descriptor &descriptor, const HashModelEntry *functions,
        Purpose purpose, int threads, const TableStorage &storage = {});
  ~Model();

  const Descriptor &getDescriptor() const { return descriptor; }
  Buffers &getBuffers() { return buffers; }
  Team &getTeam() { return team; }

  /// Starts every parameter from its initialiser, the moments from zero.
  void initialize(uint64_t seed);
  void setTable(const Table &table);

  /// Copies micro-batch `index` of a batch in and computes what depends on its
  /// tokens alone.
  void loadBatch(const Batch &batch, int64_t index);
  /// Says which micro-batch loadNext will load, from a batch that is there
  /// until then. A device does it beside what it is doing.
  void prepareNext(const Batch &batch, int64_t index);
  void loadNext();
  /// Adds the micro-batch's gradients: d(scale * sum of losses), and those of
  /// auxiliary losses.
  void gradStep(double scale, int64_t seed);
  /// A device only begins with them, and goes on until finish.
  void startGradStep(double scale, int64_t seed);
  void finish();
  void evalStep();
  void zeroGradients();
  /// AdamW on all parameters; gives the gradients' norm before clipping.
  double update(const StepHyper &hyper);

  /// The row losses of the last step, and their sum in row order.
  std::vector<double> getLosses();
  double sumLosses();
  /// The auxiliary losses of the last gradStep by name: this micro-batch's part
  /// of the means over the batch's live rows.
  std::vector<std::pair<std::string, double>> getAux();

  /// Computes what decoding reads of a source: one window of it.
  void encode(const SourceRows &source);
  /// One token of one window: row `index` of `tokens` and `starts` (a window
  /// each). Rows before it must have been decoded; -1 after it.
  void decodeStep(const std::vector<int32_t> &tokens,
                  const std::vector<int32_t> &starts, int64_t index);
  /// The scores of the last decodeStep.
  std::vector<double> getLogits();

  /// Rows each expert of a router got in the loaded micro-batch.
  std::vector<int64_t> countLoad(const RouterSpec &router);
  /// The expert of each (row, choice); -1 = none.
  std::vector<int32_t> getAssignment(const RouterSpec &router);

  /// Views for checkpoints; moments only where the purpose has them.
  std::vector<ParamView> getParams() { return getViews("param"); }
  std::vector<ParamView> getViews(const std::string &kind);
  /// Before all of them are read.
  void bringViews(const std::vector<std::string> &kinds);
  /// What gradStep has accumulated of a parameter, in its logical form, rows of
  /// a table that were not read being zero.
  std::vector<double> getGradient(const ParamSpec &param);

private:
  /// Rows that the gradient of a looked-up table has room for.
  int64_t countRoom(const ParamSpec &table);
  void initializeTable(const ParamSpec &param, uint64_t seed, char *data);
  HashEntryFunction findFunction(const std::string &entry) const;
  /// Runs an entry point to its end, if this set has it.
  void call(const std::string &entry);
  /// On a device, begins with it.
  void start(const std::string &entry);
  void copyStreams(const Batch &batch, int64_t index, bool next);
  void copyStream(const char *kind, const std::string &name,
                  const std::vector<int32_t> &values, int64_t begin,
                  int64_t count, bool next = false);

  const Descriptor &descriptor;
  const HashModelEntry *functions;
  Team team;
  TeamScope scope;
  Buffers buffers;
  /// 1 / live rows of the batch that is loaded.
  double auxScale = 0;
  const Batch *nextBatch = nullptr;
  int64_t nextIndex = 0;
};

/// Sets an element of a float buffer.
void writeFloat(DType type, void *data, int64_t index, double value);

} // namespace hashc::runtime

#endif // HASHC_RUNTIME_ENGINE_MODEL_H
