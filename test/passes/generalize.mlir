// RUN: hash-opt %s --split-input-file --hash-generalize --verify-diagnostics --remarks-filter=hash-generalize --remark-format=emitRemark | FileCheck %s

!p = !hash.plan<tokens = 8, k = 1, groups = 2, slots = 8>
!m = tensor<8x4xf32>

// Products by plan and without, straight and transposed.
// CHECK-LABEL: func.func @products
// CHECK-SAME: (%[[P:.*]]: !hash.plan<{{.*}}>, %[[X:.*]]: tensor<8x4xf32>, %[[W:.*]]: tensor<4x4xf32>, %[[V:.*]]: tensor<2x4x4xf32>)
// CHECK: %[[Y:.*]] = hash.grouped_gemm lhs(%[[X]] : tensor<8x4xf32>) at [position] rhs(%[[W]] : tensor<4x4xf32>) into [0] reads() at [] outs(%{{.*}} : tensor<8x4xf32>) at [position] {
// CHECK-NEXT: ^bb0(%[[ACC:.*]]: f32, %{{.*}}: f32):
// CHECK-NEXT: hash.yield %[[ACC]]
// CHECK: %[[Z:.*]] = hash.grouped_gemm plan(%[[P]] : {{.*}}) lhs(%[[Y]] : {{.*}}) at [position] rhs(%[[V]] : {{.*}}) transposed into [0]
// CHECK: %[[DW:.*]] = hash.grouped_outer lhs(%[[X]] : {{.*}}) rhs(%[[Z]] : {{.*}}) at [position, position] reads()
// CHECK: %[[DV:.*]] = hash.grouped_outer plan(%[[P]] : {{.*}}) lhs(%[[X]] : {{.*}}) rhs(%[[Z]] : {{.*}}) at [position, position] reads()
// CHECK: return %[[DW]], %[[DV]]
func.func @products(%p: !p, %x: !m, %w: tensor<4x4xf32>, %v: tensor<2x4x4xf32>) -> (tensor<4x4xf32>, tensor<2x4x4xf32>) {
  %y = hash.matmul %x, %w : (!m, tensor<4x4xf32>) -> !m
  %z = hash.grouped_matmul %y, %v transposed by %p : (!m, tensor<2x4x4xf32>, !p) -> !m
  %dw = hash.weight_grad %x, %z : (!m, !m) -> tensor<4x4xf32>
  %dv = hash.weight_grad %x, %z by %p : (!m, !m, !p) -> tensor<2x4x4xf32>
  return %dw, %dv : tensor<4x4xf32>, tensor<2x4x4xf32>
}

// What moves rows is a map that yields what it reads.
// CHECK-LABEL: func.func @moves
// CHECK-SAME: (%[[P:.*]]: !hash.plan<{{.*}}>, %[[X:.*]]: tensor<8x4xf32>, %[[B:.*]]: tensor<4xf32>, %[[C:.*]]: tensor<2x4xf32>, %[[S:.*]]: tensor<1xf32>)
// CHECK: hash.map plan(%[[P]] : {{.*}}) reads(%[[X]] : {{.*}}) at [token] outs({{.*}}) at [position] {
// CHECK: hash.map plan(%[[P]] : {{.*}}) reads({{.*}}) at [position] outs({{.*}}) at [slot] zero_dead {
// CHECK: hash.map reads(%[[B]] : tensor<4xf32>) at [all] outs({{.*}}) at [position] {
// CHECK: hash.map plan(%[[P]] : {{.*}}) reads(%[[C]] : tensor<2x4xf32>) at [group] outs({{.*}}) at [position] {
// CHECK: hash.map reads(%[[S]] : tensor<1xf32>) at [all] outs({{.*}}) at [position] {
func.func @moves(%p: !p, %x: !m, %b: tensor<4xf32>, %c: tensor<2x4xf32>, %s: tensor<1xf32>) -> (!m, !m, !m, !m) {
  %d = hash.dispatch %x by %p : (!m, !p) -> !m
  %k = hash.combine %d by %p : (!m, !p) -> !m
  %r = hash.broadcast %b : (tensor<4xf32>) -> !m
  %g = hash.broadcast %c by %p : (tensor<2x4xf32>, !p) -> !m
  %t = hash.splat %s : (tensor<1xf32>) -> !m
  return %k, %r, %g, %t : !m, !m, !m, !m
}

// A row's weight is read where the row is.
// CHECK-LABEL: func.func @weigh
// CHECK-SAME: (%[[X:.*]]: tensor<8x4xbf16>, %[[W:.*]]: tensor<8xf32>)
// CHECK: hash.map reads(%[[X]], %[[W]] : tensor<8x4xbf16>, tensor<8xf32>) at [position, position] outs({{.*}} : tensor<8x4xbf16>) at [position] {
// CHECK-NEXT: ^bb0(%[[A:.*]]: f32, %[[B:.*]]: f32, %{{.*}}: f32):
// CHECK-NEXT: %[[Y:.*]] = arith.mulf %[[A]], %[[B]]
// CHECK-NEXT: hash.yield %[[Y]]
func.func @weigh(%x: tensor<8x4xbf16>, %w: tensor<8xf32>) -> tensor<8x4xbf16> {
  %0 = hash.weigh %x, %w : (tensor<8x4xbf16>, tensor<8xf32>) -> tensor<8x4xbf16>
  return %0 : tensor<8x4xbf16>
}

