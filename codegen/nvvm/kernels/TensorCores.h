//===- TensorCores.h - Tiles of bf16, and their products --------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A warp multiplies 16 rows of a matrix with the rows or the columns of another
// by mma.sync.m16n8k16. Lane l has row l / 4 of what is 8 rows, and two
// neighbours of each 8 columns from 2 (l % 4) on (PTX ISA, "Matrix fragments
// for mma.m16n8k16"). So sums become the left side of another product where
// they are.
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_CODEGEN_NVVM_KERNELS_TENSORCORES_H
#define HASHC_CODEGEN_NVVM_KERNELS_TENSORCORES_H

#include "Block.h"
#include "TensorShape.h"

/// What a launch gives each block.
extern __attribute__((address_space(3), aligned(16))) char hash_launch_shared[];

namespace hashc::kernels {

constexpr int64_t kFragments = kMaxHead / kDepth; // of a head
constexpr int64_t kWarpRows = 16, kColumns = 8;

HASHC_INLINE int32_t getLane() { return int32_t(getThread()) % 32; }
HASHC_INLINE int32_t getWarp() { return int32_t(getThread()) / 32; }

//===----------------------------------------------------------------------===//
// Instructions
//===----------------------------------------------------------------------===//

/// An address in shared memory.
using SharedAddress = uint32_t;

HASHC_INLINE SharedAddress getLaunchShared() {
  return SharedAddress(reinterpret_cast<uint64_t>(hash_launch_shared));
}

/// Copies 16 bytes, beside the threads; or writes zeros.
HASHC_INLINE void copy(SharedAddress to, const bf16 *from, bool exists) {
  __nvvm_cp_async_cg_shared_global_16(
      (__attribute__((address_space(3))) void *)uint64_t(to),
      (const __attribute__((address_space(1))) void *)from, exists ? 16 : 0);
}
/// Waits for the thread's copies, and for all threads.
HASHC_INLINE void synchronizeCopies() {
  __nvvm_cp_async_wait_all();
  synchronize();
}

/// 16 by 16 elements: a left side, or two right sides of 8 columns.
struct Fragment {
  uint32_t words[4];
};

/// 16 by 8 sums: words 0 and 1 of the lane's row, 2 and 3 of eight rows on.
struct Sums {
  float of[4];
};

/// Each lane has the address of a row of 16 bytes.
HASHC_INLINE Fragment loadFragment(SharedAddress row) {
  Fragment f;
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, "
               "[%4];"
               : "=r"(f.words[0]), "=r"(f.words[1]), "=r"(f.words[2]),
                 "=r"(f.words[3])
               : "r"(row)
               : "memory");
  return f;
}
HASHC_INLINE Fragment loadTransposed(SharedAddress row) {
  Fragment f;
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, "
               "%3}, [%4];"
               : "=r"(f.words[0]), "=r"(f.words[1]), "=r"(f.words[2]),
                 "=r"(f.words[3])
               : "r"(row)
               : "memory");
  return f;
}

/// sums + left * right.
HASHC_INLINE Sums multiply(const Fragment &left, uint32_t right0,
                           uint32_t right1, const Sums &sums) {
  Sums result;
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, "
               "%2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%10, %11, %12, %13};"
               : "=f"(result.of[0]), "=f"(result.of[1]), "=f"(result.of[2]),
                 "=f"(result.of[3])
               : "r"(left.words[0]), "r"(left.words[1]), "r"(left.words[2]),
                 "r"(left.words[3]), "r"(right0), "r"(right1), "f"(sums.of[0]),
                 "f"(sums.of[1]), "f"(sums.of[2]), "f"(sums.of[3]));
  return result;
}

/// Two numbers of bf16, the first one in the lower half.
HASHC_INLINE uint32_t narrow(float first, float second) {
  uint32_t both;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(both) : "f"(second), "f"(first));
  return both;
}

//===----------------------------------------------------------------------===//
// Tiles
//===----------------------------------------------------------------------===//

/// Rows of a head's features in shared memory, with zeros up to whole products.
struct Tile {
  SharedAddress begin;
  int32_t size; // features

  HASHC_INLINE int32_t pitch() const { return int32_t(getPitch(size)); }

