// RUN: hash-opt %s --hash-fuse-dispatch=level=dispatch --remarks-filter=hash-fuse-dispatch --remark-format=emitRemark -o - 2>%t.err | FileCheck %s
// RUN: FileCheck %s --check-prefix=REMARK < %t.err
// RUN: hash-opt %s --hash-fuse-dispatch | FileCheck %s --check-prefix=NONE
// RUN: hash-opt %s --hash-fuse-dispatch=level=none | FileCheck %s --check-prefix=NONE
// RUN: not hash-opt %s --hash-fuse-dispatch=level=some 2>&1 | FileCheck %s --check-prefix=LEVEL

// LEVEL: error: there is no level of fusion 'some'; it is none, dispatch, epilogue or all

!p = !hash.plan<tokens = 8, k = 1, groups = 4, slots = 8>

// The product gathers and scatters.
// CHECK-LABEL: func.func @product
// CHECK-SAME: %[[P:.*]]: !hash.plan<{{.*}}>, %[[X:.*]]: tensor<8x4xf32>, %[[W:.*]]: tensor<4x4x6xf32>
// CHECK-NOT: hash.map
// CHECK: %[[Y:.*]] = hash.grouped_gemm plan(%[[P]] : {{.*}}) lhs(%[[X]] : tensor<8x4xf32>) at [token]
// CHECK-SAME: at [slot] zero_dead
// CHECK-NOT: hash.map
// CHECK: return %[[Y]]
// NONE-LABEL: func.func @product
// NONE: hash.map
// REMARK-DAG: gather of layer fused into hash.grouped_gemm
// REMARK-DAG: scatter of layer fused into hash.grouped_gemm
func.func @product(%p: !p, %x: tensor<8x4xf32>, %w: tensor<4x4x6xf32>) -> tensor<8x6xf32> {
  %e = tensor.empty() : tensor<8x4xf32>
  %f = tensor.empty() : tensor<8x6xf32>
  %g = hash.map plan(%p : !p) reads(%x : tensor<8x4xf32>) at [token] outs(%e : tensor<8x4xf32>) at [position] {
  ^bb0(%v: f32, %i: f32):
    hash.yield %v : f32
  } -> tensor<8x4xf32> loc("layer")
  %y = hash.grouped_gemm plan(%p : !p) lhs(%g : tensor<8x4xf32>) at [position] rhs(%w : tensor<4x4x6xf32>) into [0]
      reads() at [] outs(%f : tensor<8x6xf32>) at [position] {
  ^bb0(%acc: f32, %i: f32):
    hash.yield %acc : f32
  } -> tensor<8x6xf32> loc("layer")
  %s = hash.map plan(%p : !p) reads(%y : tensor<8x6xf32>) at [position] outs(%f : tensor<8x6xf32>) at [slot] zero_dead {
  ^bb0(%v: f32, %i: f32):
    hash.yield %v : f32
  } -> tensor<8x6xf32> loc("layer")
  return %s : tensor<8x6xf32>
}

// Both sides of a weight gradient.
// CHECK-LABEL: func.func @weight
// CHECK-NOT: hash.map
// CHECK: hash.grouped_outer {{.*}} at [token, slot]
func.func @weight(%p: !p, %x: tensor<8x4xf32>, %d: tensor<8x6xf32>) -> tensor<4x4x6xf32> {
  %e = tensor.empty() : tensor<8x4xf32>
  %f = tensor.empty() : tensor<8x6xf32>
  %w = tensor.empty() : tensor<4x4x6xf32>
  %g = hash.map plan(%p : !p) reads(%x : tensor<8x4xf32>) at [token] outs(%e : tensor<8x4xf32>) at [position] {
  ^bb0(%v: f32, %i: f32):
    hash.yield %v : f32
  } -> tensor<8x4xf32>
  %h = hash.map plan(%p : !p) reads(%d : tensor<8x6xf32>) at [slot] outs(%f : tensor<8x6xf32>) at [position] {
  ^bb0(%v: f32, %i: f32):
    hash.yield %v : f32
  } -> tensor<8x6xf32>
  %dw = hash.grouped_outer plan(%p : !p) lhs(%g : tensor<8x4xf32>) rhs(%h : tensor<8x6xf32>) at [position, position]
      reads() outs(%w : tensor<4x4x6xf32>) {
  ^bb0(%acc: f32, %i: f32):
    hash.yield %acc : f32
  } -> tensor<4x4x6xf32>
  return %dw : tensor<4x4x6xf32>
}

// The sum of a bias's gradient reads the rows in expert order, so they are stored;
// a product by another plan does not gather by this one; a scatter that does
// more than move is not one.
// CHECK-LABEL: func.func @stays
// CHECK-COUNT-3: hash.map
// REMARK-DAG: gather of stored stays: hash.reduce_rows
// REMARK-DAG: gather of other stays: hash.grouped_gemm
func.func @stays(%p: !p, %q: !p, %x: tensor<8x4xf32>, %w: tensor<4x4x4xf32>) -> (tensor<4x4xf32>, tensor<8x4xf32>) {
  %e = tensor.empty() : tensor<8x4xf32>
  %g = hash.map plan(%p : !p) reads(%x : tensor<8x4xf32>) at [token] outs(%e : tensor<8x4xf32>) at [position] {
  ^bb0(%v: f32, %i: f32):
    hash.yield %v : f32
  } -> tensor<8x4xf32> loc("stored")
  %b = hash.reduce_rows %g by %p : (tensor<8x4xf32>, !p) -> tensor<4x4xf32>
  %h = hash.map plan(%q : !p) reads(%x : tensor<8x4xf32>) at [token] outs(%e : tensor<8x4xf32>) at [position] {
  ^bb0(%v: f32, %i: f32):
    hash.yield %v : f32
  } -> tensor<8x4xf32> loc("other")
  %y = hash.grouped_gemm plan(%p : !p) lhs(%h : tensor<8x4xf32>) at [position] rhs(%w : tensor<4x4x4xf32>) into [0]
      reads() at [] outs(%e : tensor<8x4xf32>) at [position] {
  ^bb0(%acc: f32, %i: f32):
    hash.yield %acc : f32
  } -> tensor<8x4xf32>
  %s = hash.map plan(%p : !p) reads(%y : tensor<8x4xf32>) at [position] outs(%e : tensor<8x4xf32>) at [slot] zero_dead {
  ^bb0(%v: f32, %i: f32):
    %t = arith.addf %v, %v : f32
    hash.yield %t : f32
  } -> tensor<8x4xf32>
  return %b, %s : tensor<4x4xf32>, tensor<8x4xf32>
}
