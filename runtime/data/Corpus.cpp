//===- Corpus.cpp - What a model trains and is evaluated on ---------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/data/Corpus.h"
#include "runtime/data/Text.h"
#include "runtime/data/TokenCache.h"
#include "runtime/support/Error.h"

#include <cmath>

namespace hashc::runtime {

static void requireTokens(const TokenStream &stream, int64_t least,
                          const std::string &why) {
  if (stream.size() < least)
    failInput(stream.name + " is too short: " + std::to_string(stream.size()) +
              " tokens, but " + why + " needs at least " +
              std::to_string(least));
}

static void requireTrainable(const TokenStream &stream, int64_t window) {
  requireTokens(stream, window + 1,
                "one training window of context " + std::to_string(window));
}

/// Where the validation part of `size` items begins.
static size_t findSplit(const DataSettings &data, size_t size) {
  if (!(data.valid >= 0 && data.valid < 1))
    failInput("the validation part of the data must be at least 0 and less "
              "than 1");
  auto part =
      static_cast<size_t>(std::floor(data.valid * static_cast<double>(size)));
  return size - part;
}

static std::string_view getSeparator(const DataSettings &data) {
  return data.apart ? std::string_view(data.separator) : std::string_view();
}

namespace {
/// The two parts of a text, or of two.
struct TextParts {
  std::shared_ptr<const MappedFile> trainFile, validFile;
  std::string_view train, valid;
  std::string trainName, validName;
};
} // namespace

static TextParts openParts(const DataSettings &data) {
  Text text = openText(data.path);
  TextParts parts = {text.file, nullptr, text.bytes, {}, "'" + data.path + "'",
                     ""};
  if (!data.validPath.empty()) {
    Text valid = openText(data.validPath);
    parts.validFile = valid.file;
    parts.valid = valid.bytes;
    parts.validName = "'" + data.validPath + "'";
    return parts;
  }
  size_t split =
      alignToCharacter(text.bytes, findSplit(data, text.bytes.size()));
  parts.validFile = text.file;
  parts.train = text.bytes.substr(0, split);
  parts.valid = text.bytes.substr(split);
  if (data.valid > 0) {
    parts.validName = "the validation part of " + parts.trainName;
    parts.trainName = "the training part of " + parts.trainName;
  }
  return parts;
}

/// Training and validation streams of token files.
static Corpus openTokens(const DataSettings &data, int64_t vocab,
                         int64_t window) {
  Corpus corpus;
  int64_t separator = data.apart ? data.separatorId : -1;
  TokenStream all = openTokenFile(data.path, data.tokenWidth, vocab, separator);
  auto split = static_cast<int64_t>(
      data.validPath.empty() ? findSplit(data, all.size()) : all.size());
  corpus.train.name = "'" + data.path + "'";
  corpus.train.tokens = all.tokens.slice(0, split);
  corpus.train.documents = findDocuments(corpus.train.tokens, separator);
  if (!data.validPath.empty()) {
    corpus.valid =
        openTokenFile(data.validPath, data.tokenWidth, vocab, separator);
    corpus.valid.name = "'" + data.validPath + "'";
  } else {
    corpus.valid.name = "the validation part of '" + data.path + "'";
    corpus.valid.tokens = all.tokens.slice(split, all.size());
    corpus.valid.documents = findDocuments(corpus.valid.tokens, separator);
  }
  return corpus;
}

static void checkParts(const DataSettings &data, const Corpus &corpus,
                       int64_t window) {
  requireTrainable(corpus.train, window);
  if (data.valid > 0 || !data.validPath.empty())
    requireTokens(corpus.valid, 2, "scoring");
}

static void checkKind(const DataSettings &data) {
  if (data.kind != "text" && data.kind != "tokens" && data.kind != "pairs")
    failInput("unknown kind of data '" + data.kind +
              "' (known: text, tokens, pairs)");
}

namespace {
/// The two parts of a file of pairs, or of two.
struct PairParts {
  PairFile trainFile, validFile; // the second one only where there are two
  const PairLine *train = nullptr, *valid = nullptr;
  size_t trainCount = 0, validCount = 0;
  std::string trainName, validName;

