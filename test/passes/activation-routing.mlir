// RUN: hash-opt %s --split-input-file --hash-derive-eval --hash-derive-decode --canonicalize | FileCheck %s
// RUN: hash-opt %s --split-input-file --hash-step-pipeline -o %t.mlir && FileCheck %s --check-prefix=STEP < %t.mlir

// What is of training only goes: evaluation and decoding choose by the logits alone, drop nothing and add no noise. The
// plan is a result of evaluation, for the load of the experts.
// CHECK-LABEL: func.func @eval_step
// CHECK-SAME: -> (tensor<8xf32> {hash.arg = #hash.arg<losses>}, !hash.plan<{{.*}}> {hash.arg = #hash.arg<plan, "plan.ffn">})
// CHECK: %[[X:.*]] = hash.embedding
// CHECK-NEXT: %[[Z:.*]] = hash.matmul %[[X]]
// CHECK-NEXT: %[[C:.*]] = hash.top_choices %[[Z]]
// CHECK-NEXT: %[[P:.*]] = hash.plan %[[C]] masked
// CHECK-NEXT: hash.gate softmax %[[Z]] by %[[P]]
// CHECK-NOT: _loss

// CHECK-LABEL: func.func @decode_step
// CHECK-NOT: hash.arg<seed>
// CHECK: %[[X:.*]] = hash.embedding
// CHECK-NEXT: %[[Z:.*]] = hash.matmul %[[X]], {{.*}} -> tensor<1x4xf32>
// CHECK-NEXT: %[[C:.*]] = hash.top_choices %[[Z]] : (tensor<1x4xf32>) -> tensor<1xi32>
// CHECK-NEXT: %[[P:.*]] = hash.plan %[[C]] masked %{{.*}} -> !hash.plan<tokens = 1, k = 1, groups = 4, slots = 1>
// CHECK-NEXT: hash.gate softmax %[[Z]] by %[[P]] {{.*}} -> tensor<1xf32>

