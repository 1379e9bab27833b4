// Matrix products become tiles that a block of threads computes; what no tile fits stays.
// RUN: hash-opt %s -split-input-file -hash-gpu-lower-tiles | FileCheck %s
// RUN: sed 's/tile_columns = 128/tile_columns = 100/' %s | not hash-opt -split-input-file -hash-gpu-lower-tiles -o /dev/null 2>&1 | FileCheck %s --check-prefix=WIDTH --implicit-check-not="current operation"
// WIDTH: error: tile_columns is 64, 128 or 256, or 0 for what fills the GPU

!plan = !hash.plan<tokens = 100, k = 1, groups = 3, slots = 100>

// Rows are gathered through the plan, by copies that run beside the threads; the body runs on the sums.
module attributes {hash.target = {target = "cuda", vector_bytes = 16 : i64}} {
  // CHECK: llvm.mlir.global internal @grouped_gemm.shared() {addr_space = 3 : i32, {{.*}}alignment = 128
  // CHECK: func.func private @grouped_gemm(
  // CHECK-SAME: passthrough = {{\[\[}}"hash-block-threads", "128"], ["hash-block-tasks", "1"], ["hash-blocks-at-once", "4"], ["hash-launch-shared", "0"]]
  // CHECK: llvm.nvvm.read.ptx.sreg.tid.x
  // CHECK: scf.while
  // CHECK: llvm.nvvm.cp.async.cg.shared.global.16.s
  // CHECK: llvm.nvvm.cp.async.commit.group
  // CHECK: scf.for
  // CHECK-NEXT: %[[PENDING:.*]] = arith.constant 1 : i32
  // CHECK-NEXT: llvm.nvvm.cp.async.wait.group"(%[[PENDING]])
  // CHECK: llvm.nvvm.barrier.cta.sync.aligned.all
  // CHECK: llvm.intr.fma
  // CHECK: scf.yield
  // CHECK: llvm.nvvm.cp.async.wait.group
  // CHECK: llvm.nvvm.barrier.cta.sync.aligned.all
  // CHECK: arith.maximumf
  // CHECK-NOT: hash.grouped_gemm
  func.func private @grouped_gemm(%task: index, %plan: memref<204xi32>, %x: memref<100x64xf32>, %w: memref<3x64x128xf32>,
                                  %y: memref<100x128xf32>) attributes {hash.kernel = {}} {
    hash.grouped_gemm plan(%plan : memref<204xi32>) lhs(%x : memref<100x64xf32>) at [token] rhs(%w : memref<3x64x128xf32>)
        into [0] reads() at [] outs(%y : memref<100x128xf32>) at [position] {
    ^bb0(%acc: f32, %init: f32):
      %zero = arith.constant 0.0 : f32
      %0 = arith.maximumf %acc, %zero : f32
      hash.yield %0 : f32
    } {plan_shape = !plan}
    return
  }
}

// -----

// Tensor cores: bf16 against f32 as tf32, bf16 against bf16 from matrices that are loaded, where needed transposed.
module attributes {hash.target = {target = "cuda", vector_bytes = 16 : i64}} {
  // CHECK-LABEL: func.func private @mixed(
  // CHECK: llvm.nvvm.mma.m16n8k8.row.col.tf32
  func.func private @mixed(%task: index, %x: memref<70x64xbf16>, %w: memref<64x40xf32>, %y: memref<70x40xbf16>)
      attributes {hash.kernel = {}} {
    hash.grouped_gemm lhs(%x : memref<70x64xbf16>) at [token] rhs(%w : memref<64x40xf32>) into [0] reads() at []
        outs(%y : memref<70x40xbf16>) at [position] {
    ^bb0(%acc: f32, %init: f32):
      hash.yield %acc : f32
    }
    return
  }
  // CHECK-LABEL: func.func private @outer(
  // CHECK: llvm.nvvm.ldmatrix.sync.aligned.m8n8.x4.trans.b16
  // CHECK: llvm.nvvm.mma.m16n8k16.row.col.bf16
  func.func private @outer(%task: index, %x: memref<70x64xbf16>, %d: memref<70x40xbf16>, %g: memref<64x40xf32>)
      attributes {hash.kernel = {}} {
    hash.grouped_outer lhs(%x : memref<70x64xbf16>) rhs(%d : memref<70x40xbf16>) at [token, token] reads()
        outs(%g : memref<64x40xf32>) {
    ^bb0(%acc: f32, %init: f32):
      %0 = arith.addf %acc, %init : f32
      hash.yield %0 : f32
    }
    return
  }
}

// -----

