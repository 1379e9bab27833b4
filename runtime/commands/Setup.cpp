//===- Setup.cpp - What several commands begin with -----------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/commands/Setup.h"

#include "runtime/support/Error.h"

#include <nlohmann/json.hpp>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>

namespace hashc::runtime {

using Json = nlohmann::ordered_json;

std::string RunState::toJson() const {
  return Json({{"step", step},
               {"tokens", tokens},
               {"steps", steps},
               {"batch", batch},
               {"train_windows", trainWindows},
               {"lr", lr},
               {"init_seed", initSeed},
               {"data_seed", dataSeed},
               {"data", data},
               {"valid", valid}})
             .dump(2) +
         "\n";
}

[[noreturn]] static void failState(const std::string &what) {
  failInput("the checkpoint's state.json is damaged: " + what);
}

/// A whole number of the state; JSON's own conversions would take any number.
static int64_t readCount(const Json &json, const char *key, int64_t low,
                         int64_t high) {
  const Json &value = json.at(key);
  if (value.is_number_integer()) {
    auto count = value.get<int64_t>();
    if (count >= low && count <= high)
      return count;
  }
  failState(std::string(key) + " is " + value.dump() + ", not in " +
            std::to_string(low) + ".." + std::to_string(high));
}

static uint64_t readSeed(const Json &json, const char *key) {
  const Json &value = json.at(key);
  if (!value.is_number_unsigned())
    failState(std::string(key) + " is " + value.dump() + ", not a seed");
  return value;
}

RunState RunState::parse(const std::string &text) {
  constexpr int64_t most = std::numeric_limits<int64_t>::max();
  try {
    Json json = Json::parse(text);
    RunState state;
    state.step = readCount(json, "step", 0, most);
    state.tokens = readCount(json, "tokens", 0, most);
    state.steps = readCount(json, "steps", 0, kMaxSteps);
    state.batch = readCount(json, "batch", 1, kMaxBatch);
    state.trainWindows = readCount(json, "train_windows", 1, most);
    state.lr = json.at("lr");
    if (!(state.lr >= 0 && std::isfinite(state.lr)))
      failState("lr is " + json.at("lr").dump());
    state.initSeed = readSeed(json, "init_seed");
    state.dataSeed = readSeed(json, "data_seed");
    state.data = json.at("data");
    state.valid = json.at("valid");
    return state;
  } catch (const Json::exception &error) {
    // "[json.exception.parse_error.101] parse error at line 1 ..."
    std::string message = error.what();
    failState(message.substr(message.find("] ") + 2));
  }
}

RunState RunState::load(const Checkpoint &checkpoint) {
  RunState state = parse(checkpoint.readState());
  if (state.step != checkpoint.step)
    failState("it is of step " + std::to_string(state.step) + ", '" +
              checkpoint.modelPath + "' of step " +
              std::to_string(checkpoint.step));
  return state;
}

ModelIdentity identify(const Descriptor &descriptor) {
  return {descriptor.name, descriptor.spec, descriptor.specHash,
          descriptor.modelHash, descriptor.model.vocab};
}

Checkpoint openCheckpoint(const std::string &path, const Descriptor &descriptor,
                          Match match) {
  Checkpoint checkpoint = Checkpoint::open(path);
  checkCompatible(checkpoint, identify(descriptor), descriptor.tables, match);
  return checkpoint;
}

std::vector<Table> restore(Model &model, const Checkpoint &checkpoint,
                           bool moments) {
  std::vector<Table> tables;
  for (const TableSettings &settings : model.getDescriptor().tables) {
    tables.push_back(checkpoint.loadTable(settings.name));
    model.setTable(tables.back());
  }
  loadParams(checkpoint.model, model.getParams());
  if (moments)
    loadMoments(checkpoint, model.getViews("moment1"),
                model.getViews("moment2"));
  return tables;
}

DataSettings chooseData(const Descriptor &descriptor, const std::string &data,
                        const std::string &valid) {
  DataSettings settings = descriptor.train.data;
  if (!data.empty()) {
    settings.path = data;
    settings.validPath.clear();
  }
  if (!valid.empty())
    settings.validPath = valid;
  if (settings.path.empty())
    failInput("the spec names no data; give it with --data FILE");
  return settings;
}

std::unique_ptr<WindowSource> makeWindows(const ModelShape &shape,
                                          const DataSettings &data,
                                          const TokenStream &stream,
                                          const PairSet &pairs) {
  if (shape.getSource())
    return std::make_unique<PairWindows>(pairs, shape.getSourceWindow(),
                                         shape.window);
  return std::make_unique<Windows>(stream, shape.window, data.apart);
}

/// A line of /proc/self/status, which counts in KiB.
static int64_t readStatus(const std::string &key) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.compare(0, key.size(), key) == 0)
      return std::strtoll(line.c_str() + key.size(), nullptr, 10) << 10;
  return 0;
}

int64_t getResidentBytes() { return readStatus("VmRSS:"); }
int64_t getPeakResidentBytes() { return readStatus("VmHWM:"); }

} // namespace hashc::runtime
