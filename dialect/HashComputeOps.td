//===- HashComputeOps.td - Dispatch, matrix products and layers -*- tablegen -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASH_COMPUTE_OPS_TD
#define HASH_COMPUTE_OPS_TD

include "HashBase.td"

//===----------------------------------------------------------------------===//
// Between token order and expert order
//===----------------------------------------------------------------------===//

def Hash_DispatchOp : Hash_ComputeOp<"dispatch", [Hash_Differentiable]> {
  let summary = "rows in token order -> rows in expert order";
  let description = [{
    `result[position] = x[slot_of[position] / k]`. Rows of dead positions are
    unspecified. Adjoint of `hash.combine`.

    ```mlir
    %xp = hash.dispatch %x by %p : (tensor<4096x256xf32>, !p) -> tensor<4096x256xf32>
    ```
  }];
  let arguments = (ins Hash_Matrix:$x, Hash_PlanType:$plan);
  let results = (outs Hash_Matrix:$result);
  let assemblyFormat = "$x `by` $plan attr-dict `:` functional-type(operands, results)";
}

def Hash_CombineOp : Hash_ComputeOp<"combine", [Hash_Differentiable]> {
  let summary = "rows in expert order -> rows in token order";
  let description = [{
    `result[token] = sum over its k slots, in order, of x[position_of[slot]]`;
    dead slots add nothing, so a masked row is zero. Adjoint of `hash.dispatch`.

    ```mlir
    %y = hash.combine %yp by %p : (tensor<4096x256xf32>, !p) -> tensor<4096x256xf32>
    ```
  }];
  let arguments = (ins Hash_Matrix:$x, Hash_PlanType:$plan);
  let results = (outs Hash_Matrix:$result);
  let assemblyFormat = "$x `by` $plan attr-dict `:` functional-type(operands, results)";
}

def Hash_BroadcastOp : Hash_ComputeOp<"broadcast", [Hash_Differentiable]> {
  let summary = "a vector of features for every row, or each expert's for its rows";
  let description = [{
    Without a plan `tensor<N> -> tensor<R x N>`; with one
    `tensor<groups x N> -> tensor<slots x N>` in position order.

    ```mlir
    %b1 = hash.broadcast %bias by %p : (tensor<64x1024xf32>, !p) -> tensor<4096x1024xf32>
    ```
  }];
  let arguments = (ins Hash_Rows:$x, Optional<Hash_PlanType>:$plan);
  let results = (outs Hash_Matrix:$result);
  let assemblyFormat = "$x (`by` $plan^)? attr-dict `:` functional-type(operands, results)";
}

def Hash_ReduceRowsOp : Hash_ComputeOp<"reduce_rows"> {
  let summary = "the sum over rows, or over each expert's rows";
  let description = [{
    Adjoint of `hash.broadcast`: `tensor<R x N> -> tensor<N>`, or
    `tensor<slots x N> -> tensor<groups x N>`; experts without rows get zero,
    dead positions add nothing. Sums run over fixed chunks of rows, combined in
    order.
  }];
  let arguments = (ins Hash_Matrix:$x, Optional<Hash_PlanType>:$plan);
  let results = (outs Hash_Rows:$result);
  let assemblyFormat = "$x (`by` $plan^)? attr-dict `:` functional-type(operands, results)";
}

def Hash_SplatOp : Hash_ComputeOp<"splat"> {
  let summary = "one run-time number in every element";
  let description = [{
    ```mlir
    %d = hash.splat %scale : (tensor<1xf32>) -> tensor<4096xf32>
    ```
  }];
  let arguments = (ins Hash_Vector:$x);
  let results = (outs Hash_Rows:$result);
  let assemblyFormat = "$x attr-dict `:` functional-type(operands, results)";
}

//===----------------------------------------------------------------------===//
// Matrix products
//===----------------------------------------------------------------------===//

