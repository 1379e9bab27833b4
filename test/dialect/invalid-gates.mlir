// RUN: hash-opt %s --verify-diagnostics --split-input-file

// Gates on a choice, breaking a constraint.

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @gate_tokens(%z: tensor<16x4xf32>, %p: !p) {
  // expected-error @+1 {{failed to verify that `logits` has a row for each token of the plan (tokens)}}
  %0 = hash.gate sigmoid %z by %p : (tensor<16x4xf32>, !p) -> tensor<16xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @gate_experts(%z: tensor<8x2xf32>, %p: !p) {
  // expected-error @+1 {{failed to verify that `logits` has a feature for each expert of the plan (experts)}}
  %0 = hash.gate sigmoid %z by %p : (tensor<8x2xf32>, !p) -> tensor<16xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @gate_slots(%z: tensor<8x4xf32>, %p: !p) {
  // expected-error @+1 {{failed to verify that `weights` has a row for each slot of the plan (slots)}}
  %0 = hash.gate sigmoid %z by %p : (tensor<8x4xf32>, !p) -> tensor<8xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @gate_type(%z: tensor<8x4xf32>, %p: !p) {
  // expected-error @+1 {{failed to verify that `logits`, `weights` have one element type (type)}}
  %0 = hash.gate sigmoid %z by %p : (tensor<8x4xf32>, !p) -> tensor<16xf64>
  return
}

// -----

// Scores are never narrow.
!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @gate_narrow(%z: tensor<8x4xbf16>, %p: !p) {
  // expected-error @+1 {{operand #0 must be matrix (rows x features) of known shape of 32-bit float or 64-bit float values, but got 'tensor<8x4xbf16>'}}
  %0 = hash.gate sigmoid %z by %p : (tensor<8x4xbf16>, !p) -> tensor<16xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @gate_scale(%z: tensor<8x4xf32>, %p: !p) {
  // expected-error @+1 {{attribute 'scale' failed to satisfy constraint: 64-bit float attribute whose value is above 0}}
  %0 = hash.gate sigmoid %z by %p {scale = 0.0 : f64} : (tensor<8x4xf32>, !p) -> tensor<16xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @gate_kind(%z: tensor<8x4xf32>, %p: !p) {
  // expected-error @+1 {{expected string or keyword containing one of the following enum values for attribute 'kind' [sqrtsoftplus, sigmoid, softmax]}}
  %0 = hash.gate softplus %z by %p : (tensor<8x4xf32>, !p) -> tensor<16xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @gate_grad_tokens(%z: tensor<16x4xf32>, %w: tensor<16xf32>, %p: !p) {
  // expected-error @+1 {{failed to verify that `logits` has a row for each token of the plan (tokens)}}
  %0 = hash.gate_grad softmax %z, %w, %w by %p : (tensor<16x4xf32>, tensor<16xf32>, tensor<16xf32>, !p) -> tensor<16x4xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @gate_grad_experts(%z: tensor<8x2xf32>, %w: tensor<16xf32>, %p: !p) {
  // expected-error @+1 {{failed to verify that `logits` has a feature for each expert of the plan (experts)}}
  %0 = hash.gate_grad softmax %z, %w, %w by %p : (tensor<8x2xf32>, tensor<16xf32>, tensor<16xf32>, !p) -> tensor<8x2xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @gate_grad_slots(%z: tensor<8x4xf32>, %w: tensor<8xf32>, %p: !p) {
  // expected-error @+1 {{failed to verify that `weights` has a row for each slot of the plan (slots)}}
  %0 = hash.gate_grad softmax %z, %w, %w by %p : (tensor<8x4xf32>, tensor<8xf32>, tensor<8xf32>, !p) -> tensor<8x4xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @gate_grad_flow(%z: tensor<8x4xf32>, %w: tensor<16xf32>, %d: tensor<8xf32>, %p: !p) {
  // expected-error @+1 {{failed to verify that `weights`, `dweights` have one type (type)}}
  %0 = hash.gate_grad softmax %z, %w, %d by %p : (tensor<8x4xf32>, tensor<16xf32>, tensor<8xf32>, !p) -> tensor<8x4xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @gate_grad_result(%z: tensor<8x4xf32>, %w: tensor<16xf32>, %p: !p) {
  // expected-error @+1 {{failed to verify that `logits`, `dlogits` have one type (type)}}
  %0 = hash.gate_grad softmax %z, %w, %w by %p : (tensor<8x4xf32>, tensor<16xf32>, tensor<16xf32>, !p) -> tensor<8x2xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @gate_grad_type(%z: tensor<8x4xf32>, %w: tensor<16xf64>, %p: !p) {
  // expected-error @+1 {{failed to verify that `logits`, `weights` have one element type (type)}}
  %0 = hash.gate_grad softmax %z, %w, %w by %p : (tensor<8x4xf32>, tensor<16xf64>, tensor<16xf64>, !p) -> tensor<8x4xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @gate_grad_scale(%z: tensor<8x4xf32>, %w: tensor<16xf32>, %p: !p) {
  // expected-error @+1 {{attribute 'scale' failed to satisfy constraint: 64-bit float attribute whose value is above 0}}
  %0 = hash.gate_grad softmax %z, %w, %w by %p {scale = -1.0 : f64} : (tensor<8x4xf32>, tensor<16xf32>, tensor<16xf32>, !p) -> tensor<8x4xf32>
  return
}

// -----

func.func @weigh_rows(%x: tensor<16x6xf32>, %w: tensor<8xf32>) {
  // expected-error @+1 {{failed to verify that `x`, `weights` have as many rows (rows)}}
  %0 = hash.weigh %x, %w : (tensor<16x6xf32>, tensor<8xf32>) -> tensor<16x6xf32>
  return
}

// -----

func.func @weigh_type(%x: tensor<16x6xbf16>, %w: tensor<16xf32>) {
  // expected-error @+1 {{failed to verify that `x`, `result` have one type (type)}}
  %0 = hash.weigh %x, %w : (tensor<16x6xbf16>, tensor<16xf32>) -> tensor<16x6xf32>
  return
}

// -----

func.func @weigh_precision(%x: tensor<16x6xbf16>, %w: tensor<16xbf16>) {
  // expected-error @+1 {{failed to verify that `weights` are of the type that `x` computes in (precision)}}
  %0 = hash.weigh %x, %w : (tensor<16x6xbf16>, tensor<16xbf16>) -> tensor<16x6xbf16>
  return
}

// -----

func.func @weigh_grad_rows(%x: tensor<16x6xf32>) {
  // expected-error @+1 {{failed to verify that `x`, `dweights` have as many rows (rows)}}
  %0 = hash.weigh_grad %x, %x : (tensor<16x6xf32>, tensor<16x6xf32>) -> tensor<6xf32>
  return
}

// -----

func.func @weigh_grad_type(%x: tensor<16x6xf32>, %dy: tensor<16x5xf32>) {
  // expected-error @+1 {{failed to verify that `x`, `dresult` have one type (type)}}
  %0 = hash.weigh_grad %x, %dy : (tensor<16x6xf32>, tensor<16x5xf32>) -> tensor<16xf32>
  return
}

// -----

func.func @weigh_grad_precision(%x: tensor<16x6xbf16>) {
  // expected-error @+1 {{failed to verify that `dweights` are of the type that `x` computes in (precision)}}
  %0 = hash.weigh_grad %x, %x : (tensor<16x6xbf16>, tensor<16x6xbf16>) -> tensor<16xbf16>
  return
}
