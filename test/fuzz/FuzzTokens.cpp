//===- FuzzTokens.cpp - Any bytes as text, tokens, logs -------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FuzzFile.h"
#include "runtime/data/Batches.h"
#include "runtime/data/Corpus.h"
#include "runtime/data/Text.h"
#include "runtime/data/TokenCache.h"
#include "runtime/support/Error.h"
#include "runtime/support/Hash.h"

#include <cstdlib>
#include <cstring>

using namespace hashc::runtime;

static void check(bool condition) {
  if (!condition)
    std::abort();
}

/// Whatever windows are made of, batches hold ids of the vocabulary.
static void useWindows(const WindowSource &windows, int64_t vocab) {
  EvalBatches batches(windows, 2);
  Batch batch;
  for (int64_t i = 0; i < batches.count(); ++i) {
    batches.get(i, batch);
    for (int64_t row = 0; row < batch.rows; ++row) {
      check(batch.tokens[row] >= -1 && batch.tokens[row] < vocab);
      check(batch.targets[row] >= -1 && batch.targets[row] < vocab);
      check(batch.starts[row] >= 0 && batch.starts[row] <= row % 5);
    }
    const SourceRows &source = batch.source;
    for (size_t row = 0; row < source.tokens.size(); ++row) {
      auto t = static_cast<int32_t>(row % 3);
      check(source.tokens[row] >= -1 && source.tokens[row] < vocab);
      check(source.starts[row] >= 0 && source.starts[row] <= t);
    }
  }
}

static void useStream(const TokenStream &stream, int64_t vocab) {
  useWindows(Windows(stream, 5, true), vocab);
}

static void useCorpus(const std::string &path, const std::string &kind,
                      int width) {
  DataSettings data;
  data.kind = kind;
  data.path = path;
  data.valid = 0.25;
  data.separator = "\n\n";
  data.separatorId = 3;
  data.tokenWidth = width;
  Corpus corpus = openCorpus(data, {"bytes", 300}, nullptr, 5, "");
  useStream(corpus.train, 300);
  useStream(corpus.valid, 300);
  useWindows(PairWindows(corpus.trainPairs, 3, 5), 300);
  useWindows(PairWindows(corpus.validPairs, 3, 5), 300);
}

static void useCache(std::string_view bytes) {
  hashc::fuzz::FuzzFile file(bytes);
  TokenStream stream;
  stream.name = "cache";
  if (auto tokens = readTokenCache(file.getPath(), {1, 2, 3}, 300)) {
    stream.tokens = *std::move(tokens);
    useStream(stream, 300);
  }
}

/// The bytes with the count and the checksum that a cache of them has.
static std::string makeWhole(std::string_view bytes) {
  constexpr size_t head = 64;
  std::string whole(bytes);
  if (whole.size() < head)
    return whole;
  uint64_t key[5] = {1, 2, 3, (whole.size() - head) / 4,
                     fnv64(bytes.substr(head))};
  std::memcpy(whole.data(), "hashctok", 8);
  std::memcpy(whole.data() + 8, key, sizeof(key));
  return whole;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::string_view bytes(reinterpret_cast<const char *>(data), size);
  useCache(bytes);
  useCache(makeWhole(bytes));
  hashc::fuzz::FuzzFile file(bytes);
  for (auto [kind, width] :
       {std::pair{"text", 0}, {"tokens", 2}, {"tokens", 4}, {"pairs", 0}}) {
    try {
      useCorpus(file.getPath(), kind, width);
    } catch (const UserError &) {
    }
  }
  return 0;
}
