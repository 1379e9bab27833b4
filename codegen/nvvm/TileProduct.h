//===- TileProduct.h - Products that a block of threads sums ----*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_CODEGEN_NVVM_TILEPRODUCT_H
#define HASHC_CODEGEN_NVVM_TILEPRODUCT_H

#include "codegen/nvvm/TileSide.h"

#include <memory>

namespace hashc::nvvm {

/// lhs * rhs over `contraction` steps, to be added to one of a tile's sums.
struct Term {
  size_t into;
  SideSource lhs, rhs;
  mlir::Value contraction;
};

/// Called with the place in the tile, and from there on, in the row, a vector
/// of each of the tile's sums.
using SumsVisitor = llvm::function_ref<void(mlir::Value row, mlir::Value column,
                                            llvm::ArrayRef<mlir::Value> sums)>;

/// A way to compute a tile.
class TileProduct {
public:
  virtual ~TileProduct() = default;
  /// The one that the configuration asks for. Emits code where `e` is: all
  /// threads of a block run it, once.
  static std::unique_ptr<TileProduct> create(GpuEmitter &e,
                                             const TileConfig &config);

  /// Elements of the vectors that a visitor is called with.
  virtual int64_t getLanes() const = 0;
  /// Sums up the terms from zero and visits the sums of the first `rows` rows
  /// at least, each by one thread.
  virtual void emit(llvm::ArrayRef<Term> terms, mlir::Value rows,
                    SumsVisitor visit) = 0;

protected:
  /// How many sums the terms are added to.
  static size_t countSums(llvm::ArrayRef<Term> terms);
};

std::unique_ptr<TileProduct> createMultistageProduct(GpuEmitter &e,
                                                     const TileConfig &config);
std::unique_ptr<TileProduct>
createWarpSpecializedProduct(GpuEmitter &e, const TileConfig &config);
/// What such a product takes of shared memory.
int64_t getWarpSpecializedSharedBytes(const TileConfig &config, size_t sums);

} // namespace hashc::nvvm

#endif // HASHC_CODEGEN_NVVM_TILEPRODUCT_H
