//===- Schedule.h - How structured ops are blocked --------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_CODEGEN_CPU_SCHEDULE_H
#define HASHC_CODEGEN_CPU_SCHEDULE_H

#include "codegen/cpu/Cpu.h"
#include "dialect/Hash.h"

namespace hashc::cpu {

/// Bytes of a cache line.
constexpr int64_t kLineBytes = 64;

/// The logical extents of a matrix operand, `[groups, rows, columns]` with or
/// without the first, whichever way it is stored.
struct MatrixShape {
  int64_t groups = 1, rows = 0, columns = 0;
  /// Columns of a panel, 0 where it is stored row by row.
  int64_t panel = 0;
  int64_t panels() const { return (columns + panel - 1) / panel; }
};

/// Of an operand that is a matrix for each group, or one.
MatrixShape getMatrixShape(mlir::ShapedType type, bool grouped,
                           int64_t columns);

/// The shape of a grouped_gemm's right-hand side; `rows` is the contraction,
/// or the columns of the result where it is transposed.
MatrixShape getRhsShape(hash::GroupedGemmOp op, unsigned product);

/// The register tile in elements of the type that bodies compute in.
struct TileShape {
  TileShape(const CpuTarget &target, mlir::Type compute);
  int64_t rows, vectors, lanes;
  int64_t columns() const { return vectors * lanes; }
};

/// A grouped_gemm: every task computes a block of a group's rows times a block
/// of columns. The rows of a group are cut into nearly equal blocks of at most
/// `rowBlock`, so `rowBlocks` bounds their number for any plan.
struct GemmSchedule {
  GemmSchedule(hash::GroupedGemmOp op, const CpuTarget &target);
  TileShape tile;
  int64_t groups, rows, columns;
  int64_t rowBlock, rowBlocks, columnBlock, columnBlocks;
  /// Products are computed in steps of at most `depth` of the contraction.
  int64_t depth;
  /// Dead rows are cleared by one more block of rows.
  bool clearsDeadRows;
  int64_t tasks() const {
    return (rowBlocks + (clearsDeadRows ? 1 : 0)) * columnBlocks;
  }
};

/// A grouped_outer: every task computes a block of one group's matrix.
struct OuterSchedule {
  OuterSchedule(hash::GroupedOuterOp op, const CpuTarget &target);
  TileShape tile;
  int64_t groups, rows, lhsColumns, rhsColumns;
  int64_t lhsBlock, lhsBlocks, rhsBlock, rhsBlocks;
  /// Rows packed at a time.
  int64_t depth;
  int64_t tasks() const { return groups * lhsBlocks * rhsBlocks; }
};

/// A map: every task computes a block of rows, or of elements where operands
/// have one shape and no rows are looked up.
struct MapSchedule {
  MapSchedule(hash::MapOp op, const CpuTarget &target);
  bool flat;
  int64_t lanes, rows, columns, rowBlock;
  int64_t tasks() const { return (rows + rowBlock - 1) / rowBlock; }
};

} // namespace hashc::cpu

#endif // HASHC_CODEGEN_CPU_SCHEDULE_H
