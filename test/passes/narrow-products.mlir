// RUN: hash-opt %s -split-input-file --hash-narrow-products | FileCheck %s
// RUN: hash-opt %s -split-input-file --hash-narrow-products=rows=4 | FileCheck %s --check-prefix=FEWER
// RUN: sed 's/narrow_rows = 16/narrow_rows = 0/' %s | hash-opt -split-input-file --hash-narrow-products | FileCheck %s --check-prefix=NONE
// RUN: not hash-opt %s -split-input-file --hash-narrow-products=rows=-1 2>&1 | FileCheck %s --check-prefix=NEGATIVE

// NEGATIVE: error: products of -1 rows; give a positive number, or 0 for the target's
// NONE-NOT: hash.map

// One copy for both products, before the first of them; matrices that are bf16 already stay.
// CHECK-LABEL: func.func @twice
// CHECK-SAME: %[[X:.*]]: tensor<16x8xbf16>, %[[W:.*]]: tensor<8x8xf32>, %[[B:.*]]: tensor<8x8xbf16>
// CHECK: %[[EMPTY:.*]] = tensor.empty() : tensor<8x8xbf16>
// CHECK-NEXT: %[[COPY:.*]] = hash.map reads(%[[W]] : tensor<8x8xf32>) at [position] outs(%[[EMPTY]] : tensor<8x8xbf16>) at [position]
// CHECK-NEXT: ^bb0(%[[VALUE:.*]]: f32, %{{.*}}: f32):
// CHECK-NEXT: hash.yield %[[VALUE]] : f32
// CHECK: hash.grouped_gemm {{.*}} rhs(%[[COPY]], %[[B]] : tensor<8x8xbf16>, tensor<8x8xbf16>)
// CHECK-NOT: hash.map
// CHECK: hash.grouped_gemm {{.*}} rhs(%[[COPY]] : tensor<8x8xbf16>)
module attributes {hash.target = {narrow_rows = 16 : i64}} {
  func.func @twice(%x: tensor<16x8xbf16>, %w: tensor<8x8xf32>, %b: tensor<8x8xbf16>) -> tensor<16x8xbf16> {
    %e = tensor.empty() : tensor<16x8xbf16>
    %y = hash.grouped_gemm lhs(%x, %x : tensor<16x8xbf16>, tensor<16x8xbf16>) at [token, token]
        rhs(%w, %b : tensor<8x8xf32>, tensor<8x8xbf16>) into [0, 0] reads() at [] outs(%e : tensor<16x8xbf16>) at [position] {
    ^bb0(%acc: f32, %init: f32):
      hash.yield %acc : f32
    } -> tensor<16x8xbf16>
    %z = hash.grouped_gemm lhs(%y : tensor<16x8xbf16>) at [token] rhs(%w : tensor<8x8xf32>) transposed into [0]
        reads() at [] outs(%e : tensor<16x8xbf16>) at [position] {
    ^bb0(%acc: f32, %init: f32):
      hash.yield %acc : f32
    } -> tensor<16x8xbf16>
    return %z : tensor<16x8xbf16>
  }
}

// -----