// Constants and comparisons move into the body; each operand is read once.
// CHECK-LABEL: func.func @elementwise
// CHECK-SAME: (%[[X:.*]]: tensor<8xf32>, %[[Y:.*]]: tensor<8xf32>)
// CHECK-NOT: arith.constant dense
// CHECK: hash.map reads(%[[X]], %[[Y]] : {{.*}}) at [position, position]
// CHECK-NEXT: ^bb0(%[[A:.*]]: f32, %[[B:.*]]: f32, %{{.*}}: f32):
// CHECK-NEXT: %[[ZERO:.*]] = arith.constant 0.0{{.*}} : f32
// CHECK-NEXT: %[[LESS:.*]] = arith.cmpf olt, %[[A]], %[[ZERO]]
// CHECK-NEXT: %[[SELECT:.*]] = arith.select %[[LESS]], %[[A]], %[[B]]
// CHECK-NEXT: hash.yield %[[SELECT]]
// CHECK-NOT: arith.cmpf
func.func @elementwise(%x: tensor<8xf32>, %y: tensor<8xf32>) -> tensor<8xf32> {
  %zero = arith.constant dense<0.0> : tensor<8xf32>
  %less = arith.cmpf olt, %x, %zero : tensor<8xf32>
  %s = arith.select %less, %x, %y : tensor<8xi1>, tensor<8xf32>
  return %s : tensor<8xf32>
}

// A narrow float is widened when it is read and narrowed when it is written, so that
// a cast leaves nothing of its own; f64 stays f64.
// CHECK-LABEL: func.func @types
// CHECK: hash.map reads(%{{.*}} : tensor<8xbf16>) {{.*}} outs(%{{.*}} : tensor<8xf32>)
// CHECK-NEXT: ^bb0(%[[A:.*]]: f32, %{{.*}}: f32):
// CHECK-NEXT: hash.yield %[[A]] : f32
// CHECK: hash.map reads(%{{.*}} : tensor<8xf64>)
// CHECK-NEXT: ^bb0(%[[B:.*]]: f64, %{{.*}}: f64):
// CHECK-NEXT: math.exp %[[B]] : f64
func.func @types(%x: tensor<8xbf16>, %y: tensor<8xf64>) -> (tensor<8xf32>, tensor<8xf64>) {
  %w = arith.extf %x : tensor<8xbf16> to tensor<8xf32>
  %e = math.exp %y : tensor<8xf64>
  return %w, %e : tensor<8xf32>, tensor<8xf64>
}

// A number that bf16 would round enters bodies as it is; what else reads it reads rows.
// CHECK-LABEL: func.func @numbers
// CHECK: %[[C:.*]] = arith.constant dense<1.000000e-01> : tensor<1xf32>
// CHECK: %[[ROWS:.*]] = hash.map reads(%[[C]] : tensor<1xf32>) at [all] outs(%{{.*}} : tensor<8x4xbf16>)
// CHECK: hash.map reads(%{{.*}} : tensor<8x4xbf16>) {{.*}} outs(%{{.*}} : tensor<8x4xbf16>)
// CHECK-NEXT: ^bb0(%[[A:.*]]: f32, %{{.*}}: f32):
// CHECK-NEXT: %[[N:.*]] = arith.constant 1.000000e-01 : f32
// CHECK-NEXT: arith.mulf %[[A]], %[[N]] : f32
// CHECK: hash.reduce_rows %[[ROWS]]
// CHECK-NOT: hash.splat
func.func @numbers(%x: tensor<8x4xbf16>) -> (tensor<8x4xbf16>, tensor<4xf32>) {
  %c = arith.constant dense<0.1> : tensor<1xf32>
  %s = hash.splat %c : (tensor<1xf32>) -> tensor<8x4xbf16>
  %y = arith.mulf %x, %s : tensor<8x4xbf16>
  %r = hash.reduce_rows %s : (tensor<8x4xbf16>) -> tensor<4xf32>
  return %y, %r : tensor<8x4xbf16>, tensor<4xf32>
}