  /// Begins to copy `rows` rows, of which `count` exist; the others are zeros.
  HASHC_INLINE void copyRows(const bf16 *from, int64_t stride, int64_t count,
                             int32_t rows, int32_t threads) const {
    const int32_t chunks = int32_t(padHead(size) / kChunk);
    for (int32_t i = int32_t(getThread()); i < rows * chunks; i += threads) {
      const int32_t row = i / chunks, at = i % chunks * int32_t(kChunk);
      const bool exists = row < count && at < size;
      copy(begin + row * pitch() + at * 2,
           exists ? from + row * stride + at : from, exists);
    }
  }

  /// A left side, or with loadTransposed() a right side the columns of which
  /// are the tile's.
  HASHC_INLINE SharedAddress placeRows(int32_t row) const {
    const int32_t lane = getLane();
    return begin + (row + lane % 16) * pitch() + lane / 16 * 16;
  }
  /// A right side the columns of which are the tile's rows.
  HASHC_INLINE SharedAddress placeColumns(int32_t row) const {
    const int32_t lane = getLane();
    return begin + (row + lane / 16 * 8 + lane % 8) * pitch() +
           lane / 8 % 2 * 16;
  }
};

/// The products of 16 rows with the rows of a tile; left(i) has features 16 i
/// .. 16 i + 15 of the rows.
template <int64_t rows, typename Left>
HASHC_INLINE void multiplyByRows(Sums (&sums)[rows / kColumns],
                                 const Tile &tile, Left left) {
  const SharedAddress place = tile.placeColumns(0);
#pragma unroll
  for (int32_t i = 0; i < kFragments; ++i) {
    if (i * kDepth >= tile.size)
      continue;
    const Fragment rowsOfLeft = left(i);
#pragma unroll
    for (int32_t j = 0; j < rows / 16; ++j) {
      const Fragment right =
          loadFragment(place + j * 16 * tile.pitch() + i * kDepth * 2);
      sums[2 * j] =
          multiply(rowsOfLeft, right.words[0], right.words[1], sums[2 * j]);
      sums[2 * j + 1] =
          multiply(rowsOfLeft, right.words[2], right.words[3], sums[2 * j + 1]);
    }
  }
}

/// Adds the rows of a tile, each times its factor in bf16.
template <int64_t rows>
HASHC_INLINE void addRows(Sums (&sums)[kMaxHead / kColumns],
                          const Sums (&factors)[rows / kColumns],
                          const Tile &tile) {
  const SharedAddress place = tile.placeRows(0);
#pragma unroll
  for (int32_t i = 0; i < rows / kDepth; ++i) {
    const float *low = factors[2 * i].of, *high = factors[2 * i + 1].of;
    const Fragment left = {{narrow(low[0], low[1]), narrow(low[2], low[3]),
                            narrow(high[0], high[1]),
                            narrow(high[2], high[3])}};
#pragma unroll
    for (int32_t j = 0; j < kFragments; ++j) {
      if (j * kDepth >= tile.size)
        continue;
      const Fragment right = loadTransposed(
          place + i * int32_t(kDepth) * tile.pitch() + j * kDepth * 2);
      sums[2 * j] = multiply(left, right.words[0], right.words[1], sums[2 * j]);
      sums[2 * j + 1] =
          multiply(left, right.words[2], right.words[3], sums[2 * j + 1]);
    }
  }
}

/// Writes the lane's features of a row, from word `half` of the sums on.
HASHC_INLINE void storeRow(bf16 *row, const Sums (&sums)[kMaxHead / kColumns],
                           int32_t half, float factor, int32_t size) {
#pragma unroll
  for (int32_t i = 0; i < kMaxHead / kColumns; ++i)
    if (i * kColumns < size) {
      const uint32_t both =
          narrow(sums[i].of[half] * factor, sums[i].of[half + 1] * factor);
      __builtin_memcpy(
          __builtin_assume_aligned(row + i * kColumns + getLane() % 4 * 2, 4),
          &both, sizeof(both));
    }
}

} // namespace hashc::kernels

#endif // HASHC_CODEGEN_NVVM_KERNELS_TENSORCORES_H
