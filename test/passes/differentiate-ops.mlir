// RUN: hash-opt %s --split-input-file --hash-differentiate --canonicalize --cse -o %t.mlir
// RUN: FileCheck %s < %t.mlir
// RUN: %python %S/Inputs/scalar-gradients.py %t.mlir
// RUN: %python %src/test/e2e/Inputs/coverage.py %src llvm-tblgen %llvm_include %s

// Every elementwise op, each a loss of its own: the test evaluates the gradients.
!v = tensor<4xf64>

module {
  hash.param @x : tensor<4xf64> init ones
  hash.param @z : tensor<4xf64> init ones
  func.func @forward(%x: !v {hash.arg = #hash.arg<param, "x">}, %z: !v {hash.arg = #hash.arg<param, "z">})
      -> (!v {hash.arg = #hash.arg<losses, "add">},
      !v {hash.arg = #hash.arg<losses, "sub">},
      !v {hash.arg = #hash.arg<losses, "mul">},
      !v {hash.arg = #hash.arg<losses, "square">},
      !v {hash.arg = #hash.arg<losses, "div">},
      !v {hash.arg = #hash.arg<losses, "neg">},
      !v {hash.arg = #hash.arg<losses, "max">},
      !v {hash.arg = #hash.arg<losses, "min">},
      !v {hash.arg = #hash.arg<losses, "exp">},
      !v {hash.arg = #hash.arg<losses, "log">},
      !v {hash.arg = #hash.arg<losses, "log1p">},
      !v {hash.arg = #hash.arg<losses, "tanh">},
      !v {hash.arg = #hash.arg<losses, "erf">},
      !v {hash.arg = #hash.arg<losses, "sqrt">},
      !v {hash.arg = #hash.arg<losses, "rsqrt">},
      !v {hash.arg = #hash.arg<losses, "abs">},
      !v {hash.arg = #hash.arg<losses, "absneg">},
      !v {hash.arg = #hash.arg<losses, "sin">},
      !v {hash.arg = #hash.arg<losses, "cos">},
      !v {hash.arg = #hash.arg<losses, "fma">},
      !v {hash.arg = #hash.arg<losses, "pow">},
      !v {hash.arg = #hash.arg<losses, "cube">},
      !v {hash.arg = #hash.arg<losses, "select">},
      !v {hash.arg = #hash.arg<losses, "cast">}) {
    %three = arith.constant dense<3.0> : !v
    %add = arith.addf %x, %z : !v
    %sub = arith.subf %z, %x : !v
    %mul = arith.mulf %x, %z : !v
    %square = arith.mulf %x, %x : !v
    %div = arith.divf %x, %z : !v
    %neg = arith.negf %x : !v
    %max = arith.maximumf %x, %z : !v
    %min = arith.minimumf %x, %z : !v
    %exp = math.exp %x : !v
    %log = math.log %z : !v
    %log1p = math.log1p %x : !v
    %tanh = math.tanh %x : !v
    %erf = math.erf %z : !v
    %sqrt = math.sqrt %x : !v
    %rsqrt = math.rsqrt %z : !v
    %abs = math.absf %x : !v
    %absneg = math.absf %neg : !v
    %sin = math.sin %x : !v
    %cos = math.cos %z : !v
    %fma = math.fma %x, %z, %x : !v
    %pow = math.powf %x, %z : !v
    %cube = math.powf %x, %three : !v
    %less = arith.cmpf olt, %x, %z : !v
    %select = arith.select %less, %square, %z : tensor<4xi1>, !v
    %narrow = arith.truncf %x : !v to tensor<4xf32>
    %cast = arith.extf %narrow : tensor<4xf32> to !v
    return %add, %sub, %mul, %square, %div, %neg, %max, %min, %exp, %log, %log1p, %tanh, %erf, %sqrt, %rsqrt, %abs, %absneg, %sin, %cos, %fma, %pow, %cube, %select, %cast : !v, !v, !v, !v, !v, !v, !v, !v, !v, !v, !v, !v, !v, !v, !v, !v, !v, !v, !v, !v, !v, !v, !v, !v
  }
}

// -----

// Every op of rows and matrices. A product's gradients are products; what gathers
// rows scatters their gradients, and the other way around; the norms, attention and
// the loss have gradient ops that read what the forward op saved.
// CHECK-LABEL: func.func @forward(%{{.*}}"e"
// CHECK-LABEL: func.func @grad_step
// CHECK-SAME: %[[E:[a-z0-9]*]]: tensor<16x4xf32>{{[^,]*}}, "e">}, %[[W:[a-z0-9]*]]: tensor<4x4xf32>{{[^,]*}}, "w">}, %[[V:[a-z0-9]*]]: tensor<2x4x4xf32>{{[^,]*}}, "v">}, %[[B:[a-z0-9]*]]: tensor<4xf32>{{[^,]*}}, "b">}, %[[C:[a-z0-9]*]]: tensor<2x4xf32>
// CHECK-SAME: %[[DE:[a-z0-9]*]]: tensor<16x4xf32>{{[^,]*}}, "e">}, %[[DW:[a-z0-9]*]]: tensor<4x4xf32>{{[^,]*}}, "w">}, %[[DV:[a-z0-9]*]]: tensor<2x4x4xf32>{{[^,]*}}, "v">}, %[[DB:[a-z0-9]*]]: tensor<4xf32>{{[^,]*}}, "b">}, %[[DC:[a-z0-9]*]]: tensor<2x4xf32>
// CHECK: %[[P:.*]] = hash.plan %[[TOKENS:[a-z0-9]*]] masked
// CHECK: %[[X:.*]] = hash.embedding
// CHECK: %[[N:.*]], %[[MEAN:.*]], %[[RSTD:.*]] = hash.layer_norm
// CHECK: %[[Q:.*]] = hash.rotary %{{.*}}, %[[STARTS:[a-z0-9]*]]
// CHECK: %[[A:.*]], %[[LSE:.*]] = hash.attention
// CHECK: %[[R:.*]], %[[RSTD2:.*]] = hash.rms_norm
// CHECK: %[[Y:.*]] = hash.matmul
// CHECK: %[[O:.*]] = hash.matmul %[[Y]]
// CHECK: %[[D:.*]] = hash.dispatch
// CHECK: %[[G:.*]] = hash.grouped_matmul
// CHECK: %[[K:.*]] = hash.combine
// CHECK: %[[PARTS:.*]] = hash.split %[[K]]
// CHECK: %[[JOINED:.*]] = hash.join %[[PARTS]]
// CHECK: %[[L:.*]] = hash.dropout %[[JOINED]], %[[SEED:.*]] {
// CHECK: %[[LOSSES:.*]], %[[LSE2:.*]] = hash.cross_entropy %[[L]], %[[T:[a-z0-9]*]]
// CHECK: %[[ONE:.*]] = hash.splat
// CHECK-NEXT: %[[DL:.*]] = hash.cross_entropy_grad %[[L]], %[[T]], %[[LSE2]], %[[ONE]]
// CHECK-NEXT: %[[DJOINED:.*]] = hash.dropout %[[DL]], %[[SEED]] {rate = 1.0{{0*}}e-01 : f64, stream = 3 : i64}
// CHECK-NEXT: %[[DPARTS:.*]] = hash.split %[[DJOINED]] by %[[P]]
// CHECK-NEXT: %[[DK:.*]] = hash.join %[[DPARTS]] by %[[P]]
// CHECK-NEXT: %[[DH:.*]] = hash.dispatch %[[DK]] by %[[P]]
// CHECK-NEXT: %[[BIAS:.*]] = hash.reduce_rows %[[DH]] by %[[P]]
// CHECK-NEXT: %[[NEWC:.*]] = arith.addf %[[DC]], %[[BIAS]]
// CHECK-NEXT: %[[DG:.*]] = hash.grouped_matmul %[[DH]], %[[V]] by %[[P]]
// CHECK-NEXT: %[[DV1:.*]] = hash.weight_grad %[[DH]], %[[G]] by %[[P]]
// CHECK-NEXT: %[[SUMV:.*]] = arith.addf %[[DV]], %[[DV1]]
// CHECK-NEXT: %[[DD:.*]] = hash.grouped_matmul %[[DG]], %[[V]] transposed by %[[P]]
// CHECK-NEXT: %[[DV2:.*]] = hash.weight_grad %[[D]], %[[DG]] by %[[P]]
// CHECK-NEXT: %[[NEWV:.*]] = arith.addf %[[SUMV]], %[[DV2]]
// CHECK-NEXT: %[[DO:.*]] = hash.combine %[[DD]] by %[[P]]
// CHECK-NEXT: %[[DBIAS:.*]] = hash.reduce_rows %[[DO]] :
// CHECK-NEXT: %[[B1:.*]] = arith.addf %[[DB]], %[[DBIAS]]
// CHECK-NEXT: %[[DY:.*]] = hash.matmul %[[DO]], %[[W]] :
// CHECK-NEXT: %[[DW1:.*]] = hash.weight_grad %[[DO]], %[[Y]] :
// CHECK-NEXT: %[[SUMW:.*]] = arith.addf %[[DW]], %[[DW1]]
// CHECK-NEXT: %[[DR:.*]] = hash.matmul %[[DY]], %[[W]] transposed
// CHECK-NEXT: %[[DW2:.*]] = hash.weight_grad %[[R]], %[[DY]] :
// CHECK-NEXT: %[[NEWW:.*]] = arith.addf %[[SUMW]], %[[DW2]]
// CHECK-NEXT: %[[DA:.*]], %[[DG2:.*]] = hash.rms_norm_grad %[[A]], %[[B]], %[[RSTD2]], %[[DR]]
// CHECK-NEXT: %[[B2:.*]] = arith.addf %[[B1]], %[[DG2]]
// CHECK-NEXT: %[[DQ:.*]], %[[DKEY:.*]], %[[DVALUE:.*]] = hash.attention_grad %[[Q]], %[[N]], %[[N]], %[[STARTS]], %[[A]], %[[LSE]], %[[DA]]
// CHECK-NEXT: %[[KV:.*]] = arith.addf %[[DKEY]], %[[DVALUE]]
// CHECK-NEXT: %[[DQ2:.*]] = hash.rotary %[[DQ]], %[[STARTS]] {heads = 2 : i64, inverse}
// CHECK-NEXT: %[[DN:.*]] = arith.addf %[[KV]], %[[DQ2]]
// CHECK-NEXT: %[[DX:.*]], %[[DG1:.*]], %[[DB1:.*]] = hash.layer_norm_grad %[[X]], %[[B]], %[[MEAN]], %[[RSTD]], %[[DN]]
// CHECK-NEXT: %[[B3:.*]] = arith.addf %[[B2]], %[[DG1]]
// CHECK-NEXT: %[[NEWB:.*]] = arith.addf %[[B3]], %[[DB1]]
// CHECK-NEXT: %[[ROWS:.*]] = hash.embedding_grad %[[TOKENS]], %[[DX]] into %{{.*}} :
// CHECK-NEXT: %[[NEWE:.*]] = arith.addf %[[DE]], %[[ROWS]]
// CHECK-NEXT: return %[[LOSSES]], %[[NEWE]], %[[NEWW]], %[[NEWV]], %[[NEWB]], %[[NEWC]]

!p = !hash.plan<tokens = 8, k = 1, groups = 2, slots = 8>
!m = tensor<8x4xf32>
!s = tensor<8xi32>

module {
  hash.param @e : tensor<16x4xf32> init ones
  hash.param @w : tensor<4x4xf32> init ones
  hash.param @v : tensor<2x4x4xf32> init ones
  hash.param @b : tensor<4xf32> init ones
  hash.param @c : tensor<2x4xf32> init ones
  func.func @forward(%e: tensor<16x4xf32> {hash.arg = #hash.arg<param, "e">}, %w: tensor<4x4xf32> {hash.arg = #hash.arg<param, "w">},
      %v: tensor<2x4x4xf32> {hash.arg = #hash.arg<param, "v">}, %b: tensor<4xf32> {hash.arg = #hash.arg<param, "b">},
      %c: tensor<2x4xf32> {hash.arg = #hash.arg<param, "c">}, %tokens: !s {hash.arg = #hash.arg<tokens>},
      %t: !s {hash.arg = #hash.arg<targets>}, %starts: !s {hash.arg = #hash.arg<starts>}, %seed: tensor<1xi64> {hash.arg = #hash.arg<seed>})
      -> (tensor<8xf32> {hash.arg = #hash.arg<losses>}) {
    %p = hash.plan %tokens masked %tokens : (!s, !s) -> !p
    %x = hash.embedding %tokens, %e : (!s, tensor<16x4xf32>) -> !m
    %n, %mean, %rstd = hash.layer_norm %x, %b, %b : (!m, tensor<4xf32>, tensor<4xf32>) -> (!m, tensor<8xf32>, tensor<8xf32>)
    %q = hash.rotary %n, %starts {heads = 2 : i64} : (!m, !s) -> !m
    %a, %lse = hash.attention %q, %n, %n, %starts {heads = 2 : i64, kv_heads = 2 : i64, window = 4 : i64, scale = 0.5 : f64, causal}
        : (!m, !m, !m, !s) -> (!m, tensor<8x2xf32>)
    %r, %rstd2 = hash.rms_norm %a, %b : (!m, tensor<4xf32>) -> (!m, tensor<8xf32>)
    %y = hash.matmul %r, %w : (!m, tensor<4x4xf32>) -> !m
    %o = hash.matmul %y, %w transposed : (!m, tensor<4x4xf32>) -> !m
    %bias = hash.broadcast %b : (tensor<4xf32>) -> !m
    %ob = arith.addf %o, %bias : !m
    %d = hash.dispatch %ob by %p : (!m, !p) -> !m
    %g = hash.grouped_matmul %d, %v by %p : (!m, tensor<2x4x4xf32>, !p) -> !m
    %h = hash.grouped_matmul %g, %v transposed by %p : (!m, tensor<2x4x4xf32>, !p) -> !m
    %cs = hash.broadcast %c by %p : (tensor<2x4xf32>, !p) -> !m
    %hc = arith.addf %h, %cs : !m
    %k = hash.combine %hc by %p : (!m, !p) -> !m
    %parts = hash.split %k by %p : (!m, !p) -> !m
    %joined = hash.join %parts by %p : (!m, !p) -> !m
    %l = hash.dropout %joined, %seed {rate = 0.1 : f64, stream = 3 : i64} : (!m, tensor<1xi64>) -> !m
    %losses, %lse2 = hash.cross_entropy %l, %t : (!m, !s) -> (tensor<8xf32>, tensor<8xf32>)
    return %losses : tensor<8xf32>
  }
}

// -----

// A gate's weights and the rows they weigh; what flows to the rows is weighed too. The logits' gradient
// is in the logits' type, and dead rows are left to the plan.
// CHECK-LABEL: func.func @grad_step
// CHECK: %[[P:[a-z0-9]+]]: !hash.plan<
// CHECK: %[[Z:.*]] = hash.matmul {{.*}} -> tensor<8x4xf32>
// CHECK: %[[W:.*]] = hash.gate softmax %[[Z]] by %[[P]] {scale = 2.000000e+00 : f64}
// CHECK: %[[ROWS:.*]] = hash.dispatch
// CHECK: hash.weigh %[[ROWS]], %[[W]]
// CHECK: %[[FLOW:.*]] = hash.dispatch {{.*}} -> tensor<16x6xbf16>
// CHECK: hash.weigh %[[FLOW]], %[[W]] : (tensor<16x6xbf16>, tensor<16xf32>) -> tensor<16x6xbf16>
// CHECK: %[[DW:.*]] = hash.weigh_grad %[[ROWS]], %[[FLOW]] : (tensor<16x6xbf16>, tensor<16x6xbf16>) -> tensor<16xf32>
// CHECK: %[[DZ:.*]] = hash.gate_grad softmax %[[Z]], %[[W]], %[[DW]] by %[[P]] {scale = 2.000000e+00 : f64}
// CHECK: hash.weight_grad %{{.*}}, %[[DZ]] : (tensor<8x6xbf16>, tensor<8x4xf32>) -> tensor<6x4xf32>
!p = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
hash.param @x : tensor<32x6xf32> init zeros
hash.param @r : tensor<6x4xf32> init zeros
func.func @forward(%x: tensor<32x6xf32> {hash.arg = #hash.arg<param, "x">}, %r: tensor<6x4xf32> {hash.arg = #hash.arg<param, "r">},
    %tok: tensor<8xi32> {hash.arg = #hash.arg<tokens>}, %t: tensor<8xi32> {hash.arg = #hash.arg<targets>},
    %p: !p {hash.arg = #hash.arg<plan, "plan0">}) -> (tensor<8xf32> {hash.arg = #hash.arg<losses>}) {
  %0 = hash.embedding %tok, %x : (tensor<8xi32>, tensor<32x6xf32>) -> tensor<8x6xbf16>
  %1 = hash.matmul %0, %r : (tensor<8x6xbf16>, tensor<6x4xf32>) -> tensor<8x4xf32>
  %2 = hash.gate softmax %1 by %p {scale = 2.0 : f64} : (tensor<8x4xf32>, !p) -> tensor<16xf32>
  %3 = hash.dispatch %0 by %p : (tensor<8x6xbf16>, !p) -> tensor<16x6xbf16>
  %4 = hash.weigh %3, %2 : (tensor<16x6xbf16>, tensor<16xf32>) -> tensor<16x6xbf16>
  %5 = hash.combine %4 by %p : (tensor<16x6xbf16>, !p) -> tensor<8x6xbf16>
  %6 = arith.extf %5 : tensor<8x6xbf16> to tensor<8x6xf32>
  %l, %lse = hash.cross_entropy %6, %t : (tensor<8x6xf32>, tensor<8xi32>) -> (tensor<8xf32>, tensor<8xf32>)
  return %l : tensor<8xf32>
}

// -----

// Queries, keys and values have gradients of their own inputs' rows; what was saved is read again.
// CHECK-LABEL: func.func @grad_step
// CHECK: %[[M:.*]] = hash.embedding %[[SRC:[a-z0-9]+]], {{.*}} -> tensor<6x4xf32>
// CHECK: %[[X:.*]] = hash.embedding {{.*}} -> tensor<8x4xf32>
// CHECK: %[[V:.*]] = hash.matmul %[[M]]
// CHECK: %[[Y:.*]], %[[LSE:.*]] = hash.cross_attention %[[X]], %[[M]], %[[V]], %[[SRC]]
// CHECK: %[[DY:.*]] = hash.cross_entropy_grad
// CHECK-NEXT: %[[DQ:.*]], %[[DK:.*]], %[[DV:.*]] = hash.cross_attention_grad %[[X]], %[[M]], %[[V]], %[[SRC]], %[[Y]], %[[LSE]], %[[DY]] {heads = 2 : i64, kv_heads = 2 : i64, memory_window = 3 : i64, scale = 5.000000e-01 : f64, window = 4 : i64}
// CHECK-NEXT: %[[DM:.*]] = hash.matmul %[[DV]], {{.*}} transposed
// CHECK: arith.addf %[[DK]], %[[DM]]
module {
  hash.param @e : tensor<16x4xf32> init ones
  hash.param @w : tensor<4x4xf32> init ones
  func.func @forward(%e: tensor<16x4xf32> {hash.arg = #hash.arg<param, "e">}, %w: tensor<4x4xf32> {hash.arg = #hash.arg<param, "w">},
      %src: tensor<6xi32> {hash.arg = #hash.arg<tokens, "src">}, %tgt: tensor<8xi32> {hash.arg = #hash.arg<tokens, "tgt">},
      %t: tensor<8xi32> {hash.arg = #hash.arg<targets>}) -> (tensor<8xf32> {hash.arg = #hash.arg<losses>}) {
    %m = hash.embedding %src, %e : (tensor<6xi32>, tensor<16x4xf32>) -> tensor<6x4xf32>
    %x = hash.embedding %tgt, %e : (tensor<8xi32>, tensor<16x4xf32>) -> tensor<8x4xf32>
    %v = hash.matmul %m, %w : (tensor<6x4xf32>, tensor<4x4xf32>) -> tensor<6x4xf32>
    %y, %lse = hash.cross_attention %x, %m, %v, %src {heads = 2 : i64, kv_heads = 2 : i64, window = 4 : i64, memory_window = 3 : i64, scale = 0.5 : f64}
        : (tensor<8x4xf32>, tensor<6x4xf32>, tensor<6x4xf32>, tensor<6xi32>) -> (tensor<8x4xf32>, tensor<8x2xf32>)
    %losses, %lse2 = hash.cross_entropy %y, %t : (tensor<8x4xf32>, tensor<8xi32>) -> (tensor<8xf32>, tensor<8xf32>)
    return %losses : tensor<8xf32>
  }
}

// -----

// A router of activations: auxiliary losses flow back by a scale of their own, choices and what is counted of them pass
// nothing on, and the noise is the same on the way back. The plan is a result, for the load of the experts.
// CHECK-LABEL: func.func @grad_step
// CHECK-SAME: %[[AUX:[a-z0-9]+]]: tensor<1xf32> {hash.arg = #hash.arg<aux_scale>}
// CHECK-SAME: !hash.plan<{{.*}}> {hash.arg = #hash.arg<plan, "plan.ffn">}
// CHECK-SAME: tensor<8xf32> {hash.arg = #hash.arg<aux, "ffn.balance">}
// CHECK-SAME: tensor<8xf32> {hash.arg = #hash.arg<aux, "ffn.z">}
// CHECK: %[[Z:.*]] = hash.matmul {{.*}} -> tensor<8x4xf32>
// CHECK: %[[F:.*]] = hash.expert_load {{.*}} {share}
// CHECK: %[[P:.*]] = hash.plan
// CHECK: hash.gate softmax %[[Z]] by %[[P]]
// CHECK-DAG: hash.splat %[[AUX]] : (tensor<1xf32>) -> tensor<8xf32>
// CHECK: hash.gate_grad softmax %[[Z]]
// CHECK: hash.z_loss_grad %[[Z]], %{{.*}} masked %{{.*}} {weight = 1.000000e-03 : f64}
// CHECK: hash.balance_loss_grad %[[Z]], %[[F]], %{{.*}} masked %{{.*}} {weight = 1.000000e-02 : f64}
// CHECK: hash.jitter %{{.*}}, %{{.*}} {amount = 1.000000e-01 : f64, stream = 2 : i64}
!p = !hash.plan<tokens = 8, k = 1, groups = 4, slots = 8>
hash.param @x : tensor<32x6xf32> init zeros
hash.param @r : tensor<6x4xf32> init zeros
func.func @forward(%x: tensor<32x6xf32> {hash.arg = #hash.arg<param, "x">}, %r: tensor<6x4xf32> {hash.arg = #hash.arg<param, "r">},
    %tok: tensor<8xi32> {hash.arg = #hash.arg<tokens>}, %t: tensor<8xi32> {hash.arg = #hash.arg<targets>},
    %seed: tensor<1xi64> {hash.arg = #hash.arg<seed>})
    -> (tensor<8xf32> {hash.arg = #hash.arg<losses>}, !p {hash.arg = #hash.arg<plan, "plan.ffn">},
        tensor<8xf32> {hash.arg = #hash.arg<aux, "ffn.balance">}, tensor<8xf32> {hash.arg = #hash.arg<aux, "ffn.z">}) {
  %0 = hash.embedding %tok, %x : (tensor<8xi32>, tensor<32x6xf32>) -> tensor<8x6xf32>
  %n = hash.jitter %0, %seed {amount = 0.1 : f64, stream = 2 : i64} : (tensor<8x6xf32>, tensor<1xi64>) -> tensor<8x6xf32>
  %z = hash.matmul %n, %r : (tensor<8x6xf32>, tensor<6x4xf32>) -> tensor<8x4xf32>
  %c = hash.top_choices %z : (tensor<8x4xf32>) -> tensor<8xi32>
  %f = hash.expert_load %c masked %tok {share} : (tensor<8xi32>, tensor<8xi32>) -> tensor<4xf32>
  %b = hash.balance_loss %z, %f masked %tok {weight = 0.01 : f64} : (tensor<8x4xf32>, tensor<4xf32>, tensor<8xi32>) -> tensor<8xf32>
  %s = hash.z_loss %z masked %tok {weight = 0.001 : f64} : (tensor<8x4xf32>, tensor<8xi32>) -> tensor<8xf32>
  %k, %kept = hash.limit_capacity %c masked %tok {capacity = 1.0 : f64} : (tensor<8xi32>, tensor<8xi32>) -> (tensor<8xi32>, tensor<4xi32>)
  %p = hash.plan %k masked %tok : (tensor<8xi32>, tensor<8xi32>) -> !p
  %w = hash.gate softmax %z by %p : (tensor<8x4xf32>, !p) -> tensor<8xf32>
  %d = hash.dispatch %0 by %p : (tensor<8x6xf32>, !p) -> tensor<8x6xf32>
  %m = hash.weigh %d, %w : (tensor<8x6xf32>, tensor<8xf32>) -> tensor<8x6xf32>
  %y = hash.combine %m by %p : (tensor<8x6xf32>, !p) -> tensor<8x6xf32>
  %l, %lse = hash.cross_entropy %y, %t : (tensor<8x6xf32>, tensor<8xi32>) -> (tensor<8xf32>, tensor<8xf32>)
  return %l, %p, %b, %s : tensor<8xf32>, !p, tensor<8xf32>, tensor<8xf32>
}

// -----

// What balances experts: its accumulator gets the counts that the forward pass returns for it, no gradient and no
// moments; the norm is of the other gradients.
// CHECK-LABEL: func.func @grad_step
// CHECK-SAME: %[[TOTAL:[a-z0-9]+]]: tensor<4xf32> {hash.arg = #hash.arg<grad, "b">}
// CHECK: %[[N:.*]] = hash.expert_load
// CHECK: %[[SUM:.*]] = arith.addf %[[TOTAL]], %[[N]] : tensor<4xf32>
// CHECK: return %{{.*}}, %{{.*}}, %[[SUM]] :
// CHECK-LABEL: func.func @update
// CHECK-SAME: (%[[R:[a-z0-9]+]]: tensor<6x4xf32> {hash.arg = #hash.arg<param, "r">}, %[[B:[a-z0-9]+]]: tensor<4xf32> {hash.arg = #hash.arg<param, "b">},
// CHECK-SAME: %[[DR:[a-z0-9]+]]: tensor<6x4xf32> {hash.arg = #hash.arg<grad, "r">}, %[[LOAD:[a-z0-9]+]]: tensor<4xf32> {hash.arg = #hash.arg<grad, "b">},
// CHECK-SAME: {hash.arg = #hash.arg<moment1, "r">}, %{{[a-z0-9]+}}: tensor<6x4xf32> {hash.arg = #hash.arg<moment2, "r">}, %{{[a-z0-9]+}}: tensor<4xf64> {hash.arg = #hash.arg<hyper>})
// CHECK: hash.global_norm %[[DR]] : (tensor<6x4xf32>) -> tensor<1xf64>
// CHECK: hash.adamw %[[R]]
// CHECK: %[[B2:.*]], %[[LOAD2:.*]] = hash.balance_bias %[[B]], %[[LOAD]] {rate = 1.000000e-02 : f64}
// CHECK: return %{{.*}}, %[[B2]], %{{.*}}, %[[LOAD2]],
hash.param @r : tensor<6x4xf32> init zeros
hash.param @b : tensor<4xf32> init zeros {balance = 0.01}
func.func @forward(%r: tensor<6x4xf32> {hash.arg = #hash.arg<param, "r">}, %b: tensor<4xf32> {hash.arg = #hash.arg<param, "b">},
    %x: tensor<8x6xf32> {hash.arg = #hash.arg<cache, "x">}, %tok: tensor<8xi32> {hash.arg = #hash.arg<tokens>}, %t: tensor<8xi32> {hash.arg = #hash.arg<targets>})
    -> (tensor<8xf32> {hash.arg = #hash.arg<losses>}, tensor<4xf32> {hash.arg = #hash.arg<grad, "b">}) {
  %z = hash.matmul %x, %r : (tensor<8x6xf32>, tensor<6x4xf32>) -> tensor<8x4xf32>
  %v = hash.broadcast %b : (tensor<4xf32>) -> tensor<8x4xf32>
  %s = arith.addf %z, %v : tensor<8x4xf32>
  %c = hash.top_choices %s : (tensor<8x4xf32>) -> tensor<8x2xi32>
  %n = hash.expert_load %c masked %tok : (tensor<8x2xi32>, tensor<8xi32>) -> tensor<4xf32>
  %l, %lse = hash.cross_entropy %z, %t : (tensor<8x4xf32>, tensor<8xi32>) -> (tensor<8xf32>, tensor<8xf32>)
  return %l, %n : tensor<8xf32>, tensor<4xf32>
}
