// RUN: hash-opt %s --hash-hoist-routing | FileCheck %s
// RUN: hash-opt %s --hash-hoist-routing --hash-hoist-routing | FileCheck %s
// RUN: hash-opt %s --hash-hoist-routing=share=false | FileCheck %s --check-prefix=APART
// RUN: not hash-opt %s --hash-hoist-routing=share=maybe 2>&1 | FileCheck %s --check-prefix=OPTION

// OPTION: for the --share option: 'maybe' is invalid value for boolean argument

// Layers of one router share its plan. Another table, another hash and another number
// of experts are other routers; so is a hash of another seed. The streams that several
// of them read are made once.
// CHECK-LABEL: func.func @plan_batch
// CHECK-SAME: -> (!hash.plan<tokens = 8, k = 1, groups = 4, slots = 8> {hash.arg = #hash.arg<plan, "plan0">},
// CHECK-SAME: !hash.plan<tokens = 8, k = 1, groups = 4, slots = 8> {hash.arg = #hash.arg<plan, "plan1">},
// CHECK-SAME: !hash.plan<tokens = 8, k = 1, groups = 4, slots = 8> {hash.arg = #hash.arg<plan, "plan2">},
// CHECK-SAME: !hash.plan<tokens = 8, k = 1, groups = 4, slots = 8> {hash.arg = #hash.arg<plan, "plan3">},
// CHECK-SAME: !hash.plan<tokens = 8, k = 1, groups = 2, slots = 8> {hash.arg = #hash.arg<plan, "plan4">})
// CHECK-COUNT-2: hash.table_lookup
// CHECK-COUNT-2: hash.mix
// CHECK-NOT: hash.mix
// CHECK: return
// APART-LABEL: func.func @plan_batch
// APART-COUNT-6: = hash.plan %
// APART-NOT: = hash.plan %
// APART: return

// CHECK-LABEL: func.func @grad_step
// CHECK-SAME: %[[X:[a-z0-9]*]]: tensor<8x4xf32>
// CHECK-SAME: %[[P0:[a-z0-9]*]]: !hash.plan<{{[^>]*}}> {hash.arg = #hash.arg<plan, "plan0">}
// CHECK-NOT: hash.plan %
// CHECK: %[[A:.*]] = hash.dispatch %[[X]] by %[[P0]]
// CHECK: %[[B:.*]] = hash.dispatch %[[A]] by %[[P0]]
!p = !hash.plan<tokens = 8, k = 1, groups = 4, slots = 8>
!q = !hash.plan<tokens = 8, k = 1, groups = 2, slots = 8>
!s = tensor<8xi32>
!m = tensor<8x4xf32>
func.func @grad_step(%x: !m {hash.arg = #hash.arg<param, "x">}, %t: tensor<16xi32> {hash.arg = #hash.arg<table, "t">},
    %u: tensor<16xi32> {hash.arg = #hash.arg<table, "u">}, %tokens: !s {hash.arg = #hash.arg<tokens>}) -> (!m {hash.arg = #hash.arg<losses>}) {
  %e0 = hash.table_lookup %tokens in %t : (!s, tensor<16xi32>) -> !s
  %p0 = hash.plan %e0 masked %tokens : (!s, !s) -> !p
  %e1 = hash.table_lookup %tokens in %t : (!s, tensor<16xi32>) -> !s
  %p1 = hash.plan %e1 masked %tokens : (!s, !s) -> !p
  %e2 = hash.table_lookup %tokens in %u : (!s, tensor<16xi32>) -> !s
  %p2 = hash.plan %e2 masked %tokens : (!s, !s) -> !p
  %w = arith.extsi %tokens : !s to tensor<8xi64>
  %h3 = hash.mix %w seed 3 : tensor<8xi64>
  %r3 = hash.modulo %h3 by 4 : tensor<8xi64>
  %e3 = arith.trunci %r3 : tensor<8xi64> to !s
  %p3 = hash.plan %e3 masked %tokens : (!s, !s) -> !p
  %h4 = hash.mix %w seed 4 : tensor<8xi64>
  %r4 = hash.modulo %h4 by 4 : tensor<8xi64>
  %e4 = arith.trunci %r4 : tensor<8xi64> to !s
  %p4 = hash.plan %e4 masked %tokens : (!s, !s) -> !p
  %r5 = hash.modulo %h3 by 2 : tensor<8xi64>
  %e5 = arith.trunci %r5 : tensor<8xi64> to !s
  %p5 = hash.plan %e5 masked %tokens : (!s, !s) -> !q
  %a = hash.dispatch %x by %p0 : (!m, !p) -> !m
  %b = hash.dispatch %a by %p1 : (!m, !p) -> !m
  %c = hash.dispatch %b by %p2 : (!m, !p) -> !m
  %d = hash.dispatch %c by %p3 : (!m, !p) -> !m
  %f = hash.dispatch %d by %p4 : (!m, !p) -> !m
  %g = hash.dispatch %f by %p5 : (!m, !q) -> !m
  return %g : !m
}

// An entry point without code has nothing to hoist.
// CHECK: func.func private @eval_step
func.func private @eval_step(%x: !m)
