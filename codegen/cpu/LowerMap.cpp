//===- LowerMap.cpp - hash.map to loops -----------------------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/Lower.h"

#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace hashc::cpu {

namespace {
class MapLowering {
public:
  MapLowering(Emitter &e, hash::MapOp op, Value task, const CpuTarget &target)
      : e(e), op(op), schedule(op, target),
        plan(e, op.getPlan(), op.getPlanType()), first(e.constant(0)) {
    first = e.mul(task, schedule.rowBlock);
    end = e.min(e.add(first, schedule.rowBlock), e.constant(schedule.rows));
  }

  void emit() {
    if (schedule.flat)
      return emitFlat();
    operands = getRowOperands(e, op.getReads(), op.getReadsAt(), op.getInits(),
                              op.getOutsAt());
    if (!plan.exists()) {
      e.loop(first, end, 1,
             [&](Value row) { emitRow(plan.rowAt(e, row, Value())); });
      return;
    }
    Value live = plan.liveRows(e);
    emitLiveRows(e.min(end, live));
    if (op.getZeroDead())
      clearRows(arith::MaxSIOp::create(e, first, live));
  }

private:
  /// Operands of one shape, as rows of one element a column each.
  void emitFlat() {
    auto everywhere = static_cast<int32_t>(hash::RowSpace::all);
    SmallVector<int32_t> readsAt(op.getReads().size(), everywhere);
    SmallVector<int32_t> outsAt(op.getInits().size(), everywhere);
    operands = getRowOperands(e, op.getReads(), readsAt, op.getInits(), outsAt);
    forEachVector(e, first, end, schedule.rows, schedule.lanes,
                  [&](Value column, Value mask) {
                    emitBodyAt(e, op.getBodyBlock(), {}, operands, RowIndex(),
                               column, schedule.lanes, mask);
                  });
  }

  void emitRow(const RowIndex &row) {
    forEachVector(e, e.constant(0), e.constant(schedule.columns),
                  schedule.columns, schedule.lanes,
                  [&](Value column, Value mask) {
                    emitBodyAt(e, op.getBodyBlock(), {}, operands, row, column,
                               schedule.lanes, mask);
                  });
  }

  bool readsGroups() {
    return llvm::is_contained(op.getReadsAt(),
                              static_cast<int32_t>(hash::RowSpace::group));
  }

  void emitLiveRows(Value to) {
    if (!readsGroups()) {
      e.loop(first, to, 1,
             [&](Value row) { emitRow(plan.rowAt(e, row, Value())); });
      return;
    }
    // Groups are consecutive positions: the part of each in this task.
    int64_t groups = op.getPlanType().getGroups();
    e.loop(e.constant(0), e.constant(groups), 1, [&](Value group) {
      Value from = arith::MaxSIOp::create(e, first, plan.offset(e, group));
      Value last = e.min(to, plan.offset(e, e.add(group, 1)));
      e.loop(from, last, 1,
             [&](Value row) { emitRow(plan.rowAt(e, row, group)); });
    });
  }

  void clearRows(Value from) {
    e.loop(from, end, 1, [&](Value position) {
      RowIndex row = plan.rowAt(e, position, Value());
      clearRow(e, ArrayRef(operands).take_back(op.getInits().size()),
               op.getBodyBlock(), row, e.constant(0),
               e.constant(schedule.columns), schedule.columns, schedule.lanes);
    });
  }

  Emitter &e;
  hash::MapOp op;
  MapSchedule schedule;
  PlanBuffer plan;
  SmallVector<RowOperand> operands;
  Value first, end;
};
} // namespace

void lowerMap(Emitter &e, hash::MapOp op, Value task, const CpuTarget &target) {
  MapLowering(e, op, task, target).emit();
}

} // namespace hashc::cpu
