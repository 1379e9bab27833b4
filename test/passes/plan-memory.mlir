// RUN: hash-opt %s --hash-plan-memory --remarks-filter=hash-plan-memory --remark-format=emitRemark -o - 2>%t.err | FileCheck %s
// RUN: FileCheck %s --check-prefix=REMARK < %t.err
// RUN: hash-opt %s --hash-plan-memory=reuse=false | FileCheck %s --check-prefix=APART
// RUN: not hash-opt %s --hash-plan-memory --hash-plan-memory 2>&1 | FileCheck %s --check-prefix=TWICE

// TWICE: error: argument 0 is a buffer already; hash-plan-memory runs once

// A map may write over what it reads at the same element and nobody reads later; the
// last value ends in the buffer of the result.
// CHECK-LABEL: func.func @in_place
// CHECK-SAME: (%[[X:.*]]: memref<8x4xf32> {hash.arg = #hash.arg<param, "x">}, %[[Y:.*]]: memref<8x4xf32> {hash.arg = #hash.arg<logits>}, %[[ARENA:.*]]: memref<128xi8> {hash.arg = #hash.arg<arena>})
// CHECK-NEXT: %[[C0:.*]] = arith.constant 0 : index
// CHECK-NEXT: %[[A:.*]] = memref.view %[[ARENA]][%[[C0]]][] : memref<128xi8> to memref<8x4xf32>
// CHECK-NOT: memref.view
// CHECK: hash.map reads(%[[X]] : {{.*}}) {{.*}} outs(%[[A]] : {{.*}})
// CHECK: hash.map reads(%[[A]] : {{.*}}) {{.*}} outs(%[[A]] : {{.*}})
// CHECK: hash.map reads(%[[A]], %[[X]] : {{.*}}) {{.*}} outs(%[[Y]] : {{.*}})
// CHECK: return{{$}}
// REMARK-DAG: up needs the most: 128 bytes live, arena of 128
// APART-LABEL: func.func @in_place
// APART-SAME: %[[ARENA:[a-z0-9]*]]: memref<256xi8>
// APART: memref.view %[[ARENA]][%c0][]
// APART: memref.view %[[ARENA]][%c128][]
func.func @in_place(%x: tensor<8x4xf32> {hash.arg = #hash.arg<param, "x">}) -> (tensor<8x4xf32> {hash.arg = #hash.arg<logits>}) {
  %e = tensor.empty() : tensor<8x4xf32>
  %a = hash.map reads(%x : tensor<8x4xf32>) at [position] outs(%e : tensor<8x4xf32>) at [position] {
  ^bb0(%v: f32, %i: f32):
    %s = math.tanh %v : f32
    hash.yield %s : f32
  } -> tensor<8x4xf32> loc("up")
  %b = hash.map reads(%a : tensor<8x4xf32>) at [position] outs(%e : tensor<8x4xf32>) at [position] {
  ^bb0(%v: f32, %i: f32):
    %s = math.exp %v : f32
    hash.yield %s : f32
  } -> tensor<8x4xf32> loc("up")
  %c = hash.map reads(%b, %x : tensor<8x4xf32>, tensor<8x4xf32>) at [position, position] outs(%e : tensor<8x4xf32>) at [position] {
  ^bb0(%v: f32, %u: f32, %i: f32):
    %s = arith.addf %v, %u : f32
    hash.yield %s : f32
  } -> tensor<8x4xf32>
  return %c : tensor<8x4xf32>
}

// A value that is read later keeps its place, and so does one that is read by another
// row than the one written: both live with the product. Values whose lifetimes do not
// meet share a place: the last one takes the first one's.
// CHECK-LABEL: func.func @lifetimes
// CHECK-SAME: %[[ARENA:[a-z0-9]*]]: memref<384xi8>
// CHECK: %[[C0:.*]] = arith.constant 0 : index
// CHECK-NEXT: %[[A:.*]] = memref.view %[[ARENA]][%[[C0]]][]
// CHECK-NEXT: %[[C128:.*]] = arith.constant 128 : index
// CHECK-NEXT: %[[B:.*]] = memref.view %[[ARENA]][%[[C128]]][]
// CHECK-NEXT: %[[C256:.*]] = arith.constant 256 : index
// CHECK-NEXT: %[[C:.*]] = memref.view %[[ARENA]][%[[C256]]][]
// CHECK-NEXT: %[[AGAIN:.*]] = arith.constant 0 : index
// CHECK-NEXT: %[[D:.*]] = memref.view %[[ARENA]][%[[AGAIN]]][]
// CHECK: hash.map {{.*}} outs(%[[A]] :
// CHECK: hash.map {{.*}} reads(%[[A]] : {{.*}}) at [token] outs(%[[B]] :
// CHECK: hash.grouped_gemm {{.*}} lhs(%[[B]] : {{.*}} outs(%[[C]] :
// CHECK: hash.library_call "reduce_rows" ins(%[[A]] : memref<8x4xf32>)
// CHECK: hash.map {{.*}} reads(%[[C]] : {{.*}}) at [position] outs(%[[D]] :
// APART-LABEL: func.func @lifetimes
// APART-SAME: memref<512xi8>
!p = !hash.plan<tokens = 8, k = 1, groups = 2, slots = 8>
func.func @lifetimes(%x: tensor<8x4xf32> {hash.arg = #hash.arg<param, "x">}, %w: tensor<2x4x4xf32> {hash.arg = #hash.arg<param, "w">},
    %p: !p {hash.arg = #hash.arg<plan, "plan0">}) -> (tensor<4xf32> {hash.arg = #hash.arg<losses, "b">}, tensor<4xf32> {hash.arg = #hash.arg<losses>}) {
  %e = tensor.empty() : tensor<8x4xf32>
  %a = hash.map reads(%x : tensor<8x4xf32>) at [position] outs(%e : tensor<8x4xf32>) at [position] {
  ^bb0(%v: f32, %i: f32):
    %s = math.tanh %v : f32
    hash.yield %s : f32
  } -> tensor<8x4xf32>
  %b = hash.map plan(%p : !p) reads(%a : tensor<8x4xf32>) at [token] outs(%e : tensor<8x4xf32>) at [position] {
  ^bb0(%v: f32, %i: f32):
    hash.yield %v : f32
  } -> tensor<8x4xf32>
  %c = hash.grouped_gemm plan(%p : !p) lhs(%b : tensor<8x4xf32>) at [position] rhs(%w : tensor<2x4x4xf32>) into [0]
      reads() at [] outs(%e : tensor<8x4xf32>) at [position] {
  ^bb0(%acc: f32, %i: f32):
    hash.yield %acc : f32
  } -> tensor<8x4xf32>
  %r = hash.reduce_rows %a : (tensor<8x4xf32>) -> tensor<4xf32>
  %d = hash.map plan(%p : !p) reads(%c : tensor<8x4xf32>) at [position] outs(%e : tensor<8x4xf32>) at [slot] {
  ^bb0(%v: f32, %i: f32):
    hash.yield %v : f32
  } -> tensor<8x4xf32>
  %s = hash.reduce_rows %d : (tensor<8x4xf32>) -> tensor<4xf32>
  return %r, %s : tensor<4xf32>, tensor<4xf32>
}

// A result with an argument's role is that argument's buffer. Named ops become calls:
// what they update in place is an out only, their attributes are kept.
// CHECK-LABEL: func.func @update
// CHECK-SAME: (%[[W:.*]]: memref<4xf32> {hash.arg = #hash.arg<param, "w">}, %[[G:.*]]: memref<4xf32> {hash.arg = #hash.arg<grad, "w">}, %[[M:.*]]: memref<4xf32> {{.*}}, %[[V:.*]]: memref<4xf32> {{.*}}, %[[H:.*]]: memref<4xf64> {{.*}}, %[[N:.*]]: memref<1xf64> {hash.arg = #hash.arg<norm>}, %{{.*}}: memref<0xi8>
// CHECK-NEXT: hash.library_call "global_norm" ins(%[[G]] : memref<4xf32>) outs(%[[N]] : memref<1xf64>)
// CHECK-NEXT: hash.library_call "adamw" ins(%[[H]], %[[N]] : memref<4xf64>, memref<1xf64>) outs(%[[W]], %[[G]], %[[M]], %[[V]] :
// CHECK-SAME: config = {beta1 = 9.0
// CHECK-NEXT: return{{$}}
func.func @update(%w: tensor<4xf32> {hash.arg = #hash.arg<param, "w">}, %g: tensor<4xf32> {hash.arg = #hash.arg<grad, "w">},
    %m: tensor<4xf32> {hash.arg = #hash.arg<moment1, "w">}, %v: tensor<4xf32> {hash.arg = #hash.arg<moment2, "w">}, %h: tensor<4xf64> {hash.arg = #hash.arg<hyper>})
    -> (tensor<4xf32> {hash.arg = #hash.arg<param, "w">}, tensor<4xf32> {hash.arg = #hash.arg<grad, "w">},
        tensor<4xf32> {hash.arg = #hash.arg<moment1, "w">}, tensor<4xf32> {hash.arg = #hash.arg<moment2, "w">}, tensor<1xf64> {hash.arg = #hash.arg<norm>}) {
  %n = hash.global_norm %g : (tensor<4xf32>) -> tensor<1xf64>
  %a:4 = hash.adamw %w, %g, %m, %v, %h, %n {beta1 = 0.9 : f64, beta2 = 0.9 : f64, eps = 0.1 : f64, weight_decay = 0.0 : f64}
      : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf64>, tensor<1xf64>)
      -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)
  return %a#0, %a#1, %a#2, %a#3, %n : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<1xf64>
}

// An activation that is updated and read later is copied first.
// CHECK-LABEL: func.func @copied
// CHECK-SAME: %[[IDS:.*]]: memref<8xi32> {{.*}}, %[[X:.*]]: memref<8x4xf32> {{.*}}, %[[R:.*]]: memref<4xf32> {{.*}}, %[[S:.*]]: memref<4xf32> {{.*}}, %[[ARENA:.*]]: memref<512xi8>
// CHECK: hash.map reads() {{.*}} outs(%[[ZERO:.*]] : memref<16x4xf32>) at [position] {
// CHECK: hash.map reads(%[[ZERO]] : memref<16x4xf32>) {{.*}} outs(%[[COPY:.*]] : memref<16x4xf32>)
// CHECK: hash.library_call "embedding_grad" ins(%[[IDS]], %[[X]] : {{.*}}) outs(%[[COPY]] :
// CHECK: hash.library_call "reduce_rows" ins(%[[ZERO]] :
// REMARK-DAG: what table updates is read later and copied
func.func @copied(%ids: tensor<8xi32> {hash.arg = #hash.arg<tokens>}, %x: tensor<8x4xf32> {hash.arg = #hash.arg<param, "x">})
    -> (tensor<4xf32> {hash.arg = #hash.arg<losses, "b">}, tensor<4xf32> {hash.arg = #hash.arg<losses>}) {
  %zero = arith.constant dense<0.0> : tensor<16x4xf32>
  %g = hash.embedding_grad %ids, %x into %zero : (tensor<8xi32>, tensor<8x4xf32>, tensor<16x4xf32>) -> tensor<16x4xf32> loc("table")
  %r = hash.reduce_rows %zero : (tensor<16x4xf32>) -> tensor<4xf32>
  %s = hash.reduce_rows %g : (tensor<16x4xf32>) -> tensor<4xf32>
  return %r, %s : tensor<4xf32>, tensor<4xf32>
}

// One value under two roles is written once and copied once; what is returned as it
// came in is copied too.
// CHECK-LABEL: func.func @returned_twice
// CHECK-SAME: (%[[X:.*]]: memref<4xf32> {hash.arg = #hash.arg<param, "x">}, %[[A:.*]]: memref<4xf32> {hash.arg = #hash.arg<losses>}, %[[B:.*]]: memref<4xf32> {hash.arg = #hash.arg<losses, "b">}, %[[C:.*]]: memref<4xf32> {hash.arg = #hash.arg<losses, "c">},
// CHECK: hash.library_call "broadcast" ins(%[[X]] : memref<4xf32>) outs(%[[M:.*]] : memref<8x4xf32>)
// CHECK: hash.library_call "reduce_rows" ins(%[[M]] : memref<8x4xf32>) outs(%[[A]] : memref<4xf32>)
// CHECK: hash.map reads(%[[A]] : memref<4xf32>) at [position] outs(%[[B]] : memref<4xf32>)
// CHECK: hash.map reads(%[[X]] : memref<4xf32>) at [position] outs(%[[C]] : memref<4xf32>)
// REMARK-DAG: a result of sum is made elsewhere and copied
func.func @returned_twice(%x: tensor<4xf32> {hash.arg = #hash.arg<param, "x">})
    -> (tensor<4xf32> {hash.arg = #hash.arg<losses>}, tensor<4xf32> {hash.arg = #hash.arg<losses, "b">}, tensor<4xf32> {hash.arg = #hash.arg<losses, "c">}) {
  %b = hash.broadcast %x : (tensor<4xf32>) -> tensor<8x4xf32>
  %r = hash.reduce_rows %b : (tensor<8x4xf32>) -> tensor<4xf32> loc("sum")
  return %r, %r, %x : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

// So is a plan, which is integers.
// CHECK-LABEL: func.func @plan_returned_twice
// CHECK-SAME: %[[A:[a-z0-9]*]]: memref<19xi32> {hash.arg = #hash.arg<plan, "a">}, %[[B:[a-z0-9]*]]: memref<19xi32> {hash.arg = #hash.arg<plan, "b">},
// CHECK: hash.library_call "plan" {{.*}} outs(%[[A]] : memref<19xi32>)
// CHECK: hash.map reads(%[[A]] : memref<19xi32>) at [position] outs(%[[B]] : memref<19xi32>)
func.func @plan_returned_twice(%t: tensor<8xi32> {hash.arg = #hash.arg<tokens>})
    -> (!hash.plan<tokens = 8, k = 1, groups = 2, slots = 8> {hash.arg = #hash.arg<plan, "a">}, !hash.plan<tokens = 8, k = 1, groups = 2, slots = 8> {hash.arg = #hash.arg<plan, "b">}) {
  %p = hash.plan %t masked %t : (tensor<8xi32>, tensor<8xi32>) -> !hash.plan<tokens = 8, k = 1, groups = 2, slots = 8>
  return %p, %p : !hash.plan<tokens = 8, k = 1, groups = 2, slots = 8>, !hash.plan<tokens = 8, k = 1, groups = 2, slots = 8>
}

// What nothing writes has a place all the same where it is read.
// CHECK-LABEL: func.func @unspecified
// CHECK-SAME: (%[[R:.*]]: memref<4xf32> {hash.arg = #hash.arg<losses>}, %[[E:.*]]: memref<8x4xf32> {hash.arg = #hash.arg<logits>},
// CHECK-NEXT: hash.library_call "reduce_rows" ins(%[[E]] : memref<8x4xf32>) outs(%[[R]] : memref<4xf32>)
// CHECK-NEXT: return
func.func @unspecified() -> (tensor<4xf32> {hash.arg = #hash.arg<losses>}, tensor<8x4xf32> {hash.arg = #hash.arg<logits>}) {
  %e = tensor.empty() : tensor<8x4xf32>
  %r = hash.reduce_rows %e : (tensor<8x4xf32>) -> tensor<4xf32>
  return %r, %e : tensor<4xf32>, tensor<8x4xf32>
}

// Kernels are private, and on buffers already.
// CHECK-LABEL: func.func private @kernel(
func.func private @kernel(%x: memref<4xf32>) {
  return
}