// Sixteen rows for two matrices are eight for each; rows of f32 need all digits of a matrix.
!p = !hash.plan<tokens = 16, k = 1, groups = 2, slots = 16>
// CHECK-LABEL: func.func @few
// CHECK-NOT: hash.map
// FEWER-LABEL: func.func @few
// FEWER: hash.map reads(%{{.*}} : tensor<2x8x8xf32>)
// FEWER-LABEL: func.func @f32
// FEWER-NOT: hash.map
module attributes {hash.target = {narrow_rows = 16 : i64}} {
  func.func @few(%p: !p, %x: tensor<16x8xbf16>, %w: tensor<2x8x8xf32>) -> tensor<16x8xbf16> {
    %e = tensor.empty() : tensor<16x8xbf16>
    %y = hash.grouped_gemm plan(%p : !p) lhs(%x : tensor<16x8xbf16>) at [token] rhs(%w : tensor<2x8x8xf32>) into [0]
        reads() at [] outs(%e : tensor<16x8xbf16>) at [position] {
    ^bb0(%acc: f32, %init: f32):
      hash.yield %acc : f32
    } -> tensor<16x8xbf16>
    return %y : tensor<16x8xbf16>
  }
  func.func @f32(%x: tensor<16x8xf32>, %w: tensor<8x8xf32>) -> tensor<16x8xf32> {
    %e = tensor.empty() : tensor<16x8xf32>
    %y = hash.grouped_gemm lhs(%x : tensor<16x8xf32>) at [token] rhs(%w : tensor<8x8xf32>) into [0]
        reads() at [] outs(%e : tensor<16x8xf32>) at [position] {
    ^bb0(%acc: f32, %init: f32):
      hash.yield %acc : f32
    } -> tensor<16x8xf32>
    return %y : tensor<16x8xf32>
  }
}

// -----

// The gradient of a loss, f32, is multiplied with both sides of a product that made it: a copy for both. What is f32 in all stays.
// CHECK-LABEL: func.func @gradient
// FEWER-LABEL: func.func @gradient
// CHECK-SAME: %[[X:[a-z0-9]+]]: tensor<16x8xbf16>, %[[D:[a-z0-9]+]]: tensor<16x8xf32>, %[[W:[a-z0-9]+]]: tensor<8x8xf32>
// CHECK-DAG: %[[ROWS:.*]] = hash.map reads(%[[D]] : tensor<16x8xf32>)
// CHECK-DAG: %[[COPY:.*]] = hash.map reads(%[[W]] : tensor<8x8xf32>)
// CHECK: hash.grouped_gemm lhs(%[[ROWS]] : tensor<16x8xbf16>) at [token] rhs(%[[COPY]] : tensor<8x8xbf16>)
// CHECK: hash.grouped_outer lhs(%[[X]] : tensor<16x8xbf16>) rhs(%[[ROWS]] : tensor<16x8xbf16>)
// CHECK: hash.grouped_outer lhs(%[[D]] : tensor<16x8xf32>) rhs(%[[D]] : tensor<16x8xf32>)
// CHECK-NOT: hash.map
module attributes {hash.target = {narrow_rows = 16 : i64}} {
  func.func @gradient(%x: tensor<16x8xbf16>, %d: tensor<16x8xf32>, %w: tensor<8x8xf32>, %g: tensor<8x8xf32>)
      -> (tensor<16x8xbf16>, tensor<8x8xf32>, tensor<8x8xf32>) {
    %e = tensor.empty() : tensor<16x8xbf16>
    %dx = hash.grouped_gemm lhs(%d : tensor<16x8xf32>) at [token] rhs(%w : tensor<8x8xf32>) transposed into [0]
        reads() at [] outs(%e : tensor<16x8xbf16>) at [position] {
    ^bb0(%acc: f32, %init: f32):
      hash.yield %acc : f32
    } -> tensor<16x8xbf16>
    %dw = hash.grouped_outer lhs(%x : tensor<16x8xbf16>) rhs(%d : tensor<16x8xf32>) at [token, position]
        reads() outs(%g : tensor<8x8xf32>) {
    ^bb0(%acc: f32, %init: f32):
      hash.yield %acc : f32
    } -> tensor<8x8xf32>
    %square = hash.grouped_outer lhs(%d : tensor<16x8xf32>) rhs(%d : tensor<16x8xf32>) at [token, position]
        reads() outs(%g : tensor<8x8xf32>) {
    ^bb0(%acc: f32, %init: f32):
      hash.yield %acc : f32
    } -> tensor<8x8xf32>
    return %dx, %dw, %square : tensor<16x8xbf16>, tensor<8x8xf32>, tensor<8x8xf32>
  }
}
