// RUN: hash-opt %s --canonicalize --split-input-file | FileCheck %s

// A mathematical modulo: of constants it is never negative.
// CHECK-LABEL: func.func @modulo_constant
// CHECK-DAG: %[[A:.*]] = arith.constant dense<3> : tensor<4xi64>
// CHECK-DAG: %[[B:.*]] = arith.constant dense<[0, 1, 4, 0]> : tensor<4xi64>
// CHECK: return %[[A]], %[[B]]
func.func @modulo_constant() -> (tensor<4xi64>, tensor<4xi64>) {
  %a = arith.constant dense<-7> : tensor<4xi64>
  %b = arith.constant dense<[-5, 6, 9223372036854775804, -9223372036854775805]> : tensor<4xi64>
  %0 = hash.modulo %a by 5 : tensor<4xi64>
  %1 = hash.modulo %b by 5 : tensor<4xi64>
  return %0, %1 : tensor<4xi64>, tensor<4xi64>
}

// CHECK-LABEL: func.func @modulo_one
// CHECK: %[[ZERO:.*]] = arith.constant dense<0> : tensor<4xi64>
// CHECK: return %[[ZERO]]
func.func @modulo_one(%x: tensor<4xi64>) -> tensor<4xi64> {
  %0 = hash.modulo %x by 1 : tensor<4xi64>
  return %0 : tensor<4xi64>
}

// What is below the divisor stays; by a divisor of the first one, the first is not needed.
// CHECK-LABEL: func.func @modulo_twice
// CHECK-SAME: (%[[X:.*]]: tensor<4xi64>)
// CHECK: %[[A:.*]] = hash.modulo %[[X]] by 6
// CHECK: %[[B:.*]] = hash.modulo %[[X]] by 3
// CHECK: return %[[A]], %[[A]], %[[B]]
func.func @modulo_twice(%x: tensor<4xi64>) -> (tensor<4xi64>, tensor<4xi64>, tensor<4xi64>) {
  %0 = hash.modulo %x by 6 : tensor<4xi64>
  %1 = hash.modulo %0 by 6 : tensor<4xi64>
  %2 = hash.modulo %0 by 7 : tensor<4xi64>
  %3 = hash.modulo %0 by 3 : tensor<4xi64>
  return %1, %2, %3 : tensor<4xi64>, tensor<4xi64>, tensor<4xi64>
}

// By 4 of what is below 6 is neither: 5 mod 6 mod 4 = 1, and 7 mod 6 mod 4 = 1, not 3.
// CHECK-LABEL: func.func @modulo_twice_stays
// CHECK: %[[A:.*]] = hash.modulo %{{.*}} by 6
// CHECK: %[[B:.*]] = hash.modulo %[[A]] by 4
// CHECK: return %[[B]]
func.func @modulo_twice_stays(%x: tensor<4xi64>) -> tensor<4xi64> {
  %0 = hash.modulo %x by 6 : tensor<4xi64>
  %1 = hash.modulo %0 by 4 : tensor<4xi64>
  return %1 : tensor<4xi64>
}

// A position is below its window, in the document too.
// CHECK-LABEL: func.func @modulo_position
// CHECK: %[[P:.*]] = hash.position %{{.*}} {window = 4 : i64}
// CHECK: %[[A:.*]] = arith.extsi %[[P]]
// CHECK: %[[D:.*]] = hash.position %{{.*}} {document, window = 4 : i64}
// CHECK: %[[B:.*]] = arith.extsi %[[D]]
// CHECK: %[[C:.*]] = hash.modulo %[[A]] by 3
// CHECK: return %[[A]], %[[B]], %[[C]]
func.func @modulo_position(%s: tensor<8xi32>) -> (tensor<8xi64>, tensor<8xi64>, tensor<8xi64>) {
  %0 = hash.position %s {window = 4 : i64} : (tensor<8xi32>) -> tensor<8xi32>
  %1 = arith.extsi %0 : tensor<8xi32> to tensor<8xi64>
  %2 = hash.modulo %1 by 4 : tensor<8xi64>
  %3 = hash.position %s {window = 4 : i64, document} : (tensor<8xi32>) -> tensor<8xi32>
  %4 = arith.extsi %3 : tensor<8xi32> to tensor<8xi64>
  %5 = hash.modulo %4 by 4 : tensor<8xi64>
  %6 = hash.modulo %1 by 3 : tensor<8xi64>
  return %2, %5, %6 : tensor<8xi64>, tensor<8xi64>, tensor<8xi64>
}

