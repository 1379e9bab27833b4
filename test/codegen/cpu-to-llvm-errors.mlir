// RUN: hash-opt %s --split-input-file --hash-cpu-to-llvm --verify-diagnostics | FileCheck %s

// expected-error @+1 {{takes a 'tensor<4xf32>'; hash-plan-memory and hash-outline-kernels come first}}
func.func @step(%x: tensor<4xf32>) {
  return
}

// -----

// What is in the LLVM dialect already stays as it is.
// CHECK: llvm.func @hash_entry_step(
// CHECK-NOT: @hash_entry_hash_entry_step
llvm.func @hash_entry_step(%x: !llvm.ptr) {
  llvm.return
}
