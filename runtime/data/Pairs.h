//===- Pairs.h - Sources and targets ----------------------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_RUNTIME_DATA_PAIRS_H
#define HASHC_RUNTIME_DATA_PAIRS_H

#include "runtime/data/Batches.h"
#include "runtime/data/PairLines.h"

namespace hashc::runtime {

/// Tokenized pairs, one after the other.
class PairSet {
public:
  PairSet() = default;
  PairSet(const Tokenizer &tokenizer, const PairLine *lines, size_t count,
          std::string name);

  const std::string &getName() const { return name; }
  int64_t size() const { return static_cast<int64_t>(pairs.size()); }
  int64_t countIds() const { return static_cast<int64_t>(ids.size()); }
  int64_t countSource(int64_t pair) const {
    return pairs[pair].target - pairs[pair].source;
  }
  int64_t countTarget(int64_t pair) const {
    return pairs[pair].end - pairs[pair].target;
  }
  const int32_t *getSource(int64_t pair) const {
    return ids.data() + pairs[pair].source;
  }
  const int32_t *getTarget(int64_t pair) const {
    return ids.data() + pairs[pair].target;
  }
  /// What stands before every target, and what ends it.
  int32_t getBos() const { return bos; }
  int32_t getEnd() const { return end; }

private:
  /// Where the ids of a pair begin and end.
  struct Place {
    int64_t source, target, end;
  };
  std::string name;
  std::vector<int32_t> ids;
  std::vector<Place> pairs;
  int32_t bos = 0, end = 0;
};

/// What ends a target: the tokenizer's end of a document, or where it has none
/// its beginning, which no text holds.
int32_t getTargetEnd(const Tokenizer &tokenizer);

/// Writes ids to a window of source, from its first row on: those that do not
/// fit are cut at the front. Rows behind are masked, and a document of their
/// own, so that no row sees them. Gives the number of live rows.
int64_t fillSource(const int32_t *ids, int64_t count, int64_t window,
                   int32_t *tokens, int32_t *starts);

/// One pair a window. The rows of a target are the beginning and its tokens,
/// their targets its tokens and the end, cut at the end to the window.
class PairWindows final : public WindowSource {
public:
  PairWindows(const PairSet &pairs, int64_t sourceWindow, int64_t window)
      : WindowSource(window, sourceWindow), pairs(pairs) {}

  int64_t countFull() const override { return pairs.size(); }
  int64_t countAll() const override { return pairs.size(); }
  int64_t countTokens() const override { return pairs.countIds(); }
  int64_t getBytes() const override {
    return pairs.countIds() * static_cast<int64_t>(sizeof(int32_t));
  }
  void put(int64_t index, int64_t place, Batch &batch) const override;
  std::vector<int64_t> countInputs(int64_t vocab) const override;

  /// Pairs of which a part does not fit.
  int64_t countCutSources() const;
  int64_t countCutTargets() const;

private:
  const PairSet &pairs;
};

} // namespace hashc::runtime

#endif // HASHC_RUNTIME_DATA_PAIRS_H
