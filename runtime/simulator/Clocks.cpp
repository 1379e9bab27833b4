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

Knowledge Clocks::join(Knowledge a, Knowledge b) {
  return {join(a.past, b.past), join(a.fenced, b.fenced)};
}

void Clocks::fence(Clock &clock) {
  clock.others.fenced = join(clock.others.fenced, clock.others.past);
  clock.ownFenced = clock.now++;
}

void Gathering::Side::add(Past from, Actor actor, Tick tick) {
  if (ticks.empty())
    ticks = *from;
  else if (from != last)
    raise(ticks, *from);
  last = from;
  ticks[actor] = std::max(ticks[actor], tick);
}

Past Gathering::Side::finish(Clocks &clocks) {
  Past result = clocks.keep(std::move(ticks));
  ticks.clear();
  last = nullptr;
  return result;
}

void Gathering::addEarlier(const Clock &clock) {
  past.add(clock.others.past, clock.self, clock.now);
  fenced.add(clock.others.fenced, clock.self, clock.ownFenced);
}

void Gathering::add(Clock &clock) {
  addEarlier(clock);
  ++clock.now;
}

Knowledge Gathering::finish(Clocks &clocks) {
  return {past.finish(clocks), fenced.finish(clocks)};
}

} // namespace hashc::sim
