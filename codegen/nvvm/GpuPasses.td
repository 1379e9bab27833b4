//===- GpuPasses.td - Passes of the GPU back end ----------*- tablegen -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASH_GPU_PASSES_TD
#define HASH_GPU_PASSES_TD

include "mlir/Pass/PassBase.td"

def GpuLowerTiles : Pass<"hash-gpu-lower-tiles", "::mlir::ModuleOp"> {
  let summary = "matrix products in kernels to tiles that blocks compute";
  let description = [{
    Works on outlined kernels for `target = "cuda"`, `func.func private
    @k(%task: index, buffers...)` with the attribute `hash.kernel`, whose body is
    one `hash.grouped_gemm` or `hash.grouped_outer` on buffers. A task becomes a
    block, which computes a tile.

    That is 64 by 64 elements by 128 threads: rows are
    gathered to shared memory by asynchronous copies, three parts of the
    contraction in flight, and multiplied by tensor cores (bf16 against bf16; as
    tf32 where one side or the result is bf16) or by the threads (f32, in
    ascending order). The body runs on the sums where they are.

    On `arch = "sm_90a"`, bf16 against bf16 with one sum for each element is 128
    rows and 64, 128 or 256 columns, as `hash.target`'s `tile_columns` says or
    as fills the GPU; with two it is twice 128 by 64. Three warpgroups share
    that: one gathers rows into four stages of shared memory, each with two
    barriers, and asks the copy engine for boxes of the matrix (TMA); two
    multiply 64 rows each with `wgmma`. Sums go through shared memory, from
    where neighbouring threads run the body on whole rows. A matrix has boxes
    where its depth is a multiple of 64 or it is transposed; a call of
    `k.map<i>` stands for the map of the i-th, which becomes a parameter of the
    kernel.

    What no tile fits stays as it is: rows that are not made of whole copies of
    16 bytes, f64.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
    "::mlir::LLVM::LLVMDialect", "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"];
}

def GpuUseBlocks : Pass<"hash-gpu-use-blocks", "::mlir::ModuleOp"> {
  let summary = "calls of the kernel library become calls of its forms for blocks";
  let description = [{
    Works on kernels for `target = "cuda"`, after `hash-cpu-lower-library-calls`: a
    call of `hash_attention_f32` by a thread becomes one of
    `hash_block_attention_f32`, with the same arguments, by a block of 128 threads
    (`codegen/nvvm/kernels/Block*.cpp`), in bf16 one of
    `hash_tensor_attention_bf16`, which multiplies by tensor cores, for heads of up
    to 128 features, a multiple of 8. A function that is written for teams
    (`codegen/cpu/kernels/Team.h`), such as `hash_layer_norm_f32`, is called by a
    block of 256 threads, a team. Kernels with calls that nothing of this fits stay
    a thread's: attention in f64, heads of more than 128 features, or 64 in other
    gradients, and heads that are not made of vectors of 4.
  }];
}

#endif // HASH_GPU_PASSES_TD
