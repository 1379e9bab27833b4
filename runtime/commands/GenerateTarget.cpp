//===- GenerateTarget.cpp - Writing the target of a source ----------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/commands/GenerateTarget.h"

#include "runtime/commands/Progress.h"
#include "runtime/commands/Sampler.h"
#include "runtime/data/Pairs.h"
#include "runtime/data/Text.h"

#include <cstdio>

namespace hashc::runtime {

static void encodeSource(Model &model, const Tokenizer &tokenizer,
                         const std::string &prompt) {
  checkUtf8(prompt, "the prompt");
  int64_t window = model.getDescriptor().model.getSourceWindow();
  std::vector<int32_t> ids = tokenizer.encode(prompt);
  auto count = static_cast<int64_t>(ids.size());
  if (count > window)
    std::fprintf(stderr,
                 "note: the prompt has %lld tokens, the model reads %lld: only "
                 "its end counts\n",
                 static_cast<long long>(count), static_cast<long long>(window));
  SourceRows source;
  source.tokens.resize(window);
  source.starts.resize(window);
  source.liveTokens = fillSource(ids.data(), count, window,
                                 source.tokens.data(), source.starts.data());
  model.encode(source);
}

namespace {
/// The window of the target that is being written.
class Target {
public:
  explicit Target(Model &model)
      : model(model), window(model.getDescriptor().model.window),
        tokens(window, -1), starts(window, 0) {}

  bool isFull() const { return length == window; }
  /// Takes the next token in and computes the scores of the one after it.
  void push(int32_t token) {
    tokens[length] = token;
    model.decodeStep(tokens, starts, length++);
  }

private:
  Model &model;
  int64_t window;
  std::vector<int32_t> tokens, starts;
  int64_t length = 0;
};
} // namespace

int generateTarget(Model &model, const Tokenizer &tokenizer,
                   const GenerateOptions &options) {
  encodeSource(model, tokenizer, options.prompt);
  checkUtf8(options.begin, "the target's beginning");
  Target target(model);
  target.push(tokenizer.getBos());
  Utf8Stream stream;
  bool fits = true;
  auto take = [&](int32_t token) {
    printText(stream.push(tokenizer.decode(token)));
    fits = !target.isFull();
    if (fits)
      target.push(token);
  };
  for (int32_t token : tokenizer.encode(options.begin))
    if (fits)
      take(token);
  Sampler sampler(options.temperature, options.topK, options.seed);
  for (int64_t i = 0; fits && i < options.tokens; ++i) {
    int32_t token = sampler.sample(model.getLogits());
    if (token == getTargetEnd(tokenizer))
      break;
    take(token);
  }
  printText(stream.finish() + "\n");
  if (!fits)
    std::fprintf(stderr,
                 "note: the target is cut: the model's window of %lld tokens "
                 "is full\n",
                 static_cast<long long>(model.getDescriptor().model.window));
  return 0;
}

} // namespace hashc::runtime
