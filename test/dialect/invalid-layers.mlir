// RUN: hash-opt %s --verify-diagnostics --split-input-file

// Attention, norms, losses and the optimizer, breaking a constraint.

func.func @rotary_rows(%x: tensor<8x16xf32>, %s: tensor<4xi32>) {
  // expected-error @+1 {{failed to verify that `x`, `positions` have as many rows (rows)}}
  %0 = hash.rotary %x, %s {heads = 4 : i64} : (tensor<8x16xf32>, tensor<4xi32>) -> tensor<8x16xf32>
  return
}

// -----

func.func @rotary_type(%x: tensor<8x16xf32>, %s: tensor<8xi32>) {
  // expected-error @+1 {{failed to verify that `x`, `result` have one type (type)}}
  %0 = hash.rotary %x, %s {heads = 4 : i64} : (tensor<8x16xf32>, tensor<8xi32>) -> tensor<8x16xbf16>
  return
}

// -----

func.func @rotary_heads(%x: tensor<8x16xf32>, %s: tensor<8xi32>) {
  // expected-error @+1 {{failed to verify that each head has as many features of `x`, and an even number (heads)}}
  %0 = hash.rotary %x, %s {heads = 3 : i64} : (tensor<8x16xf32>, tensor<8xi32>) -> tensor<8x16xf32>
  return
}

// -----

func.func @rotary_pairs(%x: tensor<8x12xf32>, %s: tensor<8xi32>) {
  // expected-error @+1 {{failed to verify that each head has as many features of `x`, and an even number (heads)}}
  %0 = hash.rotary %x, %s {heads = 4 : i64} : (tensor<8x12xf32>, tensor<8xi32>) -> tensor<8x12xf32>
  return
}

// -----

func.func @rotary_no_head(%x: tensor<8x16xf32>, %s: tensor<8xi32>) {
  // expected-error @+1 {{attribute 'heads' failed to satisfy constraint: 64-bit signless integer attribute whose value is positive}}
  %0 = hash.rotary %x, %s {heads = 0 : i64} : (tensor<8x16xf32>, tensor<8xi32>) -> tensor<8x16xf32>
  return
}

// -----

func.func @rotary_base(%x: tensor<8x16xf32>, %s: tensor<8xi32>) {
  // expected-error @+1 {{attribute 'base' failed to satisfy constraint: 64-bit float attribute whose value is above 0}}
  %0 = hash.rotary %x, %s {heads = 4 : i64, base = 0.0 : f64}
    : (tensor<8x16xf32>, tensor<8xi32>) -> tensor<8x16xf32>
  return
}

// -----

func.func @attention_rows(%q: tensor<8x16xf32>, %k: tensor<8x8xf32>, %v: tensor<8x8xf32>, %s: tensor<4xi32>) {
  // expected-error @+1 {{failed to verify that `q`, `k`, `v`, `starts`, `lse` have as many rows (rows)}}
  %0:2 = hash.attention %q, %k, %v, %s {heads = 4 : i64, kv_heads = 2 : i64, window = 4 : i64, scale = 0.5 : f64}
    : (tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x8xf32>, tensor<4xi32>) -> (tensor<8x16xf32>, tensor<8x4xf32>)
  return
}

// -----

func.func @attention_heads(%q: tensor<8x18xf32>, %k: tensor<8x8xf32>, %v: tensor<8x8xf32>, %s: tensor<8xi32>) {
  // expected-error @+1 {{failed to verify that `heads` divides the features of `q`, and `kv_heads` divides `heads` (heads)}}
  %0:2 = hash.attention %q, %k, %v, %s {heads = 4 : i64, kv_heads = 2 : i64, window = 4 : i64, scale = 0.5 : f64}
    : (tensor<8x18xf32>, tensor<8x8xf32>, tensor<8x8xf32>, tensor<8xi32>) -> (tensor<8x18xf32>, tensor<8x4xf32>)
  return
}

// -----

func.func @attention_kv_heads(%q: tensor<8x16xf32>, %k: tensor<8x8xf32>, %v: tensor<8x8xf32>, %s: tensor<8xi32>) {
  // expected-error @+1 {{failed to verify that `heads` divides the features of `q`, and `kv_heads` divides `heads` (heads)}}
  %0:2 = hash.attention %q, %k, %v, %s {heads = 4 : i64, kv_heads = 3 : i64, window = 4 : i64, scale = 0.5 : f64}
    : (tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x8xf32>, tensor<8xi32>) -> (tensor<8x16xf32>, tensor<8x4xf32>)
  return
}

// -----

func.func @attention_keys(%q: tensor<8x16xf32>, %k: tensor<8x12xf32>, %v: tensor<8x8xf32>, %s: tensor<8xi32>) {
  // expected-error @+1 {{failed to verify that `k` and `v` have `kv_heads` heads as wide as those of `q` (features)}}
  %0:2 = hash.attention %q, %k, %v, %s {heads = 4 : i64, kv_heads = 2 : i64, window = 4 : i64, scale = 0.5 : f64}
    : (tensor<8x16xf32>, tensor<8x12xf32>, tensor<8x8xf32>, tensor<8xi32>) -> (tensor<8x16xf32>, tensor<8x4xf32>)
  return
}

// -----

func.func @attention_values(%q: tensor<8x16xf32>, %k: tensor<8x8xf32>, %v: tensor<8x4xf32>, %s: tensor<8xi32>) {
  // expected-error @+1 {{failed to verify that `k` and `v` have `kv_heads` heads as wide as those of `q` (features)}}
  %0:2 = hash.attention %q, %k, %v, %s {heads = 4 : i64, kv_heads = 2 : i64, window = 4 : i64, scale = 0.5 : f64}
    : (tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x4xf32>, tensor<8xi32>) -> (tensor<8x16xf32>, tensor<8x4xf32>)
  return
}

// -----

func.func @attention_lse(%q: tensor<8x16xf32>, %k: tensor<8x8xf32>, %v: tensor<8x8xf32>, %s: tensor<8xi32>) {
  // expected-error @+1 {{failed to verify that `lse` has a column for each head (lse)}}
  %0:2 = hash.attention %q, %k, %v, %s {heads = 4 : i64, kv_heads = 2 : i64, window = 4 : i64, scale = 0.5 : f64}
    : (tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x8xf32>, tensor<8xi32>) -> (tensor<8x16xf32>, tensor<8x2xf32>)
  return
}

// -----

func.func @attention_window(%q: tensor<8x16xf32>, %k: tensor<8x8xf32>, %v: tensor<8x8xf32>, %s: tensor<8xi32>) {
  // expected-error @+1 {{failed to verify that the rows of `q` are whole windows (window)}}
  %0:2 = hash.attention %q, %k, %v, %s {heads = 4 : i64, kv_heads = 2 : i64, window = 3 : i64, scale = 0.5 : f64}
    : (tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x8xf32>, tensor<8xi32>) -> (tensor<8x16xf32>, tensor<8x4xf32>)
  return
}

// -----

