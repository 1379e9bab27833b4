//===- LowerTiles.cpp - Matrix products in kernels to tiles ---------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/Lower.h"
#include "codegen/cpu/Panels.h"
#include "codegen/nvvm/LaunchShape.h"
#include "codegen/nvvm/TileChoice.h"
#include "codegen/nvvm/TileProduct.h"
#include "dialect/Target.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Pass/Pass.h"

using namespace mlir;

namespace hashc::nvvm {

#define GEN_PASS_DEF_GPULOWERTILES
#include "codegen/nvvm/GpuPasses.h.inc"

namespace {

/// What both products have.
class TileLowering {
protected:
  TileLowering(GpuEmitter &e, const TileConfig &config, Value plan,
               hash::PlanType type)
      : e(e), config(config), product(TileProduct::create(e, config)),
        plan(e, plan, type) {}

  /// The rows of a buffer at the positions from `first` on.
  SideSource getRows(Value buffer, hash::RowSpace space, bool alongContraction,
                     Value group, Value first, Value count, Value firstColumn) {
    auto type = cast<MemRefType>(buffer.getType());
    Value base = e.pointerTo(buffer);
    auto locate = [=](Value i) -> Line {
      Value exists = e.less(i, count);
      Value row = arith::SelectOp::create(e, exists, i, e.constant(0));
      Value index = plan.rowAt(e, e.add(first, row), group).in(space);
      return {e.address(base, e.mul(index, type.getDimSize(1)),
                        type.getElementType()),
              exists};
    };
    return {alongContraction, type.getElementType(), locate, firstColumn,
            type.getDimSize(1)};
  }

  GpuEmitter &e;
  TileConfig config;
  std::unique_ptr<TileProduct> product;
  cpu::PlanBuffer plan;
};

class GemmLowering : TileLowering {
public:
  GemmLowering(GpuEmitter &e, hash::GroupedGemmOp op, Value task,
               const TileConfig &config)
      : TileLowering(e, config, op.getPlan(), op.getPlanType()), op(op),
        tiles(op, config), task(task),
        operands(cpu::getRowOperands(e, op.getReads(), op.getReadsAt(),
                                     op.getInits(), op.getOutsAt())) {}

  void emit() {
    Value rowTile = e.div(task, tiles.columnTiles);
    column = e.mul(e.rem(task, tiles.columnTiles), config.columns);
    if (!plan.exists()) {
      Value first = e.mul(rowTile, config.rows);
      return emitRows(e.constant(0), first,
                      e.sub(e.constant(tiles.rows), first));
    }
    auto [group, part] =
        cpu::findGroup(e, plan, tiles.groups, config.rows, rowTile);
    e.when(e.less(group, e.constant(tiles.groups)), [&, group = group,
                                                     part = part] {
      Value first = e.add(plan.offset(e, group), e.mul(part, config.rows));
      emitRows(group, first, e.sub(plan.offset(e, e.add(group, 1)), first));
    });
    if (tiles.clearsDeadRows)
      e.when(e.equal(rowTile, e.constant(tiles.rowTiles)),
             [&] { clearDeadRows(); });
  }

private:
  /// Up to a tile of the `left` rows from position `first` on.
  void emitRows(Value group, Value first, Value left) {
    Value count = e.min(left, e.constant(config.rows));
    SmallVector<Term> terms;
    for (unsigned i = 0; i < op.getLhs().size(); ++i) {
      auto lhs = cast<MemRefType>(op.getLhs()[i].getType());
      terms.push_back({size_t(op.getInto()[i]),
                       getRows(op.getLhs()[i],
                               static_cast<hash::RowSpace>(op.getLhsAt()[i]),
                               /*alongContraction=*/true, group, first, count,
                               e.constant(0)),
                       getRhs(i, group), e.constant(lhs.getDimSize(1))});
    }
    emitBodies(terms, group, first, count);
  }

