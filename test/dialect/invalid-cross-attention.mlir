// RUN: hash-opt %s --split-input-file --verify-diagnostics

func.func @cross_attention_rows(%q: tensor<8x16xf32>, %k: tensor<12x8xf32>, %v: tensor<12x8xf32>, %t: tensor<12xi32>) {
  // expected-error @+1 {{failed to verify that `q`, `lse` have as many rows (rows)}}
  %0:2 = hash.cross_attention %q, %k, %v, %t {heads = 4 : i64, kv_heads = 2 : i64, window = 4 : i64, memory_window = 6 : i64, scale = 0.5 : f64}
    : (tensor<8x16xf32>, tensor<12x8xf32>, tensor<12x8xf32>, tensor<12xi32>) -> (tensor<8x16xf32>, tensor<4x4xf32>)
  return
}

// -----

func.func @cross_attention_memory_rows(%q: tensor<8x16xf32>, %k: tensor<12x8xf32>, %v: tensor<12x8xf32>, %t: tensor<6xi32>) {
  // expected-error @+1 {{failed to verify that `k`, `v`, `memory_tokens` have as many rows (rows)}}
  %0:2 = hash.cross_attention %q, %k, %v, %t {heads = 4 : i64, kv_heads = 2 : i64, window = 4 : i64, memory_window = 6 : i64, scale = 0.5 : f64}
    : (tensor<8x16xf32>, tensor<12x8xf32>, tensor<12x8xf32>, tensor<6xi32>) -> (tensor<8x16xf32>, tensor<8x4xf32>)
  return
}

// -----

func.func @cross_attention_heads(%q: tensor<8x18xf32>, %k: tensor<12x8xf32>, %v: tensor<12x8xf32>, %t: tensor<12xi32>) {
  // expected-error @+1 {{failed to verify that `heads` divides the features of `q`, and `kv_heads` divides `heads` (heads)}}
  %0:2 = hash.cross_attention %q, %k, %v, %t {heads = 4 : i64, kv_heads = 2 : i64, window = 4 : i64, memory_window = 6 : i64, scale = 0.5 : f64}
    : (tensor<8x18xf32>, tensor<12x8xf32>, tensor<12x8xf32>, tensor<12xi32>) -> (tensor<8x18xf32>, tensor<8x4xf32>)
  return
}

// -----

func.func @cross_attention_features(%q: tensor<8x16xf32>, %k: tensor<12x12xf32>, %v: tensor<12x8xf32>, %t: tensor<12xi32>) {
  // expected-error @+1 {{failed to verify that `k` and `v` have `kv_heads` heads as wide as those of `q` (features)}}
  %0:2 = hash.cross_attention %q, %k, %v, %t {heads = 4 : i64, kv_heads = 2 : i64, window = 4 : i64, memory_window = 6 : i64, scale = 0.5 : f64}
    : (tensor<8x16xf32>, tensor<12x12xf32>, tensor<12x8xf32>, tensor<12xi32>) -> (tensor<8x16xf32>, tensor<8x4xf32>)
  return
}

// -----

func.func @cross_attention_lse(%q: tensor<8x16xf32>, %k: tensor<12x8xf32>, %v: tensor<12x8xf32>, %t: tensor<12xi32>) {
  // expected-error @+1 {{failed to verify that `lse` has a column for each head (lse)}}
  %0:2 = hash.cross_attention %q, %k, %v, %t {heads = 4 : i64, kv_heads = 2 : i64, window = 4 : i64, memory_window = 6 : i64, scale = 0.5 : f64}
    : (tensor<8x16xf32>, tensor<12x8xf32>, tensor<12x8xf32>, tensor<12xi32>) -> (tensor<8x16xf32>, tensor<8x2xf32>)
  return
}

// -----

func.func @cross_attention_window(%q: tensor<8x16xf32>, %k: tensor<12x8xf32>, %v: tensor<12x8xf32>, %t: tensor<12xi32>) {
  // expected-error @+1 {{failed to verify that the rows of `q` are whole windows (window)}}
  %0:2 = hash.cross_attention %q, %k, %v, %t {heads = 4 : i64, kv_heads = 2 : i64, window = 3 : i64, memory_window = 6 : i64, scale = 0.5 : f64}
    : (tensor<8x16xf32>, tensor<12x8xf32>, tensor<12x8xf32>, tensor<12xi32>) -> (tensor<8x16xf32>, tensor<8x4xf32>)
  return
}

