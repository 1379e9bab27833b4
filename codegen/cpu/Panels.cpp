//===- Panels.cpp - Matrices as microkernels read them --------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/Panels.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace hashc::cpu {

Value Matrix::address(Emitter &e, Value group, Value row, Value column) const {
  Value offset;
  if (shape.panel) {
    Value panel =
        e.add(e.mul(group, shape.panels()), e.div(column, shape.panel));
    Value line = e.add(e.mul(panel, shape.rows), row);
    offset = e.add(e.mul(line, shape.panel), e.rem(column, shape.panel));
  } else {
    Value line = e.add(e.mul(group, shape.rows), row);
    offset = e.add(e.mul(line, shape.columns), column);
  }
  return e.address(base, offset, element);
}

PanelBlock PanelReader::read(Emitter &e, Value group, Value k, Value count,
                             Value column, int64_t vectors, int64_t lastLanes,
                             Value few) const {
  const MatrixShape &shape = matrix.shape;
  Value none = e.constant(0);
  PanelBlock packed = {
      scratch, e.constant(tile.columns()), scratch, none, e.constant(1), count};
  if (transposed) {
    packTransposed(e, group, k, count, column, vectors);
    if (shape.panel) {
      // The same panels' rows of the next columns.
      packed.next = matrix.address(e, group, e.add(column, tile.columns()), k);
      packed.nextStep =
          e.constant(shape.rows * shape.panel * e.bytesOf(matrix.element));
      packed.runs = e.ceilDiv(count, shape.panel);
      packed.lines = e.constant(llvm::divideCeil(tile.columns() * shape.panel *
                                                     e.bytesOf(matrix.element),
                                                 kLineBytes));
    }
    return packed;
  }
  bool sameType = matrix.element == compute;
  if (shape.panel % tile.columns() == 0 && shape.panel && sameType) {
    Value base = matrix.address(e, group, k, column);
    Value size = e.mul(count, shape.panel);
    Value runs = e.constant(tile.columns() * e.bytesOf(compute) / kLineBytes);
    return {base,
            e.constant(shape.panel),
            e.address(base, size, compute),
            e.mul(count, kLineBytes),
            runs,
            count};
  }
  if (shape.panel || !sameType || lastLanes != tile.lanes) {
    packRows(e, group, k, count, column, vectors, lastLanes);
    return packed;
  }
  auto choice =
      scf::IfOp::create(e, TypeRange{e.ptr, e.i64}, few, /*withElse=*/true);
  OpBuilder::InsertionGuard guard(e);
  e.setInsertionPointToStart(choice.thenBlock());
  scf::YieldOp::create(e, ValueRange{matrix.address(e, group, k, column),
                                     e.constant(shape.columns)});
  e.setInsertionPointToStart(choice.elseBlock());
  packRows(e, group, k, count, column, vectors, lastLanes);
  scf::YieldOp::create(e, ValueRange{packed.base, packed.stride});
  packed.base = choice.getResult(0);
  packed.stride = choice.getResult(1);
  return packed;
}

void PanelReader::packRows(Emitter &e, Value group, Value k, Value count,
                           Value column, int64_t vectors,
                           int64_t lastLanes) const {
  auto vector = VectorType::get({tile.lanes}, matrix.element);
  Value lastMask;
  if (lastLanes != tile.lanes && !matrix.shape.panel)
    lastMask = e.firstLanes(tile.lanes, e.constant(lastLanes));
  e.loop(e.constant(0), count, 1, [&](Value i) {
    Value to = e.address(scratch, e.mul(i, tile.columns()), compute);
    for (int64_t v = 0; v < vectors; ++v) {
      Value from =
          matrix.address(e, group, e.add(k, i), e.add(column, v * tile.lanes));
      Value mask = v == vectors - 1 ? lastMask : Value();
      Value value = e.convert(e.loadVector(vector, from, mask), compute);
      e.storeVector(value, e.address(to, e.constant(v * tile.lanes), compute));
    }
  });
}

void PanelReader::packTransposed(Emitter &e, Value group, Value k, Value count,
                                 Value column, int64_t vectors) const {
  int64_t lanes = tile.lanes;
  int64_t panel = matrix.shape.panel;
  bool masked = !panel && matrix.shape.columns % lanes != 0;
  // Rows of a panel follow each other in memory, and are read to their ends;
  // whole rows of other matrices are read side by side.
  auto packRun = [&](Value from, Value to) {
    e.loop(e.constant(0), e.constant(vectors * lanes), lanes, [&](Value j) {
      e.loop(from, to, lanes, [&](Value i) {
        Value mask;
        if (masked)
          mask = e.firstLanes(lanes, e.min(e.constant(lanes), e.sub(count, i)));
        Value at =
            e.address(scratch, e.add(e.mul(i, tile.columns()), j), compute);
        transposeBlock(e, group, e.add(k, i), e.add(column, j), at, mask);
      });
    });
  };
  if (!panel)
    return packRun(e.constant(0), count);
  e.loop(e.constant(0), count, panel,
         [&](Value from) { packRun(from, e.min(count, e.add(from, panel))); });
}

void PanelReader::transposeBlock(Emitter &e, Value group, Value k, Value column,
                                 Value to, Value mask) const {
  auto vector = VectorType::get({tile.lanes}, matrix.element);
  // Rows past the last feed columns that nobody reads: any will do.
  Value last = e.constant(matrix.shape.rows - 1);
  bool clamp = matrix.shape.rows % tile.lanes != 0;
  SmallVector<Value> rows;
  for (int64_t i = 0; i < tile.lanes; ++i) {
    Value row = e.add(column, i);
    Value from = matrix.address(e, group, clamp ? e.min(row, last) : row, k);
    rows.push_back(e.convert(e.loadVector(vector, from, mask), compute));
  }
  for (auto [i, row] : llvm::enumerate(transpose(e, rows)))
    e.storeVector(row, e.address(to, e.constant(i * tile.columns()), compute));
}

/// Swaps the off-diagonal squares of halves, then of quarters, down to single
/// elements (Eklundh 1972).
SmallVector<Value> transpose(Emitter &e, ValueRange input) {
  SmallVector<Value> rows(input);
  int64_t size = rows.size();
  for (int64_t step = size / 2; step > 0; step /= 2) {
    SmallVector<int64_t> upper, lower;
    for (int64_t lane = 0; lane < size; ++lane) {
      upper.push_back(lane & step ? size + lane - step : lane);
      lower.push_back(lane & step ? size + lane : lane + step);
    }
    for (int64_t i = 0; i < size; ++i) {
      if (i & step)
        continue;
      Value a = rows[i], b = rows[i + step];
      rows[i] = vector::ShuffleOp::create(e, a, b, upper);
      rows[i + step] = vector::ShuffleOp::create(e, a, b, lower);
    }
  }
  return rows;
}

} // namespace hashc::cpu
