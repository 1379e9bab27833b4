// RUN: hash-opt %s --hash-recompute=policy=activations --cse --remarks-filter=hash-recompute --remark-format=emitRemark -o - 2>%t.err | FileCheck %s
// RUN: FileCheck %s --check-prefix=REMARK < %t.err
// RUN: hash-opt %s --hash-recompute | FileCheck %s --check-prefix=NONE
// RUN: hash-opt %s --hash-recompute=policy=none | FileCheck %s --check-prefix=NONE
// RUN: not hash-opt %s --hash-recompute=policy=some 2>&1 | FileCheck %s --check-prefix=POLICY

// POLICY: there is no recomputation policy 'some'; it is none or activations

// The activation is computed again from the sum, which the gradient needs too. The
// sum itself is kept: what it is made of is not needed any more. Elimination of common
// subexpressions leaves the copy alone.
// CHECK-LABEL: func.func @grad_step
// CHECK: %[[S:.*]] = hash.map
// CHECK: %[[T:.*]] = hash.map reads(%[[S]]
// CHECK: hash.cross_entropy %[[T]]
// CHECK-NOT: arith.addf
// CHECK: %[[AGAIN:.*]] = hash.map reads(%[[S]]
// CHECK: math.tanh
// CHECK: {hash.recomputed}
// CHECK: hash.map reads(%[[S]], %[[AGAIN]]
// NONE-LABEL: func.func @grad_step
// NONE-COUNT-1: math.tanh
// NONE-NOT: math.tanh
// NONE: return
// REMARK-DAG: an activation of head is computed again for its gradient
// REMARK-DAG: an activation of head is kept: what it is made of is not needed for the gradient
func.func @grad_step(%x: tensor<8x4xf32> {hash.arg = #hash.arg<param, "x">}, %d: tensor<8x4xf32> {hash.arg = #hash.arg<grad, "x">},
    %g: tensor<4xf32> {hash.arg = #hash.arg<param, "g">}, %t: tensor<8xi32> {hash.arg = #hash.arg<targets>})
    -> (tensor<8xf32> {hash.arg = #hash.arg<losses>}, tensor<8x4xf32> {hash.arg = #hash.arg<grad, "x">}) {
  %e = tensor.empty() : tensor<8x4xf32>
  %n, %m, %r = hash.layer_norm %x, %g, %g : (tensor<8x4xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<8x4xf32>, tensor<8xf32>, tensor<8xf32>)
  %s = hash.map reads(%n, %g : tensor<8x4xf32>, tensor<4xf32>) at [position, all] outs(%e : tensor<8x4xf32>) at [position] {
  ^bb0(%v: f32, %u: f32, %i: f32):
    %z = arith.addf %v, %u : f32
    hash.yield %z : f32
  } -> tensor<8x4xf32> loc("head")
  %a = hash.map reads(%s : tensor<8x4xf32>) at [position] outs(%e : tensor<8x4xf32>) at [position] {
  ^bb0(%v: f32, %i: f32):
    %z = math.tanh %v : f32
    hash.yield %z : f32
  } -> tensor<8x4xf32> loc("head")
  %losses, %lse = hash.cross_entropy %a, %t : (tensor<8x4xf32>, tensor<8xi32>) -> (tensor<8xf32>, tensor<8xf32>)
  %b = hash.map reads(%s, %a, %d : tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>) at [position, position, position] outs(%e : tensor<8x4xf32>) at [position] {
  ^bb0(%v: f32, %u: f32, %w: f32, %i: f32):
    %z = arith.mulf %v, %u : f32
    %y = arith.addf %w, %z : f32
    hash.yield %y : f32
  } -> tensor<8x4xf32>
  return %losses, %b : tensor<8xf32>, tensor<8x4xf32>
}
