// RUN: hash-opt %s --hash-derive-eval --remarks-filter=hash-derive-eval --remark-format=emitRemark -o - 2>%t.err | FileCheck %s
// RUN: FileCheck %s --check-prefix=REMARK < %t.err
// RUN: not hash-opt %s --hash-derive-eval --hash-derive-eval 2>&1 | FileCheck %s --check-prefix=TWICE
// RUN: hash-opt %S/Inputs/no-forward.mlir --hash-derive-eval --verify-diagnostics --split-input-file

// The losses without dropout; neither the seed nor the logits are needed. What the
// model computes stays, and so does @forward.
// CHECK-LABEL: func.func @forward
// CHECK: hash.dropout
// CHECK-LABEL: func.func @eval_step
// CHECK-SAME: (%[[X:.*]]: tensor<8x4xf32> {hash.arg = #hash.arg<param, "x">}, %[[T:.*]]: tensor<8xi32> {hash.arg = #hash.arg<targets>})
// CHECK-SAME: -> (tensor<8xf32> {hash.arg = #hash.arg<losses>})
// CHECK-NOT: hash.dropout
// CHECK: %[[Y:.*]] = math.tanh %[[X]]
// CHECK: %[[L:.*]], %{{.*}} = hash.cross_entropy %[[Y]], %[[T]]
// CHECK: return %[[L]]

// REMARK: evaluation does without the dropout of layer
// TWICE: error: the module has 'eval_step' already; the pass that makes it runs once
func.func @forward(%x: tensor<8x4xf32> {hash.arg = #hash.arg<param, "x">}, %t: tensor<8xi32> {hash.arg = #hash.arg<targets>},
    %seed: tensor<1xi64> {hash.arg = #hash.arg<seed>})
    -> (tensor<8x4xf32> {hash.arg = #hash.arg<logits>}, tensor<8xf32> {hash.arg = #hash.arg<losses>}) {
  %d = hash.dropout %x, %seed {rate = 0.1 : f64, stream = 0 : i64} : (tensor<8x4xf32>, tensor<1xi64>) -> tensor<8x4xf32> loc("layer")
  %y = math.tanh %d : tensor<8x4xf32>
  %losses, %lse = hash.cross_entropy %y, %t : (tensor<8x4xf32>, tensor<8xi32>) -> (tensor<8xf32>, tensor<8xf32>)
  return %y, %losses : tensor<8x4xf32>, tensor<8xf32>
}
