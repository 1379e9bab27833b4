//===- Breakdown.cpp - Which tokens a loss comes from ---------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/commands/Breakdown.h"

#include "runtime/commands/Progress.h"

#include <algorithm>
#include <numeric>

namespace hashc::runtime {

FrequencyBands::FrequencyBands(const std::vector<int64_t> &counts)
    : bands{{"most frequent 50%", 0, 0, {}},
            {"next 25%", 0.5, 0, {}},
            {"next 15%", 0.75, 0, {}},
            {"last 10%", 0.9, 0, {}},
            {"unseen", 1, 0, {}}},
      bandOf(counts.size()) {
  std::vector<int64_t> ids(counts.size());
  std::iota(ids.begin(), ids.end(), 0);
  std::stable_sort(ids.begin(), ids.end(),
                   [&](int64_t a, int64_t b) { return counts[a] > counts[b]; });
  const auto total = static_cast<double>(
      std::accumulate(counts.begin(), counts.end(), int64_t(0)));
  const size_t unseen = bands.size() - 1;
  int64_t before = 0;
  size_t band = 0;
  for (int64_t id : ids) {
    const double share = static_cast<double>(before) / total;
    while (counts[id] > 0 && band + 1 < unseen && bands[band + 1].from <= share)
      ++band;
    bandOf[id] = static_cast<uint8_t>(counts[id] > 0 ? band : unseen);
    ++bands[bandOf[id]].ids;
    before += counts[id];
  }
}

LossFile::LossFile(const std::string &path) {
  if (path.empty())
    return;
  file.emplace(path);
  file->write("window\tplace\ttoken\tloss\n");
}

void LossFile::add(int64_t window, int64_t place, int32_t token, double loss) {
  if (file)
    file->write(format("%lld\t%lld\t%d\t%.9g\n", static_cast<long long>(window),
                       static_cast<long long>(place), token, loss));
}

void LossFile::commit() {
  if (file)
    file->commit();
}

Breakdown::Breakdown(const Descriptor &descriptor,
                     const std::vector<int64_t> &counts,
                     const std::string &lossPath)
    : bands(counts), file(lossPath) {
  for (const RouterSpec &router : descriptor.routers)
    layers.push_back({router.path, std::vector<LossShare>(router.groups)});
}

void Breakdown::add(Model &model, const Batch &batch, int64_t first) {
  const Descriptor &descriptor = model.getDescriptor();
  const int64_t window = descriptor.model.window;
  const std::vector<double> losses = model.getLosses();
  for (int64_t row = 0; row < batch.rows; ++row) {
    const int32_t target = batch.targets[row];
    if (target < 0)
      continue;
    bands.add(target, losses[row]);
    file.add(first + row / window, row % window, target, losses[row]);
  }
  const InputShape *source = descriptor.model.getSource();
  for (size_t i = 0; i < layers.size(); ++i) {
    // Rows of the source predict nothing.
    if (source && descriptor.routers[i].input == source->name)
      continue;
    const int64_t k = descriptor.routers[i].k;
    const std::vector<int32_t> experts =
        model.getAssignment(descriptor.routers[i]);
    for (int64_t slot = 0; slot < batch.rows * k; ++slot)
      if (batch.targets[slot / k] >= 0 && experts[slot] >= 0)
        layers[i].experts[experts[slot]].add(losses[slot / k]);
  }
}

} // namespace hashc::runtime
