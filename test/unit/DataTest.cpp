//===- DataTest.cpp - Texts, token files, windows, batches ----------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TempFolder.h"
#include "runtime/data/Batches.h"
#include "runtime/data/Corpus.h"
#include "runtime/data/Text.h"
#include "runtime/data/TokenCache.h"
#include "runtime/support/Hash.h"

#include <numeric>
#include <set>

using namespace hashc::runtime;
using namespace hashc::runtime::test;

TEST(Text, Errors) {
  TempFolder folder;
  auto fail = [&](const std::string &bytes, const std::string &part) {
    std::string path = folder.write("t.txt", bytes);
    EXPECT_PRED2(contains, getError([&] { openText(path); }), part);
  };
  fail("", "is empty");
  fail(std::string("ab\0c", 4), "NUL byte at offset 2");
  fail("abcdefghijk\xff", "bad byte at offset 11");
  fail("cut \xe2\x82", "bad byte at offset 4");
  fail("overlong \xc0\xaf", "offset 9");
  fail("surrogate \xed\xa0\x80", "offset 10");
  fail("past the end \xf4\x90\x80\x80", "offset 13");
  EXPECT_EQ(openText(folder.write("t", "gr\xc3\xbc\xc3\x9f\x65")).bytes,
            "gr\xc3\xbc\xc3\x9f\x65");
}

TEST(Text, EveryCharacterIsAccepted) {
  for (uint32_t c = 1; c < 0x110000; c += c < 0x3000 ? 1 : 61) {
    if (c >= 0xd800 && c < 0xe000)
      continue;
    std::string text;
    auto tail = [&](int shift) {
      text += static_cast<char>(0x80 | (c >> shift & 63));
    };
    if (c < 0x80)
      text += static_cast<char>(c);
    else if (c < 0x800)
      text += static_cast<char>(0xc0 | c >> 6), tail(0);
    else if (c < 0x10000)
      text += static_cast<char>(0xe0 | c >> 12), tail(6), tail(0);
    else
      text += static_cast<char>(0xf0 | c >> 18), tail(12), tail(6), tail(0);
    EXPECT_NO_THROW(checkUtf8(text, "text")) << c;
  }
}

/// A stream of the ids 0 .. size-1.
static TokenStream makeStream(int64_t size,
                              std::vector<int64_t> documents = {}) {
  std::vector<int32_t> ids(size);
  std::iota(ids.begin(), ids.end(), 0);
  return {TokenArray::fromVector(ids), std::move(documents), "stream"};
}

TEST(Documents, ByteSeparatorEndsADocument) {
  auto tokenizer = makeByteTokenizer();
  std::string text = "one<|endoftext|>two<|endoftext|>";
  TokenStream stream =
      tokenize(*tokenizer, nullptr, text, "<|endoftext|>", "t");
  EXPECT_EQ(stream.size(), 32);
  EXPECT_EQ(stream.documents, (std::vector<int64_t>{16}));
  EXPECT_EQ(stream.tokens[16], 't');
  EXPECT_TRUE(tokenize(*tokenizer, nullptr, text, "", "t").documents.empty());
}

TEST(TokenFile, ReadsBothWidths) {
  TempFolder folder;
  std::string narrow = folder.write("a", std::string("\1\0\2\0\377\0", 6));
  TokenStream stream = openTokenFile(narrow, 0, 256, 2);
  EXPECT_EQ(stream.size(), 3);
  EXPECT_EQ(stream.tokens[2], 255);
  EXPECT_EQ(stream.documents, (std::vector<int64_t>{2}));
  std::string wide = folder.write("b", std::string("\1\0\1\0\2\0\0\0", 8));
  EXPECT_EQ(openTokenFile(wide, 0, 100000, -1).tokens[0], 65537);
}

