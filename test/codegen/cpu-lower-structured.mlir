// RUN: hash-opt %s -hash-cpu-lower-structured | FileCheck %s

// Kernels become loops and calls of register tiles; all kernels of one element
// type share them, and their shape follows from hash.target.

module attributes {hash.target = {vector_bytes = 64 : i64, tile_rows = 4 : i64, tile_vectors = 2 : i64}} {
  // Stored panels are read where they are; a row of k = 1 token space is its slot.
  // CHECK-LABEL: func.func private @forward
  // CHECK-NOT: hash.grouped_gemm
  // CHECK: scf.while
  // CHECK: call @hash_tile_rows_f32_4x2
  // CHECK: call @hash_v_tanh_f32({{.*}}) : (vector<16xf32>) -> vector<16xf32>
  func.func private @forward(%task: index, %plan: memref<213xi32>, %x: memref<100x64xf32>,
                             %w: memref<12x2x64x32xf32>, %b: memref<12x64xf32>, %y: memref<100x64xf32>)
      attributes {hash.kernel = {}} {
    hash.grouped_gemm plan(%plan : memref<213xi32>) lhs(%x : memref<100x64xf32>) at [token]
        rhs(%w : memref<12x2x64x32xf32>) into [0] reads(%b : memref<12x64xf32>) at [group]
        outs(%y : memref<100x64xf32>) at [position] {
    ^bb0(%acc: f32, %bias: f32, %init: f32):
      %0 = arith.addf %acc, %bias : f32
      %1 = math.tanh %0 : f32
      hash.yield %1 : f32
    } {plan_shape = !hash.plan<tokens = 100, k = 1, groups = 12, slots = 100>}
    return
  }

  // The transpose of a matrix is packed in registers.
  // CHECK-LABEL: func.func private @input_gradient
  // CHECK-COUNT-64: vector.shuffle
  // CHECK: call @hash_tile_rows_f32_4x2
  func.func private @input_gradient(%task: index, %dy: memref<100x64xf32>, %w: memref<32x64xf32>,
                                    %dx: memref<100x32xf32>) attributes {hash.kernel = {}} {
    hash.grouped_gemm lhs(%dy : memref<100x64xf32>) at [position] rhs(%w : memref<32x64xf32>) transposed
        into [0] reads() at [] outs(%dx : memref<100x32xf32>) at [position] {
    ^bb0(%acc: f32, %init: f32):
      hash.yield %acc : f32
    }
    return
  }

  // Columns that are no whole vector are masked.
  // CHECK-LABEL: func.func private @weight_gradient
  // CHECK: llvm.intr.masked.load
  // CHECK: call @hash_tile_columns_f32_4x2
  // CHECK: llvm.intr.masked.store
  func.func private @weight_gradient(%task: index, %x: memref<100x64xf32>, %dy: memref<100x30xf32>,
                                     %dw: memref<64x30xf32>) attributes {hash.kernel = {}} {
    hash.grouped_outer lhs(%x : memref<100x64xf32>) rhs(%dy : memref<100x30xf32>) at [position, position]
        reads() outs(%dw : memref<64x30xf32>) {
    ^bb0(%acc: f32, %old: f32):
      %0 = arith.addf %old, %acc : f32
      hash.yield %0 : f32
    }
    return
  }

  // bf16 is rounded on its bits, to nearest even, on every processor.
  // CHECK-LABEL: func.func private @narrow
  // CHECK-NOT: arith.truncf
  // CHECK: arith.shrui
  // CHECK: llvm.store {{.*}} : vector<16xi16>
  func.func private @narrow(%task: index, %x: memref<4096xf32>, %y: memref<4096xbf16>)
      attributes {hash.kernel = {}} {
    hash.map reads(%x : memref<4096xf32>) at [position] outs(%y : memref<4096xbf16>) at [position] {
    ^bb0(%v: f32, %init: f32):
      hash.yield %v : f32
    }
    return
  }

  // CHECK: func.func private @hash_tile_rows_f32_4x2
  // CHECK: scf.index_switch
  // CHECK: vector.fma
  // CHECK: func.func private @hash_v_tanh_f32(vector<16xf32>) -> vector<16xf32>
}
