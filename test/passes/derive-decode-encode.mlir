// RUN: hash-opt %s --split-input-file --hash-derive-decode --verify-diagnostics | FileCheck %s

// The rows of another input are all there before the first token is decoded. @encode computes a whole window of
// them, without dropout, and keeps what is attended to; decoding reads it, and the memory's tokens.
// CHECK-LABEL: func.func @decode_step
// CHECK-SAME: %[[E:[a-z0-9]*]]: tensor<16x4xf32> {hash.arg = #hash.arg<param, "e">}, {{.*}}%[[TGT:[a-z0-9]*]]: tensor<4xi32> {hash.arg = #hash.arg<tokens, "tgt">}, %[[INDEX:[a-z0-9]*]]: tensor<1xi32>
// CHECK-SAME: %[[K:[a-z0-9]*]]: tensor<3x4xf32> {hash.arg = #hash.arg<cache, "cross.k">}, %[[V:[a-z0-9]*]]: tensor<3x4xf32> {hash.arg = #hash.arg<cache, "cross.v">}, %[[SRC:[a-z0-9]*]]: tensor<3xi32> {hash.arg = #hash.arg<tokens, "src">})
// CHECK-SAME: -> (tensor<1x4xf32> {hash.arg = #hash.arg<logits>})
// CHECK: %[[ROW:.*]] = hash.row_at %[[TGT]] at %[[INDEX]]
// CHECK: %[[X:.*]] = hash.embedding %[[ROW]]
// CHECK: %[[B:.*]] = hash.broadcast {{.*}} -> tensor<1x4xf32>
// CHECK: %[[Q:.*]] = arith.addf %[[X]], %[[B]]
// CHECK: %[[Y:.*]], %{{.*}} = hash.cross_attention %[[Q]], %[[K]], %[[V]], %[[SRC]] {heads = 2 : i64, kv_heads = 2 : i64, memory_window = 3 : i64, scale = 5.000000e-01 : f64, window = 1 : i64} : {{.*}} -> (tensor<1x4xf32>, tensor<1x2xf32>)
// CHECK: return %[[Y]]
// CHECK-LABEL: func.func @encode
// CHECK-SAME: %{{[a-z0-9]*}}: tensor<3xi32> {hash.arg = #hash.arg<tokens, "src">}, %{{[a-z0-9]*}}: tensor<3xi32> {hash.arg = #hash.arg<starts, "src">})
// CHECK-SAME: -> (tensor<3x4xf32> {hash.arg = #hash.arg<cache, "cross.k">}, tensor<3x4xf32> {hash.arg = #hash.arg<cache, "cross.v">})
// CHECK: hash.plan {{.*}} -> !hash.plan<tokens = 3, k = 1, groups = 2, slots = 3>
// CHECK: %[[HALF:.*]] = arith.constant dense<5.000000e-01> : tensor<3x4xf32>
// CHECK: hash.attention {{.*}} {heads = 2 : i64, kv_heads = 2 : i64, scale = 5.000000e-01 : f64, window = 3 : i64} : (tensor<3x4xf32>
// CHECK: hash.broadcast {{.*}} -> tensor<3x4xf32>
// CHECK-NOT: hash.dropout
!p = !hash.plan<tokens = 6, k = 1, groups = 2, slots = 6>
module attributes {hash.model = {window = 4 : i64, inputs = [{name = "src", window = 3 : i64}, {name = "tgt", window = 4 : i64}]}} {
  func.func @forward(%e: tensor<16x4xf32> {hash.arg = #hash.arg<param, "e">}, %b: tensor<4xf32> {hash.arg = #hash.arg<param, "b">},
      %ws: tensor<2x4x4xf32> {hash.arg = #hash.arg<param, "ws">},
      %src: tensor<6xi32> {hash.arg = #hash.arg<tokens, "src">}, %ss: tensor<6xi32> {hash.arg = #hash.arg<starts, "src">},
      %tgt: tensor<8xi32> {hash.arg = #hash.arg<tokens, "tgt">}, %st: tensor<8xi32> {hash.arg = #hash.arg<starts, "tgt">},
      %seed: tensor<1xi64> {hash.arg = #hash.arg<seed>}) -> (tensor<8x4xf32> {hash.arg = #hash.arg<logits>}) {
    %half = arith.constant dense<0.5> : tensor<6x4xf32>
    %p = hash.plan %src masked %src : (tensor<6xi32>, tensor<6xi32>) -> !p
    %m = hash.embedding %src, %e : (tensor<6xi32>, tensor<16x4xf32>) -> tensor<6x4xf32>
    %d = hash.dispatch %m by %p : (tensor<6x4xf32>, !p) -> tensor<6x4xf32>
    %g = hash.grouped_matmul %d, %ws by %p : (tensor<6x4xf32>, tensor<2x4x4xf32>, !p) -> tensor<6x4xf32>
    %c = hash.combine %g by %p : (tensor<6x4xf32>, !p) -> tensor<6x4xf32>
    %r = hash.dropout %c, %seed {rate = 0.1 : f64, stream = 0 : i64} : (tensor<6x4xf32>, tensor<1xi64>) -> tensor<6x4xf32>
    %s = arith.mulf %r, %half : tensor<6x4xf32>
    %a, %lse = hash.attention %s, %s, %s, %ss {heads = 2 : i64, kv_heads = 2 : i64, window = 3 : i64, scale = 0.5 : f64}
        : (tensor<6x4xf32>, tensor<6x4xf32>, tensor<6x4xf32>, tensor<6xi32>) -> (tensor<6x4xf32>, tensor<6x2xf32>)
    %mb = hash.broadcast %b : (tensor<4xf32>) -> tensor<6x4xf32>
    %v = arith.addf %a, %mb : tensor<6x4xf32>
    %x = hash.embedding %tgt, %e : (tensor<8xi32>, tensor<16x4xf32>) -> tensor<8x4xf32>
    %xb = hash.broadcast %b : (tensor<4xf32>) -> tensor<8x4xf32>
    %q = arith.addf %x, %xb : tensor<8x4xf32>
    %y, %lse2 = hash.cross_attention %q, %a, %v, %src {heads = 2 : i64, kv_heads = 2 : i64, window = 4 : i64, memory_window = 3 : i64, scale = 0.5 : f64}
        : (tensor<8x4xf32>, tensor<6x4xf32>, tensor<6x4xf32>, tensor<6xi32>) -> (tensor<8x4xf32>, tensor<8x2xf32>) loc("cross")
    return %y : tensor<8x4xf32>
  }
}

// -----

// A memory that depends on what is decoded is not there.
module attributes {hash.model = {window = 4 : i64, inputs = [{name = "src", window = 4 : i64}, {name = "tgt", window = 4 : i64}]}} {
  func.func @forward(%e: tensor<16x4xf32> {hash.arg = #hash.arg<param, "e">},
      %src: tensor<8xi32> {hash.arg = #hash.arg<tokens, "src">}, %tgt: tensor<8xi32> {hash.arg = #hash.arg<tokens, "tgt">})
      -> (tensor<8x4xf32> {hash.arg = #hash.arg<logits>}) {
    // expected-error @+1 {{cannot be computed before the first token is decoded: it reads the tokens of what is decoded, or of training}}
    %x = hash.embedding %tgt, %e : (tensor<8xi32>, tensor<16x4xf32>) -> tensor<8x4xf32>
    %y, %lse = hash.cross_attention %x, %x, %x, %src {heads = 2 : i64, kv_heads = 2 : i64, window = 4 : i64, memory_window = 4 : i64, scale = 0.5 : f64}
        : (tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>, tensor<8xi32>) -> (tensor<8x4xf32>, tensor<8x2xf32>)
    return %y : tensor<8x4xf32>
  }
}

// -----

// expected-error @+1 {{expects hash.model with a `window` that divides the rows of @forward's token stream}}
module attributes {hash.model = {window = 4 : i64, inputs = [{name = "src", window = 3 : i64}, {name = "tgt", window = 4 : i64}]}} {
  func.func @forward(%src: tensor<8xi32> {hash.arg = #hash.arg<tokens, "src">}, %tgt: tensor<8xi32> {hash.arg = #hash.arg<tokens, "tgt">}) {
    return
  }
}
