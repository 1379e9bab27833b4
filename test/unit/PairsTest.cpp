//===- PairsTest.cpp - Files of pairs and their windows -------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/data/Pairs.h"
#include "TempFolder.h"
#include "runtime/data/Corpus.h"

using namespace hashc::runtime;
using namespace hashc::runtime::test;

using Ids = std::vector<int32_t>;

TEST(PairLines, AreSplit) {
  TempFolder folder;
  PairFile file =
      openPairFile(folder.write("p.tsv", "a b\tc\r\n\xc3\xbc\t d \nx\ty"));
  ASSERT_EQ(file.lines.size(), 3u);
  EXPECT_EQ(file.lines[0].source, "a b");
  EXPECT_EQ(file.lines[0].target, "c");
  EXPECT_EQ(file.lines[1].source, "\xc3\xbc");
  EXPECT_EQ(file.lines[1].target, " d ");
  EXPECT_EQ(file.lines[2].target, "y");
}

TEST(PairLines, Errors) {
  TempFolder folder;
  auto fail = [&](const std::string &bytes, const std::string &part) {
    std::string path = folder.write("p.tsv", bytes);
    EXPECT_PRED2(contains, getError([&] { openPairFile(path); }), part);
  };
  fail("", "is empty");
  fail("a\tb\nno tab\n", "line 2 has no tab: a line is a source, a tab and a");
  fail("a\tb\tc\n", "line 1 has 2 tabs");
  fail("a\tb\n\nc\td\n", "line 2 is empty");
  fail("a\tb\n\r\n", "line 2 is empty");
  fail("\tb\n", "line 1 has no source before its tab");
  fail("a\tb\na\t\r\n", "line 2 has no target behind its tab");
  fail("a\t\xff\n", "bad byte at offset 2");
}

static PairSet makePairs() {
  static const std::vector<PairLine> lines = {
      {"abcdef", "xy"}, {"ab", "uvwx"}, {"abcd", "u"}};
  return PairSet(*makeByteTokenizer(), lines.data(), lines.size(), "pairs");
}

/// Windows of 4 source rows and 3 target rows, two of them in a batch.
static Batch makeBatch(const WindowSource &windows) {
  Batch batch;
  EvalBatches(windows, 2).get(0, batch);
  return batch;
}

TEST(PairWindows, FillBothInputs) {
  PairSet pairs = makePairs();
  PairWindows windows(pairs, 4, 3);
  Batch batch = makeBatch(windows);
  // The first source loses its front, the second is padded.
  EXPECT_EQ(batch.source.tokens, Ids({'c', 'd', 'e', 'f', 'a', 'b', -1, -1}));
  EXPECT_EQ(batch.source.starts, Ids({0, 0, 0, 0, 0, 0, 2, 2}));
  EXPECT_EQ(batch.source.liveTokens, 6);
  // The first target just fits with its end, the second one is cut.
  EXPECT_EQ(batch.tokens, Ids({0, 'x', 'y', 0, 'u', 'v'}));
  EXPECT_EQ(batch.targets, Ids({'x', 'y', 0, 'u', 'v', 'w'}));
  EXPECT_EQ(batch.starts, Ids(6, 0));
  EXPECT_EQ(batch.liveTargets, 6);
  EXPECT_EQ(windows.countCutSources(), 1);
  EXPECT_EQ(windows.countCutTargets(), 1);
}

TEST(PairWindows, PaddingIsADocumentOfItsOwn) {
  PairSet pairs = makePairs();
  PairWindows windows(pairs, 4, 3);
  Batch batch;
  EvalBatches(windows, 2).get(1, batch);
  EXPECT_EQ(batch.source.tokens, Ids({'a', 'b', 'c', 'd', -1, -1, -1, -1}));
  EXPECT_EQ(batch.tokens, Ids({0, 'u', -1, -1, -1, -1}));
  EXPECT_EQ(batch.targets, Ids({'u', 0, -1, -1, -1, -1}));
  EXPECT_EQ(batch.starts, Ids({0, 0, 2, 0, 0, 0}));
  EXPECT_EQ(batch.liveTokens, 2);
  EXPECT_EQ(batch.liveTargets, 2);
}

TEST(PairWindows, TablesCountWhatTargetsRead) {
  PairSet pairs = makePairs();
  std::vector<int64_t> counts = PairWindows(pairs, 4, 3).countInputs(256);
  EXPECT_EQ(counts[0], 3); // one beginning each
  EXPECT_EQ(counts['x'], 1);
  EXPECT_EQ(counts['u'], 2);
  EXPECT_EQ(counts['v'], 1);
  EXPECT_EQ(counts['w'], 0); // cut, and a target only
  EXPECT_EQ(counts['a'], 0);
}

TEST(PairWindows, TrainingTakesEveryPairOnce) {
  PairSet pairs = makePairs();
  PairWindows windows(pairs, 4, 3);
  TrainBatches batches(windows, 3, 1, 7);
  Batch batch;
  batches.get(0, batch);
  int64_t sources = 0;
  for (int32_t token : batch.source.tokens)
    sources += token == 'c';
  EXPECT_EQ(sources, 2);
  EXPECT_EQ(batch.liveTargets, 8);
}

TEST(Corpus, PairsAreSplitByLines) {
  TempFolder folder;
  std::string text;
  for (int i = 0; i < 10; ++i)
    text += "s" + std::to_string(i) + "\tt" + std::to_string(i) + "\n";
  DataSettings data;
  data.kind = "pairs";
  data.path = folder.write("p.tsv", text);
  data.valid = 0.2;
  Corpus corpus = openCorpus(data, {}, nullptr, 8, "");
  EXPECT_EQ(corpus.trainPairs.size(), 8);
  ASSERT_EQ(corpus.validPairs.size(), 2);
  EXPECT_EQ(corpus.validPairs.getTarget(0)[1], '8');
  EXPECT_EQ(openEvalPairs(data, *corpus.tokenizer, true).size(), 10);
  EXPECT_EQ(openEvalPairs(data, *corpus.tokenizer, false).size(), 2);
  data.valid = 0.05;
  EXPECT_PRED2(contains,
               getError([&] { openCorpus(data, {}, nullptr, 8, ""); }),
               "the validation part of '" + data.path + "' has no pair");
  data.validPath = folder.write("v.tsv", "a\tb\n");
  EXPECT_EQ(openCorpus(data, {}, nullptr, 8, "").trainPairs.size(), 10);
  data.validPath.clear();
  data.valid = 0;
  EXPECT_EQ(openCorpus(data, {}, nullptr, 8, "").validPairs.size(), 0);
}