  /// A right-hand side's rows are steps of the contraction, or columns of the
  /// result where it is transposed.
  SideSource getRhs(unsigned i, Value group) {
    Value buffer = op.getRhs()[i];
    cpu::Matrix matrix = {e.pointerTo(buffer),
                          getElementTypeOrSelf(buffer.getType()),
                          cpu::getRhsShape(op, i)};
    const bool along = op.getTransposed();
    const int64_t lines = matrix.shape.rows;
    Value column = this->column;
    auto locate = [=](Value i) -> Line {
      Value line = along ? e.add(column, i) : i;
      Value exists = e.less(line, e.constant(lines));
      Value row = arith::SelectOp::create(e, exists, line, e.constant(0));
      return {matrix.address(e, group, row, e.constant(0)), exists};
    };
    SideSource side = {along, matrix.element, locate, column,
                       matrix.shape.columns};
    if (config.hasBoxes) {
      Value row = e.mul(group, matrix.shape.rows);
      side.boxes = {e.tensorMap(i), along ? e.add(row, column) : row};
    }
    return side;
  }

  void emitBodies(ArrayRef<Term> terms, Value group, Value first, Value count) {
    product->emit(
        terms, count,
        [&](Value tileRow, Value tileColumn, ArrayRef<Value> sums) {
          Value at = e.add(column, tileColumn);
          Value exists = arith::AndIOp::create(
              e, e.less(tileRow, count), e.less(at, e.constant(tiles.columns)));
          e.when(exists, [&] {
            cpu::RowIndex row = plan.rowAt(e, e.add(first, tileRow), group);
            cpu::emitBodyAt(e, op.getBodyBlock(), sums, operands, row, at,
                            product->getLanes(), Value());
          });
        });
  }

  void clearDeadRows() {
    Value to = e.min(e.add(column, config.columns), e.constant(tiles.columns));
    e.loop(e.add(plan.liveRows(e), e.thread()), e.constant(tiles.rows),
           config.threads, [&](Value position) {
             cpu::clearRow(e,
                           ArrayRef(operands).take_back(op.getInits().size()),
                           op.getBodyBlock(), plan.rowAt(e, position, Value()),
                           column, to, tiles.columns, product->getLanes());
           });
  }

  hash::GroupedGemmOp op;
  GemmTiles tiles;
  Value task, column;
  SmallVector<cpu::RowOperand> operands;
};

class OuterLowering : TileLowering {
public:
  OuterLowering(GpuEmitter &e, hash::GroupedOuterOp op, Value task,
                const TileConfig &config)
      : TileLowering(e, config, op.getPlan(), op.getPlanType()), op(op),
        tiles(op, config), task(task) {
    for (Value value : op.getReads())
      operands.push_back(getMatrix(value));
    for (Value value : op.getInits())
      operands.push_back(getMatrix(value));
  }

  void emit() {
    const int64_t blocks = tiles.lhsTiles * tiles.rhsTiles;
    Value group = e.div(task, blocks), block = e.rem(task, blocks);
    Value row = e.mul(e.div(block, tiles.rhsTiles), config.rows);
    Value column = e.mul(e.rem(block, tiles.rhsTiles), config.columns);
    if (!plan.exists())
      return emitTile(group, e.constant(0), e.constant(tiles.rows), row,
                      column);
    Value first = plan.offset(e, group);
    Value end = plan.offset(e, e.add(group, 1));
    auto emitAll = [&] {
      emitTile(group, first, e.sub(end, first), row, column);
    };
    if (op.getSkipEmpty())
      e.when(e.less(first, end), emitAll);
    else
      emitAll();
  }

private:
  cpu::Matrix getMatrix(Value value) {
    auto type = cast<MemRefType>(value.getType());
    return {e.pointerTo(value), type.getElementType(),
            cpu::getMatrixShape(type, plan.exists(), tiles.rhsColumns)};
  }

