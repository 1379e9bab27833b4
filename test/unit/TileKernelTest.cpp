//===- TileKernelTest.cpp - Tiles of a GPU against their definition -------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GpuKernelRunner.h"
#include "KernelCases.h"

#include "codegen/nvvm/TileChoice.h"
#include "runtime/simulator/Modes.h"

#include <gtest/gtest.h>

#include <cmath>

using namespace hashc;
using namespace hashc::test;
using nvvm::TileConfig;

namespace {

/// The ways to multiply: the GPU and the elements that lead there, and how far
/// the result may be from the definition's, whose order of summation tensor
/// cores do not have.
struct Way {
  const char *name, *chip, *lhs, *rhs;
  TileConfig::Product product;
  double allowed;
  int64_t columns = 0; // of a tile, where there is a choice
};
constexpr Way kWays[] = {
    {"Fma", "sm_80", "f32", "f32", TileConfig::Product::fma, 0},
    {"Mma8", "sm_80", "bf16", "f32", TileConfig::Product::mma8, 4e-3},
    {"Mma16", "sm_80", "bf16", "bf16", TileConfig::Product::mma16, 1e-4},
    {"FmaOfHopper", "sm_90a", "f32", "f32", TileConfig::Product::fma, 0},
    {"Mma8OfHopper", "sm_90a", "bf16", "f32", TileConfig::Product::mma8, 4e-3},
    {"Wgmma64", "sm_90a", "bf16", "bf16", TileConfig::Product::wgmma, 1e-4, 64},
    {"Wgmma128", "sm_90a", "bf16", "bf16", TileConfig::Product::wgmma, 1e-4,
     128},
    {"Wgmma256", "sm_90a", "bf16", "bf16", TileConfig::Product::wgmma, 1e-4,
     256}};

class TileKernel : public testing::TestWithParam<Way> {
protected:
  /// How many times as far the result may be.
  double slack = 1;

  /// Runs the kernel in every mode of the simulator, for each of the plans:
  /// the bits are the same, and they are what the definition gives.
  void compare(const std::string &text, const KernelText &shape,
               const std::vector<Experts> &plans = {nullptr}) {
    SCOPED_TRACE(text);
    GpuKernelRunner runner(text, nvvm::GpuTarget{GetParam().chip},
                           GetParam().columns);
    auto config = nvvm::chooseTiles(runner.getOp());
    ASSERT_TRUE(config && config->product == GetParam().product);
    for (const Experts &experts : plans)
      compareOnce(runner, shape, experts);
  }

private:
  void compareOnce(GpuKernelRunner &runner, const KernelText &shape,
                   const Experts &experts) {
    std::vector<Buffer> expected = makeBuffers(runner, shape, experts);
    poison(expected, shape);
    const std::vector<Buffer> begin = expected;
    interpret(runner.getOp(), expected);
    std::vector<Buffer> first;
    for (const sim::Mode &mode : sim::getModes()) {
      SCOPED_TRACE(sim::getName(mode));
      std::vector<Buffer> actual = begin;
      std::vector<void *> pointers;
      for (Buffer &buffer : actual)
        pointers.push_back(buffer.bytes.data());
      runner.launch(pointers, mode);
      if (first.empty())
        first = actual;
      for (size_t b = 0; b < actual.size(); ++b) {
        ASSERT_EQ(actual[b].bytes, first[b].bytes) << "buffer " << b;
        for (int64_t i = 0; i < actual[b].size(); ++i)
          ASSERT_TRUE(isNear(actual[b], expected[b], i))
              << "buffer " << b << " element " << i << ": "
              << actual[b].getFloat(i) << " instead of "
              << expected[b].getFloat(i);
      }
    }
  }

  /// A result that does not read what was there must not depend on it.
  static void poison(std::vector<Buffer> &buffers, const KernelText &shape) {
    const std::string name = "%init";
    if (shape.body.find(name) != std::string::npos)
      return;
    Buffer &out = buffers.back();
    for (int64_t i = 0; i < out.size(); ++i)
      out.setFloat(i, NAN);
  }

