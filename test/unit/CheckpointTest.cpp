//===- CheckpointTest.cpp - Saving, loading, refusing ---------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/checkpoint/Checkpoint.h"
#include "TempFolder.h"
#include "runtime/checkpoint/Panels.h"
#include "runtime/commands/Setup.h"
#include "runtime/support/Hash.h"

#include <csignal>
#include <cstring>
#include <numeric>

#include <sys/wait.h>
#include <unistd.h>

using namespace hashc::runtime;
using namespace hashc::runtime::test;

namespace {
/// A model of two parameters, one in panels, and a table.
struct SmallModel {
  std::vector<float> w = std::vector<float>(2 * 2 * 3 * 4);
  std::vector<float> b = std::vector<float>(5);
  std::vector<float> m1w = w, m1b = b, m2w = w, m2b = b;
  std::unique_ptr<Tokenizer> tokenizer = makeByteTokenizer();
  Table table = buildRandom({"by_token", "random", "", 256, 4, 1, 0});
  CheckpointContents contents;

  explicit SmallModel(float first = 1) {
    // 3 x 7 in panels of 4.
    std::vector<float> logical(2 * 3 * 7);
    std::iota(logical.begin(), logical.end(), first);
    packPanels({2, 3, 7}, 4, 4, logical.data(), w.data());
    std::iota(b.begin(), b.end(), first + 100);
    m1w = m2w = w;
    m1b = m2b = b;
    contents.identity = {"tiny", "tiny.hash", "abc", "def", 256};
    contents.tokenizer = tokenizer.get();
    contents.tables = {&table};
    contents.params = list(w, b);
    contents.moments1 = list(m1w, m1b);
    contents.moments2 = list(m2w, m2b);
    contents.state = "{\"step\": 0}\n";
  }
  static std::vector<ParamView> list(std::vector<float> &w,
                                     std::vector<float> &b) {
    return {{"blocks[0].ffn.w", DType::f32, {2, 3, 7}, 4, w.data()},
            {"blocks[0].ffn.b", DType::f32, {5}, 0, b.data()}};
  }
};

class CheckpointTest : public ::testing::Test {
protected:
  std::string save(SmallModel &model, int64_t step) {
    model.contents.step = step;
    return OutputFolder(folder / "out").save(model.contents);
  }
  TempFolder folder;
  SmallModel model;
};
} // namespace

TEST_F(CheckpointTest, RoundTrip) {
  std::string path = save(model, 100);
  EXPECT_EQ(listFiles(path),
            (std::vector<std::string>{"model.safetensors",
                                      "optimizer.safetensors", "state.json"}));
  for (const std::string &name :
       {folder / "out", path, path + "/model.safetensors"}) {
    Checkpoint checkpoint = Checkpoint::open(name);
    EXPECT_EQ(checkpoint.step, 100);
    EXPECT_EQ(checkpoint.identity.vocab, 256);
    EXPECT_EQ(checkpoint.identity.modelHash, "def");
    EXPECT_EQ(checkpoint.loadTokenizer()->getKind(), "bytes");
    EXPECT_EQ(checkpoint.loadTable("by_token").entries, model.table.entries);
    EXPECT_EQ(checkpoint.readState(), model.contents.state);
    SmallModel other(500);
    loadParams(checkpoint.model, other.contents.params);
    loadMoments(checkpoint, other.contents.moments1, other.contents.moments2);
    EXPECT_EQ(other.w, model.w);
    EXPECT_EQ(other.b, model.b);
    EXPECT_EQ(other.m1w, model.m1w);
    EXPECT_EQ(other.m2b, model.m2b);
  }
}

TEST_F(CheckpointTest, ModelFileStandsAlone) {
  std::string path = save(model, 7);
  std::filesystem::copy(path + "/model.safetensors", folder / "alone");
  Checkpoint checkpoint = Checkpoint::open(folder / "alone");
  EXPECT_EQ(checkpoint.loadTable("by_token").groups, 4);
  EXPECT_PRED2(contains, getError([&] { checkpoint.readState(); }), "--init");
}

TEST_F(CheckpointTest, TokenCounts) {
  EXPECT_EQ(Checkpoint::open(save(model, 1)).loadTokenCounts(), std::nullopt);
  std::vector<int64_t> counts(256);
  std::iota(counts.begin(), counts.end(), int64_t(1) << 33);
  model.contents.tokenCounts = counts;
  EXPECT_EQ(Checkpoint::open(save(model, 2)).loadTokenCounts(), counts);
  auto refusal = [&] {
    Checkpoint checkpoint = Checkpoint::open(save(model, 3));
    return getError([&] { checkpoint.loadTokenCounts(); });
  };
  model.contents.tokenCounts[7] = -1;
  EXPECT_PRED2(contains, refusal(), "is damaged: it counts a token -1 times");
  model.contents.tokenCounts.pop_back();
  EXPECT_PRED2(contains, refusal(),
               "is damaged: its token counts must be i64 [256], not i64 [255]");
}

