//===- Sampler.cpp - Choosing a token by its scores -----------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/commands/Sampler.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace hashc::runtime {

int32_t Sampler::sample(const std::vector<double> &logits) {
  auto best = std::max_element(logits.begin(), logits.end());
  if (temperature == 0)
    return static_cast<int32_t>(best - logits.begin());
  std::vector<int32_t> ids(logits.size());
  std::iota(ids.begin(), ids.end(), 0);
  auto likelier = [&](int32_t a, int32_t b) {
    return logits[a] != logits[b] ? logits[a] > logits[b] : a < b;
  };
  auto kept = static_cast<int64_t>(ids.size());
  if (topK > 0 && topK < kept) {
    kept = topK;
    std::nth_element(ids.begin(), ids.begin() + kept, ids.end(), likelier);
    ids.resize(kept);
    std::sort(ids.begin(), ids.end());
  }
  std::vector<double> weights(ids.size());
  double total = 0;
  for (size_t i = 0; i < ids.size(); ++i) {
    weights[i] = std::exp((logits[ids[i]] - *best) / temperature);
    total += weights[i];
  }
  double left = random.uniform(draws++) * total;
  for (size_t i = 0; i + 1 < ids.size(); ++i) {
    if (left < weights[i])
      return ids[i];
    left -= weights[i];
  }
  return ids.back();
}

} // namespace hashc::runtime
