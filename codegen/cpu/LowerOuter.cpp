//===- LowerOuter.cpp - hash.grouped_outer to loops -----------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/Lower.h"
#include "codegen/cpu/Microkernel.h"
#include "codegen/cpu/Panels.h"

using namespace mlir;

namespace hashc::cpu {

namespace {
/// One side of the product: rows of a buffer, in some row space.
struct Side {
  Value base;
  MemRefType type;
  hash::RowSpace space;
};

/// The columns of one side that a task works on.
struct Columns {
  Value from, count;
};

class OuterLowering {
public:
  OuterLowering(Emitter &e, hash::GroupedOuterOp op, Value task,
                const CpuTarget &target)
      : e(e), op(op), schedule(op, target), tile(schedule.tile),
        compute(op.getComputeType()), task(task),
        plan(e, op.getPlan(), op.getPlanType()),
        lines(tile.columns() * e.bytesOf(compute) / kLineBytes) {
    lhs = getSide(op.getLhs(), 0);
    rhs = getSide(op.getRhs(), 1);
    sums = e.scratch(compute, schedule.lhsBlock * schedule.rhsBlock);
    packedLhs = e.scratch(compute, schedule.depth * schedule.lhsBlock);
    packedRhs = e.scratch(compute, schedule.depth * tile.columns());
    for (Value value : op.getReads())
      operands.push_back(getMatrix(value));
    for (Value value : op.getInits())
      operands.push_back(getMatrix(value));
  }

  void emit() {
    int64_t blocks = schedule.lhsBlocks * schedule.rhsBlocks;
    Value group = e.div(task, blocks);
    Value block = e.rem(task, blocks);
    Columns lhsColumns = getColumns(e.div(block, schedule.rhsBlocks),
                                    schedule.lhsBlock, schedule.lhsColumns);
    Columns rhsColumns = getColumns(e.rem(block, schedule.rhsBlocks),
                                    schedule.rhsBlock, schedule.rhsColumns);
    if (!plan.exists()) {
      emitBlock(group, e.constant(0), e.constant(schedule.rows), lhsColumns,
                rhsColumns);
      return;
    }
    Value first = plan.offset(e, group);
    Value end = plan.offset(e, e.add(group, 1));
    auto emitAll = [&] {
      emitBlock(group, first, end, lhsColumns, rhsColumns);
    };
    if (op.getSkipEmpty())
      e.when(e.less(first, end), emitAll);
    else
      emitAll();
  }

private:
  Side getSide(Value value, unsigned index) {
    return {e.pointerTo(value), cast<MemRefType>(value.getType()),
            static_cast<hash::RowSpace>(op.getAt()[index])};
  }

  Matrix getMatrix(Value value) {
    auto type = cast<MemRefType>(value.getType());
    return {e.pointerTo(value), type.getElementType(),
            getMatrixShape(type, plan.exists(), schedule.rhsColumns)};
  }

  Columns getColumns(Value block, int64_t size, int64_t total) {
    Value from = e.mul(block, size);
    return {from, e.min(e.constant(size), e.sub(e.constant(total), from))};
  }

