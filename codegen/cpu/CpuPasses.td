//===- CpuPasses.td - Passes of the CPU back end ----------*- tablegen -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASH_CPU_PASSES_TD
#define HASH_CPU_PASSES_TD

include "mlir/Pass/PassBase.td"

def CpuLowerStructured : Pass<"hash-cpu-lower-structured", "::mlir::ModuleOp"> {
  let summary = "structured ops in kernels to loops over vectors";
  let description = [{
    Works on outlined kernels, `func.func private @k(%task: index, buffers...)`
    with the attribute `hash.kernel`, whose body is one structured op on
    buffers. Blocking follows from shapes and from the module's `hash.target`.
    Register tiles become functions that all kernels of the module share.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
    "::mlir::LLVM::LLVMDialect", "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"];
}

def CpuLowerLibraryCalls : Pass<"hash-cpu-lower-library-calls", "::mlir::ModuleOp"> {
  let summary = "library calls in kernels to calls of the kernel library";
  let description = [{
    Works on outlined kernels whose body is one `hash.library_call`. Each becomes
    one or more calls of functions of the library in `codegen/cpu/kernels`, with
    the task's number, the buffers' addresses, and constants that follow from
    shapes and attributes.

    ```mlir
    hash.library_call "layer_norm" ins(%x, %g, %b : ...) outs(%y, %m, %r : ...) {config = {eps = 1.0e-5 : f64}}
    // becomes
    func.call @hash_layer_norm_f32(%task, %x, %g, %b, %y, %m, %r, %rows, %width, %eps, %taskRows) : (i64, !llvm.ptr, ...) -> ()
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
    "::mlir::LLVM::LLVMDialect", "::mlir::memref::MemRefDialect"];
}

def CpuToLlvm : Pass<"hash-cpu-to-llvm", "::mlir::ModuleOp"> {
  let summary = "kernels, launches and entry points to the LLVM dialect";
  let description = [{
    Buffers become plain pointers. An entry point becomes
    `hash_entry_<name>(ptr arguments)`, a kernel `<name>.task(i64 task, ptr
    buffers)`, a launch a call of `hash_rt_launch(id, kernel, buffers, tasks)`,
    numbered in module order.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

#endif // HASH_CPU_PASSES_TD
