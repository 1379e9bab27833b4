// RUN: hash-opt %s -hash-cpu-kernel-pipeline -hash-cpu-llvm-pipeline | FileCheck %s

// Entry points and kernels take arrays of pointers; launches are numbered.

hash.param @w : tensor<64xf32> init zeros

func.func private @double(%task: index, %x: memref<64xf32>) attributes {hash.kernel = {op = "map"}} {
  hash.map reads() at [] outs(%x : memref<64xf32>) at [position] {
  ^bb0(%init: f32):
    %0 = arith.addf %init, %init : f32
    hash.yield %0 : f32
  }
  return
}

func.func @step(%w: memref<64xf32> {hash.arg = #hash.arg<param, "w">},
                %arena: memref<512xi8> {hash.arg = #hash.arg<arena>}) {
  %c256 = arith.constant 256 : index
  %view = memref.view %arena[%c256][] : memref<512xi8> to memref<64xf32>
  hash.launch @double tasks 1 (%w) : memref<64xf32>
  hash.launch @double tasks 1 (%view) : memref<64xf32>
  return
}

// CHECK-NOT: hash.param
// CHECK: llvm.func private @double.task(%{{.*}}: i64, %{{.*}}: !llvm.ptr)
// CHECK: llvm.call @double(
// CHECK: llvm.func private @double(%{{.*}}: i64, %{{.*}}: !llvm.ptr)
// CHECK: llvm.func @hash_entry_step(%{{.*}}: !llvm.ptr)
// CHECK: llvm.call @step(
// CHECK: llvm.func private @step(
// CHECK: %[[FIRST:.*]] = llvm.mlir.addressof @double.task
// CHECK: %[[ID0:.*]] = llvm.mlir.constant(0 : i64)
// CHECK: llvm.call @hash_rt_launch(%[[ID0]], %[[FIRST]],
// CHECK: %[[SECOND:.*]] = llvm.mlir.addressof @double.task
// CHECK: %[[ID1:.*]] = llvm.mlir.constant(1 : i64)
// CHECK: llvm.call @hash_rt_launch(%[[ID1]], %[[SECOND]],
// CHECK: llvm.func @hash_rt_launch(i64, !llvm.ptr, !llvm.ptr, i64)