// A plan that depends on activations stays in the step; the table's is made once for the batch.
// STEP-LABEL: func.func @plan_batch
// STEP-SAME: -> (!hash.plan<{{.*}}> {hash.arg = #hash.arg<plan, "plan0">})
// STEP-LABEL: func.func @eval_step
// STEP: hash.top_choices
// STEP: hash.plan
// STEP-LABEL: func.func @grad_step
// STEP: hash.top_choices
// STEP: hash.limit_capacity
// STEP-NEXT: hash.plan
!p = !hash.plan<tokens = 8, k = 1, groups = 4, slots = 8>
module attributes {hash.model = {window = 4 : i64}} {
  hash.param @x : tensor<32x6xf32> init zeros
  hash.param @r : tensor<6x4xf32> init zeros
  hash.table @t builder "random" vocab 32 groups 4
  func.func @forward(%x: tensor<32x6xf32> {hash.arg = #hash.arg<param, "x">}, %r: tensor<6x4xf32> {hash.arg = #hash.arg<param, "r">},
      %table: tensor<32xi32> {hash.arg = #hash.arg<table, "t">},
      %tok: tensor<8xi32> {hash.arg = #hash.arg<tokens>}, %t: tensor<8xi32> {hash.arg = #hash.arg<targets>},
      %seed: tensor<1xi64> {hash.arg = #hash.arg<seed>})
      -> (tensor<8xf32> {hash.arg = #hash.arg<losses>}, tensor<8x6xf32> {hash.arg = #hash.arg<logits>},
          tensor<8xf32> {hash.arg = #hash.arg<aux, "ffn.balance">}, !p {hash.arg = #hash.arg<plan, "plan.ffn">}) {
    %0 = hash.embedding %tok, %x : (tensor<8xi32>, tensor<32x6xf32>) -> tensor<8x6xf32>
    %n = hash.jitter %0, %seed {amount = 0.1 : f64, stream = 2 : i64} : (tensor<8x6xf32>, tensor<1xi64>) -> tensor<8x6xf32>
    %z = hash.matmul %n, %r : (tensor<8x6xf32>, tensor<6x4xf32>) -> tensor<8x4xf32>
    %c = hash.top_choices %z : (tensor<8x4xf32>) -> tensor<8xi32>
    %f = hash.expert_load %c masked %tok {share} : (tensor<8xi32>, tensor<8xi32>) -> tensor<4xf32>
    %b = hash.balance_loss %z, %f masked %tok {weight = 0.01 : f64} : (tensor<8x4xf32>, tensor<4xf32>, tensor<8xi32>) -> tensor<8xf32>
    %k, %kept = hash.limit_capacity %c masked %tok {capacity = 1.0 : f64} : (tensor<8xi32>, tensor<8xi32>) -> (tensor<8xi32>, tensor<4xi32>)
    %p = hash.plan %k masked %tok : (tensor<8xi32>, tensor<8xi32>) -> !p
    %w = hash.gate softmax %z by %p : (tensor<8x4xf32>, !p) -> tensor<8xf32>
    %d = hash.dispatch %0 by %p : (tensor<8x6xf32>, !p) -> tensor<8x6xf32>
    %m = hash.weigh %d, %w : (tensor<8x6xf32>, tensor<8xf32>) -> tensor<8x6xf32>
    %y = hash.combine %m by %p : (tensor<8x6xf32>, !p) -> tensor<8x6xf32>
    %e = hash.table_lookup %tok in %table : (tensor<8xi32>, tensor<32xi32>) -> tensor<8xi32>
    %q = hash.plan %e masked %tok : (tensor<8xi32>, tensor<8xi32>) -> !p
    %g = hash.dispatch %y by %q : (tensor<8x6xf32>, !p) -> tensor<8x6xf32>
    %h = math.tanh %g : tensor<8x6xf32>
    %o = hash.combine %h by %q : (tensor<8x6xf32>, !p) -> tensor<8x6xf32>
    %l, %lse = hash.cross_entropy %o, %t : (tensor<8x6xf32>, tensor<8xi32>) -> (tensor<8xf32>, tensor<8xf32>)
    return %l, %o, %b, %p : tensor<8xf32>, tensor<8x6xf32>, tensor<8xf32>, !p
  }
}

// -----

// An auction in training, the best expert of a row elsewhere: the training loss is not causal, decoding is.
// CHECK: module attributes {
// CHECK-NOT: not_decodable
// CHECK-SAME: hash.not_causal_in_training = "in 'hash.balanced_choices' tokens share the experts evenly, later ones too"
// CHECK-LABEL: func.func @eval_step
// CHECK: %[[Z:.*]] = hash.matmul
// CHECK-NEXT: %[[C:.*]] = hash.top_choices %[[Z]] : (tensor<8x4xf32>) -> tensor<8xi32>
// CHECK-NEXT: hash.plan %[[C]]
// CHECK-LABEL: func.func @decode_step
// CHECK: %[[Z:.*]] = hash.matmul {{.*}} -> tensor<1x4xf32>
// CHECK-NEXT: %[[C:.*]] = hash.top_choices %[[Z]] : (tensor<1x4xf32>) -> tensor<1xi32>
// STEP-LABEL: func.func @grad_step
// STEP: hash.balanced_choices
// STEP-NEXT: hash.plan
!p = !hash.plan<tokens = 8, k = 1, groups = 4, slots = 8>
module attributes {hash.model = {window = 4 : i64}} {
  hash.param @x : tensor<32x6xf32> init zeros
  hash.param @r : tensor<6x4xf32> init zeros
  func.func @forward(%x: tensor<32x6xf32> {hash.arg = #hash.arg<param, "x">}, %r: tensor<6x4xf32> {hash.arg = #hash.arg<param, "r">},
      %tok: tensor<8xi32> {hash.arg = #hash.arg<tokens>}, %t: tensor<8xi32> {hash.arg = #hash.arg<targets>})
      -> (tensor<8xf32> {hash.arg = #hash.arg<losses>}, tensor<8x6xf32> {hash.arg = #hash.arg<logits>}) {
    %0 = hash.embedding %tok, %x : (tensor<8xi32>, tensor<32x6xf32>) -> tensor<8x6xf32>
    %z = hash.matmul %0, %r : (tensor<8x6xf32>, tensor<6x4xf32>) -> tensor<8x4xf32>
    %c:4 = hash.balanced_choices %z masked %tok {tolerance = 0.02 : f64} : (tensor<8x4xf32>, tensor<8xi32>) -> (tensor<8xi32>, tensor<4xf64>, tensor<8xf64>, tensor<8xi32>)
    %p = hash.plan %c#0 masked %tok : (tensor<8xi32>, tensor<8xi32>) -> !p
    %w = hash.gate sigmoid %z by %p : (tensor<8x4xf32>, !p) -> tensor<8xf32>
    %d = hash.dispatch %0 by %p : (tensor<8x6xf32>, !p) -> tensor<8x6xf32>
    %m = hash.weigh %d, %w : (tensor<8x6xf32>, tensor<8xf32>) -> tensor<8x6xf32>
    %y = hash.combine %m by %p : (tensor<8x6xf32>, !p) -> tensor<8x6xf32>
    %l, %lse = hash.cross_entropy %y, %t : (tensor<8x6xf32>, tensor<8xi32>) -> (tensor<8xf32>, tensor<8xf32>)
    return %l, %y : tensor<8xf32>, tensor<8x6xf32>
  }
}

// -----

// Experts that choose among all rows do so everywhere: no decoding step, and the reason. Of one expert that does not take
// all rows the plan has fewer slots than rows, and rows without a position become zero: the combine is no map.
// CHECK: module attributes {{.*}}hash.not_causal_in_training = "in 'hash.expert_choices' an expert chooses among all tokens, later ones too", hash.not_decodable = "in 'hash.expert_choices' an expert chooses among all tokens, later ones too"
// CHECK-NOT: @decode_step
// CHECK-LABEL: func.func @eval_step
// CHECK: hash.expert_choices
// STEP-LABEL: func.func @grad_step
// STEP: hash.expert_choices
// STEP-NEXT: hash.plan
// STEP: hash.combine
!q = !hash.plan<tokens = 8, k = 1, groups = 1, slots = 4>
module attributes {hash.model = {window = 4 : i64}} {
  hash.param @x : tensor<32x6xf32> init zeros
  hash.param @r : tensor<6x1xf32> init zeros
  func.func @forward(%x: tensor<32x6xf32> {hash.arg = #hash.arg<param, "x">}, %r: tensor<6x1xf32> {hash.arg = #hash.arg<param, "r">},
      %tok: tensor<8xi32> {hash.arg = #hash.arg<tokens>}, %t: tensor<8xi32> {hash.arg = #hash.arg<targets>})
      -> (tensor<8xf32> {hash.arg = #hash.arg<losses>}, tensor<8x6xf32> {hash.arg = #hash.arg<logits>}) {
    %0 = hash.embedding %tok, %x : (tensor<8xi32>, tensor<32x6xf32>) -> tensor<8x6xf32>
    %z = hash.matmul %0, %r : (tensor<8x6xf32>, tensor<6x1xf32>) -> tensor<8x1xf32>
    %s = hash.log_shares %z : (tensor<8x1xf32>) -> tensor<8x1xf32>
    %c = hash.expert_choices %s masked %tok {capacity = 0.5 : f64} : (tensor<8x1xf32>, tensor<8xi32>) -> tensor<8x1xi32>
    %p = hash.plan %c masked %tok : (tensor<8x1xi32>, tensor<8xi32>) -> !q
    %w = hash.gate softmax %z by %p : (tensor<8x1xf32>, !q) -> tensor<4xf32>
    %d = hash.dispatch %0 by %p : (tensor<8x6xf32>, !q) -> tensor<4x6xf32>
    %m = hash.weigh %d, %w : (tensor<4x6xf32>, tensor<4xf32>) -> tensor<4x6xf32>
    %y = hash.combine %m by %p : (tensor<4x6xf32>, !q) -> tensor<8x6xf32>
    %l, %lse = hash.cross_entropy %y, %t : (tensor<8x6xf32>, tensor<8xi32>) -> (tensor<8xf32>, tensor<8xf32>)
    return %l, %y : tensor<8xf32>, tensor<8x6xf32>
  }
}
