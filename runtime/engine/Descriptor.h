//===- Descriptor.h - What a compiled model says of itself ------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_RUNTIME_ENGINE_DESCRIPTOR_H
#define HASHC_RUNTIME_ENGINE_DESCRIPTOR_H

#include "runtime/data/Corpus.h"
#include "runtime/support/DType.h"
#include "runtime/tables/Table.h"

namespace hashc::runtime {

struct InputShape {
  std::string name; // empty where the model has one input
  int64_t vocab = 0, window = 0;
};

struct ModelShape {
  std::string name, precision = "f32";
  /// The vocabulary and the window are those of the last input, which is the
  /// one that is predicted.
  int64_t vocab = 0, window = 0, microBatch = 1, bos = 0;
  std::vector<InputShape> inputs; // empty where there is one

  int64_t getRows() const { return microBatch * window; }
  int64_t getRows(const InputShape &input) const {
    return microBatch * input.window;
  }
  InputShape getPredicted() const {
    return inputs.empty() ? InputShape{"", vocab, window} : inputs.back();
  }
  /// The input of that name; the predicted one where none has it.
  InputShape getInput(const std::string &named) const {
    for (const InputShape &input : inputs)
      if (input.name == named)
        return input;
    return getPredicted();
  }
  /// The input that the predicted one may attend to; null without.
  const InputShape *getSource() const {
    return inputs.empty() ? nullptr : &inputs.front();
  }
  int64_t getSourceWindow() const {
    return inputs.empty() ? 0 : inputs.front().window;
  }
};

struct OptimizerSettings {
  std::string name = "adamw";
  double lr = 1e-3, beta1 = 0.9, beta2 = 0.999, eps = 1e-8;
  double weightDecay = 0, clip = 0;
};

/// Of tables that are looked up.
struct TableOptimizerSettings {
  std::string name; // "": there are none
  double lrScale = 1, eps = 1e-8;
};

struct ScheduleSettings {
  std::string name = "constant"; // constant, cosine, linear
  int64_t warmup = 0;
  double floor = 0; // the last step's rate, as a part of lr
};

/// A file of weights that a run begins with.
struct InitFile {
  std::string file;
  /// A parameter's name, and that of the tensor it begins with.
  std::vector<std::pair<std::string, std::string>> params;
};

struct TrainSettings {
  DataSettings data;
  TokenizerSettings tokenizer;
  OptimizerSettings optimizer;
  TableOptimizerSettings tables;
  ScheduleSettings schedule;
  int64_t batch = 1, steps = 1000, evalEvery = 0, saveEvery = 0;
  uint64_t seed = 0;
  std::vector<InitFile> init;
};

struct ParamSpec {
  std::string name, init;
  std::vector<int64_t> shape, storedShape;
  DType type = DType::f32;
  int64_t panel = 0;
  double scale = 1;
  bool decay = false;
  bool lookup = false; // its gradient and its update are of rows
  bool frozen = false; // has no gradient and no update
  /// By gradients; else by counts, which its accumulator holds.
  bool trained = true;
  int64_t countElements() const;
};

struct RouterSpec {
  std::string path, plan;
  int64_t groups = 0, k = 1;
  std::string input = {}; // whose rows are routed
  /// Its plan is made in the step, not once for the batch.
  bool readsActivations = false;
  /// Of its plan: with fewer slots than tokens * k, experts choose.
  int64_t tokens = 0, slots = 0;

  bool expertsChoose() const { return slots < tokens * k; }
  /// Experts of a token, on average where experts choose.
  double getExpertsPerToken() const {
    return static_cast<double>(slots) / static_cast<double>(tokens);
  }
};

/// An argument of an entry: equal kind and name are one buffer.
struct ArgSpec {
  std::string kind, name;
  DType type = DType::f32;
  std::vector<int64_t> shape;
  int64_t bytes = 0;
};

struct EntrySpec {
  std::string name;
  std::vector<ArgSpec> args;
  int64_t arenaBytes = 0;
  const ArgSpec *find(std::string_view kind, std::string_view name = "") const;
};

struct KernelSpec {
  int64_t id = 0, flops = 0, bytes = 0, tasks = 0;
  std::string entry, op, path, kind;
  int64_t heads = 0; // attention: of its queries
};

struct Descriptor {
  std::string name, spec, specHash, modelHash, target, arch, fuse;
  std::string notDecodable;        // why there is no decode_step
  std::string notCausalInTraining; // why training sees later tokens
  ModelShape model;
  TrainSettings train;
  std::vector<ParamSpec> params;
  std::vector<TableSettings> tables;
  std::vector<RouterSpec> routers;
  std::vector<EntrySpec> entries;
  std::vector<KernelSpec> kernels;
  /// Training does what evaluation leaves out: dropout, bounds on experts.
  bool trainsDifferently = false;

  const EntrySpec *findEntry(std::string_view name) const;
};

/// Reads the JSON text of `hash_model_descriptor`.
Descriptor parseDescriptor(const std::string &json);

} // namespace hashc::runtime

#endif // HASHC_RUNTIME_ENGINE_DESCRIPTOR_H
