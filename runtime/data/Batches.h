//===- Batches.h - Windows and batches --------------------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_RUNTIME_DATA_BATCHES_H
#define HASHC_RUNTIME_DATA_BATCHES_H

#include "runtime/data/Tokens.h"

namespace hashc::runtime {

/// Rows of an input that nothing is predicted of.
struct SourceRows {
  std::vector<int32_t> tokens, starts;
  int64_t liveTokens = 0;
};

/// Rows of a batch, window-major. A masked row has token and target -1.
struct Batch {
  std::vector<int32_t> tokens, targets, starts;
  int64_t rows = 0;        // a multiple of micro-batch * window
  int64_t liveTargets = 0; // targets that are not -1
  int64_t liveTokens = 0;  // tokens that are not -1
  SourceRows source;       // of a model with two inputs: as many windows
};

/// What batches are made of: windows by number.
class WindowSource {
public:
  /// `sourceWindow` is 0 without a source.
  WindowSource(int64_t window, int64_t sourceWindow)
      : window(window), sourceWindow(sourceWindow) {}
  virtual ~WindowSource();
  WindowSource(const WindowSource &) = delete;
  WindowSource &operator=(const WindowSource &) = delete;

  int64_t getWindow() const { return window; }
  int64_t getSourceWindow() const { return sourceWindow; }
  /// Windows of training, and those of evaluation.
  virtual int64_t countFull() const = 0;
  virtual int64_t countAll() const = 0;
  /// All tokens, and the memory they take.
  virtual int64_t countTokens() const = 0;
  virtual int64_t getBytes() const = 0;
  /// Writes a window to the rows of window `place` of a batch.
  virtual void put(int64_t index, int64_t place, Batch &batch) const = 0;
  /// How often each id is an input of training: what balanced tables are built
  /// from.
  virtual std::vector<int64_t> countInputs(int64_t vocab) const = 0;

private:
  int64_t window, sourceWindow;
};

/// Cuts a stream into windows: window w holds tokens w*W .. w*W+W-1, and its
/// targets are the tokens one further on. With documents apart, starts[r] is
/// the window index at which the row's document begins and the first token of
/// a later document is no target (-1); joined: all zero, all scored.
class Windows final : public WindowSource {
public:
  Windows(const TokenStream &stream, int64_t window, bool apart);

  /// Windows in which every row has a target: those of training.
  int64_t countFull() const override;
  /// With the last, partly masked one: those of evaluation.
  int64_t countAll() const override;
  int64_t countTokens() const override { return stream.size(); }
  int64_t getBytes() const override {
    return stream.size() * stream.tokens.getWidth();
  }
  void put(int64_t index, int64_t place, Batch &batch) const override;
  std::vector<int64_t> countInputs(int64_t vocab) const override;
  /// Writes one window; rows past the stream's end are masked.
  void fill(int64_t index, int32_t *tokens, int32_t *targets,
            int32_t *starts) const;

private:
  const TokenStream &stream;
  bool apart;
};

/// The batches of training: sample s = step * batch + i is window
/// permutation(seed, s / n)(s mod n) of the n full windows. A function of the
/// step alone, so that resuming needs no state.
class TrainBatches {
public:
  TrainBatches(const WindowSource &windows, int64_t batch, int64_t microBatch,
               uint64_t seed);
  /// Number of micro-batches in a batch.
  int64_t countMicro() const { return micros; }
  /// The batch of step `step` (from 0), padded with masked windows to a whole
  /// number of micro-batches.
  void get(int64_t step, Batch &batch) const;

private:
  const WindowSource &windows;
  int64_t batch, microBatch, micros;
  uint64_t seed;
};

/// The batches of evaluation: every window in order, `microBatch` at a time.
class EvalBatches {
public:
  EvalBatches(const WindowSource &windows, int64_t microBatch);
  int64_t count() const;
  void get(int64_t index, Batch &batch) const;

private:
  const WindowSource &windows;
  int64_t microBatch;
};

/// Bytes of text behind the scored targets: for bits per byte.
int64_t countTargetBytes(const Batch &batch, const Tokenizer &tokenizer);

} // namespace hashc::runtime

#endif // HASHC_RUNTIME_DATA_BATCHES_H
