// Every op, with and without each optional part. What prints parses again to the same, pretty
// and generic. test/dialect/coverage.test fails if an op is missing here.
// RUN: hash-opt %s -o %t.pretty && hash-opt %t.pretty -o %t.again && diff %t.pretty %t.again
// RUN: hash-opt %s --mlir-print-op-generic -o %t.generic && hash-opt %t.generic -o %t.back && diff %t.pretty %t.back
// RUN: hash-opt %t.generic --mlir-print-op-generic -o %t.twice && diff %t.generic %t.twice
// RUN: FileCheck %s < %t.pretty

!p = !hash.plan<tokens = 8, k = 1, groups = 4, slots = 8>
!p2 = !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>

// CHECK: hash.param @"blocks[3].ffn.w_in" : tensor<4x16x32xf32> init normal(2.000000e-02) {decay, panel = 8 : i64}
// CHECK: hash.param @b : tensor<32xf64> init zeros {sym_visibility = "private"}
// CHECK: hash.param @bias : tensor<4xf32> init zeros {balance = 1.000000e-03 : f64}
// CHECK: hash.param @"a = {} \22" : tensor<3xf32> init ones
// CHECK: hash.param @x : tensor<16x32xf32> init xavier
// CHECK: hash.param @o : tensor<16x32xf32> init orthogonal(5.000000e-01)
// CHECK: hash.param @m : tensor<97x32xf32> init normal(2.000000e-02) {lookup}
// CHECK: hash.param @i : tensor<4xf32> init ones {frozen}
hash.param @"blocks[3].ffn.w_in" : tensor<4x16x32xf32> init normal(0.02) {decay, panel = 8 : i64}
hash.param @b : tensor<32xf64> init zeros {sym_visibility = "private"}
hash.param @bias : tensor<4xf32> init zeros {balance = 0.001 : f64}
hash.param @"a = {} \22" : tensor<3xf32> init ones
hash.param @x : tensor<16x32xf32> init xavier
hash.param @o : tensor<16x32xf32> init orthogonal(0.5)
hash.param @m : tensor<97x32xf32> init normal(0.02) {lookup}
hash.param @i : tensor<4xf32> init ones {frozen}
// CHECK: hash.table @by_token builder "balanced" vocab 32 groups 4 {seed = 3 : i64}
// CHECK: hash.table @given builder "file" vocab 32 groups 4 {file = "tid2eid.safetensors", k = 2 : i64}
hash.table @by_token builder "balanced" vocab 32 groups 4 {seed = 3 : i64}
hash.table @r builder "random" vocab 32 groups 4
hash.table @rr builder "round_robin" vocab 32 groups 4
hash.table @given builder "file" vocab 32 groups 4 {file = "tid2eid.safetensors", k = 2 : i64}