def Hash_MatmulOp : Hash_ComputeOp<"matmul", [Hash_Differentiable]> {
  let summary = "rows times one matrix";
  let description = [{
    `x[R, K] * w[K, N]`, or `x[R, K] * w[N, K]^T` with `transposed`. Each
    element is one chain of fused multiply-adds in ascending k.

    ```mlir
    %y = hash.matmul %x, %w : (tensor<4096x256xf32>, tensor<256x512xf32>) -> tensor<4096x512xf32>
    ```
  }];
  let arguments = (ins Hash_Matrix:$x, Hash_Matrix:$w, UnitAttr:$transposed);
  let results = (outs Hash_Matrix:$result);
  let assemblyFormat = "$x `,` $w (`transposed` $transposed^)? attr-dict `:` functional-type(operands, results)";
}

def Hash_GroupedMatmulOp : Hash_ComputeOp<"grouped_matmul", [Hash_Differentiable]> {
  let summary = "each expert's rows times its matrix";
  let description = [{
    Rows in position order. `x[S, K] * w[G, K, N]`, or `w[G, N, K]^T` with
    `transposed`.

    ```mlir
    %h = hash.grouped_matmul %xp, %w1 by %p : (tensor<4096x256xf32>, tensor<64x256x1024xf32>, !p) -> tensor<4096x1024xf32>
    ```
  }];
  let arguments = (ins Hash_Matrix:$x, 3DTensorOf<[Hash_Float]>:$w, Hash_PlanType:$plan,
                       UnitAttr:$transposed);
  let results = (outs Hash_Matrix:$result);
  let assemblyFormat = "$x `,` $w (`transposed` $transposed^)? `by` $plan attr-dict `:` functional-type(operands, results)";
}

def Hash_WeightGradOp : Hash_ComputeOp<"weight_grad"> {
  let summary = "gradient of the matrix of a (grouped) matmul";
  let description = [{
    `x[R, K]^T * dy[R, N] -> [K, N]`, or with a plan the same over each expert's
    rows: `[G, K, N]`, zero for experts without rows. Rows in position order.

    ```mlir
    %dw = hash.weight_grad %xp, %dh by %p : (tensor<4096x256xf32>, tensor<4096x1024xf32>, !p) -> tensor<64x256x1024xf32>
    ```
  }];
  let arguments = (ins Hash_Matrix:$x, Hash_Matrix:$dy, Optional<Hash_PlanType>:$plan);
  let results = (outs Hash_Rows:$result);
  let assemblyFormat = "$x `,` $dy (`by` $plan^)? attr-dict `:` functional-type(operands, results)";
}

//===----------------------------------------------------------------------===//
// Embedding
//===----------------------------------------------------------------------===//

def Hash_EmbeddingOp : Hash_ComputeOp<"embedding", [Hash_Differentiable]> {
  let summary = "rows of a table of features, by id";
  let description = [{
    `result[r] = weight[ids[r]]`; zero where the id is -1. Any other id outside
    the table stops the program with the id and the table's size.
  }];
  let arguments = (ins Hash_Stream32:$ids, Hash_Matrix:$weight);
  let results = (outs Hash_Matrix:$result);
  let assemblyFormat = "$ids `,` $weight attr-dict `:` functional-type(operands, results)";
}

