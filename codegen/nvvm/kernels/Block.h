//===- Block.h - What functions for blocks of threads use -------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_CODEGEN_NVVM_KERNELS_BLOCK_H
#define HASHC_CODEGEN_NVVM_KERNELS_BLOCK_H

#include "codegen/cpu/kernels/Vector.h"

/// A function that all threads of a block call. It is inlined into its kernel,
/// whose shared memory it has.
#define HASHC_BLOCK extern "C" __attribute__((always_inline)) void
#define HASHC_SHARED static __attribute__((address_space(3)))

namespace hashc::kernels {

HASHC_INLINE int64_t getThread() { return __nvvm_read_ptx_sreg_tid_x(); }

/// Waits for all threads of the block.
HASHC_INLINE void synchronize() { __syncthreads(); }

using Float4 = Vector<float>;
static_assert(lanes<float> == 4, "kernels for GPUs have short vectors");

} // namespace hashc::kernels

#endif // HASHC_CODEGEN_NVVM_KERNELS_BLOCK_H