// -----

func.func @cross_attention_memory_divides(%q: tensor<8x16xf32>, %k: tensor<12x8xf32>, %v: tensor<12x8xf32>, %t: tensor<12xi32>) {
  // expected-error @+1 {{failed to verify that `k` has as many windows of `memory_window` rows as `q` has of `window` (memory)}}
  %0:2 = hash.cross_attention %q, %k, %v, %t {heads = 4 : i64, kv_heads = 2 : i64, window = 4 : i64, memory_window = 5 : i64, scale = 0.5 : f64}
    : (tensor<8x16xf32>, tensor<12x8xf32>, tensor<12x8xf32>, tensor<12xi32>) -> (tensor<8x16xf32>, tensor<8x4xf32>)
  return
}

// -----

func.func @cross_attention_memory(%q: tensor<8x16xf32>, %k: tensor<12x8xf32>, %v: tensor<12x8xf32>, %t: tensor<12xi32>) {
  // expected-error @+1 {{failed to verify that `k` has as many windows of `memory_window` rows as `q` has of `window` (memory)}}
  %0:2 = hash.cross_attention %q, %k, %v, %t {heads = 4 : i64, kv_heads = 2 : i64, window = 4 : i64, memory_window = 4 : i64, scale = 0.5 : f64}
    : (tensor<8x16xf32>, tensor<12x8xf32>, tensor<12x8xf32>, tensor<12xi32>) -> (tensor<8x16xf32>, tensor<8x4xf32>)
  return
}

// -----

func.func @cross_attention_element(%q: tensor<8x16xf32>, %k: tensor<12x8xbf16>, %v: tensor<12x8xf32>, %t: tensor<12xi32>) {
  // expected-error @+1 {{failed to verify that `q`, `k`, `v` have one element type (type)}}
  %0:2 = hash.cross_attention %q, %k, %v, %t {heads = 4 : i64, kv_heads = 2 : i64, window = 4 : i64, memory_window = 6 : i64, scale = 0.5 : f64}
    : (tensor<8x16xf32>, tensor<12x8xbf16>, tensor<12x8xf32>, tensor<12xi32>) -> (tensor<8x16xf32>, tensor<8x4xf32>)
  return
}

// -----

func.func @cross_attention_precision(%q: tensor<8x16xf32>, %k: tensor<12x8xf32>, %v: tensor<12x8xf32>, %t: tensor<12xi32>) {
  // expected-error @+1 {{failed to verify that `lse` are of the type that `q` computes in (precision)}}
  %0:2 = hash.cross_attention %q, %k, %v, %t {heads = 4 : i64, kv_heads = 2 : i64, window = 4 : i64, memory_window = 6 : i64, scale = 0.5 : f64}
    : (tensor<8x16xf32>, tensor<12x8xf32>, tensor<12x8xf32>, tensor<12xi32>) -> (tensor<8x16xf32>, tensor<8x4xf64>)
  return
}

// -----

func.func @cross_attention_no_heads(%q: tensor<8x16xf32>, %k: tensor<12x8xf32>, %v: tensor<12x8xf32>, %t: tensor<12xi32>) {
  // expected-error @+1 {{attribute 'heads' failed to satisfy constraint: 64-bit signless integer attribute whose value is positive}}
  %0:2 = hash.cross_attention %q, %k, %v, %t {heads = 0 : i64, kv_heads = 2 : i64, window = 4 : i64, memory_window = 6 : i64, scale = 0.5 : f64}
    : (tensor<8x16xf32>, tensor<12x8xf32>, tensor<12x8xf32>, tensor<12xi32>) -> (tensor<8x16xf32>, tensor<8x4xf32>)
  return
}

// -----

func.func @cross_attention_no_kv_heads(%q: tensor<8x16xf32>, %k: tensor<12x8xf32>, %v: tensor<12x8xf32>, %t: tensor<12xi32>) {
  // expected-error @+1 {{attribute 'kv_heads' failed to satisfy constraint: 64-bit signless integer attribute whose value is positive}}
  %0:2 = hash.cross_attention %q, %k, %v, %t {heads = 4 : i64, kv_heads = 0 : i64, window = 4 : i64, memory_window = 6 : i64, scale = 0.5 : f64}
    : (tensor<8x16xf32>, tensor<12x8xf32>, tensor<12x8xf32>, tensor<12xi32>) -> (tensor<8x16xf32>, tensor<8x4xf32>)
  return
}

