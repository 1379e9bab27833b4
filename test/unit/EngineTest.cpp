//===- EngineTest.cpp - The thread team, schedules, sampling --------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/commands/Sampler.h"
#include "runtime/commands/Schedule.h"
#include "runtime/engine/Model.h"
#include "runtime/engine/Team.h"
#include "runtime/support/Error.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <map>
#include <thread>

using namespace hashc::runtime;

TEST(Team, RunsEveryTaskOnce) {
  for (int threads : {1, 2, 3, 8}) {
    Team team(threads);
    EXPECT_EQ(team.size(), threads);
    for (int64_t tasks : {0, 1, 2, 7, 1000}) {
      std::vector<std::atomic<int>> runs(tasks);
      team.parallelFor(tasks, [&](int64_t task) { ++runs[task]; });
      for (const std::atomic<int> &count : runs)
        EXPECT_EQ(count, 1);
    }
  }
}

TEST(Team, ManySmallLaunchesInARow) {
  Team team(3);
  std::vector<int64_t> sums(5);
  for (int64_t launch = 0; launch < 20000; ++launch)
    team.parallelFor(5, [&](int64_t task) { sums[task] += launch; });
  for (int64_t sum : sums)
    EXPECT_EQ(sum, 20000 * 19999 / 2);
}

TEST(Team, WakesThreadsThatFellAsleep) {
  Team team(4);
  for (int i = 0; i < 5; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    std::atomic<int> runs{0};
    team.parallelFor(100, [&](int64_t) { ++runs; });
    EXPECT_EQ(runs, 100);
  }
}

TEST(Team, LaunchInsideATaskRunsInPlace) {
  Team team(2);
  std::atomic<int> runs{0};
  team.parallelFor(
      4, [&](int64_t) { team.parallelFor(3, [&](int64_t) { ++runs; }); });
  EXPECT_EQ(runs, 12);
}

TEST(Team, ProfileCountsByKernel) {
  Profile profile;
  profile.reset(2);
  Team::setProfile(&profile);
  HashKernel nothing = [](int64_t, void *const *) {};
  const void *kernel = reinterpret_cast<const void *>(nothing);
  hash_rt_launch(1, kernel, nullptr, 3);
  Team::setProfile(nullptr);
  hash_rt_launch(1, kernel, nullptr, 3);
  EXPECT_EQ(profile.launches, (std::vector<int64_t>{0, 1}));
  EXPECT_GT(profile.seconds[1], 0);
}

/// A model that reads `starts` when it decodes, a window of them, and never
/// otherwise.
static Descriptor makeDecoder() {
  Descriptor descriptor;
  descriptor.model.vocab = 256;
  descriptor.model.window = 8;
  descriptor.model.microBatch = 4;
  EntrySpec eval = {"eval_step", {{"tokens", "", DType::i32, {32}, 128}}};
  EntrySpec decode = {"decode_step",
                      {{"tokens", "", DType::i32, {8}, 32},
                       {"starts", "", DType::i32, {8}, 32}}};
  descriptor.entries = {eval, decode};
  return descriptor;
}

TEST(Model, AMicroBatchFitsTheStreamsThatOnlyDecodingReads) {
  Descriptor descriptor = makeDecoder();
  const HashModelEntry none[] = {{nullptr, nullptr}};
  Model model(descriptor, none, Purpose::check, 1);
  Batch batch;
  batch.rows = 32;
  batch.tokens = batch.targets = batch.starts = std::vector<int32_t>(32, 7);
  model.loadBatch(batch, 0);
  Buffer &starts = model.getBuffers().get("starts");
  ASSERT_EQ(starts.size(), 128);
  EXPECT_EQ(starts.as<int32_t>()[31], 7);
}

TEST(Model, ABatchThatDoesNotFitIsAnError) {
  Descriptor descriptor = makeDecoder();
  const HashModelEntry none[] = {{nullptr, nullptr}};
  Model model(descriptor, none, Purpose::check, 1);
  descriptor.model.microBatch = 5;
  Batch batch;
  batch.tokens = batch.targets = batch.starts = std::vector<int32_t>(40, 7);
  EXPECT_THROW(model.loadBatch(batch, 0), UserError);
}

TEST(TeamDeathTest, RuntimeErrorsStopWithAMessage) {
  EXPECT_EXIT(hash_rt_error(1, 70, 64), testing::ExitedWithCode(1),
              "error: the router's expert is 70, but must be in 0 .. 63");
  EXPECT_EXIT(hash_rt_error(2, -5, 256), testing::ExitedWithCode(1),
              "error: the key of a table is -5, but must be in 0 .. 255");
  EXPECT_EXIT(hash_rt_error(3, 2147483647, 256), testing::ExitedWithCode(1),
              "error: a token id is 2147483647, but must be in 0 .. 255");
}

TEST(Schedule, WarmUpThenCosine) {
  ScheduleSettings schedule{"cosine", 10, 0.1};
  EXPECT_DOUBLE_EQ(getLearningRate(schedule, 1, 1, 110), 0.1);
  EXPECT_DOUBLE_EQ(getLearningRate(schedule, 1, 10, 110), 1);
  EXPECT_DOUBLE_EQ(getLearningRate(schedule, 1, 60, 110), 0.55);
  EXPECT_DOUBLE_EQ(getLearningRate(schedule, 1, 110, 110), 0.1);
}

TEST(Schedule, LinearConstantAndUnknown) {
  EXPECT_DOUBLE_EQ(getLearningRate({"linear", 0, 0}, 2, 25, 100), 1.5);
  EXPECT_DOUBLE_EQ(getLearningRate({"constant", 4, 0}, 2, 2, 100), 1);
  EXPECT_DOUBLE_EQ(getLearningRate({"constant", 4, 0}, 2, 90, 100), 2);
  EXPECT_THROW(getLearningRate({"square", 0, 0}, 2, 2, 100), UserError);
}

TEST(Schedule, AdamCorrections) {
  TrainSettings train;
  train.optimizer.beta1 = 0.9;
  train.optimizer.beta2 = 0.99;
  StepHyper hyper = getHyper(train, 2);
  EXPECT_DOUBLE_EQ(hyper.correction1, 1 - 0.81);
  EXPECT_DOUBLE_EQ(hyper.correction2, 1 - 0.99 * 0.99);
}

TEST(Sampler, GreedyTakesTheLowestIdOnTies) {
  Sampler sampler(0, 0, 7);
  EXPECT_EQ(sampler.sample({1, 3, 3, 2}), 1);
}

TEST(Sampler, TopKNeverLeavesTheBest) {
  Sampler sampler(5, 2, 7);
  for (int i = 0; i < 200; ++i) {
    int32_t token = sampler.sample({0, 4, 1, 4.5, 3});
    EXPECT_TRUE(token == 1 || token == 3) << token;
  }
}

TEST(Sampler, FollowsTheSoftmax) {
  Sampler sampler(1, 0, 3);
  std::map<int32_t, int> counts;
  constexpr int draws = 20000;
  for (int i = 0; i < draws; ++i)
    ++counts[sampler.sample({std::log(1.0), std::log(2.0), std::log(5.0)})];
  EXPECT_NEAR(counts[0] / double(draws), 1 / 8.0, 0.01);
  EXPECT_NEAR(counts[1] / double(draws), 2 / 8.0, 0.01);
  EXPECT_NEAR(counts[2] / double(draws), 5 / 8.0, 0.01);
}
