//===- Setup.cpp - What several commands begin with -----------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/commands/Setup.h"

#include "runtime/support/Error.h"

#include <nlohmann/json.hpp>

#include <cstdlib>
#include <fstream>

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

RunState RunState::parse(const std::string &text) {
  try {
    Json json = Json::parse(text);
    RunState state;
    state.step = json.at("step");
    state.tokens = json.at("tokens");
    state.steps = json.at("steps");
    state.batch = json.at("batch");
    state.trainWindows = json.at("train_windows");
    state.lr = json.at("lr");
    state.initSeed = json.at("init_seed");
    state.dataSeed = json.at("data_seed");
    state.data = json.at("data");
    state.valid = json.at("valid");
    return state;
  } catch (const Json::exception &error) {
    failInput(std::string("the checkpoint's state.json is damaged: ") +
              error.what());
  }
}

CheckpointContents describe(const Descriptor &descriptor) {
  CheckpointContents contents;
  contents.model = descriptor.name;
  contents.spec = descriptor.spec;
  contents.specHash = descriptor.specHash;
  contents.vocab = descriptor.model.vocab;
  return contents;
}

std::vector<Table> restore(Model &model, const Checkpoint &checkpoint,
                           bool moments) {
  const Descriptor &descriptor = model.getDescriptor();
  checkCompatible(checkpoint, describe(descriptor), moments);
  std::vector<Table> tables;
  for (const TableSettings &settings : descriptor.tables) {
    Table table = checkpoint.loadTable(settings.name);
    if (table.vocab != settings.vocab || table.groups != settings.groups ||
        table.k != settings.k)
      failInput("table '" + settings.name + "' of the checkpoint routes " +
                std::to_string(table.vocab) + " ids to " +
                std::to_string(table.groups) + " experts, the model's " +
                std::to_string(settings.vocab) + " ids to " +
                std::to_string(settings.groups));
    model.setTable(table);
    tables.push_back(std::move(table));
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
