//===- TensorShape.h - Tiles of attention by tensor cores -------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_CODEGEN_NVVM_KERNELS_TENSORSHAPE_H
#define HASHC_CODEGEN_NVVM_KERNELS_TENSORSHAPE_H

#include <stdint.h>

namespace hashc::kernels {

/// Features of a head are copied by so many, and padded to the depth of a
/// product of tensor cores.
constexpr int64_t kChunk = 8, kDepth = 16;
constexpr int64_t kMaxHead = 128;

/// Rows of a block. In gradients, what they are multiplied with at a time.
constexpr int64_t kTileRows = 64, kGradColumns = 32;

constexpr int64_t countTiles(int64_t rows) {
  return (rows + kTileRows - 1) / kTileRows;
}

constexpr int64_t padHead(int64_t size) {
  return (size + kDepth - 1) / kDepth * kDepth;
}

/// Bytes between the rows of a tile of bf16. An odd number of chunks: eight
/// rows lie in different banks.
constexpr int64_t getPitch(int64_t size) {
  return (padHead(size) + kChunk) * 2;
}

/// Of keys and values, two at a time each.
constexpr int64_t getAttentionShared(int64_t size) {
  return 2 * 2 * kTileRows * getPitch(size);
}

/// Of a gradient, also its rows, and 16 bytes for each column.
constexpr int64_t getAttentionGradShared(int64_t size) {
  return 2 * kTileRows * getPitch(size) +
         2 * kGradColumns * (2 * getPitch(size) + 16);
}

/// A head of keys of a window, and the heads of queries that have it, become so
/// many tasks.
constexpr int64_t countWalks(int64_t group, int64_t queries, int64_t keys) {
  return group * countTiles(queries) + countTiles(keys);
}

} // namespace hashc::kernels

#endif // HASHC_CODEGEN_NVVM_KERNELS_TENSORSHAPE_H
