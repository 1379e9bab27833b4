//===- FakeModel.cpp - A bigram model with the entry points of a compiled one
//---===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// A hand-written stand-in for what hashc emits, to test the runtime alone:
//   logits(token) = table[token] + expert[route[token]][token's row] . ones
// in f64, with one routed layer of 4 experts that each add a bias row. Its
// gradient is exact, so `check` must find nothing; FAKE_WRONG makes it wrong,
// FAKE_NAN makes the loss NaN from the third step on.

#include "runtime/engine/Abi.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace {

constexpr int64_t kVocab = 256, kWindow = 16, kMicro = 4, kExperts = 4;
constexpr int64_t kRows = kWindow * kMicro;
constexpr int64_t kTable = kVocab * kVocab, kBias = kExperts * kVocab;

/// log softmax's normalizer of a row; writes the logits.
double score(const double *table, const double *bias, int32_t token,
             int32_t expert, double *logits) {
  double largest = -INFINITY, sum = 0;
  for (int64_t i = 0; i < kVocab; ++i) {
    logits[i] = table[token * kVocab + i] + bias[expert * kVocab + i];
    largest = std::max(largest, logits[i]);
  }
  for (int64_t i = 0; i < kVocab; ++i)
    sum += std::exp(logits[i] - largest);
  return largest + std::log(sum);
}

void planBatch(void *const *args) {
  auto *routes = static_cast<const int32_t *>(args[0]);
  auto *tokens = static_cast<const int32_t *>(args[1]);
  auto *plan = static_cast<int32_t *>(args[2]);
  int32_t *offsets = plan, *slots = plan + kExperts + 1;
  int32_t *positions = slots + kRows, next = 0;
  for (int32_t expert = 0; expert <= kExperts; ++expert) {
    offsets[expert] = next;
    for (int32_t row = 0; row < kRows; ++row) {
      int32_t token = tokens[row];
      if (token >= kVocab)
        hash_rt_error(3, token, kVocab);
      int32_t own = token < 0 ? kExperts : routes[token];
      if (own < 0 || own > kExperts)
        hash_rt_error(1, own, kExperts);
      if (own != expert)
        continue;
      slots[next] = row;
      positions[row] = next++;
    }
  }
}

int32_t expertOf(const int32_t *plan, int32_t row) {
  int32_t position = plan[kExperts + 1 + kRows + row], expert = 0;
  while (plan[expert + 1] <= position)
    ++expert;
  return expert;
}

/// Row losses; one task a row.
void lossKernel(int64_t row, void *const *args) {
  auto *table = static_cast<const double *>(args[0]);
  auto *bias = static_cast<const double *>(args[1]);
  auto *tokens = static_cast<const int32_t *>(args[2]);
  auto *targets = static_cast<const int32_t *>(args[3]);
  auto *plan = static_cast<const int32_t *>(args[4]);
  auto *losses = static_cast<double *>(args[5]);
  losses[row] = 0;
  if (tokens[row] < 0 || targets[row] < 0)
    return;
  double logits[kVocab];
  double normalizer =
      score(table, bias, tokens[row], expertOf(plan, row), logits);
  losses[row] = normalizer - logits[targets[row]];
}

/// Gradients of one column of both parameters; one task a column.
void gradKernel(int64_t column, void *const *args) {
  auto *table = static_cast<const double *>(args[0]);
  auto *bias = static_cast<const double *>(args[1]);
  auto *tableGrad = static_cast<double *>(args[2]);
  auto *biasGrad = static_cast<double *>(args[3]);
  auto *tokens = static_cast<const int32_t *>(args[4]);
  auto *targets = static_cast<const int32_t *>(args[5]);
  auto *plan = static_cast<const int32_t *>(args[6]);
  double scale = *static_cast<const double *>(args[7]);
#ifdef FAKE_WRONG
  scale *= 1.001;
#endif
  double logits[kVocab];
  for (int32_t row = 0; row < kRows; ++row) {
    int32_t token = tokens[row], target = targets[row];
    if (token < 0 || target < 0)
      continue;
    int32_t expert = expertOf(plan, row);
    double normalizer = score(table, bias, token, expert, logits);
    double d =
        scale * (std::exp(logits[column] - normalizer) - (column == target));
    tableGrad[token * kVocab + column] += d;
    biasGrad[expert * kVocab + column] += d;
  }
}

