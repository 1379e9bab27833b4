// RUN: hash-opt %s --verify-diagnostics --split-input-file

// Named ops on activations that break a constraint.

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @dispatch_tokens(%x: tensor<4x6xf32>, %p: !p) {
  // expected-error @+1 {{failed to verify that `x` has a row for each token of the plan (tokens)}}
  %0 = hash.dispatch %x by %p : (tensor<4x6xf32>, !p) -> tensor<16x6xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @dispatch_slots(%x: tensor<8x6xf32>, %p: !p) {
  // expected-error @+1 {{failed to verify that `result` has a row for each slot of the plan (slots)}}
  %0 = hash.dispatch %x by %p : (tensor<8x6xf32>, !p) -> tensor<8x6xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @dispatch_features(%x: tensor<8x6xf32>, %p: !p) {
  // expected-error @+1 {{failed to verify that `x`, `result` have as many features (features)}}
  %0 = hash.dispatch %x by %p : (tensor<8x6xf32>, !p) -> tensor<16x5xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @dispatch_type(%x: tensor<8x6xf32>, %p: !p) {
  // expected-error @+1 {{failed to verify that `x`, `result` have one element type (type)}}
  %0 = hash.dispatch %x by %p : (tensor<8x6xf32>, !p) -> tensor<16x6xbf16>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @combine_slots(%x: tensor<8x6xf32>, %p: !p) {
  // expected-error @+1 {{failed to verify that `x` has a row for each slot of the plan (slots)}}
  %0 = hash.combine %x by %p : (tensor<8x6xf32>, !p) -> tensor<8x6xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @combine_tokens(%x: tensor<16x6xf32>, %p: !p) {
  // expected-error @+1 {{failed to verify that `result` has a row for each token of the plan (tokens)}}
  %0 = hash.combine %x by %p : (tensor<16x6xf32>, !p) -> tensor<16x6xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @combine_features(%x: tensor<16x6xf32>, %p: !p) {
  // expected-error @+1 {{failed to verify that `x`, `result` have as many features (features)}}
  %0 = hash.combine %x by %p : (tensor<16x6xf32>, !p) -> tensor<8x5xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @combine_type(%x: tensor<16x6xf32>, %p: !p) {
  // expected-error @+1 {{failed to verify that `x`, `result` have one element type (type)}}
  %0 = hash.combine %x by %p : (tensor<16x6xf32>, !p) -> tensor<8x6xf64>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @join_slots(%x: tensor<8x6xf32>, %p: !p) {
  // expected-error @+1 {{failed to verify that `x` has a row for each slot of the plan (slots)}}
  %0 = hash.join %x by %p : (tensor<8x6xf32>, !p) -> tensor<8x12xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @join_tokens(%x: tensor<16x6xf32>, %p: !p) {
  // expected-error @+1 {{failed to verify that `result` has a row for each token of the plan (tokens)}}
  %0 = hash.join %x by %p : (tensor<16x6xf32>, !p) -> tensor<16x12xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @join_features(%x: tensor<16x6xf32>, %p: !p) {
  // expected-error @+1 {{failed to verify that a row of `result` holds a row of `x` for each choice (features)}}
  %0 = hash.join %x by %p : (tensor<16x6xf32>, !p) -> tensor<8x6xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @join_type(%x: tensor<16x6xf32>, %p: !p) {
  // expected-error @+1 {{failed to verify that `x`, `result` have one element type (type)}}
  %0 = hash.join %x by %p : (tensor<16x6xf32>, !p) -> tensor<8x12xf64>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @split_tokens(%x: tensor<16x12xf32>, %p: !p) {
  // expected-error @+1 {{failed to verify that `x` has a row for each token of the plan (tokens)}}
  %0 = hash.split %x by %p : (tensor<16x12xf32>, !p) -> tensor<16x6xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @split_slots(%x: tensor<8x12xf32>, %p: !p) {
  // expected-error @+1 {{failed to verify that `result` has a row for each slot of the plan (slots)}}
  %0 = hash.split %x by %p : (tensor<8x12xf32>, !p) -> tensor<8x6xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @split_features(%x: tensor<8x12xf32>, %p: !p) {
  // expected-error @+1 {{failed to verify that a row of `x` holds a row of `result` for each choice (features)}}
  %0 = hash.split %x by %p : (tensor<8x12xf32>, !p) -> tensor<16x4xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @split_type(%x: tensor<8x12xf32>, %p: !p) {
  // expected-error @+1 {{failed to verify that `x`, `result` have one element type (type)}}
  %0 = hash.split %x by %p : (tensor<8x12xf32>, !p) -> tensor<16x6xf64>
  return
}

// -----

func.func @broadcast_matrix(%x: tensor<4x6xf32>) {
  // expected-error @+1 {{failed to verify that `x` has one vector of features, or with a plan one for each expert (experts)}}
  %0 = hash.broadcast %x : (tensor<4x6xf32>) -> tensor<8x6xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @broadcast_vector(%x: tensor<6xf32>, %p: !p) {
  // expected-error @+1 {{failed to verify that `x` has one vector of features, or with a plan one for each expert (experts)}}
  %0 = hash.broadcast %x by %p : (tensor<6xf32>, !p) -> tensor<16x6xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @broadcast_experts(%x: tensor<3x6xf32>, %p: !p) {
  // expected-error @+1 {{failed to verify that `x` has one vector of features, or with a plan one for each expert (experts)}}
  %0 = hash.broadcast %x by %p : (tensor<3x6xf32>, !p) -> tensor<16x6xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @broadcast_slots(%x: tensor<4x6xf32>, %p: !p) {
  // expected-error @+1 {{failed to verify that `result` has a row for each slot of the plan (slots)}}
  %0 = hash.broadcast %x by %p : (tensor<4x6xf32>, !p) -> tensor<8x6xf32>
  return
}

// -----

func.func @broadcast_features(%x: tensor<6xf32>) {
  // expected-error @+1 {{failed to verify that `x`, `result` have as many features (features)}}
  %0 = hash.broadcast %x : (tensor<6xf32>) -> tensor<8x5xf32>
  return
}

// -----

func.func @broadcast_precision(%x: tensor<6xf32>) {
  // expected-error @+1 {{failed to verify that `x`, `result` compute in one type (precision)}}
  %0 = hash.broadcast %x : (tensor<6xf32>) -> tensor<8x6xf64>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @reduce_slots(%x: tensor<8x6xf32>, %p: !p) {
  // expected-error @+1 {{failed to verify that `x` has a row for each slot of the plan (slots)}}
  %0 = hash.reduce_rows %x by %p : (tensor<8x6xf32>, !p) -> tensor<4x6xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @reduce_experts(%x: tensor<16x6xf32>, %p: !p) {
  // expected-error @+1 {{failed to verify that `result` has one vector of features, or with a plan one for each expert (experts)}}
  %0 = hash.reduce_rows %x by %p : (tensor<16x6xf32>, !p) -> tensor<5x6xf32>
  return
}

// -----

func.func @reduce_matrix(%x: tensor<8x6xf32>) {
  // expected-error @+1 {{failed to verify that `result` has one vector of features, or with a plan one for each expert (experts)}}
  %0 = hash.reduce_rows %x : (tensor<8x6xf32>) -> tensor<4x6xf32>
  return
}

// -----

func.func @reduce_features(%x: tensor<8x6xf32>) {
  // expected-error @+1 {{failed to verify that `x`, `result` have as many features (features)}}
  %0 = hash.reduce_rows %x : (tensor<8x6xf32>) -> tensor<5xf32>
  return
}

// -----

func.func @reduce_precision(%x: tensor<8x6xbf16>) {
  // expected-error @+1 {{failed to verify that `result` are of the type that `x` computes in (precision)}}
  %0 = hash.reduce_rows %x : (tensor<8x6xbf16>) -> tensor<6xbf16>
  return
}

// -----

func.func @splat_one(%x: tensor<2xf32>) {
  // expected-error @+1 {{failed to verify that `x` has one element (one)}}
  %0 = hash.splat %x : (tensor<2xf32>) -> tensor<8xf32>
  return
}

// -----

func.func @splat_precision(%x: tensor<1xf32>) {
  // expected-error @+1 {{failed to verify that `x`, `result` compute in one type (precision)}}
  %0 = hash.splat %x : (tensor<1xf32>) -> tensor<8xf64>
  return
}

// -----

func.func @matmul_rows(%x: tensor<8x6xf32>, %w: tensor<6x5xf32>) {
  // expected-error @+1 {{failed to verify that `x`, `result` have as many rows (rows)}}
  %0 = hash.matmul %x, %w : (tensor<8x6xf32>, tensor<6x5xf32>) -> tensor<4x5xf32>
  return
}

// -----

func.func @matmul_features(%x: tensor<8x6xf32>, %w: tensor<5x6xf32>) {
  // expected-error @+1 {{failed to verify that `w` has a row for each feature of `x`, a column with `transposed` (features)}}
  %0 = hash.matmul %x, %w : (tensor<8x6xf32>, tensor<5x6xf32>) -> tensor<8x6xf32>
  return
}

// -----

func.func @matmul_transposed(%x: tensor<8x6xf32>, %w: tensor<6x5xf32>) {
  // expected-error @+1 {{failed to verify that `w` has a row for each feature of `x`, a column with `transposed` (features)}}
  %0 = hash.matmul %x, %w transposed : (tensor<8x6xf32>, tensor<6x5xf32>) -> tensor<8x6xf32>
  return
}

// -----

func.func @matmul_columns(%x: tensor<8x6xf32>, %w: tensor<6x5xf32>) {
  // expected-error @+1 {{failed to verify that `result` has a feature for each column of `w`, each row with `transposed` (columns)}}
  %0 = hash.matmul %x, %w : (tensor<8x6xf32>, tensor<6x5xf32>) -> tensor<8x6xf32>
  return
}

// -----

func.func @matmul_precision(%x: tensor<8x6xf32>, %w: tensor<6x5xf64>) {
  // expected-error @+1 {{failed to verify that `x`, `w`, `result` compute in one type (precision)}}
  %0 = hash.matmul %x, %w : (tensor<8x6xf32>, tensor<6x5xf64>) -> tensor<8x5xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 1, groups = 4, slots = 8>
func.func @grouped_x(%x: tensor<4x6xf32>, %w: tensor<4x6x5xf32>, %p: !p) {
  // expected-error @+1 {{failed to verify that `x` has a row for each slot of the plan (slots)}}
  %0 = hash.grouped_matmul %x, %w by %p : (tensor<4x6xf32>, tensor<4x6x5xf32>, !p) -> tensor<8x5xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 1, groups = 4, slots = 8>
func.func @grouped_result(%x: tensor<8x6xf32>, %w: tensor<4x6x5xf32>, %p: !p) {
  // expected-error @+1 {{failed to verify that `result` has a row for each slot of the plan (slots)}}
  %0 = hash.grouped_matmul %x, %w by %p : (tensor<8x6xf32>, tensor<4x6x5xf32>, !p) -> tensor<4x5xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 1, groups = 4, slots = 8>
func.func @grouped_experts(%x: tensor<8x6xf32>, %w: tensor<3x6x5xf32>, %p: !p) {
  // expected-error @+1 {{failed to verify that `w` has a matrix for each expert of the plan (experts)}}
  %0 = hash.grouped_matmul %x, %w by %p : (tensor<8x6xf32>, tensor<3x6x5xf32>, !p) -> tensor<8x5xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 1, groups = 4, slots = 8>
func.func @grouped_features(%x: tensor<8x6xf32>, %w: tensor<4x5x6xf32>, %p: !p) {
  // expected-error @+1 {{failed to verify that `w` has a row for each feature of `x`, a column with `transposed` (features)}}
  %0 = hash.grouped_matmul %x, %w by %p : (tensor<8x6xf32>, tensor<4x5x6xf32>, !p) -> tensor<8x6xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 1, groups = 4, slots = 8>
func.func @grouped_transposed(%x: tensor<8x6xf32>, %w: tensor<4x6x5xf32>, %p: !p) {
  // expected-error @+1 {{failed to verify that `w` has a row for each feature of `x`, a column with `transposed` (features)}}
  %0 = hash.grouped_matmul %x, %w transposed by %p : (tensor<8x6xf32>, tensor<4x6x5xf32>, !p) -> tensor<8x6xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 1, groups = 4, slots = 8>
func.func @grouped_columns(%x: tensor<8x6xf32>, %w: tensor<4x6x5xf32>, %p: !p) {
  // expected-error @+1 {{failed to verify that `result` has a feature for each column of `w`, each row with `transposed` (columns)}}
  %0 = hash.grouped_matmul %x, %w by %p : (tensor<8x6xf32>, tensor<4x6x5xf32>, !p) -> tensor<8x6xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 1, groups = 4, slots = 8>
func.func @grouped_precision(%x: tensor<8x6xf32>, %w: tensor<4x6x5xf64>, %p: !p) {
  // expected-error @+1 {{failed to verify that `x`, `w`, `result` compute in one type (precision)}}
  %0 = hash.grouped_matmul %x, %w by %p : (tensor<8x6xf32>, tensor<4x6x5xf64>, !p) -> tensor<8x5xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 1, groups = 4, slots = 8>
func.func @grouped_dense(%x: tensor<8x6xf32>, %w: tensor<6x5xf32>, %p: !p) {
  // expected-error @+1 {{operand #1 must be matrices (experts x rows x columns) of known shape of}}
  %0 = hash.grouped_matmul %x, %w by %p : (tensor<8x6xf32>, tensor<6x5xf32>, !p) -> tensor<8x5xf32>
  return
}

// -----

func.func @weight_rows(%x: tensor<8x6xf32>, %dy: tensor<4x5xf32>) {
  // expected-error @+1 {{failed to verify that `x`, `dy` have as many rows (rows)}}
  %0 = hash.weight_grad %x, %dy : (tensor<8x6xf32>, tensor<4x5xf32>) -> tensor<6x5xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 1, groups = 4, slots = 8>
func.func @weight_slots(%x: tensor<4x6xf32>, %dy: tensor<4x5xf32>, %p: !p) {
  // expected-error @+1 {{failed to verify that `x` has a row for each slot of the plan (slots)}}
  %0 = hash.weight_grad %x, %dy by %p : (tensor<4x6xf32>, tensor<4x5xf32>, !p) -> tensor<4x6x5xf32>
  return
}

// -----

func.func @weight_experts(%x: tensor<8x6xf32>, %dy: tensor<8x5xf32>) {
  // expected-error @+1 {{failed to verify that `result` is one matrix, or with a plan one for each expert (experts)}}
  %0 = hash.weight_grad %x, %dy : (tensor<8x6xf32>, tensor<8x5xf32>) -> tensor<4x6x5xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 1, groups = 4, slots = 8>
func.func @weight_one(%x: tensor<8x6xf32>, %dy: tensor<8x5xf32>, %p: !p) {
  // expected-error @+1 {{failed to verify that `result` is one matrix, or with a plan one for each expert (experts)}}
  %0 = hash.weight_grad %x, %dy by %p : (tensor<8x6xf32>, tensor<8x5xf32>, !p) -> tensor<6x5xf32>
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 1, groups = 4, slots = 8>
func.func @weight_groups(%x: tensor<8x6xf32>, %dy: tensor<8x5xf32>, %p: !p) {
  // expected-error @+1 {{failed to verify that `result` is one matrix, or with a plan one for each expert (experts)}}
  %0 = hash.weight_grad %x, %dy by %p : (tensor<8x6xf32>, tensor<8x5xf32>, !p) -> tensor<5x6x5xf32>
  return
}

// -----

func.func @weight_features(%x: tensor<8x6xf32>, %dy: tensor<8x5xf32>) {
  // expected-error @+1 {{failed to verify that `result` has a row for each feature of `x` and a column for each of `dy` (features)}}
  %0 = hash.weight_grad %x, %dy : (tensor<8x6xf32>, tensor<8x5xf32>) -> tensor<5x6xf32>
  return
}

// -----

func.func @weight_precision(%x: tensor<8x6xf32>, %dy: tensor<8x5xf32>) {
  // expected-error @+1 {{failed to verify that `x`, `dy`, `result` compute in one type (precision)}}
  %0 = hash.weight_grad %x, %dy : (tensor<8x6xf32>, tensor<8x5xf32>) -> tensor<6x5xf64>
  return
}

// -----

func.func @embedding_rows(%i: tensor<4xi32>, %w: tensor<32x6xf32>) {
  // expected-error @+1 {{failed to verify that `ids`, `result` have as many rows (rows)}}
  %0 = hash.embedding %i, %w : (tensor<4xi32>, tensor<32x6xf32>) -> tensor<8x6xf32>
  return
}

// -----

func.func @embedding_features(%i: tensor<8xi32>, %w: tensor<32x6xf32>) {
  // expected-error @+1 {{failed to verify that `weight`, `result` have as many features (features)}}
  %0 = hash.embedding %i, %w : (tensor<8xi32>, tensor<32x6xf32>) -> tensor<8x5xf32>
  return
}

// -----

func.func @embedding_precision(%i: tensor<8xi32>, %w: tensor<32x6xbf16>) {
  // expected-error @+1 {{failed to verify that `weight` are of the type that `result` computes in (precision)}}
  %0 = hash.embedding %i, %w : (tensor<8xi32>, tensor<32x6xbf16>) -> tensor<8x6xbf16>
  return
}

// -----

func.func @gradient_rows(%i: tensor<4xi32>, %dy: tensor<8x6xf32>, %t: tensor<32x6xf32>) {
  // expected-error @+1 {{failed to verify that `ids`, `dy` have as many rows (rows)}}
  %0 = hash.embedding_grad %i, %dy into %t : (tensor<4xi32>, tensor<8x6xf32>, tensor<32x6xf32>) -> tensor<32x6xf32>
  return
}

// -----

func.func @gradient_features(%i: tensor<8xi32>, %dy: tensor<8x5xf32>, %t: tensor<32x6xf32>) {
  // expected-error @+1 {{failed to verify that `dy`, `init` have as many features (features)}}
  %0 = hash.embedding_grad %i, %dy into %t : (tensor<8xi32>, tensor<8x5xf32>, tensor<32x6xf32>) -> tensor<32x6xf32>
  return
}

// -----

func.func @gradient_type(%i: tensor<8xi32>, %dy: tensor<8x6xf32>, %t: tensor<32x6xf32>) {
  // expected-error @+1 {{failed to verify that `init`, `result` have one type (type)}}
  %0 = hash.embedding_grad %i, %dy into %t : (tensor<8xi32>, tensor<8x6xf32>, tensor<32x6xf32>) -> tensor<16x6xf32>
  return
}

// -----

func.func @gradient_precision(%i: tensor<8xi32>, %dy: tensor<8x6xbf16>, %t: tensor<32x6xbf16>) {
  // expected-error @+1 {{failed to verify that `init` are of the type that `dy` computes in (precision)}}
  %0 = hash.embedding_grad %i, %dy into %t
    : (tensor<8xi32>, tensor<8x6xbf16>, tensor<32x6xbf16>) -> tensor<32x6xbf16>
  return
}
