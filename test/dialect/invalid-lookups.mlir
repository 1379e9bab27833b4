// RUN: hash-opt %s --verify-diagnostics --split-input-file

// Rows of tables by key, breaking a constraint.

func.func @lookup_heads(%k: tensor<8xi32>) {
  // expected-error @+1 {{failed to verify that there are as many `keys` as `tables`, and one at least (heads)}}
  %0 = "hash.lookup"() : () -> tensor<8x4xf32>
  return
}

// -----

func.func @lookup_rows(%k: tensor<8xi32>, %w: tensor<32x4xf32>) {
  // expected-error @+1 {{failed to verify that `keys` and `result` have as many rows (rows)}}
  %0 = hash.lookup %k in %w : (tensor<8xi32>, tensor<32x4xf32>) -> tensor<7x4xf32>
  return
}

// -----

func.func @lookup_features(%k: tensor<8xi32>, %w: tensor<32x4xf32>) {
  // expected-error @+1 {{failed to verify that `result` has the features of all `tables` (features)}}
  %0 = hash.lookup %k, %k in %w, %w : (tensor<8xi32>, tensor<8xi32>, tensor<32x4xf32>, tensor<32x4xf32>) -> tensor<8x4xf32>
  return
}

// -----

func.func @lookup_precision(%k: tensor<8xi32>, %w: tensor<32x4xf32>) {
  // expected-error @+1 {{failed to verify that `tables` are of the type that `result` computes in (precision)}}
  %0 = hash.lookup %k in %w : (tensor<8xi32>, tensor<32x4xf32>) -> tensor<8x4xf64>
  return
}

// -----

func.func @segments_type(%k: tensor<8xi32>) {
  // expected-error @+1 {{failed to verify that `keys`, `unique`, `order` have one type (type)}}
  %0, %1, %2 = hash.segments %k : (tensor<8xi32>) -> (tensor<7xi32>, tensor<9xi32>, tensor<8xi32>)
  return
}

// -----

func.func @segments_offsets(%k: tensor<8xi32>) {
  // expected-error @+1 {{failed to verify that `offsets` has one element more than `keys` (offsets)}}
  %0, %1, %2 = hash.segments %k : (tensor<8xi32>) -> (tensor<8xi32>, tensor<8xi32>, tensor<8xi32>)
  return
}

// -----

func.func @merge_keys_type(%k: tensor<2x8xi32>, %u: tensor<8xi32>) {
  // expected-error @+1 {{failed to verify that `keys`, `new_keys` have one type (type)}}
  %0, %1 = hash.merge_keys %k, %u : (tensor<2x8xi32>, tensor<8xi32>) -> (tensor<2x9xi32>, tensor<8xi32>)
  return
}

// -----

func.func @merge_keys_slots(%k: tensor<2x8xi32>, %u: tensor<8xi32>) {
  // expected-error @+1 {{failed to verify that `unique`, `slots` have one type (type)}}
  %0, %1 = hash.merge_keys %k, %u : (tensor<2x8xi32>, tensor<8xi32>) -> (tensor<2x8xi32>, tensor<7xi32>)
  return
}

// -----

func.func @merge_keys_room(%k: tensor<3x8xi32>, %u: tensor<8xi32>) {
  // expected-error @+1 {{failed to verify that `keys` are two rows: whose a gradient is, and where (room)}}
  %0, %1 = hash.merge_keys %k, %u : (tensor<3x8xi32>, tensor<8xi32>) -> (tensor<3x8xi32>, tensor<8xi32>)
  return
}

// -----

func.func @lookup_grad_rows(%o: tensor<9xi32>, %r: tensor<8xi32>, %s: tensor<8xi32>, %d: tensor<7x4xf32>, %g: tensor<8x4xf32>) {
  // expected-error @+1 {{failed to verify that `order`, `slots`, `dresult` have as many rows (rows)}}
  %0 = hash.lookup_grad %o, %r, %s, %d into %g : (tensor<9xi32>, tensor<8xi32>, tensor<8xi32>, tensor<7x4xf32>, tensor<8x4xf32>) -> tensor<8x4xf32>
  return
}