// -----

func.func @cross_attention_no_window(%q: tensor<8x16xf32>, %k: tensor<12x8xf32>, %v: tensor<12x8xf32>, %t: tensor<12xi32>) {
  // expected-error @+1 {{attribute 'window' failed to satisfy constraint: 64-bit signless integer attribute whose value is positive}}
  %0:2 = hash.cross_attention %q, %k, %v, %t {heads = 4 : i64, kv_heads = 2 : i64, window = 0 : i64, memory_window = 6 : i64, scale = 0.5 : f64}
    : (tensor<8x16xf32>, tensor<12x8xf32>, tensor<12x8xf32>, tensor<12xi32>) -> (tensor<8x16xf32>, tensor<8x4xf32>)
  return
}

// -----

func.func @cross_attention_no_memory_window(%q: tensor<8x16xf32>, %k: tensor<12x8xf32>, %v: tensor<12x8xf32>, %t: tensor<12xi32>) {
  // expected-error @+1 {{attribute 'memory_window' failed to satisfy constraint: 64-bit signless integer attribute whose value is positive}}
  %0:2 = hash.cross_attention %q, %k, %v, %t {heads = 4 : i64, kv_heads = 2 : i64, window = 4 : i64, memory_window = 0 : i64, scale = 0.5 : f64}
    : (tensor<8x16xf32>, tensor<12x8xf32>, tensor<12x8xf32>, tensor<12xi32>) -> (tensor<8x16xf32>, tensor<8x4xf32>)
  return
}

// -----

func.func @cross_attention_scale(%q: tensor<8x16xf32>, %k: tensor<12x8xf32>, %v: tensor<12x8xf32>, %t: tensor<12xi32>) {
  // expected-error @+1 {{attribute 'scale' failed to satisfy constraint: 64-bit float attribute whose value is finite}}
  %0:2 = hash.cross_attention %q, %k, %v, %t {heads = 4 : i64, kv_heads = 2 : i64, window = 4 : i64, memory_window = 6 : i64, scale = 0x7FF0000000000000 : f64}
    : (tensor<8x16xf32>, tensor<12x8xf32>, tensor<12x8xf32>, tensor<12xi32>) -> (tensor<8x16xf32>, tensor<8x4xf32>)
  return
}

// -----

func.func @cross_attention_type(%q: tensor<8x16xf32>, %k: tensor<12x8xf32>, %v: tensor<12x8xf32>, %t: tensor<12xi32>) {
  // expected-error @+1 {{failed to verify that `q`, `result` have one type (type)}}
  %0:2 = hash.cross_attention %q, %k, %v, %t {heads = 4 : i64, kv_heads = 2 : i64, window = 4 : i64, memory_window = 6 : i64, scale = 0.5 : f64}
    : (tensor<8x16xf32>, tensor<12x8xf32>, tensor<12x8xf32>, tensor<12xi32>) -> (tensor<8x16xbf16>, tensor<8x4xf32>)
  return
}

// -----

func.func @cross_attention_grad_rows(%q: tensor<8x16xf32>, %k: tensor<12x8xf32>, %v: tensor<12x8xf32>, %t: tensor<12xi32>,
    %y: tensor<8x16xf32>, %lse: tensor<4x4xf32>, %dy: tensor<8x16xf32>) {
  // expected-error @+1 {{failed to verify that `q`, `lse` have as many rows (rows)}}
  %0:3 = hash.cross_attention_grad %q, %k, %v, %t, %y, %lse, %dy {heads = 4 : i64, kv_heads = 2 : i64, window = 4 : i64, memory_window = 6 : i64, scale = 0.5 : f64}
    : (tensor<8x16xf32>, tensor<12x8xf32>, tensor<12x8xf32>, tensor<12xi32>, tensor<8x16xf32>, tensor<4x4xf32>, tensor<8x16xf32>)
    -> (tensor<8x16xf32>, tensor<12x8xf32>, tensor<12x8xf32>)
  return
}

// -----

