//===- Microkernel.h - Register-tiled matrix products -----------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_CODEGEN_CPU_MICROKERNEL_H
#define HASHC_CODEGEN_CPU_MICROKERNEL_H

#include "codegen/cpu/Schedule.h"

namespace hashc::cpu {

class Emitter;

/// Lines to bring to the cache for what follows a step, one every k: a run of
/// `run` lines `stride` bytes apart, the next run `jump` bytes after the first.
struct Prefetch {
  mlir::Value from, stride, run, jump;
};

/// One step of a register tile: `c[i][j] += sum over k of a[i][k] * b[k][j]`
/// for up to `tile.rows` rows i and `vectors` vectors of columns j. Every
/// element is one chain of fused multiply-adds in ascending k that goes on
/// from what `c` holds (or from zero), so its bits depend on no tile, step or
/// neighbour.
struct TileStep {
  /// Rows at work, 1 to tile.rows.
  mlir::Value rows;
  /// Of type `lhsElement`. By rows: an array of row pointers, k consecutive
  /// from `lhsOffset` on. By columns: the rows consecutive, one k every
  /// `lhsOffset` elements.
  mlir::Value lhs, lhsOffset;
  bool lhsByRows;
  mlir::Type lhsElement;
  /// Row k at every `rhsStride` elements.
  mlir::Value rhs, rhsStride;
  mlir::Value depth;
  /// Rows of tile.columns() elements; `fresh`: they start as zeros.
  mlir::Value sums, fresh;
  Prefetch prefetch;
};

/// Calls the module's function of such steps, made at its first use.
void emitTileStep(Emitter &e, const TileShape &tile, int64_t vectors,
                  mlir::Type compute, const TileStep &step);

} // namespace hashc::cpu

#endif // HASHC_CODEGEN_CPU_MICROKERNEL_H
