//===- Eval.cpp - The command 'eval' --------------------------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/commands/Breakdown.h"
#include "runtime/commands/Evaluate.h"
#include "runtime/commands/Progress.h"
#include "runtime/commands/Setup.h"
#include "runtime/support/Error.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace hashc::runtime {

using Json = nlohmann::ordered_json;

/// --data, else what the run was trained on, else what the spec says.
static DataSettings chooseEvalData(const Descriptor &descriptor,
                                   const EvalOptions &options,
                                   const Checkpoint &checkpoint) {
  if (!options.data.empty() || checkpoint.statePath.empty())
    return chooseData(descriptor, options.data, "");
  RunState state = RunState::load(checkpoint);
  return chooseData(descriptor, state.data, state.valid);
}

namespace {
/// All that is said of an evaluation.
struct EvalReport {
  const Evaluation &result;
  const Breakdown &parts;
  std::string counted; // whose tokens the bands count
  int64_t window;
  const DataSettings &data;
  const std::string &notCausal; // why rows see what comes after them

  bool isPairs() const { return data.kind == "pairs"; }
  std::string describeWindows() const {
    if (isPairs())
      return "targets";
    return format("windows, one after the other without overlap (stride "
                  "%lld)%s",
                  static_cast<long long>(window),
                  data.apart ? "; documents apart" : "");
  }
};
} // namespace

static const char *const kBosRule =
    "no token is put before the data or a document: their first tokens are "
    "not scored";

/// Null where nothing was scored.
static Json toJson(const LossShare &share) {
  Json json = {
      {"tokens", share.tokens}, {"loss", Json()}, {"perplexity", Json()}};
  if (share.tokens > 0) {
    json["loss"] = share.getLoss();
    json["perplexity"] = std::exp(share.getLoss());
  }
  return json;
}

static Json toJson(const FrequencyBands &bands) {
  Json json = Json::array();
  for (const FrequencyBands::Band &band : bands.getBands()) {
    json.push_back({{"band", band.name}, {"ids", band.ids}});
    json.back().update(toJson(band.share));
  }
  return json;
}

static Json toJson(const EvalReport &report) {
  const Evaluation &result = report.result;
  Json json = {{"loss", result.getLoss()},
               {"perplexity", result.getPerplexity()}};
  json["bits_per_byte"] =
      result.bytes > 0 ? Json(result.getBitsPerByte()) : Json();
  json["non_causal"] =
      report.notCausal.empty() ? Json() : Json(report.notCausal);
  json["targets"] = result.targets;
  json["windows"] = result.windows;
  json["context"] = report.window;
  if (!report.isPairs()) {
    json["stride"] = report.window;
    json["documents"] = report.data.apart ? "apart" : "joined";
    json["bos"] = kBosRule;
  }
  json["frequency"] = {{"counted", report.counted},
                       {"bands", toJson(report.parts.getBands())}};
  json["routers"] = Json::array();
  for (size_t i = 0; i < result.routers.size(); ++i) {
    const RouterLoad &router = result.routers[i];
    json["routers"].push_back(
        {{"path", router.path},
         {"experts", router.groups},
         {"k", router.k},
         {"load", router.load.counts},
         {"max_over_mean", router.load.maxOverMean},
         {"bound", router.bound > 0 ? Json(router.bound) : Json()},
         {"dead", router.load.dead},
         {"scored", Json::array()}});
    for (const LossShare &share : report.parts.getLayers()[i].experts)
      json["routers"].back()["scored"].push_back(toJson(share));
  }
  return json;
}

static void printRouter(const RouterLoad &router) {
  std::string bound = router.bound > 0
                          ? format("no router can be below %.2f", router.bound)
                          : "no bound by token: its key is not one token";
  std::printf("%s: %lld experts, max/mean load %.2f (%s), %lld without "
              "tokens\n",
              router.path.c_str(), static_cast<long long>(router.groups),
              router.load.maxOverMean, bound.c_str(),
              static_cast<long long>(router.load.dead));
  const std::vector<int64_t> &counts = router.load.counts;
  for (size_t i = 0; i < counts.size(); ++i)
    std::printf("%s%8lld%s", i % 8 == 0 ? " " : "",
                static_cast<long long>(counts[i]),
                i % 8 == 7 || i + 1 == counts.size() ? "\n" : "");
}

