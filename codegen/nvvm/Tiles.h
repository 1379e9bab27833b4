//===- Tiles.h - Matrix products as tiles of a block ------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_CODEGEN_NVVM_TILES_H
#define HASHC_CODEGEN_NVVM_TILES_H

#include "dialect/Hash.h"

#include "mlir/IR/BuiltinOps.h"

namespace hashc::nvvm {

/// How a block of threads computes a tile of a matrix product.
struct TileConfig {
  enum class Product {
    fma,   // each thread sums its elements, in ascending order
    mma8,  // tensor cores, of f32 rounded to tf32: mma.sync.m16n8k8
    mma16, // tensor cores, of bf16: mma.sync.m16n8k16
    wgmma  // those of sm_90a, of bf16, by two warpgroups for which one copies
  };
  Product product = Product::fma;
  int64_t rows = 64, columns = 64;
  int64_t depth = 16; // of the contraction, at a time
  int64_t threads = 128;
  /// Parts of the contraction that are in shared memory or on their way.
  int64_t stages = 3;
  /// For 128 registers a thread, of which no product needs more than 96, and
  /// 30 KiB of shared memory.
  int64_t blocksAtOnce = 4;
  /// Of shared memory that the launch gives.
  int64_t sharedBytes = 0;
  /// Right-hand sides are matrices of which the copy engine brings boxes.
  bool hasBoxes = false;
};

/// The rows of a plan cut into tiles; every group's last one may be partly
/// filled, so `rowTiles` bounds their number for any plan.
struct GemmTiles {
  GemmTiles(hash::GroupedGemmOp op, const TileConfig &config);
  int64_t groups, rows, columns;
  int64_t rowTiles, columnTiles;
  /// Dead rows are cleared by one more row of tiles.
  bool clearsDeadRows;
  int64_t count() const {
    return (rowTiles + (clearsDeadRows ? 1 : 0)) * columnTiles;
  }
};

/// The tiles of each group's matrix.
struct OuterTiles {
  OuterTiles(hash::GroupedOuterOp op, const TileConfig &config);
  int64_t groups, rows, lhsColumns, rhsColumns;
  int64_t lhsTiles, rhsTiles;
  int64_t count() const { return groups * lhsTiles * rhsTiles; }
};

} // namespace hashc::nvvm

#endif // HASHC_CODEGEN_NVVM_TILES_H
