//===- CpuKernelTest.cpp - Compiled kernels against their definition ------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GpuKernelRunner.h"
#include "KernelCases.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

using namespace hashc;
using namespace hashc::test;

namespace {

std::vector<cpu::CpuTarget> getTargets() {
  std::vector<cpu::CpuTarget> targets = {
      llvm::cantFail(cpu::resolveTarget("x86-64-v3"))};
  cpu::CpuTarget native = llvm::cantFail(cpu::resolveTarget("native"));
  if (native.vectorBytes == 64)
    targets.push_back(native);
  return targets;
}

class CpuKernel : public testing::Test {
protected:
  /// Runs the kernel on random buffers, with each of the plans, and compares
  /// all buffers with what the definition gives: bit by bit, or within `ulps`
  /// where functions of the library are called.
  void compare(const std::string &text, const KernelText &shape,
               const std::vector<Experts> &plans = {nullptr}, double ulps = 0) {
    auto compareAll = [&](KernelModule &&runner) {
      for (const Experts &experts : plans)
        compareOnce(runner, shape, experts, ulps);
    };
    for (const cpu::CpuTarget &target : getTargets()) {
      SCOPED_TRACE(target.cpu + "\n" + text);
      compareAll(KernelRunner(text, target));
    }
    SCOPED_TRACE("sm_80\n" + text);
    compareAll(GpuKernelRunner(text, nvvm::GpuTarget()));
  }

private:
  void compareOnce(KernelModule &runner, const KernelText &shape,
                   const Experts &experts, double ulps) {
    std::vector<Buffer> expected = makeBuffers(runner, shape, experts);
    std::vector<Buffer> actual = expected;
    std::vector<void *> pointers;
    for (Buffer &buffer : actual)
      pointers.push_back(buffer.bytes.data());
    runner.run(pointers);
    interpret(runner.getOp(), expected);
    for (size_t b = 0; b < actual.size(); ++b)
      for (int64_t i = 0; i < actual[b].size(); ++i)
        ASSERT_LE(distance(actual[b], expected[b], i), ulps)
            << "buffer " << b << " element " << i << ": "
            << actual[b].getFloat(i) << " instead of "
            << expected[b].getFloat(i);
  }
};

constexpr const char *kYieldSum = "    hash.yield %acc : f32";

TEST_F(CpuKernel, DenseGemm) {
  for (int64_t rows : {1, 5, 13, 150})
    for (int64_t columns : {1, 16, 70, 128}) {
      KernelText text = gemmOf(rows, 0, 37, columns, "f32");
      compare(text.gemm(), text);
    }
}

TEST_F(CpuKernel, GroupedGemm) {
  for (int64_t groups : {1, 3, 8}) {
    KernelText text = gemmOf(100, groups, 40, 96, "f32");
    compare(text.gemm(), text,
            {uniform(groups), skewed(groups), [](int64_t) { return -1; },
             [](int64_t slot) { return slot == 5 ? 0 : -1; }});
  }
}

TEST_F(CpuKernel, DeepGemm) {
  KernelText text = gemmOf(9, 2, 3000, 33, "f32");
  compare(text.gemm(), text, {uniform(2)});
}

TEST_F(CpuKernel, GemmInOtherTypes) {
  KernelText text = gemmOf(50, 3, 45, 50, "f64");
  compare(text.gemm(), text, {skewed(3)});
  text = gemmOf(50, 3, 45, 50, "f32");
  text.lhs[0].type = type({50, 45}, "bf16");
  text.outs[0].type = type({50, 50}, "bf16");
  compare(text.gemm(), text, {skewed(3)});
  text.rhs[0].type = type({3, 45, 50}, "bf16");
  compare(text.gemm(), text, {skewed(3)});
}

TEST_F(CpuKernel, GemmOnPanels) {
  for (const char *element : {"f32", "f64"})
    for (int64_t panel : {16, 64})
      for (bool transposed : {false, true}) {
        int64_t depth = 48, columns = 80;
        KernelText text = gemmOf(60, 3, depth, columns, element);
        int64_t width = transposed ? depth : columns;
        int64_t height = transposed ? columns : depth;
        text.rhs[0].type =
            type({3, (width + panel - 1) / panel, height, panel}, element);
        text.transposed = transposed;
        compare(text.gemm(), text, {skewed(3)});
      }
}

TEST_F(CpuKernel, TransposedGemm) {
  for (int64_t depth : {1, 16, 50})
    for (int64_t columns : {1, 32, 50, 77}) {
      KernelText text = gemmOf(30, 2, depth, columns, "f32");
      text.rhs[0].type = type({2, columns, depth}, "f32");
      text.transposed = true;
      compare(text.gemm(), text, {uniform(2)});
    }
  KernelText text = gemmOf(30, 2, 19, 21, "f32");
  text.lhs[0].type = type({30, 19}, "bf16");
  text.rhs[0].type = type({2, 21, 19}, "bf16");
  text.transposed = true;
  compare(text.gemm(), text, {uniform(2)});
}

TEST_F(CpuKernel, GemmOfSeveralProducts) {
  KernelText text = gemmOf(40, 3, 24, 40, "f32");
  text.lhs = {{type({40, 24}, "f32"), "token"},
              {type({40, 24}, "f32"), "position"},
              {type({40, 10}, "f32"), "slot"}};
  text.rhs = {{type({3, 24, 40}, "f32"), ""},
              {type({3, 24, 40}, "f32"), ""},
              {type({3, 10, 40}, "f32"), ""}};
  text.into = "[0, 1, 0]";
  text.arguments = "%a: f32, %b: f32, %init: f32";
  text.body = "    %c = arith.mulf %a, %b : f32\n    hash.yield %c : f32";
  compare(text.gemm(), text, {skewed(3)});
}

TEST_F(CpuKernel, GemmWithEpilogue) {
  for (const char *element : {"f32", "bf16"})
    for (int64_t columns : {64, 75}) {
      KernelText text = gemmOf(70, 4, 20, columns, "f32");
      text.k = 2;
      text.lhs = {{type({140, 20}, element), "slot"}};
      text.reads = {{type({4, columns}, "f32"), "group"},
                    {type({70, columns}, element), "token"},
                    {type({140, columns}, element), "position"},
                    {type({columns}, "f32"), "all"},
                    {type({1}, "f32"), "all"}};
      text.outs = {{type({140, columns}, element), "slot"},
                   {type({140, columns}, "f32"), "position"}};
      text.zeroDead = true;
      text.arguments = "%acc: f32, %g: f32, %t: f32, %p: f32, %a: f32, "
                       "%one: f32, %i0: f32, %i1: f32";
      text.body = R"(
    %0 = arith.addf %acc, %g : f32
    %1 = arith.mulf %0, %t : f32
    %2 = arith.subf %1, %p : f32
    %3 = arith.addf %2, %a : f32
    %4 = arith.mulf %3, %one : f32
    %zero = arith.constant 0.0 : f32
    %5 = arith.maximumf %4, %zero : f32
    %6 = arith.addf %5, %i1 : f32
    hash.yield %4, %6 : f32, f32)";
      compare(text.gemm(), text, {skewed(4)});
    }
}