  void emitTile(Value group, Value first, Value count, Value row,
                Value column) {
    auto side = [&](Value buffer, unsigned index, Value firstColumn) {
      return getRows(buffer, static_cast<hash::RowSpace>(op.getAt()[index]),
                     /*alongContraction=*/false, group, first, count,
                     firstColumn);
    };
    Term term = {0, side(op.getLhs(), 0, row), side(op.getRhs(), 1, column),
                 count};
    product->emit(
        term, e.constant(config.rows),
        [&](Value tileRow, Value tileColumn, ArrayRef<Value> sums) {
          Value i = e.add(row, tileRow), j = e.add(column, tileColumn);
          Value exists =
              arith::AndIOp::create(e, e.less(i, e.constant(tiles.lhsColumns)),
                                    e.less(j, e.constant(tiles.rhsColumns)));
          e.when(exists, [&] {
            cpu::emitMatrixBody(e, op.getBodyBlock(), sums.front(), operands,
                                group, i, j, product->getLanes(), Value());
          });
        });
  }

  hash::GroupedOuterOp op;
  OuterTiles tiles;
  Value task;
  SmallVector<cpu::Matrix> operands;
};

/// The right-hand sides; a group's rows follow those of the one before.
SmallVector<HashBoxedMatrix> getBoxed(hash::GroupedGemmOp op,
                                      const TileConfig &config) {
  const SideShape side = {config.columns, config.depth, /*threads=*/1,
                          /*swizzled=*/true};
  const auto [boxRows, boxColumns] = side.getBox(op.getTransposed());
  SmallVector<HashBoxedMatrix> boxed;
  for (Value value : op.getRhs()) {
    auto type = cast<MemRefType>(value.getType());
    const int64_t columns = type.getShape().back();
    // The kernel's first argument is the task.
    const unsigned buffer = cast<BlockArgument>(value).getArgNumber() - 1;
    boxed.push_back({buffer, type.getNumElements() / columns, columns, boxRows,
                     boxColumns});
  }
  return boxed;
}

struct GpuLowerTiles : impl::GpuLowerTilesBase<GpuLowerTiles> {
  void runOnOperation() override {
    if (!isTileWidth(getTargetNumber(getOperation(), "tile_columns", 0))) {
      // An op's own error would print all of the module.
      emitError(getOperation().getLoc(), "tile_columns is 64, 128 or 256, or 0 "
                                         "for what fills the GPU");
      return signalPassFailure();
    }
    SmallVector<std::pair<Operation *, TileConfig>> ops;
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (function->hasAttr("hash.kernel"))
        for (Operation &op : function.getOps())
          if (std::optional<TileConfig> config = chooseTiles(&op))
            ops.push_back({&op, *config});
    for (auto &[op, config] : ops)
      lower(op, config);
  }

  void lower(Operation *op, TileConfig config) {
    auto gemm = dyn_cast<hash::GroupedGemmOp>(op);
    // Maps are of whole buffers.
    if (gemm && !llvm::all_of(gemm.getRhs(), llvm::IsaPred<BlockArgument>))
      config.hasBoxes = false;
    auto function = op->getParentOfType<func::FuncOp>();
    LaunchShape shape = {config.threads, /*tasksPerBlock=*/1,
                         config.blocksAtOnce, config.sharedBytes};
    if (config.hasBoxes)
      shape.boxed = getBoxed(gemm, config);
    setLaunchShape(function, shape);
    cpu::CpuTarget target = cpu::getTargetAttributes(getOperation());
    GpuEmitter e(op->getLoc(), OpBuilder(op), target.vectorBytes);
    Value task = arith::IndexCastOp::create(e, e.i64, function.getArgument(0));
    if (gemm)
      GemmLowering(e, gemm, task, config).emit();
    else
      OuterLowering(e, cast<hash::GroupedOuterOp>(op), task, config).emit();
    op->erase();
  }
};
} // namespace

} // namespace hashc::nvvm