TEST(TokenFile, Errors) {
  TempFolder folder;
  auto fail = [&](const std::string &bytes, int width, int64_t vocab,
                  const std::string &part) {
    std::string path = folder.write("t", bytes);
    EXPECT_PRED2(contains,
                 getError([&] { openTokenFile(path, width, vocab, -1); }),
                 part);
  };
  fail("", 2, 256, "is empty");
  fail("abc", 2, 256, "not a whole number of uint16");
  fail("abcdef", 4, 256, "not a whole number of uint32");
  fail(std::string("\1\0\0\1", 4), 2, 256,
       "token 1 (offset 2) is 256, outside the vocabulary of 256");
  fail(std::string("\377\377\377\377", 4), 4, 100000, "is 4294967295");
}

TEST(Windows, TargetsAreOneFurther) {
  TokenStream stream = makeStream(11);
  Windows windows(stream, 4, true);
  EXPECT_EQ(windows.countFull(), 2);
  EXPECT_EQ(windows.countAll(), 3);
  std::vector<int32_t> tokens(4), targets(4), starts(4);
  windows.fill(1, tokens.data(), targets.data(), starts.data());
  EXPECT_EQ(tokens, (std::vector<int32_t>{4, 5, 6, 7}));
  EXPECT_EQ(targets, (std::vector<int32_t>{5, 6, 7, 8}));
  EXPECT_EQ(starts, (std::vector<int32_t>{0, 0, 0, 0}));
  windows.fill(2, tokens.data(), targets.data(), starts.data());
  EXPECT_EQ(tokens, (std::vector<int32_t>{8, 9, -1, -1}));
  EXPECT_EQ(targets, (std::vector<int32_t>{9, 10, -1, -1}));
}

TEST(Windows, DocumentsApartAndJoined) {
  TokenStream stream = makeStream(9, {2, 3, 6});
  std::vector<int32_t> tokens(4), targets(4), starts(4);
  Windows apart(stream, 4, true);
  apart.fill(0, tokens.data(), targets.data(), starts.data());
  EXPECT_EQ(starts, (std::vector<int32_t>{0, 0, 2, 3}));
  EXPECT_EQ(targets, (std::vector<int32_t>{1, -1, -1, 4}));
  EXPECT_EQ(tokens, (std::vector<int32_t>{0, 1, 2, 3}));
  // A document that began before the window begins at its first row.
  apart.fill(1, tokens.data(), targets.data(), starts.data());
  EXPECT_EQ(starts, (std::vector<int32_t>{0, 0, 2, 2}));
  EXPECT_EQ(targets, (std::vector<int32_t>{5, -1, 7, 8}));
  Windows joined(stream, 4, false);
  joined.fill(0, tokens.data(), targets.data(), starts.data());
  EXPECT_EQ(starts, (std::vector<int32_t>{0, 0, 0, 0}));
  EXPECT_EQ(targets, (std::vector<int32_t>{1, 2, 3, 4}));
}

TEST(Windows, EveryTargetIsScoredOnce) {
  for (int64_t size : {2, 3, 8, 9, 10, 31}) {
    TokenStream stream = makeStream(size);
    Windows windows(stream, 4, true);
    EvalBatches batches(windows, 3);
    std::vector<int> scored(size);
    Batch batch;
    for (int64_t i = 0; i < batches.count(); ++i) {
      batches.get(i, batch);
      EXPECT_EQ(batch.rows, 12);
      for (int32_t target : batch.targets)
        if (target >= 0)
          ++scored[target];
    }
    EXPECT_EQ(scored[0], 0);
    for (int64_t i = 1; i < size; ++i)
      EXPECT_EQ(scored[i], 1);
  }
}

TEST(TrainBatches, EveryWindowOnceAnEpoch) {
  TokenStream stream = makeStream(4 * 21 + 1);
  Windows windows(stream, 4, true);
  TrainBatches batches(windows, 7, 7, 5);
  Batch batch;
  std::vector<std::vector<int32_t>> epochs;
  for (int epoch = 0; epoch < 3; ++epoch) {
    std::set<int32_t> seen;
    std::vector<int32_t> order;
    for (int step = 0; step < 3; ++step) {
      batches.get(epoch * 3 + step, batch);
      for (int i = 0; i < 7; ++i) {
        seen.insert(batch.tokens[i * 4]);
        order.push_back(batch.tokens[i * 4]);
      }
    }
    EXPECT_EQ(seen.size(), 21u);
    epochs.push_back(order);
  }
  EXPECT_NE(epochs[0], epochs[1]);
  EXPECT_NE(epochs[1], epochs[2]);
}

