// RUN: hash-opt %s --split-input-file --hash-differentiate --verify-diagnostics --remarks-filter=hash-differentiate --remark-format=emitRemark | FileCheck %s
// RUN: hash-opt %S/Inputs/no-forward.mlir --hash-differentiate --verify-diagnostics --split-input-file

// Cotangents accumulate in reverse program order, from what is accumulated already:
// the last reader of %w comes first. Nothing flows to integers, or to what no
// parameter reaches.
// CHECK-LABEL: func.func @grad_step
// CHECK-SAME: %[[W:[a-z0-9]*]]: tensor<8x4xf32> {hash.arg = #hash.arg<param, "w">}, %[[U:[a-z0-9]*]]: tensor<8x4xf32> {hash.arg = #hash.arg<param, "unused">},
// CHECK-SAME: %[[DW:[a-z0-9]*]]: tensor<8x4xf32> {hash.arg = #hash.arg<grad, "w">}, %[[DU:[a-z0-9]*]]: tensor<8x4xf32> {hash.arg = #hash.arg<grad, "unused">},
// CHECK-SAME: %[[T:[a-z0-9]*]]: tensor<8xi32> {hash.arg = #hash.arg<targets>}, %[[SCALE:[a-z0-9]*]]: tensor<1xf32> {hash.arg = #hash.arg<scale>})
// CHECK-SAME: -> (tensor<8xf32> {hash.arg = #hash.arg<losses>}, tensor<8x4xf32> {hash.arg = #hash.arg<grad, "w">}, tensor<8x4xf32> {hash.arg = #hash.arg<grad, "unused">})
// CHECK: %[[C:.*]] = arith.constant dense<2.0{{.*}}>
// CHECK: %[[A:.*]] = arith.mulf %[[W]], %[[C]]
// CHECK: %[[L:.*]], %[[LSE:.*]] = hash.cross_entropy
// CHECK: %[[D:.*]] = hash.splat %[[SCALE]]
// CHECK: %[[DB:.*]] = hash.cross_entropy_grad %{{.*}}, %[[T]], %[[LSE]], %[[D]]
// CHECK: %[[SUM1:.*]] = arith.addf %[[DW]], %[[DB]]
// CHECK: %[[DA:.*]] = arith.mulf %[[DB]], %[[C]]
// CHECK: %[[SUM2:.*]] = arith.addf %[[SUM1]], %[[DA]]
// CHECK-NOT: arith.addf
// CHECK: return %[[L]], %[[SUM2]], %[[DU]]

