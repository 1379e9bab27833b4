// RUN: hash-opt %s --hash-fuse-epilogue=level=all --cse --remarks-filter=hash-fuse-epilogue --remark-format=emitRemark -o - 2>%t.err | FileCheck %s
// RUN: FileCheck %s --check-prefix=REMARK < %t.err
// RUN: hash-opt %s --hash-fuse-epilogue=level=dispatch | FileCheck %s --check-prefix=NONE
// RUN: hash-opt %s --hash-fuse-epilogue=level=epilogue | FileCheck %s --check-prefix=UNMOVED
// RUN: hash-opt %s --hash-fuse-epilogue=level=none | FileCheck %s --check-prefix=NONE
// RUN: not hash-opt %s --hash-fuse-epilogue=level=some 2>&1 | FileCheck %s --check-prefix=LEVEL

// LEVEL: error: there is no level of fusion 'some'; it is none, dispatch, epilogue or all

!p = !hash.plan<tokens = 8, k = 1, groups = 4, slots = 8>

// Bias and activation. The sum before the activation has another reader.
// CHECK-LABEL: func.func @activation
// CHECK: %[[Y:.*]]:2 = hash.grouped_gemm
// CHECK-SAME: reads(%{{.*}} : tensor<6xf32>) at [all]
// CHECK-SAME: at [position, position] {
// CHECK-NEXT: ^bb0(%[[ACC:.*]]: f32, %[[B:.*]]: f32, %{{.*}}: f32, %{{.*}}: f32):
// CHECK-NEXT: %[[S:.*]] = arith.addf %[[ACC]], %[[B]]
// CHECK-NEXT: %[[T:.*]] = math.tanh %[[S]]
// CHECK-NEXT: hash.yield %[[S]], %[[T]]
// CHECK-NOT: hash.map
// CHECK: return %[[Y]]#0, %[[Y]]#1
// NONE-LABEL: func.func @activation
// NONE-COUNT-3: hash.map
// REMARK-DAG: move of up fused into arith.addf of up
// REMARK-DAG: arith.addf of up fused into the product of up
// REMARK-DAG: math.tanh of up fused into the product of up
func.func @activation(%x: tensor<8x4xf32>, %w: tensor<4x6xf32>, %b: tensor<6xf32>) -> (tensor<8x6xf32>, tensor<8x6xf32>) {
  %e = tensor.empty() : tensor<8x6xf32>
  %y = hash.grouped_gemm lhs(%x : tensor<8x4xf32>) at [position] rhs(%w : tensor<4x6xf32>) into [0]
      reads() at [] outs(%e : tensor<8x6xf32>) at [position] {
  ^bb0(%acc: f32, %i: f32):
    hash.yield %acc : f32
  } -> tensor<8x6xf32> loc("up")
  %c = hash.map reads(%b : tensor<6xf32>) at [all] outs(%e : tensor<8x6xf32>) at [position] {
  ^bb0(%v: f32, %i: f32):
    hash.yield %v : f32
  } -> tensor<8x6xf32> loc("up")
  %s = hash.map reads(%y, %c : tensor<8x6xf32>, tensor<8x6xf32>) at [position, position] outs(%e : tensor<8x6xf32>) at [position] {
  ^bb0(%v: f32, %u: f32, %i: f32):
    %t = arith.addf %v, %u : f32
    hash.yield %t : f32
  } -> tensor<8x6xf32> loc("up")
  %a = hash.map reads(%s : tensor<8x6xf32>) at [position] outs(%e : tensor<8x6xf32>) at [position] {
  ^bb0(%v: f32, %i: f32):
    %t = math.tanh %v : f32
    hash.yield %t : f32
  } -> tensor<8x6xf32> loc("up")
  return %s, %a : tensor<8x6xf32>, tensor<8x6xf32>
}