TEST(TrainBatches, StepAloneDecides) {
  TokenStream stream = makeStream(1000, {100, 500});
  Windows windows(stream, 8, true);
  TrainBatches straight(windows, 6, 4, 1), resumed(windows, 6, 4, 1);
  EXPECT_EQ(straight.countMicro(), 2);
  Batch a, b;
  for (int64_t step = 0; step < 100; ++step)
    straight.get(step, a);
  resumed.get(99, b);
  EXPECT_EQ(a.tokens, b.tokens);
  EXPECT_EQ(a.targets, b.targets);
  EXPECT_EQ(a.starts, b.starts);
  // 6 windows in 2 micro-batches of 4: the last two are masked.
  EXPECT_EQ(a.rows, 64);
  EXPECT_EQ(a.liveTokens, 48);
  EXPECT_EQ(std::vector<int32_t>(a.tokens.begin() + 48, a.tokens.end()),
            std::vector<int32_t>(16, -1));
}

TEST(Counts, OnlyTrainingInputsCount) {
  std::vector<int64_t> counts = countTokens(makeStream(11), 4, 12);
  EXPECT_EQ(std::accumulate(counts.begin(), counts.end(), int64_t(0)), 8);
  EXPECT_EQ(counts[7], 1);
  EXPECT_EQ(counts[8], 0);
}

namespace {
class CorpusTest : public ::testing::Test {
protected:
  Corpus open(const std::string &text, double valid, int64_t window) {
    DataSettings data;
    data.path = folder.write("corpus.txt", text);
    data.valid = valid;
    return openCorpus(data, {}, nullptr, window, "");
  }
  TempFolder folder;
};
} // namespace

TEST_F(CorpusTest, SplitsTheLastPartAtACharacter) {
  std::string text(90, 'a');
  for (int i = 0; i < 5; ++i)
    text += "\xc3\xa9";
  Corpus corpus = open(text, 0.05, 8);
  EXPECT_EQ(corpus.train.size(), 96);
  EXPECT_EQ(corpus.valid.size(), 4);
  EXPECT_EQ(corpus.valid.tokens[0], 0xc3);
}

TEST_F(CorpusTest, TooShort) {
  EXPECT_PRED2(contains, getError([&] { open("short text", 0.1, 64); }),
               "too short: 9 tokens, but one training window of context 64 "
               "needs at least 65");
  EXPECT_PRED2(contains,
               getError([&] { open(std::string(100, 'a'), 0.01, 8); }),
               "the validation part of");
  EXPECT_EQ(open(std::string(100, 'a'), 0, 8).valid.size(), 0);
}

TEST_F(CorpusTest, OwnValidationFile) {
  DataSettings data;
  data.path = folder.write("a.txt", std::string(100, 'a'));
  data.validPath = folder.write("b.txt", "bbbb");
  Corpus corpus = openCorpus(data, {}, nullptr, 8, "");
  EXPECT_EQ(corpus.train.size(), 100);
  EXPECT_EQ(corpus.valid.size(), 4);
  EXPECT_EQ(openEvalStream(data, 256, corpus.tokenizer.get(), false).size(), 4);
  EXPECT_EQ(openEvalStream(data, 256, corpus.tokenizer.get(), true).size(),
            100);
}

TEST_F(CorpusTest, TokenFiles) {
  std::string ids;
  for (int i = 0; i < 100; ++i)
    ids += std::string({static_cast<char>(i), 0});
  DataSettings data;
  data.kind = "tokens";
  data.path = folder.write("tokens.bin", ids);
  data.valid = 0.1;
  data.separatorId = 49;
  Corpus corpus = openCorpus(data, {"bytes", 256}, nullptr, 8, "");
  EXPECT_EQ(corpus.tokenizer, nullptr);
  EXPECT_EQ(corpus.train.size(), 90);
  EXPECT_EQ(corpus.valid.tokens[0], 90);
  EXPECT_EQ(corpus.train.documents, (std::vector<int64_t>{50}));
}

