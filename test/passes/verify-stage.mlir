// RUN: hash-opt %s --split-input-file --hash-verify-stage=stage=fused --verify-diagnostics

func.func @eval_step(%x: tensor<8x4xf32> {hash.arg = #hash.arg<param, "x">}, %w: tensor<4x4xf32> {hash.arg = #hash.arg<param, "w">})
    -> (tensor<8x4xf32> {hash.arg = #hash.arg<logits>}) {
  // expected-error @+1 {{is left in the fused stage, where it should be a structured op}}
  %y = hash.matmul %x, %w : (tensor<8x4xf32>, tensor<4x4xf32>) -> tensor<8x4xf32>
  return %y : tensor<8x4xf32>
}

// -----

func.func @eval_step(%x: tensor<8x4xf32> {hash.arg = #hash.arg<param, "x">}) -> (tensor<8x4xf32> {hash.arg = #hash.arg<logits>}) {
  // expected-error @+1 {{is left in the fused stage, where it should be a structured op}}
  %y = arith.addf %x, %x : tensor<8x4xf32>
  return %y : tensor<8x4xf32>
}

// -----

// expected-error @+1 {{argument 0 has no role: the runtime would not know what to pass}}
func.func @eval_step(%x: tensor<8x4xf32>) {
  return
}

// -----

// A combination of several choices is a kernel of its own, and constants are no ops
// on rows.
func.func @eval_step(%x: tensor<16x4xf32> {hash.arg = #hash.arg<param, "x">},
    %p: !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16> {hash.arg = #hash.arg<plan, "plan0">})
    -> (tensor<8x4xf32> {hash.arg = #hash.arg<logits>}) {
  %c = arith.constant dense<0.0> : tensor<8x4xf32>
  %y = hash.combine %x by %p : (tensor<16x4xf32>, !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>) -> tensor<8x4xf32>
  return %y : tensor<8x4xf32>
}