void launch(int64_t id, HashKernel kernel, void *const *args, int64_t tasks) {
  hash_rt_launch(id, reinterpret_cast<const void *>(kernel), args, tasks);
}

void evalStep(void *const *args) { launch(0, lossKernel, args, kRows); }

void gradStep(void *const *args) {
  void *losses[] = {args[0], args[1], args[4], args[5], args[6], args[8]};
  launch(1, lossKernel, losses, kRows);
#ifdef FAKE_NAN
  static int calls = 0;
  if (++calls == 3)
    static_cast<double *>(args[8])[5] = NAN;
#endif
  launch(2, gradKernel, args, kVocab);
}

void adamKernel(int64_t param, void *const *args) {
  auto *values = static_cast<double *>(args[param]);
  auto *grads = static_cast<const double *>(args[2 + param]);
  auto *first = static_cast<double *>(args[4 + param]);
  auto *second = static_cast<double *>(args[6 + param]);
  auto *hyper = static_cast<const double *>(args[8]);
  double norm = *static_cast<const double *>(args[9]);
  double factor = hyper[3] > 0 && norm > hyper[3] ? hyper[3] / norm : 1;
  int64_t count = param == 0 ? kTable : kBias;
  for (int64_t i = 0; i < count; ++i) {
    double g = grads[i] * factor;
    first[i] = 0.9 * first[i] + 0.1 * g;
    second[i] = 0.95 * second[i] + 0.05 * g * g;
    values[i] -= hyper[0] * (first[i] / hyper[1]) /
                 (std::sqrt(second[i] / hyper[2]) + 1e-8);
  }
}

void update(void *const *args) {
  double sum = 0;
  for (int param = 0; param < 2; ++param)
    for (int64_t i = 0; i < (param == 0 ? kTable : kBias); ++i) {
      double g = static_cast<const double *>(args[2 + param])[i];
      sum += g * g;
    }
  *static_cast<double *>(args[9]) = std::sqrt(sum);
  launch(3, adamKernel, args, 2);
}

void decodeStep(void *const *args) {
  auto *routes = static_cast<const int32_t *>(args[2]);
  int32_t index = *static_cast<const int32_t *>(args[4]);
  int32_t token = static_cast<const int32_t *>(args[3])[index];
  score(static_cast<const double *>(args[0]),
        static_cast<const double *>(args[1]), token, routes[token],
        static_cast<double *>(args[5]));
}

} // namespace