// On sm_90a, one warpgroup copies bf16 and two multiply: rows by its threads, boxes of the matrix by the copy engine, where a box has
// rows of one group only. Sums are exchanged through shared memory for the body. Twice as many
// sums are of half as many columns.
module attributes {hash.target = {target = "cuda", arch = "sm_90a", tile_columns = 128 : i64, vector_bytes = 16 : i64}} {
  // CHECK: llvm.mlir.global external @roles_launch_shared() {addr_space = 3 : i32, alignment = 1024
  // CHECK-LABEL: func.func private @roles(
  // CHECK-SAME: ["hash-block-threads", "384"], ["hash-block-tasks", "1"], ["hash-blocks-at-once", "1"], ["hash-launch-shared", "131136"]
  // CHECK-SAME: ["hash-launch-boxes", "1 640 128 64 64 "]
  // CHECK: call @roles.map0() : () -> !llvm.ptr
  // CHECK: llvm.nvvm.mbarrier.init.shared
  // CHECK: llvm.nvvm.fence.mbarrier_init.release.cluster
  // CHECK: llvm.nvvm.barrier.cta.sync.aligned.all
  // CHECK: mbarrier.try_wait.parity
  // CHECK: llvm.nvvm.mbarrier.arrive.expect.tx
  // CHECK-COUNT-2: cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes
  // CHECK: llvm.nvvm.cp.async.cg.shared.global.16.s
  // CHECK: llvm.nvvm.cp.async.wait.group
  // CHECK: fence.proxy.async.shared::cta
  // CHECK: llvm.nvvm.mbarrier.arrive.shared
  // CHECK: } else {
  // CHECK: scf.for
  // CHECK: mbarrier.try_wait.parity
  // CHECK: "wgmma.fence.sync.aligned;"
  // CHECK-COUNT-4: wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16
  // CHECK: llvm.nvvm.wgmma.commit_group.sync.aligned
  // CHECK: "wgmma.wait_group.sync.aligned 1;"
  // CHECK: scf.yield
  // CHECK: "wgmma.wait_group.sync.aligned 0;"
  // CHECK: llvm.nvvm.barrier.cta.sync.aligned.count
  // CHECK: llvm.nvvm.barrier.cta.sync.aligned.all
  // CHECK: arith.maximumf
  func.func private @roles(%task: index, %x: memref<70x640xbf16>, %w: memref<640x128xbf16>, %y: memref<70x128xf32>)
      attributes {hash.kernel = {}} {
    hash.grouped_gemm lhs(%x : memref<70x640xbf16>) at [token] rhs(%w : memref<640x128xbf16>) into [0] reads() at []
        outs(%y : memref<70x128xf32>) at [position] {
    ^bb0(%acc: f32, %init: f32):
      %zero = arith.constant 0.0 : f32
      %0 = arith.maximumf %acc, %zero : f32
      hash.yield %0 : f32
    }
    return
  }
  // CHECK-LABEL: func.func private @ragged(
  // CHECK-NOT: hash-launch-boxes
  // CHECK-NOT: bulk.tensor
  // CHECK: wgmma
  func.func private @ragged(%task: index, %x: memref<70x40xbf16>, %w: memref<40x128xbf16>, %y: memref<70x128xf32>)
      attributes {hash.kernel = {}} {
    hash.grouped_gemm lhs(%x : memref<70x40xbf16>) at [token] rhs(%w : memref<40x128xbf16>) into [0] reads() at []
        outs(%y : memref<70x128xf32>) at [position] {
    ^bb0(%acc: f32, %init: f32):
      hash.yield %acc : f32
    }
    return
  }
  // CHECK-LABEL: func.func private @gate(
  // CHECK-SAME: ["hash-launch-boxes", "1 64 128 64 64 2 64 128 64 64 "]
  // CHECK: wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16
  func.func private @gate(%task: index, %x: memref<70x64xbf16>, %v: memref<64x128xbf16>, %w: memref<64x128xbf16>,
                          %y: memref<70x128xf32>) attributes {hash.kernel = {}} {
    hash.grouped_gemm lhs(%x, %x : memref<70x64xbf16>, memref<70x64xbf16>) at [token, token]
        rhs(%v, %w : memref<64x128xbf16>, memref<64x128xbf16>) into [0, 1] reads() at [] outs(%y : memref<70x128xf32>) at [position] {
    ^bb0(%a: f32, %b: f32, %init: f32):
      %0 = arith.mulf %a, %b : f32
      hash.yield %0 : f32
    }
    return
  }
}

// -----

// Rows of 50 elements are not made of whole copies; f64 has no tiles; the CPU has none at all.
module attributes {hash.target = {target = "cuda", vector_bytes = 16 : i64}} {
  // CHECK-LABEL: func.func private @odd(
  // CHECK: hash.grouped_gemm
  func.func private @odd(%task: index, %x: memref<70x50xf32>, %w: memref<50x40xf32>, %y: memref<70x40xf32>)
      attributes {hash.kernel = {}} {
    hash.grouped_gemm lhs(%x : memref<70x50xf32>) at [token] rhs(%w : memref<50x40xf32>) into [0] reads() at []
        outs(%y : memref<70x40xf32>) at [position] {
    ^bb0(%acc: f32, %init: f32):
      hash.yield %acc : f32
    }
    return
  }
  // CHECK-LABEL: func.func private @wide(
  // CHECK: hash.grouped_gemm
  func.func private @wide(%task: index, %x: memref<70x48xf64>, %w: memref<48x40xf64>, %y: memref<70x40xf64>)
      attributes {hash.kernel = {}} {
    hash.grouped_gemm lhs(%x : memref<70x48xf64>) at [token] rhs(%w : memref<48x40xf64>) into [0] reads() at []
        outs(%y : memref<70x40xf64>) at [position] {
    ^bb0(%acc: f64, %init: f64):
      hash.yield %acc : f64
    }
    return
  }
}

// -----

module attributes {hash.target = {target = "cpu", vector_bytes = 32 : i64}} {
  // CHECK-LABEL: func.func private @cpu(
  // CHECK: hash.grouped_gemm
  func.func private @cpu(%task: index, %x: memref<70x48xf32>, %w: memref<48x40xf32>, %y: memref<70x40xf32>)
      attributes {hash.kernel = {}} {
    hash.grouped_gemm lhs(%x : memref<70x48xf32>) at [token] rhs(%w : memref<48x40xf32>) into [0] reads() at []
        outs(%y : memref<70x40xf32>) at [position] {
    ^bb0(%acc: f32, %init: f32):
      hash.yield %acc : f32
    }
    return
  }
}