func.func @attention_type(%q: tensor<8x16xf32>, %k: tensor<8x8xf32>, %v: tensor<8x8xf32>, %s: tensor<8xi32>) {
  // expected-error @+1 {{failed to verify that `q`, `result` have one type (type)}}
  %0:2 = hash.attention %q, %k, %v, %s {heads = 4 : i64, kv_heads = 2 : i64, window = 4 : i64, scale = 0.5 : f64}
    : (tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x8xf32>, tensor<8xi32>) -> (tensor<8x16xbf16>, tensor<8x4xf32>)
  return
}

// -----

func.func @attention_element(%q: tensor<8x16xf32>, %k: tensor<8x8xbf16>, %v: tensor<8x8xf32>, %s: tensor<8xi32>) {
  // expected-error @+1 {{failed to verify that `q`, `k`, `v` have one element type (type)}}
  %0:2 = hash.attention %q, %k, %v, %s {heads = 4 : i64, kv_heads = 2 : i64, window = 4 : i64, scale = 0.5 : f64}
    : (tensor<8x16xf32>, tensor<8x8xbf16>, tensor<8x8xf32>, tensor<8xi32>) -> (tensor<8x16xf32>, tensor<8x4xf32>)
  return
}

// -----

func.func @attention_precision(%q: tensor<8x16xf32>, %k: tensor<8x8xf32>, %v: tensor<8x8xf32>, %s: tensor<8xi32>) {
  // expected-error @+1 {{failed to verify that `lse` are of the type that `q` computes in (precision)}}
  %0:2 = hash.attention %q, %k, %v, %s {heads = 4 : i64, kv_heads = 2 : i64, window = 4 : i64, scale = 0.5 : f64}
    : (tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x8xf32>, tensor<8xi32>) -> (tensor<8x16xf32>, tensor<8x4xf64>)
  return
}

// -----

func.func @attention_no_heads(%q: tensor<8x16xf32>, %k: tensor<8x8xf32>, %v: tensor<8x8xf32>, %s: tensor<8xi32>) {
  // expected-error @+1 {{attribute 'heads' failed to satisfy constraint: 64-bit signless integer attribute whose value is positive}}
  %0:2 = hash.attention %q, %k, %v, %s {heads = 0 : i64, kv_heads = 2 : i64, window = 4 : i64, scale = 0.5 : f64}
    : (tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x8xf32>, tensor<8xi32>) -> (tensor<8x16xf32>, tensor<8x4xf32>)
  return
}

// -----

func.func @attention_no_kv_heads(%q: tensor<8x16xf32>, %k: tensor<8x8xf32>, %v: tensor<8x8xf32>, %s: tensor<8xi32>) {
  // expected-error @+1 {{attribute 'kv_heads' failed to satisfy constraint: 64-bit signless integer attribute whose value is positive}}
  %0:2 = hash.attention %q, %k, %v, %s {heads = 4 : i64, kv_heads = 0 : i64, window = 4 : i64, scale = 0.5 : f64}
    : (tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x8xf32>, tensor<8xi32>) -> (tensor<8x16xf32>, tensor<8x4xf32>)
  return
}

// -----

func.func @attention_no_window(%q: tensor<8x16xf32>, %k: tensor<8x8xf32>, %v: tensor<8x8xf32>, %s: tensor<8xi32>) {
  // expected-error @+1 {{attribute 'window' failed to satisfy constraint: 64-bit signless integer attribute whose value is positive}}
  %0:2 = hash.attention %q, %k, %v, %s {heads = 4 : i64, kv_heads = 2 : i64, window = 0 : i64, scale = 0.5 : f64}
    : (tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x8xf32>, tensor<8xi32>) -> (tensor<8x16xf32>, tensor<8x4xf32>)
  return
}

// -----

func.func @attention_scale(%q: tensor<8x16xf32>, %k: tensor<8x8xf32>, %v: tensor<8x8xf32>, %s: tensor<8xi32>) {
  // expected-error @+1 {{attribute 'scale' failed to satisfy constraint: 64-bit float attribute whose value is finite}}
  %0:2 = hash.attention %q, %k, %v, %s {heads = 4 : i64, kv_heads = 2 : i64, window = 4 : i64, scale = 0x7FF0000000000000 : f64}
    : (tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x8xf32>, tensor<8xi32>) -> (tensor<8x16xf32>, tensor<8x4xf32>)
  return
}

// -----

func.func @attention_grad_rows(%q: tensor<8x16xf32>, %k: tensor<8x8xf32>, %v: tensor<8x8xf32>, %s: tensor<4xi32>, %y: tensor<8x16xf32>, %lse: tensor<8x4xf32>, %dy: tensor<8x16xf32>) {
  // expected-error @+1 {{failed to verify that `q`, `k`, `v`, `starts`, `lse` have as many rows (rows)}}
  %0:3 = hash.attention_grad %q, %k, %v, %s, %y, %lse, %dy {heads = 4 : i64, kv_heads = 2 : i64, window = 4 : i64, scale = 0.5 : f64}
    : (tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x8xf32>, tensor<4xi32>, tensor<8x16xf32>, tensor<8x4xf32>, tensor<8x16xf32>) -> (tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x8xf32>)
  return
}

// -----

func.func @attention_grad_heads(%q: tensor<8x18xf32>, %k: tensor<8x8xf32>, %v: tensor<8x8xf32>, %s: tensor<8xi32>, %y: tensor<8x18xf32>, %lse: tensor<8x4xf32>, %dy: tensor<8x18xf32>) {
  // expected-error @+1 {{failed to verify that `heads` divides the features of `q`, and `kv_heads` divides `heads` (heads)}}
  %0:3 = hash.attention_grad %q, %k, %v, %s, %y, %lse, %dy {heads = 4 : i64, kv_heads = 2 : i64, window = 4 : i64, scale = 0.5 : f64}
    : (tensor<8x18xf32>, tensor<8x8xf32>, tensor<8x8xf32>, tensor<8xi32>, tensor<8x18xf32>, tensor<8x4xf32>, tensor<8x18xf32>) -> (tensor<8x18xf32>, tensor<8x8xf32>, tensor<8x8xf32>)
  return
}

// -----

func.func @attention_grad_kv_heads(%q: tensor<8x16xf32>, %k: tensor<8x8xf32>, %v: tensor<8x8xf32>, %s: tensor<8xi32>, %y: tensor<8x16xf32>, %lse: tensor<8x4xf32>, %dy: tensor<8x16xf32>) {
  // expected-error @+1 {{failed to verify that `heads` divides the features of `q`, and `kv_heads` divides `heads` (heads)}}
  %0:3 = hash.attention_grad %q, %k, %v, %s, %y, %lse, %dy {heads = 4 : i64, kv_heads = 3 : i64, window = 4 : i64, scale = 0.5 : f64}
    : (tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x8xf32>, tensor<8xi32>, tensor<8x16xf32>, tensor<8x4xf32>, tensor<8x16xf32>) -> (tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x8xf32>)
  return
}

// -----

