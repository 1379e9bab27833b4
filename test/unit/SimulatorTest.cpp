//===- SimulatorTest.cpp - What the simulator knows of time and memory ----===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/simulator/Clocks.h"
#include "runtime/simulator/Shadow.h"

#include <gtest/gtest.h>

#include <string>

using namespace hashc::sim;

namespace {

constexpr size_t kActors = 4;
constexpr Site kSite = {"test", "", 0, 0};

/// Three threads and an agent of the first, with memory that all touch.
class Simulated : public testing::Test {
protected:
  void SetUp() override {
    clocks.reset(kActors);
    for (Actor i = 0; i < kActors; ++i)
      threads[i] = {i, 1, 0, clocks.getBeginning()};
    memory.reset(/*bytes=*/64, /*defined=*/false);
  }

  Visit visit(Actor who, Instance block = 1, Instance launchBegin = 1) {
    return Visit::by(threads[who], block, launchBegin, &kSite);
  }
  /// "" or what is wrong.
  std::string read(const Visit &who, size_t offset, size_t bytes = 4) {
    const Finding finding = memory.read(who, offset, bytes);
    return finding.what ? finding.what : "";
  }
  std::string write(const Visit &who, size_t offset, size_t bytes = 4) {
    const Finding finding = memory.write(who, offset, bytes);
    return finding.what ? finding.what : "";
  }
  void meet(std::initializer_list<Actor> who) {
    Gathering gathering;
    for (Actor actor : who)
      gathering.add(threads[actor]);
    const Knowledge all = gathering.finish(clocks);
    for (Actor actor : who)
      threads[actor].others = all;
  }

