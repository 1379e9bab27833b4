//===- Synthetic.cpp - Random tokens for bench and check ------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/commands/Synthetic.h"

#include "runtime/support/Random.h"

namespace hashc::runtime {

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
  return batch;
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