// Tokens may be -1, a hash may be as large as any divisor, and an unsigned extension of -1 is large.
// CHECK-LABEL: func.func @modulo_stays
// CHECK-COUNT-3: hash.modulo
func.func @modulo_stays(%t: tensor<8xi32>, %x: tensor<8xi64>) -> (tensor<8xi64>, tensor<8xi64>, tensor<8xi64>) {
  %0 = arith.extsi %t : tensor<8xi32> to tensor<8xi64>
  %1 = hash.modulo %0 by 4294967296 : tensor<8xi64>
  %2 = hash.mix %x seed 0 : tensor<8xi64>
  %3 = hash.modulo %2 by 9223372036854775807 : tensor<8xi64>
  %4 = arith.extui %t : tensor<8xi32> to tensor<8xi64>
  %5 = hash.modulo %4 by 2147483647 : tensor<8xi64>
  return %1, %3, %5 : tensor<8xi64>, tensor<8xi64>, tensor<8xi64>
}

// The values of the frontend's hash(1, 2), hash(-1, seed = 7) and hash(2, 1).
// CHECK-LABEL: func.func @mix
// CHECK-DAG: %[[A:.*]] = arith.constant dense<8889539479615260633> : tensor<4xi64>
// CHECK-DAG: %[[B:.*]] = arith.constant dense<8878661840681698578> : tensor<4xi64>
// CHECK-DAG: %[[C:.*]] = arith.constant dense<6716992535887529364> : tensor<4xi64>
// CHECK: return %[[A]], %[[B]], %[[C]]
func.func @mix() -> (tensor<4xi64>, tensor<4xi64>, tensor<4xi64>) {
  %one = arith.constant dense<1> : tensor<4xi64>
  %two = arith.constant dense<2> : tensor<4xi64>
  %minus = arith.constant dense<-1> : tensor<4xi64>
  %0 = hash.mix %one, %two seed 0 : tensor<4xi64>
  %1 = hash.mix %minus seed 7 : tensor<4xi64>
  %2 = hash.mix %two, %one seed 0 : tensor<4xi64>
  return %0, %1, %2 : tensor<4xi64>, tensor<4xi64>, tensor<4xi64>
}

// One value that is not known is enough.
// CHECK-LABEL: func.func @mix_stays
// CHECK: hash.mix
func.func @mix_stays(%x: tensor<4xi64>) -> tensor<4xi64> {
  %one = arith.constant dense<1> : tensor<4xi64>
  %0 = hash.mix %one, %x seed 0 : tensor<4xi64>
  return %0 : tensor<4xi64>
}

// CHECK-LABEL: func.func @prev_zero
// CHECK-SAME: (%[[T:.*]]: tensor<8xi32>, %{{.*}}: tensor<8xi32>)
// CHECK: return %[[T]]
func.func @prev_zero(%t: tensor<8xi32>, %s: tensor<8xi32>) -> tensor<8xi32> {
  %0 = hash.prev %t, %s {distance = 0 : i64, window = 4 : i64, bos = 1 : i64} : (tensor<8xi32>, tensor<8xi32>) -> tensor<8xi32>
  return %0 : tensor<8xi32>
}

