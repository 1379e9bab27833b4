//===- LowerGemm.cpp - hash.grouped_gemm to loops -------------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/Lower.h"
#include "codegen/cpu/Microkernel.h"
#include "codegen/cpu/Panels.h"

#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace hashc::cpu {

namespace {
/// The rows of one task: positions [first, first + count) of one group.
struct RowBlock {
  Value group, first, count;
};

class GemmLowering {
public:
  GemmLowering(Emitter &e, hash::GroupedGemmOp op, Value task,
               const CpuTarget &target)
      : e(e), op(op), schedule(op, target), tile(schedule.tile),
        compute(op.getComputeType()), task(task),
        plan(e, op.getPlan(), op.getPlanType()),
        operands(getRowOperands(e, op.getReads(), op.getReadsAt(),
                                op.getInits(), op.getOutsAt())) {
    int64_t accumulators = 0;
    for (int64_t into : op.getInto())
      accumulators = std::max(accumulators, into + 1);
    for (int64_t i = 0; i < accumulators; ++i)
      sums.push_back(e.scratch(compute, schedule.rowBlock * tile.columns()));
    Value panel = e.scratch(compute, schedule.depth * tile.columns());
    for (unsigned i = 0; i < op.getLhs().size(); ++i) {
      rowPointers.push_back(e.scratch(e.ptr, schedule.rowBlock));
      lhsBases.push_back(e.pointerTo(op.getLhs()[i]));
      Value rhs = op.getRhs()[i];
      Matrix matrix = {e.pointerTo(rhs), getElementTypeOrSelf(rhs.getType()),
                       getRhsShape(op, i)};
      readers.emplace_back(matrix, op.getTransposed(), tile, compute, panel);
    }
  }

  void emit() {
    Value rowBlock = e.div(task, schedule.columnBlocks);
    Value columnBlock = e.rem(task, schedule.columnBlocks);
    Value from = e.mul(columnBlock, schedule.columnBlock);
    Value to =
        e.min(e.add(from, schedule.columnBlock), e.constant(schedule.columns));
    if (!plan.exists()) {
      auto [first, end] = e.partition(rowBlock, e.constant(schedule.rowBlocks),
                                      e.constant(schedule.rows));
      emitRows({e.constant(0), first, e.sub(end, first)}, from, to);
      return;
    }
    Value group, part;
    std::tie(group, part) =
        findGroup(e, plan, schedule.groups, schedule.rowBlock, rowBlock);
    e.when(e.less(group, e.constant(schedule.groups)),
           [&] { emitGroup(group, part, from, to); });
    if (!schedule.clearsDeadRows)
      return;
    Value last = e.compare(arith::CmpIPredicate::eq, rowBlock,
                           e.constant(schedule.rowBlocks));
    e.when(last, [&] {
      e.loop(plan.liveRows(e), e.constant(schedule.rows), 1, [&](Value i) {
        clearRow(e, ArrayRef(operands).take_back(op.getInits().size()),
                 op.getBodyBlock(), plan.rowAt(e, i, Value()), from, to,
                 schedule.columns, tile.lanes);
      });
    });
  }

private:
  void emitGroup(Value group, Value part, Value from, Value to) {
    Value start = plan.offset(e, group);
    Value rows = e.sub(plan.offset(e, e.add(group, 1)), start);
    auto [first, end] =
        e.partition(part, e.ceilDiv(rows, schedule.rowBlock), rows);
    emitRows({group, e.add(start, first), e.sub(end, first)}, from, to);
  }

  void emitRows(const RowBlock &rows, Value from, Value to) {
    findRows(rows);
    int64_t whole = schedule.columns / tile.columns() * tile.columns();
    int64_t rest = schedule.columns - whole;
    e.loop(from, rest ? e.min(to, e.constant(whole)) : to, tile.columns(),
           [&](Value column) {
             emitPanel(rows, column, tile.vectors, tile.lanes);
           });
    if (!rest)
      return;
    int64_t vectors = llvm::divideCeil(rest, tile.lanes);
    Value last =
        e.compare(arith::CmpIPredicate::eq, to, e.constant(schedule.columns));
    e.when(last, [&] {
      emitPanel(rows, e.constant(whole), vectors,
                rest - (vectors - 1) * tile.lanes);
    });
  }

  /// Where every row of the left-hand sides starts.
  void findRows(const RowBlock &rows) {
    e.loop(e.constant(0), rows.count, 1, [&](Value i) {
      RowIndex row = plan.rowAt(e, e.add(rows.first, i), rows.group);
      for (auto [lhs, space, base, pointers] :
           llvm::zip_equal(op.getLhs(), op.getLhsAt(), lhsBases, rowPointers)) {
        auto type = cast<MemRefType>(lhs.getType());
        Value offset = e.mul(row.in(static_cast<hash::RowSpace>(space)),
                             type.getDimSize(1));
        e.store(e.address(base, offset, type.getElementType()),
                e.address(pointers, i, e.ptr));
      }
    });
  }

  /// One panel of columns of the task's rows.
  void emitPanel(const RowBlock &rows, Value column, int64_t vectors,
                 int64_t lastLanes) {
    for (unsigned i = 0; i < op.getLhs().size(); ++i)
      emitProduct(i, rows, column, vectors, lastLanes);
    emitBodies(rows, column, vectors, lastLanes);
  }

