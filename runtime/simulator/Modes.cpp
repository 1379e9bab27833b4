//===- Modes.cpp - Names of the ways to run a kernel ----------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/simulator/Modes.h"

#include <charconv>

namespace hashc::sim {

const char *const kModeNames =
    "eager or late, then fifo, adversarial or random with a seed, as in "
    "late,random,2";

std::string getName(const Mode &mode) {
  const std::string copies = mode.copies == Copies::eager ? "eager" : "late";
  switch (mode.schedule) {
  case Schedule::fifo:
    return copies + ",fifo";
  case Schedule::random:
    return copies + ",random," + std::to_string(mode.seed);
  case Schedule::adversarial:
    return copies + ",adversarial";
  }
  return {};
}

std::optional<Mode> parseMode(std::string_view name) {
  Mode mode;
  // The seed is what follows the last comma, if it is a number.
  const std::string_view last = name.substr(name.rfind(',') + 1);
  std::from_chars(last.data(), last.data() + last.size(), mode.seed);
  const uint64_t seed = mode.seed;
  for (Copies copies : {Copies::eager, Copies::late})
    for (Schedule schedule :
         {Schedule::fifo, Schedule::random, Schedule::adversarial}) {
      mode = {copies, schedule, schedule == Schedule::random ? seed : 0};
      if (getName(mode) == name)
        return mode;
    }
  return std::nullopt;
}

std::vector<Mode> getModes() {
  std::vector<Mode> modes;
  for (Copies copies : {Copies::eager, Copies::late}) {
    modes.push_back({copies, Schedule::fifo, 0});
    for (uint64_t seed : {1, 2, 3})
      modes.push_back({copies, Schedule::random, seed});
    modes.push_back({copies, Schedule::adversarial, 0});
  }
  return modes;
}

} // namespace hashc::sim