// The one before the one before is not the second before where the one between is masked.
// Beyond the window all is the start, except of masked rows.
// CHECK-LABEL: func.func @prev_stays
// CHECK-COUNT-3: hash.prev
func.func @prev_stays(%t: tensor<8xi32>, %s: tensor<8xi32>) -> (tensor<8xi32>, tensor<8xi32>) {
  %0 = hash.prev %t, %s {distance = 1 : i64, window = 4 : i64, bos = 1 : i64} : (tensor<8xi32>, tensor<8xi32>) -> tensor<8xi32>
  %1 = hash.prev %0, %s {distance = 1 : i64, window = 4 : i64, bos = 1 : i64} : (tensor<8xi32>, tensor<8xi32>) -> tensor<8xi32>
  %2 = hash.prev %t, %s {distance = 4 : i64, window = 4 : i64, bos = 1 : i64} : (tensor<8xi32>, tensor<8xi32>) -> tensor<8xi32>
  return %1, %2 : tensor<8xi32>, tensor<8xi32>
}

// CHECK-LABEL: func.func @position_one
// CHECK: %[[ZERO:.*]] = arith.constant dense<0> : tensor<8xi32>
// CHECK: return %[[ZERO]], %[[ZERO]]
func.func @position_one(%s: tensor<8xi32>) -> (tensor<8xi32>, tensor<8xi32>) {
  %0 = hash.position %s {window = 1 : i64} : (tensor<8xi32>) -> tensor<8xi32>
  %1 = hash.position %s {window = 1 : i64, document} : (tensor<8xi32>) -> tensor<8xi32>
  return %0, %1 : tensor<8xi32>, tensor<8xi32>
}

// CHECK-LABEL: func.func @position_stays
// CHECK: hash.position
func.func @position_stays(%s: tensor<8xi32>) -> tensor<8xi32> {
  %0 = hash.position %s {window = 2 : i64} : (tensor<8xi32>) -> tensor<8xi32>
  return %0 : tensor<8xi32>
}

// CHECK-LABEL: func.func @row_at
// CHECK-SAME: (%[[ONE:.*]]: tensor<1x3xi32>, %{{.*}}: tensor<1xi32>)
// CHECK: %[[C:.*]] = arith.constant dense<7> : tensor<1xi64>
// CHECK: return %[[ONE]], %[[C]]
func.func @row_at(%one: tensor<1x3xi32>, %i: tensor<1xi32>) -> (tensor<1x3xi32>, tensor<1xi64>) {
  %c = arith.constant dense<7> : tensor<8xi64>
  %0 = hash.row_at %one at %i : (tensor<1x3xi32>, tensor<1xi32>) -> tensor<1x3xi32>
  %1 = hash.row_at %c at %i : (tensor<8xi64>, tensor<1xi32>) -> tensor<1xi64>
  return %0, %1 : tensor<1x3xi32>, tensor<1xi64>
}

// CHECK-LABEL: func.func @row_at_stays
// CHECK-COUNT-2: hash.row_at
func.func @row_at_stays(%x: tensor<8xi64>, %i: tensor<1xi32>) -> (tensor<1xi64>, tensor<1xi64>) {
  %c = arith.constant dense<[0, 1, 2, 3, 4, 5, 6, 7]> : tensor<8xi64>
  %0 = hash.row_at %x at %i : (tensor<8xi64>, tensor<1xi32>) -> tensor<1xi64>
  %1 = hash.row_at %c at %i : (tensor<8xi64>, tensor<1xi32>) -> tensor<1xi64>
  return %0, %1 : tensor<1xi64>, tensor<1xi64>
}

// -----

!p = !hash.plan<tokens = 8, k = 1, groups = 4, slots = 8>

// Rows move to token order and back.
// CHECK-LABEL: func.func @there_and_back
// CHECK-SAME: %[[X:[a-z0-9]+]]: tensor<8x4xf32>
// CHECK: return %[[X]]
func.func @there_and_back(%p: !p, %x: tensor<8x4xf32>) -> tensor<8x4xf32> {
  %0 = hash.combine %x by %p : (tensor<8x4xf32>, !p) -> tensor<8x4xf32>
  %1 = hash.dispatch %0 by %p : (tensor<8x4xf32>, !p) -> tensor<8x4xf32>
  return %1 : tensor<8x4xf32>
}

