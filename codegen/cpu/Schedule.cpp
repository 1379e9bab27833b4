//===- Schedule.cpp - How structured ops are blocked ----------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/Schedule.h"

#include "mlir/IR/TypeUtilities.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace hashc::cpu {

/// Enough tasks to keep a team busy to the end, and enough work in each to
/// hide what starting it costs (multiply-adds).
constexpr int64_t kEnoughTasks = 32, kEnoughWork = 1 << 19;
/// Work beyond which a task need not grow.
constexpr int64_t kAmpleWork = 32 << 20;

static int64_t bytesOf(Type type) {
  return llvm::divideCeil(type.getIntOrFloatBitWidth(), 8);
}

static ShapedType getShaped(Value value) {
  return cast<ShapedType>(value.getType());
}

TileShape::TileShape(const CpuTarget &target, Type compute)
    : rows(target.tileRows), vectors(target.tileVectors),
      lanes(target.vectorBytes / bytesOf(compute)) {}

MatrixShape getMatrixShape(ShapedType type, bool grouped, int64_t columns) {
  ArrayRef<int64_t> shape = type.getShape();
  MatrixShape result;
  if (grouped) {
    result.groups = shape.front();
    shape = shape.drop_front();
  }
  result.columns = columns;
  if (shape.size() == 3) {
    result.rows = shape[1];
    result.panel = shape[2];
  } else {
    result.rows = shape[0];
  }
  return result;
}

MatrixShape getRhsShape(hash::GroupedGemmOp op, unsigned product) {
  int64_t contraction = getShaped(op.getLhs()[product]).getDimSize(1);
  int64_t columns = getShaped(op.getInits().front()).getDimSize(1);
  return getMatrixShape(getShaped(op.getRhs()[product]), bool(op.getPlan()),
                        op.getTransposed() ? contraction : columns);
}

/// The size of blocks of `total` that are nearly equal, multiples of `unit`
/// and at most `limit`.
static int64_t getBlock(int64_t total, int64_t limit, int64_t unit) {
  limit = std::max(unit, limit / unit * unit);
  int64_t blocks = std::max<int64_t>(1, llvm::divideCeil(total, limit));
  return std::max(
      unit, (int64_t)llvm::alignTo(llvm::divideCeil(total, blocks), unit));
}

GemmSchedule::GemmSchedule(hash::GroupedGemmOp op, const CpuTarget &target)
    : tile(target, op.getComputeType()) {
  int64_t bytes = bytesOf(op.getComputeType());
  hash::PlanType plan = op.getPlanType();
  ShapedType out = getShaped(op.getInits().front());
  groups = plan ? plan.getGroups() : 1;
  rows = plan ? plan.getSlots() : out.getDimSize(0);
  columns = out.getDimSize(1);
  clearsDeadRows = plan && op.getZeroDead();

  int64_t contraction = 0;
  for (Value lhs : op.getLhs())
    contraction = std::max(contraction, getShaped(lhs).getDimSize(1));
  rowBlock = std::min<int64_t>(rows, 256);
  // A group's last block may be partly filled, so each group may add one.
  rowBlocks = plan ? rows / rowBlock + std::min(groups, rows)
                   : (int64_t)llvm::divideCeil(rows, rowBlock);
  // The panel of the step and the step's part of the rows share the cache.
  int64_t limit = std::min(target.l2Bytes / 4 / (tile.columns() * bytes),
                           target.l2Bytes / 2 / (256 * bytes));
  depth = getBlock(contraction, limit, tile.lanes);

  int64_t usualRows =
      std::min(rowBlock, (int64_t)llvm::divideCeil(rows, groups));
  int64_t panels = llvm::divideCeil(columns, tile.columns());
  int64_t panelWork = usualRows * contraction * tile.columns();
  int64_t perTask = std::clamp<int64_t>(
      kAmpleWork / std::max<int64_t>(1, panelWork), 1, panels);
  while (perTask > 1 && perTask * panelWork > kEnoughWork &&
         rowBlocks * (int64_t)llvm::divideCeil(panels, perTask) < kEnoughTasks)
    perTask = llvm::divideCeil(perTask, 2);
  columnBlock = perTask * tile.columns();
  columnBlocks = llvm::divideCeil(panels, perTask);
}

OuterSchedule::OuterSchedule(hash::GroupedOuterOp op, const CpuTarget &target)
    : tile(target, op.getComputeType()) {
  int64_t bytes = bytesOf(op.getComputeType());
  hash::PlanType plan = op.getPlanType();
  groups = plan ? plan.getGroups() : 1;
  rows = plan ? plan.getSlots() : getShaped(op.getLhs()).getDimSize(0);
  lhsColumns = getShaped(op.getLhs()).getDimSize(1);
  rhsColumns = getShaped(op.getRhs()).getDimSize(1);

  int64_t usualRows = std::max<int64_t>(1, rows / groups);
  // The sums of a block and what is packed for it share the cache.
  int64_t sideBytes = target.l2Bytes >= 768 << 10  ? 1024
                      : target.l2Bytes >= 64 << 10 ? 512
                                                   : 64;
  int64_t side = sideBytes / bytes;
  int64_t lhsLimit = side, rhsLimit = std::max(side, tile.columns());
  auto work = [&] { return usualRows * lhsLimit * rhsLimit; };
  auto count = [&] {
    return groups * llvm::divideCeil(lhsColumns, lhsLimit) *
           llvm::divideCeil(rhsColumns, rhsLimit);
  };
  while (count() < (uint64_t)kEnoughTasks && work() > kEnoughWork &&
         (rhsLimit > tile.columns() || lhsLimit > 2 * tile.lanes)) {
    if (rhsLimit > tile.columns())
      rhsLimit /= 2;
    else
      lhsLimit /= 2;
  }
  lhsBlock = getBlock(lhsColumns, lhsLimit, tile.lanes);
  lhsBlocks = llvm::divideCeil(lhsColumns, lhsBlock);
  rhsBlock = getBlock(rhsColumns, rhsLimit, tile.columns());
  rhsBlocks = llvm::divideCeil(rhsColumns, rhsBlock);
  depth = std::min<int64_t>(rows, 128);
}

MapSchedule::MapSchedule(hash::MapOp op, const CpuTarget &target) {
  bool wide = false, narrow = false;
  auto look = [&](Type type) {
    type = getElementTypeOrSelf(type);
    (type.isF64() ? wide : narrow) |= isa<FloatType>(type);
  };
  ShapedType out = getShaped(op.getInits().front());
  flat = !op.getPlan();
  SmallVector<Value> operands(op.getReads());
  llvm::append_range(operands, op.getInits());
  for (Value value : operands) {
    look(value.getType());
    ShapedType type = getShaped(value);
    flat &= type.getShape() == out.getShape() || type.getNumElements() == 1;
  }
  lanes = target.vectorBytes / (wide && !narrow ? 8 : 4);
  if (flat) {
    rows = out.getNumElements();
    columns = 1;
    rowBlock = std::max<int64_t>(lanes, target.taskElements);
    return;
  }
  rows = op.getPlan() ? op.getPlanType().getSlots() : out.getDimSize(0);
  columns = out.getRank() > 1 ? out.getNumElements() / out.getDimSize(0) : 1;
  rowBlock = std::max<int64_t>(1, target.taskElements / columns);
}

} // namespace hashc::cpu