// The optimizer's step: the norm of all gradients first, decay where it is declared.
// CHECK-LABEL: func.func @update
// CHECK: %[[NORM:.*]] = hash.global_norm %{{.*}}, %{{.*}} :
// CHECK: hash.adamw {{.*}}, %[[NORM]] {beta1 = 9.0{{.*}}e-01 : f64, beta2 = 5.0{{.*}}e-01 : f64, eps = 1.0{{.*}}e-08 : f64, weight_decay = 1.0{{.*}}e-01 : f64}
// CHECK: hash.adamw {{.*}} weight_decay = 0.0{{.*}} : f64}
// CHECK: return {{.*}}, %[[NORM]] :
module attributes {hash.train = {optimizer = {beta2 = 0.5 : f64, weight_decay = 0.1 : f64}}} {
  hash.param @w : tensor<8x4xf32> init ones {decay}
  hash.param @unused : tensor<8x4xf32> init ones
  // expected-remark @+2 {{the loss does not depend on 'unused'}}
  func.func @forward(%w: tensor<8x4xf32> {hash.arg = #hash.arg<param, "w">},
      %u: tensor<8x4xf32> {hash.arg = #hash.arg<param, "unused">},
      %t: tensor<8xi32> {hash.arg = #hash.arg<targets>}) -> (tensor<8xf32> {hash.arg = #hash.arg<losses>}) {
    %c = arith.constant dense<2.0> : tensor<8x4xf32>
    %a = arith.mulf %w, %c : tensor<8x4xf32>
    %b = arith.addf %a, %w : tensor<8x4xf32>
    %losses, %lse = hash.cross_entropy %b, %t : (tensor<8x4xf32>, tensor<8xi32>) -> (tensor<8xf32>, tensor<8xf32>)
    return %losses : tensor<8xf32>
  }
}

// -----

// Several losses share one scale.
// CHECK-LABEL: func.func @grad_step
// CHECK-SAME: #hash.arg<scale>
// CHECK-NOT: #hash.arg<scale>
// CHECK-COUNT-2: hash.splat
module {
  hash.param @w : tensor<8x4xf32> init ones
  func.func @forward(%w: tensor<8x4xf32> {hash.arg = #hash.arg<param, "w">}, %t: tensor<8xi32> {hash.arg = #hash.arg<targets>})
      -> (tensor<8xf32> {hash.arg = #hash.arg<losses>}, tensor<8xf32> {hash.arg = #hash.arg<losses, "second">}) {
    %losses, %lse = hash.cross_entropy %w, %t : (tensor<8x4xf32>, tensor<8xi32>) -> (tensor<8xf32>, tensor<8xf32>)
    return %losses, %losses : tensor<8xf32>, tensor<8xf32>
  }
}

// -----

// An op without derivative is an error only where a gradient flows through it.
module {
  hash.param @w : tensor<8x4xf32> init ones
  func.func @forward(%w: tensor<8x4xf32> {hash.arg = #hash.arg<param, "w">}, %s: tensor<1xf32> {hash.arg = #hash.arg<scale>},
      %t: tensor<8xi32> {hash.arg = #hash.arg<targets>}) -> (tensor<8xf32> {hash.arg = #hash.arg<losses>}) {
    %c = hash.splat %s : (tensor<1xf32>) -> tensor<8x4xf32>
    %v = arith.addf %c, %w : tensor<8x4xf32>
    // expected-error @+1 {{no derivative is known for 'hash.reduce_rows', and a parameter's gradient flows through it}}
    %r = hash.reduce_rows %v : (tensor<8x4xf32>) -> tensor<4xf32>
    %b = hash.broadcast %r : (tensor<4xf32>) -> tensor<8x4xf32>
    %losses, %lse = hash.cross_entropy %b, %t : (tensor<8x4xf32>, tensor<8xi32>) -> (tensor<8xf32>, tensor<8xf32>)
    return %losses : tensor<8xf32>
  }
}

// -----

// What an op saves for its own gradient has none.
module {
  hash.param @w : tensor<8x4xf32> init ones
  func.func @forward(%w: tensor<8x4xf32> {hash.arg = #hash.arg<param, "w">}, %t: tensor<8xi32> {hash.arg = #hash.arg<targets>})
      -> (tensor<8xf32> {hash.arg = #hash.arg<losses>}) {
    // expected-error @+1 {{has no derivative of its log-sum-exp}}
    %losses, %lse = hash.cross_entropy %w, %t : (tensor<8x4xf32>, tensor<8xi32>) -> (tensor<8xf32>, tensor<8xf32>)
    return %lse : tensor<8xf32>
  }
}

// -----

module {
  hash.param @w : tensor<8x4xf32> init ones
  // expected-error @+1 {{has no result that is the losses}}
  func.func @forward(%w: tensor<8x4xf32> {hash.arg = #hash.arg<param, "w">}) -> (tensor<8x4xf32> {hash.arg = #hash.arg<logits>}) {
    return %w : tensor<8x4xf32>
  }
}

// -----

// expected-error @+1 {{result 0 is losses, which is floats, not 'tensor<8xi32>' (role)}}
func.func @forward(%t: tensor<8xi32> {hash.arg = #hash.arg<targets>}) -> (tensor<8xi32> {hash.arg = #hash.arg<losses>}) {
  return %t : tensor<8xi32>
}

// -----

// expected-error @+1 {{no hash.param declares 'w'}}
func.func @forward(%w: tensor<8xf32> {hash.arg = #hash.arg<param, "w">}) -> (tensor<8xf32> {hash.arg = #hash.arg<losses>}) {
  return %w : tensor<8xf32>
}

// -----

func.func @forward() {
  return
}
// expected-error @+1 {{the module has 'update' already; the pass that makes it runs once}}
func.func private @update()

// -----

// What is frozen has no gradient and no step.
// CHECK-LABEL: func.func @grad_step
// CHECK-SAME: #hash.arg<param, "w">{{.*}} #hash.arg<param, "still">{{.*}} #hash.arg<grad, "w">
// CHECK-NOT: hash.arg<grad, "still">
// CHECK: %[[SUM:.*]] = arith.addf
// CHECK: return %{{[a-z0-9]*}}, %[[SUM]] :
// CHECK-LABEL: func.func @update
// CHECK-NOT: "still"
// CHECK: hash.global_norm %{{[a-z0-9]*}} :
// CHECK: hash.adamw
// CHECK-NOT: hash.adamw
// CHECK: return
module {
  hash.param @w : tensor<8x4xf32> init ones {decay}
  hash.param @still : tensor<8x4xf32> init ones {decay, frozen}
  func.func @forward(%w: tensor<8x4xf32> {hash.arg = #hash.arg<param, "w">},
      %u: tensor<8x4xf32> {hash.arg = #hash.arg<param, "still">},
      %t: tensor<8xi32> {hash.arg = #hash.arg<targets>}) -> (tensor<8xf32> {hash.arg = #hash.arg<losses>}) {
    %a = arith.mulf %w, %u : tensor<8x4xf32>
    %losses, %lse = hash.cross_entropy %a, %t : (tensor<8x4xf32>, tensor<8xi32>) -> (tensor<8xf32>, tensor<8xf32>)
    return %losses : tensor<8xf32>
  }
}
