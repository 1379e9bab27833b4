// RUN: hash-opt %s --hash-differentiate --split-input-file | FileCheck %s

// The gradient of each named op is made of named ops, in the types that the forward op stores.

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
hash.param @x : tensor<32x4xf32> init zeros
hash.param @w : tensor<4x4x6xf32> init zeros
hash.param @b : tensor<4x6xf32> init zeros
hash.param @v : tensor<6x4xf32> init zeros
hash.param @g : tensor<4xf32> init ones

// CHECK-LABEL: func.func @grad_step
// CHECK: hash.splat %{{.*}} : (tensor<1xf32>) -> tensor<8xf32>
// CHECK: hash.cross_entropy_grad {{.*}} -> tensor<8x4xf32>
// CHECK: arith.truncf %{{.*}} : tensor<8x4xf32> to tensor<8x4xbf16>
// CHECK: hash.dropout {{.*}} {rate = 1.000000e-01 : f64, stream = 5 : i64} : (tensor<8x4xbf16>
// CHECK: hash.rms_norm_grad {{.*}} -> (tensor<8x4xbf16>, tensor<4xf32>)
// CHECK: hash.layer_norm_grad {{.*}} -> (tensor<8x4xbf16>, tensor<4xf32>, tensor<4xf32>)
// CHECK: hash.cross_attention_grad {{.*}} {{{.*}}memory_window = 4{{.*}} -> (tensor<8x4xbf16>, tensor<4x4xbf16>, tensor<4x4xbf16>)
// CHECK: hash.attention_grad {{.*}} {causal, {{.*}} -> (tensor<8x4xbf16>, tensor<8x4xbf16>, tensor<8x4xbf16>)
// CHECK: hash.rotary {{.*}} {heads = 2 : i64, inverse} : (tensor<8x4xbf16>
// CHECK: hash.matmul {{.*}} transposed : (tensor<8x4xbf16>, tensor<6x4xf32>) -> tensor<8x6xbf16>
// CHECK: hash.weight_grad {{.*}} : (tensor<8x6xbf16>, tensor<8x4xbf16>) -> tensor<6x4xf32>
// CHECK: hash.dispatch {{.*}} -> tensor<16x6xbf16>
// CHECK: hash.reduce_rows {{.*}} by {{.*}} -> tensor<4x6xf32>
// CHECK: hash.grouped_matmul {{.*}} transposed by {{.*}} -> tensor<16x4xbf16>
// CHECK: hash.weight_grad {{.*}} by {{.*}} : (tensor<16x4xbf16>, tensor<16x6xbf16>, {{.*}}) -> tensor<4x4x6xf32>
// CHECK: hash.combine {{.*}} -> tensor<8x4xbf16>
// CHECK: hash.embedding_grad {{.*}} : (tensor<8xi32>, tensor<8x4xbf16>, tensor<32x4xf32>) -> tensor<32x4xf32>
func.func @forward(%x: tensor<32x4xf32> {hash.arg = #hash.arg<param, "x">}, %w: tensor<4x4x6xf32> {hash.arg = #hash.arg<param, "w">},
    %b: tensor<4x6xf32> {hash.arg = #hash.arg<param, "b">}, %v: tensor<6x4xf32> {hash.arg = #hash.arg<param, "v">},
    %g: tensor<4xf32> {hash.arg = #hash.arg<param, "g">}, %tok: tensor<8xi32> {hash.arg = #hash.arg<tokens, "t">}, %u: tensor<4xi32> {hash.arg = #hash.arg<tokens, "s">},
    %s: tensor<8xi32> {hash.arg = #hash.arg<starts>}, %t: tensor<8xi32> {hash.arg = #hash.arg<targets>},
    %seed: tensor<1xi64> {hash.arg = #hash.arg<seed>}, %p: !p {hash.arg = #hash.arg<plan, "plan0">})
    -> (tensor<8xf32> {hash.arg = #hash.arg<losses>}) {
  %0 = hash.embedding %tok, %x : (tensor<8xi32>, tensor<32x4xf32>) -> tensor<8x4xbf16>
  %1 = hash.dispatch %0 by %p : (tensor<8x4xbf16>, !p) -> tensor<16x4xbf16>
  %2 = hash.grouped_matmul %1, %w by %p : (tensor<16x4xbf16>, tensor<4x4x6xf32>, !p) -> tensor<16x6xbf16>
  %3 = hash.broadcast %b by %p : (tensor<4x6xf32>, !p) -> tensor<16x6xbf16>
  %4 = arith.addf %2, %3 : tensor<16x6xbf16>
  %5 = hash.combine %4 by %p : (tensor<16x6xbf16>, !p) -> tensor<8x6xbf16>
  %6 = hash.matmul %5, %v : (tensor<8x6xbf16>, tensor<6x4xf32>) -> tensor<8x4xbf16>
  %7 = hash.rotary %6, %s {heads = 2 : i64} : (tensor<8x4xbf16>, tensor<8xi32>) -> tensor<8x4xbf16>
  %8, %lse = hash.attention %7, %6, %6, %s {heads = 2 : i64, kv_heads = 2 : i64, window = 8 : i64, scale = 1.0 : f64, causal}
    : (tensor<8x4xbf16>, tensor<8x4xbf16>, tensor<8x4xbf16>, tensor<8xi32>) -> (tensor<8x4xbf16>, tensor<8x2xf32>)
  %m = hash.embedding %u, %x : (tensor<4xi32>, tensor<32x4xf32>) -> tensor<4x4xbf16>
  %c, %lse3 = hash.cross_attention %8, %m, %m, %u {heads = 2 : i64, kv_heads = 2 : i64, window = 8 : i64, memory_window = 4 : i64, scale = 1.0 : f64}
    : (tensor<8x4xbf16>, tensor<4x4xbf16>, tensor<4x4xbf16>, tensor<4xi32>) -> (tensor<8x4xbf16>, tensor<8x2xf32>)
  %9:3 = hash.layer_norm %c, %g, %g : (tensor<8x4xbf16>, tensor<4xf32>, tensor<4xf32>) -> (tensor<8x4xbf16>, tensor<8xf32>, tensor<8xf32>)
  %10:2 = hash.rms_norm %9#0, %g : (tensor<8x4xbf16>, tensor<4xf32>) -> (tensor<8x4xbf16>, tensor<8xf32>)
  %11 = hash.dropout %10#0, %seed {rate = 0.1 : f64, stream = 5 : i64} : (tensor<8x4xbf16>, tensor<1xi64>) -> tensor<8x4xbf16>
  %12 = arith.extf %11 : tensor<8x4xbf16> to tensor<8x4xf32>
  %l, %lse2 = hash.cross_entropy %12, %t : (tensor<8x4xf32>, tensor<8xi32>) -> (tensor<8xf32>, tensor<8xf32>)
  return %l : tensor<8xf32>
}

// -----

// Casts the other way, and powers: x^0 is flat, by PyTorch's conventions 0^y too.
// CHECK-LABEL: func.func @grad_step
// CHECK: %[[DY:.*]] = hash.splat
// CHECK: %[[D:.*]] = arith.extf %[[DY]] : tensor<8xbf16> to tensor<8xf32>
// CHECK: arith.cmpf oeq, %{{.*}}, %{{.*}} : tensor<8xf32>
// CHECK: arith.select
// CHECK: arith.cmpf oge, %{{.*}}, %{{.*}} : tensor<8xf32>
// CHECK: arith.andi
// CHECK: arith.select
// CHECK-NOT: math.powf
// CHECK: return
hash.param @x : tensor<8xf32> init ones
hash.param @y : tensor<8xf32> init ones
func.func @forward(%x: tensor<8xf32> {hash.arg = #hash.arg<param, "x">}, %y: tensor<8xf32> {hash.arg = #hash.arg<param, "y">})
    -> (tensor<8xbf16> {hash.arg = #hash.arg<losses>}) {
  %zero = arith.constant dense<0.0> : tensor<8xf32>
  %0 = math.powf %x, %zero : tensor<8xf32>
  %1 = math.powf %x, %y : tensor<8xf32>
  %2 = arith.addf %0, %1 : tensor<8xf32>
  %3 = arith.truncf %2 : tensor<8xf32> to tensor<8xbf16>
  return %3 : tensor<8xbf16>
}

// -----

// A bound that bf16 would round is a constant all the same, which takes no share of what flows
// back; and so are the numbers of a derivative.
// CHECK-LABEL: func.func @grad_step
// CHECK: %[[C:.*]] = arith.constant dense<1.000000e-01> : tensor<1xf32>
// CHECK: %[[B:.*]] = hash.splat %[[C]] : (tensor<1xf32>) -> tensor<8xbf16>
// CHECK: %[[M:.*]] = arith.maximumf %[[X:.*]], %[[B]]
// CHECK: %[[K:.*]] = arith.constant dense<1.12837923> : tensor<1xf32>
// CHECK: hash.splat %[[K]] : (tensor<1xf32>) -> tensor<8xbf16>
// CHECK: %[[WINS:.*]] = arith.cmpf oge, %[[X]], %[[B]] : tensor<8xbf16>
// CHECK-NEXT: arith.select %[[WINS]]
// CHECK-NOT: arith.cmpf oeq, %[[X]]
hash.param @x : tensor<8xf32> init zeros
func.func @forward(%x: tensor<8xf32> {hash.arg = #hash.arg<param, "x">}) -> (tensor<8xf32> {hash.arg = #hash.arg<losses>}) {
  %c = arith.constant dense<0.1> : tensor<1xf32>
  %b = hash.splat %c : (tensor<1xf32>) -> tensor<8xbf16>
  %n = arith.truncf %x : tensor<8xf32> to tensor<8xbf16>
  %m = arith.maximumf %n, %b : tensor<8xbf16>
  %e = math.erf %m : tensor<8xbf16>
  %l = arith.extf %e : tensor<8xbf16> to tensor<8xf32>
  return %l : tensor<8xf32>
}

// -----

// The gradient of a table that is looked up is made of the rows that were read, with room for those
// of all micro-batches, twice here, as two ops read it; or for all rows of a table that has fewer. A
// table that is not read keeps the gradient of no row.
// CHECK-LABEL: func.func @grad_step
// CHECK-SAME: tensor<48x4xf32> {hash.arg = #hash.arg<grad, "t">}
// CHECK-SAME: tensor<5x2xf32> {hash.arg = #hash.arg<grad, "u">}
// CHECK-SAME: tensor<1x2xf32> {hash.arg = #hash.arg<grad, "unread">}
// CHECK-SAME: tensor<2x48xi32> {hash.arg = #hash.arg<grad_keys, "t">}
// CHECK-SAME: tensor<2x5xi32> {hash.arg = #hash.arg<grad_keys, "u">}
// CHECK: hash.segments
// CHECK: hash.merge_keys %{{.*}}, %{{.*}} : (tensor<2x5xi32>, tensor<8xi32>)
// CHECK: %[[U2:.*]], %[[O2:.*]], %[[R2:.*]] = hash.segments
// CHECK: %[[K1:.*]], %[[S2:.*]] = hash.merge_keys %{{.*}}, %[[U2]] : (tensor<2x48xi32>, tensor<8xi32>)
// CHECK: %[[G1:.*]] = hash.lookup_grad %[[O2]], %[[R2]], %[[S2]], %{{.*}} into %{{.*}} {column = 2 : i64} : {{.*}} -> tensor<48x4xf32>
// CHECK: %[[U3:.*]], %[[O3:.*]], %[[R3:.*]] = hash.segments
// CHECK: hash.merge_keys %[[K1]], %[[U3]]
// CHECK: hash.lookup_grad %[[O3]], %[[R3]], %{{.*}}, %{{.*}} into %[[G1]] :
// CHECK-LABEL: func.func @update
// CHECK-NOT: moment1, "t"
// CHECK-SAME: tensor<32000xf32> {hash.arg = #hash.arg<moment2, "t">}
// CHECK: hash.global_norm {{.*}} : (tensor<48x4xf32>, tensor<5x2xf32>, tensor<4x6xf32>, tensor<1x2xf32>)
// CHECK: hash.rowwise_adagrad {{.*}} {eps = 1.000000e-03 : f64, lr_scale = 2.000000e+00 : f64} : (tensor<32000x4xf32>
module attributes {hash.model = {micro_batch = 2 : i64}, hash.train = {batch = 5 : i64, tables = {lr_scale = 2.0 : f64, eps = 1.0e-3 : f64}}} {
  hash.param @t : tensor<32000x4xf32> init zeros {lookup}
  hash.param @u : tensor<5x2xf32> init zeros {lookup}
  hash.param @w : tensor<4x6xf32> init zeros
  hash.param @unread : tensor<7x2xf32> init zeros {lookup}
  func.func @forward(%t: tensor<32000x4xf32> {hash.arg = #hash.arg<param, "t">}, %u: tensor<5x2xf32> {hash.arg = #hash.arg<param, "u">},
      %w: tensor<4x6xf32> {hash.arg = #hash.arg<param, "w">}, %unread: tensor<7x2xf32> {hash.arg = #hash.arg<param, "unread">},
      %k: tensor<8xi32> {hash.arg = #hash.arg<tokens>}, %x: tensor<8xi32> {hash.arg = #hash.arg<targets>})
      -> (tensor<8xf32> {hash.arg = #hash.arg<losses>}) {
    %0 = hash.lookup %k in %t : (tensor<8xi32>, tensor<32000x4xf32>) -> tensor<8x4xf32>
    %1 = hash.matmul %0, %w : (tensor<8x4xf32>, tensor<4x6xf32>) -> tensor<8x6xf32>
    %2 = hash.lookup %k, %x in %u, %t : (tensor<8xi32>, tensor<8xi32>, tensor<5x2xf32>, tensor<32000x4xf32>) -> tensor<8x6xf32>
    %3 = arith.addf %1, %2 : tensor<8x6xf32>
    %l, %lse = hash.cross_entropy %3, %x : (tensor<8x6xf32>, tensor<8xi32>) -> (tensor<8xf32>, tensor<8xf32>)
    return %l : tensor<8xf32>
  }
}
