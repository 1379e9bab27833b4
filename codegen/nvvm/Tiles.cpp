//===- Tiles.cpp - Matrix products as tiles of a block --------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/nvvm/Tiles.h"

#include "codegen/cpu/Schedule.h"
#include "codegen/cpu/Tasks.h"
#include "codegen/nvvm/GpuEmitter.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;

namespace hashc::nvvm {

static ShapedType getShaped(Value value) {
  return cast<ShapedType>(value.getType());
}

static int64_t countTiles(int64_t extent, int64_t tile) {
  return std::max<int64_t>(1, llvm::divideCeil(extent, tile));
}

GemmTiles::GemmTiles(hash::GroupedGemmOp op) {
  hash::PlanType plan = op.getPlanType();
  ShapedType out = getShaped(op.getInits().front());
  groups = plan ? plan.getGroups() : 1;
  rows = plan ? plan.getSlots() : out.getDimSize(0);
  columns = out.getDimSize(1);
  clearsDeadRows = plan && op.getZeroDead();
  rowTiles = plan ? rows / TileConfig::rows + std::min(groups, rows)
                  : countTiles(rows, TileConfig::rows);
  columnTiles = countTiles(columns, TileConfig::columns);
}

OuterTiles::OuterTiles(hash::GroupedOuterOp op) {
  hash::PlanType plan = op.getPlanType();
  groups = plan ? plan.getGroups() : 1;
  rows = plan ? plan.getSlots() : getShaped(op.getLhs()).getDimSize(0);
  lhsColumns = getShaped(op.getLhs()).getDimSize(1);
  rhsColumns = getShaped(op.getRhs()).getDimSize(1);
  lhsTiles = countTiles(lhsColumns, TileConfig::rows);
  rhsTiles = countTiles(rhsColumns, TileConfig::columns);
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

static std::optional<TileConfig> choose(ValueRange sides, Type compute,
                                        ValueRange outs) {
  if (!compute.isF32() || !llvm::all_of(sides, hasWholeCopies))
    return std::nullopt;
  for (Value out : outs)
    if (getShaped(out).getRank() < 2 ||
        getShaped(out).getShape().back() % kBodyLanes != 0)
      return std::nullopt;
  auto isBf16 = [](Value side) {
    return getElementTypeOrSelf(side.getType()).isBF16();
  };
  TileConfig config;
  if (llvm::all_of(sides, isBf16))
    config = {TileConfig::Product::mma16, /*depth=*/32};
  else if (llvm::any_of(sides, isBf16))
    // Against rows of bf16, weights need no more digits than tf32 has.
    config.product = TileConfig::Product::mma8;
  return config;
}

bool isForGpu(ModuleOp module) {
  auto target =
      module->getAttrOfType<DictionaryAttr>(hash::HashDialect::kTargetAttr);
  auto machine = target ? target.getAs<StringAttr>("target") : StringAttr();
  return machine && machine.getValue() == "cuda";
}

std::optional<TileConfig> chooseTiles(Operation *op) {
  if (!isForGpu(op->getParentOfType<ModuleOp>()))
    return std::nullopt;
  if (auto gemm = dyn_cast<hash::GroupedGemmOp>(op)) {
    // Panels are the CPU's layout: their lines are not of consecutive elements.
    for (unsigned i = 0; i < gemm.getRhs().size(); ++i)
      if (cpu::getRhsShape(gemm, i).panel != 0)
        return std::nullopt;
    SmallVector<Value> sides(gemm.getLhs());
    llvm::append_range(sides, gemm.getRhs());
    return choose(sides, gemm.getComputeType(), gemm.getInits());
  }
  if (auto outer = dyn_cast<hash::GroupedOuterOp>(op))
    return choose({outer.getLhs(), outer.getRhs()}, outer.getComputeType(),
                  outer.getInits());
  return std::nullopt;
}

int64_t getNumTasks(Operation *op) {
  if (!chooseTiles(op))
    return cpu::getNumTasks(op);
  if (auto gemm = dyn_cast<hash::GroupedGemmOp>(op))
    return GemmTiles(gemm).count();
  return OuterTiles(cast<hash::GroupedOuterOp>(op)).count();
}

} // namespace hashc::nvvm