  Clocks clocks;
  Clock threads[kActors];
  Shadow memory;
};

constexpr const char *kReadsOther =
    "reads what another thread writes, with nothing between";
constexpr const char *kWritesOther =
    "writes what another thread writes, with nothing between";
constexpr const char *kWritesRead =
    "writes what another thread reads, with nothing between";

TEST_F(Simulated, ABarrierOrdersThoseThatMeet) {
  EXPECT_EQ(read(visit(0), 0), "reads what was never written");
  EXPECT_EQ(write(visit(0), 0), "");
  EXPECT_EQ(read(visit(0), 0), "");
  EXPECT_EQ(read(visit(1), 0), kReadsOther);
  meet({0, 1});
  EXPECT_EQ(read(visit(1), 0), "");
  EXPECT_EQ(read(visit(2), 0), kReadsOther);
  // What comes after the barrier is not known by it.
  EXPECT_EQ(write(visit(0), 4), "");
  EXPECT_EQ(write(visit(1), 4), kWritesOther);
}

TEST_F(Simulated, KnowledgeIsPassedOn) {
  EXPECT_EQ(write(visit(0), 0), "");
  meet({0, 1});
  meet({1, 2});
  EXPECT_EQ(read(visit(2), 0), "");
}

TEST_F(Simulated, AllReadersMustBeKnown) {
  EXPECT_EQ(write(visit(0), 0), "");
  meet({0, 1, 2});
  EXPECT_EQ(read(visit(1), 0), "");
  EXPECT_EQ(read(visit(2), 0), "");
  EXPECT_EQ(read(visit(2), 0), "");
  meet({0, 2});
  EXPECT_EQ(write(visit(0), 0), kWritesRead);
  meet({0, 1});
  EXPECT_EQ(write(visit(0), 0), "");
}

TEST_F(Simulated, BytesOfAWordAreApart) {
  EXPECT_EQ(write(visit(0), 0, 1), "");
  EXPECT_EQ(write(visit(1), 1, 1), "");
  EXPECT_EQ(write(visit(1), 0, 1), kWritesOther);
  EXPECT_EQ(read(visit(0), 0, 4), kReadsOther);
  meet({0, 1});
  EXPECT_EQ(read(visit(0), 0, 2), "");
  EXPECT_EQ(read(visit(0), 0, 4), "reads what was never written");
  // Written as one it is one again.
  EXPECT_EQ(write(visit(0), 0, 4), "");
  EXPECT_EQ(read(visit(0), 0, 4), "");
  EXPECT_EQ(read(visit(1), 3, 1), kReadsOther);
}

TEST_F(Simulated, BlocksOfALaunchHaveNoOrderAndLaunchesHave) {
  EXPECT_EQ(write(visit(0, 1, 1), 0), "");
  EXPECT_EQ(read(visit(0, 2, 1), 0), kReadsOther);
  EXPECT_EQ(read(visit(0, 3, 3), 0), "");
  EXPECT_EQ(read(visit(0, 4, 3), 0), "");
  EXPECT_EQ(write(visit(0, 4, 3), 0), kWritesRead);
  EXPECT_EQ(write(visit(0, 5, 5), 0), "");
}

TEST_F(Simulated, AtomicsDoNotRaceAmongThemselves) {
  auto atomic = [&](Actor who) {
    Visit result = visit(who);
    result.atomic = true;
    return result;
  };
  EXPECT_EQ(write(atomic(0), 0), "");
  EXPECT_EQ(read(atomic(1), 0), "");
  EXPECT_EQ(write(atomic(1), 0), "");
  EXPECT_EQ(read(visit(2), 0), kReadsOther);
}

TEST_F(Simulated, TheOtherProxyNeedsAFence) {
  auto asynchronous = [&](Actor who) {
    Visit result = visit(who);
    result.asynchronous = true;
    return result;
  };
  const std::string hidden = "reads through the asynchronous proxy what a "
                             "thread wrote, with no fence.proxy.async between";
  EXPECT_EQ(write(visit(0), 0), "");
  meet({0, 1});
  EXPECT_EQ(read(asynchronous(1), 0), hidden);
  // After the barrier it is too late for those that met there.
  clocks.fence(threads[0]);
  EXPECT_EQ(read(asynchronous(0), 0), "");
  EXPECT_EQ(read(asynchronous(1), 0), hidden);
  meet({0, 1});
  EXPECT_EQ(read(asynchronous(1), 0), "");
  // What follows the fence is not covered by it.
  clocks.fence(threads[0]);
  EXPECT_EQ(write(visit(0), 4), "");
  EXPECT_EQ(read(asynchronous(0), 4), hidden);
}

TEST_F(Simulated, AnAgentReadsOnWhenItsThreadIsDone) {
  EXPECT_EQ(write(visit(0), 0), "");
  Visit agent = visit(0);
  agent.actor = 3;
  agent.tick = threads[3].now;
  EXPECT_EQ(read(visit(0), 0), "");
  EXPECT_EQ(read(agent, 0), "");
  meet({0, 1});
  EXPECT_EQ(write(visit(1), 0), kWritesRead);
  meet({3, 1});
  EXPECT_EQ(write(visit(1), 0), "");
}

TEST_F(Simulated, AThreadsReadIsNotItsAgents) {
  EXPECT_EQ(write(visit(0), 0), "");
  meet({0, 1});
  Visit agent = visit(0);
  agent.actor = 3;
  agent.tick = threads[3].now;
  EXPECT_EQ(read(visit(0), 0), "");
  EXPECT_EQ(read(agent, 0), "");
  meet({3, 1});
  EXPECT_EQ(write(visit(1), 0), kWritesRead);
  meet({0, 1});
  EXPECT_EQ(write(visit(1), 0), "");
}

TEST_F(Simulated, ACopyIsThereWhenItsThreadHasWaited) {
  EXPECT_EQ(memory.beginCopy(visit(0), 0, 16).what, nullptr);
  const std::string flies =
      "touches memory that an asynchronous copy still fills";
  EXPECT_EQ(read(visit(0), 0), flies);
  meet({0, 1});
  EXPECT_EQ(write(visit(1), 12), flies);
  memory.completeCopy(visit(0), 0, 16);
  EXPECT_EQ(read(visit(0), 0, 16), "");
  EXPECT_EQ(read(visit(1), 0), kReadsOther);
  meet({0, 1});
  EXPECT_EQ(read(visit(1), 0), "");
}

} // namespace
