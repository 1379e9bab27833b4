//===- Descriptor.cpp - What a compiled model says of itself --------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/engine/Descriptor.h"

#include "runtime/support/Error.h"

#include <nlohmann/json.hpp>

namespace hashc::runtime {

using Json = nlohmann::json;

int64_t ParamSpec::countElements() const {
  return hashc::runtime::countElements(shape);
}

const ArgSpec *EntrySpec::find(std::string_view kind,
                               std::string_view argName) const {
  for (const ArgSpec &arg : args)
    if (arg.kind == kind && arg.name == argName)
      return &arg;
  return nullptr;
}

const EntrySpec *Descriptor::findEntry(std::string_view entry) const {
  for (const EntrySpec &candidate : entries)
    if (candidate.name == entry)
      return &candidate;
  return nullptr;
}

static DType readType(const Json &json) {
  std::string name = json.value("dtype", "f32");
  DType type;
  if (!parseDType(name, type))
    failInput("unknown element type '" + name + "'");
  return type;
}

static ModelShape readModel(const Json &json) {
  ModelShape model;
  model.name = json.value("name", "");
  model.precision = json.value("precision", model.precision);
  model.vocab = json.at("vocab");
  model.window = json.at("window");
  model.microBatch = json.at("micro_batch");
  model.bos = json.value("bos", model.bos);
  for (const Json &input : json.value("inputs", Json::array()))
    model.inputs.push_back(
        {input.at("name"), input.at("vocab"), input.at("window")});
  return model;
}

/// "bytes", "bpe", "bpe(8192)".
static TokenizerSettings readTokenizer(const std::string &text, int64_t vocab) {
  TokenizerSettings settings;
  settings.kind = text.substr(0, text.find('('));
  settings.vocab = vocab;
  return settings;
}

static void readData(const Json &json, int64_t vocab, TrainSettings &train) {
  DataSettings &data = train.data;
  data.kind = json.value("kind", data.kind);
  data.path = json.value("path", data.path);
  if (auto valid = json.find("valid"); valid != json.end()) {
    if (valid->is_string())
      data.validPath = *valid;
    else
      data.valid = *valid;
  }
  data.validPath = json.value("valid_path", data.validPath);
  data.apart = json.value("documents", "apart") == "apart";
  data.separator = json.value("separator", data.separator);
  data.separatorId = json.value("separator_id", data.separatorId);
  std::string dtype = json.value("dtype", "");
  data.tokenWidth = dtype == "u16" ? 2 : dtype == "u32" ? 4 : 0;
  train.tokenizer = readTokenizer(json.value("tokenizer", "bytes"), vocab);
}

static TrainSettings readTrain(const Json &json, int64_t vocab) {
  TrainSettings train;
  readData(json.value("data", Json::object()), vocab, train);
  if (auto it = json.find("optimizer"); it != json.end()) {
    OptimizerSettings &optimizer = train.optimizer;
    optimizer.name = it->value("name", optimizer.name);
    optimizer.lr = it->value("lr", optimizer.lr);
    optimizer.beta1 = it->value("beta1", optimizer.beta1);
    optimizer.beta2 = it->value("beta2", optimizer.beta2);
    optimizer.eps = it->value("eps", optimizer.eps);
    optimizer.weightDecay = it->value("weight_decay", optimizer.weightDecay);
    optimizer.clip = it->value("clip", optimizer.clip);
  }
  if (auto it = json.find("tables"); it != json.end()) {
    train.tables.name = it->value("name", train.tables.name);
    train.tables.lrScale = it->value("lr_scale", train.tables.lrScale);
    train.tables.eps = it->value("eps", train.tables.eps);
  }
  if (auto it = json.find("schedule"); it != json.end()) {
    train.schedule.name = it->value("name", train.schedule.name);
    train.schedule.warmup = it->value("warmup", train.schedule.warmup);
    train.schedule.floor = it->value("floor", train.schedule.floor);
  }
  train.batch = json.value("batch", train.batch);
  train.steps = json.value("steps", train.steps);
  train.evalEvery = json.value("eval_every", train.evalEvery);
  train.saveEvery = json.value("save_every", train.saveEvery);
  train.seed = json.value("seed", train.seed);
  for (const Json &item : json.value("init", Json::array())) {
    train.init.push_back({item.at("file"), {}});
    for (const Json &pair : item.at("params"))
      train.init.back().params.emplace_back(pair.at(0), pair.at(1));
  }
  return train;
}

static ParamSpec readParam(const Json &json) {
  ParamSpec param;
  param.name = json.at("name");
  param.shape = json.at("shape").get<std::vector<int64_t>>();
  param.storedShape = json.value("stored_shape", param.shape);
  param.type = readType(json);
  param.panel = json.value("panel", param.panel);
  param.init = json.value("init", "zeros");
  param.scale = json.value("scale", param.scale);
  param.decay = json.value("decay", param.decay);
  param.lookup = json.value("lookup", param.lookup);
  param.frozen = json.value("frozen", param.frozen);
  param.trained = json.value("trained", param.trained);
  return param;
}

static TableSettings readTable(const Json &json) {
  TableSettings table;
  table.name = json.at("name");
  table.algorithm = json.at("algorithm");
  table.vocab = json.at("vocab");
  table.groups = json.at("groups");
  table.k = json.value("k", table.k);
  table.seed = json.value("seed", table.seed);
  table.file = json.value("file", table.file);
  return table;
}

static RouterSpec readRouter(const Json &json) {
  RouterSpec router;
  router.path = json.value("path", "");
  router.plan = json.value("plan", "");
  router.groups = json.at("groups");
  router.k = json.value("k", router.k);
  router.input = json.value("input", "");
  router.readsActivations = json.value("reads_activations", false);
  router.tokens = json.at("tokens");
  router.slots = json.at("slots");
  return router;
}

static EntrySpec readEntry(const Json &json) {
  EntrySpec entry;
  entry.name = json.at("name");
  entry.arenaBytes = json.value("arena_bytes", int64_t(0));
  for (const Json &item : json.at("args")) {
    ArgSpec arg;
    arg.kind = item.at("kind");
    arg.name = item.value("name", "");
    arg.type = readType(item);
    arg.shape = item.value("shape", arg.shape);
    arg.bytes = item.at("bytes");
    if (arg.kind == "arena")
      entry.arenaBytes = std::max(entry.arenaBytes, arg.bytes);
    entry.args.push_back(std::move(arg));
  }
  return entry;
}

static KernelSpec readKernel(const Json &json) {
  KernelSpec kernel;
  kernel.id = json.at("id");
  kernel.entry = json.value("entry", "");
  kernel.op = json.value("op", "");
  kernel.path = json.value("path", "");
  kernel.kind = json.value("kind", "other");
  kernel.flops = json.value("flops", int64_t(0));
  kernel.bytes = json.value("bytes", int64_t(0));
  kernel.tasks = json.value("tasks", int64_t(0));
  if (auto config = json.find("config"); config != json.end())
    kernel.heads = config->value("heads", int64_t(0));
  return kernel;
}

static Descriptor readDescriptor(const Json &json) {
  Descriptor descriptor;
  descriptor.name = json.value("name", "");
  descriptor.spec = json.value("spec", "");
  descriptor.specHash = json.value("spec_hash", "");
  descriptor.modelHash = json.value("model_hash", "");
  descriptor.notDecodable = json.value("not_decodable", "");
  descriptor.notCausalInTraining = json.value("not_causal_in_training", "");
  descriptor.target = json.value("target", "cpu");
  descriptor.arch = json.value("arch", "");
  descriptor.fuse = json.value("fuse", "");
  descriptor.model = readModel(json.at("model"));
  descriptor.train =
      readTrain(json.value("train", Json::object()), descriptor.model.vocab);
  for (const Json &item : json.at("params"))
    descriptor.params.push_back(readParam(item));
  for (const Json &item : json.value("tables", Json::array()))
    descriptor.tables.push_back(readTable(item));
  for (const Json &item : json.value("routers", Json::array()))
    descriptor.routers.push_back(readRouter(item));
  descriptor.trainsDifferently = json.value("trains_differently", false);
  for (const Json &item : json.at("entries"))
    descriptor.entries.push_back(readEntry(item));
  for (const Json &item : json.value("kernels", Json::array()))
    descriptor.kernels.push_back(readKernel(item));
  return descriptor;
}

Descriptor parseDescriptor(const std::string &text) {
  try {
    return readDescriptor(Json::parse(text));
  } catch (const Json::exception &error) {
    failInput(std::string("this executable's model descriptor is damaged: ") +
              error.what());
  }
}

} // namespace hashc::runtime
