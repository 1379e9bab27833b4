// RUN: hash-opt %s | hash-opt | FileCheck %s

// CHECK-LABEL: func.func @forward
// CHECK: hash.grouped_gemm plan
!p = !hash.plan<tokens = 8, k = 1, groups = 4, slots = 8>
hash.param @"blocks[3].ffn.w_in" : tensor<4x16x32xf32> init normal(0.02) {decay}
hash.table @by_token builder "balanced" vocab 32 groups 4 {seed = 3 : i64}
func.func @forward(%w: tensor<4x16x32xf32> {hash.arg = #hash.arg<param, "blocks[3].ffn.w_in">}, %t: tensor<32xi32> {hash.arg = #hash.arg<table, "by_token">}, %tok: tensor<8xi32> {hash.arg = #hash.arg<tokens>}, %x: tensor<8x16xf32>) -> tensor<8x32xf32> {
  %e = hash.table_lookup %tok in %t : (tensor<8xi32>, tensor<32xi32>) -> tensor<8xi32>
  %p = hash.plan %e masked %tok : (tensor<8xi32>, tensor<8xi32>) -> !p
  %z = tensor.empty() : tensor<8x32xf32>
  %y = hash.grouped_gemm plan(%p : !p) lhs(%x : tensor<8x16xf32>) at [token] rhs(%w : tensor<4x16x32xf32>) into [0] reads() at [] outs(%z : tensor<8x32xf32>) at [slot] zero_dead {
  ^bb0(%a: f32, %i: f32):
    hash.yield %a : f32
  } -> tensor<8x32xf32>
  return %y : tensor<8x32xf32>
}