// A combine clears the rows of masked tokens; another plan has another order.
// CHECK-LABEL: func.func @masked_rows
// CHECK: hash.dispatch
// CHECK: hash.combine
// CHECK: hash.dispatch
func.func @masked_rows(%p: !p, %q: !p, %x: tensor<8x4xf32>) -> (tensor<8x4xf32>, tensor<8x4xf32>) {
  %0 = hash.dispatch %x by %p : (tensor<8x4xf32>, !p) -> tensor<8x4xf32>
  %1 = hash.combine %0 by %p : (tensor<8x4xf32>, !p) -> tensor<8x4xf32>
  %2 = hash.dispatch %1 by %q : (tensor<8x4xf32>, !p) -> tensor<8x4xf32>
  return %1, %2 : tensor<8x4xf32>, tensor<8x4xf32>
}

// One expert still has masked rows, which sort last.
// CHECK-LABEL: func.func @one_expert
// CHECK: hash.dispatch
// CHECK: hash.combine
!one = !hash.plan<tokens = 8, k = 1, groups = 1, slots = 8>
func.func @one_expert(%p: !one, %x: tensor<8x4xf32>) -> tensor<8x4xf32> {
  %0 = hash.dispatch %x by %p : (tensor<8x4xf32>, !one) -> tensor<8x4xf32>
  %1 = hash.combine %0 by %p : (tensor<8x4xf32>, !one) -> tensor<8x4xf32>
  return %1 : tensor<8x4xf32>
}

// With two choices a combine is a sum.
// CHECK-LABEL: func.func @two_choices
// CHECK: hash.combine
// CHECK: hash.dispatch
!two = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @two_choices(%p: !two, %x: tensor<16x4xf32>) -> tensor<16x4xf32> {
  %0 = hash.combine %x by %p : (tensor<16x4xf32>, !two) -> tensor<8x4xf32>
  %1 = hash.dispatch %0 by %p : (tensor<8x4xf32>, !two) -> tensor<16x4xf32>
  return %1 : tensor<16x4xf32>
}

// CHECK-LABEL: func.func @broadcasts
// CHECK-SAME: %[[S:[a-z0-9]+]]: tensor<1xf32>
// CHECK-DAG: %[[A:.*]] = arith.constant dense<2.000000e+00> : tensor<8x4xf32>
// CHECK-DAG: %[[B:.*]] = arith.constant dense<-0.000000e+00> : tensor<8x4xf32>
// CHECK-DAG: %[[C:.*]] = arith.constant dense<2.500000e-01> : tensor<8xf32>
// CHECK: return %[[A]], %[[B]], %[[C]], %[[S]]
func.func @broadcasts(%p: !p, %s: tensor<1xf32>) -> (tensor<8x4xf32>, tensor<8x4xf32>, tensor<8xf32>, tensor<1xf32>) {
  %b = arith.constant dense<2.0> : tensor<4xf32>
  %bs = arith.constant dense<-0.0> : tensor<4x4xf32>
  %c = arith.constant dense<0.25> : tensor<1xf32>
  %0 = hash.broadcast %b : (tensor<4xf32>) -> tensor<8x4xf32>
  %1 = hash.broadcast %bs by %p : (tensor<4x4xf32>, !p) -> tensor<8x4xf32>
  %2 = hash.splat %c : (tensor<1xf32>) -> tensor<8xf32>
  %3 = hash.splat %s : (tensor<1xf32>) -> tensor<1xf32>
  return %0, %1, %2, %3 : tensor<8x4xf32>, tensor<8x4xf32>, tensor<8xf32>, tensor<1xf32>
}

// A constant of several values, and one that would be rounded.
// CHECK-LABEL: func.func @broadcasts_stay
// CHECK-COUNT-2: hash.broadcast
// CHECK-COUNT-2: hash.splat
func.func @broadcasts_stay(%s: tensor<1xf32>) -> (tensor<8x4xf32>, tensor<8x4xbf16>, tensor<8xbf16>, tensor<1xbf16>) {
  %b = arith.constant dense<[0.0, 1.0, 2.0, 3.0]> : tensor<4xf32>
  %r = arith.constant dense<0.1> : tensor<4xf32>
  %c = arith.constant dense<0.1> : tensor<1xf32>
  %0 = hash.broadcast %b : (tensor<4xf32>) -> tensor<8x4xf32>
  %1 = hash.broadcast %r : (tensor<4xf32>) -> tensor<8x4xbf16>
  %2 = hash.splat %c : (tensor<1xf32>) -> tensor<8xbf16>
  %3 = hash.splat %s : (tensor<1xf32>) -> tensor<1xbf16>
  return %0, %1, %2, %3 : tensor<8x4xf32>, tensor<8x4xbf16>, tensor<8xbf16>, tensor<1xbf16>
}

