//===- Synthetic.cpp - Random tokens for bench and check ------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/commands/Synthetic.h"

#include "runtime/support/Random.h"

#include <algorithm>

namespace hashc::runtime {

/// Uniformly random sources, all rows live.
static void addSources(Batch &batch, int64_t windows, int64_t window,
                       int64_t ids, uint64_t seed) {
  CounterRandom random(seed, "source tokens");
  batch.source.tokens.resize(windows * window);
  batch.source.starts.assign(windows * window, 0);
  uint64_t draws = 0;
  for (int32_t &token : batch.source.tokens)
    token =
        static_cast<int32_t>(random.bits(draws++) % static_cast<uint64_t>(ids));
  batch.source.liveTokens = windows * window;
}

Batch makeRandomBatch(const ModelShape &shape, int64_t windows, int64_t ids,
                      uint64_t seed) {
  CounterRandom random(seed, "tokens");
  int64_t micros = (windows + shape.microBatch - 1) / shape.microBatch;
  Batch batch;
  batch.rows = micros * shape.getRows();
  batch.starts.assign(batch.rows, 0);
  uint64_t draws = 0;
  for (int64_t begin = 0; begin < batch.rows; begin += shape.window) {
    auto draw = [&] {
      return static_cast<int32_t>(random.bits(draws++) %
                                  static_cast<uint64_t>(ids));
    };
    int32_t token = draw();
    for (int64_t i = 0; i < shape.window; ++i) {
      batch.tokens.push_back(token);
      token = draw();
      batch.targets.push_back(token);
    }
  }
  batch.liveTokens = batch.liveTargets = batch.rows;
  if (const InputShape *source = shape.getSource())
    addSources(batch, micros * shape.microBatch, source->window,
               std::min(ids, source->vocab), seed);
  return batch;
}

/// Sources of different lengths, as those of pairs are; one in four is empty.
static void padSources(SourceRows &source, int64_t window) {
  const int64_t lives[] = {std::max<int64_t>(1, window * 3 / 4), window, 0,
                           window / 2};
  source.liveTokens = 0;
  auto rows = static_cast<int64_t>(source.tokens.size());
  for (int64_t begin = 0; begin < rows; begin += window) {
    int64_t live = lives[begin / window % 4];
    for (int64_t row = begin + live; row < begin + window; ++row) {
      source.tokens[row] = -1;
      source.starts[row] = static_cast<int32_t>(live);
    }
    source.liveTokens += live;
  }
}

void addEdges(Batch &batch, const ModelShape &shape, bool apart) {
  int64_t masked = std::max<int64_t>(1, shape.window / 4);
  for (int64_t row = batch.rows - masked; row < batch.rows; ++row)
    batch.tokens[row] = batch.targets[row] = -1;
  for (int64_t begin = 0; apart && begin < batch.rows; begin += shape.window) {
    int64_t middle = (begin / shape.window % 2 + 1) * shape.window / 3;
    if (middle == 0)
      continue;
    batch.targets[begin + middle - 1] = -1;
    for (int64_t row = middle; row < shape.window; ++row)
      batch.starts[begin + row] = static_cast<int32_t>(middle);
  }
  if (const InputShape *source = shape.getSource())
    padSources(batch.source, source->window);
  batch.liveTokens = batch.rows - masked;
  batch.liveTargets =
      batch.rows - std::count(batch.targets.begin(), batch.targets.end(), -1);
}

std::vector<Table> makeTables(const Descriptor &descriptor) {
  std::vector<int64_t> counts(descriptor.model.vocab);
  for (size_t i = 0; i < counts.size(); ++i)
    counts[i] = static_cast<int64_t>(1000000 / (i + 1)) + 1;
  std::vector<Table> tables;
  for (const TableSettings &settings : descriptor.tables)
    tables.push_back(buildTable(settings, &counts));
  return tables;
}

} // namespace hashc::runtime
