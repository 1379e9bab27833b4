//===- Checkpoint.h - Saving and loading a training run ---------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_RUNTIME_CHECKPOINT_CHECKPOINT_H
#define HASHC_RUNTIME_CHECKPOINT_CHECKPOINT_H

#include "runtime/checkpoint/Safetensors.h"
#include "runtime/tables/Table.h"
#include "runtime/tokenizer/Tokenizer.h"

namespace hashc::runtime {

/// A parameter or a moment where it lives: `data` holds the stored form.
struct ParamView {
  std::string name;
  DType type = DType::f32;
  std::vector<int64_t> shape; // logical
  int64_t panel = 0;
  void *data = nullptr;
};

/// A parameter and the tensor of a file that it is read from.
struct NamedTensor {
  ParamView param;
  std::string tensor;
};

/// Which model a program or a checkpoint is of, in the descriptor's words.
struct ModelIdentity {
  std::string name, spec, specHash, modelHash;
  int64_t vocab = 0;
};

/// The tensor with how often each id was trained on. No table has this name: a
/// router's has no dot.
constexpr std::string_view kTokenCounts = "@token.counts";

/// Everything a checkpoint holds. Pointers are not owned.
struct CheckpointContents {
  ModelIdentity identity;
  int64_t step = 0;
  const Tokenizer *tokenizer = nullptr; // null: token files
  std::vector<const Table *> tables;
  std::vector<int64_t> tokenCounts; // of each id in the training windows
  std::vector<ParamView> params;
  std::vector<ParamView> moments1, moments2; // names of their parameters
  std::string state; // the run's state as JSON text, written as it is
};

/// A folder that receives a run's checkpoints:
///   step-000100/{model,optimizer}.safetensors, state.json
///   latest       a text file with the newest folder's name
/// At any moment, even after kill -9, `latest` names a complete checkpoint.
/// Locked while open: a second training in the same folder is refused.
class OutputFolder {
public:
  explicit OutputFolder(std::string path);
  ~OutputFolder();
  OutputFolder(const OutputFolder &) = delete;
  OutputFolder &operator=(const OutputFolder &) = delete;

  const std::string &getPath() const { return path; }
  /// The newest complete checkpoint in it, or "" (a folder never used).
  std::string findLatest() const;
  /// Writes a checkpoint, makes it the latest, keeps this and the one before.
  /// Returns its folder. On failure the earlier ones are as they were.
  std::string save(const CheckpointContents &contents);

private:
  void prune(int64_t step) const;
  std::string path;
  int lock = -1;
};

/// The model.safetensors that a run's or a checkpoint's folder means; any other
/// path is a file's own.
std::string findModelFile(const std::string &path);

/// The folder that `folder`/latest names; UserError if it is not there.
std::string findLatestCheckpoint(const std::string &folder);

/// A checkpoint on disk, opened: from a run's folder (its latest), a
/// checkpoint's folder, or a model.safetensors alone.
struct Checkpoint {
  std::string modelPath, optimizerPath, statePath; // the last two may be empty
  SafetensorsFile model;
  int64_t step = 0;
  ModelIdentity identity;    // of what it was trained as
  std::string tokenizerKind; // "" for token files

  static Checkpoint open(const std::string &path);
  /// The tokenizer it was trained with; null for token files.
  std::unique_ptr<Tokenizer> loadTokenizer() const;
  /// The stored table; refused if its checksum does not fit its entries.
  Table loadTable(const std::string &name) const;
  /// How often the training windows have each id; nothing if an older hashc
  /// saved it.
  std::optional<std::vector<int64_t>> loadTokenCounts() const;
  /// state.json's text; UserError if this is a lone model file.
  std::string readState() const;
};

/// How much a checkpoint and a program must have in common.
enum class Match {
  weights, // vocabulary and tables: weights mean nothing under others
  model,   // and what is computed from them
  run,     // and all that training depends on
};
/// Refuses a checkpoint of another model, naming both sides.
void checkCompatible(const Checkpoint &checkpoint,
                     const ModelIdentity &expected,
                     const std::vector<TableSettings> &tables, Match match);

/// Reads every parameter into its stored form. Missing tensors (with the
/// nearest name), other shapes or types: UserError. Nothing is written unless
/// all fit.
void loadParams(const SafetensorsFile &file,
                const std::vector<ParamView> &params);
/// As loadParams, from a foreign file: any float type is converted.
void importParams(const SafetensorsFile &file,
                  const std::vector<ParamView> &params);
/// The same for some parameters, whose tensors may have other names.
void importTensors(const SafetensorsFile &file,
                   const std::vector<NamedTensor> &tensors);
/// Refuses what importTensors would refuse, and needs no data.
void checkTensors(const SafetensorsFile &file,
                  const std::vector<NamedTensor> &tensors);
/// Reads the moments beside the model.
void loadMoments(const Checkpoint &checkpoint,
                 const std::vector<ParamView> &moments1,
                 const std::vector<ParamView> &moments2);

/// Refuses a file that is no JSON-lines log of a run, before it is written
/// over. A missing or an empty one is fine.
void checkLog(const std::string &path);
/// Cuts a log back to the lines whose "step" is at most `step`, and drops a
/// torn last line; else as checkLog.
void trimLog(const std::string &path, int64_t step);

} // namespace hashc::runtime

#endif // HASHC_RUNTIME_CHECKPOINT_CHECKPOINT_H