func.func @cross_attention_grad_memory_rows(%q: tensor<8x16xf32>, %k: tensor<12x8xf32>, %v: tensor<12x8xf32>, %t: tensor<6xi32>,
    %y: tensor<8x16xf32>, %lse: tensor<8x4xf32>, %dy: tensor<8x16xf32>) {
  // expected-error @+1 {{failed to verify that `k`, `v`, `memory_tokens` have as many rows (rows)}}
  %0:3 = hash.cross_attention_grad %q, %k, %v, %t, %y, %lse, %dy {heads = 4 : i64, kv_heads = 2 : i64, window = 4 : i64, memory_window = 6 : i64, scale = 0.5 : f64}
    : (tensor<8x16xf32>, tensor<12x8xf32>, tensor<12x8xf32>, tensor<6xi32>, tensor<8x16xf32>, tensor<8x4xf32>, tensor<8x16xf32>)
    -> (tensor<8x16xf32>, tensor<12x8xf32>, tensor<12x8xf32>)
  return
}

// -----

func.func @cross_attention_grad_heads(%q: tensor<8x18xf32>, %k: tensor<12x8xf32>, %v: tensor<12x8xf32>, %t: tensor<12xi32>,
    %y: tensor<8x18xf32>, %lse: tensor<8x4xf32>, %dy: tensor<8x18xf32>) {
  // expected-error @+1 {{failed to verify that `heads` divides the features of `q`, and `kv_heads` divides `heads` (heads)}}
  %0:3 = hash.cross_attention_grad %q, %k, %v, %t, %y, %lse, %dy {heads = 4 : i64, kv_heads = 2 : i64, window = 4 : i64, memory_window = 6 : i64, scale = 0.5 : f64}
    : (tensor<8x18xf32>, tensor<12x8xf32>, tensor<12x8xf32>, tensor<12xi32>, tensor<8x18xf32>, tensor<8x4xf32>, tensor<8x18xf32>)
    -> (tensor<8x18xf32>, tensor<12x8xf32>, tensor<12x8xf32>)
  return
}

// -----

func.func @cross_attention_grad_features(%q: tensor<8x16xf32>, %k: tensor<12x12xf32>, %v: tensor<12x8xf32>, %t: tensor<12xi32>,
    %y: tensor<8x16xf32>, %lse: tensor<8x4xf32>, %dy: tensor<8x16xf32>) {
  // expected-error @+1 {{failed to verify that `k` and `v` have `kv_heads` heads as wide as those of `q` (features)}}
  %0:3 = hash.cross_attention_grad %q, %k, %v, %t, %y, %lse, %dy {heads = 4 : i64, kv_heads = 2 : i64, window = 4 : i64, memory_window = 6 : i64, scale = 0.5 : f64}
    : (tensor<8x16xf32>, tensor<12x12xf32>, tensor<12x8xf32>, tensor<12xi32>, tensor<8x16xf32>, tensor<8x4xf32>, tensor<8x16xf32>)
    -> (tensor<8x16xf32>, tensor<12x12xf32>, tensor<12x8xf32>)
  return
}

// -----

func.func @cross_attention_grad_lse(%q: tensor<8x16xf32>, %k: tensor<12x8xf32>, %v: tensor<12x8xf32>, %t: tensor<12xi32>,
    %y: tensor<8x16xf32>, %lse: tensor<8x2xf32>, %dy: tensor<8x16xf32>) {
  // expected-error @+1 {{failed to verify that `lse` has a column for each head (lse)}}
  %0:3 = hash.cross_attention_grad %q, %k, %v, %t, %y, %lse, %dy {heads = 4 : i64, kv_heads = 2 : i64, window = 4 : i64, memory_window = 6 : i64, scale = 0.5 : f64}
    : (tensor<8x16xf32>, tensor<12x8xf32>, tensor<12x8xf32>, tensor<12xi32>, tensor<8x16xf32>, tensor<8x2xf32>, tensor<8x16xf32>)
    -> (tensor<8x16xf32>, tensor<12x8xf32>, tensor<12x8xf32>)
  return
}

// -----