TEST_F(CheckpointTest, SameContentsSameBytes) {
  std::string first = readFile(save(model, 3) + "/model.safetensors");
  std::string second = readFile(save(model, 3) + "/model.safetensors");
  EXPECT_EQ(first, second);
}

TEST_F(CheckpointTest, FullDiskLosesNothing) {
  save(model, 1);
  std::vector<std::string> before = listFiles(folder / "out");
  {
    SmallDisk disk(1000);
    EXPECT_PRED2(contains,
                 getError([&] { save(model, 2); }, ExitCode::environment),
                 "cannot write");
  }
  EXPECT_EQ(listFiles(folder / "out"), before);
  EXPECT_EQ(Checkpoint::open(folder / "out").step, 1);
  save(model, 2);
  EXPECT_EQ(Checkpoint::open(folder / "out").step, 2);
}

TEST_F(CheckpointTest, KeepsTheNewestTwo) {
  for (int64_t step : {10, 20, 30})
    save(model, step);
  EXPECT_EQ(listFiles(folder / "out"),
            (std::vector<std::string>{".lock", "latest", "step-000020",
                                      "step-000030"}));
  // A run that starts again below does not touch the later ones.
  save(model, 5);
  EXPECT_EQ(readFile(folder / "out/latest"), "step-000005\n");
  EXPECT_TRUE(fileExists(folder / "out/step-000030"));
}

TEST_F(CheckpointTest, ACheckpointWithAUsersFileInItStays) {
  folder.write("notes", "");
  std::filesystem::rename(folder / "notes", save(model, 10) + "/notes");
  for (int64_t step : {20, 30, 40})
    save(model, step);
  EXPECT_EQ(listFiles(folder / "out"),
            (std::vector<std::string>{".lock", "latest", "step-000010",
                                      "step-000030", "step-000040"}));
  EXPECT_EQ(listFiles(folder / "out/step-000010").size(), 4u);
}

TEST_F(CheckpointTest, OneTrainingAFolder) {
  OutputFolder first(folder / "out");
  EXPECT_PRED2(contains,
               getError([&] { OutputFolder second(folder / "out"); },
                        ExitCode::environment),
               "another training is writing");
}

TEST_F(CheckpointTest, Refusals) {
  std::string path = save(model, 1);
  Checkpoint checkpoint = Checkpoint::open(path);
  SmallModel other;
  auto refuse = [&](const std::string &part) {
    EXPECT_PRED2(contains, getError([&] {
                   loadParams(checkpoint.model, other.contents.params);
                 }),
                 part);
  };
  other.contents.params[0].shape = {2, 3, 8};
  refuse("has shape [2, 3, 7], the model's has [2, 3, 8]");
  other.contents.params[0].shape = {2, 3, 7};
  other.contents.params[0].name = "blocks[0].ffn.v";
  refuse("no tensor 'blocks[0].ffn.v'; the nearest name is 'blocks[0].ffn.");
  other.contents.params[0].name = "blocks[0].ffn.w";
  other.contents.params[0].type = DType::f64;
  refuse("is of type f32, the model's is f64");
}

TEST_F(CheckpointTest, AnotherModelIsRefused) {
  Checkpoint checkpoint = Checkpoint::open(save(model, 1));
  ModelIdentity same = model.contents.identity;
  std::vector<TableSettings> tables = {
      {"by_token", "random", "", 256, 4, 1, 0}};
  auto refuse = [&](const ModelIdentity &expected, Match match,
                    const std::string &how) {
    std::string message =
        getError([&] { checkCompatible(checkpoint, expected, tables, match); });
    EXPECT_PRED2(contains, message,
                 "is of the model 'tiny' (tiny.hash), this program is '" +
                     expected.name + "' (" + expected.spec + "): ");
    EXPECT_PRED2(contains, message, how);
  };
  auto accept = [&](const ModelIdentity &expected, Match match) {
    EXPECT_NO_THROW(checkCompatible(checkpoint, expected, tables, match));
  };
  ModelIdentity other = {"large", "large.hash", "abc", "def", 512};
  refuse(other, Match::weights, "its vocabulary is 256, this program's 512");
  other.vocab = 256;
  accept(other, Match::run);
  other.specHash = "xyz";
  accept(other, Match::model);
  refuse(other, Match::run, "(hash abc and xyz); with --init");
  other.modelHash = "uvw";
  accept(other, Match::weights);
  refuse(other, Match::model,
         "the two compute something else (hash def and uvw)");
  other.modelHash.clear();
  accept(other, Match::model);

  const std::string stored =
      "its table 'by_token' is random with seed 0, 256 ids to 1 of 4 experts; "
      "this program's is ";
  tables[0].seed = 5;
  refuse(same, Match::weights, stored + "random with seed 5, 256 ids");
  tables[0] = {"by_token", "balanced", "", 256, 4, 1, 0};
  refuse(same, Match::weights, stored + "balanced with seed 0");
  tables[0] = {"by_token", "random", "", 256, 5, 1, 0};
  refuse(same, Match::weights,
         stored + "random with seed 0, 256 ids to 1 of 5");
  tables[0].name = "by_place";
  refuse(same, Match::weights, "it has no table 'by_place'");
}

