// RUN: hash-opt %s --hash-select-layouts=panel=3 --remarks-filter=hash-select-layouts --remark-format=emitRemark -o - 2>%t.err | FileCheck %s
// RUN: FileCheck %s --check-prefix=REMARK < %t.err
// RUN: hash-opt %s --hash-select-layouts | FileCheck %s --check-prefix=TARGET
// RUN: hash-opt %s --hash-select-layouts=panel=3 --hash-select-layouts=panel=2 | FileCheck %s
// RUN: sed 's/{panel = 2 : i64}/{}/' %s | hash-opt --hash-select-layouts | FileCheck %s --check-prefix=NONE
// RUN: not hash-opt %s --hash-select-layouts=panel=-1 2>&1 | FileCheck %s --check-prefix=NEGATIVE

// NEGATIVE: error: panels of -1 columns; give a positive number, or 0 for the target's

!p = !hash.plan<tokens = 8, k = 1, groups = 2, slots = 8>

// The parameter, its gradient and its moments are stored alike: four columns are two
// panels of three. It was in panels already the second time the pass ran.
// CHECK: hash.param @panels : tensor<2x4x4xf32> init ones {panel = 3 : i64}
// TARGET: hash.param @panels : tensor<2x4x4xf32> init ones {panel = 2 : i64}
// NONE: hash.param @panels : tensor<2x4x4xf32> init ones{{$}}
// REMARK-DAG: 'panels' is stored in panels of 3 columns
// CHECK: hash.param @rows : tensor<2x4x4xf32> init ones{{$}}
// REMARK-DAG: 'rows' is read in rows by 'hash.map'
// CHECK: hash.param @dense : tensor<4x4xf32> init ones{{$}}

// CHECK-LABEL: func.func @grad_step
// CHECK-SAME: tensor<2x2x4x3xf32> {hash.arg = #hash.arg<param, "panels">}, %{{.*}}: tensor<2x2x4x3xf32> {hash.arg = #hash.arg<grad, "panels">}
// CHECK-SAME: -> (tensor<8x4xf32> {{.*}}, tensor<2x2x4x3xf32> {hash.arg = #hash.arg<grad, "panels">}
// CHECK: rhs(%{{.*}} : tensor<2x2x4x3xf32>)
// CHECK: hash.grouped_outer {{.*}} outs(%{{.*}} : tensor<2x2x4x3xf32>)
// CHECK: } -> tensor<2x2x4x3xf32>
// TARGET-LABEL: func.func @grad_step
// TARGET-SAME: tensor<2x2x4x2xf32> {hash.arg = #hash.arg<param, "panels">}
// NONE-LABEL: func.func @grad_step
// NONE-NOT: tensor<2x2x
module attributes {hash.target = {panel = 2 : i64}} {
  hash.param @panels : tensor<2x4x4xf32> init ones
  hash.param @rows : tensor<2x4x4xf32> init ones
  hash.param @dense : tensor<4x4xf32> init ones
  func.func @grad_step(%p: !p {hash.arg = #hash.arg<plan, "plan0">}, %x: tensor<8x4xf32> {hash.arg = #hash.arg<param, "x">},
      %w: tensor<2x4x4xf32> {hash.arg = #hash.arg<param, "panels">}, %g: tensor<2x4x4xf32> {hash.arg = #hash.arg<grad, "panels">},
      %r: tensor<2x4x4xf32> {hash.arg = #hash.arg<param, "rows">}, %d: tensor<4x4xf32> {hash.arg = #hash.arg<param, "dense">})
      -> (tensor<8x4xf32> {hash.arg = #hash.arg<losses>}, tensor<2x4x4xf32> {hash.arg = #hash.arg<grad, "panels">},
          tensor<2x4x4xf32> {hash.arg = #hash.arg<losses, "other">}) {
    %e = tensor.empty() : tensor<8x4xf32>
    %f = tensor.empty() : tensor<2x4x4xf32>
    %y = hash.grouped_gemm plan(%p : !p) lhs(%x : tensor<8x4xf32>) at [token] rhs(%w : tensor<2x4x4xf32>) into [0]
        reads() at [] outs(%e : tensor<8x4xf32>) at [position] {
    ^bb0(%acc: f32, %i: f32):
      hash.yield %acc : f32
    } -> tensor<8x4xf32>
    %z = hash.grouped_gemm plan(%p : !p) lhs(%y : tensor<8x4xf32>) at [position] rhs(%r : tensor<2x4x4xf32>) into [0]
        reads() at [] outs(%e : tensor<8x4xf32>) at [slot] {
    ^bb0(%acc: f32, %i: f32):
      hash.yield %acc : f32
    } -> tensor<8x4xf32>
    %dw = hash.grouped_outer plan(%p : !p) lhs(%x : tensor<8x4xf32>) rhs(%z : tensor<8x4xf32>) at [position, position] skip_empty
        reads() outs(%g : tensor<2x4x4xf32>) {
    ^bb0(%acc: f32, %i: f32):
      %s = arith.addf %i, %acc : f32
      hash.yield %s : f32
    } -> tensor<2x4x4xf32>
    %m = hash.map reads(%r : tensor<2x4x4xf32>) at [position] outs(%f : tensor<2x4x4xf32>) at [position] {
    ^bb0(%v: f32, %i: f32):
      hash.yield %v : f32
    } -> tensor<2x4x4xf32>
    return %z, %dw, %m : tensor<8x4xf32>, tensor<2x4x4xf32>, tensor<2x4x4xf32>
  }

  // The optimizer works element by element, so panels suit it.
  // CHECK-LABEL: func.func @update
  // CHECK: hash.global_norm {{.*}} : (tensor<2x2x4x3xf32>) -> tensor<1xf64>
  // CHECK: hash.adamw {{.*}} -> (tensor<2x2x4x3xf32>, tensor<2x2x4x3xf32>, tensor<2x2x4x3xf32>, tensor<2x2x4x3xf32>)
  func.func @update(%p: tensor<2x4x4xf32> {hash.arg = #hash.arg<param, "panels">}, %g: tensor<2x4x4xf32> {hash.arg = #hash.arg<grad, "panels">},
      %m: tensor<2x4x4xf32> {hash.arg = #hash.arg<moment1, "panels">}, %v: tensor<2x4x4xf32> {hash.arg = #hash.arg<moment2, "panels">},
      %h: tensor<4xf64> {hash.arg = #hash.arg<hyper>}) -> (tensor<2x4x4xf32> {hash.arg = #hash.arg<param, "panels">}) {
    %n = hash.global_norm %g : (tensor<2x4x4xf32>) -> tensor<1xf64>
    %a:4 = hash.adamw %p, %g, %m, %v, %h, %n {beta1 = 0.9 : f64, beta2 = 0.9 : f64, eps = 0.1 : f64, weight_decay = 0.0 : f64}
        : (tensor<2x4x4xf32>, tensor<2x4x4xf32>, tensor<2x4x4xf32>, tensor<2x4x4xf32>, tensor<4xf64>, tensor<1xf64>)
        -> (tensor<2x4x4xf32>, tensor<2x4x4xf32>, tensor<2x4x4xf32>, tensor<2x4x4xf32>)
    return %a#0 : tensor<2x4x4xf32>
  }
}