  void emitProduct(unsigned product, const RowBlock &rows, Value column,
                   int64_t vectors, int64_t lastLanes) {
    auto lhs = cast<MemRefType>(op.getLhs()[product].getType());
    Value contraction = e.constant(lhs.getDimSize(1));
    Value few = e.less(rows.count, e.constant(2 * tile.rows + 1));
    Value tiles = e.ceilDiv(rows.count, tile.rows);
    ArrayRef<int64_t> earlier = op.getInto().take_front(product);
    bool startsSums = !llvm::is_contained(earlier, op.getInto()[product]);
    e.loop(e.constant(0), contraction, schedule.depth, [&](Value k) {
      Value depth = e.min(e.constant(schedule.depth), e.sub(contraction, k));
      PanelBlock panel = readers[product].read(e, rows.group, k, depth, column,
                                               vectors, lastLanes, few);
      Value fresh = startsSums ? e.equal(k, e.constant(0)) : e.falseValue();
      e.loop(e.constant(0), tiles, 1, [&](Value i) {
        auto [first, end] = e.partition(i, tiles, rows.count);
        TileStep step;
        step.rows = e.sub(end, first);
        step.lhs = e.address(rowPointers[product], first, e.ptr);
        step.lhsOffset = k;
        step.lhsByRows = true;
        step.lhsElement = lhs.getElementType();
        step.rhs = panel.base;
        step.rhsStride = panel.stride;
        step.depth = depth;
        step.sums = e.address(sums[op.getInto()[product]],
                              e.mul(first, tile.columns()), compute);
        step.fresh = fresh;
        step.prefetch = getPrefetch(panel, i, tiles);
        emitTileStep(e, tile, vectors, compute, step);
      });
    });
  }

  /// Tile i of some fetches run i of the next block, then the run as many
  /// further on as there are tiles, or where there is none what follows its
  /// first run: the block after the next.
  Prefetch getPrefetch(const PanelBlock &panel, Value i, Value tiles) {
    Value unknown = e.equal(panel.nextStep, e.constant(0));
    Value more = e.less(e.add(i, tiles), panel.runs);
    Value jump = arith::SelectOp::create(e, more, e.mul(tiles, panel.nextStep),
                                         e.mul(panel.lines, kLineBytes));
    return {e.address(panel.next, e.mul(i, panel.nextStep), e.getI8Type()),
            e.select(unknown, 0, kLineBytes), panel.lines, jump};
  }

  void emitBodies(const RowBlock &rows, Value column, int64_t vectors,
                  int64_t lastLanes) {
    bool partial = lastLanes != tile.lanes;
    e.loop(e.constant(0), rows.count, 1, [&](Value i) {
      RowIndex row = plan.rowAt(e, e.add(rows.first, i), rows.group);
      Value end = e.constant((vectors - 1) * tile.lanes + lastLanes);
      e.loop(e.constant(0), end, tile.lanes, [&](Value j) {
        Value mask;
        if (partial)
          mask = e.firstLanes(tile.lanes, e.sub(end, j));
        auto type = VectorType::get({tile.lanes}, compute);
        Value offset = e.add(e.mul(i, tile.columns()), j);
        SmallVector<Value> values;
        for (Value sum : sums)
          values.push_back(e.loadVector(type, e.address(sum, offset, compute)));
        emitBodyAt(e, op.getBodyBlock(), values, operands, row,
                   e.add(column, j), tile.lanes, mask);
      });
    });
  }

  Emitter &e;
  hash::GroupedGemmOp op;
  GemmSchedule schedule;
  TileShape tile;
  Type compute;
  Value task;
  PlanBuffer plan;
  SmallVector<RowOperand> operands;
  SmallVector<Value> sums, lhsBases, rowPointers;
  SmallVector<PanelReader> readers;
};
} // namespace

std::pair<Value, Value> findGroup(Emitter &e, const PlanBuffer &plan,
                                  int64_t groups, int64_t blockRows,
                                  Value block) {
  auto loop = scf::WhileOp::create(e, TypeRange{e.i64, e.i64},
                                   ValueRange{e.constant(0), block});
  OpBuilder::InsertionGuard guard(e);
  SmallVector<Location> locs(2, e.getLoc());
  Block *before = e.createBlock(&loop.getBefore(), {}, {e.i64, e.i64}, locs);
  Value group = before->getArgument(0), part = before->getArgument(1);
  Value more = e.less(group, e.constant(groups));
  auto blocks = scf::IfOp::create(e, TypeRange{e.i64}, more, true);
  {
    OpBuilder::InsertionGuard inner(e);
    e.setInsertionPointToStart(blocks.thenBlock());
    Value rows = e.sub(plan.offset(e, e.add(group, 1)), plan.offset(e, group));
    scf::YieldOp::create(e, ValueRange{e.ceilDiv(rows, blockRows)});
    e.setInsertionPointToStart(blocks.elseBlock());
    scf::YieldOp::create(e, ValueRange{part});
  }
  Value count = blocks.getResult(0);
  Value beyond = e.compare(arith::CmpIPredicate::sge, part, count);
  Value next = arith::AndIOp::create(e, more, beyond);
  scf::ConditionOp::create(
      e, next,
      ValueRange{group,
                 arith::SelectOp::create(e, next, e.sub(part, count), part)});
  Block *after = e.createBlock(&loop.getAfter(), {}, {e.i64, e.i64}, locs);
  scf::YieldOp::create(
      e, ValueRange{e.add(after->getArgument(0), 1), after->getArgument(1)});
  return {loop.getResult(0), loop.getResult(1)};
}

void lowerGemm(Emitter &e, hash::GroupedGemmOp op, Value task,
               const CpuTarget &target) {
  GemmLowering(e, op, task, target).emit();
}

} // namespace hashc::cpu
