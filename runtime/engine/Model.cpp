//===- Model.cpp - A compiled model with its memory -----------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/engine/Model.h"

#include "runtime/checkpoint/Panels.h"
#include "runtime/engine/Device.h"
#include "runtime/support/Error.h"
#include "runtime/support/Initialize.h"

#include <algorithm>
#include <cstring>

namespace hashc::runtime {

std::vector<std::string> getEntries(Purpose purpose) {
  switch (purpose) {
  case Purpose::train:
    return {"plan_batch", "grad_step", "eval_step", "update"};
  case Purpose::evaluate:
    return {"plan_batch", "eval_step"};
  case Purpose::generate:
    return {"encode", "decode_step"};
  case Purpose::check:
    return {"plan_batch", "grad_step", "eval_step",
            "update",     "encode",    "decode_step"};
  }
  return {};
}

void writeFloat(DType type, void *data, int64_t index, double value) {
  auto *bytes = static_cast<char *>(data);
  convertFloats(DType::f64, &value, type,
                bytes + index * static_cast<int64_t>(sizeOf(type)), 1);
}

Model::Model(const Descriptor &descriptor, const HashModelEntry *functions,
             Purpose purpose, int threads, const TableStorage &storage)
    : descriptor(descriptor), functions(functions), team(threads), scope(team),
      buffers(descriptor, getEntries(purpose), storage) {}

Model::~Model() = default;

/// Elements are independent of each other: parts in parallel, in place.
void Model::initializeTable(const ParamSpec &param, uint64_t seed, char *data) {
  constexpr int64_t kPart = 1 << 16;
  int64_t count = param.countElements();
  team.parallelFor((count + kPart - 1) / kPart, [&](int64_t part) {
    int64_t first = part * kPart;
    initializeElements(param.init, param.scale, param.name, seed, param.type,
                       param.shape, first, std::min(kPart, count - first),
                       data + first * static_cast<int64_t>(sizeOf(param.type)));
  });
}

void Model::initialize(uint64_t seed) {
  std::vector<ParamView> views = getParams();
  for (size_t i = 0; i < views.size(); ++i) {
    const ParamSpec &param = descriptor.params[i];
    if (param.lookup) {
      initializeTable(param, seed, static_cast<char *>(views[i].data));
      continue;
    }
    Buffer logical(param.countElements() *
                   static_cast<int64_t>(sizeOf(param.type)));
    initializeParameter(param.init, param.scale, param.name, seed, param.type,
                        param.shape, logical.data());
    packPanels(param.shape, param.panel, sizeOf(param.type), logical.data(),
               views[i].data);
  }
  for (const char *kind : {"moment1", "moment2"})
    for (const ParamView &view : getViews(kind))
      buffers.get(kind, view.name).clear();
  // Whoever comes next may write where a device still clears.
  finish();
}

void Model::setTable(const Table &table) {
  Buffer *buffer = buffers.find("table", table.name);
  if (!buffer)
    return; // No entry of this command reads it.
  size_t bytes = table.entries.size() * sizeof(int32_t);
  if (static_cast<int64_t>(bytes) != buffer->size())
    failInput("table '" + table.name + "' has " +
              std::to_string(table.entries.size()) +
              " entries, but the model was compiled for " +
              std::to_string(buffer->size() / sizeof(int32_t)));
  std::memcpy(buffer->data(), table.entries.data(), bytes);
}

void Model::copyStream(const char *kind, const std::string &name,
                       const std::vector<int32_t> &values, int64_t begin,
                       int64_t count, bool next) {
  Buffer *buffer =
      next ? buffers.findNext(kind, name) : buffers.find(kind, name);
  if (!buffer)
    return; // No entry of this command reads it.
  auto bytes = count * static_cast<int64_t>(sizeof(int32_t));
  if (bytes > buffer->size())
    failInput("internal error: " + std::to_string(bytes) + " bytes of " + kind +
              " do not fit their buffer of " + std::to_string(buffer->size()));
  std::memcpy(buffer->data(), values.data() + begin, bytes);
}

void Model::copyStreams(const Batch &batch, int64_t index, bool next) {
  const ModelShape &shape = descriptor.model;
  auto copy = [&](const char *kind, const std::string &name,
                  const std::vector<int32_t> &values, int64_t rows) {
    copyStream(kind, name, values, index * rows, rows, next);
  };
  const std::string predicted = shape.getPredicted().name;
  int64_t rows = shape.getRows();
  copy("tokens", predicted, batch.tokens, rows);
  copy("targets", "", batch.targets, rows);
  copy("starts", predicted, batch.starts, rows);
  if (const InputShape *source = shape.getSource()) {
    rows = shape.getRows(*source);
    copy("tokens", source->name, batch.source.tokens, rows);
    copy("starts", source->name, batch.source.starts, rows);
  }
}

static double getAuxScale(const Batch &batch) {
  return batch.liveTokens > 0 ? 1.0 / static_cast<double>(batch.liveTokens) : 0;
}

void Model::loadBatch(const Batch &batch, int64_t index) {
  copyStreams(batch, index, /*next=*/false);
  auxScale = getAuxScale(batch);
  call("plan_batch");
}

void Model::prepareNext(const Batch &batch, int64_t index) {
  nextBatch = &batch;
  nextIndex = index;
  if (!buffers.hasNext())
    return;
  copyStreams(batch, index, /*next=*/true);
  if (void *const *arguments = buffers.getNextArguments("plan_batch"))
    Device::getCurrent()->start(findFunction("plan_batch"), arguments,
                                /*beside=*/true);
}

void Model::loadNext() {
  if (!buffers.hasNext())
    return loadBatch(*nextBatch, nextIndex);
  finish();
  buffers.swapNext();
  auxScale = getAuxScale(*nextBatch);
}

HashEntryFunction Model::findFunction(const std::string &entry) const {
  for (const HashModelEntry *it = functions; it->name; ++it)
    if (entry == it->name)
      return it->function;
  failInput("this executable has no entry point '" + entry + "'");
}

void Model::start(const std::string &entry) {
  void *const *arguments = buffers.getArguments(entry);
  if (!arguments)
    return; // A model without hash routing has no plan_batch.
  HashEntryFunction function = findFunction(entry);
  if (Device *device = Device::getCurrent())
    device->start(function, arguments, /*beside=*/false);
  else
    function(arguments);
}

void Model::finish() {
  if (Device *device = Device::getCurrent())
    device->finish();
}

void Model::call(const std::string &entry) {
  start(entry);
  finish();
}

void Model::startGradStep(double scale, int64_t seed) {
  const EntrySpec *entry = descriptor.findEntry("grad_step");
  for (auto [kind, value] :
       {std::pair("scale", scale), std::pair("aux_scale", auxScale)})
    if (const ArgSpec *arg = entry ? entry->find(kind) : nullptr)
      writeFloat(arg->type, buffers.get(kind).data(), 0, value);
  if (Buffer *buffer = buffers.find("seed"))
    *buffer->as<int64_t>() = seed;
  start("grad_step");
}

void Model::gradStep(double scale, int64_t seed) {
  startGradStep(scale, seed);
  finish();
}

void Model::evalStep() { call("eval_step"); }

void Model::zeroGradients() {
  for (const ParamSpec &param : descriptor.params) {
    // Of a table that is looked up, whose rows the gradient has: none.
    for (const char *kind : {"grad_keys", "grad"})
      if (Buffer *buffer = buffers.find(kind, param.name))
        buffer->clear();
  }
}

double Model::update(const StepHyper &hyper) {
  const double values[] = {hyper.lr, hyper.correction1, hyper.correction2,
                           hyper.clip};
  std::memcpy(buffers.get("hyper").data(), values, sizeof(values));
  call("update");
  return *buffers.get("norm").as<double>();
}

std::vector<double> Model::getLosses() {
  const ArgSpec *arg = descriptor.findEntry("eval_step")->find("losses");
  std::vector<double> losses(descriptor.model.getRows());
  convertFloats(arg->type, buffers.get("losses").data(), DType::f64,
                losses.data(), losses.size());
  return losses;
}

std::vector<std::pair<std::string, double>> Model::getAux() {
  std::vector<std::pair<std::string, double>> terms;
  const EntrySpec *entry = descriptor.findEntry("grad_step");
  if (!entry)
    return terms;
  for (const ArgSpec &arg : entry->args) {
    if (arg.kind != "aux")
      continue;
    std::vector<double> rows(arg.bytes /
                             static_cast<int64_t>(sizeOf(arg.type)));
    convertFloats(arg.type, buffers.get("aux", arg.name).data(), DType::f64,
                  rows.data(), rows.size());
    double sum = 0;
    for (double row : rows)
      sum += row;
    terms.push_back({arg.name, auxScale * sum});
  }
  return terms;
}

double Model::sumLosses() {
  double sum = 0;
  for (double loss : getLosses())
    sum += loss;
  return sum;
}

void Model::encode(const SourceRows &source) {
  const InputShape &input = *descriptor.model.getSource();
  copyStream("tokens", input.name, source.tokens, 0, input.window);
  copyStream("starts", input.name, source.starts, 0, input.window);
  call("encode");
}

void Model::decodeStep(const std::vector<int32_t> &tokens,
                       const std::vector<int32_t> &starts, int64_t index) {
  int64_t window = descriptor.model.window;
  const std::string input = descriptor.model.getPredicted().name;
  copyStream("tokens", input, tokens, 0, window);
  copyStream("starts", input, starts, 0, window);
  if (Buffer *buffer = buffers.find("index"))
    *buffer->as<int32_t>() = static_cast<int32_t>(index);
  call("decode_step");
}

std::vector<double> Model::getLogits() {
  const ArgSpec *arg = descriptor.findEntry("decode_step")->find("logits");
  std::vector<double> logits(descriptor.model.vocab);
  convertFloats(arg->type, buffers.get("logits").data(), DType::f64,
                logits.data(), logits.size());
  return logits;
}

std::vector<int64_t> Model::countLoad(const RouterSpec &router) {
  std::vector<int64_t> load(router.groups);
  if (Buffer *plan = buffers.find("plan", router.plan))
    for (int64_t group = 0; group < router.groups; ++group)
      load[group] = plan->as<int32_t>()[group + 1] - plan->as<int32_t>()[group];
  return load;
}

std::vector<int32_t> Model::getAssignment(const RouterSpec &router) {
  const ModelShape &shape = descriptor.model;
  int64_t rows = shape.getRows(shape.getInput(router.input));
  std::vector<int32_t> experts(rows * router.k, -1);
  Buffer *plan = buffers.find("plan", router.plan);
  if (!plan)
    return experts;
  const int32_t *offsets = plan->as<int32_t>();
  const int32_t *slots = offsets + router.groups + 1;
  for (int64_t group = 0; group < router.groups; ++group)
    for (int32_t i = offsets[group]; i < offsets[group + 1]; ++i)
      experts[slots[i]] = static_cast<int32_t>(group);
  return experts;
}

std::vector<ParamView> Model::getViews(const std::string &kind) {
  std::vector<ParamView> views;
  for (const ParamSpec &param : descriptor.params) {
    Buffer *buffer = buffers.find(kind, param.name);
    if (!buffer)
      continue;
    std::vector<int64_t> shape = param.shape;
    if (param.lookup && kind == "grad")
      shape[0] = countRoom(param);
    if (param.lookup && kind == "moment2")
      shape.resize(1);
    views.push_back({param.name, param.type, std::move(shape), param.panel,
                     buffer->data()});
  }
  return views;
}

void Model::bringViews(const std::vector<std::string> &kinds) {
  for (const std::string &kind : kinds)
    for (const ParamSpec &param : descriptor.params)
      if (Buffer *buffer = buffers.find(kind, param.name))
        buffer->bring();
}

int64_t Model::countRoom(const ParamSpec &table) {
  // A key and the number of a row, for each row.
  return buffers.get("grad_keys", table.name).size() / 2 /
         static_cast<int64_t>(sizeof(int32_t));
}

std::vector<double> Model::getGradient(const ParamSpec &param) {
  std::vector<double> gradient(param.countElements());
  Buffer *buffer = buffers.find("grad", param.name);
  if (!buffer)
    return gradient;
  auto size = static_cast<int64_t>(sizeOf(param.type));
  if (!param.lookup) {
    std::vector<char> logical(gradient.size() * size);
    unpackPanels(param.shape, param.panel, size, buffer->data(),
                 logical.data());
    convertFloats(param.type, logical.data(), DType::f64, gradient.data(),
                  gradient.size());
    return gradient;
  }
  const auto *keys = buffers.get("grad_keys", param.name).as<int32_t>();
  int64_t room = countRoom(param), width = param.shape[1];
  for (int64_t i = 0; i < room && keys[i] != 0; ++i)
    convertFloats(param.type,
                  buffer->as<char>() + keys[room + i] * width * size,
                  DType::f64, &gradient[(int64_t(keys[i]) - 1) * width], width);
  return gradient;
}

} // namespace hashc::runtime
