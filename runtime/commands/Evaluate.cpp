//===- Evaluate.cpp - Loss and load over a token stream -------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/commands/Evaluate.h"

#include <algorithm>
#include <cmath>

namespace hashc::runtime {

double Evaluation::getPerplexity() const { return std::exp(getLoss()); }

double Evaluation::getBitsPerByte() const {
  return bytes == 0 ? 0 : lossSum / std::log(2.0) / static_cast<double>(bytes);
}

namespace {

/// Collects the load of one routed layer, and finds out whether its expert is
/// a function of the token itself or of the one before: then all of a frequent
/// token's rows go to one expert, which bounds the balance.
class LoadMeter {
public:
  LoadMeter(const RouterSpec &router, const ModelShape &shape)
      : router(router), input(shape.getInput(router.input)),
        counts(router.groups) {
    for (Key &key : keys) {
      key.expert.assign(input.vocab, -1);
      key.frequency.assign(input.vocab, 0);
    }
  }

  void add(Model &model) {
    const auto *tokens =
        model.getBuffers().get("tokens", input.name).as<int32_t>();
    int64_t window = input.window;
    std::vector<int32_t> experts = model.getAssignment(router);
    std::vector<int64_t> load = model.countLoad(router);
    for (size_t i = 0; i < load.size(); ++i)
      counts[i] += load[i];
    auto rows = static_cast<int64_t>(experts.size()) / router.k;
    // Where experts choose, no token has one of its own.
    for (int64_t row = 0; row < rows && !router.expertsChoose(); ++row) {
      if (tokens[row] < 0)
        continue;
      int32_t expert = experts[row * router.k];
      keys[0].note(tokens[row], expert);
      if (row % window != 0 && tokens[row - 1] >= 0)
        keys[1].note(tokens[row - 1], expert);
    }
  }

  RouterLoad finish() const {
    RouterLoad result{router.path, router.groups, router.k, measureLoad(counts),
                      0};
    for (const Key &key : keys)
      if (key.decides && result.bound == 0)
        result.bound = getLoadBound(key.frequency, router.groups, router.k);
    return result;
  }

private:
  struct Key {
    std::vector<int32_t> expert;
    std::vector<int64_t> frequency;
    bool decides = true;
    void note(int32_t token, int32_t given) {
      ++frequency[token];
      if (expert[token] >= 0 && expert[token] != given)
        decides = false;
      expert[token] = given;
    }
  };
  const RouterSpec &router;
  InputShape input; // whose rows are routed
  std::vector<int64_t> counts;
  Key keys[2]; // token, previous token
};

} // namespace

Evaluation evaluate(Model &model, const WindowSource &windows,
                    const EvaluateOptions &options) {
  const Descriptor &descriptor = model.getDescriptor();
  std::vector<LoadMeter> meters;
  if (options.loads)
    for (const RouterSpec &router : descriptor.routers)
      meters.emplace_back(router, descriptor.model);

  EvalBatches batches(windows, descriptor.model.microBatch);
  int64_t all = batches.count();
  int64_t count =
      options.microBatches > 0 ? std::min(options.microBatches, all) : all;
  Evaluation result;
  Batch batch;
  for (int64_t i = 0; i < count; ++i) {
    int64_t index = i * all / count;
    batches.get(index, batch);
    model.loadBatch(batch, 0);
    model.evalStep();
    result.lossSum += model.sumLosses();
    result.targets += batch.liveTargets;
    result.windows +=
        std::min(descriptor.model.microBatch,
                 windows.countAll() - index * descriptor.model.microBatch);
    if (options.tokenizer)
      result.bytes += countTargetBytes(batch, *options.tokenizer);
    for (LoadMeter &meter : meters)
      meter.add(model);
    if (options.observe)
      options.observe(batch, index * descriptor.model.microBatch);
  }
  for (const LoadMeter &meter : meters)
    result.routers.push_back(meter.finish());
  return result;
}

} // namespace hashc::runtime
