// RUN: hash-opt %s --verify-diagnostics --split-input-file

// Routers that read activations, breaking a constraint.

func.func @top_choices_rows(%s: tensor<8x4xf32>) {
  // expected-error @+1 {{failed to verify that `scores`, `choices` have as many rows (rows)}}
  %0 = hash.top_choices %s : (tensor<8x4xf32>) -> tensor<4x2xi32>
  return
}

// -----

func.func @top_choices_choices(%s: tensor<8x4xf32>) {
  // expected-error @+1 {{failed to verify that a row of `choices` names different experts, so not more than there are features (choices)}}
  %0 = hash.top_choices %s : (tensor<8x4xf32>) -> tensor<8x5xi32>
  return
}

// -----

// Scores are never narrow.
func.func @top_choices_narrow(%s: tensor<8x4xbf16>) {
  // expected-error @+1 {{operand #0 must be matrix (rows x features) of known shape of 32-bit float or 64-bit float values, but got 'tensor<8x4xbf16>'}}
  %0 = hash.top_choices %s : (tensor<8x4xbf16>) -> tensor<8xi32>
  return
}

// -----

func.func @balanced_choices_rows(%s: tensor<8x4xf32>, %t: tensor<4xi32>) {
  // expected-error @+1 {{failed to verify that `scores`, `tokens`, `choices`, `bids`, `held` have as many rows (rows)}}
  %0:4 = hash.balanced_choices %s masked %t {tolerance = 0.02 : f64} : (tensor<8x4xf32>, tensor<4xi32>) -> (tensor<8xi32>, tensor<4xf64>, tensor<8xf64>, tensor<8xi32>)
  return
}

// -----

func.func @balanced_choices_experts(%s: tensor<8x4xf32>, %t: tensor<8xi32>) {
  // expected-error @+1 {{failed to verify that `prices` has an element for each feature of `scores` (experts)}}
  %0:4 = hash.balanced_choices %s masked %t {tolerance = 0.02 : f64} : (tensor<8x4xf32>, tensor<8xi32>) -> (tensor<8xi32>, tensor<8xf64>, tensor<8xf64>, tensor<8xi32>)
  return
}

// -----

func.func @balanced_choices_tolerance(%s: tensor<8x4xf32>, %t: tensor<8xi32>) {
  // expected-error @+1 {{attribute 'tolerance' failed to satisfy constraint: 64-bit float attribute whose value is at least 1e-6 and at most 1}}
  %0:4 = hash.balanced_choices %s masked %t {tolerance = 0.0 : f64} : (tensor<8x4xf32>, tensor<8xi32>) -> (tensor<8xi32>, tensor<4xf64>, tensor<8xf64>, tensor<8xi32>)
  return
}

// -----

func.func @log_shares_type(%s: tensor<8x4xf32>) {
  // expected-error @+1 {{failed to verify that `logits`, `result` have one type (type)}}
  %0 = hash.log_shares %s : (tensor<8x4xf32>) -> tensor<8x4xf64>
  return
}

// -----

func.func @expert_choices_rows(%s: tensor<8x4xf32>, %t: tensor<4xi32>) {
  // expected-error @+1 {{failed to verify that `scores`, `tokens`, `choices` have as many rows (rows)}}
  %0 = hash.expert_choices %s masked %t {capacity = 1.0 : f64} : (tensor<8x4xf32>, tensor<4xi32>) -> tensor<8x4xi32>
  return
}

// -----

func.func @expert_choices_choices(%s: tensor<8x4xf32>, %t: tensor<8xi32>) {
  // expected-error @+1 {{failed to verify that `choices` has a column for each feature of `scores` (choices)}}
  %0 = hash.expert_choices %s masked %t {capacity = 1.0 : f64} : (tensor<8x4xf32>, tensor<8xi32>) -> tensor<8x2xi32>
  return
}

// -----

func.func @expert_choices_capacity(%s: tensor<8x4xf32>, %t: tensor<8xi32>) {
  // expected-error @+1 {{attribute 'capacity' failed to satisfy constraint: 64-bit float attribute whose value is above 0}}
  %0 = hash.expert_choices %s masked %t {capacity = 0.0 : f64} : (tensor<8x4xf32>, tensor<8xi32>) -> tensor<8x4xi32>
  return
}