// -----

func.func @lookup_grad_offsets(%r: tensor<8xi32>, %d: tensor<8x4xf32>, %g: tensor<8x4xf32>) {
  // expected-error @+1 {{failed to verify that `offsets` has one element more than `order` (offsets)}}
  %0 = hash.lookup_grad %r, %r, %r, %d into %g : (tensor<8xi32>, tensor<8xi32>, tensor<8xi32>, tensor<8x4xf32>, tensor<8x4xf32>) -> tensor<8x4xf32>
  return
}

// -----

func.func @lookup_grad_column(%o: tensor<9xi32>, %r: tensor<8xi32>, %d: tensor<8x8xf32>, %g: tensor<8x4xf32>) {
  // expected-error @+1 {{failed to verify that `dresult` has as many features from `column` on as `grad` (column)}}
  %0 = hash.lookup_grad %o, %r, %r, %d into %g {column = 5 : i64} : (tensor<9xi32>, tensor<8xi32>, tensor<8xi32>, tensor<8x8xf32>, tensor<8x4xf32>) -> tensor<8x4xf32>
  return
}

// -----

func.func @lookup_grad_negative(%o: tensor<9xi32>, %r: tensor<8xi32>, %d: tensor<8x8xf32>, %g: tensor<8x4xf32>) {
  // expected-error @+1 {{attribute 'column' failed to satisfy constraint: 64-bit signless integer attribute whose value is non-negative}}
  %0 = hash.lookup_grad %o, %r, %r, %d into %g {column = -1 : i64} : (tensor<9xi32>, tensor<8xi32>, tensor<8xi32>, tensor<8x8xf32>, tensor<8x4xf32>) -> tensor<8x4xf32>
  return
}

// -----

func.func @lookup_grad_type(%o: tensor<9xi32>, %r: tensor<8xi32>, %d: tensor<8x4xf32>, %g: tensor<8x4xf32>) {
  // expected-error @+1 {{failed to verify that `grad`, `new_grad` have one type (type)}}
  %0 = hash.lookup_grad %o, %r, %r, %d into %g : (tensor<9xi32>, tensor<8xi32>, tensor<8xi32>, tensor<8x4xf32>, tensor<8x4xf32>) -> tensor<7x4xf32>
  return
}

// -----

func.func @lookup_grad_precision(%o: tensor<9xi32>, %r: tensor<8xi32>, %d: tensor<8x4xf32>, %g: tensor<8x4xf64>) {
  // expected-error @+1 {{failed to verify that `grad` are of the type that `dresult` computes in (precision)}}
  %0 = hash.lookup_grad %o, %r, %r, %d into %g : (tensor<9xi32>, tensor<8xi32>, tensor<8xi32>, tensor<8x4xf32>, tensor<8x4xf64>) -> tensor<8x4xf64>
  return
}

// -----

func.func @rowwise_adagrad_param(%p: tensor<32x4xf32>, %g: tensor<8x4xf32>, %k: tensor<2x8xi32>, %s: tensor<32xf32>, %h: tensor<4xf64>, %n: tensor<1xf64>) {
  // expected-error @+1 {{failed to verify that `param`, `new_param` have one type (type)}}
  %0, %1, %2, %3 = hash.rowwise_adagrad %p, %g, %k, %s, %h, %n {lr_scale = 1.0 : f64, eps = 0.0 : f64}
    : (tensor<32x4xf32>, tensor<8x4xf32>, tensor<2x8xi32>, tensor<32xf32>, tensor<4xf64>, tensor<1xf64>) -> (tensor<31x4xf32>, tensor<8x4xf32>, tensor<2x8xi32>, tensor<32xf32>)
  return
}

