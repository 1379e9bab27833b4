//===- HashComputeOps.td - Matrix products and layers ------------*- tablegen -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASH_COMPUTE_OPS_TD
#define HASH_COMPUTE_OPS_TD

include "HashBase.td"

//===----------------------------------------------------------------------===//
// Matrix products
//===----------------------------------------------------------------------===//

def Hash_MatmulOp : Hash_ComputeOp<"matmul", [
    Hash_SameRows<["x", "result"]>,
    Hash_Constraint<"features", "`w` has a row for each feature of `x`, a column with `transposed`",
      "getFeatures($x) == getShape($w)[getTransposed() ? 1 : 0]">,
    Hash_Constraint<"columns", "`result` has a feature for each column of `w`, each row with `transposed`",
      "getFeatures($result) == getShape($w)[getTransposed() ? 0 : 1]">,
    Hash_SamePrecision<["x", "w", "result"]>], [Hash_Differentiable, Hash_RowWise]> {
  let summary = "rows times one matrix";
  let description = [{
    `x[R, K] * w[K, N]`, or `x[R, K] * w[N, K]^T` with `transposed`: R rows, K and N
    features. Each
    element is one chain of fused multiply-adds in ascending k.

    ```mlir
    %y = hash.matmul %x, %w : (tensor<4096x256xf32>, tensor<256x512xf32>) -> tensor<4096x512xf32>
    ```
  }] # Constraints;
  let arguments = (ins Hash_Matrix:$x, Hash_Matrix:$w, UnitAttr:$transposed);
  let results = (outs Hash_Matrix:$result);
  let assemblyFormat = "$x `,` $w (`transposed` $transposed^)? attr-dict `:` functional-type(operands, results)";
}

def Hash_GroupedMatmulOp : Hash_ComputeOp<"grouped_matmul", [
    Hash_RowPerSlot<"x">,
    Hash_RowPerSlot<"result">,
    Hash_Constraint<"experts", "`w` has a matrix for each expert of the plan",
      "getRows($w) == getPlan().getType().getGroups()">,
    Hash_Constraint<"features", "`w` has a row for each feature of `x`, a column with `transposed`",
      "getFeatures($x) == getShape($w)[getTransposed() ? 2 : 1]">,
    Hash_Constraint<"columns", "`result` has a feature for each column of `w`, each row with `transposed`",
      "getFeatures($result) == getShape($w)[getTransposed() ? 1 : 2]">,
    Hash_SamePrecision<["x", "w", "result"]>], [Hash_Differentiable, Hash_RowWise]> {
  let summary = "each expert's rows times its matrix";
  let description = [{
    Rows in position order, S slots, G experts: no rows are padded, and no
    expert has a capacity (the grouped products of MegaBlocks, Gale et al. 2023).
    Rows of dead positions are unspecified. `x[S, K] * w[G, K, N]`, or `w[G, N, K]^T` with
    `transposed`.

    ```mlir
    %h = hash.grouped_matmul %xp, %w1 by %p : (tensor<4096x256xf32>, tensor<64x256x1024xf32>, !p) -> tensor<4096x1024xf32>
    ```
  }] # Constraints;
  let arguments = (ins Hash_Matrix:$x, Hash_ExpertMatrices:$w, Hash_PlanType:$plan,
                       UnitAttr:$transposed);
  let results = (outs Hash_Matrix:$result);
  let assemblyFormat = "$x `,` $w (`transposed` $transposed^)? `by` $plan attr-dict `:` functional-type(operands, results)";
}

def Hash_WeightGradOp : Hash_ComputeOp<"weight_grad", [
    Hash_SameRows<["x", "dy"]>,
    Hash_RowPerSlot<"x">,
    Hash_Constraint<"experts", "`result` is one matrix, or with a plan one for each expert",
      "getPlan() ? getShape($result).size() == 3 && getRows($result) == getPlan().getType().getGroups() : getShape($result).size() == 2">,
    Hash_Constraint<"features", "`result` has a row for each feature of `x` and a column for each of `dy`",
      "getShape($result).take_back(2) == ::llvm::ArrayRef<int64_t>({getFeatures($x), getFeatures($dy)})">,
    Hash_SamePrecision<["x", "dy", "result"]>]> {
  let summary = "gradient of the matrix of a (grouped) matmul";
  let description = [{
    `x[R, K]^T * dy[R, N] -> [K, N]`, or with a plan the same over each expert's
    rows: `[G, K, N]`, zero for experts without rows. Rows in position order.

    ```mlir
    %dw = hash.weight_grad %xp, %dh by %p : (tensor<4096x256xf32>, tensor<4096x1024xf32>, !p) -> tensor<64x256x1024xf32>
    ```
  }] # Constraints;
  let arguments = (ins Hash_Matrix:$x, Hash_Matrix:$dy, Optional<Hash_PlanType>:$plan);
  let results = (outs Hash_Matrices:$result);
  let assemblyFormat = "$x `,` $dy (`by` $plan^)? attr-dict `:` functional-type(operands, results)";
}

