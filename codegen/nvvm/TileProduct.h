//===- TileProduct.h - A tile of sums, and products added to it -*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_CODEGEN_NVVM_TILEPRODUCT_H
#define HASHC_CODEGEN_NVVM_TILEPRODUCT_H

#include "codegen/nvvm/TileSide.h"

namespace hashc::nvvm {

/// The sums of a tile that a thread holds: vectors of consecutive columns.
struct Fragment {
  mlir::Value row, column; // in the tile, of the first element
  mlir::Value sums;
};

/// Sums of a tile, spread over the threads of a block.
class TileProduct {
public:
  TileProduct(GpuEmitter &e, const TileConfig &config, mlir::Value thread);

  /// Elements of a fragment.
  int64_t getLanes() const;
  /// Zeros: what a product starts from.
  llvm::SmallVector<mlir::Value> makeSums();
  /// sums + lhs * rhs over `contraction`, part by part, each copied to shared
  /// memory while the ones before it are computed. All threads call it, and
  /// are past their last read of `memory` when it ends.
  llvm::SmallVector<mlir::Value> add(mlir::ValueRange sums, SideSource lhs,
                                     SideSource rhs, mlir::Value contraction,
                                     mlir::Value memory);
  /// Bytes of shared memory that `add` takes, whatever the sides.
  static int64_t getSharedBytes(const TileConfig &config);
  /// The sums by place.
  llvm::SmallVector<Fragment> getFragments(mlir::ValueRange sums,
                                           bool lhsAlong);

private:
  void addPart(llvm::SmallVector<mlir::Value> &sums, TileSide &lhs,
               TileSide &rhs, mlir::Value lhsPart, mlir::Value rhsPart);
  void addFma(llvm::SmallVector<mlir::Value> &sums, TileSide &lhs,
              TileSide &rhs, mlir::Value lhsPart, mlir::Value rhsPart);
  void addMma8(llvm::SmallVector<mlir::Value> &sums, TileSide &lhs,
               TileSide &rhs, mlir::Value lhsPart, mlir::Value rhsPart);
  void addMma16(llvm::SmallVector<mlir::Value> &sums, TileSide &lhs,
                TileSide &rhs, mlir::Value lhsPart, mlir::Value rhsPart);
  llvm::SmallVector<mlir::Value> readLhs(TileSide &lhs, mlir::Value part,
                                         mlir::Value k);
  llvm::SmallVector<mlir::Value> readRhs(TileSide &rhs, mlir::Value part,
                                         mlir::Value k, int64_t quad);
  mlir::Value warpRow();
  mlir::Value warpColumn();
  mlir::Value rowOf(int64_t i, bool lhsAlong);
  mlir::Value columnOf(int64_t quad);

  GpuEmitter &e;
  TileConfig config;
  mlir::Value thread;
  mlir::VectorType type; // of four sums
};

} // namespace hashc::nvvm

#endif // HASHC_CODEGEN_NVVM_TILEPRODUCT_H