// -----

func.func @rowwise_adagrad_grad(%p: tensor<32x4xf32>, %g: tensor<8x4xf32>, %k: tensor<2x8xi32>, %s: tensor<32xf32>, %h: tensor<4xf64>, %n: tensor<1xf64>) {
  // expected-error @+1 {{failed to verify that `grad`, `new_grad` have one type (type)}}
  %0, %1, %2, %3 = hash.rowwise_adagrad %p, %g, %k, %s, %h, %n {lr_scale = 1.0 : f64, eps = 0.0 : f64}
    : (tensor<32x4xf32>, tensor<8x4xf32>, tensor<2x8xi32>, tensor<32xf32>, tensor<4xf64>, tensor<1xf64>) -> (tensor<32x4xf32>, tensor<7x4xf32>, tensor<2x8xi32>, tensor<32xf32>)
  return
}

// -----

func.func @rowwise_adagrad_keys(%p: tensor<32x4xf32>, %g: tensor<8x4xf32>, %k: tensor<2x8xi32>, %s: tensor<32xf32>, %h: tensor<4xf64>, %n: tensor<1xf64>) {
  // expected-error @+1 {{failed to verify that `keys`, `new_keys` have one type (type)}}
  %0, %1, %2, %3 = hash.rowwise_adagrad %p, %g, %k, %s, %h, %n {lr_scale = 1.0 : f64, eps = 0.0 : f64}
    : (tensor<32x4xf32>, tensor<8x4xf32>, tensor<2x8xi32>, tensor<32xf32>, tensor<4xf64>, tensor<1xf64>) -> (tensor<32x4xf32>, tensor<8x4xf32>, tensor<2x7xi32>, tensor<32xf32>)
  return
}

// -----

func.func @rowwise_adagrad_new_sums(%p: tensor<32x4xf32>, %g: tensor<8x4xf32>, %k: tensor<2x8xi32>, %s: tensor<32xf32>, %h: tensor<4xf64>, %n: tensor<1xf64>) {
  // expected-error @+1 {{failed to verify that `sums`, `new_sums` have one type (type)}}
  %0, %1, %2, %3 = hash.rowwise_adagrad %p, %g, %k, %s, %h, %n {lr_scale = 1.0 : f64, eps = 0.0 : f64}
    : (tensor<32x4xf32>, tensor<8x4xf32>, tensor<2x8xi32>, tensor<32xf32>, tensor<4xf64>, tensor<1xf64>) -> (tensor<32x4xf32>, tensor<8x4xf32>, tensor<2x8xi32>, tensor<31xf32>)
  return
}

// -----

func.func @rowwise_adagrad_features(%p: tensor<32x4xf32>, %g: tensor<8x5xf32>, %k: tensor<2x8xi32>, %s: tensor<32xf32>, %h: tensor<4xf64>, %n: tensor<1xf64>) {
  // expected-error @+1 {{failed to verify that `param`, `grad` have as many features (features)}}
  %0, %1, %2, %3 = hash.rowwise_adagrad %p, %g, %k, %s, %h, %n {lr_scale = 1.0 : f64, eps = 0.0 : f64}
    : (tensor<32x4xf32>, tensor<8x5xf32>, tensor<2x8xi32>, tensor<32xf32>, tensor<4xf64>, tensor<1xf64>) -> (tensor<32x4xf32>, tensor<8x5xf32>, tensor<2x8xi32>, tensor<32xf32>)
  return
}

// -----