TEST_F(CpuKernel, GroupedOuter) {
  for (const char *element : {"f32", "f64"})
    for (auto [height, width] : {std::pair(20, 40), std::pair(160, 70)})
      for (int64_t panel : {0, 16})
        for (bool skip : {false, true}) {
          KernelText text;
          text.tokens = 90;
          text.groups = 4;
          text.lhs = {{type({90, height}, element), "token"}};
          text.rhs = {{type({90, width}, element), "position"}};
          std::string matrix =
              panel ? type({4, (width + panel - 1) / panel, height, panel},
                           element)
                    : type({4, height, width}, element);
          text.reads = {{matrix, ""}};
          text.outs = {{matrix, ""}};
          text.skipEmpty = skip;
          std::string e = element;
          text.arguments = "%acc: " + e + ", %r: " + e + ", %old: " + e;
          text.body = "    %0 = arith.addf %acc, %r : " + e +
                      "\n    %1 = arith.addf %0, %old : " + e +
                      "\n    hash.yield %1 : " + e;
          compare(text.outer(), text, {skewed(4)});
        }
}

TEST_F(CpuKernel, OuterOfManyRows) {
  for (int64_t groups : {0, 2}) {
    KernelText text;
    text.tokens = 700;
    text.groups = groups;
    text.lhs = {{type({700, 33}, "bf16"), "token"}};
    text.rhs = {{type({700, 17}, "bf16"), "token"}};
    text.outs = {
        {groups ? type({groups, 33, 17}, "f32") : type({33, 17}, "f32"), ""}};
    text.arguments = "%acc: f32, %old: f32";
    text.body = kYieldSum;
    compare(text.outer(), text, {uniform(2)});
  }
}