  /// The lines of training as they are in the file: what tokenizers learn from.
  std::string_view getTrainText() const {
    const char *begin = train[0].source.data();
    std::string_view last = train[trainCount - 1].target;
    return {begin, static_cast<size_t>(last.data() + last.size() - begin)};
  }
};
} // namespace

static PairParts openPairParts(const DataSettings &data) {
  PairParts parts;
  parts.trainFile = openPairFile(data.path);
  const std::vector<PairLine> &lines = parts.trainFile.lines;
  parts.train = lines.data();
  parts.trainCount = lines.size();
  parts.trainName = "'" + data.path + "'";
  if (!data.validPath.empty()) {
    parts.validFile = openPairFile(data.validPath);
    parts.valid = parts.validFile.lines.data();
    parts.validCount = parts.validFile.lines.size();
    parts.validName = "'" + data.validPath + "'";
    return parts;
  }
  parts.trainCount = findSplit(data, lines.size());
  parts.valid = parts.train + parts.trainCount;
  parts.validCount = lines.size() - parts.trainCount;
  parts.validName = "the validation part of " + parts.trainName;
  if (data.valid > 0)
    parts.trainName = "the training part of " + parts.trainName;
  return parts;
}

static void requirePairs(const PairSet &pairs) {
  if (pairs.size() == 0)
    failInput(pairs.getName() +
              " has no pair: give it more lines, or the part another size");
}

static void openPairs(const DataSettings &data,
                      const TokenizerSettings &settings,
                      const std::string &modelPath, Corpus &corpus) {
  PairParts parts = openPairParts(data);
  if (!corpus.tokenizer)
    corpus.tokenizer =
        trainTokenizer(settings, parts.getTrainText(), modelPath);
  const Tokenizer &tokenizer = *corpus.tokenizer;
  corpus.trainPairs =
      PairSet(tokenizer, parts.train, parts.trainCount, parts.trainName);
  corpus.validPairs =
      PairSet(tokenizer, parts.valid, parts.validCount, parts.validName);
  requirePairs(corpus.trainPairs);
  if (data.valid > 0 || !data.validPath.empty())
    requirePairs(corpus.validPairs);
}

PairSet openEvalPairs(const DataSettings &data, const Tokenizer &tokenizer,
                      bool whole) {
  PairSet pairs;
  if (whole) {
    PairFile file = openPairFile(data.path);
    pairs = PairSet(tokenizer, file.lines.data(), file.lines.size(),
                    "'" + data.path + "'");
  } else {
    PairParts parts = openPairParts(data);
    pairs = PairSet(tokenizer, parts.valid, parts.validCount, parts.validName);
  }
  requirePairs(pairs);
  return pairs;
}

Corpus openCorpus(const DataSettings &data, const TokenizerSettings &settings,
                  std::shared_ptr<const Tokenizer> known, int64_t window,
                  const std::string &cacheFolder) {
  checkKind(data);
  Corpus corpus;
  if (data.kind == "tokens") {
    corpus = openTokens(data, settings.vocab, window);
    checkParts(data, corpus, window);
    return corpus;
  }
  auto inCache = [&](const char *name) {
    return cacheFolder.empty() ? "" : cacheFolder + "/" + name;
  };
  corpus.tokenizer = known;
  if (data.kind == "pairs") {
    openPairs(data, settings, inCache("tokenizer.model"), corpus);
    return corpus;
  }
  TextParts parts = openParts(data);
  if (!known)
    corpus.tokenizer =
        trainTokenizer(settings, parts.train, inCache("tokenizer.model"));
  corpus.train = tokenizeCached(*corpus.tokenizer, parts.trainFile, parts.train,
                                getSeparator(data), parts.trainName,
                                inCache("train.tokens"));
  corpus.valid = tokenizeCached(*corpus.tokenizer, parts.validFile, parts.valid,
                                getSeparator(data), parts.validName,
                                inCache("valid.tokens"));
  checkParts(data, corpus, window);
  return corpus;
}

TokenStream openEvalStream(const DataSettings &data, int64_t vocab,
                           const Tokenizer *tokenizer, bool whole) {
  checkKind(data);
  TokenStream stream;
  if (data.kind == "tokens") {
    if (whole) {
      stream = openTokenFile(data.path, data.tokenWidth, vocab,
                             data.apart ? data.separatorId : -1);
      stream.name = "'" + data.path + "'";
    } else {
      stream = openTokens(data, vocab, 1).valid;
    }
  } else if (!tokenizer) {
    failInput("the checkpoint was trained on token files and has no tokenizer "
              "to read the text '" +
              data.path + "' with");
  } else if (whole) {
    Text text = openText(data.path);
    stream = tokenize(*tokenizer, text.file, text.bytes, getSeparator(data),
                      "'" + data.path + "'");
  } else {
    TextParts parts = openParts(data);
    stream = tokenize(*tokenizer, parts.validFile, parts.valid,
                      getSeparator(data), parts.validName);
  }
  requireTokens(stream, 2, "scoring");
  return stream;
}

} // namespace hashc::runtime
