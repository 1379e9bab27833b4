//===- BlockOptimizer.cpp - The gradients' norm by a block ----------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// The functions of codegen/cpu/kernels/Optimizer.cpp for a block of threads.
// Sums are in an order of their own, which is always the same.
//
//===----------------------------------------------------------------------===//

#include "Block.h"

using namespace hashc::kernels;

/// As codegen/nvvm/UseBlocks.cpp launches them.
static constexpr int64_t threads = 1024;

HASHC_BLOCK hash_block_global_norm_start(int64_t, double *norm) {
  if (getThread() == 0)
    *norm = 0;
  synchronize();
}

HASHC_BLOCK hash_block_global_norm_add_f32(int64_t, const float *x,
                                           double *norm, int64_t size) {
  HASHC_SHARED double sums[threads];
  const int64_t thread = getThread(),
                whole = size / lanes<float> * lanes<float>;
  double sum = 0;
  for (int64_t i = thread * lanes<float>; i < whole;
       i += threads * lanes<float>) {
    Float4 v = load(x + i);
    for (int64_t k = 0; k < lanes<float>; ++k)
      sum += double(v[k]) * double(v[k]);
  }
  for (int64_t i = whole + thread; i < size; i += threads)
    sum += double(x[i]) * double(x[i]);
  sums[thread] = sum;
  for (int64_t half = threads / 2; half > 0; half /= 2) {
    synchronize();
    if (thread < half)
      sums[thread] = sums[thread] + sums[thread + half];
  }
  if (thread == 0)
    *norm += sums[0];
  // The next call writes the sums again.
  synchronize();
}

HASHC_BLOCK hash_block_global_norm_finish(int64_t, double *norm) {
  if (getThread() == 0)
    *norm = __builtin_sqrt(*norm);
}
