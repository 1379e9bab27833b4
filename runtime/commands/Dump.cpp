//===- Dump.cpp - One batch in a file, for comparison with others ---------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/commands/Dump.h"

#include "runtime/checkpoint/Panels.h"
#include "runtime/commands/Setup.h"
#include "runtime/commands/Synthetic.h"

#include <cstring>

namespace hashc::runtime {

/// The expert of every token id that occurs; 0 for the others.
static std::vector<int32_t> readTable(Model &model, const RouterSpec &router) {
  std::vector<int32_t> table(model.getDescriptor().model.vocab);
  const auto *tokens = model.getBuffers().get("tokens").as<int32_t>();
  std::vector<int32_t> experts = model.getAssignment(router);
  for (size_t row = 0; row < experts.size() / router.k; ++row)
    if (tokens[row] >= 0)
      table[tokens[row]] = experts[row * router.k];
  return table;
}

static TensorSource makeSource(std::string name, std::vector<int32_t> values) {
  auto size = static_cast<int64_t>(values.size());
  return {std::move(name),
          DType::i32,
          {size},
          [values = std::move(values)](void *target) {
            std::memcpy(target, values.data(), values.size() * sizeof(int32_t));
          }};
}

static TensorSource makeSource(const std::string &prefix,
                               const ParamView &view) {
  return {prefix + view.name, view.type, view.shape, [view](void *target) {
            unpackPanels(view.shape, view.panel, sizeOf(view.type), view.data,
                         target);
          }};
}

/// Heads of the model's attention, as its kernels say; 0 without attention.
static int64_t findHeads(const Descriptor &descriptor) {
  for (const KernelSpec &kernel : descriptor.kernels)
    if (kernel.heads > 0)
      return kernel.heads;
  return 0;
}

void dumpBatch(const Program &program, const CheckOptions &options) {
  const Descriptor &descriptor = program.descriptor;
  Model model(descriptor, program.functions, Purpose::check, options.threads);
  for (const Table &table : makeTables(descriptor))
    model.setTable(table);
  model.initialize(options.seed);
  Batch batch = makeRandomBatch(descriptor.model, descriptor.train.batch,
                                descriptor.model.vocab, options.seed);
  std::vector<double> losses;
  std::vector<std::vector<int32_t>> tables(descriptor.routers.size());
  int64_t rows = descriptor.model.getRows();
  for (int64_t micro = 0; micro < batch.rows / rows; ++micro) {
    model.loadBatch(batch, micro);
    model.gradStep(1.0 / static_cast<double>(batch.liveTargets), 1);
    std::vector<double> rowLosses = model.getLosses();
    losses.insert(losses.end(), rowLosses.begin(), rowLosses.end());
    for (size_t i = 0; i < tables.size(); ++i) {
      std::vector<int32_t> seen = readTable(model, descriptor.routers[i]);
      tables[i].resize(seen.size());
      for (size_t id = 0; id < seen.size(); ++id)
        tables[i][id] = std::max(tables[i][id], seen[id]);
    }
  }
  std::vector<TensorSource> tensors = {makeSource("tokens", batch.tokens),
                                       makeSource("targets", batch.targets)};
  tensors.push_back({"losses", DType::f64, {batch.rows}, [&](void *target) {
                       std::memcpy(target, losses.data(),
                                   losses.size() * sizeof(double));
                     }});
  for (size_t i = 0; i < tables.size(); ++i)
    tensors.push_back(
        makeSource("table." + descriptor.routers[i].path, tables[i]));
  for (const ParamView &view : model.getParams())
    tensors.push_back(makeSource("param.", view));
  for (const ParamView &view : model.getViews("grad"))
    tensors.push_back(makeSource("grad.", view));
  writeSafetensors(options.dump,
                   {{"model", descriptor.name},
                    {"window", std::to_string(descriptor.model.window)},
                    {"heads", std::to_string(findHeads(descriptor))}},
                   tensors);
}

} // namespace hashc::runtime