func.func @attention_grad_keys(%q: tensor<8x16xf32>, %k: tensor<8x12xf32>, %v: tensor<8x8xf32>, %s: tensor<8xi32>, %y: tensor<8x16xf32>, %lse: tensor<8x4xf32>, %dy: tensor<8x16xf32>) {
  // expected-error @+1 {{failed to verify that `k` and `v` have `kv_heads` heads as wide as those of `q` (features)}}
  %0:3 = hash.attention_grad %q, %k, %v, %s, %y, %lse, %dy {heads = 4 : i64, kv_heads = 2 : i64, window = 4 : i64, scale = 0.5 : f64}
    : (tensor<8x16xf32>, tensor<8x12xf32>, tensor<8x8xf32>, tensor<8xi32>, tensor<8x16xf32>, tensor<8x4xf32>, tensor<8x16xf32>) -> (tensor<8x16xf32>, tensor<8x12xf32>, tensor<8x8xf32>)
  return
}

// -----

func.func @attention_grad_values(%q: tensor<8x16xf32>, %k: tensor<8x8xf32>, %v: tensor<8x4xf32>, %s: tensor<8xi32>, %y: tensor<8x16xf32>, %lse: tensor<8x4xf32>, %dy: tensor<8x16xf32>) {
  // expected-error @+1 {{failed to verify that `k` and `v` have `kv_heads` heads as wide as those of `q` (features)}}
  %0:3 = hash.attention_grad %q, %k, %v, %s, %y, %lse, %dy {heads = 4 : i64, kv_heads = 2 : i64, window = 4 : i64, scale = 0.5 : f64}
    : (tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x4xf32>, tensor<8xi32>, tensor<8x16xf32>, tensor<8x4xf32>, tensor<8x16xf32>) -> (tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x4xf32>)
  return
}

// -----

func.func @attention_grad_lse(%q: tensor<8x16xf32>, %k: tensor<8x8xf32>, %v: tensor<8x8xf32>, %s: tensor<8xi32>, %y: tensor<8x16xf32>, %lse: tensor<8x2xf32>, %dy: tensor<8x16xf32>) {
  // expected-error @+1 {{failed to verify that `lse` has a column for each head (lse)}}
  %0:3 = hash.attention_grad %q, %k, %v, %s, %y, %lse, %dy {heads = 4 : i64, kv_heads = 2 : i64, window = 4 : i64, scale = 0.5 : f64}
    : (tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x8xf32>, tensor<8xi32>, tensor<8x16xf32>, tensor<8x2xf32>, tensor<8x16xf32>) -> (tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x8xf32>)
  return
}

// -----

func.func @attention_grad_window(%q: tensor<8x16xf32>, %k: tensor<8x8xf32>, %v: tensor<8x8xf32>, %s: tensor<8xi32>, %y: tensor<8x16xf32>, %lse: tensor<8x4xf32>, %dy: tensor<8x16xf32>) {
  // expected-error @+1 {{failed to verify that the rows of `q` are whole windows (window)}}
  %0:3 = hash.attention_grad %q, %k, %v, %s, %y, %lse, %dy {heads = 4 : i64, kv_heads = 2 : i64, window = 3 : i64, scale = 0.5 : f64}
    : (tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x8xf32>, tensor<8xi32>, tensor<8x16xf32>, tensor<8x4xf32>, tensor<8x16xf32>) -> (tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x8xf32>)
  return
}

// -----

func.func @attention_grad_type(%q: tensor<8x16xf32>, %k: tensor<8x8xf32>, %v: tensor<8x8xf32>, %s: tensor<8xi32>, %y: tensor<8x16xf32>, %lse: tensor<8x4xf32>, %dy: tensor<8x16xf32>) {
  // expected-error @+1 {{failed to verify that `q`, `result`, `dresult`, `dq` have one type (type)}}
  %0:3 = hash.attention_grad %q, %k, %v, %s, %y, %lse, %dy {heads = 4 : i64, kv_heads = 2 : i64, window = 4 : i64, scale = 0.5 : f64}
    : (tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x8xf32>, tensor<8xi32>, tensor<8x16xf32>, tensor<8x4xf32>, tensor<8x16xf32>) -> (tensor<8x8xf32>, tensor<8x8xf32>, tensor<8x8xf32>)
  return
}

// -----

func.func @attention_grad_dk(%q: tensor<8x16xf32>, %k: tensor<8x8xf32>, %v: tensor<8x8xf32>, %s: tensor<8xi32>, %y: tensor<8x16xf32>, %lse: tensor<8x4xf32>, %dy: tensor<8x16xf32>) {
  // expected-error @+1 {{failed to verify that `k`, `dk` have one type (type)}}
  %0:3 = hash.attention_grad %q, %k, %v, %s, %y, %lse, %dy {heads = 4 : i64, kv_heads = 2 : i64, window = 4 : i64, scale = 0.5 : f64}
    : (tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x8xf32>, tensor<8xi32>, tensor<8x16xf32>, tensor<8x4xf32>, tensor<8x16xf32>) -> (tensor<8x16xf32>, tensor<8x16xf32>, tensor<8x8xf32>)
  return
}

// -----

func.func @attention_grad_dv(%q: tensor<8x16xf32>, %k: tensor<8x8xf32>, %v: tensor<8x8xf32>, %s: tensor<8xi32>, %y: tensor<8x16xf32>, %lse: tensor<8x4xf32>, %dy: tensor<8x16xf32>) {
  // expected-error @+1 {{failed to verify that `v`, `dv` have one type (type)}}
  %0:3 = hash.attention_grad %q, %k, %v, %s, %y, %lse, %dy {heads = 4 : i64, kv_heads = 2 : i64, window = 4 : i64, scale = 0.5 : f64}
    : (tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x8xf32>, tensor<8xi32>, tensor<8x16xf32>, tensor<8x4xf32>, tensor<8x16xf32>) -> (tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x8xbf16>)
  return
}

// -----

func.func @attention_grad_element(%q: tensor<8x16xf32>, %k: tensor<8x8xbf16>, %v: tensor<8x8xf32>, %s: tensor<8xi32>, %y: tensor<8x16xf32>, %lse: tensor<8x4xf32>, %dy: tensor<8x16xf32>) {
  // expected-error @+1 {{failed to verify that `q`, `k`, `v` have one element type (type)}}
  %0:3 = hash.attention_grad %q, %k, %v, %s, %y, %lse, %dy {heads = 4 : i64, kv_heads = 2 : i64, window = 4 : i64, scale = 0.5 : f64}
    : (tensor<8x16xf32>, tensor<8x8xbf16>, tensor<8x8xf32>, tensor<8xi32>, tensor<8x16xf32>, tensor<8x4xf32>, tensor<8x16xf32>) -> (tensor<8x16xf32>, tensor<8x8xbf16>, tensor<8x8xf32>)
  return
}

// -----

