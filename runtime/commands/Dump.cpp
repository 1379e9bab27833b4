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

static TensorSource makeSource(std::string name, std::vector<int64_t> shape,
                               std::vector<int32_t> values) {
  return {std::move(name), DType::i32, std::move(shape),
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

/// Parameters and tables: a checkpoint's, or fresh ones.
static std::vector<Table> prepare(Model &model, const CheckOptions &options) {
  if (!options.checkpoint.empty())
    return restore(
        model,
        openCheckpoint(options.checkpoint, model.getDescriptor(), Match::model),
        false);
  std::vector<Table> tables = makeTables(model.getDescriptor());
  for (const Table &table : tables)
    model.setTable(table);
  model.initialize(options.seed);
  return tables;
}

void dumpBatch(const Program &program, const CheckOptions &options) {
  const Descriptor &descriptor = program.descriptor;
  const ModelShape &shape = descriptor.model;
  Model model(descriptor, program.functions, Purpose::check, options.threads);
  std::vector<Table> tables = prepare(model, options);
  Batch batch =
      makeRandomBatch(shape, descriptor.train.batch, shape.vocab, options.seed);
  addEdges(batch, shape, descriptor.train.data.apart);
  std::vector<double> losses;
  std::vector<std::vector<int32_t>> experts(descriptor.routers.size());
  model.zeroGradients();
  for (int64_t micro = 0; micro < batch.rows / shape.getRows(); ++micro) {
    model.loadBatch(batch, micro);
    model.gradStep(1.0 / static_cast<double>(batch.liveTargets), 1);
    std::vector<double> rowLosses = model.getLosses();
    losses.insert(losses.end(), rowLosses.begin(), rowLosses.end());
    for (size_t i = 0; i < experts.size(); ++i) {
      std::vector<int32_t> chosen = model.getAssignment(descriptor.routers[i]);
      experts[i].insert(experts[i].end(), chosen.begin(), chosen.end());
    }
  }
  std::vector<TensorSource> tensors = {
      makeSource("tokens", {batch.rows}, batch.tokens),
      makeSource("targets", {batch.rows}, batch.targets),
      makeSource("starts", {batch.rows}, batch.starts)};
  if (shape.getSource()) {
    auto rows = static_cast<int64_t>(batch.source.tokens.size());
    tensors.push_back(makeSource("source.tokens", {rows}, batch.source.tokens));
    tensors.push_back(makeSource("source.starts", {rows}, batch.source.starts));
  }
  tensors.push_back({"losses", DType::f64, {batch.rows}, [&](void *target) {
                       std::memcpy(target, losses.data(),
                                   losses.size() * sizeof(double));
                     }});
  for (const Table &table : tables)
    tensors.push_back(
        makeSource("@" + table.name, {table.vocab, table.k}, table.entries));
  for (size_t i = 0; i < experts.size(); ++i) {
    const RouterSpec &router = descriptor.routers[i];
    tensors.push_back(makeSource("experts." + router.path,
                                 {batch.rows, router.k}, experts[i]));
  }
  for (const ParamView &view : model.getParams())
    tensors.push_back(makeSource("param.", view));
  for (const ParamSpec &param : descriptor.params)
    tensors.push_back(
        {"grad." + param.name, param.type, param.shape, [&](void *target) {
           std::vector<double> gradient = model.getGradient(param);
           convertFloats(DType::f64, gradient.data(), param.type, target,
                         gradient.size());
         }});
  writeSafetensors(options.dump,
                   {{"model", descriptor.name},
                    {"window", std::to_string(shape.window)},
                    {"source_window", std::to_string(shape.getSourceWindow())},
                    {"bos", std::to_string(shape.bos)},
                    {"heads", std::to_string(findHeads(descriptor))}},
                   tensors);
}

} // namespace hashc::runtime
