// RUN: hash-opt %s --hash-finish-stage=stage=step | FileCheck %s --check-prefix=STEP
// RUN: hash-opt %s --hash-finish-stage=stage=hash | FileCheck %s --check-prefixes=OTHER,HASH
// RUN: hash-opt %s --hash-finish-stage=stage=fused | FileCheck %s --check-prefixes=OTHER,FUSED
// RUN: hash-opt %s --hash-finish-stage=stage=kernels | FileCheck %s --check-prefixes=OTHER,KERNELS
// RUN: not hash-opt %s --hash-finish-stage=stage=done 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: not hash-opt %s --hash-finish-stage 2>&1 | FileCheck %s --check-prefix=EMPTY

// STEP: module attributes {hash.stage = "step"}
// STEP-NOT: @forward
// STEP: func.func @eval_step
// HASH: module attributes {hash.stage = "hash"}
// FUSED: module attributes {hash.stage = "fused"}
// KERNELS: module attributes {hash.stage = "kernels"}
// OTHER: func.func @forward
// NONE: error: there is no stage 'done'; it is hash, step, fused or kernels
// EMPTY: error: there is no stage ''; it is hash, step, fused or kernels
func.func @forward() {
  return
}
func.func @eval_step() {
  return
}