func.func @attention_grad_precision(%q: tensor<8x16xf32>, %k: tensor<8x8xf32>, %v: tensor<8x8xf32>, %s: tensor<8xi32>, %y: tensor<8x16xf32>, %lse: tensor<8x4xf64>, %dy: tensor<8x16xf32>) {
  // expected-error @+1 {{failed to verify that `lse` are of the type that `q` computes in (precision)}}
  %0:3 = hash.attention_grad %q, %k, %v, %s, %y, %lse, %dy {heads = 4 : i64, kv_heads = 2 : i64, window = 4 : i64, scale = 0.5 : f64}
    : (tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x8xf32>, tensor<8xi32>, tensor<8x16xf32>, tensor<8x4xf64>, tensor<8x16xf32>) -> (tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x8xf32>)
  return
}

// -----

func.func @attention_grad_no_heads(%q: tensor<8x16xf32>, %k: tensor<8x8xf32>, %v: tensor<8x8xf32>, %s: tensor<8xi32>, %y: tensor<8x16xf32>, %lse: tensor<8x4xf32>, %dy: tensor<8x16xf32>) {
  // expected-error @+1 {{attribute 'heads' failed to satisfy constraint: 64-bit signless integer attribute whose value is positive}}
  %0:3 = hash.attention_grad %q, %k, %v, %s, %y, %lse, %dy {heads = 0 : i64, kv_heads = 2 : i64, window = 4 : i64, scale = 0.5 : f64}
    : (tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x8xf32>, tensor<8xi32>, tensor<8x16xf32>, tensor<8x4xf32>, tensor<8x16xf32>) -> (tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x8xf32>)
  return
}

// -----

func.func @attention_grad_no_kv_heads(%q: tensor<8x16xf32>, %k: tensor<8x8xf32>, %v: tensor<8x8xf32>, %s: tensor<8xi32>, %y: tensor<8x16xf32>, %lse: tensor<8x4xf32>, %dy: tensor<8x16xf32>) {
  // expected-error @+1 {{attribute 'kv_heads' failed to satisfy constraint: 64-bit signless integer attribute whose value is positive}}
  %0:3 = hash.attention_grad %q, %k, %v, %s, %y, %lse, %dy {heads = 4 : i64, kv_heads = 0 : i64, window = 4 : i64, scale = 0.5 : f64}
    : (tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x8xf32>, tensor<8xi32>, tensor<8x16xf32>, tensor<8x4xf32>, tensor<8x16xf32>) -> (tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x8xf32>)
  return
}

// -----

func.func @attention_grad_no_window(%q: tensor<8x16xf32>, %k: tensor<8x8xf32>, %v: tensor<8x8xf32>, %s: tensor<8xi32>, %y: tensor<8x16xf32>, %lse: tensor<8x4xf32>, %dy: tensor<8x16xf32>) {
  // expected-error @+1 {{attribute 'window' failed to satisfy constraint: 64-bit signless integer attribute whose value is positive}}
  %0:3 = hash.attention_grad %q, %k, %v, %s, %y, %lse, %dy {heads = 4 : i64, kv_heads = 2 : i64, window = 0 : i64, scale = 0.5 : f64}
    : (tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x8xf32>, tensor<8xi32>, tensor<8x16xf32>, tensor<8x4xf32>, tensor<8x16xf32>) -> (tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x8xf32>)
  return
}

// -----

func.func @attention_grad_scale(%q: tensor<8x16xf32>, %k: tensor<8x8xf32>, %v: tensor<8x8xf32>, %s: tensor<8xi32>, %y: tensor<8x16xf32>, %lse: tensor<8x4xf32>, %dy: tensor<8x16xf32>) {
  // expected-error @+1 {{attribute 'scale' failed to satisfy constraint: 64-bit float attribute whose value is finite}}
  %0:3 = hash.attention_grad %q, %k, %v, %s, %y, %lse, %dy {heads = 4 : i64, kv_heads = 2 : i64, window = 4 : i64, scale = 0x7FF0000000000000 : f64}
    : (tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x8xf32>, tensor<8xi32>, tensor<8x16xf32>, tensor<8x4xf32>, tensor<8x16xf32>) -> (tensor<8x16xf32>, tensor<8x8xf32>, tensor<8x8xf32>)
  return
}

// -----

func.func @decode_row(%q: tensor<1x16xf32>, %k: tensor<1x8xf32>, %v: tensor<1x8xf32>, %s: tensor<4xi32>, %i: tensor<1xi32>, %kc: tensor<4x8xf32>, %vc: tensor<4x8xf32>) {
  // expected-error @+1 {{failed to verify that `q`, `k`, `v`, `starts` and `index` have one row (row)}}
  %0:3 = hash.attention_decode %q, %k, %v, %s, %i, %kc, %vc {heads = 4 : i64, kv_heads = 2 : i64, scale = 0.5 : f64}
    : (tensor<1x16xf32>, tensor<1x8xf32>, tensor<1x8xf32>, tensor<4xi32>, tensor<1xi32>, tensor<4x8xf32>, tensor<4x8xf32>) -> (tensor<1x16xf32>, tensor<4x8xf32>, tensor<4x8xf32>)
  return
}

// -----

func.func @decode_heads(%q: tensor<1x16xf32>, %k: tensor<1x8xf32>, %v: tensor<1x8xf32>, %s: tensor<1xi32>, %i: tensor<1xi32>, %kc: tensor<4x8xf32>, %vc: tensor<4x8xf32>) {
  // expected-error @+1 {{failed to verify that `heads` divides the features of `q`, and `kv_heads` divides `heads` (heads)}}
  %0:3 = hash.attention_decode %q, %k, %v, %s, %i, %kc, %vc {heads = 3 : i64, kv_heads = 3 : i64, scale = 0.5 : f64}
    : (tensor<1x16xf32>, tensor<1x8xf32>, tensor<1x8xf32>, tensor<1xi32>, tensor<1xi32>, tensor<4x8xf32>, tensor<4x8xf32>) -> (tensor<1x16xf32>, tensor<4x8xf32>, tensor<4x8xf32>)
  return
}

// -----

func.func @decode_features(%q: tensor<1x16xf32>, %k: tensor<1x8xf32>, %v: tensor<1x4xf32>, %s: tensor<1xi32>, %i: tensor<1xi32>, %kc: tensor<4x8xf32>, %vc: tensor<4x8xf32>) {
  // expected-error @+1 {{failed to verify that `k` and `v` have `kv_heads` heads as wide as those of `q` (features)}}
  %0:3 = hash.attention_decode %q, %k, %v, %s, %i, %kc, %vc {heads = 4 : i64, kv_heads = 2 : i64, scale = 0.5 : f64}
    : (tensor<1x16xf32>, tensor<1x8xf32>, tensor<1x4xf32>, tensor<1xi32>, tensor<1xi32>, tensor<4x8xf32>, tensor<4x8xf32>) -> (tensor<1x16xf32>, tensor<4x8xf32>, tensor<4x8xf32>)
  return
}

// -----

