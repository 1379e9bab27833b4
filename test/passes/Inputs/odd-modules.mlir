// Modules that no pass was written for: none may crash on them.

// Declarations without code.
module { func.func private @forward(%x: tensor<4xf32>) 
 func.func private @grad_step(%x: tensor<4xf32>) 
 func.func private @eval_step(%x: tensor<4xf32>) -> tensor<4xf32>  }

// -----

// Arguments without roles.
func.func @forward(%x: tensor<4x4xf32>, %w: tensor<4x4xf32>) -> tensor<4x4xf32> { 
  %y = hash.matmul %x, %w : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  %z = math.tanh %y : tensor<4x4xf32>
  return %z : tensor<4x4xf32> }
func.func @grad_step(%x: tensor<4x4xf32>) -> tensor<4x4xf32> { return %x : tensor<4x4xf32> }
func.func @eval_step(%x: tensor<4x4xf32>) -> tensor<4x4xf32> { %a = math.exp %x : tensor<4x4xf32> return %a : tensor<4x4xf32> }

// -----

// A model that branches.
func.func @forward(%x: tensor<4x4xf32> {hash.arg = #hash.arg<param, "x">}, %c: i1) -> (tensor<4x4xf32> {hash.arg = #hash.arg<losses>}) { 
  %w = math.exp %x : tensor<4x4xf32>
  llvm.cond_br %c, ^bb1, ^bb2
^bb1:
  %y = math.tanh %w : tensor<4x4xf32>
  return %y : tensor<4x4xf32>
^bb2:
  %z = math.sin %w : tensor<4x4xf32>
  return %z : tensor<4x4xf32> }

// -----

// An entry point that branches.
func.func @grad_step(%x: tensor<4x4xf32> {hash.arg = #hash.arg<param, "x">}, %c: i1) -> (tensor<4x4xf32> {hash.arg = #hash.arg<losses>}) { 
  %w = math.exp %x : tensor<4x4xf32>
  llvm.cond_br %c, ^bb1, ^bb2
^bb1:
  %y = math.tanh %w : tensor<4x4xf32>
  return %y : tensor<4x4xf32>
^bb2:
  %z = math.sin %w : tensor<4x4xf32>
  return %z : tensor<4x4xf32> }

// -----

// Types that no entry point has.
func.func @forward(%x: f32 {hash.arg = #hash.arg<param, "x">}, %y: vector<4xf32>, %m: memref<4xf32>, %d: tensor<?xf32>, %u: tensor<*xf32>, %t: tensor<f32> {hash.arg = #hash.arg<param, "t">}, %tok : tensor<4xi32> {hash.arg = #hash.arg<tokens>}) -> (f32 {hash.arg = #hash.arg<losses>}, tensor<?xf32>) {
  %a = arith.addf %x, %x : f32
  %b = arith.addf %d, %d : tensor<?xf32>
  %c = math.exp %u : tensor<*xf32>
  %e = math.exp %t : tensor<f32>
  return %a, %b : f32, tensor<?xf32> }
func.func @f(%x: tensor<?xf32>) -> tensor<?xf32> { %a = math.exp %x : tensor<?xf32> return %a : tensor<?xf32> }

// -----

// A shape that is not known.
func.func @grad_step(%x: tensor<?x4xf32> {hash.arg = #hash.arg<param, "x">}) -> (tensor<?x4xf32> {hash.arg = #hash.arg<losses>}) {
  %b = arith.addf %x, %x : tensor<?x4xf32>
  return %b : tensor<?x4xf32> }

// -----

// Calls, loops, constants.
func.func private @g(%x: tensor<4xf32>) -> tensor<4xf32>
func.func @grad_step(%x: tensor<4xf32> {hash.arg = #hash.arg<param, "x">}) -> (tensor<4xf32> {hash.arg = #hash.arg<losses>}) {
  %c = arith.constant 1 : index
  %d = arith.constant dense<[1.0,2.0,3.0,4.0]> : tensor<4xf32>
  %e = arith.constant dense<1.0> : tensor<4xf32>
  %b = func.call @g(%x) : (tensor<4xf32>) -> tensor<4xf32>
  %s = scf.for %i = %c to %c step %c iter_args(%z = %b) -> tensor<4xf32> { %q = math.exp %z : tensor<4xf32> scf.yield %q : tensor<4xf32> }
  return %s : tensor<4xf32> }

// -----

// The same as a model.
func.func private @g(%x: tensor<4xf32>) -> tensor<4xf32>
func.func @forward(%x: tensor<4xf32> {hash.arg = #hash.arg<param, "x">}) -> (tensor<4xf32> {hash.arg = #hash.arg<losses>}) {
  %c = arith.constant 1 : index
  %d = arith.constant dense<[1.0,2.0,3.0,4.0]> : tensor<4xf32>
  %e = arith.constant dense<1.0> : tensor<4xf32>
  %b = func.call @g(%x) : (tensor<4xf32>) -> tensor<4xf32>
  %s = scf.for %i = %c to %c step %c iter_args(%z = %b) -> tensor<4xf32> { %q = math.exp %z : tensor<4xf32> scf.yield %q : tensor<4xf32> }
  return %s : tensor<4xf32> }

// -----

// An op that the dialect does not know.
func.func @grad_step(%x: tensor<4xf32> {hash.arg = #hash.arg<param, "x">}) -> (tensor<4xf32> {hash.arg = #hash.arg<losses>}) {
  %c = arith.constant 1 : index
  %f = arith.constant 1.0 : f32
  %s = tensor.splat %f : tensor<4xf32>
  return %s : tensor<4xf32> }

// -----

// What nothing wrote is returned.
func.func @grad_step(%x: tensor<4xf32> {hash.arg = #hash.arg<param, "x">}) -> (tensor<4xf32> {hash.arg = #hash.arg<losses>}, tensor<4xf32> {hash.arg = #hash.arg<param, "x">}, tensor<4xf32>) {
  %s = tensor.empty() : tensor<4xf32>
  return %s, %x, %x : tensor<4xf32>, tensor<4xf32>, tensor<4xf32> }

// -----

// Functions that do nothing.
func.func @forward() { return }
func.func @grad_step() { return }
func.func @eval_step() { return }
func.func @update() { return }

// -----

// Nothing.
module {}

// -----

// A kernel that is none, and launches of what is not there.
func.func private @kernel(%task: index, %x: memref<4xf32>) attributes {hash.kernel = {}} {
  return
}
func.func @step(%x: memref<4xf32>) {
  hash.launch @kernel tasks 1 (%x) : memref<4xf32>
  hash.library_call "reduce_rows" ins(%x : memref<4xf32>) outs(%x : memref<4xf32>) {config = {}}
  return
}
