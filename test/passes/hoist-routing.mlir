// RUN: hash-opt %s --hash-hoist-routing --remarks-filter=hash-hoist-routing --remark-format=emitRemark -o - 2>%t.err | FileCheck %s
// RUN: FileCheck %s --check-prefix=REMARK < %t.err
// RUN: hash-opt %s --hash-hoist-routing=share=false | FileCheck %s --check-prefix=APART
// RUN: not hash-opt %S/Inputs/planned-twice.mlir --hash-hoist-routing 2>&1 | FileCheck %s --check-prefix=TWICE
// RUN: hash-opt %S/Inputs/other-ops.mlir --hash-hoist-routing | FileCheck %s --check-prefix=OTHER

// TWICE: error: the module has 'plan_batch' already; the pass that makes it runs once

// What an op depends on it says itself, or its trait does; of others nothing is known.
// OTHER-LABEL: func.func @plan_batch
// OTHER-NOT: tensor.extract_slice
// OTHER: hash.plan %
// OTHER-NOT: hash.plan %
// OTHER-LABEL: func.func @eval_step
// OTHER: %[[S:.*]] = tensor.extract_slice
// OTHER: %[[P:.*]] = hash.plan %[[S]]
// OTHER: hash.dispatch %{{.*}} by %[[P]]

!p = !hash.plan<tokens = 8, k = 1, groups = 4, slots = 8>

// Two layers of one router, in two entry points: one plan.
// CHECK-LABEL: func.func @plan_batch
// CHECK-SAME: (%[[TOKENS:.*]]: tensor<8xi32> {hash.arg = #hash.arg<tokens>}, %[[TABLE:.*]]: tensor<16xi32> {hash.arg = #hash.arg<table, "t">})
// CHECK-SAME: -> (!hash.plan<{{.*}}> {hash.arg = #hash.arg<plan, "plan0">})
// CHECK: %[[E:.*]] = hash.table_lookup %[[TOKENS]] in %[[TABLE]]
// CHECK: %[[P:.*]] = hash.plan %[[E]] masked %[[TOKENS]]
// CHECK: return %[[P]]

// APART-LABEL: func.func @plan_batch
// APART-COUNT-3: = hash.plan %

// The tokens and the table are not arguments any more; a plan that reads
// activations stays.
// CHECK-LABEL: func.func @grad_step
// CHECK-SAME: (%[[X:.*]]: tensor<8x4xf32>
// CHECK-SAME: %[[IDS:.*]]: tensor<8xi32> {hash.arg = #hash.arg<plan, "ids">}, %[[PLAN:.*]]: !hash.plan<{{.*}}> {hash.arg = #hash.arg<plan, "plan0">})
// CHECK: hash.plan %[[IDS]] masked %[[IDS]]
// CHECK: %[[A:.*]] = hash.dispatch %[[X]] by %[[PLAN]]
// CHECK: hash.dispatch %[[A]] by %[[PLAN]]

// REMARK-DAG: plan0 of layer0 is made once per batch
// REMARK-DAG: the plan of layer2 depends on activations
func.func @grad_step(%x: tensor<8x4xf32> {hash.arg = #hash.arg<param, "x">}, %t: tensor<16xi32> {hash.arg = #hash.arg<table, "t">},
    %tokens: tensor<8xi32> {hash.arg = #hash.arg<tokens>}, %ids: tensor<8xi32> {hash.arg = #hash.arg<plan, "ids">})
    -> (tensor<8x4xf32> {hash.arg = #hash.arg<losses>}) {
  %e0 = hash.table_lookup %tokens in %t : (tensor<8xi32>, tensor<16xi32>) -> tensor<8xi32> loc("layer0")
  %p0 = hash.plan %e0 masked %tokens : (tensor<8xi32>, tensor<8xi32>) -> !p loc("layer0")
  %e1 = hash.table_lookup %tokens in %t : (tensor<8xi32>, tensor<16xi32>) -> tensor<8xi32> loc("layer1")
  %p1 = hash.plan %e1 masked %tokens : (tensor<8xi32>, tensor<8xi32>) -> !p loc("layer1")
  %p2 = hash.plan %ids masked %ids : (tensor<8xi32>, tensor<8xi32>) -> !p loc("layer2")
  %a = hash.dispatch %x by %p0 : (tensor<8x4xf32>, !p) -> tensor<8x4xf32>
  %b = hash.dispatch %a by %p1 : (tensor<8x4xf32>, !p) -> tensor<8x4xf32>
  %c = hash.dispatch %b by %p2 : (tensor<8x4xf32>, !p) -> tensor<8x4xf32>
  return %c : tensor<8x4xf32>
}

// A comparison is done again where it is used: it is what it reads that crosses.
// CHECK-LABEL: func.func @eval_step
// CHECK-SAME: %[[PLAN:[a-z0-9]*]]: !hash.plan<{{.*}}> {hash.arg = #hash.arg<plan, "plan0">}
// CHECK: arith.cmpi
func.func @eval_step(%x: tensor<8x4xf32> {hash.arg = #hash.arg<param, "x">}, %t: tensor<16xi32> {hash.arg = #hash.arg<table, "t">},
    %tokens: tensor<8xi32> {hash.arg = #hash.arg<tokens>}, %l: tensor<8xf32> {hash.arg = #hash.arg<param, "l">})
    -> (tensor<8x4xf32> {hash.arg = #hash.arg<logits>}, tensor<8xf32> {hash.arg = #hash.arg<losses>}) {
  %zero = arith.constant dense<0> : tensor<8xi32>
  %none = arith.constant dense<0.0> : tensor<8xf32>
  %e0 = hash.table_lookup %tokens in %t : (tensor<8xi32>, tensor<16xi32>) -> tensor<8xi32>
  %p0 = hash.plan %e0 masked %tokens : (tensor<8xi32>, tensor<8xi32>) -> !p
  %a = hash.dispatch %x by %p0 : (tensor<8x4xf32>, !p) -> tensor<8x4xf32>
  %c = arith.cmpi slt, %tokens, %zero : tensor<8xi32>
  %s = arith.select %c, %none, %l : tensor<8xi1>, tensor<8xf32>
  return %a, %s : tensor<8x4xf32>, tensor<8xf32>
}

// What decodes one row plans it itself.
// CHECK-LABEL: func.func @decode_step
// CHECK: hash.plan %
func.func @decode_step(%x: tensor<8x4xf32>, %tokens: tensor<8xi32> {hash.arg = #hash.arg<tokens>}) -> tensor<8x4xf32> {
  %p0 = hash.plan %tokens masked %tokens : (tensor<8xi32>, tensor<8xi32>) -> !p
  %a = hash.dispatch %x by %p0 : (tensor<8x4xf32>, !p) -> tensor<8x4xf32>
  return %a : tensor<8x4xf32>
}
