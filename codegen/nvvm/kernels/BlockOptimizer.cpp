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
#include "codegen/cpu/kernels/TeamShape.h"

using namespace hashc::kernels;

/// As many as a team has.
static constexpr int64_t threads = kTeam;

/// Each thread's own, from the start of a part to its end.
HASHC_SHARED double sums[threads];

HASHC_BLOCK hash_block_norm_start(int64_t, double *) { sums[getThread()] = 0; }

/// A part's run of elements, of which there may be none; neighbours read
/// neighbours.
template <typename C>
static HASHC_INLINE void addPart(int64_t task, const C *x, int64_t size,
                                 int64_t parts) {
  const int64_t length = (size + parts - 1) / parts, thread = getThread();
  const int64_t begin = smaller(size, task * length);
  const int64_t end = smaller(size, begin + length);
  double sum = 0;
#pragma unroll 4
  for (int64_t i = begin + thread; i < end; i += threads)
    sum += double(x[i]) * double(x[i]);
  sums[thread] = sums[thread] + sum;
}

HASHC_BLOCK hash_block_norm_add_f32(int64_t task, const float *x, double *,
                                    int64_t size, int64_t parts) {
  addPart(task, x, size, parts);
}
HASHC_BLOCK hash_block_norm_add_f64(int64_t task, const double *x, double *,
                                    int64_t size, int64_t parts) {
  addPart(task, x, size, parts);
}

HASHC_BLOCK hash_block_norm_finish(int64_t task, double *norms) {
  const int64_t thread = getThread();
  for (int64_t half = threads / 2; half > 0; half /= 2) {
    synchronize();
    if (thread < half)
      sums[thread] = sums[thread] + sums[thread + half];
  }
  if (thread == 0)
    norms[task] = __builtin_sqrt(sums[0]);
}