def Hash_EmbeddingGradOp : Hash_ComputeOp<"embedding_grad", [Hash_Tied]> {
  let summary = "adds every row's gradient to the table's row of its id";
  let description = [{
    `result = init`, then `result[ids[r]] += dy[r]` in ascending r. The result
    is an update of `init` in place.
  }];
  let arguments = (ins Hash_Stream32:$ids, Hash_Matrix:$dy, Hash_Matrix:$init);
  let results = (outs Hash_Matrix:$result);
  let assemblyFormat = "$ids `,` $dy `into` $init attr-dict `:` functional-type(operands, results)";
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

def Hash_RotaryOp : Hash_ComputeOp<"rotary", [Hash_Differentiable, Hash_Reuses]> {
  let summary = "rotary position embedding";
  let description = [{
    Rotates each head's feature pairs (i, i + h/2), h features a head, by
    `positions[r] * base^(-2i/h)`; by the negative angle with `inverse`
    (RoFormer, Su et al. 2021; halves paired as in GPT-NeoX).
  }];
  let arguments = (ins Hash_Matrix:$x, Hash_Stream32:$positions, I64Attr:$heads,
                       DefaultValuedAttr<F64Attr, "10000.0">:$base, UnitAttr:$inverse);
  let results = (outs Hash_Matrix:$result);
  let assemblyFormat = "$x `,` $positions attr-dict `:` functional-type(operands, results)";
}

def Hash_AttentionOp : Hash_ComputeOp<"attention", [Hash_Differentiable]> {
  let summary = "causal self-attention inside each window and document";
  let description = [{
    Rows are windows of `window` rows; row r sees the rows of its window from
    `starts[r]` up to itself (all rows of its document in the window without
    `causal`). `q` has heads x h features, `k` and `v` have kv_heads x h.
    Scores are scaled by `scale`. `lse` is each row's log-sum-exp per head,
    `[R, heads]`, in the compute type; the T x T matrix is never stored. Key blocks start at
    window index 0, so a row's bits do not depend on the rows after it.

    ```mlir
    %y, %lse = hash.attention %q, %k, %v, %starts {heads = 8 : i64, kv_heads = 8 : i64, window = 256 : i64, scale = 0.125 : f64, causal}
        : (tensor<4096x256xf32>, tensor<4096x256xf32>, tensor<4096x256xf32>, tensor<4096xi32>) -> (tensor<4096x256xf32>, tensor<4096x8xf32>)
    ```
  }];
  let arguments = (ins Hash_Matrix:$q, Hash_Matrix:$k, Hash_Matrix:$v, Hash_Stream32:$starts,
                       I64Attr:$heads, I64Attr:$kv_heads, I64Attr:$window, F64Attr:$scale,
                       UnitAttr:$causal);
  let results = (outs Hash_Matrix:$result, Hash_Matrix:$lse);
  let assemblyFormat = "$q `,` $k `,` $v `,` $starts attr-dict `:` functional-type(operands, results)";
}

def Hash_AttentionGradOp : Hash_ComputeOp<"attention_grad"> {
  let summary = "gradient of hash.attention";
  let arguments = (ins Hash_Matrix:$q, Hash_Matrix:$k, Hash_Matrix:$v, Hash_Stream32:$starts,
                       Hash_Matrix:$result, Hash_Matrix:$lse, Hash_Matrix:$dresult,
                       I64Attr:$heads, I64Attr:$kv_heads, I64Attr:$window, F64Attr:$scale,
                       UnitAttr:$causal);
  let results = (outs Hash_Matrix:$dq, Hash_Matrix:$dk, Hash_Matrix:$dv);
  let description = [{
    Recomputes the probabilities from `lse`, block by block
    (FlashAttention, Dao et al. 2022, section 3.1).
  }];
  let assemblyFormat = [{
    $q `,` $k `,` $v `,` $starts `,` $result `,` $lse `,` $dresult attr-dict `:` functional-type(operands, results)
  }];
}

def Hash_AttentionDecodeOp : Hash_ComputeOp<"attention_decode", [Hash_Tied]> {
  let summary = "attention of one row, with the keys and values of the rows before it";
  let description = [{
    Writes `k` and `v` to row `index` of the caches `[window, kv_heads x h]`
    (updates in place), then computes what `hash.attention` computes for that
    row of a window, with the same bits. `starts` has one row.
  }];
  let arguments = (ins Hash_Matrix:$q, Hash_Matrix:$k, Hash_Matrix:$v, Hash_Stream32:$starts,
                       Hash_Stream32:$index, Hash_Matrix:$k_cache, Hash_Matrix:$v_cache,
                       I64Attr:$heads, I64Attr:$kv_heads, F64Attr:$scale);
  let results = (outs Hash_Matrix:$result, Hash_Matrix:$new_k_cache, Hash_Matrix:$new_v_cache);
  let assemblyFormat = [{
    $q `,` $k `,` $v `,` $starts `,` $index `,` $k_cache `,` $v_cache attr-dict `:` functional-type(operands, results)
  }];
}

//===----------------------------------------------------------------------===//
// Norms
//===----------------------------------------------------------------------===//

def Hash_LayerNormOp : Hash_ComputeOp<"layer_norm", [Hash_Differentiable]> {
  let summary = "each row to mean 0 and variance 1, then scaled and shifted";
  let description = [{
    `(x - mean) * rstd * gamma + beta`, `rstd = 1 / sqrt(variance + eps)` with
    the biased variance (Ba et al. 2016). `mean` and `rstd` are `[R]`, in the compute type.
  }];
  let arguments = (ins Hash_Matrix:$x, Hash_Vector:$gamma, Hash_Vector:$beta,
                       DefaultValuedAttr<F64Attr, "1.0e-5">:$eps);
  let results = (outs Hash_Matrix:$result, Hash_Vector:$mean, Hash_Vector:$rstd);
  let assemblyFormat = "$x `,` $gamma `,` $beta attr-dict `:` functional-type(operands, results)";
}

def Hash_LayerNormGradOp : Hash_ComputeOp<"layer_norm_grad"> {
  let summary = "gradient of hash.layer_norm";
  let description = [{
    Gradients of x, gamma and beta; sums over rows run over fixed chunks,
    combined in order.
  }];
  let arguments = (ins Hash_Matrix:$x, Hash_Vector:$gamma, Hash_Vector:$mean, Hash_Vector:$rstd,
                       Hash_Matrix:$dresult);
  let results = (outs Hash_Matrix:$dx, Hash_Vector:$dgamma, Hash_Vector:$dbeta);
  let assemblyFormat = "$x `,` $gamma `,` $mean `,` $rstd `,` $dresult attr-dict `:` functional-type(operands, results)";
}

def Hash_RmsNormOp : Hash_ComputeOp<"rms_norm", [Hash_Differentiable]> {
  let summary = "each row to mean square 1, then scaled";
  let description = [{
    `x * rstd * gamma`, `rstd = 1 / sqrt(mean(x^2) + eps)` (Zhang, Sennrich 2019).
  }];
  let arguments = (ins Hash_Matrix:$x, Hash_Vector:$gamma,
                       DefaultValuedAttr<F64Attr, "1.0e-5">:$eps);
  let results = (outs Hash_Matrix:$result, Hash_Vector:$rstd);
  let assemblyFormat = "$x `,` $gamma attr-dict `:` functional-type(operands, results)";
}

def Hash_RmsNormGradOp : Hash_ComputeOp<"rms_norm_grad"> {
  let summary = "gradient of hash.rms_norm";
  let description = "Gradients of x and gamma; sums over rows run over fixed chunks, combined in order.";
  let arguments = (ins Hash_Matrix:$x, Hash_Vector:$gamma, Hash_Vector:$rstd, Hash_Matrix:$dresult);
  let results = (outs Hash_Matrix:$dx, Hash_Vector:$dgamma);
  let assemblyFormat = "$x `,` $gamma `,` $rstd `,` $dresult attr-dict `:` functional-type(operands, results)";
}

//===----------------------------------------------------------------------===//
// Dropout
//===----------------------------------------------------------------------===//

def Hash_DropoutOp : Hash_ComputeOp<"dropout", [Hash_Differentiable, Hash_Reuses]> {
  let summary = "zeroes elements at random and scales the others";
  let description = [{
    Element i is kept, times 1 / (1 - rate), where
    `mix(seed, stream, i) >= rate * 2^63` with `hash.mix`'s hash; its own mask
    is its gradient, so nothing is stored. `stream` tells the dropouts of a
    model apart.
  }];
  let arguments = (ins Hash_Rows:$x, 1DTensorOf<[I64]>:$seed, F64Attr:$rate, I64Attr:$stream);
  let results = (outs Hash_Rows:$result);
  let assemblyFormat = "$x `,` $seed attr-dict `:` functional-type(operands, results)";
}

//===----------------------------------------------------------------------===//
// Loss
//===----------------------------------------------------------------------===//

def Hash_CrossEntropyOp : Hash_ComputeOp<"cross_entropy", [Hash_Differentiable]> {
  let summary = "each row's negative log-likelihood of its target";
  let description = [{
    `losses[r] = lse[r] - logits[r, targets[r]]`, 0 where the target is -1.
    `losses` and `lse` are `[R]`, in the compute type. Softmax is never stored.
  }];
  let arguments = (ins Hash_Matrix:$logits, Hash_Stream32:$targets);
  let results = (outs Hash_Vector:$losses, Hash_Vector:$lse);
  let assemblyFormat = "$logits `,` $targets attr-dict `:` functional-type(operands, results)";
}

def Hash_CrossEntropyGradOp : Hash_ComputeOp<"cross_entropy_grad", [Hash_Reuses]> {
  let summary = "gradient of hash.cross_entropy";
  let description = [{
    `dlogits = dlosses[r] * (exp(logits - lse[r]) - onehot(targets[r]))`, zero
    rows where the target is -1. May overwrite the logits.
  }];
  let arguments = (ins Hash_Matrix:$logits, Hash_Stream32:$targets, Hash_Vector:$lse,
                       Hash_Vector:$dlosses);
  let results = (outs Hash_Matrix:$dlogits);
  let assemblyFormat = "$logits `,` $targets `,` $lse `,` $dlosses attr-dict `:` functional-type(operands, results)";
}

//===----------------------------------------------------------------------===//
// Optimizer
//===----------------------------------------------------------------------===//

def Hash_GlobalNormOp : Hash_ComputeOp<"global_norm"> {
  let summary = "the Euclidean norm of all gradients together";
  let description = "Squares are summed in f64, over fixed chunks, combined in order.";
  let arguments = (ins Variadic<Hash_Rows>:$grads);
  let results = (outs 1DTensorOf<[F64]>:$norm);
  let assemblyFormat = "$grads attr-dict `:` functional-type(operands, results)";
}

def Hash_AdamWOp : Hash_ComputeOp<"adamw", [Hash_Tied]> {
  let summary = "one AdamW step of one parameter";
  let description = [{
    With `hyper` = (lr, 1 - beta1^t, 1 - beta2^t, limit) and
    `c = limit > 0 ? min(1, limit / (norm + 1e-6)) : 1`, element by element:
    `g *= c; m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2;
    p = p (1 - lr weight_decay) - lr (m / hyper[1]) / (sqrt(v / hyper[2]) + eps)`
    (Loshchilov, Hutter 2019). All results are updates in place; the gradient
    becomes zero, ready to accumulate the next step's.
  }];
  let arguments = (ins Hash_Rows:$param, Hash_Rows:$grad, Hash_Rows:$moment1, Hash_Rows:$moment2,
                       1DTensorOf<[F64]>:$hyper, 1DTensorOf<[F64]>:$norm,
                       F64Attr:$beta1, F64Attr:$beta2, F64Attr:$eps, F64Attr:$weight_decay);
  let results = (outs Hash_Rows:$new_param, Hash_Rows:$new_grad, Hash_Rows:$new_moment1,
                      Hash_Rows:$new_moment2);
  let assemblyFormat = [{
    $param `,` $grad `,` $moment1 `,` $moment2 `,` $hyper `,` $norm attr-dict `:` functional-type(operands, results)
  }];
}

#endif // HASH_COMPUTE_OPS_TD