// A gradient is added where its total is; an expert without rows adds nothing.
// CHECK-LABEL: func.func @accumulation
// CHECK-SAME: (%[[P:.*]]: !hash.plan<{{.*}}>, %[[IDS:.*]]: tensor<8xi32>, %[[X:.*]]: tensor<8x4xf32>, %[[V:.*]]: tensor<2x4x4xf32>, %[[E:.*]]: tensor<16x4xf32>)
// CHECK-NOT: arith.constant
// CHECK: hash.grouped_outer plan(%[[P]] : {{.*}}) {{.*}} skip_empty reads() outs(%[[V]] : tensor<2x4x4xf32>)
// CHECK-NEXT: ^bb0(%[[ACC:.*]]: f32, %[[TOTAL:.*]]: f32):
// CHECK-NEXT: %[[SUM:.*]] = arith.addf %[[TOTAL]], %[[ACC]]
// CHECK-NEXT: hash.yield %[[SUM]]
// CHECK: hash.embedding_grad %[[IDS]], %[[X]] into %[[E]]
func.func @accumulation(%p: !p, %ids: tensor<8xi32>, %x: !m, %v: tensor<2x4x4xf32>, %e: tensor<16x4xf32>) -> (tensor<2x4x4xf32>, tensor<16x4xf32>) {
  %zero = arith.constant dense<0.0> : tensor<16x4xf32>
  %dv = hash.weight_grad %x, %x by %p : (!m, !m, !p) -> tensor<2x4x4xf32>
  %a = arith.addf %v, %dv : tensor<2x4x4xf32>
  %de = hash.embedding_grad %ids, %x into %zero : (tensor<8xi32>, !m, tensor<16x4xf32>) -> tensor<16x4xf32>
  %b = arith.addf %e, %de : tensor<16x4xf32>
  return %a, %b : tensor<2x4x4xf32>, tensor<16x4xf32>
}

// A gradient that is read elsewhere too is stored and added; an embedding's gradient
// that starts at something else is no share of the total.
// CHECK-LABEL: func.func @no_accumulation
// CHECK: hash.grouped_outer
// CHECK-NEXT: ^bb0(%[[ACC:.*]]: f32, %{{.*}}: f32):
// CHECK-NEXT: hash.yield %[[ACC]]
// CHECK: hash.map
// CHECK: arith.addf
// CHECK: hash.embedding_grad
// CHECK: hash.map
// CHECK: arith.addf
func.func @no_accumulation(%ids: tensor<8xi32>, %x: !m, %w: tensor<4x4xf32>, %e: tensor<16x4xf32>) -> (tensor<4x4xf32>, tensor<4x4xf32>, tensor<16x4xf32>) {
  // expected-remark @unknown {{a gradient of layer is stored and added: it is read elsewhere too}}
  %dw = hash.weight_grad %x, %x : (!m, !m) -> tensor<4x4xf32> loc("layer")
  %a = arith.addf %w, %dw : tensor<4x4xf32>
  %de = hash.embedding_grad %ids, %x into %e : (tensor<8xi32>, !m, tensor<16x4xf32>) -> tensor<16x4xf32>
  %b = arith.addf %e, %de : tensor<16x4xf32>
  return %a, %dw, %b : tensor<4x4xf32>, tensor<4x4xf32>, tensor<16x4xf32>
}

// What has a kernel of its own stays: a norm, a sum over rows, and combining more
// than one choice. So does code that is structured already.
// CHECK-LABEL: func.func @stays
// CHECK-NEXT: hash.combine
// CHECK-NEXT: hash.reduce_rows
// CHECK-NEXT: tensor.empty
// CHECK-NEXT: hash.map
// CHECK-NEXT: ^bb0
// CHECK-NEXT: math.tanh
// CHECK-NEXT: hash.yield
// CHECK-NEXT: }
// CHECK-NEXT: return
func.func @stays(%x: tensor<16x4xf32>, %p: !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>) -> (tensor<8x4xf32>, tensor<4xf32>) {
  %y = hash.combine %x by %p : (tensor<16x4xf32>, !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>) -> tensor<8x4xf32>
  %b = hash.reduce_rows %y : (tensor<8x4xf32>) -> tensor<4xf32>
  %e = tensor.empty() : tensor<8x4xf32>
  %a = hash.map reads(%y : tensor<8x4xf32>) at [position] outs(%e : tensor<8x4xf32>) at [position] {
  ^bb0(%v: f32, %i: f32):
    %t = math.tanh %v : f32
    hash.yield %t : f32
  } -> tensor<8x4xf32>
  return %a, %b : tensor<8x4xf32>, tensor<4xf32>
}

// A declaration has no code, and a function that branches is no entry point.
// CHECK-LABEL: func.func private @declared
// CHECK-LABEL: func.func @branches
// CHECK: math.tanh
func.func private @declared(tensor<8xf32>)
func.func @branches(%x: tensor<8xf32>) -> tensor<8xf32> {
  %y = math.tanh %x : tensor<8xf32>
  llvm.br ^bb1
^bb1:
  return %y : tensor<8xf32>
}

// -----

func.func @unknown(%x: tensor<?xf32>) -> tensor<?xf32> {
  // expected-error @+1 {{makes a 'tensor<?xf32>'; every shape has to be known when compiling}}
  %y = math.tanh %x : tensor<?xf32>
  return %y : tensor<?xf32>
}
