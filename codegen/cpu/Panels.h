//===- Panels.h - Matrices as microkernels read them ------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_CODEGEN_CPU_PANELS_H
#define HASHC_CODEGEN_CPU_PANELS_H

#include "codegen/cpu/Emitter.h"
#include "codegen/cpu/Schedule.h"

namespace hashc::cpu {

/// A matrix operand: one matrix a group, row by row or in panels of columns.
struct Matrix {
  mlir::Value base;
  mlir::Type element;
  MatrixShape shape;

  mlir::Value address(Emitter &e, mlir::Value group, mlir::Value row,
                      mlir::Value column) const;
};

/// A block of a right-hand side in a microkernel's order, `depth` rows of the
/// tile's columns: where it starts and how far its rows are apart. What the
/// block after it is made from lies in `runs` runs of `lines` lines, every
/// `nextStep` bytes from `next` on; no step where it is not known.
struct PanelBlock {
  mlir::Value base, stride, next, nextStep, runs, lines;
};

/// Provides blocks of `matrix`, packed into `scratch` (`schedule.depth` rows)
/// where they cannot be read in place.
class PanelReader {
public:
  PanelReader(const Matrix &matrix, bool transposed, const TileShape &tile,
              mlir::Type compute, mlir::Value scratch)
      : matrix(matrix), transposed(transposed), tile(tile), compute(compute),
        scratch(scratch) {}

  /// The block of `count` rows of the contraction from `k` on and `vectors`
  /// vectors of columns from `column` on; `lastLanes` of the last one exist.
  /// Reading in place pays only for a few rows, unless the matrix is in
  /// panels: `few` tells at run time.
  PanelBlock read(Emitter &e, mlir::Value group, mlir::Value k,
                  mlir::Value count, mlir::Value column, int64_t vectors,
                  int64_t lastLanes, mlir::Value few) const;

private:
  void packRows(Emitter &e, mlir::Value group, mlir::Value k, mlir::Value count,
                mlir::Value column, int64_t vectors, int64_t lastLanes) const;
  void packTransposed(Emitter &e, mlir::Value group, mlir::Value k,
                      mlir::Value count, mlir::Value column,
                      int64_t vectors) const;
  void transposeBlock(Emitter &e, mlir::Value group, mlir::Value k,
                      mlir::Value column, mlir::Value to,
                      mlir::Value mask) const;

  Matrix matrix;
  bool transposed;
  TileShape tile;
  mlir::Type compute;
  mlir::Value scratch;
};

/// Runs the body on a vector of elements of a matrix: `sum`, then what
/// `operands` hold there go in, the yielded values go to the last operands.
void emitMatrixBody(Emitter &e, mlir::Block &body, mlir::Value sum,
                    llvm::ArrayRef<Matrix> operands, mlir::Value group,
                    mlir::Value row, mlir::Value column, int64_t lanes,
                    mlir::Value mask);

/// Transposes a square of vectors in registers.
llvm::SmallVector<mlir::Value> transpose(Emitter &e, mlir::ValueRange rows);

} // namespace hashc::cpu

#endif // HASHC_CODEGEN_CPU_PANELS_H