// The result is scattered and added to the stream: rows without an expert keep
// the stream's value, from which the product starts. Without the fusion of
// movement only the sum's chain stays together.
// CHECK-LABEL: func.func @residual
// CHECK-SAME: %[[R:[a-z0-9]*]]: tensor<8x6xf32>)
// CHECK: %[[Y:.*]] = hash.grouped_gemm plan
// CHECK-SAME: outs(%[[R]] : tensor<8x6xf32>) at [slot] {
// CHECK-NEXT: ^bb0(%[[ACC:.*]]: f32, %[[I:.*]]: f32):
// CHECK-NEXT: arith.addf %[[I]], %[[ACC]]
// CHECK-NOT: hash.map
// CHECK: return %[[Y]]
// UNMOVED-LABEL: func.func @residual
// UNMOVED-COUNT-2: hash.map
// REMARK-DAG: arith.addf of down fused into the product of down
func.func @residual(%p: !p, %x: tensor<8x4xf32>, %w: tensor<4x4x6xf32>, %r: tensor<8x6xf32>) -> tensor<8x6xf32> {
  %e = tensor.empty() : tensor<8x6xf32>
  %y = hash.grouped_gemm plan(%p : !p) lhs(%x : tensor<8x4xf32>) at [token] rhs(%w : tensor<4x4x6xf32>) into [0]
      reads() at [] outs(%e : tensor<8x6xf32>) at [position] {
  ^bb0(%acc: f32, %i: f32):
    hash.yield %acc : f32
  } -> tensor<8x6xf32> loc("down")
  %s = hash.map plan(%p : !p) reads(%y : tensor<8x6xf32>) at [position] outs(%e : tensor<8x6xf32>) at [slot] zero_dead {
  ^bb0(%v: f32, %i: f32):
    hash.yield %v : f32
  } -> tensor<8x6xf32> loc("down")
  %a = hash.map reads(%r, %s : tensor<8x6xf32>, tensor<8x6xf32>) at [position, position] outs(%e : tensor<8x6xf32>) at [position] {
  ^bb0(%v: f32, %u: f32, %i: f32):
    %t = arith.addf %v, %u : f32
    hash.yield %t : f32
  } -> tensor<8x6xf32> loc("down")
  return %a : tensor<8x6xf32>
}

// What follows such a sum is for every row: in the product it would leave out the rows without an expert.
// CHECK-LABEL: func.func @after_residual
// CHECK: %[[Y:.*]] = hash.grouped_gemm plan
// CHECK: arith.addf
// CHECK-NOT: arith.mulf
// CHECK: hash.map reads(%[[Y]]
// CHECK: arith.mulf
// REMARK-DAG: arith.mulf of after stays out of the product of before: rows without an expert keep what they started from
func.func @after_residual(%p: !p, %x: tensor<8x4xf32>, %w: tensor<4x4x6xf32>, %r: tensor<8x6xf32>) -> tensor<8x6xf32> {
  %e = tensor.empty() : tensor<8x6xf32>
  %y = hash.grouped_gemm plan(%p : !p) lhs(%x : tensor<8x4xf32>) at [token] rhs(%w : tensor<4x4x6xf32>) into [0]
      reads() at [] outs(%r : tensor<8x6xf32>) at [slot] {
  ^bb0(%acc: f32, %i: f32):
    %t = arith.addf %i, %acc : f32
    hash.yield %t : f32
  } -> tensor<8x6xf32> loc("before")
  %a = hash.map reads(%y : tensor<8x6xf32>) at [position] outs(%e : tensor<8x6xf32>) at [position] {
  ^bb0(%v: f32, %i: f32):
    %t = arith.mulf %v, %v : f32
    hash.yield %t : f32
  } -> tensor<8x6xf32> loc("after")
  return %a : tensor<8x6xf32>
}

// A choice's weight goes into its expert's product. The gradient needs the rows before they are weighed,
// so both are written.
// CHECK-LABEL: func.func @weigh
// CHECK: %[[Y:.*]]:2 = hash.grouped_gemm plan
// CHECK-SAME: reads(%{{.*}} : tensor<8xf32>) at [position]
// CHECK-SAME: at [position, position] {
// CHECK-NEXT: ^bb0(%[[ACC:.*]]: f32, %[[W:.*]]: f32, %{{.*}}: f32, %{{.*}}: f32):
// CHECK-NEXT: %[[M:.*]] = arith.mulf %[[ACC]], %[[W]]
// CHECK-NEXT: hash.yield %[[ACC]], %[[M]]
// CHECK-NOT: hash.map
// CHECK: return %[[Y]]#0, %[[Y]]#1
// REMARK-DAG: arith.mulf of gated fused into the product of gated
func.func @weigh(%p: !p, %x: tensor<8x4xf32>, %w: tensor<4x4x6xf32>, %g: tensor<8xf32>) -> (tensor<8x6xf32>, tensor<8x6xf32>) {
  %e = tensor.empty() : tensor<8x6xf32>
  %y = hash.grouped_gemm plan(%p : !p) lhs(%x : tensor<8x4xf32>) at [token] rhs(%w : tensor<4x4x6xf32>) into [0]
      reads() at [] outs(%e : tensor<8x6xf32>) at [position] {
  ^bb0(%acc: f32, %i: f32):
    hash.yield %acc : f32
  } -> tensor<8x6xf32> loc("gated")
  %m = hash.map reads(%y, %g : tensor<8x6xf32>, tensor<8xf32>) at [position, position] outs(%e : tensor<8x6xf32>) at [position] {
  ^bb0(%v: f32, %u: f32, %i: f32):
    %t = arith.mulf %v, %u : f32
    hash.yield %t : f32
  } -> tensor<8x6xf32> loc("gated")
  return %y, %m : tensor<8x6xf32>, tensor<8x6xf32>
}

