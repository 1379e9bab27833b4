//===- StepMeter.cpp - What routers of activations did in a step ----------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/commands/StepMeter.h"

#include <algorithm>

namespace hashc::runtime {

void StepMeter::begin() {
  aux.clear();
  routers.clear();
}

void StepMeter::count(Model &model, const RouterSpec &spec, Router &router) {
  router.path = spec.path;
  router.load.resize(spec.groups);
  std::vector<int64_t> load = model.countLoad(spec);
  for (int64_t group = 0; group < spec.groups; ++group)
    router.load[group] += load[group];
  const InputShape input = model.getDescriptor().model.getInput(spec.input);
  const auto *tokens =
      model.getBuffers().get("tokens", input.name).as<int32_t>();
  std::vector<int32_t> experts = model.getAssignment(spec);
  const auto rows = static_cast<int64_t>(experts.size()) / spec.k;
  for (int64_t row = 0; row < rows; ++row) {
    if (tokens[row] < 0)
      continue;
    auto first = experts.begin() + row * spec.k;
    ++router.tokens;
    router.dropped += std::all_of(first, first + spec.k,
                                  [](int32_t expert) { return expert < 0; });
  }
}

void StepMeter::add(Model &model) {
  std::vector<std::pair<std::string, double>> terms = model.getAux();
  aux.resize(terms.size());
  for (size_t i = 0; i < terms.size(); ++i)
    aux[i] = {terms[i].first, aux[i].second + terms[i].second};
  size_t index = 0;
  for (const RouterSpec &spec : model.getDescriptor().routers) {
    if (!spec.readsActivations)
      continue;
    routers.resize(std::max(routers.size(), index + 1));
    count(model, spec, routers[index++]);
  }
}

void StepMeter::finish(StepRecord &record) const {
  record.aux = aux;
  record.routers.clear();
  for (const Router &router : routers)
    record.routers.push_back({router.path,
                              router.tokens == 0
                                  ? 0.0
                                  : static_cast<double>(router.dropped) /
                                        static_cast<double>(router.tokens),
                              measureLoad(router.load).maxOverMean});
}

} // namespace hashc::runtime
