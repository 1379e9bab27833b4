// RUN: hash-opt %s --split-input-file --hash-outline-kernels --verify-diagnostics | FileCheck %s
// RUN: sed '/^.. -----/,$d' %s | hash-opt --hash-outline-kernels --hash-outline-kernels | FileCheck %s --check-prefix=TWICE
// RUN: hash-opt %S/Inputs/two-modules.mlir --pass-pipeline='builtin.module(builtin.module(hash-outline-kernels))' | FileCheck %s --check-prefix=MODULES
// Each module has kernels of its own, though their ops are alike.
// MODULES: module @a
// MODULES: hash.launch @map tasks
// MODULES: func.func private @map(
// MODULES: module @b
// MODULES: hash.launch @map tasks
// MODULES: func.func private @map(

!m = memref<8x4xf32>

// Ops of one shape are one kernel, launched on each op's own buffers; the same buffer
// twice is another kernel, because it is one argument. What an op is and costs is on
// its kernel, next to its settings and its plan.
// CHECK-LABEL: func.func @grad_step
// CHECK-SAME: (%[[X:.*]]: memref<8x4xf32>, %[[Y:.*]]: memref<8x4xf32>, %[[Z:.*]]: memref<8x4xf32>, %[[P:.*]]: memref<19xi32>, %[[S:.*]]: memref<4xf32>)
// CHECK-NEXT: hash.launch @map tasks 1(%[[X]], %[[Y]], %[[Z]]) : memref<8x4xf32>, memref<8x4xf32>, memref<8x4xf32>
// CHECK-NEXT: hash.launch @map tasks 1(%[[Y]], %[[Z]], %[[X]])
// CHECK-NEXT: hash.launch @map_0 tasks 1(%[[X]], %[[Y]]) : memref<8x4xf32>, memref<8x4xf32>
// CHECK-NEXT: hash.launch @map_1 tasks 1(%[[P]], %[[X]], %[[Y]])
// CHECK-NEXT: hash.launch @reduce_rows tasks 1(%[[X]], %[[S]])
// CHECK-NEXT: return
// CHECK-LABEL: func.func private @map(
// CHECK-SAME: %{{.*}}: index, %[[A:.*]]: memref<8x4xf32>, %[[B:.*]]: memref<8x4xf32>, %[[C:.*]]: memref<8x4xf32>) attributes {hash.kernel = {bytes = 0 : i64, flops = 0 : i64, op = "map"}}
// CHECK: hash.map reads(%[[A]], %[[B]] : {{.*}} outs(%[[C]] :
// CHECK-LABEL: func.func private @map_0(
// CHECK: hash.map reads(%[[A:.*]], %[[A]] : {{.*}} outs(%{{.*}} :
// CHECK-LABEL: func.func private @map_1(
// CHECK-SAME: hash.kernel = {bytes = 0 : i64, flops = 0 : i64, op = "map", plan = !hash.plan<tokens = 8, k = 1, groups = 2, slots = 8>}
// CHECK-LABEL: func.func private @reduce_rows(
// CHECK-SAME: hash.kernel = {bytes = 0 : i64, config = {chunk = 2 : i64}, flops = 0 : i64, op = "reduce_rows"}
// TWICE-COUNT-5: hash.launch
// TWICE-NOT: hash.launch
func.func @grad_step(%x: !m, %y: !m, %z: !m, %p: memref<19xi32>, %s: memref<4xf32>) {
  hash.map reads(%x, %y : !m, !m) at [position, position] outs(%z : !m) at [position] {
  ^bb0(%v: f32, %u: f32, %i: f32):
    %t = arith.addf %v, %u : f32
    hash.yield %t : f32
  }
  hash.map reads(%y, %z : !m, !m) at [position, position] outs(%x : !m) at [position] {
  ^bb0(%v: f32, %u: f32, %i: f32):
    %t = arith.addf %v, %u : f32
    hash.yield %t : f32
  }
  hash.map reads(%x, %x : !m, !m) at [position, position] outs(%y : !m) at [position] {
  ^bb0(%v: f32, %u: f32, %i: f32):
    %t = arith.addf %v, %u : f32
    hash.yield %t : f32
  }
  hash.map plan(%p : memref<19xi32>) reads(%x : !m) at [token] outs(%y : !m) at [position] {
  ^bb0(%v: f32, %i: f32):
    hash.yield %v : f32
  } {plan_shape = !hash.plan<tokens = 8, k = 1, groups = 2, slots = 8>}
  hash.library_call "reduce_rows" ins(%x : !m) outs(%s : memref<4xf32>) {config = {chunk = 2 : i64}}
  return
}

// -----

// A body that computes something else, or a call with other settings, is another
// kernel; private functions are kernels already.
// CHECK-LABEL: func.func @eval_step
// CHECK-NEXT: hash.launch @map tasks
// CHECK-NEXT: hash.launch @map_0 tasks
// CHECK-NEXT: hash.launch @reduce_rows tasks
// CHECK-NEXT: hash.launch @reduce_rows_1 tasks
// CHECK-LABEL: func.func private @inner
// CHECK-NEXT: hash.library_call
func.func @eval_step(%x: memref<8x4xf32>, %s: memref<4xf32>) {
  hash.map reads(%x : memref<8x4xf32>) at [position] outs(%x : memref<8x4xf32>) at [position] {
  ^bb0(%v: f32, %i: f32):
    %t = math.tanh %v : f32
    hash.yield %t : f32
  }
  hash.map reads(%x : memref<8x4xf32>) at [position] outs(%x : memref<8x4xf32>) at [position] {
  ^bb0(%v: f32, %i: f32):
    %t = math.exp %v : f32
    hash.yield %t : f32
  }
  hash.library_call "reduce_rows" ins(%x : memref<8x4xf32>) outs(%s : memref<4xf32>) {config = {chunk = 2 : i64}}
  hash.library_call "reduce_rows" ins(%x : memref<8x4xf32>) outs(%s : memref<4xf32>) {config = {chunk = 4 : i64}}
  return
}
func.func private @inner(%x: memref<8x4xf32>, %s: memref<4xf32>) {
  hash.library_call "reduce_rows" ins(%x : memref<8x4xf32>) outs(%s : memref<4xf32>) {config = {}}
  return
}

// -----

func.func @eval_step(%x: tensor<8x4xf32>, %e: tensor<8x4xf32>) -> tensor<8x4xf32> {
  // expected-error @+1 {{is on tensors; hash-plan-memory puts it on buffers}}
  %a = hash.map reads(%x : tensor<8x4xf32>) at [position] outs(%e : tensor<8x4xf32>) at [position] {
  ^bb0(%v: f32, %i: f32):
    hash.yield %v : f32
  } -> tensor<8x4xf32>
  return %a : tensor<8x4xf32>
}