TEST_F(CorpusTest, BpeTokensAreCached) {
  std::string text;
  while (text.size() < size_t(5) << 20)
    text += "some words to read again and again\n";
  text += "<|endoftext|>more";
  DataSettings data;
  data.path = folder.write("corpus.txt", text);
  auto open = [&] {
    return openCorpus(data, {"bpe", 280}, nullptr, 8, folder.getPath());
  };
  Corpus first = open();
  ASSERT_TRUE(std::filesystem::exists(folder / "train.tokens"));
  auto same = [&](const Corpus &second) {
    bool equal = first.train.size() == second.train.size() &&
                 first.valid.documents == second.valid.documents;
    for (int64_t i = 0; equal && i < first.train.size(); ++i)
      equal = first.train.tokens[i] == second.train.tokens[i];
    return equal;
  };
  EXPECT_EQ(first.valid.documents.size(), 1u);
  EXPECT_TRUE(same(open()));
  std::string cache = readFile(folder / "train.tokens");
  folder.write("train.tokens", cache.substr(0, cache.size() - 4));
  EXPECT_TRUE(same(open()));
  cache[100] ^= 1;
  folder.write("train.tokens", cache);
  EXPECT_TRUE(same(open()));
}

/// What is called like a cache and is none belongs to someone.
TEST_F(CorpusTest, ForeignFilesAreNotOverwritten) {
  std::string text;
  while (text.size() < (size_t(5) << 20))
    text += "some words to read again and again\n";
  DataSettings data;
  data.path = folder.write("text", text);
  TokenizerSettings bpe = {"bpe", 300};
  for (const char *name : {"train.tokens", "valid.tokens", "tokenizer.model",
                           "tokenizer.model.json"})
    folder.write(name, "mine");
  EXPECT_GT(openCorpus(data, bpe, nullptr, 8, folder.getPath()).train.size(),
            0);
  for (const char *name : {"train.tokens", "valid.tokens", "tokenizer.model",
                           "tokenizer.model.json"})
    EXPECT_EQ(readFile(folder / name), "mine") << name;
  // One of the two alone is not hashc's either.
  std::filesystem::remove(folder / "tokenizer.model.json");
  openCorpus(data, bpe, nullptr, 8, folder.getPath());
  EXPECT_EQ(readFile(folder / "tokenizer.model"), "mine");
  EXPECT_FALSE(fileExists(folder / "tokenizer.model.json"));
  // What a run wrote is replaced when the text changes.
  for (const char *name : {"train.tokens", "valid.tokens", "tokenizer.model"})
    std::filesystem::remove(folder / name);
  openCorpus(data, bpe, nullptr, 8, folder.getPath());
  std::string before = readFile(folder / "tokenizer.model");
  std::string tokens = readFile(folder / "train.tokens");
  data.path = folder.write("text", "a dog and a bird, " + text);
  openCorpus(data, bpe, nullptr, 8, folder.getPath());
  EXPECT_NE(readFile(folder / "train.tokens"), tokens);
  EXPECT_FALSE(before.empty());
}

TEST(TokenCache, IdsOutsideTheVocabularyAreNotTaken) {
  TempFolder folder;
  auto write = [&](std::vector<int32_t> ids) {
    std::string file = "hashctok";
    size_t size = ids.size() * sizeof(int32_t);
    for (uint64_t word :
         {uint64_t(1), uint64_t(2), uint64_t(3), uint64_t(ids.size()),
          fnv64(ids.data(), size), uint64_t(0), uint64_t(0)})
      file.append(reinterpret_cast<const char *>(&word), sizeof(word));
    file.append(reinterpret_cast<const char *>(ids.data()), size);
    return folder.write("cache", file);
  };
  EXPECT_TRUE(readTokenCache(write({0, 9}), {1, 2, 3}, 10));
  EXPECT_FALSE(readTokenCache(write({0, 9}), {1, 2, 4}, 10));
  EXPECT_FALSE(readTokenCache(write({0, 10}), {1, 2, 3}, 10));
  EXPECT_FALSE(readTokenCache(write({-1, 9}), {1, 2, 3}, 10));
}
