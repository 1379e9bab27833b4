//===- Sampler.h - Choosing a token by its scores ---------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_RUNTIME_COMMANDS_SAMPLER_H
#define HASHC_RUNTIME_COMMANDS_SAMPLER_H

#include "runtime/support/Random.h"

#include <vector>

namespace hashc::runtime {

/// Softmax sampling among the `topK` likeliest (0: all). Temperature 0: the
/// likeliest, the lowest id on ties. Draw n depends on (seed, n) alone.
class Sampler {
public:
  Sampler(double temperature, int64_t topK, uint64_t seed)
      : temperature(temperature), topK(topK), random(seed, "generate") {}

  int32_t sample(const std::vector<double> &logits);

private:
  double temperature;
  int64_t topK;
  CounterRandom random;
  uint64_t draws = 0;
};

} // namespace hashc::runtime

#endif // HASHC_RUNTIME_COMMANDS_SAMPLER_H