TEST_F(CheckpointTest, AnotherTableFileIsRefusedWhereItIsThere) {
  auto write = [&](const std::string &name, const Table &table) {
    TensorSource source = {"t", DType::i32, {256, 1}, [&](void *to) {
                             std::copy(table.entries.begin(),
                                       table.entries.end(),
                                       static_cast<int32_t *>(to));
                           }};
    writeSafetensors(folder / name, {}, {source});
    return TableSettings{"by_token", "file", folder / name, 256, 4, 1, 0};
  };
  TableSettings one = write("one", buildRandom({"", "", "", 256, 4, 1, 1}));
  TableSettings two = write("two", buildRandom({"", "", "", 256, 4, 1, 2}));
  model.table = loadTable(one);
  Checkpoint checkpoint = Checkpoint::open(save(model, 1));
  auto check = [&](const TableSettings &settings) {
    checkCompatible(checkpoint, model.contents.identity, {settings},
                    Match::run);
  };
  EXPECT_NO_THROW(check(one));
  std::string message = getError([&] { check(two); });
  for (const TableSettings &settings : {one, two})
    EXPECT_PRED2(contains, message,
                 "file with checksum " +
                     toHex(loadTable(settings).getChecksum()));
  std::filesystem::remove(two.file);
  EXPECT_NO_THROW(check(two));
}

TEST_F(CheckpointTest, ImportConvertsFloats) {
  const uint16_t narrow[] = {0x3f80, 0x4000, 0x4040, 0x4080, 0x40a0};
  TensorSource source = {"blocks[0].ffn.b", DType::bf16, {5}, [&](void *to) {
                           std::copy(narrow, narrow + 5,
                                     static_cast<uint16_t *>(to));
                         }};
  writeSafetensors(folder / "f", {}, {source});
  SafetensorsFile file = SafetensorsFile::open(folder / "f");
  importParams(file, {model.contents.params[1]});
  EXPECT_EQ(model.b, (std::vector<float>{1, 2, 3, 4, 5}));
  EXPECT_PRED2(contains, getError([&] { Checkpoint::open(folder / "f"); }),
               "not written by hashc");
}

TEST_F(CheckpointTest, DamagedTableIsRefused) {
  std::string path = save(model, 1) + "/model.safetensors";
  SafetensorsFile file = SafetensorsFile::open(path);
  std::string bytes = readFile(path);
  size_t payload = 8 + static_cast<unsigned char>(bytes[0]) +
                   256 * static_cast<unsigned char>(bytes[1]);
  bytes[payload + file.find("@by_token")->begin] ^= 1;
  std::string damaged = folder.write("damaged", bytes);
  EXPECT_PRED2(contains, getError([&] {
                 Checkpoint::open(damaged).loadTable("by_token");
               }),
               "its checksum is");
}

TEST_F(CheckpointTest, TruncatedAtEveryLength) {
  std::string bytes = readFile(save(model, 1) + "/model.safetensors");
  for (size_t size = 0; size < bytes.size(); size += 7) {
    std::string path = folder.write("cut", bytes.substr(0, size));
    getError([&] { Checkpoint::open(path); });
  }
}

TEST_F(CheckpointTest, FoldersWithoutCheckpoint) {
  EXPECT_PRED2(contains, getError([&] { Checkpoint::open(folder.getPath()); }),
               "there is no checkpoint in");
  EXPECT_PRED2(contains, getError([&] { Checkpoint::open(folder / "no"); }),
               "there is no file");
  folder.write("latest", "../../etc\n");
  EXPECT_PRED2(contains, getError([&] { Checkpoint::open(folder.getPath()); }),
               "is damaged");
  folder.write("latest", "step-000009\n");
  EXPECT_PRED2(contains, getError([&] { Checkpoint::open(folder.getPath()); }),
               "which is not there");
}

TEST_F(CheckpointTest, OptimizerOfAnotherStep) {
  std::string one = save(model, 1), two = save(model, 2);
  std::filesystem::copy(one + "/optimizer.safetensors",
                        two + "/optimizer.safetensors",
                        std::filesystem::copy_options::overwrite_existing);
  Checkpoint checkpoint = Checkpoint::open(two);
  EXPECT_PRED2(contains, getError([&] {
                 loadMoments(checkpoint, model.contents.moments1,
                             model.contents.moments2);
               }),
               "does not belong to");
}

