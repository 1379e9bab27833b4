// RUN: hash-opt %s --split-input-file --hash-cpu-lower-library-calls --verify-diagnostics | FileCheck %s
// RUN: hash-opt %s --split-input-file --hash-cpu-lower-library-calls --hash-cpu-lower-library-calls --verify-diagnostics | FileCheck %s

// The task's number, the buffers' addresses, and what follows from shapes and settings.
// CHECK-LABEL: func.func private @norm
// CHECK-SAME: (%[[TASK:[a-z0-9]*]]: index, %[[X:[a-z0-9]*]]: memref<8x4xf32>,
// CHECK: %[[NUMBER:.*]] = arith.index_cast %[[TASK]] : index to i64
// CHECK: memref.extract_aligned_pointer_as_index %[[X]]
// CHECK: %[[ADDRESS:.*]] = llvm.inttoptr
// CHECK: arith.constant 8 : i64
// CHECK: arith.constant 4 : i64
// CHECK: arith.constant 1.0{{.*}}e-01 : f64
// CHECK: call @hash_layer_norm_f32(%[[NUMBER]], %[[ADDRESS]],
// CHECK-NEXT: return
func.func private @norm(%task: index, %x: memref<8x4xf32>, %g: memref<4xf32>, %b: memref<4xf32>,
                        %y: memref<8x4xf32>, %m: memref<8xf32>, %r: memref<8xf32>) attributes {hash.kernel = {}} {
  hash.library_call "layer_norm" ins(%x, %g, %b : memref<8x4xf32>, memref<4xf32>, memref<4xf32>)
      outs(%y, %m, %r : memref<8x4xf32>, memref<8xf32>, memref<8xf32>) {config = {eps = 0.1 : f64}}
  return
}

// A gate: the tokens, choices, experts and slots of its plan, its kind, whether it normalises, its scale, and how many tokens a task has.
// CHECK-LABEL: func.func private @gate
// CHECK: %[[TOKENS:.*]] = arith.constant 8 : i64
// CHECK: %[[K:.*]] = arith.constant 2 : i64
// CHECK: %[[EXPERTS:.*]] = arith.constant 4 : i64
// CHECK: %[[SLOTS:.*]] = arith.constant 12 : i64
// CHECK: %[[KIND:.*]] = arith.constant 1 : i64
// CHECK: %[[NORMALIZE:.*]] = arith.constant 0 : i64
// CHECK: %[[SCALE:.*]] = arith.constant 2.5{{.*}} : f64
// CHECK: call @hash_gate_f64({{.*}}, %[[TOKENS]], %[[K]], %[[EXPERTS]], %[[SLOTS]], %[[KIND]], %[[NORMALIZE]], %[[SCALE]], %{{.*}})
// CHECK-NEXT: return
func.func private @gate(%task: index, %z: memref<8x4xf64>, %p: memref<33xi32>, %w: memref<12xf64>) attributes {hash.kernel = {}} {
  hash.library_call "gate" ins(%z, %p : memref<8x4xf64>, memref<33xi32>) outs(%w : memref<12xf64>)
      {config = {kind = 1 : i32, scale = 2.5 : f64}, plan_shape = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 12>}
  return
}

// An entry point is no kernel: its calls stay until they are outlined.
// CHECK-LABEL: func.func @step
// CHECK: hash.library_call "modulo"
func.func @step(%x: memref<8xi64>, %y: memref<8xi64>) {
  hash.library_call "modulo" ins(%x : memref<8xi64>) outs(%y : memref<8xi64>) {config = {divisor = 4 : i64}}
  return
}

// A function of the library is declared once, private, after the kernels.
// CHECK: func.func private @hash_layer_norm_f32(i64, !llvm.ptr,

// -----

func.func private @unknown(%task: index, %x: memref<4xf32>, %y: memref<8x4xf32>) attributes {hash.kernel = {}} {
  // expected-error @+1 {{the CPU's kernel library has no 'broadcast'}}
  hash.library_call "broadcast" ins(%x : memref<4xf32>) outs(%y : memref<8x4xf32>) {config = {}}
  return
}