func.func @decode_cache(%q: tensor<1x16xf32>, %k: tensor<1x8xf32>, %v: tensor<1x8xf32>, %s: tensor<1xi32>, %i: tensor<1xi32>, %kc: tensor<4x16xf32>, %vc: tensor<4x8xf32>) {
  // expected-error @+1 {{failed to verify that the caches are as wide as `k`, and as long as each other (cache)}}
  %0:3 = hash.attention_decode %q, %k, %v, %s, %i, %kc, %vc {heads = 4 : i64, kv_heads = 2 : i64, scale = 0.5 : f64}
    : (tensor<1x16xf32>, tensor<1x8xf32>, tensor<1x8xf32>, tensor<1xi32>, tensor<1xi32>, tensor<4x16xf32>, tensor<4x8xf32>) -> (tensor<1x16xf32>, tensor<4x16xf32>, tensor<4x8xf32>)
  return
}

// -----

func.func @decode_long(%q: tensor<1x16xf32>, %k: tensor<1x8xf32>, %v: tensor<1x8xf32>, %s: tensor<1xi32>, %i: tensor<1xi32>, %kc: tensor<4x8xf32>, %vc: tensor<8x8xf32>) {
  // expected-error @+1 {{failed to verify that the caches are as wide as `k`, and as long as each other (cache)}}
  %0:3 = hash.attention_decode %q, %k, %v, %s, %i, %kc, %vc {heads = 4 : i64, kv_heads = 2 : i64, scale = 0.5 : f64}
    : (tensor<1x16xf32>, tensor<1x8xf32>, tensor<1x8xf32>, tensor<1xi32>, tensor<1xi32>, tensor<4x8xf32>, tensor<8x8xf32>) -> (tensor<1x16xf32>, tensor<4x8xf32>, tensor<8x8xf32>)
  return
}

// -----

func.func @decode_type(%q: tensor<1x16xf32>, %k: tensor<1x8xf32>, %v: tensor<1x8xf32>, %s: tensor<1xi32>, %i: tensor<1xi32>, %kc: tensor<4x8xf32>, %vc: tensor<4x8xf32>) {
  // expected-error @+1 {{failed to verify that `q`, `result` have one type (type)}}
  %0:3 = hash.attention_decode %q, %k, %v, %s, %i, %kc, %vc {heads = 4 : i64, kv_heads = 2 : i64, scale = 0.5 : f64}
    : (tensor<1x16xf32>, tensor<1x8xf32>, tensor<1x8xf32>, tensor<1xi32>, tensor<1xi32>, tensor<4x8xf32>, tensor<4x8xf32>) -> (tensor<1x16xbf16>, tensor<4x8xf32>, tensor<4x8xf32>)
  return
}

// -----

func.func @decode_keys(%q: tensor<1x16xf32>, %k: tensor<1x8xf32>, %v: tensor<1x8xf32>, %s: tensor<1xi32>, %i: tensor<1xi32>, %kc: tensor<4x8xf32>, %vc: tensor<4x8xf32>) {
  // expected-error @+1 {{failed to verify that `k_cache`, `new_k_cache` have one type (type)}}
  %0:3 = hash.attention_decode %q, %k, %v, %s, %i, %kc, %vc {heads = 4 : i64, kv_heads = 2 : i64, scale = 0.5 : f64}
    : (tensor<1x16xf32>, tensor<1x8xf32>, tensor<1x8xf32>, tensor<1xi32>, tensor<1xi32>, tensor<4x8xf32>, tensor<4x8xf32>) -> (tensor<1x16xf32>, tensor<8x8xf32>, tensor<4x8xf32>)
  return
}

// -----

func.func @decode_values(%q: tensor<1x16xf32>, %k: tensor<1x8xf32>, %v: tensor<1x8xf32>, %s: tensor<1xi32>, %i: tensor<1xi32>, %kc: tensor<4x8xf32>, %vc: tensor<4x8xf32>) {
  // expected-error @+1 {{failed to verify that `v_cache`, `new_v_cache` have one type (type)}}
  %0:3 = hash.attention_decode %q, %k, %v, %s, %i, %kc, %vc {heads = 4 : i64, kv_heads = 2 : i64, scale = 0.5 : f64}
    : (tensor<1x16xf32>, tensor<1x8xf32>, tensor<1x8xf32>, tensor<1xi32>, tensor<1xi32>, tensor<4x8xf32>, tensor<4x8xf32>) -> (tensor<1x16xf32>, tensor<4x8xf32>, tensor<8x8xf32>)
  return
}

// -----

func.func @decode_element(%q: tensor<1x16xf32>, %k: tensor<1x8xf32>, %v: tensor<1x8xf32>, %s: tensor<1xi32>, %i: tensor<1xi32>, %kc: tensor<4x8xbf16>, %vc: tensor<4x8xf32>) {
  // expected-error @+1 {{failed to verify that `q`, `k`, `v`, `k_cache`, `v_cache` have one element type (type)}}
  %0:3 = hash.attention_decode %q, %k, %v, %s, %i, %kc, %vc {heads = 4 : i64, kv_heads = 2 : i64, scale = 0.5 : f64}
    : (tensor<1x16xf32>, tensor<1x8xf32>, tensor<1x8xf32>, tensor<1xi32>, tensor<1xi32>, tensor<4x8xbf16>, tensor<4x8xf32>) -> (tensor<1x16xf32>, tensor<4x8xbf16>, tensor<4x8xf32>)
  return
}

// -----

func.func @decode_no_heads(%q: tensor<1x16xf32>, %k: tensor<1x8xf32>, %v: tensor<1x8xf32>, %s: tensor<1xi32>, %i: tensor<1xi32>, %kc: tensor<4x8xf32>, %vc: tensor<4x8xf32>) {
  // expected-error @+1 {{attribute 'heads' failed to satisfy constraint: 64-bit signless integer attribute whose value is positive}}
  %0:3 = hash.attention_decode %q, %k, %v, %s, %i, %kc, %vc {heads = -4 : i64, kv_heads = 2 : i64, scale = 0.5 : f64}
    : (tensor<1x16xf32>, tensor<1x8xf32>, tensor<1x8xf32>, tensor<1xi32>, tensor<1xi32>, tensor<4x8xf32>, tensor<4x8xf32>) -> (tensor<1x16xf32>, tensor<4x8xf32>, tensor<4x8xf32>)
  return
}

// -----

func.func @decode_no_kv_heads(%q: tensor<1x16xf32>, %k: tensor<1x8xf32>, %v: tensor<1x8xf32>, %s: tensor<1xi32>, %i: tensor<1xi32>, %kc: tensor<4x8xf32>, %vc: tensor<4x8xf32>) {
  // expected-error @+1 {{attribute 'kv_heads' failed to satisfy constraint: 64-bit signless integer attribute whose value is positive}}
  %0:3 = hash.attention_decode %q, %k, %v, %s, %i, %kc, %vc {heads = 4 : i64, kv_heads = 0 : i64, scale = 0.5 : f64}
    : (tensor<1x16xf32>, tensor<1x8xf32>, tensor<1x8xf32>, tensor<1xi32>, tensor<1xi32>, tensor<4x8xf32>, tensor<4x8xf32>) -> (tensor<1x16xf32>, tensor<4x8xf32>, tensor<4x8xf32>)
  return
}

// -----

