//===- TileSide.h - One side of a product, in shared memory -----*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_CODEGEN_NVVM_TILESIDE_H
#define HASHC_CODEGEN_NVVM_TILESIDE_H

#include "codegen/nvvm/GpuEmitter.h"
#include "codegen/nvvm/Tiles.h"

#include <functional>

namespace hashc::nvvm {

/// Where a line of a side is, and whether there is one.
struct Line {
  mlir::Value address, exists;
};

/// A side of a product as it is stored: lines of consecutive elements, either
/// of the contraction (a line for each row of the tile, or column), or of the
/// tile (a line for each step of the contraction).
struct SideSource {
  bool alongContraction;
  mlir::Type element;
  /// The line with a number counted from the tile's first row (or column), or
  /// from the beginning of the contraction.
  std::function<Line(mlir::Value)> locate;
  /// The first element of the lines that the tile has; not used along the
  /// contraction.
  mlir::Value first;
  /// Elements of a line.
  int64_t length;
  /// Where lines follow each other in a matrix whose boxes the copy engine
  /// brings: its map, and the row of the tile's or the contraction's first
  /// line.
  struct Boxes {
    mlir::Value map, row;
  };
  std::optional<Boxes> boxes = std::nullopt;
};

/// What a part of a side has, and how it lies in shared memory.
struct SideShape {
  int64_t extent;  // rows of the tile, or columns
  int64_t depth;   // steps of the contraction
  int64_t threads; // that copy it
  /// As wgmma reads it: atoms of eight lines of 128 bytes, in which chunks of
  /// 16 bytes are exchanged (PTX ISA 8.0, 9.7.14.5.1, "128-byte swizzling").
  /// Longer lines are cut. Else padding follows each line.
  bool swizzled;

  /// Bytes of a part, wherever its lines go.
  int64_t getLargestBytes(int64_t elementBytes) const;
  /// Lines and columns of the boxes of bf16 that a swizzled part is made of.
  std::pair<int64_t, int64_t> getBox(bool alongContraction) const;
};

/// Copies a side's parts to shared memory and reads it from there.
class TileSide {
public:
  /// `thread` is the number among those that copy.
  TileSide(GpuEmitter &e, const SideShape &shape, SideSource source,
           mlir::Value thread);

  /// Bytes of one part.
  int64_t getBytes() const { return lines * pitch * linesCutIn; }
  /// Once, before the copies of a product: finds the lines that stay the same.
  void prepare();
  /// Starts this thread's copies of the part of the contraction from `k` on.
  void load(mlir::Value to, mlir::Value k);

  /// Has the copy engine bring all of that part; by one thread.
  void loadBoxes(mlir::Value to, mlir::Value k, mlir::Value mbarrier);

  /// A vector of `count` elements of the tile from `at` on, at step `k` of the
  /// part; as f32. Of lines of the tile only.
  mlir::Value readAcross(mlir::Value part, mlir::Value k, mlir::Value at,
                         int64_t count);
  /// `count` steps from `k` on, of one row (or column) of the tile.
  mlir::Value readAlong(mlir::Value part, mlir::Value k, mlir::Value at,
                        int64_t count);
  /// The registers of mma.sync for 16 rows (or columns) from `at` on and 16
  /// steps from `k` on. `isLhs` tells in which order the four matrices come.
  llvm::SmallVector<mlir::Value> readMatrices(mlir::Value part, int64_t k,
                                              mlir::Value at, mlir::Value lane,
                                              bool isLhs);

  /// One element, as tensor cores take it in tf32.
  mlir::Value readTf32(mlir::Value part, mlir::Value k, mlir::Value at);

  /// A descriptor of wgmma's: the rows (or columns) from 64 * `block` on, all
  /// steps of the part, which begins at a multiple of 1024 bytes.
  mlir::Value describe(mlir::Value part, mlir::Value block);
  /// The same from step `k` on.
  mlir::Value describeFrom(mlir::Value descriptor, int64_t k);

  bool isAlongContraction() const { return source.alongContraction; }

private:
  mlir::Value addressOf(mlir::Value part, mlir::Value line,
                        mlir::Value element);

  GpuEmitter &e;
  SideShape shape;
  SideSource source;
  mlir::Value thread;
  int64_t lines, perLine;       // elements of a line in a part
  int64_t linesCutIn;           // pieces, which lie far apart
  int64_t pitch;                // bytes from line to line in shared memory
  int64_t elementBytes, chunks; // of a line
  int64_t rounds;               // of copies by all threads
  llvm::SmallVector<Line> fixed;
};

} // namespace hashc::nvvm

#endif // HASHC_CODEGEN_NVVM_TILESIDE_H
