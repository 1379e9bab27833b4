// RUN: hash-opt %s --split-input-file --hash-derive-decode --verify-diagnostics | FileCheck %s
// RUN: not hash-opt %s --split-input-file --hash-derive-decode --remarks-filter=hash-derive-decode --remark-format=emitRemark -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: hash-opt %S/Inputs/no-forward.mlir --hash-derive-decode --verify-diagnostics --split-input-file

!p = !hash.plan<tokens = 8, k = 1, groups = 4, slots = 8>
!a = tensor<8x4xf32>

// Eight rows are two windows of four. Streams stay as long as a window, activations
// are one row; a stream is cut once, where activations read it; attention keeps its
// keys and values under its path. The losses and what only they need are left out.
// CHECK-LABEL: func.func @forward
// CHECK-LABEL: func.func @decode_step
// CHECK-SAME: %[[E:[a-z0-9]*]]: tensor<16x4xf32> {hash.arg = #hash.arg<param, "e">}, %[[W:[a-z0-9]*]]: tensor<4x4x4xf32> {hash.arg = #hash.arg<param, "w">},
// CHECK-SAME: %[[TOKENS:[a-z0-9]*]]: tensor<4xi32> {hash.arg = #hash.arg<tokens>}, %[[STARTS:[a-z0-9]*]]: tensor<4xi32> {hash.arg = #hash.arg<starts>}, %[[INDEX:[a-z0-9]*]]: tensor<1xi32> {hash.arg = #hash.arg<index>},
// CHECK-SAME: %[[K:[a-z0-9]*]]: tensor<4x4xf32> {hash.arg = #hash.arg<cache, "attention.k">}, %[[V:[a-z0-9]*]]: tensor<4x4xf32> {hash.arg = #hash.arg<cache, "attention.v">})
// CHECK-SAME: -> (tensor<1x4xf32> {hash.arg = #hash.arg<logits>}, tensor<4x4xf32> {hash.arg = #hash.arg<cache, "attention.k">}, tensor<4x4xf32> {hash.arg = #hash.arg<cache, "attention.v">})
// CHECK: %[[PREV:.*]] = hash.prev %[[TOKENS]], %[[STARTS]] {{.*}} -> tensor<4xi32>
// CHECK: %[[ROW:.*]] = hash.row_at %[[TOKENS]] at %[[INDEX]]
// CHECK: %[[X:.*]] = hash.embedding %[[ROW]], %[[E]] : {{.*}} -> tensor<1x4xf32>
// CHECK: %[[START:.*]] = hash.row_at %[[STARTS]] at %[[INDEX]]
// CHECK: %[[Y:.*]], %[[NEWK:.*]], %[[NEWV:.*]] = hash.attention_decode %[[X]], %[[X]], %[[X]], %[[START]], %[[INDEX]], %[[K]], %[[V]]
// CHECK: %[[PREVROW:.*]] = hash.row_at %[[PREV]] at %[[INDEX]]
// CHECK: %[[P:.*]] = hash.plan %[[PREVROW]] masked %[[ROW]] : {{.*}} -> !hash.plan<tokens = 1, k = 1, groups = 4, slots = 1>
// CHECK: hash.dispatch %[[Y]] by %[[P]] : {{.*}} -> tensor<1x4xf32>
// CHECK: hash.grouped_matmul
// CHECK: %[[C:.*]] = hash.combine
// CHECK: %[[HALF:.*]] = arith.constant dense<5.000000e-01> : tensor<1x4xf32>
// CHECK: %[[L:.*]] = arith.mulf %[[C]], %[[HALF]] : tensor<1x4xf32>
// CHECK-NOT: hash.cross_entropy
// CHECK-NOT: hash.dropout
// CHECK: return %[[L]], %[[NEWK]], %[[NEWV]]
// REMARK: attention.k is kept from call to call: 4 rows of 4 elements
// REMARK: attention.v is kept from call to call: 4 rows of 4 elements
module attributes {hash.model = {window = 4 : i64}} {
  func.func @forward(%e: tensor<16x4xf32> {hash.arg = #hash.arg<param, "e">}, %w: tensor<4x4x4xf32> {hash.arg = #hash.arg<param, "w">},
      %tokens: tensor<8xi32> {hash.arg = #hash.arg<tokens>}, %targets: tensor<8xi32> {hash.arg = #hash.arg<targets>},
      %starts: tensor<8xi32> {hash.arg = #hash.arg<starts>}, %seed: tensor<1xi64> {hash.arg = #hash.arg<seed>})
      -> (!a {hash.arg = #hash.arg<logits>}, tensor<8xf32> {hash.arg = #hash.arg<losses>}) {
    %half = arith.constant dense<0.5> : !a
    %prev = hash.prev %tokens, %starts {distance = 1 : i64, window = 4 : i64, bos = 0 : i64} : (tensor<8xi32>, tensor<8xi32>) -> tensor<8xi32>
    %x = hash.embedding %tokens, %e : (tensor<8xi32>, tensor<16x4xf32>) -> !a
    %y, %lse = hash.attention %x, %x, %x, %starts {heads = 2 : i64, kv_heads = 2 : i64, window = 4 : i64, scale = 0.5 : f64, causal}
        : (!a, !a, !a, tensor<8xi32>) -> (!a, tensor<8x2xf32>) loc("attention")
    %p = hash.plan %prev masked %tokens : (tensor<8xi32>, tensor<8xi32>) -> !p
    %d = hash.dispatch %y by %p : (!a, !p) -> !a
    %m = hash.grouped_matmul %d, %w by %p : (!a, tensor<4x4x4xf32>, !p) -> !a
    %c = hash.combine %m by %p : (!a, !p) -> !a
    %r = hash.dropout %c, %seed {rate = 0.1 : f64, stream = 0 : i64} : (!a, tensor<1xi64>) -> !a
    %l = arith.mulf %r, %half : !a
    %losses, %lse2 = hash.cross_entropy %l, %targets : (!a, tensor<8xi32>) -> (tensor<8xf32>, tensor<8xf32>)
    return %l, %losses : !a, tensor<8xf32>
  }
}

// -----

// A token's choices are weighed as in training: one row of logits, as many weights as it has choices.
// CHECK-LABEL: func.func @decode_step
// CHECK: %[[P:.*]] = hash.plan {{.*}} -> !hash.plan<tokens = 1, k = 2, groups = 4, slots = 2>
// CHECK: %[[Z:.*]] = hash.matmul {{.*}} -> tensor<1x4xf32>
// CHECK: %[[W:.*]] = hash.gate sigmoid %[[Z]] by %[[P]] {normalize} : (tensor<1x4xf32>, {{.*}}) -> tensor<2xf32>
// CHECK: hash.weigh %{{.*}}, %[[W]] : (tensor<2x4xf32>, tensor<2xf32>) -> tensor<2x4xf32>
!two = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
module attributes {hash.model = {window = 4 : i64}} {
  func.func @forward(%e: tensor<16x4xf32> {hash.arg = #hash.arg<param, "e">}, %r: tensor<4x4xf32> {hash.arg = #hash.arg<param, "r">},
      %t: tensor<16x2xi32> {hash.arg = #hash.arg<table, "t">}, %tokens: tensor<8xi32> {hash.arg = #hash.arg<tokens>})
      -> (tensor<8x4xf32> {hash.arg = #hash.arg<logits>}) {
    %x = hash.embedding %tokens, %e : (tensor<8xi32>, tensor<16x4xf32>) -> tensor<8x4xf32>
    %c = hash.table_lookup %tokens in %t : (tensor<8xi32>, tensor<16x2xi32>) -> tensor<8x2xi32>
    %p = hash.plan %c masked %tokens : (tensor<8x2xi32>, tensor<8xi32>) -> !two
    %z = hash.matmul %x, %r : (tensor<8x4xf32>, tensor<4x4xf32>) -> tensor<8x4xf32>
    %w = hash.gate sigmoid %z by %p {normalize} : (tensor<8x4xf32>, !two) -> tensor<16xf32>
    %d = hash.dispatch %x by %p : (tensor<8x4xf32>, !two) -> tensor<16x4xf32>
    %m = hash.weigh %d, %w : (tensor<16x4xf32>, tensor<16xf32>) -> tensor<16x4xf32>
    %y = hash.combine %m by %p : (tensor<16x4xf32>, !two) -> tensor<8x4xf32>
    return %y : tensor<8x4xf32>
  }
}

// -----

// Integers that activations gave have one row: what reads them and streams is of that row, and a comparison of streams is
// made of their rows. Of streams alone, streams are made.
// CHECK-LABEL: func.func @decode_step
// CHECK: %[[H:.*]] = hash.table_lookup %[[TOKENS:[a-z0-9]*]] in %[[T:[a-z0-9]*]] : {{.*}} -> tensor<4xi32>
// CHECK: %[[ROW:.*]] = hash.row_at %[[TOKENS]] at
// CHECK: %[[G:.*]] = hash.top_choices {{.*}} -> tensor<1xi32>
// CHECK: %[[E:.*]] = hash.table_lookup %[[G]] in %[[T]] : {{.*}} -> tensor<1xi32>
// CHECK: %[[HROW:.*]] = hash.row_at %[[H]] at
// CHECK: %[[LESS:.*]] = arith.cmpi slt, %[[ROW]], %[[HROW]] : tensor<1xi32>
// CHECK: %[[S:.*]] = arith.select %[[LESS]], %[[E]], %[[ROW]] : tensor<1xi1>, tensor<1xi32>
// CHECK: %[[C:.*]] = hash.choices %[[E]], %[[HROW]] of 4 : {{.*}} -> tensor<1x2xi32>
// CHECK: %[[WIDE:.*]] = arith.extsi %[[S]]
// CHECK: %[[M:.*]] = hash.mix %[[WIDE]], %[[WIDE]] seed 1 : tensor<1xi64>
// CHECK: %[[MOD:.*]] = hash.modulo %[[M]] by 4 : tensor<1xi64>
// CHECK: hash.plan %[[C]] masked %[[ROW]]
!both = !hash.plan<tokens = 8, k = 2, groups = 8, slots = 16>
!one = !hash.plan<tokens = 8, k = 1, groups = 4, slots = 8>
module attributes {hash.model = {window = 4 : i64}} {
  func.func @forward(%e: tensor<16x4xf32> {hash.arg = #hash.arg<param, "e">}, %t: tensor<16xi32> {hash.arg = #hash.arg<table, "t">},
      %tokens: tensor<8xi32> {hash.arg = #hash.arg<tokens>}) -> (tensor<8x4xf32> {hash.arg = #hash.arg<logits>}) {
    %h = hash.table_lookup %tokens in %t : (tensor<8xi32>, tensor<16xi32>) -> tensor<8xi32>
    %less = arith.cmpi slt, %tokens, %h : tensor<8xi32>
    %x = hash.embedding %tokens, %e : (tensor<8xi32>, tensor<16x4xf32>) -> tensor<8x4xf32>
    %g = hash.top_choices %x : (tensor<8x4xf32>) -> tensor<8xi32>
    %c = hash.table_lookup %g in %t : (tensor<8xi32>, tensor<16xi32>) -> tensor<8xi32>
    %s = arith.select %less, %c, %tokens : tensor<8xi1>, tensor<8xi32>
    %two = hash.choices %c, %h of 4 : (tensor<8xi32>, tensor<8xi32>) -> tensor<8x2xi32>
    %wide = arith.extsi %s : tensor<8xi32> to tensor<8xi64>
    %m = hash.mix %wide, %wide seed 1 : tensor<8xi64>
    %n = hash.modulo %m by 4 : tensor<8xi64>
    %narrow = arith.trunci %n : tensor<8xi64> to tensor<8xi32>
    %p = hash.plan %two masked %tokens : (tensor<8x2xi32>, tensor<8xi32>) -> !both
    %q = hash.plan %narrow masked %tokens : (tensor<8xi32>, tensor<8xi32>) -> !one
    %d = hash.dispatch %x by %p : (tensor<8x4xf32>, !both) -> tensor<16x4xf32>
    %y = hash.combine %d by %p : (tensor<16x4xf32>, !both) -> tensor<8x4xf32>
    %v = hash.dispatch %y by %q : (tensor<8x4xf32>, !one) -> tensor<8x4xf32>
    %w = hash.combine %v by %q : (tensor<8x4xf32>, !one) -> tensor<8x4xf32>
    return %w : tensor<8x4xf32>
  }
}

// -----

// A row that depends on the rows after it has no value yet when it is decoded: no decoding step, and the reason.
// CHECK: module attributes {{.*}}hash.not_decodable = "in 'hash.attention' a token attends to later tokens"
// CHECK-NOT: @decode_step
// CHECK: func.func @forward(
// CHECK-NOT: @decode_step
module attributes {hash.model = {window = 4 : i64}} {
  func.func @forward(%x: tensor<8x4xf32> {hash.arg = #hash.arg<param, "x">}, %tokens: tensor<8xi32> {hash.arg = #hash.arg<tokens>})
      -> (tensor<8x4xf32> {hash.arg = #hash.arg<logits>}) {
    %y, %lse = hash.attention %x, %x, %x, %tokens {heads = 2 : i64, kv_heads = 2 : i64, window = 4 : i64, scale = 0.5 : f64}
        : (tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>, tensor<8xi32>) -> (tensor<8x4xf32>, tensor<8x2xf32>)
    return %y : tensor<8x4xf32>
  }
}

// -----

// A router that reads the token after.
// CHECK: module attributes {{.*}}hash.not_decodable = "in 'hash.next' the router 'future' reads the token that is to be predicted"
// CHECK-NOT: @decode_step
// CHECK: func.func @forward(
// CHECK-NOT: @decode_step
module attributes {hash.model = {window = 4 : i64}} {
  func.func @forward(%e: tensor<16x4xf32> {hash.arg = #hash.arg<param, "e">}, %tokens: tensor<8xi32> {hash.arg = #hash.arg<tokens>},
      %targets: tensor<8xi32> {hash.arg = #hash.arg<targets>}) -> (tensor<8x4xf32> {hash.arg = #hash.arg<logits>}) {
    %n = hash.next %targets for "future" : (tensor<8xi32>) -> tensor<8xi32>
    %x = hash.embedding %n, %e : (tensor<8xi32>, tensor<16x4xf32>) -> tensor<8x4xf32>
    return %x : tensor<8x4xf32>
  }
}

// -----

// An op that nobody said is row-wise is refused.
module attributes {hash.model = {window = 4 : i64}} {
  func.func @forward(%e: tensor<16x4xf32> {hash.arg = #hash.arg<param, "e">}, %tokens: tensor<8xi32> {hash.arg = #hash.arg<tokens>})
      -> (tensor<4x4xf32> {hash.arg = #hash.arg<logits>}) {
    %x = hash.embedding %tokens, %e : (tensor<8xi32>, tensor<16x4xf32>) -> tensor<8x4xf32>
    // expected-error @+1 {{cannot be decoded token by token: 'hash.weight_grad' is not known to treat each row alone}}
    %y = hash.weight_grad %x, %x : (tensor<8x4xf32>, tensor<8x4xf32>) -> tensor<4x4xf32>
    return %y : tensor<4x4xf32>
  }
}

// -----

module attributes {hash.model = {window = 4 : i64}} {
  func.func @forward(%e: tensor<16x4xf32> {hash.arg = #hash.arg<param, "e">}, %tokens: tensor<8xi32> {hash.arg = #hash.arg<tokens>},
      %targets: tensor<8xi32> {hash.arg = #hash.arg<targets>}) -> (tensor<8x4xf32> {hash.arg = #hash.arg<logits>}) {
    // expected-error @+1 {{cannot be decoded token by token: it reads the targets, which only training knows}}
    %x = hash.embedding %targets, %e : (tensor<8xi32>, tensor<16x4xf32>) -> tensor<8x4xf32>
    return %x : tensor<8x4xf32>
  }
}

// -----

module attributes {hash.model = {window = 4 : i64}} {
  // expected-error @+1 {{has no result that is the logits}}
  func.func @forward(%tokens: tensor<8xi32> {hash.arg = #hash.arg<tokens>}) {
    return
  }
}

// -----

// expected-error @+1 {{expects hash.model with a `window` that divides the rows of @forward's token stream}}
module attributes {hash.model = {window = 3 : i64}} {
  func.func @forward(%tokens: tensor<8xi32> {hash.arg = #hash.arg<tokens>}) {
    return
  }
}

// -----

// expected-error @+1 {{expects hash.model with a `window`}}
module attributes {hash.model = {window = 0 : i64}} {
  func.func @forward(%tokens: tensor<8xi32> {hash.arg = #hash.arg<tokens>}) {
    return
  }
}

// -----

module attributes {hash.model = {window = 4 : i64}} {
  func.func @forward(%x: tensor<8x4xf32> {hash.arg = #hash.arg<param, "x">}, %tokens: tensor<8xi32> {hash.arg = #hash.arg<tokens>})
      -> (tensor<8x4xf32> {hash.arg = #hash.arg<logits>}) {
    return %x : tensor<8x4xf32>
  }
  // expected-error @+1 {{the module has 'decode_step' already; the pass that makes it runs once}}
  func.func private @decode_step()
}

// -----

// Every attention has caches of its own, also where names were lost.
// CHECK-LABEL: func.func @decode_step
// CHECK-SAME: #hash.arg<cache, "attention.k">
// CHECK-SAME: #hash.arg<cache, "attention.v">
// CHECK-SAME: #hash.arg<cache, "attention_2.k">
// CHECK-SAME: #hash.arg<cache, "attention_2.v">
module attributes {hash.model = {window = 4 : i64}} {
  func.func @forward(%x: tensor<8x4xf32> {hash.arg = #hash.arg<param, "x">}, %tokens: tensor<8xi32> {hash.arg = #hash.arg<tokens>})
      -> (tensor<8x4xf32> {hash.arg = #hash.arg<logits>}) {
    %e = hash.embedding %tokens, %x : (tensor<8xi32>, tensor<8x4xf32>) -> tensor<8x4xf32>
    %y, %lse = hash.attention %e, %e, %e, %tokens {heads = 2 : i64, kv_heads = 2 : i64, window = 4 : i64, scale = 0.5 : f64, causal}
        : (tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>, tensor<8xi32>) -> (tensor<8x4xf32>, tensor<8x2xf32>)
    %z, %lse2 = hash.attention %y, %y, %y, %tokens {heads = 2 : i64, kv_heads = 2 : i64, window = 4 : i64, scale = 0.5 : f64, causal}
        : (tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>, tensor<8xi32>) -> (tensor<8x4xf32>, tensor<8x2xf32>)
    return %z : tensor<8x4xf32>
  }
}

// -----

// What makes rows of a parameter or of a number makes one, what its gradient would need
// included; what depends on parameters alone stays as it is.
// CHECK-LABEL: func.func @decode_step
// CHECK: hash.matmul {{.*}} : (tensor<8x4xf32>, tensor<4x4xf32>) -> tensor<8x4xf32>
// CHECK: hash.embedding {{.*}} -> tensor<1x4xf32>
// CHECK: hash.broadcast {{.*}} : (tensor<4xf32>) -> tensor<1x4xf32>
// CHECK: hash.splat {{.*}} -> tensor<1x4xf32>
// CHECK: hash.rms_norm {{.*}} -> (tensor<1x4xf32>, tensor<1xf32>)
// CHECK: hash.position {{.*}} -> tensor<4xi32>
// CHECK: %[[P:.*]] = hash.row_at {{.*}} -> tensor<1xi32>
// CHECK: hash.rotary %{{.*}}, %[[P]] {{.*}} -> tensor<1x4xf32>
module attributes {hash.model = {window = 4 : i64}} {
  func.func @forward(%e: tensor<8x4xf32> {hash.arg = #hash.arg<param, "e">}, %w: tensor<4x4xf32> {hash.arg = #hash.arg<param, "w">},
      %b: tensor<4xf32> {hash.arg = #hash.arg<param, "b">}, %n: tensor<1xf32> {hash.arg = #hash.arg<param, "n">},
      %tokens: tensor<8xi32> {hash.arg = #hash.arg<tokens>}, %starts: tensor<8xi32> {hash.arg = #hash.arg<starts>})
      -> (tensor<8x4xf32> {hash.arg = #hash.arg<logits>}) {
    %f = hash.matmul %e, %w : (tensor<8x4xf32>, tensor<4x4xf32>) -> tensor<8x4xf32>
    %x = hash.embedding %tokens, %f : (tensor<8xi32>, tensor<8x4xf32>) -> tensor<8x4xf32>
    %c = hash.broadcast %b : (tensor<4xf32>) -> tensor<8x4xf32>
    %y = arith.addf %x, %c : tensor<8x4xf32>
    %s = hash.splat %n : (tensor<1xf32>) -> tensor<8x4xf32>
    %z = arith.mulf %y, %s : tensor<8x4xf32>
    %m, %rstd = hash.rms_norm %z, %b : (tensor<8x4xf32>, tensor<4xf32>) -> (tensor<8x4xf32>, tensor<8xf32>)
    %p = hash.position %starts {window = 4 : i64} : (tensor<8xi32>) -> tensor<8xi32>
    %r = hash.rotary %m, %p {heads = 2 : i64} : (tensor<8x4xf32>, tensor<8xi32>) -> tensor<8x4xf32>
    return %r : tensor<8x4xf32>
  }
}

// -----

module attributes {hash.model = {window = 4 : i64}} {
  func.func @forward(%e: tensor<8x4xf32> {hash.arg = #hash.arg<param, "e">}, %tokens: tensor<8xi32> {hash.arg = #hash.arg<tokens>},
      %targets: tensor<8xi32> {hash.arg = #hash.arg<targets>}) -> (tensor<8x4xf32> {hash.arg = #hash.arg<logits>}) {
    %x = hash.embedding %tokens, %e : (tensor<8xi32>, tensor<8x4xf32>) -> tensor<8x4xf32>
    // expected-error @+1 {{cannot be decoded token by token: it reads the targets, which only training knows}}
    %y, %lse = hash.attention %x, %x, %x, %targets {heads = 2 : i64, kv_heads = 2 : i64, window = 4 : i64, scale = 0.5 : f64, causal}
        : (tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>, tensor<8xi32>) -> (tensor<8x4xf32>, tensor<8x2xf32>)
    return %y : tensor<8x4xf32>
  }
}

// -----

module attributes {hash.model = {window = 4 : i64}} {
  func.func @forward(%e: tensor<8x4xf32> {hash.arg = #hash.arg<param, "e">}, %tokens: tensor<8xi32> {hash.arg = #hash.arg<tokens>})
      -> (tensor<8x2xf32> {hash.arg = #hash.arg<logits>}) {
    %x = hash.embedding %tokens, %e : (tensor<8xi32>, tensor<8x4xf32>) -> tensor<8x4xf32>
    %y, %lse = hash.attention %x, %x, %x, %tokens {heads = 2 : i64, kv_heads = 2 : i64, window = 4 : i64, scale = 0.5 : f64, causal}
        : (tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>, tensor<8xi32>) -> (tensor<8x4xf32>, tensor<8x2xf32>)
    // expected-error @+1 {{cannot be decoded token by token: it reads a result of 'hash.attention' that decoding does not make}}
    %z = arith.negf %lse : tensor<8x2xf32>
    return %z : tensor<8x2xf32>
  }
}

// -----

// What one row does not need is no argument: here neither the starts of documents nor a
// parameter that only the losses depend on.
// CHECK-LABEL: func.func @decode_step
// CHECK-SAME: (%{{.*}}: tensor<16x4xf32> {hash.arg = #hash.arg<param, "e">}, %{{.*}}: tensor<4xi32> {hash.arg = #hash.arg<tokens>}, %{{.*}}: tensor<1xi32> {hash.arg = #hash.arg<index>}) -> (tensor<1x4xf32> {hash.arg = #hash.arg<logits>})
module attributes {hash.model = {window = 4 : i64}} {
  func.func @forward(%e: tensor<16x4xf32> {hash.arg = #hash.arg<param, "e">}, %w: tensor<4x4xf32> {hash.arg = #hash.arg<param, "w">},
      %tokens: tensor<8xi32> {hash.arg = #hash.arg<tokens>}, %targets: tensor<8xi32> {hash.arg = #hash.arg<targets>},
      %starts: tensor<8xi32> {hash.arg = #hash.arg<starts>})
      -> (tensor<8x4xf32> {hash.arg = #hash.arg<logits>}, tensor<8xf32> {hash.arg = #hash.arg<losses>}) {
    %x = hash.embedding %tokens, %e : (tensor<8xi32>, tensor<16x4xf32>) -> tensor<8x4xf32>
    %y = hash.matmul %x, %w : (tensor<8x4xf32>, tensor<4x4xf32>) -> tensor<8x4xf32>
    %losses, %lse = hash.cross_entropy %y, %targets : (tensor<8x4xf32>, tensor<8xi32>) -> (tensor<8xf32>, tensor<8xf32>)
    return %x, %losses : tensor<8x4xf32>, tensor<8xf32>
  }
}
