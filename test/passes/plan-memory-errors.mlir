// RUN: hash-opt %s --split-input-file --hash-plan-memory --verify-diagnostics

// An update of state never makes a copy: what reads the old value has to come first.
!v = tensor<4xf32>
func.func @update(%w: !v {hash.arg = #hash.arg<param, "w">}, %g: !v {hash.arg = #hash.arg<grad, "w">},
    %m: !v {hash.arg = #hash.arg<moment1, "w">}, %v: !v {hash.arg = #hash.arg<moment2, "w">}, %h: tensor<4xf64> {hash.arg = #hash.arg<hyper>},
    %n: tensor<1xf64> {hash.arg = #hash.arg<norm>})
    -> (!v {hash.arg = #hash.arg<param, "w">}, tensor<8x4xf32> {hash.arg = #hash.arg<logits>}) {
  // expected-error @+1 {{updates param 'w' in place, but its old value is still read}}
  %a:4 = hash.adamw %w, %g, %m, %v, %h, %n {beta1 = 0.9 : f64, beta2 = 0.9 : f64, eps = 0.1 : f64, weight_decay = 0.0 : f64}
      : (!v, !v, !v, !v, tensor<4xf64>, tensor<1xf64>) -> (!v, !v, !v, !v)
  // expected-note @+1 {{read here}}
  %b = hash.broadcast %w : (!v) -> tensor<8x4xf32>
  return %a#0, %b : !v, tensor<8x4xf32>
}

// -----

// The op that updates it must not read it beside.
!v = tensor<4xf32>
func.func @update(%w: !v {hash.arg = #hash.arg<param, "w">}, %m: !v {hash.arg = #hash.arg<moment1, "w">},
    %v: !v {hash.arg = #hash.arg<moment2, "w">}, %h: tensor<4xf64> {hash.arg = #hash.arg<hyper>},
    %n: tensor<1xf64> {hash.arg = #hash.arg<norm>}) -> (!v {hash.arg = #hash.arg<param, "w">}) {
  // expected-note @+2 {{read here}}
  // expected-error @+1 {{updates param 'w' in place, but its old value is still read}}
  %a:4 = hash.adamw %w, %w, %m, %v, %h, %n {beta1 = 0.9 : f64, beta2 = 0.9 : f64, eps = 0.1 : f64, weight_decay = 0.0 : f64}
      : (!v, !v, !v, !v, tensor<4xf64>, tensor<1xf64>) -> (!v, !v, !v, !v)
  return %a#0 : !v
}

// -----

// The same without an op that updates in place: what is returned as the parameter is
// made while its old value is still needed.
func.func @step(%w: tensor<8x4xf32> {hash.arg = #hash.arg<param, "w">}, %s: tensor<8xi32> {hash.arg = #hash.arg<starts>})
    -> (tensor<8x4xf32> {hash.arg = #hash.arg<param, "w">}, tensor<4xf32> {hash.arg = #hash.arg<losses>}) {
  // expected-error @+1 {{updates param 'w' in place, but its old value is still read}}
  %a = hash.rotary %w, %s {heads = 1 : i64} : (tensor<8x4xf32>, tensor<8xi32>) -> tensor<8x4xf32>
  // expected-note @+1 {{read here}}
  %r = hash.reduce_rows %w : (tensor<8x4xf32>) -> tensor<4xf32>
  return %a, %r : tensor<8x4xf32>, tensor<4xf32>
}

// -----

// Two that change places would need a third.
func.func @swap(%a: tensor<4x1xf32> {hash.arg = #hash.arg<cache, "a">}, %b: tensor<4x1xf32> {hash.arg = #hash.arg<cache, "b">})
    -> (tensor<4x1xf32> {hash.arg = #hash.arg<cache, "a">}, tensor<4x1xf32> {hash.arg = #hash.arg<cache, "b">}) {
  // expected-error @+1 {{returns the old value of #hash.arg<cache, "a">, and a new one in its place}}
  return %b, %a : tensor<4x1xf32>, tensor<4x1xf32>
}

// -----

// expected-error @+1 {{arguments 0 and 1 have the same role, and so would share a buffer}}
func.func @step(%a: tensor<4xf32> {hash.arg = #hash.arg<param, "a">}, %b: tensor<4xf32> {hash.arg = #hash.arg<param, "a">}) {
  return
}

// -----

// expected-error @+1 {{argument 0 is a 'tensor<?xf32>', which is neither a tensor of fixed shape nor a plan}}
func.func @step(%a: tensor<?xf32>) {
  return
}

// -----

// expected-error @+1 {{argument 0 is a buffer already; hash-plan-memory runs once}}
func.func @step(%a: memref<4xf32>) {
  return
}

// -----

func.func @step(%a: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{has no form on buffers; hash-generalize turns elementwise ops into structured ones}}
  %b = math.tanh %a : tensor<4xf32>
  return %b : tensor<4xf32>
}

// -----

func.func @step() {
  // expected-error @+1 {{makes a 'index', which is neither a tensor of fixed shape nor a plan}}
  %c = arith.constant 1 : index
  return
}

// -----

func.func @step() -> tensor<2xf32> {
  // expected-error @+1 {{a constant tensor of more than one value has no buffer; make it a table or a parameter}}
  %c = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>
  return %c : tensor<2xf32>
}

// -----

// expected-error @+1 {{branches; lifetimes are known in straight-line code only}}
func.func @step() {
  llvm.br ^bb1
^bb1:
  return
}