TEST_F(CpuKernel, MapThroughPlan) {
  for (int64_t columns : {1, 16, 37}) {
    KernelText text;
    text.tokens = 60;
    text.k = 2;
    text.groups = 5;
    text.zeroDead = true;
    text.reads = {{type({120, columns}, "f32"), "position"},
                  {type({60, columns}, "bf16"), "token"},
                  {type({5, columns}, "f32"), "group"}};
    text.outs = {{type({120, columns}, "f32"), "slot"}};
    text.arguments = "%p: f32, %t: f32, %g: f32, %i: f32";
    text.body = "    %0 = arith.addf %p, %t : f32\n"
                "    %1 = arith.mulf %0, %g : f32\n"
                "    hash.yield %1 : f32";
    compare(text.map(), text, {skewed(5)});
  }
}

TEST_F(CpuKernel, MapOfOneShape) {
  for (std::string shape : {"1x", "40000x", "30x50x", "7x3x5x"}) {
    KernelText text;
    text.reads = {
        {shape + "f32", "all"}, {"1xf32", "all"}, {shape + "i32", "all"}};
    text.outs = {{shape + "f64", "all"}};
    text.arguments = "%x: f32, %s: f32, %n: i32, %i: f64";
    text.body = "    %0 = arith.mulf %x, %s : f32\n"
                "    %1 = arith.extf %0 : f32 to f64\n"
                "    %2 = arith.sitofp %n : i32 to f64\n"
                "    %3 = arith.addf %1, %2 : f64\n"
                "    hash.yield %3 : f64";
    if (shape == "7x3x5x" || shape == "40000x" || shape == "1x")
      compare(text.map(), text);
  }
}

TEST_F(CpuKernel, MapOfIntegers) {
  KernelText text;
  text.reads = {{"45xi32", "all"}, {"1xi64", "all"}};
  text.outs = {{"45xi64", "all"}, {"45xi1", "all"}};
  text.arguments = "%x: i32, %m: i64, %i: i64, %j: i1";
  text.body = "    %0 = arith.extsi %x : i32 to i64\n"
              "    %seven = arith.constant 7 : i64\n"
              "    %1 = arith.floordivsi %0, %seven : i64\n"
              "    %2 = arith.muli %1, %m : i64\n"
              "    %3 = arith.cmpi slt, %2, %0 : i64\n"
              "    %4 = arith.select %3, %2, %0 : i64\n"
              "    hash.yield %4, %3 : i64, i1";
  compare(text.map(), text);
}

TEST_F(CpuKernel, MapOfRowsAndColumns) {
  KernelText text;
  text.reads = {{"50x33xf32", "token"}, {"33xf32", "all"}};
  text.outs = {{"50x33xbf16", "token"}};
  text.arguments = "%x: f32, %b: f32, %i: f32";
  text.body = "    %0 = arith.addf %x, %b : f32\n    hash.yield %0 : f32";
  compare(text.map(), text);
}

/// The first rows of a large batch have the bits of a small batch.
TEST_F(CpuKernel, RowsDoNotDependOnTheBatch) {
  for (const cpu::CpuTarget &target : getTargets()) {
    auto run = [&](int64_t rows) {
      KernelText text = gemmOf(rows, 0, 1500, 100, "f32");
      KernelRunner runner(text.gemm(), target);
      std::vector<Buffer> buffers;
      for (mlir::MemRefType type : runner.getTypes())
        buffers.emplace_back(type);
      std::mt19937 numbers(1);
      fillRandom(buffers[1], numbers);
      fillRandom(buffers[0], numbers);
      runner.run({buffers[0].bytes.data(), buffers[1].bytes.data(),
                  buffers[2].bytes.data()});
      return buffers[2].bytes;
    };
    std::vector<uint8_t> one = run(1), seven = run(7), many = run(300);
    EXPECT_EQ(std::memcmp(one.data(), many.data(), one.size()), 0);
    EXPECT_EQ(std::memcmp(seven.data(), many.data(), seven.size()), 0);
  }
}

} // namespace