extern "C" {

extern const HashModelEntry hash_model_entries[];
const HashModelEntry hash_model_entries[] = {
    {"plan_batch", planBatch},   {"grad_step", gradStep},
    {"eval_step", evalStep},     {"update", update},
    {"decode_step", decodeStep}, {nullptr, nullptr}};

#define ARG(kind, name, dtype, count, bytes)                                   \
  "{\"kind\":\"" kind "\",\"name\":\"" name "\",\"dtype\":\"" dtype            \
  "\",\"shape\":[" #count "],\"bytes\":" #bytes "}"
#define PARAMS(kind)                                                           \
  ARG(kind, "table", "f64", 65536, 524288)                                     \
  "," ARG(kind, "layer.bias", "f64", 1024, 8192)
#define STREAM(kind) ARG(kind, "", "i32", 64, 256)
#define PLAN ARG("plan", "plan0", "i32", 133, 532)
#define ROUTES ARG("table", "by_token", "i32", 256, 1024)

extern const HashDeviceImage hash_model_device;
const HashDeviceImage hash_model_device = {};
extern const char hash_model_descriptor[];
const char hash_model_descriptor[] = R"({
"version": 1, "name": "fake", "spec": "fake.hash", "spec_hash": "0123",
"model_hash": "4567",
"target": "cpu", "arch": "x86-64", "fuse": "all",
"model": {"name": "fake", "vocab": 256, "window": 16, "micro_batch": 4,
          "precision": "f64", "bos": 0},
"train": {"data": {"kind": "text", "path": "corpus.txt", "valid": 0.1,
                   "tokenizer": "bytes", "documents": "apart"},
          "optimizer": {"name": "adamw", "lr": 0.05, "beta1": 0.9,
                        "beta2": 0.95, "clip": 1.0},
          "schedule": {"name": "cosine", "warmup": 2, "floor": 0.1},
          "batch": 8, "steps": 20, "eval_every": 10, "save_every": 0,
          "seed": 0},
"params": [
  {"name": "table", "shape": [256, 256], "dtype": "f64", "panel": 0,
   "stored_shape": [256, 256], "init": "normal", "scale": 0.02, "decay": true},
  {"name": "layer.bias", "shape": [4, 256], "dtype": "f64", "panel": 0,
   "stored_shape": [4, 256], "init": "zeros", "scale": 1, "decay": false}],
"tables": [{"name": "by_token", "algorithm": "balanced", "vocab": 256,
            "groups": 4, "k": 1, "seed": 0, "file": ""}],
"routers": [{"path": "layer", "plan": "plan0", "groups": 4, "k": 1, "tokens": 64,
             "slots": 64}],
"entries": [
  {"name": "plan_batch", "arena_bytes": 0, "args": [)" ROUTES "," STREAM(
    "token"
    "s") "," PLAN
         R"(]},
  {"name": "grad_step", "arena_bytes": 0, "args": [)" PARAMS("param") "," PARAMS("grad") "," STREAM("tokens") "," STREAM(
             "targets") "," PLAN
                        "," ARG("scale", "", "f64", 1, 8) "," ARG("losses", "", "f64", 64, 512) R"(]},
  {"name": "eval_step", "arena_bytes": 0, "args": [)" PARAMS("param") "," STREAM("tokens") "," STREAM(
                            "targets") "," PLAN
                                       "," ARG("losses", "", "f64", 64, 512) R"(]},
  {"name": "update", "arena_bytes": 0, "args": [)" PARAMS("param") "," PARAMS("grad") "," PARAMS("moment1") "," PARAMS(
                                           "moment2") "," ARG("hype"
                                                              "r",
                                                              "", "f64", 4,
                                                              32) "," ARG("nor"
                                                                          "m",
                                                                          "",
                                                                          "f64",
                                                                          1,
                                                                          8) R"(]},
  {"name": "decode_step", "arena_bytes": 0, "args": [)" PARAMS("param") "," ROUTES
                                                                        "," ARG("tokens", "", "i32", 16, 64) "," ARG(
                                                                            "in"
                                                                            "de"
                                                                            "x",
                                                                            "",
                                                                            "i3"
                                                                            "2",
                                                                            1,
                                                                            4) "," ARG("logits",
                                                                                       "",
                                                                                       "f64",
                                                                                       256,
                                                                                       2048)
                                                                            R"(]}],
"kernels": [
  {"id": 0, "entry": "eval_step", "op": "loss", "path": "table",
   "kind": "loss", "flops": 65536, "bytes": 131072, "tasks": 64},
  {"id": 1, "entry": "grad_step", "op": "loss", "path": "table",
   "kind": "loss", "flops": 65536, "bytes": 131072, "tasks": 64},
  {"id": 2, "entry": "grad_step", "op": "grad", "path": "table",
   "kind": "embedding", "flops": 16777216, "bytes": 33554432, "tasks": 256},
  {"id": 3, "entry": "update", "op": "adamw", "path": "",
   "kind": "optimizer", "flops": 665600, "bytes": 2662400, "tasks": 2}]})";
}