// -----

func.func @limit_capacity_rows(%c: tensor<8xi32>, %t: tensor<4xi32>) {
  // expected-error @+1 {{failed to verify that `choices`, `tokens` have as many rows (rows)}}
  %0:2 = hash.limit_capacity %c masked %t {capacity = 1.0 : f64} : (tensor<8xi32>, tensor<4xi32>) -> (tensor<8xi32>, tensor<4xi32>)
  return
}

// -----

func.func @limit_capacity_type(%c: tensor<8x2xi32>, %t: tensor<8xi32>) {
  // expected-error @+1 {{failed to verify that `choices`, `result` have one type (type)}}
  %0:2 = hash.limit_capacity %c masked %t {capacity = 1.0 : f64} : (tensor<8x2xi32>, tensor<8xi32>) -> (tensor<8xi32>, tensor<4xi32>)
  return
}

// -----

func.func @limit_capacity_capacity(%c: tensor<8xi32>, %t: tensor<8xi32>) {
  // expected-error @+1 {{attribute 'capacity' failed to satisfy constraint: 64-bit float attribute whose value is above 0}}
  %0:2 = hash.limit_capacity %c masked %t {capacity = 0.0 : f64} : (tensor<8xi32>, tensor<8xi32>) -> (tensor<8xi32>, tensor<4xi32>)
  return
}

// -----

func.func @jitter_one(%x: tensor<8x4xf32>, %seed: tensor<2xi64>) {
  // expected-error @+1 {{failed to verify that `seed` has one element (one)}}
  %0 = hash.jitter %x, %seed {amount = 0.1 : f64, stream = 0 : i64} : (tensor<8x4xf32>, tensor<2xi64>) -> tensor<8x4xf32>
  return
}

// -----

func.func @jitter_type(%x: tensor<8x4xf32>, %seed: tensor<1xi64>) {
  // expected-error @+1 {{failed to verify that `x`, `result` have one type (type)}}
  %0 = hash.jitter %x, %seed {amount = 0.1 : f64, stream = 0 : i64} : (tensor<8x4xf32>, tensor<1xi64>) -> tensor<8x4xbf16>
  return
}

// -----

func.func @jitter_amount(%x: tensor<8x4xf32>, %seed: tensor<1xi64>) {
  // expected-error @+1 {{attribute 'amount' failed to satisfy constraint: 64-bit float attribute whose value is at least 0 and below 1}}
  %0 = hash.jitter %x, %seed {amount = 1.0 : f64, stream = 0 : i64} : (tensor<8x4xf32>, tensor<1xi64>) -> tensor<8x4xf32>
  return
}

// -----

func.func @expert_load_rows(%c: tensor<8xi32>, %t: tensor<4xi32>) {
  // expected-error @+1 {{failed to verify that `choices`, `tokens` have as many rows (rows)}}
  %0 = hash.expert_load %c masked %t : (tensor<8xi32>, tensor<4xi32>) -> tensor<4xf32>
  return
}

// -----

func.func @balance_loss_rows(%z: tensor<8x4xf32>, %f: tensor<4xf32>, %t: tensor<8xi32>) {
  // expected-error @+1 {{failed to verify that `logits`, `tokens`, `losses` have as many rows (rows)}}
  %0 = hash.balance_loss %z, %f masked %t {weight = 1.0 : f64} : (tensor<8x4xf32>, tensor<4xf32>, tensor<8xi32>) -> tensor<4xf32>
  return
}

// -----

func.func @balance_loss_experts(%z: tensor<8x4xf32>, %f: tensor<8xf32>, %t: tensor<8xi32>) {
  // expected-error @+1 {{failed to verify that `shares` has an element for each feature of `logits` (experts)}}
  %0 = hash.balance_loss %z, %f masked %t {weight = 1.0 : f64} : (tensor<8x4xf32>, tensor<8xf32>, tensor<8xi32>) -> tensor<8xf32>
  return
}