func.func @cross_attention_grad_window(%q: tensor<8x16xf32>, %k: tensor<12x8xf32>, %v: tensor<12x8xf32>, %t: tensor<12xi32>,
    %y: tensor<8x16xf32>, %lse: tensor<8x4xf32>, %dy: tensor<8x16xf32>) {
  // expected-error @+1 {{failed to verify that the rows of `q` are whole windows (window)}}
  %0:3 = hash.cross_attention_grad %q, %k, %v, %t, %y, %lse, %dy {heads = 4 : i64, kv_heads = 2 : i64, window = 3 : i64, memory_window = 6 : i64, scale = 0.5 : f64}
    : (tensor<8x16xf32>, tensor<12x8xf32>, tensor<12x8xf32>, tensor<12xi32>, tensor<8x16xf32>, tensor<8x4xf32>, tensor<8x16xf32>)
    -> (tensor<8x16xf32>, tensor<12x8xf32>, tensor<12x8xf32>)
  return
}

// -----

func.func @cross_attention_grad_memory_divides(%q: tensor<8x16xf32>, %k: tensor<12x8xf32>, %v: tensor<12x8xf32>, %t: tensor<12xi32>,
    %y: tensor<8x16xf32>, %lse: tensor<8x4xf32>, %dy: tensor<8x16xf32>) {
  // expected-error @+1 {{failed to verify that `k` has as many windows of `memory_window` rows as `q` has of `window` (memory)}}
  %0:3 = hash.cross_attention_grad %q, %k, %v, %t, %y, %lse, %dy {heads = 4 : i64, kv_heads = 2 : i64, window = 4 : i64, memory_window = 5 : i64, scale = 0.5 : f64}
    : (tensor<8x16xf32>, tensor<12x8xf32>, tensor<12x8xf32>, tensor<12xi32>, tensor<8x16xf32>, tensor<8x4xf32>, tensor<8x16xf32>)
    -> (tensor<8x16xf32>, tensor<12x8xf32>, tensor<12x8xf32>)
  return
}

// -----

func.func @cross_attention_grad_memory(%q: tensor<8x16xf32>, %k: tensor<12x8xf32>, %v: tensor<12x8xf32>, %t: tensor<12xi32>,
    %y: tensor<8x16xf32>, %lse: tensor<8x4xf32>, %dy: tensor<8x16xf32>) {
  // expected-error @+1 {{failed to verify that `k` has as many windows of `memory_window` rows as `q` has of `window` (memory)}}
  %0:3 = hash.cross_attention_grad %q, %k, %v, %t, %y, %lse, %dy {heads = 4 : i64, kv_heads = 2 : i64, window = 4 : i64, memory_window = 4 : i64, scale = 0.5 : f64}
    : (tensor<8x16xf32>, tensor<12x8xf32>, tensor<12x8xf32>, tensor<12xi32>, tensor<8x16xf32>, tensor<8x4xf32>, tensor<8x16xf32>)
    -> (tensor<8x16xf32>, tensor<12x8xf32>, tensor<12x8xf32>)
  return
}

// -----

func.func @cross_attention_grad_element(%q: tensor<8x16xf32>, %k: tensor<12x8xbf16>, %v: tensor<12x8xf32>, %t: tensor<12xi32>,
    %y: tensor<8x16xf32>, %lse: tensor<8x4xf32>, %dy: tensor<8x16xf32>) {
  // expected-error @+1 {{failed to verify that `q`, `k`, `v` have one element type (type)}}
  %0:3 = hash.cross_attention_grad %q, %k, %v, %t, %y, %lse, %dy {heads = 4 : i64, kv_heads = 2 : i64, window = 4 : i64, memory_window = 6 : i64, scale = 0.5 : f64}
    : (tensor<8x16xf32>, tensor<12x8xbf16>, tensor<12x8xf32>, tensor<12xi32>, tensor<8x16xf32>, tensor<8x4xf32>, tensor<8x16xf32>)
    -> (tensor<8x16xf32>, tensor<12x8xbf16>, tensor<12x8xf32>)
  return
}

// -----

func.func @cross_attention_grad_precision(%q: tensor<8x16xf32>, %k: tensor<12x8xf32>, %v: tensor<12x8xf32>, %t: tensor<12xi32>,
    %y: tensor<8x16xf32>, %lse: tensor<8x4xf64>, %dy: tensor<8x16xf32>) {
  // expected-error @+1 {{failed to verify that `lse` are of the type that `q` computes in (precision)}}
  %0:3 = hash.cross_attention_grad %q, %k, %v, %t, %y, %lse, %dy {heads = 4 : i64, kv_heads = 2 : i64, window = 4 : i64, memory_window = 6 : i64, scale = 0.5 : f64}
    : (tensor<8x16xf32>, tensor<12x8xf32>, tensor<12x8xf32>, tensor<12xi32>, tensor<8x16xf32>, tensor<8x4xf64>, tensor<8x16xf32>)
    -> (tensor<8x16xf32>, tensor<12x8xf32>, tensor<12x8xf32>)
  return
}