func.func @rowwise_adagrad_element(%p: tensor<32x4xf32>, %g: tensor<8x4xf32>, %k: tensor<2x8xi32>, %s: tensor<32xf64>, %h: tensor<4xf64>, %n: tensor<1xf64>) {
  // expected-error @+1 {{failed to verify that `param`, `grad`, `sums` have one element type (type)}}
  %0, %1, %2, %3 = hash.rowwise_adagrad %p, %g, %k, %s, %h, %n {lr_scale = 1.0 : f64, eps = 0.0 : f64}
    : (tensor<32x4xf32>, tensor<8x4xf32>, tensor<2x8xi32>, tensor<32xf64>, tensor<4xf64>, tensor<1xf64>) -> (tensor<32x4xf32>, tensor<8x4xf32>, tensor<2x8xi32>, tensor<32xf64>)
  return
}

// -----

func.func @rowwise_adagrad_sums(%p: tensor<32x4xf32>, %g: tensor<8x4xf32>, %k: tensor<2x8xi32>, %s: tensor<31xf32>, %h: tensor<4xf64>, %n: tensor<1xf64>) {
  // expected-error @+1 {{failed to verify that `sums` has a number for each row of `param` (sums)}}
  %0, %1, %2, %3 = hash.rowwise_adagrad %p, %g, %k, %s, %h, %n {lr_scale = 1.0 : f64, eps = 0.0 : f64}
    : (tensor<32x4xf32>, tensor<8x4xf32>, tensor<2x8xi32>, tensor<31xf32>, tensor<4xf64>, tensor<1xf64>) -> (tensor<32x4xf32>, tensor<8x4xf32>, tensor<2x8xi32>, tensor<31xf32>)
  return
}

// -----

func.func @rowwise_adagrad_room(%p: tensor<32x4xf32>, %g: tensor<8x4xf32>, %k: tensor<2x7xi32>, %s: tensor<32xf32>, %h: tensor<4xf64>, %n: tensor<1xf64>) {
  // expected-error @+1 {{failed to verify that `keys` are two rows, with an element for each row of `grad` (room)}}
  %0, %1, %2, %3 = hash.rowwise_adagrad %p, %g, %k, %s, %h, %n {lr_scale = 1.0 : f64, eps = 0.0 : f64}
    : (tensor<32x4xf32>, tensor<8x4xf32>, tensor<2x7xi32>, tensor<32xf32>, tensor<4xf64>, tensor<1xf64>) -> (tensor<32x4xf32>, tensor<8x4xf32>, tensor<2x7xi32>, tensor<32xf32>)
  return
}

// -----

func.func @rowwise_adagrad_scale(%p: tensor<32x4xf32>, %g: tensor<8x4xf32>, %k: tensor<2x8xi32>, %s: tensor<32xf32>, %h: tensor<4xf64>, %n: tensor<1xf64>) {
  // expected-error @+1 {{attribute 'lr_scale' failed to satisfy constraint}}
  %0, %1, %2, %3 = hash.rowwise_adagrad %p, %g, %k, %s, %h, %n {lr_scale = -1.0 : f64, eps = 0.0 : f64}
    : (tensor<32x4xf32>, tensor<8x4xf32>, tensor<2x8xi32>, tensor<32xf32>, tensor<4xf64>, tensor<1xf64>) -> (tensor<32x4xf32>, tensor<8x4xf32>, tensor<2x8xi32>, tensor<32xf32>)
  return
}

// -----

func.func @rowwise_adagrad_eps(%p: tensor<32x4xf32>, %g: tensor<8x4xf32>, %k: tensor<2x8xi32>, %s: tensor<32xf32>, %h: tensor<4xf64>, %n: tensor<1xf64>) {
  // expected-error @+1 {{attribute 'eps' failed to satisfy constraint}}
  %0, %1, %2, %3 = hash.rowwise_adagrad %p, %g, %k, %s, %h, %n {lr_scale = 1.0 : f64, eps = -1.0 : f64}
    : (tensor<32x4xf32>, tensor<8x4xf32>, tensor<2x8xi32>, tensor<32xf32>, tensor<4xf64>, tensor<1xf64>) -> (tensor<32x4xf32>, tensor<8x4xf32>, tensor<2x8xi32>, tensor<32xf32>)
  return
}