// Every kind of argument.
// CHECK-LABEL: func.func private @roles
// CHECK-SAME: #hash.arg<param, "b">
// CHECK-SAME: #hash.arg<grad, "b">
// CHECK-SAME: #hash.arg<moment1, "b">
// CHECK-SAME: #hash.arg<moment2, "b">
// CHECK-SAME: #hash.arg<table, "by_token">
// CHECK-SAME: #hash.arg<tokens>
// CHECK-SAME: #hash.arg<targets>
// CHECK-SAME: #hash.arg<starts>
// CHECK-SAME: #hash.arg<plan, "plan0">
// CHECK-SAME: #hash.arg<plan, "stream0">
// CHECK-SAME: #hash.arg<scale>
// CHECK-SAME: #hash.arg<aux_scale>
// CHECK-SAME: #hash.arg<seed>
// CHECK-SAME: #hash.arg<hyper>
// CHECK-SAME: #hash.arg<index>
// CHECK-SAME: #hash.arg<cache, "k">
// CHECK-SAME: #hash.arg<grad_keys, "m">
// CHECK-SAME: #hash.arg<arena>
// CHECK-SAME: #hash.arg<losses>
// CHECK-SAME: #hash.arg<logits>
// CHECK-SAME: #hash.arg<norm>
// CHECK-SAME: #hash.arg<aux, "ffn.balance">
func.func private @roles(tensor<32xf64> {hash.arg = #hash.arg<param, "b">}, tensor<32xf64> {hash.arg = #hash.arg<grad, "b">},
    tensor<32xf64> {hash.arg = #hash.arg<moment1, "b">}, tensor<32xf64> {hash.arg = #hash.arg<moment2, "b">},
    tensor<32xi32> {hash.arg = #hash.arg<table, "by_token">}, tensor<8xi32> {hash.arg = #hash.arg<tokens>},
    tensor<8xi32> {hash.arg = #hash.arg<targets>}, tensor<8xi32> {hash.arg = #hash.arg<starts>},
    !p {hash.arg = #hash.arg<plan, "plan0">}, tensor<8xi32> {hash.arg = #hash.arg<plan, "stream0">},
    tensor<1xf64> {hash.arg = #hash.arg<scale>}, tensor<1xf64> {hash.arg = #hash.arg<aux_scale>}, tensor<1xi64> {hash.arg = #hash.arg<seed>},
    tensor<4xf64> {hash.arg = #hash.arg<hyper>}, tensor<1xi32> {hash.arg = #hash.arg<index>},
    tensor<8x16xf64> {hash.arg = #hash.arg<cache, "k">}, tensor<2x8xi32> {hash.arg = #hash.arg<grad_keys, "m">}, memref<64xi8> {hash.arg = #hash.arg<arena>})
    -> (tensor<8xf64> {hash.arg = #hash.arg<losses>}, tensor<8x32xf64> {hash.arg = #hash.arg<logits>}, tensor<1xf64> {hash.arg = #hash.arg<norm>},
        tensor<8xf64> {hash.arg = #hash.arg<aux, "ffn.balance">})

// CHECK-LABEL: func.func @streams
// CHECK: hash.next %{{.*}} for "future" : (tensor<8xi32>) -> tensor<8xi32>
// CHECK: hash.prev %{{.*}}, %{{.*}} {bos = 1 : i64, distance = 2 : i64, window = 4 : i64} : (tensor<8xi32>, tensor<8xi32>) -> tensor<8xi32>
// CHECK: hash.position %{{.*}} {window = 4 : i64} : (tensor<8xi32>) -> tensor<8xi32>
// CHECK: hash.position %{{.*}} {document, window = 4 : i64} : (tensor<8xi32>) -> tensor<8xi32>
// CHECK: hash.mix %{{.*}}, %{{.*}} seed 7 : tensor<8xi64>
// CHECK: hash.mix %{{.*}} seed 0 : tensor<8xi64>
// CHECK: hash.modulo %{{.*}} by 4 : tensor<8xi64>
// CHECK: hash.table_lookup %{{.*}} in %{{.*}} : (tensor<8xi32>, tensor<32xi32>) -> tensor<8xi32>
// CHECK: hash.table_lookup %{{.*}} in %{{.*}} : (tensor<8xi64>, tensor<32x2xi32>) -> tensor<8x2xi32>
// CHECK: hash.choices %{{.*}}, %{{.*}} of 4 : (tensor<8xi32>, tensor<8xi32>) -> tensor<8x2xi32>
// CHECK: hash.row_at %{{.*}} at %{{.*}} : (tensor<8xi32>, tensor<1xi32>) -> tensor<1xi32>
// CHECK: hash.row_at %{{.*}} at %{{.*}} : (tensor<8x3xi64>, tensor<1xi32>) -> tensor<1x3xi64>
// CHECK: hash.plan %{{.*}} masked %{{.*}} : (tensor<8xi32>, tensor<8xi32>) -> !hash.plan<tokens = 8, k = 1, groups = 4, slots = 8>
// CHECK: hash.plan %{{.*}} masked %{{.*}} : (tensor<8x2xi32>, tensor<8xi32>) -> !hash.plan<tokens = 8, k = 2, groups = 4, slots = 16>
func.func @streams(%tok: tensor<8xi32>, %starts: tensor<8xi32>, %a: tensor<8xi64>, %t: tensor<32xi32>, %t2: tensor<32x2xi32>,
                   %wide: tensor<8x3xi64>, %i: tensor<1xi32>) {
  %oracle = hash.next %tok for "future" : (tensor<8xi32>) -> tensor<8xi32>
  %0 = hash.prev %tok, %starts {distance = 2 : i64, window = 4 : i64, bos = 1 : i64} : (tensor<8xi32>, tensor<8xi32>) -> tensor<8xi32>
  %1 = hash.position %starts {window = 4 : i64} : (tensor<8xi32>) -> tensor<8xi32>
  %2 = hash.position %starts {window = 4 : i64, document} : (tensor<8xi32>) -> tensor<8xi32>
  %3 = hash.mix %a, %a seed 7 : tensor<8xi64>
  %4 = hash.mix %a seed 0 : tensor<8xi64>
  %5 = hash.modulo %a by 4 : tensor<8xi64>
  %6 = hash.table_lookup %tok in %t : (tensor<8xi32>, tensor<32xi32>) -> tensor<8xi32>
  %7 = hash.table_lookup %a in %t2 : (tensor<8xi64>, tensor<32x2xi32>) -> tensor<8x2xi32>
  %choices = hash.choices %tok, %tok of 4 : (tensor<8xi32>, tensor<8xi32>) -> tensor<8x2xi32>
  %8 = hash.row_at %tok at %i : (tensor<8xi32>, tensor<1xi32>) -> tensor<1xi32>
  %9 = hash.row_at %wide at %i : (tensor<8x3xi64>, tensor<1xi32>) -> tensor<1x3xi64>
  %10 = hash.plan %6 masked %tok : (tensor<8xi32>, tensor<8xi32>) -> !p
  %11 = hash.plan %7 masked %tok : (tensor<8x2xi32>, tensor<8xi32>) -> !p2
  return
}

// CHECK-LABEL: func.func @routed
// CHECK: hash.dispatch %{{.*}} by %{{.*}} : (tensor<8x6xbf16>, !hash.plan<{{.*}}>) -> tensor<16x6xbf16>
// CHECK: hash.combine %{{.*}} by %{{.*}} : (tensor<16x6xbf16>, !hash.plan<{{.*}}>) -> tensor<8x6xbf16>
// CHECK: hash.join %{{.*}} by %{{.*}} : (tensor<16x6xbf16>, !hash.plan<{{.*}}>) -> tensor<8x12xbf16>
// CHECK: hash.split %{{.*}} by %{{.*}} : (tensor<8x12xbf16>, !hash.plan<{{.*}}>) -> tensor<16x6xbf16>
// CHECK: hash.broadcast %{{.*}} : (tensor<6xf32>) -> tensor<16x6xbf16>
// CHECK: hash.broadcast %{{.*}} by %{{.*}} : (tensor<4x6xf32>, !hash.plan<{{.*}}>) -> tensor<16x6xbf16>
// CHECK: hash.reduce_rows %{{.*}} : (tensor<16x6xbf16>) -> tensor<6xf32>
// CHECK: hash.reduce_rows %{{.*}} by %{{.*}} : (tensor<16x6xbf16>, !hash.plan<{{.*}}>) -> tensor<4x6xf32>
// CHECK: hash.splat %{{.*}} : (tensor<1xf32>) -> tensor<8xf32>
func.func @routed(%p: !p2, %x: tensor<8x6xbf16>, %b: tensor<6xf32>, %bs: tensor<4x6xf32>, %one: tensor<1xf32>) {
  %0 = hash.dispatch %x by %p : (tensor<8x6xbf16>, !p2) -> tensor<16x6xbf16>
  %1 = hash.combine %0 by %p : (tensor<16x6xbf16>, !p2) -> tensor<8x6xbf16>
  %joined = hash.join %0 by %p : (tensor<16x6xbf16>, !p2) -> tensor<8x12xbf16>
  %split = hash.split %joined by %p : (tensor<8x12xbf16>, !p2) -> tensor<16x6xbf16>
  %2 = hash.broadcast %b : (tensor<6xf32>) -> tensor<16x6xbf16>
  %3 = hash.broadcast %bs by %p : (tensor<4x6xf32>, !p2) -> tensor<16x6xbf16>
  %4 = hash.reduce_rows %0 : (tensor<16x6xbf16>) -> tensor<6xf32>
  %5 = hash.reduce_rows %0 by %p : (tensor<16x6xbf16>, !p2) -> tensor<4x6xf32>
  %6 = hash.splat %one : (tensor<1xf32>) -> tensor<8xf32>
  return
}

// CHECK-LABEL: func.func @gates
// CHECK: hash.gate sqrtsoftplus %{{.*}} by %{{.*}} {normalize, scale = 1.500000e+00 : f64} : (tensor<8x4xf32>, !hash.plan<{{.*}}>) -> tensor<16xf32>
// CHECK: hash.gate sigmoid %{{.*}} by %{{.*}} : (tensor<8x4xf32>, !hash.plan<{{.*}}>) -> tensor<16xf32>
// CHECK: hash.gate softmax %{{.*}} by %{{.*}} {normalize} : (tensor<8x4xf64>, !hash.plan<{{.*}}>) -> tensor<16xf64>
// CHECK: hash.gate_grad sqrtsoftplus %{{.*}}, %{{.*}}, %{{.*}} by %{{.*}} {normalize, scale = 1.500000e+00 : f64} : (tensor<8x4xf32>, tensor<16xf32>, tensor<16xf32>, !hash.plan<{{.*}}>) -> tensor<8x4xf32>
// CHECK: hash.gate_grad softmax %{{.*}}, %{{.*}}, %{{.*}} by %{{.*}} : (tensor<8x4xf64>, tensor<16xf64>, tensor<16xf64>, !hash.plan<{{.*}}>) -> tensor<8x4xf64>
// CHECK: hash.weigh %{{.*}}, %{{.*}} : (tensor<16x6xbf16>, tensor<16xf32>) -> tensor<16x6xbf16>
// CHECK: hash.weigh_grad %{{.*}}, %{{.*}} : (tensor<16x6xbf16>, tensor<16x6xbf16>) -> tensor<16xf32>
func.func @gates(%p: !p2, %z: tensor<8x4xf32>, %wide: tensor<8x4xf64>, %x: tensor<16x6xbf16>) {
  %0 = hash.gate sqrtsoftplus %z by %p {normalize, scale = 1.5 : f64} : (tensor<8x4xf32>, !p2) -> tensor<16xf32>
  %1 = hash.gate sigmoid %z by %p {scale = 1.0 : f64} : (tensor<8x4xf32>, !p2) -> tensor<16xf32>
  %2 = hash.gate softmax %wide by %p {normalize} : (tensor<8x4xf64>, !p2) -> tensor<16xf64>
  %3 = hash.gate_grad sqrtsoftplus %z, %0, %1 by %p {normalize, scale = 1.5 : f64} : (tensor<8x4xf32>, tensor<16xf32>, tensor<16xf32>, !p2) -> tensor<8x4xf32>
  %4 = hash.gate_grad softmax %wide, %2, %2 by %p : (tensor<8x4xf64>, tensor<16xf64>, tensor<16xf64>, !p2) -> tensor<8x4xf64>
  %5 = hash.weigh %x, %0 : (tensor<16x6xbf16>, tensor<16xf32>) -> tensor<16x6xbf16>
  %6 = hash.weigh_grad %x, %5 : (tensor<16x6xbf16>, tensor<16x6xbf16>) -> tensor<16xf32>
  return
}

// CHECK-LABEL: func.func @activation_routing
// CHECK: hash.top_choices %{{.*}} : (tensor<8x4xf32>) -> tensor<8xi32>
// CHECK: hash.top_choices %{{.*}} : (tensor<8x4xf64>) -> tensor<8x4xi32>
// CHECK: hash.limit_capacity %{{.*}} masked %{{.*}} {capacity = 1.250000e+00 : f64} : (tensor<8xi32>, tensor<8xi32>) -> (tensor<8xi32>, tensor<4xi32>)
// CHECK: hash.expert_load %{{.*}} masked %{{.*}} {share} : (tensor<8xi32>, tensor<8xi32>) -> tensor<4xf32>
// CHECK: hash.expert_load %{{.*}} masked %{{.*}} : (tensor<8x4xi32>, tensor<8xi32>) -> tensor<4xf64>
// CHECK: hash.balance_loss %{{.*}}, %{{.*}} masked %{{.*}} {weight = 1.000000e-02 : f64} : (tensor<8x4xf32>, tensor<4xf32>, tensor<8xi32>) -> tensor<8xf32>
// CHECK: hash.balance_loss_grad %{{.*}}, %{{.*}}, %{{.*}} masked %{{.*}} {weight = 1.000000e-02 : f64} : (tensor<8x4xf32>, tensor<4xf32>, tensor<8xf32>, tensor<8xi32>) -> tensor<8x4xf32>
// CHECK: hash.z_loss %{{.*}} masked %{{.*}} {weight = 1.000000e-03 : f64} : (tensor<8x4xf64>, tensor<8xi32>) -> tensor<8xf64>
// CHECK: hash.z_loss_grad %{{.*}}, %{{.*}} masked %{{.*}} {weight = 1.000000e-03 : f64} : (tensor<8x4xf64>, tensor<8xf64>, tensor<8xi32>) -> tensor<8x4xf64>
// CHECK: hash.balance_bias %{{.*}}, %{{.*}} {rate = 1.000000e-03 : f64} : (tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>)
// CHECK: hash.jitter %{{.*}}, %{{.*}} {amount = 1.000000e-02 : f64, stream = 3 : i64} : (tensor<8x6xbf16>, tensor<1xi64>) -> tensor<8x6xbf16>
// CHECK: hash.balanced_choices %{{.*}} masked %{{.*}} {tolerance = 2.000000e-02 : f64} : (tensor<8x4xf32>, tensor<8xi32>) -> (tensor<8xi32>, tensor<4xf64>, tensor<8xf64>, tensor<8xi32>)
// CHECK: hash.log_shares %{{.*}} : (tensor<8x4xf64>) -> tensor<8x4xf64>
// CHECK: hash.expert_choices %{{.*}} masked %{{.*}} {capacity = 2.000000e+00 : f64} : (tensor<8x4xf64>, tensor<8xi32>) -> tensor<8x4xi32>
// CHECK: hash.plan %{{.*}} masked %{{.*}} : (tensor<8x4xi32>, tensor<8xi32>) -> !hash.plan<tokens = 8, k = 4, groups = 4, slots = 16>
func.func @activation_routing(%z: tensor<8x4xf32>, %wide: tensor<8x4xf64>, %tok: tensor<8xi32>, %x: tensor<8x6xbf16>, %seed: tensor<1xi64>) {
  %0 = hash.top_choices %z : (tensor<8x4xf32>) -> tensor<8xi32>
  %1 = hash.top_choices %wide : (tensor<8x4xf64>) -> tensor<8x4xi32>
  %2, %3 = hash.limit_capacity %0 masked %tok {capacity = 1.25 : f64} : (tensor<8xi32>, tensor<8xi32>) -> (tensor<8xi32>, tensor<4xi32>)
  %4 = hash.expert_load %0 masked %tok {share} : (tensor<8xi32>, tensor<8xi32>) -> tensor<4xf32>
  %5 = hash.expert_load %1 masked %tok : (tensor<8x4xi32>, tensor<8xi32>) -> tensor<4xf64>
  %6 = hash.balance_loss %z, %4 masked %tok {weight = 0.01 : f64} : (tensor<8x4xf32>, tensor<4xf32>, tensor<8xi32>) -> tensor<8xf32>
  %7 = hash.balance_loss_grad %z, %4, %6 masked %tok {weight = 0.01 : f64} : (tensor<8x4xf32>, tensor<4xf32>, tensor<8xf32>, tensor<8xi32>) -> tensor<8x4xf32>
  %8 = hash.z_loss %wide masked %tok {weight = 0.001 : f64} : (tensor<8x4xf64>, tensor<8xi32>) -> tensor<8xf64>
  %9 = hash.z_loss_grad %wide, %8 masked %tok {weight = 0.001 : f64} : (tensor<8x4xf64>, tensor<8xf64>, tensor<8xi32>) -> tensor<8x4xf64>
  %b, %n = hash.balance_bias %4, %4 {rate = 0.001 : f64} : (tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>)
  %10 = hash.jitter %x, %seed {amount = 0.01 : f64, stream = 3 : i64} : (tensor<8x6xbf16>, tensor<1xi64>) -> tensor<8x6xbf16>
  %11:4 = hash.balanced_choices %z masked %tok {tolerance = 0.02 : f64} : (tensor<8x4xf32>, tensor<8xi32>) -> (tensor<8xi32>, tensor<4xf64>, tensor<8xf64>, tensor<8xi32>)
  %12 = hash.log_shares %wide : (tensor<8x4xf64>) -> tensor<8x4xf64>
  %13 = hash.expert_choices %12 masked %tok {capacity = 2.0 : f64} : (tensor<8x4xf64>, tensor<8xi32>) -> tensor<8x4xi32>
  %14 = hash.plan %13 masked %tok : (tensor<8x4xi32>, tensor<8xi32>) -> !hash.plan<tokens = 8, k = 4, groups = 4, slots = 16>
  return
}

// CHECK-LABEL: func.func @products
// CHECK: hash.matmul %{{.*}}, %{{.*}} : (tensor<8x6xbf16>, tensor<6x5xf32>) -> tensor<8x5xf32>
// CHECK: hash.matmul %{{.*}}, %{{.*}} transposed : (tensor<8x5xf32>, tensor<6x5xf32>) -> tensor<8x6xbf16>
// CHECK: hash.grouped_matmul %{{.*}}, %{{.*}} by %{{.*}} : (tensor<8x6xbf16>, tensor<4x6x5xf32>, !hash.plan<{{.*}}>) -> tensor<8x5xf32>
// CHECK: hash.grouped_matmul %{{.*}}, %{{.*}} transposed by %{{.*}} : (tensor<8x5xf32>, tensor<4x6x5xf32>, !hash.plan<{{.*}}>) -> tensor<8x6xbf16>
// CHECK: hash.weight_grad %{{.*}}, %{{.*}} : (tensor<8x6xbf16>, tensor<8x5xf32>) -> tensor<6x5xf32>
// CHECK: hash.weight_grad %{{.*}}, %{{.*}} by %{{.*}} : (tensor<8x6xbf16>, tensor<8x5xf32>, !hash.plan<{{.*}}>) -> tensor<4x6x5xf32>
func.func @products(%p: !p, %x: tensor<8x6xbf16>, %w: tensor<6x5xf32>, %ws: tensor<4x6x5xf32>) {
  %0 = hash.matmul %x, %w : (tensor<8x6xbf16>, tensor<6x5xf32>) -> tensor<8x5xf32>
  %1 = hash.matmul %0, %w transposed : (tensor<8x5xf32>, tensor<6x5xf32>) -> tensor<8x6xbf16>
  %2 = hash.grouped_matmul %x, %ws by %p : (tensor<8x6xbf16>, tensor<4x6x5xf32>, !p) -> tensor<8x5xf32>
  %3 = hash.grouped_matmul %2, %ws transposed by %p : (tensor<8x5xf32>, tensor<4x6x5xf32>, !p) -> tensor<8x6xbf16>
  %4 = hash.weight_grad %x, %0 : (tensor<8x6xbf16>, tensor<8x5xf32>) -> tensor<6x5xf32>
  %5 = hash.weight_grad %x, %2 by %p : (tensor<8x6xbf16>, tensor<8x5xf32>, !p) -> tensor<4x6x5xf32>
  return
}

// CHECK-LABEL: func.func @embeddings
// CHECK: hash.embedding %{{.*}}, %{{.*}} : (tensor<8xi32>, tensor<32x6xf32>) -> tensor<8x6xbf16>
// CHECK: hash.embedding_grad %{{.*}}, %{{.*}} into %{{.*}} : (tensor<8xi32>, tensor<8x6xbf16>, tensor<32x6xf32>) -> tensor<32x6xf32>
func.func @embeddings(%tok: tensor<8xi32>, %w: tensor<32x6xf32>) {
  %0 = hash.embedding %tok, %w : (tensor<8xi32>, tensor<32x6xf32>) -> tensor<8x6xbf16>
  %1 = hash.embedding_grad %tok, %0 into %w : (tensor<8xi32>, tensor<8x6xbf16>, tensor<32x6xf32>) -> tensor<32x6xf32>
  return
}

// CHECK-LABEL: func.func @lookups
// CHECK: hash.lookup %{{.*}}, %{{.*}} in %{{.*}}, %{{.*}} : (tensor<8xi32>, tensor<8xi32>, tensor<32x6xf32>, tensor<37x2xf32>) -> tensor<8x8xbf16>
// CHECK: hash.segments %{{.*}} : (tensor<8xi32>) -> (tensor<8xi32>, tensor<9xi32>, tensor<8xi32>)
// CHECK: hash.merge_keys %{{.*}}, %{{.*}} : (tensor<2x16xi32>, tensor<8xi32>) -> (tensor<2x16xi32>, tensor<8xi32>)
// CHECK: hash.lookup_grad %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} into %{{.*}} : (tensor<9xi32>, tensor<8xi32>, tensor<8xi32>, tensor<8x8xbf16>, tensor<16x6xf32>) -> tensor<16x6xf32>
// CHECK: hash.lookup_grad %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} into %{{.*}} {column = 2 : i64} :
// CHECK: hash.rowwise_adagrad %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} {eps = 0.000000e+00 : f64, lr_scale = 5.000000e+00 : f64} :
// CHECK-SAME: -> (tensor<32x6xf32>, tensor<16x6xf32>, tensor<2x16xi32>, tensor<32xf32>)
func.func @lookups(%k: tensor<8xi32>, %t: tensor<32x6xf32>, %u: tensor<37x2xf32>, %g: tensor<16x6xf32>, %a: tensor<2x16xi32>,
                   %s: tensor<32xf32>, %h: tensor<4xf64>, %n: tensor<1xf64>) {
  %0 = hash.lookup %k, %k in %t, %u : (tensor<8xi32>, tensor<8xi32>, tensor<32x6xf32>, tensor<37x2xf32>) -> tensor<8x8xbf16>
  %1:3 = hash.segments %k : (tensor<8xi32>) -> (tensor<8xi32>, tensor<9xi32>, tensor<8xi32>)
  %2:2 = hash.merge_keys %a, %1#0 : (tensor<2x16xi32>, tensor<8xi32>) -> (tensor<2x16xi32>, tensor<8xi32>)
  %3 = hash.lookup_grad %1#1, %1#2, %2#1, %0 into %g : (tensor<9xi32>, tensor<8xi32>, tensor<8xi32>, tensor<8x8xbf16>, tensor<16x6xf32>) -> tensor<16x6xf32>
  %4 = hash.lookup_grad %1#1, %1#2, %2#1, %0 into %3 {column = 2 : i64} : (tensor<9xi32>, tensor<8xi32>, tensor<8xi32>, tensor<8x8xbf16>, tensor<16x6xf32>) -> tensor<16x6xf32>
  %5:4 = hash.rowwise_adagrad %t, %4, %2#0, %s, %h, %n {lr_scale = 5.0 : f64, eps = 0.0 : f64}
    : (tensor<32x6xf32>, tensor<16x6xf32>, tensor<2x16xi32>, tensor<32xf32>, tensor<4xf64>, tensor<1xf64>)
    -> (tensor<32x6xf32>, tensor<16x6xf32>, tensor<2x16xi32>, tensor<32xf32>)
  return
}

// Another input's rows: windows of other lengths, and streams that have a name.
// CHECK-LABEL: func.func @cross_attentions
// CHECK-SAME: tensor<6xi32> {hash.arg = #hash.arg<tokens, "src">}, %{{.*}}: tensor<6xi32> {hash.arg = #hash.arg<starts, "src">}
// CHECK: hash.cross_attention %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} {heads = 4 : i64, kv_heads = 2 : i64, memory_window = 3 : i64, scale = 5.000000e-01 : f64, window = 4 : i64} :
// CHECK-SAME: (tensor<8x16xbf16>, tensor<6x8xbf16>, tensor<6x8xbf16>, tensor<6xi32>) -> (tensor<8x16xbf16>, tensor<8x4xf32>)
// CHECK: hash.cross_attention_grad %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} {heads
func.func @cross_attentions(%q: tensor<8x16xbf16>, %k: tensor<6x8xbf16>, %tokens: tensor<6xi32> {hash.arg = #hash.arg<tokens, "src">},
    %starts: tensor<6xi32> {hash.arg = #hash.arg<starts, "src">}) {
  %0, %lse = hash.cross_attention %q, %k, %k, %tokens {heads = 4 : i64, kv_heads = 2 : i64, window = 4 : i64, memory_window = 3 : i64, scale = 0.5 : f64}
    : (tensor<8x16xbf16>, tensor<6x8xbf16>, tensor<6x8xbf16>, tensor<6xi32>) -> (tensor<8x16xbf16>, tensor<8x4xf32>)
  %1:3 = hash.cross_attention_grad %q, %k, %k, %tokens, %0, %lse, %q {heads = 4 : i64, kv_heads = 2 : i64, window = 4 : i64, memory_window = 3 : i64, scale = 0.5 : f64}
    : (tensor<8x16xbf16>, tensor<6x8xbf16>, tensor<6x8xbf16>, tensor<6xi32>, tensor<8x16xbf16>, tensor<8x4xf32>, tensor<8x16xbf16>)
    -> (tensor<8x16xbf16>, tensor<6x8xbf16>, tensor<6x8xbf16>)
  return
}

// CHECK-LABEL: func.func @attentions
// CHECK: hash.rotary %{{.*}}, %{{.*}} {heads = 4 : i64} : (tensor<8x16xbf16>, tensor<8xi32>) -> tensor<8x16xbf16>
// CHECK: hash.rotary %{{.*}}, %{{.*}} {base = 5.000000e+05 : f64, heads = 4 : i64, inverse} : (tensor<8x16xbf16>, tensor<8xi32>) -> tensor<8x16xbf16>
// CHECK: hash.attention %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} {causal, heads = 4 : i64, kv_heads = 2 : i64, scale = 5.000000e-01 : f64, window = 4 : i64} :
// CHECK-SAME: -> (tensor<8x16xbf16>, tensor<8x4xf32>)
// CHECK: hash.attention %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} {heads = 4 : i64, kv_heads = 2 : i64, scale = 5.000000e-01 : f64, window = 4 : i64} :
// CHECK: hash.attention_grad %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} {causal,
// CHECK-SAME: -> (tensor<8x16xbf16>, tensor<8x8xbf16>, tensor<8x8xbf16>)
// CHECK: hash.attention_grad %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} {heads
// CHECK: hash.attention_decode %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} {heads = 4 : i64, kv_heads = 2 : i64, scale = 5.000000e-01 : f64} :
// CHECK-SAME: -> (tensor<1x16xbf16>, tensor<4x8xbf16>, tensor<4x8xbf16>)
func.func @attentions(%q: tensor<8x16xbf16>, %k: tensor<8x8xbf16>, %starts: tensor<8xi32>,
                      %q1: tensor<1x16xbf16>, %k1: tensor<1x8xbf16>, %i: tensor<1xi32>, %cache: tensor<4x8xbf16>) {
  %0 = hash.rotary %q, %starts {heads = 4 : i64} : (tensor<8x16xbf16>, tensor<8xi32>) -> tensor<8x16xbf16>
  %1 = hash.rotary %q, %starts {heads = 4 : i64, base = 5.0e5 : f64, inverse} : (tensor<8x16xbf16>, tensor<8xi32>) -> tensor<8x16xbf16>
  %2, %lse = hash.attention %q, %k, %k, %starts {heads = 4 : i64, kv_heads = 2 : i64, window = 4 : i64, scale = 0.5 : f64, causal}
    : (tensor<8x16xbf16>, tensor<8x8xbf16>, tensor<8x8xbf16>, tensor<8xi32>) -> (tensor<8x16xbf16>, tensor<8x4xf32>)
  %3, %lse2 = hash.attention %q, %k, %k, %starts {heads = 4 : i64, kv_heads = 2 : i64, window = 4 : i64, scale = 0.5 : f64}
    : (tensor<8x16xbf16>, tensor<8x8xbf16>, tensor<8x8xbf16>, tensor<8xi32>) -> (tensor<8x16xbf16>, tensor<8x4xf32>)
  %4:3 = hash.attention_grad %q, %k, %k, %starts, %2, %lse, %q {heads = 4 : i64, kv_heads = 2 : i64, window = 4 : i64, scale = 0.5 : f64, causal}
    : (tensor<8x16xbf16>, tensor<8x8xbf16>, tensor<8x8xbf16>, tensor<8xi32>, tensor<8x16xbf16>, tensor<8x4xf32>, tensor<8x16xbf16>)
    -> (tensor<8x16xbf16>, tensor<8x8xbf16>, tensor<8x8xbf16>)
  %5:3 = hash.attention_grad %q, %k, %k, %starts, %3, %lse2, %q {heads = 4 : i64, kv_heads = 2 : i64, window = 4 : i64, scale = 0.5 : f64}
    : (tensor<8x16xbf16>, tensor<8x8xbf16>, tensor<8x8xbf16>, tensor<8xi32>, tensor<8x16xbf16>, tensor<8x4xf32>, tensor<8x16xbf16>)
    -> (tensor<8x16xbf16>, tensor<8x8xbf16>, tensor<8x8xbf16>)
  %6:3 = hash.attention_decode %q1, %k1, %k1, %i, %i, %cache, %cache {heads = 4 : i64, kv_heads = 2 : i64, scale = 0.5 : f64}
    : (tensor<1x16xbf16>, tensor<1x8xbf16>, tensor<1x8xbf16>, tensor<1xi32>, tensor<1xi32>, tensor<4x8xbf16>, tensor<4x8xbf16>)
    -> (tensor<1x16xbf16>, tensor<4x8xbf16>, tensor<4x8xbf16>)
  return
}

// CHECK-LABEL: func.func @norms
// CHECK: hash.layer_norm %{{.*}}, %{{.*}}, %{{.*}} : (tensor<8x6xbf16>, tensor<6xf32>, tensor<6xf32>) -> (tensor<8x6xbf16>, tensor<8xf32>, tensor<8xf32>)
// CHECK: hash.layer_norm %{{.*}}, %{{.*}}, %{{.*}} {eps = 0.000000e+00 : f64} :
// CHECK: hash.layer_norm_grad %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} : {{.*}} -> (tensor<8x6xbf16>, tensor<6xf32>, tensor<6xf32>)
// CHECK: hash.rms_norm %{{.*}}, %{{.*}} : (tensor<8x6xbf16>, tensor<6xf32>) -> (tensor<8x6xbf16>, tensor<8xf32>)
// CHECK: hash.rms_norm %{{.*}}, %{{.*}} {eps = 2.500000e-01 : f64} :
// CHECK: hash.rms_norm_grad %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} : {{.*}} -> (tensor<8x6xbf16>, tensor<6xf32>)
func.func @norms(%x: tensor<8x6xbf16>, %g: tensor<6xf32>) {
  %0, %mean, %rstd = hash.layer_norm %x, %g, %g : (tensor<8x6xbf16>, tensor<6xf32>, tensor<6xf32>) -> (tensor<8x6xbf16>, tensor<8xf32>, tensor<8xf32>)
  %1:3 = hash.layer_norm %x, %g, %g {eps = 0.0 : f64} : (tensor<8x6xbf16>, tensor<6xf32>, tensor<6xf32>) -> (tensor<8x6xbf16>, tensor<8xf32>, tensor<8xf32>)
  %2:3 = hash.layer_norm_grad %x, %g, %mean, %rstd, %x : (tensor<8x6xbf16>, tensor<6xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8x6xbf16>) -> (tensor<8x6xbf16>, tensor<6xf32>, tensor<6xf32>)
  %3:2 = hash.rms_norm %x, %g : (tensor<8x6xbf16>, tensor<6xf32>) -> (tensor<8x6xbf16>, tensor<8xf32>)
  %4:2 = hash.rms_norm %x, %g {eps = 0.25 : f64} : (tensor<8x6xbf16>, tensor<6xf32>) -> (tensor<8x6xbf16>, tensor<8xf32>)
  %5:2 = hash.rms_norm_grad %x, %g, %rstd, %x : (tensor<8x6xbf16>, tensor<6xf32>, tensor<8xf32>, tensor<8x6xbf16>) -> (tensor<8x6xbf16>, tensor<6xf32>)
  return
}

// CHECK-LABEL: func.func @losses
// CHECK: hash.dropout %{{.*}}, %{{.*}} {rate = 1.000000e-01 : f64, stream = 3 : i64} : (tensor<8x6xf32>, tensor<1xi64>) -> tensor<8x6xf32>
// CHECK: hash.cross_entropy %{{.*}}, %{{.*}} : (tensor<8x6xf32>, tensor<8xi32>) -> (tensor<8xf32>, tensor<8xf32>)
// CHECK: hash.cross_entropy_grad %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} : (tensor<8x6xf32>, tensor<8xi32>, tensor<8xf32>, tensor<8xf32>) -> tensor<8x6xf32>
// CHECK: hash.global_norm %{{.*}}, %{{.*}} : (tensor<8x6xf32>, tensor<6xf32>) -> tensor<1xf64>
// CHECK: hash.global_norm : () -> tensor<1xf64>
// CHECK: hash.part_norms %{{.*}}, %{{.*}} : (tensor<8x6xf32>, tensor<6xf32>) -> tensor<3xf64>
// CHECK: hash.adamw %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} {beta1 = 9.000000e-01 : f64, beta2 = 7.500000e-01 : f64, eps = 1.000000e-08 : f64, weight_decay = 1.000000e-01 : f64} :
func.func @losses(%x: tensor<8x6xf32>, %g: tensor<6xf32>, %seed: tensor<1xi64>, %t: tensor<8xi32>, %hyper: tensor<4xf64>) {
  %0 = hash.dropout %x, %seed {rate = 0.1 : f64, stream = 3 : i64} : (tensor<8x6xf32>, tensor<1xi64>) -> tensor<8x6xf32>
  %l, %lse = hash.cross_entropy %x, %t : (tensor<8x6xf32>, tensor<8xi32>) -> (tensor<8xf32>, tensor<8xf32>)
  %2 = hash.cross_entropy_grad %x, %t, %lse, %l : (tensor<8x6xf32>, tensor<8xi32>, tensor<8xf32>, tensor<8xf32>) -> tensor<8x6xf32>
  %3 = hash.global_norm %x, %g : (tensor<8x6xf32>, tensor<6xf32>) -> tensor<1xf64>
  %4 = hash.global_norm : () -> tensor<1xf64>
  %6 = hash.part_norms %x, %g : (tensor<8x6xf32>, tensor<6xf32>) -> tensor<3xf64>
  %5:4 = hash.adamw %g, %g, %g, %g, %hyper, %3 {beta1 = 0.9 : f64, beta2 = 0.75 : f64, eps = 1.0e-8 : f64, weight_decay = 0.1 : f64}
    : (tensor<6xf32>, tensor<6xf32>, tensor<6xf32>, tensor<6xf32>, tensor<4xf64>, tensor<1xf64>) -> (tensor<6xf32>, tensor<6xf32>, tensor<6xf32>, tensor<6xf32>)
  return
}

// Every row space, several products and outs, and none of what may be left out.
// CHECK-LABEL: func.func @structured
// CHECK: hash.grouped_gemm plan(%{{.*}} : !hash.plan<{{.*}}>) lhs(%{{.*}}, %{{.*}}, %{{.*}} : {{.*}}) at [token, position, slot] rhs(%{{.*}}) transposed into [0, 1, 0]
// CHECK-SAME: reads(%{{.*}}) at [group, all, token, all, slot] outs(%{{.*}}) at [position, slot] zero_dead {
// CHECK: hash.yield %{{.*}}, %{{.*}} : f32, f32
// CHECK: } -> tensor<16x5xf32>, tensor<16x5xbf16>
// CHECK: hash.grouped_gemm lhs(%{{.*}} : tensor<8x6xf32>) at [position] rhs(%{{.*}} : tensor<6x5xf32>) into [0] reads() at [] outs(%{{.*}} : tensor<8x5xf32>) at [position] {
// CHECK: } {hash.note = 1 : i64} -> tensor<8x5xf32>
// CHECK: hash.grouped_outer plan(%{{.*}}) lhs(%{{.*}}) rhs(%{{.*}}) at [token, slot] skip_empty reads(%{{.*}}) outs(%{{.*}}) {
// CHECK: hash.grouped_outer lhs(%{{.*}}) rhs(%{{.*}}) at [position, position] reads() outs(%{{.*}}) {
// CHECK: hash.map plan(%{{.*}}) reads(%{{.*}}) at [token] outs(%{{.*}}) at [slot] zero_dead {
// CHECK: hash.map reads() at [] outs(%{{.*}}) at [position] {
func.func @structured(%p: !p2, %x: tensor<8x6xf32>, %xs: tensor<16x6xf32>, %w: tensor<6x5xf32>, %ws: tensor<4x5x6xf32>,
                      %b: tensor<4x5xf32>, %v: tensor<5xf32>, %t: tensor<8x5xf32>, %one: tensor<1xf32>, %row: tensor<16xf32>,
                      %g: tensor<4x6x5xf32>, %y: tensor<16x5xf32>) {
  %e = tensor.empty() : tensor<16x5xf32>
  %f = tensor.empty() : tensor<16x5xbf16>
  %0:2 = hash.grouped_gemm plan(%p : !p2) lhs(%x, %xs, %xs : tensor<8x6xf32>, tensor<16x6xf32>, tensor<16x6xf32>) at [token, position, slot]
      rhs(%ws, %ws, %ws : tensor<4x5x6xf32>, tensor<4x5x6xf32>, tensor<4x5x6xf32>) transposed into [0, 1, 0]
      reads(%b, %v, %t, %one, %row : tensor<4x5xf32>, tensor<5xf32>, tensor<8x5xf32>, tensor<1xf32>, tensor<16xf32>) at [group, all, token, all, slot]
      outs(%e, %f : tensor<16x5xf32>, tensor<16x5xbf16>) at [position, slot] zero_dead {
  ^bb0(%s0: f32, %s1: f32, %r0: f32, %r1: f32, %r2: f32, %r3: f32, %r4: f32, %i0: f32, %i1: f32):
    %m = arith.mulf %s0, %s1 : f32
    hash.yield %m, %r4 : f32, f32
  } -> tensor<16x5xf32>, tensor<16x5xbf16>
  %d = tensor.empty() : tensor<8x5xf32>
  %1 = hash.grouped_gemm lhs(%x : tensor<8x6xf32>) at [position] rhs(%w : tensor<6x5xf32>) into [0] reads() at [] outs(%d : tensor<8x5xf32>) at [position] {
  ^bb0(%s0: f32, %i0: f32):
    hash.yield %s0 : f32
  } {hash.note = 1 : i64} -> tensor<8x5xf32>
  %2 = hash.grouped_outer plan(%p : !p2) lhs(%x : tensor<8x6xf32>) rhs(%y : tensor<16x5xf32>) at [token, slot] skip_empty
      reads(%g : tensor<4x6x5xf32>) outs(%g : tensor<4x6x5xf32>) {
  ^bb0(%s0: f32, %r0: f32, %i0: f32):
    hash.yield %s0 : f32
  } -> tensor<4x6x5xf32>
  %3 = hash.grouped_outer lhs(%x : tensor<8x6xf32>) rhs(%t : tensor<8x5xf32>) at [position, position] reads() outs(%w : tensor<6x5xf32>) {
  ^bb0(%s0: f32, %i0: f32):
    hash.yield %s0 : f32
  } -> tensor<6x5xf32>
  %4 = hash.map plan(%p : !p2) reads(%t : tensor<8x5xf32>) at [token] outs(%e : tensor<16x5xf32>) at [slot] zero_dead {
  ^bb0(%r0: f32, %i0: f32):
    hash.yield %r0 : f32
  } -> tensor<16x5xf32>
  %n = tensor.empty() : tensor<3xi64>
  %5 = hash.map reads() at [] outs(%n : tensor<3xi64>) at [position] {
  ^bb0(%i0: i64):
    hash.yield %i0 : i64
  } -> tensor<3xi64>
  return
}

// Panels of columns, of rows where the matrix is transposed.
// CHECK-LABEL: func.func @panels
// CHECK: rhs(%{{.*}} : tensor<4x2x6x4xf32>)
// CHECK: rhs(%{{.*}} : tensor<4x2x5x4xf32>) transposed
// CHECK: rhs(%{{.*}} : tensor<2x6x4xf32>)
// CHECK: outs(%{{.*}} : tensor<4x2x6x4xf32>)
func.func @panels(%p: !p, %x: tensor<8x6xf32>, %w: tensor<4x2x6x4xf32>, %wt: tensor<4x2x5x4xf32>, %wd: tensor<2x6x4xf32>, %y: tensor<8x5xf32>) {
  %0 = hash.grouped_gemm plan(%p : !p) lhs(%x : tensor<8x6xf32>) at [token] rhs(%w : tensor<4x2x6x4xf32>) into [0] reads() at [] outs(%y : tensor<8x5xf32>) at [slot] {
  ^bb0(%s0: f32, %i0: f32):
    hash.yield %s0 : f32
  } -> tensor<8x5xf32>
  %1 = hash.grouped_gemm plan(%p : !p) lhs(%x : tensor<8x6xf32>) at [token] rhs(%wt : tensor<4x2x5x4xf32>) transposed into [0] reads() at [] outs(%y : tensor<8x5xf32>) at [slot] {
  ^bb0(%s0: f32, %i0: f32):
    hash.yield %s0 : f32
  } -> tensor<8x5xf32>
  %2 = hash.grouped_gemm lhs(%x : tensor<8x6xf32>) at [token] rhs(%wd : tensor<2x6x4xf32>) into [0] reads() at [] outs(%y : tensor<8x5xf32>) at [slot] {
  ^bb0(%s0: f32, %i0: f32):
    hash.yield %s0 : f32
  } -> tensor<8x5xf32>
  %3 = hash.grouped_outer plan(%p : !p) lhs(%x : tensor<8x6xf32>) rhs(%y : tensor<8x5xf32>) at [position, position] reads() outs(%w : tensor<4x2x6x4xf32>) {
  ^bb0(%s0: f32, %i0: f32):
    hash.yield %s0 : f32
  } -> tensor<4x2x6x4xf32>
  return
}

// CHECK-LABEL: func.func @buffers
// CHECK: hash.grouped_gemm plan(%{{.*}} : memref<21xi32>)
// CHECK: } {plan_shape = !hash.plan<tokens = 8, k = 1, groups = 4, slots = 8>}
// CHECK: hash.grouped_outer plan(%{{.*}} : memref<21xi32>)
// CHECK: hash.map plan(%{{.*}} : memref<21xi32>)
// CHECK: hash.library_call "layer_norm" ins(%{{.*}}) outs(%{{.*}}) {config = {eps = 1.000000e-05 : f64}}
// CHECK: hash.library_call "reduce_rows" ins(%{{.*}}) outs(%{{.*}}) {config = {}, plan_shape = !hash.plan<tokens = 8, k = 1, groups = 4, slots = 8>}
// CHECK: hash.library_call "plan" ins(%{{.*}}) outs(%{{.*}}) {config = {}, plan_shape = !hash.plan<tokens = 8, k = 1, groups = 4, slots = 8>}
// CHECK: hash.library_call "gate" ins(%{{.*}}) outs(%{{.*}}) {config = {kind = 2 : i32, normalize, scale = 1.000000e+00 : f64}, plan_shape = !hash.plan<tokens = 8, k = 1, groups = 4, slots = 8>}
// CHECK: hash.library_call "embedding_grad" ins(%{{.*}}) outs(%{{.*}}) {config = {}}
// CHECK: hash.library_call "attention_decode" ins(%{{.*}}) outs(%{{.*}}) {config = {heads = 2 : i64, kv_heads = 2 : i64, scale = 1.000000e+00 : f64}}
// CHECK: hash.library_call "global_norm" ins() outs(%{{.*}} : memref<1xf64>) {config = {}}
// CHECK: hash.launch @kernel tasks 3(%{{.*}}) : memref<8x6xf32>
// CHECK: hash.launch @nothing tasks 1()
func.func @buffers(%p: memref<21xi32>, %x: memref<8x6xf32>, %w: memref<4x6x5xf32>, %y: memref<8x5xf32>, %g: memref<6xf32>, %m: memref<8xf32>,
                   %r: memref<8xf32>, %y2: memref<8x6xf32>, %gs: memref<4x6xf32>, %tok: memref<8xi32>, %table: memref<32x6xf32>, %n: memref<1xf64>,
                   %q: memref<1x6xf32>, %i: memref<1xi32>, %k: memref<4x6xf32>, %v: memref<4x6xf32>, %z: memref<8x4xf32>) {
  hash.grouped_gemm plan(%p : memref<21xi32>) lhs(%x : memref<8x6xf32>) at [token] rhs(%w : memref<4x6x5xf32>) into [0] reads() at [] outs(%y : memref<8x5xf32>) at [position] {
  ^bb0(%s0: f32, %i0: f32):
    hash.yield %s0 : f32
  } {plan_shape = !p}
  hash.grouped_outer plan(%p : memref<21xi32>) lhs(%x : memref<8x6xf32>) rhs(%y : memref<8x5xf32>) at [token, position] reads() outs(%w : memref<4x6x5xf32>) {
  ^bb0(%s0: f32, %i0: f32):
    hash.yield %s0 : f32
  } {plan_shape = !p}
  hash.map plan(%p : memref<21xi32>) reads(%x : memref<8x6xf32>) at [token] outs(%y2 : memref<8x6xf32>) at [position] {
  ^bb0(%r0: f32, %i0: f32):
    hash.yield %r0 : f32
  } {plan_shape = !p}
  hash.library_call "layer_norm" ins(%x, %g, %g : memref<8x6xf32>, memref<6xf32>, memref<6xf32>) outs(%y2, %m, %r : memref<8x6xf32>, memref<8xf32>, memref<8xf32>) {config = {eps = 1.0e-5 : f64}}
  hash.library_call "reduce_rows" ins(%x, %p : memref<8x6xf32>, memref<21xi32>) outs(%gs : memref<4x6xf32>) {config = {}, plan_shape = !p}
  hash.library_call "plan" ins(%tok, %tok : memref<8xi32>, memref<8xi32>) outs(%p : memref<21xi32>) {config = {}, plan_shape = !p}
  hash.library_call "gate" ins(%z, %p : memref<8x4xf32>, memref<21xi32>) outs(%m : memref<8xf32>) {config = {kind = 2 : i32, normalize, scale = 1.0 : f64}, plan_shape = !p}
  hash.library_call "embedding_grad" ins(%tok, %x : memref<8xi32>, memref<8x6xf32>) outs(%table : memref<32x6xf32>) {config = {}}
  hash.library_call "attention_decode" ins(%q, %q, %q, %i, %i : memref<1x6xf32>, memref<1x6xf32>, memref<1x6xf32>, memref<1xi32>, memref<1xi32>) outs(%q, %k, %v : memref<1x6xf32>, memref<4x6xf32>, memref<4x6xf32>)
      {config = {heads = 2 : i64, kv_heads = 2 : i64, scale = 1.0 : f64}}
  hash.library_call "global_norm" ins() outs(%n : memref<1xf64>) {config = {}}
  hash.launch @kernel tasks 3 (%x) : memref<8x6xf32>
  hash.launch @nothing tasks 1 ()
  return
}
func.func private @kernel(%task: index, %x: memref<8x6xf32>) {
  return
}
func.func private @nothing(%task: index) {
  return
}