  void emitBlock(Value group, Value first, Value end, Columns lhsColumns,
                 Columns rhsColumns) {
    // Groups without rows run the body too: on sums of nothing.
    Value rows = e.sub(end, first);
    Value steps = arith::MaxSIOp::create(e, e.constant(1),
                                         e.ceilDiv(rows, schedule.depth));
    Value last = e.sub(steps, e.constant(1));
    // Sums wait for the next step, unless the first is the last.
    int64_t panelSize = schedule.lhsBlock * tile.columns();
    Value panelStride = e.select(e.equal(last, e.constant(0)), 0, panelSize);
    e.loop(e.constant(0), steps, 1, [&](Value i) {
      Value position = e.add(first, e.mul(i, schedule.depth));
      Value count = e.min(e.constant(schedule.depth), e.sub(end, position));
      pack(lhs, position, count, lhsColumns, packedLhs, schedule.lhsBlock);
      Value panels = e.ceilDiv(rhsColumns.count, tile.columns());
      e.loop(e.constant(0), panels, 1, [&](Value panel) {
        Value skipped = e.mul(panel, tile.columns());
        Columns columns = {e.add(rhsColumns.from, skipped),
                           e.min(e.constant(tile.columns()),
                                 e.sub(rhsColumns.count, skipped))};
        pack(rhs, position, count, columns, packedRhs, tile.columns());
        Value panelSums = e.address(sums, e.mul(panel, panelStride), compute);
        Value isLast = e.equal(i, last);
        Value lastPanel = e.equal(e.add(panel, 1), panels);
        Ahead ahead;
        ahead.isLast = isLast;
        ahead.lhs =
            getLine(lhs, e.add(position, schedule.depth), lhsColumns.from);
        ahead.lhsFirst = e.mul(panel, lines);
        ahead.rhs = getLine(
            rhs, e.add(position, e.select(lastPanel, schedule.depth, 0)),
            arith::SelectOp::create(e, lastPanel, rhsColumns.from,
                                    e.add(columns.from, tile.columns())));
        emitTiles(count, lhsColumns, columns, group, panelSums,
                  e.equal(i, e.constant(0)), ahead);
        e.when(isLast,
               [&] { emitBodies(group, lhsColumns, columns, panelSums); });
      });
    });
  }

  /// What to fetch while a panel is computed: the first line of the left-hand
  /// side's next rows, of which `lhsFirst` are fetched already, and of the
  /// right-hand side's next panel; and the result, in the last step.
  struct Ahead {
    Value lhs, lhsFirst, rhs, isLast;
  };

  /// Where a row of consecutive ones starts; null where they are gathered.
  Value getLine(const Side &side, Value position, Value column) {
    if (plan.exists() && side.space != hash::RowSpace::position)
      return {};
    Value first = e.mul(position, side.type.getDimSize(1));
    return e.address(side.base, e.add(first, column),
                     side.type.getElementType());
  }

  /// Copies `count` rows' columns next to each other, `stride` elements each.
  void pack(const Side &side, Value position, Value count, Columns columns,
            Value to, int64_t stride) {
    Type element = side.type.getElementType();
    int64_t total = side.type.getDimSize(1);
    auto vector = VectorType::get({tile.lanes}, element);
    e.loop(e.constant(0), count, 1, [&](Value i) {
      RowIndex row = plan.rowAt(e, e.add(position, i), Value());
      Value from = e.address(
          side.base, e.add(e.mul(row.in(side.space), total), columns.from),
          element);
      Value line = e.address(to, e.mul(i, stride), compute);
      forEachVector(e, e.constant(0), columns.count, total, tile.lanes,
                    [&](Value column, Value mask) {
                      Value value = e.loadVector(
                          vector, e.address(from, column, element), mask);
                      e.storeVector(e.convert(value, compute),
                                    e.address(line, column, compute));
                    });
    });
  }

  /// One panel of columns: every tile of rows.
  void emitTiles(Value depth, Columns rows, Columns columns, Value group,
                 Value panelSums, Value fresh, const Ahead &ahead) {
    Value tiles = e.ceilDiv(rows.count, tile.rows);
    const Matrix &out = operands.back();
    e.loop(e.constant(0), tiles, 1, [&](Value i) {
      auto [first, end] = e.partition(i, tiles, rows.count);
      TileStep step;
      step.rows = e.sub(end, first);
      step.lhs = e.address(packedLhs, first, compute);
      step.lhsOffset = e.constant(schedule.lhsBlock);
      step.lhsByRows = false;
      step.lhsElement = compute;
      step.rhs = packedRhs;
      step.rhsStride = e.constant(tile.columns());
      step.depth = depth;
      step.sums = e.address(panelSums, e.mul(first, tile.columns()), compute);
      step.fresh = fresh;
      step.prefetch.run = e.constant(schedule.depth);
      step.prefetch.jump = e.constant(0);
      setPrefetch(step.prefetch, i, ahead,
                  out.address(e, group, e.add(rows.from, first), columns.from));
      emitTileStep(e, tile, tile.vectors, compute, step);
    });
  }