// -----

func.func @balance_loss_type(%z: tensor<8x4xf32>, %f: tensor<4xf64>, %t: tensor<8xi32>) {
  // expected-error @+1 {{failed to verify that `logits`, `shares`, `losses` have one element type (type)}}
  %0 = hash.balance_loss %z, %f masked %t {weight = 1.0 : f64} : (tensor<8x4xf32>, tensor<4xf64>, tensor<8xi32>) -> tensor<8xf32>
  return
}

// -----

func.func @balance_loss_weight(%z: tensor<8x4xf32>, %f: tensor<4xf32>, %t: tensor<8xi32>) {
  // expected-error @+1 {{attribute 'weight' failed to satisfy constraint: 64-bit float attribute whose value is at least 0}}
  %0 = hash.balance_loss %z, %f masked %t {weight = -1.0 : f64} : (tensor<8x4xf32>, tensor<4xf32>, tensor<8xi32>) -> tensor<8xf32>
  return
}

// -----

func.func @balance_loss_grad_rows(%z: tensor<8x4xf32>, %f: tensor<4xf32>, %d: tensor<4xf32>, %t: tensor<8xi32>) {
  // expected-error @+1 {{failed to verify that `logits`, `tokens`, `dlosses` have as many rows (rows)}}
  %0 = hash.balance_loss_grad %z, %f, %d masked %t {weight = 1.0 : f64} : (tensor<8x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<8xi32>) -> tensor<8x4xf32>
  return
}

// -----

func.func @balance_loss_grad_experts(%z: tensor<8x4xf32>, %f: tensor<8xf32>, %d: tensor<8xf32>, %t: tensor<8xi32>) {
  // expected-error @+1 {{failed to verify that `shares` has an element for each feature of `logits` (experts)}}
  %0 = hash.balance_loss_grad %z, %f, %d masked %t {weight = 1.0 : f64} : (tensor<8x4xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xi32>) -> tensor<8x4xf32>
  return
}

// -----

func.func @balance_loss_grad_element(%z: tensor<8x4xf32>, %f: tensor<4xf32>, %d: tensor<8xf64>, %t: tensor<8xi32>) {
  // expected-error @+1 {{failed to verify that `logits`, `shares`, `dlosses` have one element type (type)}}
  %0 = hash.balance_loss_grad %z, %f, %d masked %t {weight = 1.0 : f64} : (tensor<8x4xf32>, tensor<4xf32>, tensor<8xf64>, tensor<8xi32>) -> tensor<8x4xf32>
  return
}

// -----

func.func @balance_loss_grad_type(%z: tensor<8x4xf32>, %f: tensor<4xf32>, %d: tensor<8xf32>, %t: tensor<8xi32>) {
  // expected-error @+1 {{failed to verify that `logits`, `dlogits` have one type (type)}}
  %0 = hash.balance_loss_grad %z, %f, %d masked %t {weight = 1.0 : f64} : (tensor<8x4xf32>, tensor<4xf32>, tensor<8xf32>, tensor<8xi32>) -> tensor<8x2xf32>
  return
}

// -----

func.func @balance_loss_grad_weight(%z: tensor<8x4xf32>, %f: tensor<4xf32>, %d: tensor<8xf32>, %t: tensor<8xi32>) {
  // expected-error @+1 {{attribute 'weight' failed to satisfy constraint: 64-bit float attribute whose value is at least 0}}
  %0 = hash.balance_loss_grad %z, %f, %d masked %t {weight = -1.0 : f64} : (tensor<8x4xf32>, tensor<4xf32>, tensor<8xf32>, tensor<8xi32>) -> tensor<8x4xf32>
  return
}

// -----

func.func @z_loss_rows(%z: tensor<8x4xf32>, %t: tensor<4xi32>) {
  // expected-error @+1 {{failed to verify that `logits`, `tokens`, `losses` have as many rows (rows)}}
  %0 = hash.z_loss %z masked %t {weight = 1.0 : f64} : (tensor<8x4xf32>, tensor<4xi32>) -> tensor<8xf32>
  return
}

// -----

