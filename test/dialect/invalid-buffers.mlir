// RUN: hash-opt %s --verify-diagnostics --split-input-file

// Calls and launches that break a constraint.

func.func @callee_gelu(%x: memref<8x6xf32>) {
  // expected-error @+1 {{'gelu' is no named op of this dialect (callee)}}
  hash.library_call "gelu" ins(%x : memref<8x6xf32>) outs(%x : memref<8x6xf32>) {config = {}}
  return
}

// -----

func.func @callee_map(%x: memref<8x6xf32>) {
  // expected-error @+1 {{'map' is no named op of this dialect (callee)}}
  hash.library_call "map" ins(%x : memref<8x6xf32>) outs(%x : memref<8x6xf32>) {config = {}}
  return
}

// -----

func.func @callee_yield(%x: memref<8x6xf32>) {
  // expected-error @+1 {{'yield' is no named op of this dialect (callee)}}
  hash.library_call "yield" ins(%x : memref<8x6xf32>) outs(%x : memref<8x6xf32>) {config = {}}
  return
}

// -----

func.func @callee_param(%x: memref<8x6xf32>) {
  // expected-error @+1 {{'param' is no named op of this dialect (callee)}}
  hash.library_call "param" ins(%x : memref<8x6xf32>) outs(%x : memref<8x6xf32>) {config = {}}
  return
}

// -----

func.func @callee_launch(%x: memref<8x6xf32>) {
  // expected-error @+1 {{'launch' is no named op of this dialect (callee)}}
  hash.library_call "launch" ins(%x : memref<8x6xf32>) outs(%x : memref<8x6xf32>) {config = {}}
  return
}

// -----