// What reads rows that had to become zero, other than by a sum, stays.
// CHECK-LABEL: func.func @dead
// CHECK: hash.grouped_gemm plan{{.*}} at [slot] zero_dead
// CHECK: hash.map
// REMARK-DAG: math.exp of stays stays out of the product of product: rows without an expert have to become zero first
func.func @dead(%p: !p, %x: tensor<8x4xf32>, %w: tensor<4x4x6xf32>) -> tensor<8x6xf32> {
  %e = tensor.empty() : tensor<8x6xf32>
  %y = hash.grouped_gemm plan(%p : !p) lhs(%x : tensor<8x4xf32>) at [token] rhs(%w : tensor<4x4x6xf32>) into [0]
      reads() at [] outs(%e : tensor<8x6xf32>) at [slot] zero_dead {
  ^bb0(%acc: f32, %i: f32):
    hash.yield %acc : f32
  } -> tensor<8x6xf32> loc("product")
  %a = hash.map reads(%y : tensor<8x6xf32>) at [position] outs(%e : tensor<8x6xf32>) at [position] {
  ^bb0(%v: f32, %i: f32):
    %t = math.exp %v : f32
    hash.yield %t : f32
  } -> tensor<8x6xf32> loc("stays")
  return %a : tensor<8x6xf32>
}

// The product moves down to what it needs, unless it is read before.
// CHECK-LABEL: func.func @order
// CHECK: %[[N:.*]], %{{.*}}, %{{.*}} = hash.layer_norm
// CHECK: hash.grouped_gemm {{.*}} reads(%[[N]]
// CHECK-NOT: hash.map
// CHECK: return
// CHECK-LABEL: func.func @read_before
// CHECK: hash.grouped_gemm
// CHECK: hash.layer_norm
// CHECK: hash.map
// REMARK-DAG: arith.mulf of early stays out of the product of early: what it reads comes after the product's other readers
func.func @order(%x: tensor<8x4xf32>, %w: tensor<4x4xf32>, %g: tensor<4xf32>) -> tensor<8x4xf32> {
  %e = tensor.empty() : tensor<8x4xf32>
  %y = hash.grouped_gemm lhs(%x : tensor<8x4xf32>) at [position] rhs(%w : tensor<4x4xf32>) into [0]
      reads() at [] outs(%e : tensor<8x4xf32>) at [position] {
  ^bb0(%acc: f32, %i: f32):
    hash.yield %acc : f32
  } -> tensor<8x4xf32>
  %n, %m, %r = hash.layer_norm %x, %g, %g : (tensor<8x4xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<8x4xf32>, tensor<8xf32>, tensor<8xf32>)
  %a = hash.map reads(%y, %n : tensor<8x4xf32>, tensor<8x4xf32>) at [position, position] outs(%e : tensor<8x4xf32>) at [position] {
  ^bb0(%v: f32, %u: f32, %i: f32):
    %t = arith.mulf %v, %u : f32
    hash.yield %t : f32
  } -> tensor<8x4xf32>
  return %a : tensor<8x4xf32>
}
func.func @read_before(%x: tensor<8x4xf32>, %w: tensor<4x4xf32>, %g: tensor<4xf32>) -> tensor<8x4xf32> {
  %e = tensor.empty() : tensor<8x4xf32>
  %y = hash.grouped_gemm lhs(%x : tensor<8x4xf32>) at [position] rhs(%w : tensor<4x4xf32>) into [0]
      reads() at [] outs(%e : tensor<8x4xf32>) at [position] {
  ^bb0(%acc: f32, %i: f32):
    hash.yield %acc : f32
  } -> tensor<8x4xf32> loc("early")
  %n, %m, %r = hash.layer_norm %y, %g, %g : (tensor<8x4xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<8x4xf32>, tensor<8xf32>, tensor<8xf32>)
  %a = hash.map reads(%y, %n : tensor<8x4xf32>, tensor<8x4xf32>) at [position, position] outs(%e : tensor<8x4xf32>) at [position] {
  ^bb0(%v: f32, %u: f32, %i: f32):
    %t = arith.mulf %v, %u : f32
    hash.yield %t : f32
  } -> tensor<8x4xf32> loc("early")
  return %a : tensor<8x4xf32>
}

