//===- Clocks.cpp - What happened before what, in one block ---------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/simulator/Clocks.h"

#include <algorithm>

namespace hashc::sim {

/// into[i] = max(into[i], from[i])
static void raise(std::vector<Tick> &into, const std::vector<Tick> &from) {
  for (size_t i = 0; i < into.size(); ++i)
    into[i] = std::max(into[i], from[i]);
}

void Clocks::reset(size_t actors) {
  pasts.clear();
  joined.clear();
  beginning = keep(std::vector<Tick>(actors));
}

Past Clocks::keep(std::vector<Tick> ticks) {
  pasts.push_back(std::move(ticks));
  return &pasts.back();
}

Past Clocks::join(Past a, Past b) {
  if (a == b)
    return a;
  Past &result = joined[{std::min(a, b), std::max(a, b)}];
  if (!result) {
    std::vector<Tick> ticks = *a;
    raise(ticks, *b);
    result = keep(std::move(ticks));
  }
  return result;
}

void Gathering::add(Clock &clock) {
  if (ticks.empty())
    ticks = *clock.past;
  else if (clock.past != last)
    raise(ticks, *clock.past);
  last = clock.past;
  ticks[clock.self] = clock.now++;
}

Past Gathering::finish(Clocks &clocks) {
  Past result = clocks.keep(std::move(ticks));
  ticks.clear();
  last = nullptr;
  return result;
}

} // namespace hashc::sim
