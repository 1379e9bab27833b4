//===- Breakdown.h - Which tokens a loss comes from -------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_RUNTIME_COMMANDS_BREAKDOWN_H
#define HASHC_RUNTIME_COMMANDS_BREAKDOWN_H

#include "runtime/engine/Model.h"
#include "runtime/support/File.h"

namespace hashc::runtime {

/// Some of the scored tokens.
struct LossShare {
  int64_t tokens = 0;
  double lossSum = 0;
  void add(double loss) {
    ++tokens;
    lossSum += loss;
  }
  double getLoss() const { return lossSum / static_cast<double>(tokens); }
};

/// Scored tokens by how frequent they are: an id belongs to the band in which
/// the share lies that the more frequent ids have together of all counted
/// tokens. Equally frequent ids come by number, ids without a count last.
class FrequencyBands {
public:
  struct Band {
    const char *name;
    double from; // the share at which it begins
    int64_t ids = 0;
    LossShare share;
  };

  explicit FrequencyBands(const std::vector<int64_t> &counts);
  void add(int32_t token, double loss) { bands[bandOf[token]].share.add(loss); }
  const std::vector<Band> &getBands() const { return bands; }

private:
  std::vector<Band> bands;
  std::vector<uint8_t> bandOf; // of each id
};

/// Where scored tokens went in one routed layer: a token counts for each of its
/// experts.
struct ExpertLosses {
  std::string path;
  std::vector<LossShare> experts;
};

/// The loss of every scored token as text, one a line.
class LossFile {
public:
  /// An empty path: none.
  explicit LossFile(const std::string &path);
  void add(int64_t window, int64_t place, int32_t token, double loss);
  void commit();

private:
  std::optional<AtomicFile> file;
};

/// Divides what an evaluation scores, a micro-batch at a time.
class Breakdown {
public:
  Breakdown(const Descriptor &descriptor, const std::vector<int64_t> &counts,
            const std::string &lossPath);
  /// The micro-batch that `model` has just evaluated, from window `first` on.
  void add(Model &model, const Batch &batch, int64_t first);
  /// Gives the file of losses its name.
  void finish() { file.commit(); }

  const FrequencyBands &getBands() const { return bands; }
  const std::vector<ExpertLosses> &getLayers() const { return layers; }

private:
  FrequencyBands bands;
  std::vector<ExpertLosses> layers; // of each router
  LossFile file;
};

} // namespace hashc::runtime

#endif // HASHC_RUNTIME_COMMANDS_BREAKDOWN_H