// -----

func.func @cross_attention_grad_no_heads(%q: tensor<8x16xf32>, %k: tensor<12x8xf32>, %v: tensor<12x8xf32>, %t: tensor<12xi32>,
    %y: tensor<8x16xf32>, %lse: tensor<8x4xf32>, %dy: tensor<8x16xf32>) {
  // expected-error @+1 {{attribute 'heads' failed to satisfy constraint: 64-bit signless integer attribute whose value is positive}}
  %0:3 = hash.cross_attention_grad %q, %k, %v, %t, %y, %lse, %dy {heads = 0 : i64, kv_heads = 2 : i64, window = 4 : i64, memory_window = 6 : i64, scale = 0.5 : f64}
    : (tensor<8x16xf32>, tensor<12x8xf32>, tensor<12x8xf32>, tensor<12xi32>, tensor<8x16xf32>, tensor<8x4xf32>, tensor<8x16xf32>)
    -> (tensor<8x16xf32>, tensor<12x8xf32>, tensor<12x8xf32>)
  return
}

// -----

func.func @cross_attention_grad_no_kv_heads(%q: tensor<8x16xf32>, %k: tensor<12x8xf32>, %v: tensor<12x8xf32>, %t: tensor<12xi32>,
    %y: tensor<8x16xf32>, %lse: tensor<8x4xf32>, %dy: tensor<8x16xf32>) {
  // expected-error @+1 {{attribute 'kv_heads' failed to satisfy constraint: 64-bit signless integer attribute whose value is positive}}
  %0:3 = hash.cross_attention_grad %q, %k, %v, %t, %y, %lse, %dy {heads = 4 : i64, kv_heads = 0 : i64, window = 4 : i64, memory_window = 6 : i64, scale = 0.5 : f64}
    : (tensor<8x16xf32>, tensor<12x8xf32>, tensor<12x8xf32>, tensor<12xi32>, tensor<8x16xf32>, tensor<8x4xf32>, tensor<8x16xf32>)
    -> (tensor<8x16xf32>, tensor<12x8xf32>, tensor<12x8xf32>)
  return
}

// -----

func.func @cross_attention_grad_no_window(%q: tensor<8x16xf32>, %k: tensor<12x8xf32>, %v: tensor<12x8xf32>, %t: tensor<12xi32>,
    %y: tensor<8x16xf32>, %lse: tensor<8x4xf32>, %dy: tensor<8x16xf32>) {
  // expected-error @+1 {{attribute 'window' failed to satisfy constraint: 64-bit signless integer attribute whose value is positive}}
  %0:3 = hash.cross_attention_grad %q, %k, %v, %t, %y, %lse, %dy {heads = 4 : i64, kv_heads = 2 : i64, window = 0 : i64, memory_window = 6 : i64, scale = 0.5 : f64}
    : (tensor<8x16xf32>, tensor<12x8xf32>, tensor<12x8xf32>, tensor<12xi32>, tensor<8x16xf32>, tensor<8x4xf32>, tensor<8x16xf32>)
    -> (tensor<8x16xf32>, tensor<12x8xf32>, tensor<12x8xf32>)
  return
}

// -----

func.func @cross_attention_grad_no_memory_window(%q: tensor<8x16xf32>, %k: tensor<12x8xf32>, %v: tensor<12x8xf32>, %t: tensor<12xi32>,
    %y: tensor<8x16xf32>, %lse: tensor<8x4xf32>, %dy: tensor<8x16xf32>) {
  // expected-error @+1 {{attribute 'memory_window' failed to satisfy constraint: 64-bit signless integer attribute whose value is positive}}
  %0:3 = hash.cross_attention_grad %q, %k, %v, %t, %y, %lse, %dy {heads = 4 : i64, kv_heads = 2 : i64, window = 4 : i64, memory_window = 0 : i64, scale = 0.5 : f64}
    : (tensor<8x16xf32>, tensor<12x8xf32>, tensor<12x8xf32>, tensor<12xi32>, tensor<8x16xf32>, tensor<8x4xf32>, tensor<8x16xf32>)
    -> (tensor<8x16xf32>, tensor<12x8xf32>, tensor<12x8xf32>)
  return
}