// The gradient of an activation joins the product that brings what flows back; its
// two readers read one result.
// CHECK-LABEL: func.func @gradient
// CHECK-COUNT-1: hash.grouped_gemm
// CHECK-NOT: hash.map
// CHECK: hash.grouped_outer
// CHECK-NOT: hash.map
// CHECK: return
func.func @gradient(%dy: tensor<8x4xf32>, %w: tensor<6x4xf32>, %h: tensor<8x6xf32>, %x: tensor<8x3xf32>) -> (tensor<8x6xf32>, tensor<3x6xf32>) {
  %e = tensor.empty() : tensor<8x6xf32>
  %f = tensor.empty() : tensor<3x6xf32>
  %da = hash.grouped_gemm lhs(%dy : tensor<8x4xf32>) at [position] rhs(%w : tensor<6x4xf32>) transposed into [0]
      reads() at [] outs(%e : tensor<8x6xf32>) at [position] {
  ^bb0(%acc: f32, %i: f32):
    hash.yield %acc : f32
  } -> tensor<8x6xf32>
  %sq = hash.map reads(%h : tensor<8x6xf32>) at [position] outs(%e : tensor<8x6xf32>) at [position] {
  ^bb0(%v: f32, %i: f32):
    %t = arith.mulf %v, %v : f32
    hash.yield %t : f32
  } -> tensor<8x6xf32>
  %dh = hash.map reads(%da, %sq : tensor<8x6xf32>, tensor<8x6xf32>) at [position, position] outs(%e : tensor<8x6xf32>) at [position] {
  ^bb0(%v: f32, %u: f32, %i: f32):
    %t = arith.mulf %v, %u : f32
    hash.yield %t : f32
  } -> tensor<8x6xf32>
  %dw = hash.grouped_outer lhs(%x : tensor<8x3xf32>) rhs(%dh : tensor<8x6xf32>) at [position, position]
      reads() outs(%f : tensor<3x6xf32>) {
  ^bb0(%acc: f32, %i: f32):
    hash.yield %acc : f32
  } -> tensor<3x6xf32>
  return %dh, %dw : tensor<8x6xf32>, tensor<3x6xf32>
}

// An empty tensor that is read, not written, is a value like another: the product moves
// down to it.
// CHECK-LABEL: func.func @reads_empty
// CHECK: %[[EMPTY:.*]] = tensor.empty
// CHECK: hash.grouped_gemm {{.*}} reads(%[[EMPTY]]
// CHECK-NOT: hash.map
// CHECK: return
func.func @reads_empty(%x: tensor<8x4xf32>, %w: tensor<4x4xf32>) -> tensor<8x4xf32> {
  %e = tensor.empty() : tensor<8x4xf32>
  %y = hash.grouped_gemm lhs(%x : tensor<8x4xf32>) at [position] rhs(%w : tensor<4x4xf32>) into [0]
      reads() at [] outs(%e : tensor<8x4xf32>) at [position] {
  ^bb0(%acc: f32, %i: f32):
    hash.yield %acc : f32
  } -> tensor<8x4xf32>
  %u = tensor.empty() : tensor<8x4xf32>
  %a = hash.map reads(%y, %u : tensor<8x4xf32>, tensor<8x4xf32>) at [position, position] outs(%e : tensor<8x4xf32>) at [position] {
  ^bb0(%v: f32, %z: f32, %i: f32):
    %t = arith.addf %v, %z : f32
    hash.yield %t : f32
  } -> tensor<8x4xf32>
  return %a : tensor<8x4xf32>
}
