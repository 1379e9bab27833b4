//===- Info.cpp - The command 'info' --------------------------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/commands/KernelGroups.h"
#include "runtime/commands/Progress.h"
#include "runtime/commands/Setup.h"
#include "runtime/support/Hash.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>

namespace hashc::runtime {

using Json = nlohmann::ordered_json;

/// The part of a parameter that one token uses: a row of a table that is looked
/// up, k of E experts of a routed layer's weights.
static double getActivePart(const Descriptor &descriptor,
                            const ParamSpec &param) {
  if (param.lookup)
    return 1 / static_cast<double>(param.shape[0]);
  for (const RouterSpec &router : descriptor.routers)
    if (param.name.compare(0, router.path.size() + 1, router.path + ".") == 0 &&
        param.shape.size() > 1 && param.shape[0] == router.groups)
      return router.getExpertsPerToken() / static_cast<double>(router.groups);
  return 1;
}

/// The kind of work that a layer's weights are for, as its kernels say; the
/// router of a gated layer is one matrix among others.
static std::string getKind(const Descriptor &descriptor,
                           const ParamSpec &param) {
  size_t dot = param.name.rfind('.');
  if (param.name.substr(dot + 1) == "w_router")
    return "router";
  std::string owner = param.name.substr(0, dot);
  for (const KernelSpec &kernel : descriptor.kernels)
    if (kernel.path == (dot == std::string::npos ? param.name : owner) &&
        kernel.kind != "elementwise" && kernel.kind != "router")
      return kernel.kind;
  return "other";
}

/// Total and active parameters by kind. What is tied counts once, where it is
/// made.
static Json describeParamKinds(const Descriptor &descriptor) {
  std::map<std::string, std::pair<int64_t, double>> kinds;
  for (const ParamSpec &param : descriptor.params) {
    auto &[total, active] = kinds[getKind(descriptor, param)];
    total += param.countElements();
    active += static_cast<double>(param.countElements()) *
              getActivePart(descriptor, param);
  }
  Json json = Json::object();
  for (const auto &[kind, counts] : kinds)
    json[kind] = {{"total", counts.first},
                  {"active", std::llround(counts.second)}};
  return json;
}

static Json describeParams(const Descriptor &descriptor) {
  Json params = Json::array();
  for (const ParamSpec &param : descriptor.params)
    params.push_back({{"name", param.name},
                      {"shape", param.shape},
                      {"dtype", std::string(getName(param.type))},
                      {"elements", param.countElements()},
                      {"init", param.init},
                      {"weight_decay", param.decay},
                      {"lookup", param.lookup},
                      {"frozen", param.frozen}});
  return params;
}

static Json describeTables(const Descriptor &descriptor,
                           const std::optional<Checkpoint> &checkpoint) {
  Json tables = Json::array();
  for (const TableSettings &settings : descriptor.tables) {
    Json json = {{"name", settings.name},   {"builder", settings.algorithm},
                 {"vocab", settings.vocab}, {"experts", settings.groups},
                 {"k", settings.k},         {"seed", settings.seed},
                 {"file", settings.file}};
    std::optional<Table> table;
    if (checkpoint)
      table = checkpoint->loadTable(settings.name);
    else if (!needsCounts(settings) && settings.file.empty())
      table = buildTable(settings, nullptr);
    if (table) {
      json["checksum"] = toHex(table->getChecksum());
      json["ids_per_expert"] = countIds(*table);
    }
    tables.push_back(std::move(json));
  }
  return tables;
}

static Json describeRouters(const Descriptor &descriptor) {
  Json routers = Json::array();
  for (const RouterSpec &router : descriptor.routers)
    routers.push_back({{"path", router.path},
                       {"plan", router.plan},
                       {"experts", router.groups},
                       {"k", router.k},
                       {"experts_per_token", router.getExpertsPerToken()},
                       {"experts_choose", router.expertsChoose()}});
  return routers;
}

static Json describeMemory(const Descriptor &descriptor, Purpose purpose) {
  MemoryPlan plan = planMemory(descriptor, getEntries(purpose));
  Json json;
  const int64_t arena = plan.arena + plan.nextArena;
  int64_t named = arena + plan.staging;
  for (const auto &[name, kinds] :
       std::vector<std::pair<const char *, std::vector<const char *>>>{
           {"parameters", {"param"}},
           {"gradients", {"grad", "grad_keys"}},
           {"moments", {"moment1", "moment2"}},
           {"plans", {"plan"}},
           {"tables", {"table"}},
           {"caches", {"cache"}}}) {
    int64_t bytes = 0;
    for (const char *kind : kinds)
      bytes += plan.countKind(kind);
    named += bytes;
    json[name] = bytes;
  }
  json["arena"] = arena;
  json["staging"] = plan.staging;
  json["streams"] = plan.getTotal() - named;
  json["total"] = plan.getTotal();
  return json;
}

/// FLOPs of entries by kind, for each of the micro-batch's rows.
static Json describeFlops(const Descriptor &descriptor,
                          const std::vector<std::string> &entries) {
  std::map<std::string, double> kinds;
  double total = 0;
  auto rows = static_cast<double>(descriptor.model.getRows());
  for (const KernelSpec &kernel : descriptor.kernels)
    if (std::find(entries.begin(), entries.end(), kernel.entry) !=
        entries.end()) {
      kinds[kernel.kind] += static_cast<double>(kernel.flops) / rows;
      total += static_cast<double>(kernel.flops) / rows;
    }
  Json json;
  for (const auto &[kind, flops] : kinds)
    json[kind] = flops;
  json["total"] = total;
  return json;
}

static Json describeKernels(const Descriptor &descriptor) {
  Json kernels = Json::array();
  for (const KernelSpec &kernel : descriptor.kernels)
    kernels.push_back({{"id", kernel.id},
                       {"entry", kernel.entry},
                       {"op", kernel.op},
                       {"path", kernel.path},
                       {"kind", kernel.kind},
                       {"flops", kernel.flops},
                       {"bytes", kernel.bytes},
                       {"tasks", kernel.tasks}});
  return kernels;
}

static Json describeProgram(const Descriptor &descriptor,
                            const std::optional<Checkpoint> &checkpoint) {
  int64_t total = 0, looked = 0, lookedActive = 0, frozen = 0;
  double active = 0;
  for (const ParamSpec &param : descriptor.params) {
    total += param.countElements();
    active += static_cast<double>(param.countElements()) *
              getActivePart(descriptor, param);
    frozen += param.frozen ? param.countElements() : 0;
    looked += param.lookup ? param.countElements() : 0;
    lookedActive += param.lookup ? param.shape[1] : 0;
  }
  const TrainSettings &train = descriptor.train;
  Json json = {{"name", descriptor.name},
               {"spec", descriptor.spec},
               {"spec_hash", descriptor.specHash},
               {"model_hash", descriptor.modelHash},
               {"target", descriptor.target},
               {"arch", descriptor.arch},
               {"fuse", descriptor.fuse},
               {"precision", descriptor.model.precision},
               {"vocab", descriptor.model.vocab},
               {"context", descriptor.model.window},
               {"micro_batch", descriptor.model.microBatch},
               {"train",
                {{"batch", train.batch},
                 {"steps", train.steps},
                 {"lr", train.optimizer.lr},
                 {"betas", {train.optimizer.beta1, train.optimizer.beta2}},
                 {"eps", train.optimizer.eps},
                 {"schedule", train.schedule.name},
                 {"warmup", train.schedule.warmup},
                 {"floor", train.schedule.floor},
                 {"clip", train.optimizer.clip},
                 {"weight_decay", train.optimizer.weightDecay},
                 {"seed", train.seed}}}};
  if (descriptor.model.getSource())
    for (const InputShape &input : descriptor.model.inputs)
      json["inputs"].push_back({{"name", input.name},
                                {"vocab", input.vocab},
                                {"context", input.window}});
  json["parameters"] = describeParams(descriptor);
  json["total_parameters"] = total;
  json["active_parameters"] = std::llround(active);
  if (frozen > 0)
    json["frozen_parameters"] = frozen;
  if (looked > 0) {
    json["lookup_parameters"] = {{"total", looked}, {"active", lookedActive}};
    json["train"]["tables"] = {{"optimizer", train.tables.name},
                               {"lr_scale", train.tables.lrScale},
                               {"eps", train.tables.eps}};
  }
  json["parameters_by_kind"] = describeParamKinds(descriptor);
  json["tables"] = describeTables(descriptor, checkpoint);
  json["routers"] = describeRouters(descriptor);
  json["memory"] = {
      {"train", describeMemory(descriptor, Purpose::train)},
      {"eval", describeMemory(descriptor, Purpose::evaluate)},
      {"generate", describeMemory(descriptor, Purpose::generate)}};
  json["flops_per_token"] = {
      {"forward", describeFlops(descriptor, {"plan_batch", "eval_step"})},
      {"train", describeFlops(descriptor, {"plan_batch", "grad_step"})},
      {"decode_step", describeFlops(descriptor, {"decode_step"})}};
  if (const InputShape *source = descriptor.model.getSource()) {
    Json &encode = json["flops_per_token"]["encode"];
    encode = describeFlops(descriptor, {"encode"});
    // One window, all its tokens at once.
    for (auto &[kind, flops] : encode.items())
      flops = flops.get<double>() *
              static_cast<double>(descriptor.model.getRows()) /
              static_cast<double>(source->window);
  }
  // One token at a time.
  for (auto &[kind, flops] : json["flops_per_token"]["decode_step"].items())
    flops =
        flops.get<double>() * static_cast<double>(descriptor.model.getRows());
  json["kernels"] = describeKernels(descriptor);
  return json;
}

//===----------------------------------------------------------------------===//
// As text
//===----------------------------------------------------------------------===//

static std::string getText(const Json &json) { return json.get<std::string>(); }

static void printParams(const Json &json) {
  std::printf("\nparameters\n");
  for (const Json &param : json["parameters"])
    std::printf("  %-36s %-20s %-5s %12lld\n", getText(param["name"]).c_str(),
                formatShape(param["shape"]).c_str(),
                getText(param["dtype"]).c_str(),
                param["elements"].get<long long>());
  std::printf("  %-36s %-20s %-5s %12lld\n", "total", "", "",
              json["total_parameters"].get<long long>());
  std::printf("  %-36s %-20s %-5s %12lld\n", "active for a token", "", "",
              json["active_parameters"].get<long long>());
  if (auto frozen = json.find("frozen_parameters"); frozen != json.end())
    std::printf("  %-36s %-20s %-5s %12lld\n", "frozen", "", "",
                frozen->get<long long>());
  if (auto looked = json.find("lookup_parameters"); looked != json.end()) {
    std::printf("  %-36s %-20s %-5s %12lld\n", "in tables that are looked up",
                "", "", (*looked)["total"].get<long long>());
    std::printf("  %-36s %-20s %-5s %12lld\n", "active of them for a token", "",
                "", (*looked)["active"].get<long long>());
  }
  std::printf("\nparameters by kind %23s %12s\n", "total", "active");
  for (const auto &[kind, counts] : json["parameters_by_kind"].items())
    std::printf("  %-26s %13lld %12lld\n", kind.c_str(),
                counts["total"].get<long long>(),
                counts["active"].get<long long>());
}

static void printRouting(const Json &json) {
  if (json["routers"].empty())
    return;
  std::printf("\nrouted layers\n");
  for (const Json &router : json["routers"])
    std::printf("  %-36s %lld experts, %.4g a token%s, %s\n",
                getText(router["path"]).c_str(),
                router["experts"].get<long long>(),
                router["experts_per_token"].get<double>(),
                router["experts_choose"].get<bool>() ? " on average" : "",
                getText(router["plan"]).c_str());
  for (const Json &table : json["tables"]) {
    std::printf(
        "  table %-30s %s, %lld ids to %lld experts",
        getText(table["name"]).c_str(), getText(table["builder"]).c_str(),
        table["vocab"].get<long long>(), table["experts"].get<long long>());
    if (auto ids = table.find("ids_per_expert"); ids != table.end()) {
      Load load = measureLoad(ids->get<std::vector<int64_t>>());
      std::printf(", at most %.2f times the mean; checksum %s",
                  load.maxOverMean, getText(table["checksum"]).c_str());
    } else if (std::string file = getText(table["file"]); !file.empty()) {
      std::printf(", from '%s'", file.c_str());
    } else {
      std::printf(", made from the training data");
    }
    std::printf("\n");
  }
}

static void printColumns(const char *title, const char *unit,
                         const Json &columns, bool bytes) {
  std::printf("\n%s\n  %-14s", title, unit);
  std::vector<std::string> rows;
  for (const auto &[name, column] : columns.items()) {
    std::printf(" %12s", name.c_str());
    for (const auto &[row, value] : column.items())
      if (row != "total" &&
          std::find(rows.begin(), rows.end(), row) == rows.end())
        rows.push_back(row);
  }
  std::printf("\n");
  rows.emplace_back("total");
  for (const std::string &row : rows) {
    std::printf("  %-14s", row.c_str());
    for (const auto &[name, column] : columns.items()) {
      double value = column.value(row, 0.0);
      std::printf(" %12s",
                  (bytes ? formatBytes(value) : formatCount(value)).c_str());
    }
    std::printf("\n");
  }
}

static void printKernels(const Descriptor &descriptor) {
  std::printf("\nkernels (each line's figures are of one)\n  %-11s %-28s %-18s "
              "%5s %10s %12s %6s\n",
              "entry", "path", "op", "count", "FLOPs", "bytes", "tasks");
  for (const KernelGroup &group : groupKernels(descriptor.kernels)) {
    const KernelSpec &kernel = *group.kernels.front();
    std::printf("  %-11s %-28s %-18s %5zu %10s %12s %6lld\n",
                kernel.entry.c_str(), group.path.c_str(), kernel.op.c_str(),
                group.kernels.size(),
                formatCount(static_cast<double>(kernel.flops)).c_str(),
                formatBytes(static_cast<double>(kernel.bytes)).c_str(),
                static_cast<long long>(kernel.tasks));
  }
}

static void print(const Descriptor &descriptor, const Json &json) {
  std::printf("%s, compiled from %s for %s %s\n", getText(json["name"]).c_str(),
              getText(json["spec"]).c_str(), getText(json["target"]).c_str(),
              getText(json["arch"]).c_str());
  std::printf("%s, %lld ids, windows of %lld, %lld at a time\n",
              getText(json["precision"]).c_str(),
              json["vocab"].get<long long>(), json["context"].get<long long>(),
              json["micro_batch"].get<long long>());
  if (const InputShape *source = descriptor.model.getSource())
    std::printf("predicts '%s'; its source '%s' has %lld ids, windows of "
                "%lld\n",
                descriptor.model.getPredicted().name.c_str(),
                source->name.c_str(), static_cast<long long>(source->vocab),
                static_cast<long long>(source->window));
  printParams(json);
  printRouting(json);
  printColumns("memory (beside the data and the process itself)", "",
               json["memory"], true);
  printColumns("FLOPs for a token", "", json["flops_per_token"], false);
  printKernels(descriptor);
}

int runInfo(const Program &program, const InfoOptions &options) {
  std::optional<Checkpoint> checkpoint;
  if (!options.checkpoint.empty())
    checkpoint =
        openCheckpoint(options.checkpoint, program.descriptor, Match::model);
  Json json = describeProgram(program.descriptor, checkpoint);
  if (options.json)
    std::printf("%s\n", json.dump(2).c_str());
  else
    print(program.descriptor, json);
  return 0;
}

} // namespace hashc::runtime
