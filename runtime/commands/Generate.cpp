//===- Generate.cpp - The command 'generate' ------------------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/commands/GenerateTarget.h"
#include "runtime/commands/Progress.h"
#include "runtime/commands/Sampler.h"
#include "runtime/commands/Setup.h"
#include "runtime/data/Text.h"
#include "runtime/data/Tokens.h"
#include "runtime/support/Error.h"

#include <algorithm>
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
  void push(int32_t token, bool beginsDocument = false) {
    if (length == window)
      slide();
    if (beginsDocument)
      document = length;
    append(token, document);
  }

private:
  void append(int32_t token, int32_t start) {
    tokens[length] = token;
    starts[length] = start;
    model.decodeStep(tokens, starts, length);
    ++length;
  }

  void slide() {
    std::vector<int32_t> oldTokens(window, -1), oldStarts(window, 0);
    oldTokens.swap(tokens);
    oldStarts.swap(starts);
    int32_t dropped = window - window / 2;
    auto move = [&](int32_t start) { return std::max(start - dropped, 0); };
    length = 0;
    for (int32_t row = dropped; row < window; ++row)
      append(oldTokens[row], move(oldStarts[row]));
    document = move(document);
  }

  Model &model;
  int32_t window;
  std::vector<int32_t> tokens, starts;
  int32_t length = 0;
  int32_t document = 0; // where the last row's document begins
};

} // namespace

/// What separates documents, or nothing where they are joined.
static std::string getSeparator(const DataSettings &data) {
  return data.apart ? data.separator : "";
}

/// Reads the prompt as training reads its text: documents end at separators.
static void readPrompt(const Tokenizer &tokenizer, const std::string &prompt,
                       const std::string &separator, int64_t window,
                       Context &context) {
  checkUtf8(prompt, "the prompt");
  const std::string text = prompt.empty() ? "\n" : prompt;
  TokenStream stream =
      tokenize(tokenizer, nullptr, text, separator, "the prompt");
  if (stream.size() == 0)
    return context.push(tokenizer.getBos());
  int64_t size = stream.size(), first = std::max<int64_t>(size - window, 0);
  if (first > 0)
    std::fprintf(stderr,
                 "note: the prompt has %lld tokens, the model reads %lld: only "
                 "its end counts\n",
                 static_cast<long long>(size), static_cast<long long>(window));
  for (int64_t i = first; i < size; ++i)
    context.push(stream.tokens[i],
                 std::binary_search(stream.documents.begin(),
                                    stream.documents.end(), i));
}

static bool endsWith(const std::string &text, const std::string &end) {
  return text.size() >= end.size() &&
         text.compare(text.size() - end.size(), end.size(), end) == 0;
}

int runGenerate(const Program &program, const GenerateOptions &options) {
  const Descriptor &descriptor = program.descriptor;
  if (!descriptor.findEntry("decode_step"))
    failInput("the model '" + descriptor.name + "' cannot continue a text: " +
              (descriptor.notDecodable.empty()
                   ? "it was compiled without a decoding step"
                   : descriptor.notDecodable));
  Checkpoint checkpoint =
      openCheckpoint(options.checkpoint, descriptor, Match::model);
  std::unique_ptr<Tokenizer> tokenizer = checkpoint.loadTokenizer();
  if (!tokenizer)
    failInput("the model was trained on token files: without a tokenizer there "
              "is no text to continue");
  Model model(descriptor, program.functions, Purpose::generate,
              options.threads);
  restore(model, checkpoint, false);
  if (descriptor.model.getSource())
    return generateTarget(model, *tokenizer, options);

  const std::string separator = getSeparator(descriptor.train.data);
  Context context(model);
  readPrompt(*tokenizer, options.prompt, separator, descriptor.model.window,
             context);
  Sampler sampler(options.temperature, options.topK, options.seed);
  Utf8Stream stream;
  bool begins = !separator.empty() && endsWith(options.prompt, separator);
  std::string written = options.prompt;
  printText(options.prompt);
  for (int64_t i = 0; i < options.tokens; ++i) {
    int32_t token = sampler.sample(model.getLogits());
    if (token == tokenizer->getSeparator())
      break;
    std::string text = tokenizer->decode(token);
    printText(stream.push(text));
    written += text;
    if (!separator.empty() && endsWith(written, separator))
      break; // the document has ended, in plain bytes
    if (i + 1 < options.tokens)
      context.push(token, begins && i == 0);
  }
  printText(stream.finish() + "\n");
  return 0;
}

} // namespace hashc::runtime
