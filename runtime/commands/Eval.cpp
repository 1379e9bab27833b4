//===- Eval.cpp - The command 'eval' --------------------------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/commands/Evaluate.h"
#include "runtime/commands/Progress.h"
#include "runtime/commands/Setup.h"

#include <nlohmann/json.hpp>

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

static Json toJson(const Evaluation &result) {
  Json json = {{"loss", result.getLoss()},
               {"perplexity", result.getPerplexity()}};
  json["bits_per_byte"] =
      result.bytes > 0 ? Json(result.getBitsPerByte()) : Json();
  json["targets"] = result.targets;
  json["windows"] = result.windows;
  json["routers"] = Json::array();
  for (const RouterLoad &router : result.routers)
    json["routers"].push_back(
        {{"path", router.path},
         {"experts", router.groups},
         {"k", router.k},
         {"load", router.load.counts},
         {"max_over_mean", router.load.maxOverMean},
         {"bound", router.bound > 0 ? Json(router.bound) : Json()},
         {"dead", router.load.dead}});
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

static void print(const Evaluation &result, const DataSettings &data) {
  std::printf("loss %.6f, perplexity %.4f", result.getLoss(),
              result.getPerplexity());
  if (result.bytes > 0)
    std::printf(", bits per byte %.4f", result.getBitsPerByte());
  std::printf("\n%lld tokens scored in %lld %s\n",
              static_cast<long long>(result.targets),
              static_cast<long long>(result.windows),
              data.kind == "pairs" ? "targets"
              : data.apart ? "windows, one after the other without overlap; "
                             "documents apart"
                           : "windows, one after the other without overlap");
  for (const RouterLoad &router : result.routers)
    printRouter(router);
}

int runEval(const Program &program, const EvalOptions &options) {
  const Descriptor &descriptor = program.descriptor;
  Checkpoint checkpoint =
      openCheckpoint(options.checkpoint, descriptor, Match::model);
  DataSettings data = chooseEvalData(descriptor, options, checkpoint);
  std::unique_ptr<Tokenizer> tokenizer = checkpoint.loadTokenizer();
  TokenStream stream;
  PairSet pairs;
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
  Evaluation result = evaluate(model, *windows, {0, true, tokenizer.get()});
  if (options.json)
    std::printf("%s\n", toJson(result).dump(2).c_str());
  else
    print(result, data);
  return 0;
}

} // namespace hashc::runtime
