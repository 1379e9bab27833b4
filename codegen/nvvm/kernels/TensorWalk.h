//===- TensorWalk.h - A walk over the scores of 64 rows ---------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Attention by tensor cores has 64 rows in a block, 16 for each warp, and walks
// over what they are multiplied with: two tiles at a time, of which the next
// ones are copied meanwhile.
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_CODEGEN_NVVM_KERNELS_TENSORWALK_H
#define HASHC_CODEGEN_NVVM_KERNELS_TENSORWALK_H

#include "AttentionRows.h"
#include "TensorCores.h"

namespace hashc::kernels {

constexpr float log2OfE = 1.4426950408889634f, logOf2 = 0.6931471805599453f;

HASHC_INLINE float approximateExp2(float x) {
  return __nvvm_ex2_approx_ftz_f(x);
}

/// What makes scores exponents of 2.
HASHC_INLINE float getExponentScale(const Layout &layout) {
  return float(layout.scale * double(log2OfE));
}

/// Two tiles side by side, and two such pairs: one is filled while the other
/// one is read.
struct TilePairs {
  SharedAddress begin;
  int32_t size, rows;

  HASHC_INLINE Tile get(int32_t pair, int32_t number) const {
    return {begin + (pair * 2 + number) * rows * int32_t(getPitch(size)), size};
  }
  HASHC_INLINE void copyRows(int32_t pair, const bf16 *first,
                             const bf16 *second, int64_t stride,
                             int64_t count) const {
    get(pair, 0).copyRows(first, stride, count, rows, threads);
    get(pair, 1).copyRows(second, stride, count, rows, threads);
  }
};

/// visit(step, pair) for each step, when load(step, pair) is over; prepare()
/// when all that was copied before is there.
template <typename Load, typename Prepare, typename Visit>
HASHC_INLINE void walk(int32_t steps, Load load, Prepare prepare, Visit visit) {
  if (steps > 0)
    load(0, 0);
  synchronizeCopies();
  prepare();
  for (int32_t step = 0; step < steps; ++step) {
    const int32_t pair = step % 2;
    // This pair is there, and nobody reads the other one any more.
    synchronizeCopies();
    if (step + 1 < steps)
      load(step + 1, pair ^ 1);
    visit(step, pair);
  }
}

/// The lane's two rows: half 0 has words 0 and 1 of all sums, half 1 the
/// others.
HASHC_INLINE int32_t getRow(int32_t half) {
  return getWarp() * int32_t(kWarpRows) + half * 8 + getLane() / 4;
}

/// visit(i, word, column) for each of the lane's sums in one of its rows: word
/// `word` of sums i.
template <int64_t columns, typename Visit>
HASHC_INLINE void forEachScore(int32_t half, Visit visit) {
#pragma unroll
  for (int32_t i = 0; i < columns / kColumns; ++i)
#pragma unroll
    for (int32_t j = 0; j < 2; ++j)
      visit(i, half * 2 + j, i * int32_t(kColumns) + getLane() % 4 * 2 + j);
}

} // namespace hashc::kernels

#endif // HASHC_CODEGEN_NVVM_KERNELS_TENSORWALK_H