func.func @decode_scale(%q: tensor<1x16xf32>, %k: tensor<1x8xf32>, %v: tensor<1x8xf32>, %s: tensor<1xi32>, %i: tensor<1xi32>, %kc: tensor<4x8xf32>, %vc: tensor<4x8xf32>) {
  // expected-error @+1 {{attribute 'scale' failed to satisfy constraint: 64-bit float attribute whose value is finite}}
  %0:3 = hash.attention_decode %q, %k, %v, %s, %i, %kc, %vc {heads = 4 : i64, kv_heads = 2 : i64, scale = 0x7FF8000000000000 : f64}
    : (tensor<1x16xf32>, tensor<1x8xf32>, tensor<1x8xf32>, tensor<1xi32>, tensor<1xi32>, tensor<4x8xf32>, tensor<4x8xf32>) -> (tensor<1x16xf32>, tensor<4x8xf32>, tensor<4x8xf32>)
  return
}

// -----

func.func @layer_norm_rows(%x: tensor<8x6xf32>, %g: tensor<6xf32>, %b: tensor<6xf32>) {
  // expected-error @+1 {{failed to verify that `x`, `mean`, `rstd` have as many rows (rows)}}
  %0:3 = hash.layer_norm %x, %g, %b
    : (tensor<8x6xf32>, tensor<6xf32>, tensor<6xf32>) -> (tensor<8x6xf32>, tensor<4xf32>, tensor<8xf32>)
  return
}

// -----

func.func @layer_norm_features(%x: tensor<8x6xf32>, %g: tensor<6xf32>, %b: tensor<5xf32>) {
  // expected-error @+1 {{failed to verify that `x`, `gamma`, `beta` have as many features (features)}}
  %0:3 = hash.layer_norm %x, %g, %b
    : (tensor<8x6xf32>, tensor<6xf32>, tensor<5xf32>) -> (tensor<8x6xf32>, tensor<8xf32>, tensor<8xf32>)
  return
}

// -----

func.func @layer_norm_type(%x: tensor<8x6xf32>, %g: tensor<6xf32>, %b: tensor<6xf32>) {
  // expected-error @+1 {{failed to verify that `x`, `result` have one type (type)}}
  %0:3 = hash.layer_norm %x, %g, %b
    : (tensor<8x6xf32>, tensor<6xf32>, tensor<6xf32>) -> (tensor<8x6xbf16>, tensor<8xf32>, tensor<8xf32>)
  return
}

// -----

func.func @layer_norm_precision(%x: tensor<8x6xbf16>, %g: tensor<6xbf16>, %b: tensor<6xf32>) {
  // expected-error @+1 {{failed to verify that `gamma`, `beta`, `mean`, `rstd` are of the type that `x` computes in (precision)}}
  %0:3 = hash.layer_norm %x, %g, %b
    : (tensor<8x6xbf16>, tensor<6xbf16>, tensor<6xf32>) -> (tensor<8x6xbf16>, tensor<8xf32>, tensor<8xf32>)
  return
}

// -----

func.func @layer_norm_eps(%x: tensor<8x6xf32>, %g: tensor<6xf32>, %b: tensor<6xf32>) {
  // expected-error @+1 {{attribute 'eps' failed to satisfy constraint: 64-bit float attribute whose value is at least 0}}
  %0:3 = hash.layer_norm %x, %g, %b {eps = -1.0 : f64}
    : (tensor<8x6xf32>, tensor<6xf32>, tensor<6xf32>) -> (tensor<8x6xf32>, tensor<8xf32>, tensor<8xf32>)
  return
}

// -----

func.func @layer_norm_grad_rows(%x: tensor<8x6xf32>, %g: tensor<6xf32>, %m: tensor<8xf32>, %r: tensor<4xf32>, %dy: tensor<8x6xf32>) {
  // expected-error @+1 {{failed to verify that `x`, `mean`, `rstd` have as many rows (rows)}}
  %0:3 = hash.layer_norm_grad %x, %g, %m, %r, %dy
    : (tensor<8x6xf32>, tensor<6xf32>, tensor<8xf32>, tensor<4xf32>, tensor<8x6xf32>) -> (tensor<8x6xf32>, tensor<6xf32>, tensor<6xf32>)
  return
}

// -----

func.func @layer_norm_grad_features(%x: tensor<8x6xf32>, %g: tensor<6xf32>, %m: tensor<8xf32>, %r: tensor<8xf32>, %dy: tensor<8x6xf32>) {
  // expected-error @+1 {{failed to verify that `x`, `gamma`, `dgamma`, `dbeta` have as many features (features)}}
  %0:3 = hash.layer_norm_grad %x, %g, %m, %r, %dy
    : (tensor<8x6xf32>, tensor<6xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8x6xf32>) -> (tensor<8x6xf32>, tensor<5xf32>, tensor<6xf32>)
  return
}

// -----

func.func @layer_norm_grad_type(%x: tensor<8x6xf32>, %g: tensor<6xf32>, %m: tensor<8xf32>, %r: tensor<8xf32>, %dy: tensor<8x6xf32>) {
  // expected-error @+1 {{failed to verify that `x`, `dresult`, `dx` have one type (type)}}
  %0:3 = hash.layer_norm_grad %x, %g, %m, %r, %dy
    : (tensor<8x6xf32>, tensor<6xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8x6xf32>) -> (tensor<4x6xf32>, tensor<6xf32>, tensor<6xf32>)
  return
}

// -----

func.func @layer_norm_grad_precision(%x: tensor<8x6xf32>, %g: tensor<6xf32>, %m: tensor<8xf32>, %r: tensor<8xf32>, %dy: tensor<8x6xf32>) {
  // expected-error @+1 {{failed to verify that `gamma`, `mean`, `rstd`, `dgamma`, `dbeta` are of the type that `x` computes in (precision)}}
  %0:3 = hash.layer_norm_grad %x, %g, %m, %r, %dy
    : (tensor<8x6xf32>, tensor<6xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8x6xf32>) -> (tensor<8x6xf32>, tensor<6xf32>, tensor<6xf64>)
  return
}

// -----

func.func @rms_norm_rows(%x: tensor<8x6xf32>, %g: tensor<6xf32>) {
  // expected-error @+1 {{failed to verify that `x`, `rstd` have as many rows (rows)}}
  %0:2 = hash.rms_norm %x, %g : (tensor<8x6xf32>, tensor<6xf32>) -> (tensor<8x6xf32>, tensor<6xf32>)
  return
}

// -----

func.func @rms_norm_features(%x: tensor<8x6xf32>, %g: tensor<8xf32>) {
  // expected-error @+1 {{failed to verify that `x`, `gamma` have as many features (features)}}
  %0:2 = hash.rms_norm %x, %g : (tensor<8x6xf32>, tensor<8xf32>) -> (tensor<8x6xf32>, tensor<8xf32>)
  return
}

// -----

func.func @rms_norm_type(%x: tensor<8x6xf32>, %g: tensor<6xf32>) {
  // expected-error @+1 {{failed to verify that `x`, `result` have one type (type)}}
  %0:2 = hash.rms_norm %x, %g : (tensor<8x6xf32>, tensor<6xf32>) -> (tensor<8x5xf32>, tensor<8xf32>)
  return
}

