// RUN: not hash-opt %s -hash-cpu-lower-structured 2>&1 | FileCheck %s

// CHECK: panels of 12 columns are not made of whole vectors of 8; change `panel` in hash.target

func.func private @k(%task: index, %x: memref<10x8xf32>, %w: memref<2x8x12xf32>, %y: memref<10x24xf32>)
    attributes {hash.kernel = {}} {
  hash.grouped_gemm lhs(%x : memref<10x8xf32>) at [position] rhs(%w : memref<2x8x12xf32>)
      into [0] reads() at [] outs(%y : memref<10x24xf32>) at [position] {
  ^bb0(%acc: f32, %init: f32):
    hash.yield %acc : f32
  }
  return
}