  bool isNear(const Buffer &a, const Buffer &b, int64_t i) {
    if (!mlir::isa<mlir::FloatType>(a.element))
      return a.getInt(i) == b.getInt(i);
    const double x = a.getFloat(i), y = b.getFloat(i);
    if (x == y || (std::isnan(x) && std::isnan(y)))
      return true;
    const double rounding =
        a.element.isBF16() && GetParam().allowed > 0 ? 0x1p-8 : 0;
    return std::fabs(x - y) <= (slack * GetParam().allowed + rounding) *
                                   std::max(1.0, std::fabs(y));
  }
};

const char *kAccumulate = "    %0 = arith.addf %acc, %init : f32\n"
                          "    hash.yield %0 : f32";

/// With bf16 operands sums are f32, and so is the result.
KernelText tileGemm(int64_t tokens, int64_t groups, int64_t depth,
                    int64_t columns, const Way &way) {
  KernelText text = gemmOf(tokens, groups, depth, columns, "f32");
  text.lhs[0].type = type({tokens, depth}, way.lhs);
  text.rhs[0].type = groups ? type({groups, depth, columns}, way.rhs)
                            : type({depth, columns}, way.rhs);
  return text;
}

std::vector<Experts> getPlans(int64_t groups) {
  return {uniform(groups), skewed(groups), [](int64_t) { return -1; },
          [](int64_t slot) { return slot == 5 ? 0 : -1; }};
}

TEST_P(TileKernel, Dense) {
  for (auto [rows, depth, columns] :
       {std::tuple(1, 8, 8), std::tuple(5, 104, 64), std::tuple(65, 16, 72),
        std::tuple(64, 200, 4 * 2), std::tuple(130, 40, 264)}) {
    KernelText text = tileGemm(rows, 0, depth, columns, GetParam());
    compare(text.gemm(), text);
  }
}

/// Every stage is used again and again; boxes of the copy engine are whole in
/// the second. Errors of more terms add up as in a random walk.
TEST_P(TileKernel, Deep) {
  slack = 2;
  for (auto [rows, depth, columns] :
       {std::tuple(140, 600, 72), std::tuple(70, 640, 136)}) {
    KernelText text = tileGemm(rows, 0, depth, columns, GetParam());
    compare(text.gemm(), text);
  }
}

TEST_P(TileKernel, Grouped) {
  for (auto [groups, depth] : {std::pair(1, 136), std::pair(3, 64),
                               std::pair(3, 136), std::pair(8, 136)}) {
    KernelText text = tileGemm(100, groups, depth, 72, GetParam());
    compare(text.gemm(), text, getPlans(groups));
  }
}

TEST_P(TileKernel, Transposed) {
  const char *rhs = GetParam().rhs;
  for (auto [depth, columns] : {std::pair(8, 72), std::pair(136, 40)}) {
    KernelText text = tileGemm(70, 2, depth, columns, GetParam());
    text.rhs[0].type = type({2, columns, depth}, rhs);
    text.transposed = true;
    compare(text.gemm(), text, getPlans(2));
  }
}

TEST_P(TileKernel, SeveralProducts) {
  const char *lhs = GetParam().lhs, *rhs = GetParam().rhs;
  KernelText text = tileGemm(70, 3, 24, 40, GetParam());
  text.lhs = {{type({70, 24}, lhs), "token"},
              {type({70, 24}, lhs), "position"},
              {type({70, 8}, lhs), "slot"}};
  text.rhs = {{type({3, 24, 40}, rhs), ""},
              {type({3, 24, 40}, rhs), ""},
              {type({3, 8, 40}, rhs), ""}};
  text.into = "[0, 1, 0]";
  text.arguments = "%a: f32, %b: f32, %init: f32";
  text.body = "    %c = arith.mulf %a, %b : f32\n"
              "    %d = arith.addf %c, %init : f32\n"
              "    hash.yield %d : f32";
  compare(text.gemm(), text, {skewed(3)});
}

/// Rows of slots are read and written through the plan, and dead ones cleared.
TEST_P(TileKernel, Epilogue) {
  const char *lhs = GetParam().lhs;
  KernelText text = tileGemm(70, 4, 40, 72, GetParam());
  text.k = 2;
  text.lhs = {{type({140, 40}, lhs), "slot"}};
  text.reads = {{type({4, 72}, "f32"), "group"},
                {type({70, 72}, lhs), "token"},
                {type({140}, "f32"), "position"}};
  text.outs = {{type({140, 72}, lhs), "slot"}};
  text.zeroDead = true;
  text.arguments = "%acc: f32, %g: f32, %t: f32, %p: f32, %init: f32";
  text.body = R"(
    %0 = arith.addf %acc, %g : f32
    %1 = arith.mulf %0, %t : f32
    %2 = arith.subf %1, %p : f32
    hash.yield %2 : f32)";
  compare(text.gemm(), text, getPlans(4));
}

TEST_P(TileKernel, Outer) {
  const char *lhs = GetParam().lhs, *rhs = GetParam().rhs;
  for (bool skip : {false, true}) {
    KernelText text;
    text.tokens = 150;
    text.groups = 4;
    text.lhs = {{type({150, 72}, lhs), "token"}};
    text.rhs = {{type({150, 40}, rhs), "position"}};
    text.outs = {{type({4, 72, 40}, "f32"), ""}};
    text.skipEmpty = skip;
    text.arguments = "%acc: f32, %init: f32";
    text.body = kAccumulate;
    compare(text.outer(), text, getPlans(4));
  }
}

TEST_P(TileKernel, OuterOfAllRows) {
  const char *lhs = GetParam().lhs, *rhs = GetParam().rhs;
  for (int64_t rows : {1, 17, 200}) {
    KernelText text;
    text.tokens = rows;
    text.lhs = {{type({rows, 8}, lhs), "token"}};
    text.rhs = {{type({rows, 136}, rhs), "token"}};
    text.outs = {{type({8, 136}, "f32"), ""}};
    text.arguments = "%acc: f32, %init: f32";
    text.body = "    hash.yield %acc : f32";
    compare(text.outer(), text);
  }
}

/// Columns of the tiles of a sum over 64 rows.
int64_t chooseColumns(int64_t lhsColumns, int64_t rhsColumns) {
  KernelText text;
  text.tokens = 64;
  text.lhs = {{type({64, lhsColumns}, "bf16"), "token"}};
  text.rhs = {{type({64, rhsColumns}, "bf16"), "token"}};
  text.outs = {{type({lhsColumns, rhsColumns}, "f32"), ""}};
  text.arguments = "%acc: f32, %init: f32";
  text.body = kAccumulate;
  GpuKernelRunner runner(text.outer(), nvvm::GpuTarget{"sm_90a"});
  return nvvm::chooseTiles(runner.getOp())->columns;
}

/// Wide tiles, but for launches that would leave multiprocessors idle.
TEST(TileChoice, FillsTheGpu) {
  EXPECT_EQ(chooseColumns(16384, 1024), 256);
  EXPECT_EQ(chooseColumns(1024, 4096), 256);
  EXPECT_EQ(chooseColumns(1024, 2048), 128);
  EXPECT_EQ(chooseColumns(1024, 1024), 64);
  EXPECT_EQ(chooseColumns(8, 8), 64);
}

INSTANTIATE_TEST_SUITE_P(All, TileKernel, testing::ValuesIn(kWays),
                         [](const auto &info) {
                           return std::string(info.param.name);
                         });

} // namespace
