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
/// Queries of a task, and keys at a time.
constexpr int64_t kTileRows = 64;

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

} // namespace hashc::kernels

#endif // HASHC_CODEGEN_NVVM_KERNELS_TENSORSHAPE_H
