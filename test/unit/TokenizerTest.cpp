//===- TokenizerTest.cpp - Bytes and BPE ----------------------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tokenizer/Tokenizer.h"
#include "TempFolder.h"

using namespace hashc::runtime;
using namespace hashc::runtime::test;

/// Enough English to train a small vocabulary on.
static std::string makeText() {
  std::string text;
  for (int i = 0; i < 200; ++i)
    text += "the quick brown fox " + std::to_string(i) +
            " jumps over the lazy dog;\n\twhile the other  foxes sleep.\n\n";
  return text;
}

TEST(Tokenizer, BytesRoundTrip) {
  auto tokenizer = makeByteTokenizer();
  std::string text = "a\xc3\xa9\n\xff";
  EXPECT_EQ(tokenizer->encode(text),
            (std::vector<int32_t>{97, 0xc3, 0xa9, 10, 0xff}));
  EXPECT_EQ(tokenizer->decode(tokenizer->encode(text)), text);
  EXPECT_EQ(tokenizer->getBos(), 0);
  EXPECT_EQ(tokenizer->countBytes(7), 1);
}

TEST(Tokenizer, Utf8StreamHoldsBackHalfCharacters) {
  std::string text = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x8d\x8b!\xff";
  Utf8Stream stream;
  std::string out;
  for (char c : text) {
    std::string part = stream.push(std::string(1, c));
    // Never the beginning of a character alone.
    EXPECT_TRUE(part.empty() || (part.back() & 0xc0) != 0xc0 ||
                part.back() == '\xff');
    out += part;
  }
  EXPECT_EQ(out + stream.finish(), text);
  EXPECT_EQ(stream.push("\xe2\x82"), "");
  EXPECT_EQ(stream.finish(), "\xe2\x82");
}

TEST(Tokenizer, UnknownKind) {
  EXPECT_PRED2(contains, getError([] { loadTokenizer({"words", 100}, ""); }),
               "unknown tokenizer 'words'");
  EXPECT_PRED2(contains, getError([] { loadTokenizer({"bytes", 100}, ""); }),
               "need a vocabulary of 256");
}

TEST(Bpe, RoundTripOfAnyText) {
  auto tokenizer = trainTokenizer({"bpe", 400}, makeText(), "");
  EXPECT_EQ(tokenizer->getVocab(), 400);
  EXPECT_EQ(tokenizer->getBos(), 1);
  for (const std::string &text :
       {std::string("the quick brown fox"), std::string("  two  spaces \n\n"),
        std::string("\ttab, caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x8d\x8b"),
        std::string("a \xe2\x96\x81 mark\xe2\x96\x81\xe2\x96\x81"),
        std::string("zzz@@@\x01\x7f"), std::string("<s></s><unk>"),
        makeText()}) {
    std::vector<int32_t> ids = tokenizer->encode(text);
    EXPECT_EQ(tokenizer->decode(ids), text);
    int64_t bytes = 0;
    for (int32_t id : ids)
      bytes += tokenizer->countBytes(id);
    EXPECT_EQ(bytes, static_cast<int64_t>(text.size()));
  }
  EXPECT_LT(tokenizer->encode(makeText()).size(), makeText().size() / 2);
}

TEST(Bpe, TrainingIsDeterministicAndCached) {
  TempFolder folder;
  std::string path = folder / "tokenizer.model";
  auto first = trainTokenizer({"bpe", 300}, makeText(), path);
  auto second = trainTokenizer({"bpe", 300}, makeText(), "");
  EXPECT_EQ(first->getModel(), second->getModel());
  EXPECT_EQ(readFile(path), first->getModel());
  auto stamp = std::filesystem::last_write_time(path);
  trainTokenizer({"bpe", 300}, makeText(), path);
  EXPECT_EQ(std::filesystem::last_write_time(path), stamp);
  // Another text or vocabulary is not served from the cache.
  auto other = trainTokenizer({"bpe", 320}, makeText(), path);
  EXPECT_EQ(other->getVocab(), 320);
  // Nor is a damaged one.
  folder.write("tokenizer.model", "broken");
  EXPECT_EQ(trainTokenizer({"bpe", 320}, makeText(), path)->getModel(),
            other->getModel());
}

TEST(Bpe, Refusals) {
  EXPECT_PRED2(contains,
               getError([] { loadTokenizer({"bpe", 300}, "no model"); }),
               "the tokenizer is damaged");
  auto tokenizer = trainTokenizer({"bpe", 300}, makeText(), "");
  EXPECT_PRED2(contains, getError([&] {
                 loadTokenizer({"bpe", 512}, tokenizer->getModel());
               }),
               "vocabulary of 300, the model of 512");
  EXPECT_PRED2(contains,
               getError([] { trainTokenizer({"bpe", 5000}, "short", ""); }),
               "too short");
  EXPECT_PRED2(contains,
               getError([] { trainTokenizer({"bpe", 100}, makeText(), ""); }),
               "too small");
}
