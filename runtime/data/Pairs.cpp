//===- Pairs.cpp - Sources and targets ------------------------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/data/Pairs.h"

#include <algorithm>

namespace hashc::runtime {

int32_t getTargetEnd(const Tokenizer &tokenizer) {
  int32_t separator = tokenizer.getSeparator();
  return separator >= 0 ? separator : tokenizer.getBos();
}

PairSet::PairSet(const Tokenizer &tokenizer, const PairLine *lines,
                 size_t count, std::string name)
    : name(std::move(name)), bos(tokenizer.getBos()),
      end(getTargetEnd(tokenizer)) {
  auto getSize = [&] { return static_cast<int64_t>(ids.size()); };
  for (size_t i = 0; i < count; ++i) {
    Place place = {getSize(), 0, 0};
    tokenizer.encode(lines[i].source, ids);
    place.target = getSize();
    tokenizer.encode(lines[i].target, ids);
    place.end = getSize();
    pairs.push_back(place);
  }
}

/// Masks the rows from `live` on.
static void maskRest(int64_t live, int64_t window, int32_t *tokens,
                     int32_t *starts) {
  std::fill(tokens + live, tokens + window, -1);
  std::fill(starts, starts + live, 0);
  std::fill(starts + live, starts + window, static_cast<int32_t>(live));
}

int64_t fillSource(const int32_t *ids, int64_t count, int64_t window,
                   int32_t *tokens, int32_t *starts) {
  int64_t live = std::min(count, window);
  std::copy(ids + count - live, ids + count, tokens);
  maskRest(live, window, tokens, starts);
  return live;
}

void PairWindows::put(int64_t index, int64_t place, Batch &batch) const {
  int64_t window = getWindow(), sourceRow = place * getSourceWindow();
  fillSource(pairs.getSource(index), pairs.countSource(index),
             getSourceWindow(), &batch.source.tokens[sourceRow],
             &batch.source.starts[sourceRow]);
  const int32_t *target = pairs.getTarget(index);
  int64_t count = pairs.countTarget(index);
  int64_t live = std::min(count + 1, window);
  int32_t *tokens = &batch.tokens[place * window];
  int32_t *targets = &batch.targets[place * window];
  for (int64_t t = 0; t < live; ++t) {
    tokens[t] = t == 0 ? pairs.getBos() : target[t - 1];
    targets[t] = t == count ? pairs.getEnd() : target[t];
  }
  std::fill(targets + live, targets + window, -1);
  maskRest(live, window, tokens, &batch.starts[place * window]);
}

std::vector<int64_t> PairWindows::countInputs(int64_t vocab) const {
  std::vector<int64_t> counts(vocab);
  for (int64_t pair = 0; pair < pairs.size(); ++pair) {
    ++counts[pairs.getBos()];
    const int32_t *target = pairs.getTarget(pair);
    int64_t read = std::min(pairs.countTarget(pair), getWindow() - 1);
    for (int64_t i = 0; i < read; ++i)
      ++counts[target[i]];
  }
  return counts;
}

int64_t PairWindows::countCutSources() const {
  int64_t cut = 0;
  for (int64_t pair = 0; pair < pairs.size(); ++pair)
    cut += pairs.countSource(pair) > getSourceWindow();
  return cut;
}

int64_t PairWindows::countCutTargets() const {
  int64_t cut = 0;
  for (int64_t pair = 0; pair < pairs.size(); ++pair)
    cut += pairs.countTarget(pair) + 1 > getWindow();
  return cut;
}

} // namespace hashc::runtime