func.func @callee_library_call(%x: memref<8x6xf32>) {
  // expected-error @+1 {{'library_call' is no named op of this dialect (callee)}}
  hash.library_call "library_call" ins(%x : memref<8x6xf32>) outs(%x : memref<8x6xf32>) {config = {}}
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 1, groups = 4, slots = 8>
func.func @plan_missing(%x: memref<8x6xf32>, %p: memref<20xi32>, %y: memref<4x6xf32>) {
  // expected-error @+1 {{one buffer has the 21 words of its plan, not 0 (plan)}}
  hash.library_call "reduce_rows" ins(%x, %p : memref<8x6xf32>, memref<20xi32>) outs(%y : memref<4x6xf32>) {config = {}, plan_shape = !p}
  return
}

// -----

!p = !hash.plan<tokens = 8, k = 1, groups = 4, slots = 8>
func.func @plan_twice(%p: memref<21xi32>) {
  // expected-error @+1 {{one buffer has the 21 words of its plan, not 3 (plan)}}
  hash.library_call "plan" ins(%p, %p : memref<21xi32>, memref<21xi32>) outs(%p : memref<21xi32>) {config = {}, plan_shape = !p}
  return
}

// -----

// What the op itself says of these shapes.
func.func @op_shape(%x: memref<8x6xf32>, %i: memref<4xi32>, %w: memref<32x6xf32>) {
  // expected-error @+1 {{'hash.embedding' op failed to verify that `ids`, `result` have as many rows (rows)}}
  hash.library_call "embedding" ins(%i, %w : memref<4xi32>, memref<32x6xf32>) outs(%x : memref<8x6xf32>) {config = {}}
  return
}

// -----

// ... (op): it has an operand less than it needs.
func.func @op_count(%x: memref<8x6xf32>, %w: memref<32x6xf32>) {
  // expected-error @+1 {{'hash.embedding' op expected 2 operands, but found 1}}
  hash.library_call "embedding" ins(%w : memref<32x6xf32>) outs(%x : memref<8x6xf32>) {config = {}}
  return
}

// -----

// An update in place is among the outs, not among the ins.
func.func @op_tied(%i: memref<8xi32>, %x: memref<8x6xf32>, %w: memref<32x6xf32>) {
  // expected-error @+1 {{'hash.embedding_grad' op expected 3 operands, but found 4}}
  hash.library_call "embedding_grad" ins(%i, %x, %w : memref<8xi32>, memref<8x6xf32>, memref<32x6xf32>) outs(%w : memref<32x6xf32>) {config = {}}
  return
}

// -----

func.func @op_results(%x: memref<8x6xf32>) {
  // expected-error @+1 {{'hash.splat' op requires one result}}
  hash.library_call "splat" ins(%x : memref<8x6xf32>) outs() {config = {}}
  return
}

// -----

// A plan is no matrix.
!p = !hash.plan<tokens = 8, k = 1, groups = 4, slots = 8>
func.func @op_plan(%x: memref<8x6xf32>, %p: memref<21xi32>) {
  // expected-error @+1 {{'hash.dispatch' op operand #1 must be which rows go to which expert, but got 'tensor<21xi32>'}}
  hash.library_call "dispatch" ins(%x, %p : memref<8x6xf32>, memref<21xi32>) outs(%x : memref<8x6xf32>) {config = {}}
  return
}

// -----

func.func @op_config(%x: memref<8x6xf32>, %s: memref<1xi64>) {
  // expected-error @+1 {{attribute 'rate' failed to satisfy constraint: 64-bit float attribute whose value is at least 0 and below 1}}
  hash.library_call "dropout" ins(%x, %s : memref<8x6xf32>, memref<1xi64>) outs(%x : memref<8x6xf32>) {config = {rate = 1.0 : f64, stream = 0 : i64}}
  return
}

// -----

func.func @op_missing(%x: memref<8x6xf32>, %s: memref<1xi64>) {
  // expected-error @+1 {{'hash.dropout' op requires attribute 'stream'}}
  hash.library_call "dropout" ins(%x, %s : memref<8x6xf32>, memref<1xi64>) outs(%x : memref<8x6xf32>) {config = {rate = 0.5 : f64}}
  return
}

// -----

func.func @dynamic(%x: memref<?xf32>) {
  // expected-error @+1 {{must be variadic of buffer of known shape}}
  hash.library_call "global_norm" ins(%x : memref<?xf32>) outs() {config = {}}
  return
}

// -----

func.func @unknown(%x: memref<8xf32>, %y: memref<4xf32>) {
  // expected-error @+1 {{'other' is no function of this module (kernel)}}
  hash.launch @other tasks 1 (%x) : memref<8xf32>
  return
}
func.func private @kernel(%task: index, %x: memref<8xf32>) {
  return
}

// -----

func.func @no_function(%x: memref<8xf32>, %y: memref<4xf32>) {
  // expected-error @+1 {{'p' is no function of this module (kernel)}}
  hash.launch @p tasks 1 (%x) : memref<8xf32>
  return
}
hash.param @p : tensor<8xf32> init zeros

// -----

func.func @buffers(%x: memref<8xf32>, %y: memref<4xf32>) {
  // expected-error @+1 {{launches a kernel of type '(index, memref<4xf32>) -> ()' (buffers)}}
  hash.launch @kernel tasks 1 (%y) : memref<4xf32>
  return
}
// expected-note @+1 {{'kernel' is of type '(index, memref<8xf32>) -> ()'}}
func.func private @kernel(%task: index, %x: memref<8xf32>) {
  return
}

// -----

func.func @fewer(%x: memref<8xf32>, %y: memref<4xf32>) {
  // expected-error @+1 {{launches a kernel of type '(index) -> ()' (buffers)}}
  hash.launch @kernel tasks 1 ()
  return
}
// expected-note @+1 {{'kernel' is of type '(index, memref<8xf32>) -> ()'}}
func.func private @kernel(%task: index, %x: memref<8xf32>) {
  return
}

// -----

func.func @returns(%x: memref<8xf32>, %y: memref<4xf32>) {
  // expected-error @+1 {{launches a kernel of type '(index) -> ()' (buffers)}}
  hash.launch @kernel tasks 1 ()
  return
}
// expected-note @+1 {{'kernel' is of type '(index) -> index'}}
func.func private @kernel(index) -> index

// -----

func.func @tasks(%x: memref<8xf32>, %y: memref<4xf32>) {
  // expected-error @+1 {{attribute 'tasks' failed to satisfy constraint: 64-bit signless integer attribute whose value is positive}}
  hash.launch @kernel tasks 0 (%x) : memref<8xf32>
  return
}
func.func private @kernel(%task: index, %x: memref<8xf32>) {
  return
}
