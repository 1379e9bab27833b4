// RUN: hash-opt %s --hash-verify-stage=stage=hash -o /dev/null
// RUN: hash-opt %s --hash-verify-stage=stage=step -o /dev/null
// RUN: not hash-opt %s --hash-verify-stage=stage=fused -o /dev/null 2>&1 | FileCheck %s --check-prefix=FUSED
// RUN: not hash-opt %s --hash-verify-stage=stage=kernels -o /dev/null 2>&1 | FileCheck %s --check-prefix=KERNELS
// RUN: not hash-opt %s --hash-verify-stage=stage=final -o /dev/null 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// RUN: not hash-opt %s --hash-verify-stage -o /dev/null 2>&1 | FileCheck %s --check-prefix=EMPTY
// RUN: sed 's/@forward/@eval_step/' %s | not hash-opt --hash-verify-stage=stage=hash -o /dev/null 2>&1 | FileCheck %s --check-prefix=HASH

// One module against each stage: what is right in one is too early for the next.
// FUSED: verify-stages.mlir:[[#@LINE+6]]:8: error: is left in the fused stage, where it should be a structured op
// KERNELS-DAG: error: takes a 'tensor<4xf32>' in the kernels stage, where all is in buffers
// UNKNOWN: error: there is no stage 'final'; it is hash, step, fused or kernels
// EMPTY: error: there is no stage ''; it is hash, step, fused or kernels
// HASH: error: expects a function @forward, as the frontend emits it
func.func @forward(%x: tensor<4xf32> {hash.arg = #hash.arg<param, "x">}) -> (tensor<4xf32> {hash.arg = #hash.arg<losses>}) {
  %y = math.tanh %x : tensor<4xf32>
  return %y : tensor<4xf32>
}
