// RUN: hash-opt %s --hash-differentiate --verify-diagnostics --split-input-file

// What has no derivative says so, and where.

hash.param @w : tensor<8x4xf32> init zeros
func.func @forward(%w: tensor<8x4xf32> {hash.arg = #hash.arg<param, "w">}, %t: tensor<8xi32> {hash.arg = #hash.arg<targets>})
    -> (tensor<8xf32> {hash.arg = #hash.arg<losses>}) {
  // expected-error @+1 {{no derivative is known for 'math.floor', and a parameter's gradient flows through it}}
  %0 = math.floor %w : tensor<8x4xf32>
  %l, %lse = hash.cross_entropy %0, %t : (tensor<8x4xf32>, tensor<8xi32>) -> (tensor<8xf32>, tensor<8xf32>)
  return %l : tensor<8xf32>
}

// -----

// Structured ops come after differentiation.
hash.param @w : tensor<8x4xf32> init zeros
func.func @forward(%w: tensor<8x4xf32> {hash.arg = #hash.arg<param, "w">}, %t: tensor<8xi32> {hash.arg = #hash.arg<targets>})
    -> (tensor<8xf32> {hash.arg = #hash.arg<losses>}) {
  // expected-error @+1 {{no derivative is known for 'hash.map', and a parameter's gradient flows through it}}
  %0 = hash.map reads(%w : tensor<8x4xf32>) at [position] outs(%w : tensor<8x4xf32>) at [position] {
  ^bb0(%r0: f32, %i0: f32):
    hash.yield %r0 : f32
  } -> tensor<8x4xf32>
  %l, %lse = hash.cross_entropy %0, %t : (tensor<8x4xf32>, tensor<8xi32>) -> (tensor<8xf32>, tensor<8xf32>)
  return %l : tensor<8xf32>
}

// -----

// Nor has a gradient one itself.
hash.param @w : tensor<8x4xf32> init zeros
func.func @forward(%w: tensor<8x4xf32> {hash.arg = #hash.arg<param, "w">}, %t: tensor<8xi32> {hash.arg = #hash.arg<targets>})
    -> (tensor<8xf32> {hash.arg = #hash.arg<losses>}) {
  // expected-error @+1 {{no derivative is known for 'hash.weight_grad', and a parameter's gradient flows through it}}
  %0 = hash.weight_grad %w, %w : (tensor<8x4xf32>, tensor<8x4xf32>) -> tensor<4x4xf32>
  %1 = hash.matmul %w, %0 : (tensor<8x4xf32>, tensor<4x4xf32>) -> tensor<8x4xf32>
  %l, %lse = hash.cross_entropy %1, %t : (tensor<8x4xf32>, tensor<8xi32>) -> (tensor<8xf32>, tensor<8xf32>)
  return %l : tensor<8xf32>
}

// -----

// What was saved for the backward pass is no activation.
hash.param @w : tensor<8x4xf32> init zeros
func.func @forward(%w: tensor<8x4xf32> {hash.arg = #hash.arg<param, "w">}, %t: tensor<8xi32> {hash.arg = #hash.arg<targets>})
    -> (tensor<8xf32> {hash.arg = #hash.arg<losses>}) {
  // expected-error @+1 {{'hash.cross_entropy' op has no derivative of its log-sum-exp}}
  %l, %lse = hash.cross_entropy %w, %t : (tensor<8x4xf32>, tensor<8xi32>) -> (tensor<8xf32>, tensor<8xf32>)
  return %lse : tensor<8xf32>
}

// -----

hash.param @w : tensor<8x4xf32> init zeros
func.func @forward(%w: tensor<8x4xf32> {hash.arg = #hash.arg<param, "w">}, %s: tensor<8xi32> {hash.arg = #hash.arg<starts>})
    -> (tensor<8x4xf32> {hash.arg = #hash.arg<losses>}) {
  // expected-error @+1 {{'hash.attention' op has no derivative of its log-sum-exp}}
  %0, %lse = hash.attention %w, %w, %w, %s {heads = 4 : i64, kv_heads = 4 : i64, window = 8 : i64, scale = 1.0 : f64, causal}
    : (tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>, tensor<8xi32>) -> (tensor<8x4xf32>, tensor<8x4xf32>)
  return %lse : tensor<8x4xf32>
}

// -----

hash.param @w : tensor<8x4xf32> init zeros
func.func @forward(%w: tensor<8x4xf32> {hash.arg = #hash.arg<param, "w">}, %t: tensor<8xi32> {hash.arg = #hash.arg<tokens, "src">})
    -> (tensor<8x4xf32> {hash.arg = #hash.arg<losses>}) {
  // expected-error @+1 {{'hash.cross_attention' op has no derivative of its log-sum-exp}}
  %0, %lse = hash.cross_attention %w, %w, %w, %t {heads = 4 : i64, kv_heads = 4 : i64, window = 8 : i64, memory_window = 8 : i64, scale = 1.0 : f64}
    : (tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>, tensor<8xi32>) -> (tensor<8x4xf32>, tensor<8x4xf32>)
  return %lse : tensor<8x4xf32>
}

// -----

hash.param @w : tensor<8x4xf32> init zeros
hash.param @g : tensor<4xf32> init zeros
func.func @forward(%w: tensor<8x4xf32> {hash.arg = #hash.arg<param, "w">}, %g: tensor<4xf32> {hash.arg = #hash.arg<param, "g">})
    -> (tensor<8xf32> {hash.arg = #hash.arg<losses>}) {
  // expected-error @+1 {{'hash.layer_norm' op has no derivative of its mean and rstd}}
  %0, %m, %r = hash.layer_norm %w, %g, %g : (tensor<8x4xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<8x4xf32>, tensor<8xf32>, tensor<8xf32>)
  return %m : tensor<8xf32>
}

// -----

hash.param @w : tensor<8x4xf32> init zeros
hash.param @g : tensor<4xf32> init zeros
func.func @forward(%w: tensor<8x4xf32> {hash.arg = #hash.arg<param, "w">}, %g: tensor<4xf32> {hash.arg = #hash.arg<param, "g">})
    -> (tensor<8xf32> {hash.arg = #hash.arg<losses>}) {
  // expected-error @+1 {{'hash.rms_norm' op has no derivative of its rstd}}
  %0, %r = hash.rms_norm %w, %g : (tensor<8x4xf32>, tensor<4xf32>) -> (tensor<8x4xf32>, tensor<8xf32>)
  return %r : tensor<8xf32>
}

// -----

// A table's row is not differentiated by its key, and an op that no gradient flows through
// needs no derivative.
hash.param @w : tensor<8x4xf32> init zeros
func.func @forward(%w: tensor<8x4xf32> {hash.arg = #hash.arg<param, "w">}, %c: tensor<8x4xf32> {hash.arg = #hash.arg<cache, "c">},
    %t: tensor<8xi32> {hash.arg = #hash.arg<targets>}) -> (tensor<8xf32> {hash.arg = #hash.arg<losses>}) {
  %0 = math.floor %c : tensor<8x4xf32>
  %1 = arith.addf %w, %0 : tensor<8x4xf32>
  %l, %lse = hash.cross_entropy %1, %t : (tensor<8x4xf32>, tensor<8xi32>) -> (tensor<8xf32>, tensor<8xf32>)
  return %l : tensor<8xf32>
}

// -----

// A table whose rows are looked up has no other gradient.
hash.param @w : tensor<8x4xf32> init zeros {lookup}
func.func @forward(%w: tensor<8x4xf32> {hash.arg = #hash.arg<param, "w">}, %t: tensor<8xi32> {hash.arg = #hash.arg<targets>})
    -> (tensor<8xf32> {hash.arg = #hash.arg<losses>}) {
  %0 = hash.lookup %t in %w : (tensor<8xi32>, tensor<8x4xf32>) -> tensor<8x4xf32>
  // expected-error @+1 {{reads the whole of a table whose rows are looked up, and has the gradient of rows only}}
  %1 = hash.matmul %0, %w transposed : (tensor<8x4xf32>, tensor<8x4xf32>) -> tensor<8x8xf32>
  %l, %lse = hash.cross_entropy %1, %t : (tensor<8x8xf32>, tensor<8xi32>) -> (tensor<8xf32>, tensor<8xf32>)
  return %l : tensor<8xf32>
}

// -----

// And another parameter has a gradient of all its elements.
hash.param @w : tensor<8x4xf32> init zeros
func.func @forward(%w: tensor<8x4xf32> {hash.arg = #hash.arg<param, "w">}, %t: tensor<8xi32> {hash.arg = #hash.arg<targets>})
    -> (tensor<8xf32> {hash.arg = #hash.arg<losses>}) {
  // expected-error @+1 {{reads rows of operand 1, and no hash.param with 'lookup' declares that}}
  %0 = hash.lookup %t in %w : (tensor<8xi32>, tensor<8x4xf32>) -> tensor<8x4xf32>
  %l, %lse = hash.cross_entropy %0, %t : (tensor<8x4xf32>, tensor<8xi32>) -> (tensor<8xf32>, tensor<8xf32>)
  return %l : tensor<8xf32>
}

// -----

// Counts are added to the accumulator of a parameter that there is.
hash.param @w : tensor<4xf32> init zeros
// expected-error @+1 {{no parameter of this type is called "w", and a result is to be added to its gradient}}
func.func @forward(%w: tensor<4xf32> {hash.arg = #hash.arg<param, "w">}, %n: tensor<8x4xf32> {hash.arg = #hash.arg<cache, "n">})
    -> (tensor<8x4xf32> {hash.arg = #hash.arg<grad, "w">}) {
  return %n : tensor<8x4xf32>
}