// A weight of one for every row is none.
// CHECK-LABEL: func.func @weigh
// CHECK-SAME: (%[[X:[a-z0-9]+]]: tensor<8x4xbf16>
// CHECK: %[[Y:.*]] = hash.weigh %[[X]], %{{.*}}
// CHECK: return %[[X]], %[[Y]]
func.func @weigh(%x: tensor<8x4xbf16>) -> (tensor<8x4xbf16>, tensor<8x4xbf16>) {
  %one = arith.constant dense<1.0> : tensor<8xf32>
  %two = arith.constant dense<2.0> : tensor<8xf32>
  %0 = hash.weigh %x, %one : (tensor<8x4xbf16>, tensor<8xf32>) -> tensor<8x4xbf16>
  %1 = hash.weigh %x, %two : (tensor<8x4xbf16>, tensor<8xf32>) -> tensor<8x4xbf16>
  return %0, %1 : tensor<8x4xbf16>, tensor<8x4xbf16>
}

// CHECK-LABEL: func.func @dropout
// CHECK-SAME: (%[[X:[a-z0-9]+]]: tensor<8x4xf32>
// CHECK: %[[Y:.*]] = hash.dropout %[[X]], %{{.*}} {rate = 1.000000e-300 : f64
// CHECK: return %[[X]], %[[Y]]
func.func @dropout(%x: tensor<8x4xf32>, %s: tensor<1xi64>) -> (tensor<8x4xf32>, tensor<8x4xf32>) {
  %0 = hash.dropout %x, %s {rate = 0.0 : f64, stream = 0 : i64} : (tensor<8x4xf32>, tensor<1xi64>) -> tensor<8x4xf32>
  %1 = hash.dropout %x, %s {rate = 1.0e-300 : f64, stream = 0 : i64} : (tensor<8x4xf32>, tensor<1xi64>) -> tensor<8x4xf32>
  return %0, %1 : tensor<8x4xf32>, tensor<8x4xf32>
}

// On tensors what nobody reads goes; on buffers structured ops are what is done.
// CHECK-LABEL: func.func @effects
// CHECK-NOT: -> tensor
// CHECK: hash.map reads(%{{.*}} : memref<8x4xf32>)
// CHECK: hash.grouped_gemm lhs(%{{.*}} : memref<8x4xf32>)
// CHECK: hash.grouped_outer lhs(%{{.*}} : memref<8x4xf32>)
func.func @effects(%x: memref<8x4xf32>, %y: memref<8x4xf32>, %w: memref<4x4xf32>, %t: tensor<8x4xf32>) {
  %0 = hash.map reads(%t : tensor<8x4xf32>) at [position] outs(%t : tensor<8x4xf32>) at [position] {
  ^bb0(%r0: f32, %i0: f32):
    hash.yield %r0 : f32
  } -> tensor<8x4xf32>
  hash.map reads(%x : memref<8x4xf32>) at [position] outs(%y : memref<8x4xf32>) at [position] {
  ^bb0(%r0: f32, %i0: f32):
    hash.yield %r0 : f32
  }
  hash.grouped_gemm lhs(%x : memref<8x4xf32>) at [position] rhs(%w : memref<4x4xf32>) into [0] reads() at [] outs(%y : memref<8x4xf32>) at [position] {
  ^bb0(%s0: f32, %i0: f32):
    hash.yield %s0 : f32
  }
  hash.grouped_outer lhs(%x : memref<8x4xf32>) rhs(%y : memref<8x4xf32>) at [position, position] reads() outs(%w : memref<4x4xf32>) {
  ^bb0(%s0: f32, %i0: f32):
    hash.yield %s0 : f32
  }
  return
}