static void printBands(const EvalReport &report) {
  std::printf("by how often %s has the token:\n", report.counted.c_str());
  for (const FrequencyBands::Band &band : report.parts.getBands().getBands()) {
    std::printf("  %-18s %8lld ids %10lld tokens", band.name,
                static_cast<long long>(band.ids),
                static_cast<long long>(band.share.tokens));
    if (band.share.tokens > 0)
      std::printf("   loss %.4f   perplexity %.2f", band.share.getLoss(),
                  std::exp(band.share.getLoss()));
    std::printf("\n");
  }
}

/// The range over a layer's experts; --json has each of them.
static void printExperts(const ExpertLosses &layer) {
  std::vector<size_t> used;
  for (size_t i = 0; i < layer.experts.size(); ++i)
    if (layer.experts[i].tokens > 0)
      used.push_back(i);
  if (used.empty())
    return;
  std::stable_sort(used.begin(), used.end(), [&](size_t a, size_t b) {
    return layer.experts[a].getLoss() < layer.experts[b].getLoss();
  });
  auto describe = [&](size_t expert) {
    const LossShare &share = layer.experts[expert];
    return format("%.2f (expert %zu, %lld tokens)", std::exp(share.getLoss()),
                  expert, static_cast<long long>(share.tokens));
  };
  std::printf("  perplexity of an expert's tokens: %s to %s, median %s\n",
              describe(used.front()).c_str(), describe(used.back()).c_str(),
              describe(used[used.size() / 2]).c_str());
}

static void print(const EvalReport &report) {
  const Evaluation &result = report.result;
  std::printf("loss %.6f, perplexity %.4f", result.getLoss(),
              result.getPerplexity());
  if (result.bytes > 0)
    std::printf(", bits per byte %.4f", result.getBitsPerByte());
  std::printf("\n%lld tokens scored in %lld %s\n",
              static_cast<long long>(result.targets),
              static_cast<long long>(result.windows),
              report.describeWindows().c_str());
  if (!report.isPairs())
    std::printf("%s\n", kBosRule);
  if (!report.notCausal.empty())
    std::printf("not the loss of a model that can generate: %s\n",
                report.notCausal.c_str());
  printBands(report);
  for (size_t i = 0; i < result.routers.size(); ++i) {
    printRouter(result.routers[i]);
    printExperts(report.parts.getLayers()[i]);
  }
}

int runEval(const Program &program, const EvalOptions &options) {
  const Descriptor &descriptor = program.descriptor;
  Checkpoint checkpoint =
      openCheckpoint(options.checkpoint, descriptor, Match::model);
  DataSettings data = chooseEvalData(descriptor, options, checkpoint);
  std::unique_ptr<Tokenizer> tokenizer = checkpoint.loadTokenizer();
  TokenStream stream;
  PairSet pairs;
  if (descriptor.model.getSource() && !tokenizer)
    failInput("the checkpoint has no tokenizer to read pairs with");
  if (descriptor.model.getSource())
    pairs = openEvalPairs(data, *tokenizer, options.whole);
  else
    stream = openEvalStream(data, descriptor.model.vocab, tokenizer.get(),
                            options.whole);
  std::unique_ptr<WindowSource> windows =
      makeWindows(descriptor.model, data, stream, pairs);

  Model model(descriptor, program.functions, Purpose::evaluate,
              options.threads);
  restore(model, checkpoint, false);
  std::optional<std::vector<int64_t>> counts = checkpoint.loadTokenCounts();
  std::string counted = counts ? "the training data" : "the scored data";
  if (!counts)
    counts = windows->countInputs(descriptor.model.vocab);
  Breakdown parts(descriptor, *counts, options.losses);
  Evaluation result = evaluate(
      model, *windows,
      {0, true, tokenizer.get(), [&](const Batch &batch, int64_t first) {
         parts.add(model, batch, first);
       }});
  parts.finish();
  EvalReport report = {result,  parts,
                       counted, descriptor.model.window,
                       data,    descriptor.notDecodable};
  if (options.json)
    std::printf("%s\n", toJson(report).dump(2).c_str());
  else
    print(report);
  return 0;
}

} // namespace hashc::runtime
