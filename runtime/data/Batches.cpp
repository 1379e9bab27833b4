//===- Batches.cpp - Windows and batches ----------------------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/data/Batches.h"
#include "runtime/support/Random.h"

#include <algorithm>
#include <cassert>

namespace hashc::runtime {

WindowSource::~WindowSource() = default;

Windows::Windows(const TokenStream &stream, int64_t window, bool apart)
    : WindowSource(window, 0), stream(stream), apart(apart) {
  assert(window > 0 && "a window has rows");
}

int64_t Windows::countFull() const {
  return std::max<int64_t>(stream.size() - 1, 0) / getWindow();
}

int64_t Windows::countAll() const {
  return (std::max<int64_t>(stream.size() - 1, 0) + getWindow() - 1) /
         getWindow();
}

void Windows::fill(int64_t index, int32_t *tokens, int32_t *targets,
                   int32_t *starts) const {
  int64_t window = getWindow(), base = index * window;
  const std::vector<int64_t> &documents = stream.documents;
  auto next = std::upper_bound(documents.begin(), documents.end(), base);
  int64_t start = next == documents.begin() || !apart ? base : *(next - 1);
  start = std::max(start, base);
  for (int64_t t = 0; t < window; ++t) {
    int64_t at = base + t;
    if (apart && next != documents.end() && *next == at)
      start = *next++;
    starts[t] = static_cast<int32_t>(start - base);
    bool live = at + 1 < stream.size();
    bool crosses = apart && next != documents.end() && *next == at + 1;
    tokens[t] = live ? stream.tokens[at] : -1;
    targets[t] = live && !crosses ? stream.tokens[at + 1] : -1;
  }
}

void Windows::put(int64_t index, int64_t place, Batch &batch) const {
  int64_t row = place * getWindow();
  fill(index, &batch.tokens[row], &batch.targets[row], &batch.starts[row]);
}

std::vector<int64_t> Windows::countInputs(int64_t vocab) const {
  return runtime::countTokens(stream, getWindow(), vocab);
}

/// All rows masked, for `count` windows.
static void resize(Batch &batch, const WindowSource &windows, int64_t count) {
  batch.rows = count * windows.getWindow();
  batch.tokens.assign(batch.rows, -1);
  batch.targets.assign(batch.rows, -1);
  batch.starts.assign(batch.rows, 0);
  batch.source.tokens.assign(count * windows.getSourceWindow(), -1);
  batch.source.starts.assign(count * windows.getSourceWindow(), 0);
}

static void countLive(Batch &batch) {
  auto live = [](const std::vector<int32_t> &ids) {
    return static_cast<int64_t>(ids.size()) -
           std::count(ids.begin(), ids.end(), -1);
  };
  batch.liveTokens = live(batch.tokens);
  batch.liveTargets = live(batch.targets);
  batch.source.liveTokens = live(batch.source.tokens);
}

TrainBatches::TrainBatches(const WindowSource &windows, int64_t batch,
                           int64_t microBatch, uint64_t seed)
    : windows(windows), batch(batch), microBatch(microBatch),
      micros((batch + microBatch - 1) / microBatch), seed(seed) {
  assert(windows.countFull() > 0 && batch > 0 && microBatch > 0);
}

void TrainBatches::get(int64_t step, Batch &out) const {
  resize(out, windows, micros * microBatch);
  int64_t count = windows.countFull();
  for (int64_t i = 0; i < batch; ++i) {
    int64_t sample = step * batch + i;
    CounterPermutation order(count, seed, sample / count);
    windows.put(static_cast<int64_t>(order.at(sample % count)), i, out);
  }
  countLive(out);
}

EvalBatches::EvalBatches(const WindowSource &windows, int64_t microBatch)
    : windows(windows), microBatch(microBatch) {}

int64_t EvalBatches::count() const {
  return (windows.countAll() + microBatch - 1) / microBatch;
}

void EvalBatches::get(int64_t index, Batch &out) const {
  resize(out, windows, microBatch);
  int64_t first = index * microBatch;
  int64_t last = std::min(first + microBatch, windows.countAll());
  for (int64_t i = first; i < last; ++i)
    windows.put(i, i - first, out);
  countLive(out);
}

int64_t countTargetBytes(const Batch &batch, const Tokenizer &tokenizer) {
  int64_t bytes = 0;
  for (int32_t target : batch.targets)
    if (target >= 0)
      bytes += tokenizer.countBytes(target);
  return bytes;
}

} // namespace hashc::runtime
