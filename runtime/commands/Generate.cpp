//===- Generate.cpp - The command 'generate' ------------------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/commands/Sampler.h"
#include "runtime/commands/Setup.h"
#include "runtime/data/Text.h"
#include "runtime/support/Error.h"

#include <cerrno>
#include <cstdio>

namespace hashc::runtime {

namespace {

/// The window of one text that is being continued.
class Context {
public:
  explicit Context(Model &model)
      : model(model), window(model.getDescriptor().model.window),
        tokens(window, -1), starts(window, 0) {}

  /// Takes the next token in and computes the scores of the one after it. A
  /// full window first begins anew with its last half.
  void push(int32_t token) {
    if (length == window) {
      int64_t kept = window / 2;
      std::vector<int32_t> tail(tokens.end() - kept, tokens.end());
      tokens.assign(window, -1);
      length = 0;
      for (int32_t old : tail)
        push(old);
    }
    tokens[length] = token;
    model.decodeStep(tokens, starts, length);
    ++length;
  }

private:
  Model &model;
  int64_t window;
  std::vector<int32_t> tokens, starts;
  int64_t length = 0;
};

} // namespace

/// Streams to standard output; a character appears when all its bytes are
/// there.
static void show(const std::string &text) {
  if (text.empty())
    return;
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() ||
      std::fflush(stdout) != 0)
    failSystem("write to", "standard output", errno);
}

static std::vector<int32_t> readPrompt(const Tokenizer &tokenizer,
                                       const std::string &prompt,
                                       int64_t window) {
  checkUtf8(prompt, "the prompt");
  std::vector<int32_t> ids = tokenizer.encode(prompt.empty() ? "\n" : prompt);
  if (ids.empty())
    ids.push_back(tokenizer.getBos());
  auto size = static_cast<int64_t>(ids.size());
  if (size > window) {
    std::fprintf(stderr,
                 "note: the prompt has %lld tokens, the model reads %lld: only "
                 "its end counts\n",
                 static_cast<long long>(size), static_cast<long long>(window));
    ids.erase(ids.begin(), ids.end() - window);
  }
  return ids;
}

int runGenerate(const Program &program, const GenerateOptions &options) {
  const Descriptor &descriptor = program.descriptor;
  Checkpoint checkpoint = Checkpoint::open(options.checkpoint);
  checkCompatible(checkpoint, describe(descriptor), false);
  std::unique_ptr<Tokenizer> tokenizer = checkpoint.loadTokenizer();
  if (!tokenizer)
    failInput("the model was trained on token files: without a tokenizer there "
              "is no text to continue");
  if (!descriptor.findEntry("decode_step"))
    failInput("this model cannot generate: a part of it looks ahead");
  Model model(descriptor, program.functions, Purpose::generate,
              options.threads);
  restore(model, checkpoint, false);

  Context context(model);
  for (int32_t token :
       readPrompt(*tokenizer, options.prompt, descriptor.model.window))
    context.push(token);
  Sampler sampler(options.temperature, options.topK, options.seed);
  Utf8Stream stream;
  show(options.prompt);
  for (int64_t i = 0; i < options.tokens; ++i) {
    int32_t token = sampler.sample(model.getLogits());
    if (token == tokenizer->getSeparator())
      break;
    show(stream.push(tokenizer->decode(token)));
    if (i + 1 < options.tokens)
      context.push(token);
  }
  show(stream.finish() + "\n");
  return 0;
}

} // namespace hashc::runtime