  /// The first tiles fetch a line each of every row to pack next, the others
  /// what the body will read and write.
  void setPrefetch(Prefetch &prefetch, Value i, const Ahead &ahead, Value out) {
    prefetch.from = out;
    prefetch.stride = e.select(ahead.isLast, kLineBytes, 0);
    auto choose = [&](Value condition, const Side &side, Value address) {
      int64_t rowBytes =
          side.type.getDimSize(1) * e.bytesOf(side.type.getElementType());
      prefetch.from =
          arith::SelectOp::create(e, condition, address, prefetch.from);
      prefetch.stride = arith::SelectOp::create(
          e, condition, e.constant(rowBytes), prefetch.stride);
    };
    if (ahead.lhs) {
      Value more = e.less(i, e.constant(2 * lines));
      more =
          arith::AndIOp::create(e, more, e.equal(ahead.isLast, e.falseValue()));
      Value line = e.add(ahead.lhsFirst, e.sub(i, e.constant(lines)));
      choose(more, lhs,
             e.address(ahead.lhs, e.mul(line, kLineBytes), e.getI8Type()));
    }
    if (ahead.rhs)
      choose(e.less(i, e.constant(lines)), rhs,
             e.address(ahead.rhs, e.mul(i, kLineBytes), e.getI8Type()));
  }

  void emitBodies(Value group, Columns rows, Columns columns, Value panelSums) {
    auto type = VectorType::get({tile.lanes}, compute);
    e.loop(e.constant(0), rows.count, 1, [&](Value i) {
      Value row = e.add(rows.from, i);
      forEachVector(
          e, e.constant(0), columns.count, schedule.rhsColumns, tile.lanes,
          [&](Value j, Value mask) {
            Value offset = e.add(e.mul(i, tile.columns()), j);
            Value sum =
                e.loadVector(type, e.address(panelSums, offset, compute));
            emitMatrixBody(e, op.getBodyBlock(), sum, operands, group, row,
                           e.add(columns.from, j), tile.lanes, mask);
          });
    });
  }

  Emitter &e;
  hash::GroupedOuterOp op;
  OuterSchedule schedule;
  TileShape tile;
  Type compute;
  Value task;
  PlanBuffer plan;
  /// Cache lines of a panel's row.
  int64_t lines;
  Side lhs, rhs;
  Value sums, packedLhs, packedRhs;
  SmallVector<Matrix> operands;
};
} // namespace

void emitMatrixBody(Emitter &e, Block &body, Value sum,
                    ArrayRef<Matrix> operands, Value group, Value row,
                    Value column, int64_t lanes, Value mask) {
  SmallVector<Value> arguments = {sum}, addresses;
  for (const Matrix &matrix : operands) {
    BlockArgument argument = body.getArgument(arguments.size());
    addresses.push_back(matrix.address(e, group, row, column));
    auto type = VectorType::get({lanes}, argument.getType());
    auto stored = VectorType::get({lanes}, matrix.element);
    arguments.push_back(
        argument.use_empty()
            ? e.zero(type)
            : e.convert(e.loadVector(stored, addresses.back(), mask),
                        argument.getType()));
  }
  SmallVector<Value> results = emitBody(e, body, arguments, lanes, mask);
  size_t firstOut = operands.size() - results.size();
  for (auto [i, value] : llvm::enumerate(results))
    e.storeVector(e.convert(value, operands[firstOut + i].element),
                  addresses[firstOut + i], mask);
}

void lowerOuter(Emitter &e, hash::GroupedOuterOp op, Value task,
                const CpuTarget &target) {
  OuterLowering(e, op, task, target).emit();
}

} // namespace hashc::cpu