func.func @z_loss_type(%z: tensor<8x4xf32>, %t: tensor<8xi32>) {
  // expected-error @+1 {{failed to verify that `logits`, `losses` have one element type (type)}}
  %0 = hash.z_loss %z masked %t {weight = 1.0 : f64} : (tensor<8x4xf32>, tensor<8xi32>) -> tensor<8xf64>
  return
}

// -----

func.func @z_loss_weight(%z: tensor<8x4xf32>, %t: tensor<8xi32>) {
  // expected-error @+1 {{attribute 'weight' failed to satisfy constraint: 64-bit float attribute whose value is at least 0}}
  %0 = hash.z_loss %z masked %t {weight = -1.0 : f64} : (tensor<8x4xf32>, tensor<8xi32>) -> tensor<8xf32>
  return
}

// -----

func.func @z_loss_grad_rows(%z: tensor<8x4xf32>, %d: tensor<4xf32>, %t: tensor<8xi32>) {
  // expected-error @+1 {{failed to verify that `logits`, `tokens`, `dlosses` have as many rows (rows)}}
  %0 = hash.z_loss_grad %z, %d masked %t {weight = 1.0 : f64} : (tensor<8x4xf32>, tensor<4xf32>, tensor<8xi32>) -> tensor<8x4xf32>
  return
}

// -----

func.func @z_loss_grad_element(%z: tensor<8x4xf32>, %d: tensor<8xf64>, %t: tensor<8xi32>) {
  // expected-error @+1 {{failed to verify that `logits`, `dlosses` have one element type (type)}}
  %0 = hash.z_loss_grad %z, %d masked %t {weight = 1.0 : f64} : (tensor<8x4xf32>, tensor<8xf64>, tensor<8xi32>) -> tensor<8x4xf32>
  return
}

// -----

func.func @z_loss_grad_type(%z: tensor<8x4xf32>, %d: tensor<8xf32>, %t: tensor<8xi32>) {
  // expected-error @+1 {{failed to verify that `logits`, `dlogits` have one type (type)}}
  %0 = hash.z_loss_grad %z, %d masked %t {weight = 1.0 : f64} : (tensor<8x4xf32>, tensor<8xf32>, tensor<8xi32>) -> tensor<8x4xf64>
  return
}

// -----

func.func @z_loss_grad_weight(%z: tensor<8x4xf32>, %d: tensor<8xf32>, %t: tensor<8xi32>) {
  // expected-error @+1 {{attribute 'weight' failed to satisfy constraint: 64-bit float attribute whose value is at least 0}}
  %0 = hash.z_loss_grad %z, %d masked %t {weight = -1.0 : f64} : (tensor<8x4xf32>, tensor<8xf32>, tensor<8xi32>) -> tensor<8x4xf32>
  return
}

// -----

func.func @balance_bias_type(%b: tensor<4xf32>, %n: tensor<4xf32>) {
  // expected-error @+1 {{failed to verify that `bias`, `load`, `new_bias`, `new_load` have one type (type)}}
  %0:2 = hash.balance_bias %b, %n {rate = 0.1 : f64} : (tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>, tensor<8xf32>)
  return
}

// -----

func.func @balance_bias_rate(%b: tensor<4xf32>, %n: tensor<4xf32>) {
  // expected-error @+1 {{attribute 'rate' failed to satisfy constraint: 64-bit float attribute whose value is at least 0}}
  %0:2 = hash.balance_bias %b, %n {rate = -0.1 : f64} : (tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>)
  return
}

// -----

// expected-error @+1 {{failed to verify that what balances experts is a vector without decay (balance)}}
hash.param @matrix : tensor<4x4xf32> init zeros {balance = 0.1 : f64}

// -----

// expected-error @+1 {{failed to verify that what balances experts is a vector without decay (balance)}}
hash.param @decays : tensor<4xf32> init zeros {balance = 0.1 : f64, decay}

// -----

// expected-error @+1 {{attribute 'balance' failed to satisfy constraint: 64-bit float attribute whose value is at least 0}}
hash.param @backwards : tensor<4xf32> init zeros {balance = -0.1 : f64}
