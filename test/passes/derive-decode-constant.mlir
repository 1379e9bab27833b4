// RUN: hash-opt %s --hash-derive-decode | FileCheck %s

// A router that always gives the same expert: what is computed of constants alone is a stream
// too, of which decoding reads one row.
// CHECK-LABEL: func.func @decode_step
// CHECK-SAME: %[[TOKENS:[a-z0-9]+]]: tensor<4xi32> {hash.arg = #hash.arg<tokens>}, %[[INDEX:[a-z0-9]+]]: tensor<1xi32> {hash.arg = #hash.arg<index>}
// CHECK: %[[TOKEN:.*]] = hash.row_at %[[TOKENS]] at %[[INDEX]]
// CHECK: %[[E:.*]] = arith.trunci %{{.*}} : tensor<4xi64> to tensor<4xi32>
// CHECK: %[[ROW:.*]] = hash.row_at %[[E]] at %[[INDEX]]
// CHECK: hash.plan %[[ROW]] masked %[[TOKEN]] : (tensor<1xi32>, tensor<1xi32>) -> !hash.plan<tokens = 1, k = 1, groups = 3, slots = 1>
!p = !hash.plan<tokens = 8, k = 1, groups = 3, slots = 8>
module attributes {hash.model = {window = 4 : i64}} {
  func.func @forward(%x: tensor<32x4xf32> {hash.arg = #hash.arg<param, "x">}, %w: tensor<3x4x5xf32> {hash.arg = #hash.arg<param, "w">},
      %t: tensor<8xi32> {hash.arg = #hash.arg<tokens>}) -> (tensor<8x5xf32> {hash.arg = #hash.arg<logits>}) {
    %0 = hash.embedding %t, %x : (tensor<8xi32>, tensor<32x4xf32>) -> tensor<8x4xf32>
    %two = arith.constant dense<2> : tensor<8xi64>
    %e = arith.trunci %two : tensor<8xi64> to tensor<8xi32>
    %p = hash.plan %e masked %t : (tensor<8xi32>, tensor<8xi32>) -> !p
    %1 = hash.dispatch %0 by %p : (tensor<8x4xf32>, !p) -> tensor<8x4xf32>
    %2 = hash.grouped_matmul %1, %w by %p : (tensor<8x4xf32>, tensor<3x4x5xf32>, !p) -> tensor<8x5xf32>
    %3 = hash.combine %2 by %p : (tensor<8x5xf32>, !p) -> tensor<8x5xf32>
    return %3 : tensor<8x5xf32>
  }
}