/// Saves again and again until it is killed.
static void saveForever(const std::string &path) {
  OutputFolder out(path);
  for (int64_t step = 1;; ++step) {
    SmallModel model(static_cast<float>(step));
    model.contents.step = step % 5 + step / 5; // the same step comes again
    model.contents.state = std::to_string(step);
    out.save(model.contents);
  }
}

TEST_F(CheckpointTest, KillAtAnyMomentLeavesAWholeCheckpoint) {
  std::string path = folder / "out";
  for (int round = 0; round < 12; ++round) {
    pid_t child = fork();
    if (child == 0)
      saveForever(path);
    // A slow machine takes its time for the first one.
    for (int i = 0; i < 60000 && !fileExists(path + "/latest"); ++i)
      usleep(1000);
    usleep(static_cast<useconds_t>(mix({uint64_t(round)}, 1) % 40000));
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    Checkpoint checkpoint = Checkpoint::open(path);
    SmallModel loaded;
    loadParams(checkpoint.model, loaded.contents.params);
    loadMoments(checkpoint, loaded.contents.moments1, loaded.contents.moments2);
    // All of one save: model, moments and state say the same number.
    EXPECT_EQ(std::to_string(static_cast<int>(loaded.w[0])),
              checkpoint.readState());
    EXPECT_EQ(loaded.w, loaded.m1w);
    EXPECT_EQ(loaded.b, loaded.m2b);
  }
  // The next training cleans up what the kills left.
  {
    OutputFolder out(path);
  }
  for (const std::string &name : listFiles(path))
    EXPECT_FALSE(contains(name, ".tmp-")) << name;
}

TEST_F(CheckpointTest, LogIsCutBackToTheStep) {
  std::string path = folder.write("log.jsonl", "{\"step\": 1, \"loss\": 5}\n"
                                               "{\"step\": 2, \"loss\": 4}\n"
                                               "{\"step\": 3, \"loss\": 3}\n"
                                               "{\"step\": 4, \"lo");
  trimLog(path, 2);
  EXPECT_EQ(readFile(path), "{\"step\": 1, \"loss\": 5}\n"
                            "{\"step\": 2, \"loss\": 4}\n");
  EXPECT_NO_THROW(trimLog(folder / "none", 2));
}

TEST_F(CheckpointTest, StatesThatNoRunCanBeInAreRefused) {
  RunState state;
  state.batch = state.trainWindows = 1;
  std::string good = state.toJson();
  EXPECT_EQ(RunState::parse(good).toJson(), good);
  const std::pair<const char *, const char *> changes[] = {
      {"\"step\": 0", "\"step\": -1"},
      {"\"step\": 0", "\"step\": 1e300"},
      {"\"batch\": 1", "\"batch\": 0"},
      {"\"batch\": 1", "\"batch\": 1000000000000"},
      {"\"train_windows\": 1", "\"train_windows\": \"1\""},
      {"\"lr\": 0.0", "\"lr\": -0.5"},
      {"\"data_seed\": 0", "\"data_seed\": -1"},
      {"\"data\"", "\"date\""}};
  for (auto [from, to] : changes) {
    std::string text = good;
    ASSERT_PRED2(contains, text, from);
    text.replace(text.find(from), std::strlen(from), to);
    EXPECT_PRED2(contains, getError([&] { RunState::parse(text); }),
                 "state.json is damaged");
  }
}

TEST_F(CheckpointTest, AFileThatIsNoLogIsLeftAlone) {
  for (const std::string &text :
       {"Once upon a time\n{\"step\": 1}\n", "{\"step\": 1}\nand then",
        "without a line's end", "{\"loss\": 1}"}) {
    std::string path = folder.write("corpus.txt", text);
    EXPECT_PRED2(contains, getError([&] { trimLog(path, 2); }),
                 "corpus.txt' is not the log of a run");
    EXPECT_PRED2(contains, getError([&] { checkLog(path); }),
                 "corpus.txt' is not the log of a run");
    EXPECT_EQ(readFile(path), text);
  }
}

TEST_F(CheckpointTest, ALogOrNothingMayBeWrittenOver) {
  for (const std::string &text : {"", "{", "{\"step\"", "{\"step\": 1}\n",
                                  "{\"step\": 1}\n{\"step\": 2, \"l"})
    EXPECT_NO_THROW(checkLog(folder.write("log", text)));
  EXPECT_NO_THROW(checkLog(folder / "none"));
  EXPECT_NO_THROW(checkLog("/dev/null"));
}
