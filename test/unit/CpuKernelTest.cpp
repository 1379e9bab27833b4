//===- CpuKernelTest.cpp - Compiled kernels against their definition ------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GpuKernelRunner.h"
#include "KernelRunner.h"
#include "KernelText.h"
#include "Structured.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <random>

using namespace hashc;
using namespace hashc::test;

namespace {

/// Which expert each slot has; -1 for none.
using Experts = std::function<int64_t(int64_t slot)>;

/// The buffer of the plan that stable sorting gives.
void fillPlan(Buffer &words, const KernelText &text, const Experts &experts) {
  int64_t slots = text.tokens * text.k, position = 0;
  auto place = [&](int64_t slot) {
    words.setInt(text.groups + 1 + position, slot);
    words.setInt(text.groups + 1 + slots + slot, position);
    ++position;
  };
  for (int64_t group = 0; group < text.groups; ++group) {
    words.setInt(group, position);
    for (int64_t slot = 0; slot < slots; ++slot)
      if (experts(slot) == group)
        place(slot);
  }
  words.setInt(text.groups, position);
  for (int64_t slot = 0; slot < slots; ++slot)
    if (experts(slot) < 0)
      place(slot);
}

void fillRandom(Buffer &buffer, std::mt19937 &random) {
  std::uniform_real_distribution<double> reals(-1, 1);
  for (int64_t i = 0; i < buffer.size(); ++i) {
    if (mlir::isa<mlir::FloatType>(buffer.element))
      buffer.setFloat(i, reals(random));
    else
      buffer.setInt(i, (int64_t)(random() % 200) - 50);
  }
}

/// Units in the last place between two numbers of the buffers' type.
double distance(const Buffer &a, const Buffer &b, int64_t i) {
  if (!mlir::isa<mlir::FloatType>(a.element))
    return a.getInt(i) == b.getInt(i) ? 0 : INFINITY;
  double x = a.getFloat(i), y = b.getFloat(i);
  if (x == y || (std::isnan(x) && std::isnan(y)))
    return 0;
  int bits = a.element.isF64() ? 52 : a.element.isF32() ? 23 : 7;
  return std::fabs(x - y) / std::ldexp(std::max(1e-3, std::fabs(y)), -bits);
}

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
    std::mt19937 random(42);
    std::vector<Buffer> expected;
    for (mlir::MemRefType type : runner.getTypes()) {
      expected.emplace_back(type);
      if (shape.groups && expected.size() == 1)
        fillPlan(expected.back(), shape, experts);
      else
        fillRandom(expected.back(), random);
    }
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

std::string type(std::initializer_list<int64_t> shape, const char *element) {
  std::string text;
  for (int64_t extent : shape)
    text += std::to_string(extent) + "x";
  return text + element;
}

constexpr const char *kYieldSum = "    hash.yield %acc : f32";

Experts uniform(int64_t groups) {
  return [groups](int64_t slot) { return slot * 2654435761u % 1000 % groups; };
}

/// Some experts without rows, one with nearly all, some rows masked.
Experts skewed(int64_t groups) {
  return [groups](int64_t slot) -> int64_t {
    if (slot % 11 == 3)
      return -1;
    return slot % 7 == 0 ? groups - 1 : groups > 2 ? 1 : 0;
  };
}

KernelText gemmOf(int64_t tokens, int64_t groups, int64_t depth,
                  int64_t columns, const char *element) {
  KernelText text;
  text.tokens = tokens;
  text.groups = groups;
  text.lhs = {{type({tokens, depth}, element), "token"}};
  text.rhs = {{groups ? type({groups, depth, columns}, element)
                      : type({depth, columns}, element),
               ""}};
  text.outs = {{type({tokens, columns}, element), "position"}};
  text.arguments = std::string("%acc: ") + element + ", %init: " + element;
  text.body = std::string("    hash.yield %acc : ") + element;
  return text;
}

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
