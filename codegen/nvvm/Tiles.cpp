//===- Tiles.cpp - Matrix products as tiles of a block --------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/nvvm/Tiles.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace hashc::nvvm {

static ShapedType getShaped(Value value) {
  return cast<ShapedType>(value.getType());
}

static int64_t countTiles(int64_t extent, int64_t tile) {
  return std::max<int64_t>(1, llvm::divideCeil(extent, tile));
}

GemmTiles::GemmTiles(hash::GroupedGemmOp op, const TileConfig &config) {
  hash::PlanType plan = op.getPlanType();
  ShapedType out = getShaped(op.getInits().front());
  groups = plan ? plan.getGroups() : 1;
  rows = plan ? plan.getSlots() : out.getDimSize(0);
  columns = out.getDimSize(1);
  clearsDeadRows = plan && op.getZeroDead();
  rowTiles = plan ? rows / config.rows + std::min(groups, rows)
                  : countTiles(rows, config.rows);
  columnTiles = countTiles(columns, config.columns);
}

OuterTiles::OuterTiles(hash::GroupedOuterOp op, const TileConfig &config) {
  hash::PlanType plan = op.getPlanType();
  groups = plan ? plan.getGroups() : 1;
  rows = plan ? plan.getSlots() : getShaped(op.getLhs()).getDimSize(0);
  lhsColumns = getShaped(op.getLhs()).getDimSize(1);
  rhsColumns = getShaped(op.getRhs()).getDimSize(1);
  lhsTiles = countTiles(lhsColumns, config.rows);
  rhsTiles = countTiles(rhsColumns, config.columns);
}

} // namespace hashc::nvvm
