// RUN: hash-opt %s --split-input-file --hash-verify-stage=stage=kernels --verify-diagnostics

// Entry points take buffers and launch kernels; kernels are private and do what they like.
func.func private @kernel(%task: index, %x: memref<4xi64>) {
  hash.library_call "modulo" ins(%x : memref<4xi64>) outs(%x : memref<4xi64>) {config = {divisor = 4 : i64}}
  return
}
func.func @eval_step(%x: memref<4xf32> {hash.arg = #hash.arg<param, "x">}, %a: memref<64xi8> {hash.arg = #hash.arg<arena>}) {
  %c = arith.constant 0 : index
  %v = memref.view %a[%c][] : memref<64xi8> to memref<4xi64>
  hash.launch @kernel tasks 1 (%v) : memref<4xi64>
  return
}

// -----

func.func @eval_step(%x: memref<4xi64> {hash.arg = #hash.arg<plan, "x">}) {
  // expected-error @+1 {{is left in the kernels stage, where an entry point only launches kernels}}
  hash.library_call "modulo" ins(%x : memref<4xi64>) outs(%x : memref<4xi64>) {config = {divisor = 4 : i64}}
  return
}

// -----

// expected-error @+1 {{branches; an entry point is straight-line code}}
func.func @eval_step() {
  llvm.br ^bb1
^bb1:
  return
}

// -----

// expected-error @+1 {{result 0 has no role: the runtime would not know where it goes}}
func.func @eval_step(%x: memref<4xf32> {hash.arg = #hash.arg<param, "x">}) -> memref<4xf32> {
  return %x : memref<4xf32>
}
