// A two-block Transformer with one hash layer, as the frontend emits it: what the
// tests of whole pipelines start from.
module @tiny attributes {
  hash.stage = "hash", hash.spec = "tiny.hash", hash.spec_hash = "0",
  hash.model = {name = "tiny", vocab = 32 : i64, window = 16 : i64, micro_batch = 2 : i64, precision = "f32", bos = 0 : i64, heads = 2 : i64},
  hash.train = {data = {kind = "text", path = "corpus.txt", valid = 5.0e-2 : f64, tokenizer = "bytes", documents = "joined"}, loss = "cross_entropy",
    optimizer = {name = "adamw", lr = 1.0e-3 : f64, beta1 = 0.9 : f64, beta2 = 0.95 : f64, eps = 1.0e-8 : f64, weight_decay = 0.1 : f64, clip = 1.0 : f64},
    schedule = {name = "constant", warmup = 0 : i64, floor = 0.0 : f64}, batch = 2 : i64, steps = 10 : i64, eval_every = 0 : i64, save_every = 0 : i64, seed = 0 : i64},
  hash.target = {fuse = "all", target = "cpu", arch = "native"}} {
  hash.param @"embedding" : tensor<32x16xf32> init normal(0.02)
  hash.param @"positions" : tensor<16x16xf32> init normal(0.02)
  hash.param @"blocks[0].norm_1.gamma" : tensor<16xf32> init ones
  hash.param @"blocks[0].norm_1.beta" : tensor<16xf32> init zeros
  hash.param @"blocks[0].attention.wq" : tensor<16x16xf32> init normal(0.02) {decay}
  hash.param @"blocks[0].attention.wk" : tensor<16x16xf32> init normal(0.02) {decay}
  hash.param @"blocks[0].attention.wv" : tensor<16x16xf32> init normal(0.02) {decay}
  hash.param @"blocks[0].attention.wo" : tensor<16x16xf32> init normal(0.02) {decay}
  hash.param @"blocks[0].norm_2.gamma" : tensor<16xf32> init ones
  hash.param @"blocks[0].norm_2.beta" : tensor<16xf32> init zeros
  hash.param @"blocks[0].ffn.w_in" : tensor<16x32xf32> init normal(0.02) {decay}
  hash.param @"blocks[0].ffn.b_in" : tensor<32xf32> init zeros
  hash.param @"blocks[0].ffn.w_out" : tensor<32x16xf32> init normal(0.02) {decay}
  hash.param @"blocks[0].ffn.b_out" : tensor<16xf32> init zeros
  hash.param @"blocks[1].norm_1.gamma" : tensor<16xf32> init ones
  hash.param @"blocks[1].norm_1.beta" : tensor<16xf32> init zeros
  hash.param @"blocks[1].attention.wq" : tensor<16x16xf32> init normal(0.02) {decay}
  hash.param @"blocks[1].attention.wk" : tensor<16x16xf32> init normal(0.02) {decay}
  hash.param @"blocks[1].attention.wv" : tensor<16x16xf32> init normal(0.02) {decay}
  hash.param @"blocks[1].attention.wo" : tensor<16x16xf32> init normal(0.02) {decay}
  hash.param @"blocks[1].norm_2.gamma" : tensor<16xf32> init ones
  hash.param @"blocks[1].norm_2.beta" : tensor<16xf32> init zeros
  hash.param @"blocks[1].ffn.w_in" : tensor<4x16x32xf32> init normal(0.02) {decay}
  hash.param @"blocks[1].ffn.b_in" : tensor<4x32xf32> init zeros
  hash.param @"blocks[1].ffn.w_out" : tensor<4x32x16xf32> init normal(0.02) {decay}
  hash.param @"blocks[1].ffn.b_out" : tensor<4x16xf32> init zeros
  hash.param @"norm.gamma" : tensor<16xf32> init ones
  hash.param @"norm.beta" : tensor<16xf32> init zeros
  hash.table @by_token builder "balanced" vocab 32 groups 4 {seed = 0 : i64}
  func.func @forward(
      %p0: tensor<32x16xf32> {hash.arg = #hash.arg<param, "embedding">},
      %p1: tensor<16x16xf32> {hash.arg = #hash.arg<param, "positions">},
      %p2: tensor<16xf32> {hash.arg = #hash.arg<param, "blocks[0].norm_1.gamma">},
      %p3: tensor<16xf32> {hash.arg = #hash.arg<param, "blocks[0].norm_1.beta">},
      %p4: tensor<16x16xf32> {hash.arg = #hash.arg<param, "blocks[0].attention.wq">},
      %p5: tensor<16x16xf32> {hash.arg = #hash.arg<param, "blocks[0].attention.wk">},
      %p6: tensor<16x16xf32> {hash.arg = #hash.arg<param, "blocks[0].attention.wv">},
      %p7: tensor<16x16xf32> {hash.arg = #hash.arg<param, "blocks[0].attention.wo">},
      %p8: tensor<16xf32> {hash.arg = #hash.arg<param, "blocks[0].norm_2.gamma">},
      %p9: tensor<16xf32> {hash.arg = #hash.arg<param, "blocks[0].norm_2.beta">},
      %p10: tensor<16x32xf32> {hash.arg = #hash.arg<param, "blocks[0].ffn.w_in">},
      %p11: tensor<32xf32> {hash.arg = #hash.arg<param, "blocks[0].ffn.b_in">},
      %p12: tensor<32x16xf32> {hash.arg = #hash.arg<param, "blocks[0].ffn.w_out">},
      %p13: tensor<16xf32> {hash.arg = #hash.arg<param, "blocks[0].ffn.b_out">},
      %p14: tensor<16xf32> {hash.arg = #hash.arg<param, "blocks[1].norm_1.gamma">},
      %p15: tensor<16xf32> {hash.arg = #hash.arg<param, "blocks[1].norm_1.beta">},
      %p16: tensor<16x16xf32> {hash.arg = #hash.arg<param, "blocks[1].attention.wq">},
      %p17: tensor<16x16xf32> {hash.arg = #hash.arg<param, "blocks[1].attention.wk">},
      %p18: tensor<16x16xf32> {hash.arg = #hash.arg<param, "blocks[1].attention.wv">},
      %p19: tensor<16x16xf32> {hash.arg = #hash.arg<param, "blocks[1].attention.wo">},
      %p20: tensor<16xf32> {hash.arg = #hash.arg<param, "blocks[1].norm_2.gamma">},
      %p21: tensor<16xf32> {hash.arg = #hash.arg<param, "blocks[1].norm_2.beta">},
      %p22: tensor<4x16x32xf32> {hash.arg = #hash.arg<param, "blocks[1].ffn.w_in">},
      %p23: tensor<4x32xf32> {hash.arg = #hash.arg<param, "blocks[1].ffn.b_in">},
      %p24: tensor<4x32x16xf32> {hash.arg = #hash.arg<param, "blocks[1].ffn.w_out">},
      %p25: tensor<4x16xf32> {hash.arg = #hash.arg<param, "blocks[1].ffn.b_out">},
      %p26: tensor<16xf32> {hash.arg = #hash.arg<param, "norm.gamma">},
      %p27: tensor<16xf32> {hash.arg = #hash.arg<param, "norm.beta">},
      %table: tensor<32xi32> {hash.arg = #hash.arg<table, "by_token">},
      %tokens: tensor<32xi32> {hash.arg = #hash.arg<tokens>},
      %targets: tensor<32xi32> {hash.arg = #hash.arg<targets>},
      %starts: tensor<32xi32> {hash.arg = #hash.arg<starts>})
      -> (tensor<32xf32> {hash.arg = #hash.arg<losses>}, tensor<32x32xf32> {hash.arg = #hash.arg<logits>}) {
    %v1 = hash.embedding %tokens, %p0 : (tensor<32xi32>, tensor<32x16xf32>) -> tensor<32x16xf32> loc("embedding")
    %v2 = hash.position %starts {window = 16 : i64} : (tensor<32xi32>) -> tensor<32xi32> loc("positions")
    %v3 = hash.embedding %v2, %p1 : (tensor<32xi32>, tensor<16x16xf32>) -> tensor<32x16xf32> loc("positions")
    %v4 = arith.addf %v1, %v3 : tensor<32x16xf32> loc("positions")
    %v5:3 = hash.layer_norm %v4, %p2, %p3 : (tensor<32x16xf32>, tensor<16xf32>, tensor<16xf32>) -> (tensor<32x16xf32>, tensor<32xf32>, tensor<32xf32>) loc("blocks[0].norm_1")
    %v6 = hash.matmul %v5#0, %p4 : (tensor<32x16xf32>, tensor<16x16xf32>) -> tensor<32x16xf32> loc("blocks[0].attention")
    %v7 = hash.matmul %v5#0, %p5 : (tensor<32x16xf32>, tensor<16x16xf32>) -> tensor<32x16xf32> loc("blocks[0].attention")
    %v8 = hash.matmul %v5#0, %p6 : (tensor<32x16xf32>, tensor<16x16xf32>) -> tensor<32x16xf32> loc("blocks[0].attention")
    %v9:2 = hash.attention %v6, %v7, %v8, %starts {heads = 2 : i64, kv_heads = 2 : i64, window = 16 : i64, scale = 0.35355339059327379 : f64, causal} : (tensor<32x16xf32>, tensor<32x16xf32>, tensor<32x16xf32>, tensor<32xi32>) -> (tensor<32x16xf32>, tensor<32x2xf32>) loc("blocks[0].attention")
    %v10 = hash.matmul %v9#0, %p7 : (tensor<32x16xf32>, tensor<16x16xf32>) -> tensor<32x16xf32> loc("blocks[0].attention")
    %v11 = arith.addf %v4, %v10 : tensor<32x16xf32> loc("blocks[0]")
    %v12:3 = hash.layer_norm %v11, %p8, %p9 : (tensor<32x16xf32>, tensor<16xf32>, tensor<16xf32>) -> (tensor<32x16xf32>, tensor<32xf32>, tensor<32xf32>) loc("blocks[0].norm_2")
    %v13 = hash.matmul %v12#0, %p10 : (tensor<32x16xf32>, tensor<16x32xf32>) -> tensor<32x32xf32> loc("blocks[0].ffn")
    %v14 = hash.broadcast %p11 : (tensor<32xf32>) -> tensor<32x32xf32> loc("blocks[0].ffn")
    %v15 = arith.addf %v13, %v14 : tensor<32x32xf32> loc("blocks[0].ffn")
    %v16 = math.tanh %v15 : tensor<32x32xf32> loc("blocks[0].ffn")
    %v17 = arith.mulf %v15, %v16 : tensor<32x32xf32> loc("blocks[0].ffn")
    %v18 = hash.matmul %v17, %p12 : (tensor<32x32xf32>, tensor<32x16xf32>) -> tensor<32x16xf32> loc("blocks[0].ffn")
    %v19 = hash.broadcast %p13 : (tensor<16xf32>) -> tensor<32x16xf32> loc("blocks[0].ffn")
    %v20 = arith.addf %v18, %v19 : tensor<32x16xf32> loc("blocks[0].ffn")
    %v21 = arith.addf %v11, %v20 : tensor<32x16xf32> loc("blocks[0]")
    %v22:3 = hash.layer_norm %v21, %p14, %p15 : (tensor<32x16xf32>, tensor<16xf32>, tensor<16xf32>) -> (tensor<32x16xf32>, tensor<32xf32>, tensor<32xf32>) loc("blocks[1].norm_1")
    %v23 = hash.matmul %v22#0, %p16 : (tensor<32x16xf32>, tensor<16x16xf32>) -> tensor<32x16xf32> loc("blocks[1].attention")
    %v24 = hash.matmul %v22#0, %p17 : (tensor<32x16xf32>, tensor<16x16xf32>) -> tensor<32x16xf32> loc("blocks[1].attention")
    %v25 = hash.matmul %v22#0, %p18 : (tensor<32x16xf32>, tensor<16x16xf32>) -> tensor<32x16xf32> loc("blocks[1].attention")
    %v26:2 = hash.attention %v23, %v24, %v25, %starts {heads = 2 : i64, kv_heads = 2 : i64, window = 16 : i64, scale = 0.35355339059327379 : f64, causal} : (tensor<32x16xf32>, tensor<32x16xf32>, tensor<32x16xf32>, tensor<32xi32>) -> (tensor<32x16xf32>, tensor<32x2xf32>) loc("blocks[1].attention")
    %v27 = hash.matmul %v26#0, %p19 : (tensor<32x16xf32>, tensor<16x16xf32>) -> tensor<32x16xf32> loc("blocks[1].attention")
    %v28 = arith.addf %v21, %v27 : tensor<32x16xf32> loc("blocks[1]")
    %v29:3 = hash.layer_norm %v28, %p20, %p21 : (tensor<32x16xf32>, tensor<16xf32>, tensor<16xf32>) -> (tensor<32x16xf32>, tensor<32xf32>, tensor<32xf32>) loc("blocks[1].norm_2")
    %v30 = hash.table_lookup %tokens in %table : (tensor<32xi32>, tensor<32xi32>) -> tensor<32xi32> loc("blocks[1].ffn")
    %v31 = hash.plan %v30 masked %tokens : (tensor<32xi32>, tensor<32xi32>) -> !hash.plan<tokens = 32, k = 1, groups = 4, slots = 32> loc("blocks[1].ffn")
    %v32 = hash.dispatch %v29#0 by %v31 : (tensor<32x16xf32>, !hash.plan<tokens = 32, k = 1, groups = 4, slots = 32>) -> tensor<32x16xf32> loc("blocks[1].ffn")
    %v33 = hash.grouped_matmul %v32, %p22 by %v31 : (tensor<32x16xf32>, tensor<4x16x32xf32>, !hash.plan<tokens = 32, k = 1, groups = 4, slots = 32>) -> tensor<32x32xf32> loc("blocks[1].ffn")
    %v34 = hash.broadcast %p23 by %v31 : (tensor<4x32xf32>, !hash.plan<tokens = 32, k = 1, groups = 4, slots = 32>) -> tensor<32x32xf32> loc("blocks[1].ffn")
    %v35 = arith.addf %v33, %v34 : tensor<32x32xf32> loc("blocks[1].ffn")
    %v36 = math.tanh %v35 : tensor<32x32xf32> loc("blocks[1].ffn")
    %v37 = arith.mulf %v35, %v36 : tensor<32x32xf32> loc("blocks[1].ffn")
    %v38 = hash.grouped_matmul %v37, %p24 by %v31 : (tensor<32x32xf32>, tensor<4x32x16xf32>, !hash.plan<tokens = 32, k = 1, groups = 4, slots = 32>) -> tensor<32x16xf32> loc("blocks[1].ffn")
    %v39 = hash.broadcast %p25 by %v31 : (tensor<4x16xf32>, !hash.plan<tokens = 32, k = 1, groups = 4, slots = 32>) -> tensor<32x16xf32> loc("blocks[1].ffn")
    %v40 = arith.addf %v38, %v39 : tensor<32x16xf32> loc("blocks[1].ffn")
    %v41 = hash.combine %v40 by %v31 : (tensor<32x16xf32>, !hash.plan<tokens = 32, k = 1, groups = 4, slots = 32>) -> tensor<32x16xf32> loc("blocks[1].ffn")
    %v42 = arith.addf %v28, %v41 : tensor<32x16xf32> loc("blocks[1]")
    %v43:3 = hash.layer_norm %v42, %p26, %p27 : (tensor<32x16xf32>, tensor<16xf32>, tensor<16xf32>) -> (tensor<32x16xf32>, tensor<32xf32>, tensor<32xf32>) loc("norm")
    %v44 = hash.matmul %v43#0, %p0 transposed : (tensor<32x16xf32>, tensor<32x16xf32>) -> tensor<32x32xf32> loc("unembed")
    %v45:2 = hash.cross_entropy %v44, %targets : (tensor<32x32xf32>, tensor<32xi32>) -> (tensor<32xf32>, tensor<32xf32>) loc("loss")
    return %v45#0, %v44 : tensor<32xf32>, tensor<32x32xf32>
  }
}