// -----

func.func @cross_attention_grad_scale(%q: tensor<8x16xf32>, %k: tensor<12x8xf32>, %v: tensor<12x8xf32>, %t: tensor<12xi32>,
    %y: tensor<8x16xf32>, %lse: tensor<8x4xf32>, %dy: tensor<8x16xf32>) {
  // expected-error @+1 {{attribute 'scale' failed to satisfy constraint: 64-bit float attribute whose value is finite}}
  %0:3 = hash.cross_attention_grad %q, %k, %v, %t, %y, %lse, %dy {heads = 4 : i64, kv_heads = 2 : i64, window = 4 : i64, memory_window = 6 : i64, scale = 0x7FF0000000000000 : f64}
    : (tensor<8x16xf32>, tensor<12x8xf32>, tensor<12x8xf32>, tensor<12xi32>, tensor<8x16xf32>, tensor<8x4xf32>, tensor<8x16xf32>)
    -> (tensor<8x16xf32>, tensor<12x8xf32>, tensor<12x8xf32>)
  return
}

// -----

func.func @cross_attention_grad_type(%q: tensor<8x16xf32>, %k: tensor<12x8xf32>, %v: tensor<12x8xf32>, %t: tensor<12xi32>,
    %y: tensor<8x16xf32>, %lse: tensor<8x4xf32>, %dy: tensor<8x16xbf16>) {
  // expected-error @+1 {{failed to verify that `q`, `result`, `dresult`, `dq` have one type (type)}}
  %0:3 = hash.cross_attention_grad %q, %k, %v, %t, %y, %lse, %dy {heads = 4 : i64, kv_heads = 2 : i64, window = 4 : i64, memory_window = 6 : i64, scale = 0.5 : f64}
    : (tensor<8x16xf32>, tensor<12x8xf32>, tensor<12x8xf32>, tensor<12xi32>, tensor<8x16xf32>, tensor<8x4xf32>, tensor<8x16xbf16>)
    -> (tensor<8x16xf32>, tensor<12x8xf32>, tensor<12x8xf32>)
  return
}

// -----

func.func @cross_attention_grad_dk(%q: tensor<8x16xf32>, %k: tensor<12x8xf32>, %v: tensor<12x8xf32>, %t: tensor<12xi32>,
    %y: tensor<8x16xf32>, %lse: tensor<8x4xf32>, %dy: tensor<8x16xf32>) {
  // expected-error @+1 {{failed to verify that `k`, `dk` have one type (type)}}
  %0:3 = hash.cross_attention_grad %q, %k, %v, %t, %y, %lse, %dy {heads = 4 : i64, kv_heads = 2 : i64, window = 4 : i64, memory_window = 6 : i64, scale = 0.5 : f64}
    : (tensor<8x16xf32>, tensor<12x8xf32>, tensor<12x8xf32>, tensor<12xi32>, tensor<8x16xf32>, tensor<8x4xf32>, tensor<8x16xf32>)
    -> (tensor<8x16xf32>, tensor<12x4xf32>, tensor<12x8xf32>)
  return
}

// -----

func.func @cross_attention_grad_dv(%q: tensor<8x16xf32>, %k: tensor<12x8xf32>, %v: tensor<12x8xf32>, %t: tensor<12xi32>,
    %y: tensor<8x16xf32>, %lse: tensor<8x4xf32>, %dy: tensor<8x16xf32>) {
  // expected-error @+1 {{failed to verify that `v`, `dv` have one type (type)}}
  %0:3 = hash.cross_attention_grad %q, %k, %v, %t, %y, %lse, %dy {heads = 4 : i64, kv_heads = 2 : i64, window = 4 : i64, memory_window = 6 : i64, scale = 0.5 : f64}
    : (tensor<8x16xf32>, tensor<12x8xf32>, tensor<12x8xf32>, tensor<12xi32>, tensor<8x16xf32>, tensor<8x4xf32>, tensor<8x16xf32>)
    -> (tensor<8x16xf32>, tensor<12x8xf32>, tensor<12x4xf32>)
  return
}