// -----

func.func @rms_norm_precision(%x: tensor<8x6xf32>, %g: tensor<6xf32>) {
  // expected-error @+1 {{failed to verify that `gamma`, `rstd` are of the type that `x` computes in (precision)}}
  %0:2 = hash.rms_norm %x, %g : (tensor<8x6xf32>, tensor<6xf32>) -> (tensor<8x6xf32>, tensor<8xbf16>)
  return
}

// -----

func.func @rms_norm_eps(%x: tensor<8x6xf32>, %g: tensor<6xf32>) {
  // expected-error @+1 {{attribute 'eps' failed to satisfy constraint: 64-bit float attribute whose value is at least 0}}
  %0:2 = hash.rms_norm %x, %g {eps = 0x7FF0000000000000 : f64}
    : (tensor<8x6xf32>, tensor<6xf32>) -> (tensor<8x6xf32>, tensor<8xf32>)
  return
}

// -----

func.func @rms_norm_grad_rows(%x: tensor<8x6xf32>, %g: tensor<6xf32>, %r: tensor<4xf32>, %dy: tensor<8x6xf32>) {
  // expected-error @+1 {{failed to verify that `x`, `rstd` have as many rows (rows)}}
  %0:2 = hash.rms_norm_grad %x, %g, %r, %dy
    : (tensor<8x6xf32>, tensor<6xf32>, tensor<4xf32>, tensor<8x6xf32>) -> (tensor<8x6xf32>, tensor<6xf32>)
  return
}

// -----

func.func @rms_norm_grad_features(%x: tensor<8x6xf32>, %g: tensor<6xf32>, %r: tensor<8xf32>, %dy: tensor<8x6xf32>) {
  // expected-error @+1 {{failed to verify that `x`, `gamma`, `dgamma` have as many features (features)}}
  %0:2 = hash.rms_norm_grad %x, %g, %r, %dy
    : (tensor<8x6xf32>, tensor<6xf32>, tensor<8xf32>, tensor<8x6xf32>) -> (tensor<8x6xf32>, tensor<5xf32>)
  return
}

// -----

func.func @rms_norm_grad_type(%x: tensor<8x6xf32>, %g: tensor<6xf32>, %r: tensor<8xf32>, %dy: tensor<4x6xf32>) {
  // expected-error @+1 {{failed to verify that `x`, `dresult`, `dx` have one type (type)}}
  %0:2 = hash.rms_norm_grad %x, %g, %r, %dy
    : (tensor<8x6xf32>, tensor<6xf32>, tensor<8xf32>, tensor<4x6xf32>) -> (tensor<8x6xf32>, tensor<6xf32>)
  return
}

// -----

func.func @rms_norm_grad_precision(%x: tensor<8x6xf32>, %g: tensor<6xf64>, %r: tensor<8xf32>, %dy: tensor<8x6xf32>) {
  // expected-error @+1 {{failed to verify that `gamma`, `rstd`, `dgamma` are of the type that `x` computes in (precision)}}
  %0:2 = hash.rms_norm_grad %x, %g, %r, %dy
    : (tensor<8x6xf32>, tensor<6xf64>, tensor<8xf32>, tensor<8x6xf32>) -> (tensor<8x6xf32>, tensor<6xf32>)
  return
}

// -----

func.func @dropout_one(%x: tensor<8x6xf32>, %s: tensor<2xi64>) {
  // expected-error @+1 {{failed to verify that `seed` has one element (one)}}
  %0 = hash.dropout %x, %s {rate = 0.1 : f64, stream = 0 : i64}
    : (tensor<8x6xf32>, tensor<2xi64>) -> tensor<8x6xf32>
  return
}

// -----

func.func @dropout_type(%x: tensor<8x6xf32>, %s: tensor<1xi64>) {
  // expected-error @+1 {{failed to verify that `x`, `result` have one type (type)}}
  %0 = hash.dropout %x, %s {rate = 0.1 : f64, stream = 0 : i64}
    : (tensor<8x6xf32>, tensor<1xi64>) -> tensor<8x6xbf16>
  return
}

// -----

func.func @dropout_rate(%x: tensor<8x6xf32>, %s: tensor<1xi64>) {
  // expected-error @+1 {{attribute 'rate' failed to satisfy constraint: 64-bit float attribute whose value is at least 0 and below 1}}
  %0 = hash.dropout %x, %s {rate = 1.0 : f64, stream = 0 : i64}
    : (tensor<8x6xf32>, tensor<1xi64>) -> tensor<8x6xf32>
  return
}

// -----

func.func @dropout_negative(%x: tensor<8x6xf32>, %s: tensor<1xi64>) {
  // expected-error @+1 {{attribute 'rate' failed to satisfy constraint: 64-bit float attribute whose value is at least 0 and below 1}}
  %0 = hash.dropout %x, %s {rate = -0.1 : f64, stream = 0 : i64}
    : (tensor<8x6xf32>, tensor<1xi64>) -> tensor<8x6xf32>
  return
}

// -----

func.func @dropout_nan(%x: tensor<8x6xf32>, %s: tensor<1xi64>) {
  // expected-error @+1 {{attribute 'rate' failed to satisfy constraint: 64-bit float attribute whose value is at least 0 and below 1}}
  %0 = hash.dropout %x, %s {rate = 0x7FF8000000000000 : f64, stream = 0 : i64}
    : (tensor<8x6xf32>, tensor<1xi64>) -> tensor<8x6xf32>
  return
}

// -----

func.func @cross_entropy_rows(%x: tensor<8x6xf32>, %t: tensor<4xi32>) {
  // expected-error @+1 {{failed to verify that `logits`, `targets`, `losses`, `lse` have as many rows (rows)}}
  %0:2 = hash.cross_entropy %x, %t : (tensor<8x6xf32>, tensor<4xi32>) -> (tensor<8xf32>, tensor<8xf32>)
  return
}

// -----

func.func @cross_entropy_precision(%x: tensor<8x6xf32>, %t: tensor<8xi32>) {
  // expected-error @+1 {{failed to verify that `losses`, `lse` are of the type that `logits` computes in (precision)}}
  %0:2 = hash.cross_entropy %x, %t : (tensor<8x6xf32>, tensor<8xi32>) -> (tensor<8xf64>, tensor<8xf32>)
  return
}

// -----

func.func @cross_entropy_grad_rows(%x: tensor<8x6xf32>, %t: tensor<8xi32>, %lse: tensor<6xf32>, %dl: tensor<8xf32>) {
  // expected-error @+1 {{failed to verify that `logits`, `targets`, `lse`, `dlosses` have as many rows (rows)}}
  %0 = hash.cross_entropy_grad %x, %t, %lse, %dl
    : (tensor<8x6xf32>, tensor<8xi32>, tensor<6xf32>, tensor<8xf32>) -> tensor<8x6xf32>
  return
}

// -----

