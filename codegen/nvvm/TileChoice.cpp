//===- TileChoice.cpp - Which tiles a product is cut into -----------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/nvvm/TileChoice.h"

#include "codegen/cpu/Schedule.h"
#include "codegen/cpu/Tasks.h"
#include "codegen/nvvm/TileProduct.h"
#include "dialect/Target.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;

namespace hashc::nvvm {

static ShapedType getShaped(Value value) {
  return cast<ShapedType>(value.getType());
}

/// True if each row is made of whole copies of elements that can be copied.
static bool hasWholeCopies(Value value) {
  ShapedType type = getShaped(value);
  Type element = type.getElementType();
  if (!element.isF32() && !element.isBF16())
    return false;
  const int64_t bytes = element.getIntOrFloatBitWidth() / 8;
  return type.getShape().back() * bytes % kCopyBytes == 0;
}

/// Bodies run on vectors of up to so many columns of a row.
constexpr int64_t kBodyLanes = 4;

/// For bodies that need more than 128 registers a thread.
static TileConfig getMultistageBf16() {
  TileConfig config;
  config.product = TileConfig::Product::mma16;
  config.depth = 32;
  config.blocksAtOnce = 3;
  return config;
}

/// With so many sums for each element.
static TileConfig getWarpSpecialized(size_t sums, int64_t columns) {
  TileConfig config;
  config.product = TileConfig::Product::wgmma;
  config.rows = 128;
  config.columns = columns;
  config.depth = 64;
  config.threads = 384;
  config.stages = 4;
  config.blocksAtOnce = 1;
  config.sharedBytes = getWarpSpecializedSharedBytes(config, sums);
  return config;
}

static int64_t countTasks(Operation *op, const TileConfig &config) {
  if (auto gemm = dyn_cast<hash::GroupedGemmOp>(op))
    return GemmTiles(gemm, config).count();
  return OuterTiles(cast<hash::GroupedOuterOp>(op), config).count();
}

/// Of an H100 or H200.
constexpr int64_t kMultiprocessors = 132;

static int64_t getColumns(Operation *op) {
  if (auto gemm = dyn_cast<hash::GroupedGemmOp>(op))
    return getShaped(gemm.getInits().front()).getDimSize(1);
  return getShaped(cast<hash::GroupedOuterOp>(op).getRhs()).getDimSize(1);
}

/// The part of the tensor cores' peak that a launch may reach. A step of 16
/// takes them columns / 2 cycles for each of two warpgroups, in which shared
/// memory, 128 bytes a cycle, is written once and read by both, each its own
/// rows. Some columns may not exist, and the last blocks leave multiprocessors
/// without work.
static double predictShare(Operation *op, const TileConfig &config) {
  constexpr double bytesOfLine = 16 * 2, bytesAtOnce = 128;
  const double lines = config.rows + config.columns;
  const double read = config.rows + 2 * config.columns;
  const double shared = (lines + read) * bytesOfLine / bytesAtOnce;
  const double busy = std::min(1.0, config.columns / shared);
  auto fill = [](int64_t count, int64_t unit) {
    return static_cast<double>(count) /
           static_cast<double>(llvm::divideCeil(count, unit) * unit);
  };
  return busy * fill(getColumns(op), config.columns) *
         fill(countTasks(op, config), kMultiprocessors);
}

constexpr int64_t kWidths[] = {64, 128, 256};

bool isTileWidth(int64_t columns) {
  return columns == 0 || llvm::is_contained(kWidths, columns);
}

/// Sums of 64 by 256 elements leave a thread of a warpgroup registers for the
/// rest, and so do twice 64 by 64. `hash.target`'s tile_columns forces a width.
static TileConfig chooseWarpSpecialized(Operation *op, size_t sums) {
  const int64_t wanted = getTargetNumber(op, "tile_columns", /*otherwise=*/0);
  if (sums > 1)
    return getWarpSpecialized(sums, kWidths[0]);
  if (wanted > 0)
    return getWarpSpecialized(sums, wanted);
  TileConfig best = getWarpSpecialized(sums, kWidths[0]);
  for (int64_t columns : llvm::drop_begin(kWidths)) {
    TileConfig wider = getWarpSpecialized(sums, columns);
    if (predictShare(op, wider) > predictShare(op, best))
      best = wider;
  }
  return best;
}

static std::optional<TileConfig> choose(Operation *op, ValueRange sides,
                                        Type compute, ValueRange outs,
                                        size_t sums) {
  if (!compute.isF32() || !llvm::all_of(sides, hasWholeCopies))
    return std::nullopt;
  for (Value out : outs)
    if (getShaped(out).getRank() < 2 ||
        getShaped(out).getShape().back() % kBodyLanes != 0)
      return std::nullopt;
  auto isBf16 = [](Value side) {
    return getElementTypeOrSelf(side.getType()).isBF16();
  };
  if (llvm::all_of(sides, isBf16))
    return getTargetOption(op, "arch") == "sm_90a" && sums <= 2
               ? chooseWarpSpecialized(op, sums)
               : getMultistageBf16();
  TileConfig config;
  // With rows of bf16, or results, numbers need no more digits than tf32 has.
  if (llvm::any_of(sides, isBf16) || llvm::all_of(outs, isBf16))
    config.product = TileConfig::Product::mma8;
  return config;
}

bool isForGpu(ModuleOp module) {
  return getTargetOption(module, "target") == "cuda";
}

/// True if a box has rows of one matrix only: what is past the contraction's
/// end must not be another group's, whose numbers may be infinite.
static bool canHaveBoxes(hash::GroupedGemmOp gemm, const TileConfig &config) {
  return config.product == TileConfig::Product::wgmma &&
         (gemm.getTransposed() || llvm::all_of(gemm.getLhs(), [&](Value lhs) {
            return getShaped(lhs).getDimSize(1) % config.depth == 0;
          }));
}

static size_t countSums(hash::GroupedGemmOp gemm) {
  return size_t(*llvm::max_element(gemm.getInto())) + 1;
}

std::optional<TileConfig> chooseTiles(Operation *op) {
  auto module = op->getParentOfType<ModuleOp>();
  if (!isForGpu(module))
    return std::nullopt;
  if (auto gemm = dyn_cast<hash::GroupedGemmOp>(op)) {
    // Panels are the CPU's layout: their lines are not of consecutive elements.
    for (unsigned i = 0; i < gemm.getRhs().size(); ++i)
      if (cpu::getRhsShape(gemm, i).panel != 0)
        return std::nullopt;
    SmallVector<Value> sides(gemm.getLhs());
    llvm::append_range(sides, gemm.getRhs());
    std::optional<TileConfig> config = choose(
        gemm, sides, gemm.getComputeType(), gemm.getInits(), countSums(gemm));
    if (config)
      config->hasBoxes = canHaveBoxes(gemm, *config);
    return config;
  }
  if (auto outer = dyn_cast<hash::GroupedOuterOp>(op))
    return choose(outer, {outer.getLhs(), outer.getRhs()},
                  outer.getComputeType(), outer.getInits(), /*sums=*/1);
  return std::nullopt;
}

int64_t getNumTasks(Operation *op) {
  if (auto walks = countGradWalks(op))
    return *walks;
  std::optional<TileConfig> config = chooseTiles(op);
  if (!config)
    return cpu::getNumTasks(op);
  return countTasks(op, *config);
}

} // namespace hashc::nvvm