//===----------------------------------------------------------------------===//
// Embedding
//===----------------------------------------------------------------------===//

def Hash_EmbeddingOp : Hash_ComputeOp<"embedding", [
    Hash_SameRows<["ids", "result"]>,
    Hash_SameFeatures<["weight", "result"]>,
    Hash_WideAs<"result", ["weight"]>], [Hash_Differentiable, Hash_RowWise]> {
  let summary = "rows of a table of features, by id";
  let description = [{
    `result[r] = weight[ids[r]]`; zero where the id is -1. Any other id outside
    the table stops the program with the id and the table's size.

    ```mlir
    %x = hash.embedding %tokens, %weight : (tensor<4096xi32>, tensor<8192x256xf32>) -> tensor<4096x256xf32>
    ```
  }] # Constraints;
  let arguments = (ins Hash_Stream32:$ids, Hash_Matrix:$weight);
  let results = (outs Hash_Matrix:$result);
  let assemblyFormat = "$ids `,` $weight attr-dict `:` functional-type(operands, results)";
}

def Hash_EmbeddingGradOp : Hash_ComputeOp<"embedding_grad", [
    Hash_SameRows<["ids", "dy"]>,
    Hash_SameFeatures<["dy", "init"]>,
    Hash_SameType<["init", "result"]>,
    Hash_WideAs<"dy", ["init"]>], [Hash_Tied]> {
  let summary = "adds every row's gradient to the table's row of its id";
  let description = [{
    `result = init`, then `result[ids[r]] += dy[r]` in ascending r. The result
    is an update of `init` in place. Rows whose id is -1 add nothing.

    ```mlir
    %d = hash.embedding_grad %tokens, %dy into %sum
        : (tensor<4096xi32>, tensor<4096x256xf32>, tensor<8192x256xf32>) -> tensor<8192x256xf32>
    ```
  }] # Constraints;
  let arguments = (ins Hash_Stream32:$ids, Hash_Matrix:$dy, Hash_Matrix:$init);
  let results = (outs Hash_Matrix:$result);
  let assemblyFormat = "$ids `,` $dy `into` $init attr-dict `:` functional-type(operands, results)";
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

def Hash_RotaryOp : Hash_ComputeOp<"rotary", [
    Hash_SameRows<["x", "positions"]>,
    Hash_SameType<["x", "result"]>,
    Hash_Constraint<"heads", "each head has as many features of `x`, and an even number",
      "getFeatures($x) % (2 * getHeads()) == 0">], [Hash_Differentiable, Hash_RowWise, Hash_Reuses]> {
  let summary = "rotary position embedding";
  let description = [{
    Rotates each head's feature pairs (i, i + h/2), h features a head, by
    `positions[r] * base^(-2i/h)`; by the negative angle with `inverse`
    (RoFormer, Su et al. 2021, section 3.2; halves paired as in GPT-NeoX).

    ```mlir
    %r = hash.rotary %q, %positions {heads = 8 : i64} : (tensor<4096x256xf32>, tensor<4096xi32>) -> tensor<4096x256xf32>
    ```
  }] # Constraints;
  let arguments = (ins Hash_Matrix:$x, Hash_Stream32:$positions, Hash_Count:$heads,
                       DefaultValuedAttr<Hash_Positive, "10000.0">:$base, UnitAttr:$inverse);
  let results = (outs Hash_Matrix:$result);
  let assemblyFormat = "$x `,` $positions attr-dict `:` functional-type(operands, results)";
}

def Hash_AttentionOp : Hash_ComputeOp<"attention", [
    Hash_SameRows<["q", "k", "v", "starts", "lse"]>,
    Hash_Constraint<"heads", "`heads` divides the features of `q`, and `kv_heads` divides `heads`",
      "getFeatures($q) % getHeads() == 0 && getHeads() % getKvHeads() == 0">,
    Hash_Constraint<"features", "`k` and `v` have `kv_heads` heads as wide as those of `q`",
      "getFeatures($k) * getHeads() == getFeatures($q) * getKvHeads() && getFeatures($v) == getFeatures($k)">,
    Hash_Constraint<"lse", "`lse` has a column for each head",
      "getFeatures($lse) == int64_t(getHeads())">,
    Hash_WindowDivides<"q">,
    Hash_SameType<["q", "result"]>,
    Hash_SameElement<["q", "k", "v"]>,
    Hash_WideAs<"q", ["lse"]>], [Hash_Differentiable, Hash_Decodable, Hash_NonCausal]> {
  let summary = "causal self-attention inside each window and document";
  let description = [{
    Rows are windows of `window` rows; row r sees the rows of its window from
    `starts[r]` up to itself (all rows of its document in the window without
    `causal`). Every `heads / kv_heads` heads share a key and value
    head (grouped queries, Ainslie et al. 2023): `q` has heads x h features, `k` and `v` have kv_heads x h.
    Scores are scaled by `scale`. `lse` is each row's log-sum-exp per head,
    `[R, heads]`, in the compute type; the T x T matrix is never stored. Key blocks start at
    window index 0, so a row's bits do not depend on the rows after it.

    ```mlir
    %y, %lse = hash.attention %q, %k, %v, %starts {heads = 8 : i64, kv_heads = 8 : i64, window = 256 : i64, scale = 0.125 : f64, causal}
        : (tensor<4096x256xf32>, tensor<4096x256xf32>, tensor<4096x256xf32>, tensor<4096xi32>) -> (tensor<4096x256xf32>, tensor<4096x8xf32>)
    ```
  }] # Constraints;
  let arguments = (ins Hash_Matrix:$q, Hash_Matrix:$k, Hash_Matrix:$v, Hash_Stream32:$starts,
                       Hash_Count:$heads, Hash_Count:$kv_heads, Hash_Count:$window,
                       Hash_Finite:$scale, UnitAttr:$causal);
  let results = (outs Hash_Matrix:$result, Hash_Matrix:$lse);
  let assemblyFormat = "$q `,` $k `,` $v `,` $starts attr-dict `:` functional-type(operands, results)";
}

def Hash_AttentionGradOp : Hash_ComputeOp<"attention_grad", [
    Hash_SameRows<["q", "k", "v", "starts", "lse"]>,
    Hash_Constraint<"heads", "`heads` divides the features of `q`, and `kv_heads` divides `heads`",
      "getFeatures($q) % getHeads() == 0 && getHeads() % getKvHeads() == 0">,
    Hash_Constraint<"features", "`k` and `v` have `kv_heads` heads as wide as those of `q`",
      "getFeatures($k) * getHeads() == getFeatures($q) * getKvHeads() && getFeatures($v) == getFeatures($k)">,
    Hash_Constraint<"lse", "`lse` has a column for each head",
      "getFeatures($lse) == int64_t(getHeads())">,
    Hash_WindowDivides<"q">,
    Hash_SameType<["q", "result", "dresult", "dq"]>,
    Hash_SameType<["k", "dk"]>,
    Hash_SameType<["v", "dv"]>,
    Hash_SameElement<["q", "k", "v"]>,
    Hash_WideAs<"q", ["lse"]>]> {
  let summary = "gradient of hash.attention";
  let arguments = (ins Hash_Matrix:$q, Hash_Matrix:$k, Hash_Matrix:$v, Hash_Stream32:$starts,
                       Hash_Matrix:$result, Hash_Matrix:$lse, Hash_Matrix:$dresult,
                       Hash_Count:$heads, Hash_Count:$kv_heads, Hash_Count:$window,
                       Hash_Finite:$scale, UnitAttr:$causal);
  let results = (outs Hash_Matrix:$dq, Hash_Matrix:$dk, Hash_Matrix:$dv);
  let description = [{
    Operands, results and attributes of the forward op, and what flows back.
    Recomputes the probabilities from `lse`, block by block
    (FlashAttention, Dao et al. 2022, section 3.1).
  }] # Constraints;
  let assemblyFormat = [{
    $q `,` $k `,` $v `,` $starts `,` $result `,` $lse `,` $dresult attr-dict `:` functional-type(operands, results)
  }];
}

def Hash_AttentionDecodeOp : Hash_ComputeOp<"attention_decode", [
    Hash_Constraint<"row", "`q`, `k`, `v`, `starts` and `index` have one row",
      "::llvm::all_equal({int64_t(1), getRows($q), getRows($k), getRows($v), getRows($starts), getRows($index)})">,
    Hash_Constraint<"heads", "`heads` divides the features of `q`, and `kv_heads` divides `heads`",
      "getFeatures($q) % getHeads() == 0 && getHeads() % getKvHeads() == 0">,
    Hash_Constraint<"features", "`k` and `v` have `kv_heads` heads as wide as those of `q`",
      "getFeatures($k) * getHeads() == getFeatures($q) * getKvHeads() && getFeatures($v) == getFeatures($k)">,
    Hash_Constraint<"cache", "the caches are as wide as `k`, and as long as each other",
      "getFeatures($k_cache) == getFeatures($k) && getShape($k_cache) == getShape($v_cache)">,
    Hash_SameType<["q", "result"]>,
    Hash_SameType<["k_cache", "new_k_cache"]>,
    Hash_SameType<["v_cache", "new_v_cache"]>,
    Hash_SameElement<["q", "k", "v", "k_cache", "v_cache"]>], [Hash_Tied]> {
  let summary = "attention of one row, with the keys and values of the rows before it";
  let description = [{
    Writes `k` and `v` to row `index` of the caches `[window, kv_heads x h]`
    (updates in place), then computes what `hash.attention` computes for that
    row of a window, with the same bits. `starts` has one row.

    ```mlir
    %y, %k1, %v1 = hash.attention_decode %q, %k, %v, %starts, %index, %k0, %v0 {heads = 8 : i64, kv_heads = 8 : i64, scale = 0.125 : f64}
        : (tensor<1x256xf32>, tensor<1x256xf32>, tensor<1x256xf32>, tensor<1xi32>, tensor<1xi32>, tensor<256x256xf32>, tensor<256x256xf32>)
        -> (tensor<1x256xf32>, tensor<256x256xf32>, tensor<256x256xf32>)
    ```
  }] # Constraints;
  let arguments = (ins Hash_Matrix:$q, Hash_Matrix:$k, Hash_Matrix:$v, Hash_Stream32:$starts,
                       Hash_Stream32:$index, Hash_Matrix:$k_cache, Hash_Matrix:$v_cache,
                       Hash_Count:$heads, Hash_Count:$kv_heads, Hash_Finite:$scale);
  let results = (outs Hash_Matrix:$result, Hash_Matrix:$new_k_cache, Hash_Matrix:$new_v_cache);
  let assemblyFormat = [{
    $q `,` $k `,` $v `,` $starts `,` $index `,` $k_cache `,` $v_cache attr-dict `:` functional-type(operands, results)
  }];
}

//===----------------------------------------------------------------------===//
// Norms
//===----------------------------------------------------------------------===//

def Hash_LayerNormOp : Hash_ComputeOp<"layer_norm", [
    Hash_SameRows<["x", "mean", "rstd"]>,
    Hash_SameFeatures<["x", "gamma", "beta"]>,
    Hash_SameType<["x", "result"]>,
    Hash_WideAs<"x", ["gamma", "beta", "mean", "rstd"]>], [Hash_Differentiable, Hash_RowWise]> {
  let summary = "each row to mean 0 and variance 1, then scaled and shifted";
  let description = [{
    `(x - mean) * rstd * gamma + beta`, `rstd = 1 / sqrt(variance + eps)` with
    the biased variance (Ba et al. 2016). `mean` and `rstd` are `[R]`, in the compute type.
  }] # Constraints;
  let arguments = (ins Hash_Matrix:$x, Hash_Vector:$gamma, Hash_Vector:$beta,
                       DefaultValuedAttr<Hash_NotNegative, "1.0e-5">:$eps);
  let results = (outs Hash_Matrix:$result, Hash_Vector:$mean, Hash_Vector:$rstd);
  let assemblyFormat = "$x `,` $gamma `,` $beta attr-dict `:` functional-type(operands, results)";
}

def Hash_LayerNormGradOp : Hash_ComputeOp<"layer_norm_grad", [
    Hash_SameRows<["x", "mean", "rstd"]>,
    Hash_SameFeatures<["x", "gamma", "dgamma", "dbeta"]>,
    Hash_SameType<["x", "dresult", "dx"]>,
    Hash_WideAs<"x", ["gamma", "mean", "rstd", "dgamma", "dbeta"]>]> {
  let summary = "gradient of hash.layer_norm";
  let description = [{
    Gradients of x, gamma and beta; sums over rows run over fixed chunks,
    combined in order.
  }] # Constraints;
  let arguments = (ins Hash_Matrix:$x, Hash_Vector:$gamma, Hash_Vector:$mean, Hash_Vector:$rstd,
                       Hash_Matrix:$dresult);
  let results = (outs Hash_Matrix:$dx, Hash_Vector:$dgamma, Hash_Vector:$dbeta);
  let assemblyFormat = "$x `,` $gamma `,` $mean `,` $rstd `,` $dresult attr-dict `:` functional-type(operands, results)";
}

def Hash_RmsNormOp : Hash_ComputeOp<"rms_norm", [
    Hash_SameRows<["x", "rstd"]>,
    Hash_SameFeatures<["x", "gamma"]>,
    Hash_SameType<["x", "result"]>,
    Hash_WideAs<"x", ["gamma", "rstd"]>], [Hash_Differentiable, Hash_RowWise]> {
  let summary = "each row to mean square 1, then scaled";
  let description = [{
    `x * rstd * gamma`, `rstd = 1 / sqrt(mean(x^2) + eps)` (Zhang,
    Sennrich 2019). `rstd` is `[R]`, in the compute type.
  }] # Constraints;
  let arguments = (ins Hash_Matrix:$x, Hash_Vector:$gamma,
                       DefaultValuedAttr<Hash_NotNegative, "1.0e-5">:$eps);
  let results = (outs Hash_Matrix:$result, Hash_Vector:$rstd);
  let assemblyFormat = "$x `,` $gamma attr-dict `:` functional-type(operands, results)";
}

def Hash_RmsNormGradOp : Hash_ComputeOp<"rms_norm_grad", [
    Hash_SameRows<["x", "rstd"]>,
    Hash_SameFeatures<["x", "gamma", "dgamma"]>,
    Hash_SameType<["x", "dresult", "dx"]>,
    Hash_WideAs<"x", ["gamma", "rstd", "dgamma"]>]> {
  let summary = "gradient of hash.rms_norm";
  let description = [{
    Gradients of x and gamma; sums over rows run over fixed chunks, combined in order.
  }] # Constraints;
  let arguments = (ins Hash_Matrix:$x, Hash_Vector:$gamma, Hash_Vector:$rstd, Hash_Matrix:$dresult);
  let results = (outs Hash_Matrix:$dx, Hash_Vector:$dgamma);
  let assemblyFormat = "$x `,` $gamma `,` $rstd `,` $dresult attr-dict `:` functional-type(operands, results)";
}

//===----------------------------------------------------------------------===//
// Dropout
//===----------------------------------------------------------------------===//

def Hash_DropoutOp : Hash_ComputeOp<"dropout", [
    Hash_OneElement<"seed">,
    Hash_SameType<["x", "result"]>], [Hash_Differentiable, Hash_TrainingOnly, Hash_Reuses]> {
  let summary = "zeroes elements at random and scales the others";
  let description = [{
    Element i is kept, times 1 / (1 - rate), where
    `mix(seed, stream, i) >= rate * 2^63` with `hash.mix`'s hash; its own mask
    is its gradient, so nothing is stored. `stream` tells the dropouts of a
    model apart (Srivastava et al. 2014).

    ```mlir
    %y = hash.dropout %x, %seed {rate = 0.1 : f64, stream = 0 : i64} : (tensor<4096x256xf32>, tensor<1xi64>) -> tensor<4096x256xf32>
    ```
  }] # Constraints;
  let arguments = (ins Hash_Rows:$x, Hash_Stream64:$seed, Hash_Share:$rate, I64Attr:$stream);
  let results = (outs Hash_Rows:$result);
  let assemblyFormat = "$x `,` $seed attr-dict `:` functional-type(operands, results)";
  let hasFolder = 1;
}

//===----------------------------------------------------------------------===//
// Loss
//===----------------------------------------------------------------------===//

def Hash_CrossEntropyOp : Hash_ComputeOp<"cross_entropy", [
    Hash_SameRows<["logits", "targets", "losses", "lse"]>,
    Hash_WideAs<"logits", ["losses", "lse"]>], [Hash_Differentiable]> {
  let summary = "each row's negative log-likelihood of its target";
  let description = [{
    `losses[r] = lse[r] - logits[r, targets[r]]`, 0 where the target is -1.
    `losses` and `lse` are `[R]`, in the compute type. Softmax is never stored.
  }] # Constraints;
  let arguments = (ins Hash_Matrix:$logits, Hash_Stream32:$targets);
  let results = (outs Hash_Vector:$losses, Hash_Vector:$lse);
  let assemblyFormat = "$logits `,` $targets attr-dict `:` functional-type(operands, results)";
}

def Hash_CrossEntropyGradOp : Hash_ComputeOp<"cross_entropy_grad", [
    Hash_SameRows<["logits", "targets", "lse", "dlosses"]>,
    Hash_SameType<["logits", "dlogits"]>,
    Hash_WideAs<"logits", ["lse", "dlosses"]>], [Hash_Reuses]> {
  let summary = "gradient of hash.cross_entropy";
  let description = [{
    `dlogits = dlosses[r] * (exp(logits - lse[r]) - onehot(targets[r]))`, zero
    rows where the target is -1. May overwrite the logits.
  }] # Constraints;
  let arguments = (ins Hash_Matrix:$logits, Hash_Stream32:$targets, Hash_Vector:$lse,
                       Hash_Vector:$dlosses);
  let results = (outs Hash_Matrix:$dlogits);
  let assemblyFormat = "$logits `,` $targets `,` $lse `,` $dlosses attr-dict `:` functional-type(operands, results)";
}

//===----------------------------------------------------------------------===//
// Optimizer
//===----------------------------------------------------------------------===//

def Hash_GlobalNormOp : Hash_ComputeOp<"global_norm", []> {
  let summary = "the Euclidean norm of all gradients together";
  let description = [{
    Squares are summed in f64, over fixed chunks, combined in order.
  }];
  let arguments = (ins Variadic<Hash_State>:$grads);
  let results = (outs Hash_Numbers<F64, 1>:$norm);
  let assemblyFormat = "$grads attr-dict `:` functional-type(operands, results)";
}

def Hash_PartNormsOp : Hash_ComputeOp<"part_norms", []> {
  let summary = "the Euclidean norms of parts of all gradients";
  let description = [{
    Part `i` of `n` is, of each gradient, the `i`-th of `n` runs of equally many
    elements, the last of which may be shorter or empty. Squares are summed in
    f64. The norm of the parts' norms is that of the gradients, up to rounding.
  }];
  let arguments = (ins Variadic<Hash_State>:$grads);
  let results = (outs Hash_F64Vector:$norms);
  let assemblyFormat = "$grads attr-dict `:` functional-type(operands, results)";
}

def Hash_AdamWOp : Hash_ComputeOp<"adamw", [
    Hash_SameType<["param", "grad", "moment1", "moment2", "new_param", "new_grad", "new_moment1", "new_moment2"]>], [Hash_Tied]> {
  let summary = "one AdamW step of one parameter";
  let description = [{
    With `hyper` = (lr, 1 - beta1^t, 1 - beta2^t, limit) and
    `c = limit > 0 ? min(1, limit / (norm + 1e-6)) : 1`, element by element:
    `g *= c; m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2;
    p = p (1 - lr weight_decay) - lr (m / hyper[1]) / (sqrt(v / hyper[2]) + eps)`
    (Loshchilov, Hutter 2019, algorithm 2). All results are updates in place; the gradient
    becomes zero, ready to accumulate the next step's.
  }] # Constraints;
  let arguments = (ins Hash_State:$param, Hash_State:$grad, Hash_State:$moment1, Hash_State:$moment2,
                       Hash_Numbers<F64, 4>:$hyper, Hash_Numbers<F64, 1>:$norm,
                       Hash_Share:$beta1, Hash_Share:$beta2, Hash_NotNegative:$eps,
                       Hash_NotNegative:$weight_decay);
  let results = (outs Hash_State:$new_param, Hash_State:$new_grad, Hash_State:$new_moment1,
                      Hash_State:$new_moment2);
  let assemblyFormat = [{
    $param `,` $grad `,` $moment1 `,` $moment2 `,` $hyper `,` $norm attr-dict `:` functional-type(operands, results)
  }];
}

#endif // HASH_COMPUTE_OPS_TD