func.func @cross_entropy_grad_type(%x: tensor<8x6xf32>, %t: tensor<8xi32>, %lse: tensor<8xf32>, %dl: tensor<8xf32>) {
  // expected-error @+1 {{failed to verify that `logits`, `dlogits` have one type (type)}}
  %0 = hash.cross_entropy_grad %x, %t, %lse, %dl
    : (tensor<8x6xf32>, tensor<8xi32>, tensor<8xf32>, tensor<8xf32>) -> tensor<8x5xf32>
  return
}

// -----

func.func @cross_entropy_grad_precision(%x: tensor<8x6xf32>, %t: tensor<8xi32>, %lse: tensor<8xf32>, %dl: tensor<8xbf16>) {
  // expected-error @+1 {{failed to verify that `lse`, `dlosses` are of the type that `logits` computes in (precision)}}
  %0 = hash.cross_entropy_grad %x, %t, %lse, %dl
    : (tensor<8x6xf32>, tensor<8xi32>, tensor<8xf32>, tensor<8xbf16>) -> tensor<8x6xf32>
  return
}

// -----

func.func @norm_of_bf16(%g: tensor<6xbf16>) {
  // expected-error @+1 {{operand #0 must be variadic of tensor of known shape of 32-bit float or 64-bit float values, but got 'tensor<6xbf16>'}}
  %0 = hash.global_norm %g : (tensor<6xbf16>) -> tensor<1xf64>
  return
}

// -----

func.func @norms(%g: tensor<6xf32>) {
  // expected-error @+1 {{result #0 must be vector of length 1 of 64-bit float values, but got 'tensor<2xf64>'}}
  %0 = hash.global_norm %g : (tensor<6xf32>) -> tensor<2xf64>
  return
}

// -----

func.func @part_norms(%g: tensor<6xf32>) {
  // expected-error @+1 {{result #0 must be vector of known shape of 64-bit float values}}
  %0 = hash.part_norms %g : (tensor<6xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @adamw_type(%p: tensor<6xf32>, %g: tensor<6xf32>, %m1: tensor<6xf32>, %m2: tensor<5xf32>, %h: tensor<4xf64>, %n: tensor<1xf64>) {
  // expected-error @+1 {{failed to verify that `param`, `grad`, `moment1`, `moment2`, `new_param`, `new_grad`, `new_moment1`, `new_moment2` have one type (type)}}
  %0:4 = hash.adamw %p, %g, %m1, %m2, %h, %n {beta1 = 0.9 : f64, beta2 = 0.95 : f64, eps = 1.0e-8 : f64, weight_decay = 0.1 : f64}
    : (tensor<6xf32>, tensor<6xf32>, tensor<6xf32>, tensor<5xf32>, tensor<4xf64>, tensor<1xf64>) -> (tensor<6xf32>, tensor<6xf32>, tensor<6xf32>, tensor<6xf32>)
  return
}

// -----

func.func @adamw_hyper(%p: tensor<6xf32>, %g: tensor<6xf32>, %m1: tensor<6xf32>, %m2: tensor<6xf32>, %h: tensor<3xf64>, %n: tensor<1xf64>) {
  // expected-error @+1 {{operand #4 must be vector of length 4 of 64-bit float values, but got 'tensor<3xf64>'}}
  %0:4 = hash.adamw %p, %g, %m1, %m2, %h, %n {beta1 = 0.9 : f64, beta2 = 0.95 : f64, eps = 1.0e-8 : f64, weight_decay = 0.1 : f64}
    : (tensor<6xf32>, tensor<6xf32>, tensor<6xf32>, tensor<6xf32>, tensor<3xf64>, tensor<1xf64>) -> (tensor<6xf32>, tensor<6xf32>, tensor<6xf32>, tensor<6xf32>)
  return
}

// -----

func.func @adamw_beta1(%p: tensor<6xf32>, %g: tensor<6xf32>, %m1: tensor<6xf32>, %m2: tensor<6xf32>, %h: tensor<4xf64>, %n: tensor<1xf64>) {
  // expected-error @+1 {{attribute 'beta1' failed to satisfy constraint: 64-bit float attribute whose value is at least 0 and below 1}}
  %0:4 = hash.adamw %p, %g, %m1, %m2, %h, %n {beta1 = 1.0 : f64, beta2 = 0.95 : f64, eps = 1.0e-8 : f64, weight_decay = 0.1 : f64}
    : (tensor<6xf32>, tensor<6xf32>, tensor<6xf32>, tensor<6xf32>, tensor<4xf64>, tensor<1xf64>) -> (tensor<6xf32>, tensor<6xf32>, tensor<6xf32>, tensor<6xf32>)
  return
}

// -----

func.func @adamw_beta2(%p: tensor<6xf32>, %g: tensor<6xf32>, %m1: tensor<6xf32>, %m2: tensor<6xf32>, %h: tensor<4xf64>, %n: tensor<1xf64>) {
  // expected-error @+1 {{attribute 'beta2' failed to satisfy constraint: 64-bit float attribute whose value is at least 0 and below 1}}
  %0:4 = hash.adamw %p, %g, %m1, %m2, %h, %n {beta1 = 0.9 : f64, beta2 = 1.5 : f64, eps = 1.0e-8 : f64, weight_decay = 0.1 : f64}
    : (tensor<6xf32>, tensor<6xf32>, tensor<6xf32>, tensor<6xf32>, tensor<4xf64>, tensor<1xf64>) -> (tensor<6xf32>, tensor<6xf32>, tensor<6xf32>, tensor<6xf32>)
  return
}

// -----

func.func @adamw_eps(%p: tensor<6xf32>, %g: tensor<6xf32>, %m1: tensor<6xf32>, %m2: tensor<6xf32>, %h: tensor<4xf64>, %n: tensor<1xf64>) {
  // expected-error @+1 {{attribute 'eps' failed to satisfy constraint: 64-bit float attribute whose value is at least 0}}
  %0:4 = hash.adamw %p, %g, %m1, %m2, %h, %n {beta1 = 0.9 : f64, beta2 = 0.95 : f64, eps = -1.0 : f64, weight_decay = 0.1 : f64}
    : (tensor<6xf32>, tensor<6xf32>, tensor<6xf32>, tensor<6xf32>, tensor<4xf64>, tensor<1xf64>) -> (tensor<6xf32>, tensor<6xf32>, tensor<6xf32>, tensor<6xf32>)
  return
}

// -----

func.func @adamw_weight_decay(%p: tensor<6xf32>, %g: tensor<6xf32>, %m1: tensor<6xf32>, %m2: tensor<6xf32>, %h: tensor<4xf64>, %n: tensor<1xf64>) {
  // expected-error @+1 {{attribute 'weight_decay' failed to satisfy constraint: 64-bit float attribute whose value is at least 0}}
  %0:4 = hash.adamw %p, %g, %m1, %m2, %h, %n {beta1 = 0.9 : f64, beta2 = 0.95 : f64, eps = 1.0e-8 : f64, weight_decay = -0.1 : f64}
    : (tensor<6xf32>, tensor<6xf32>, tensor<6xf32>, tensor<6xf32>, tensor<4xf64>, tensor<1xf64>) -> (tensor<6xf32>, tensor<6xf32>, tensor<6xf32>, tensor<6xf32>)
  return
}
