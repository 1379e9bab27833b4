//===- HashCrossAttentionOps.td - Attention to another input ----*- tablegen -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASH_CROSS_ATTENTION_OPS_TD
#define HASH_CROSS_ATTENTION_OPS_TD

include "HashBase.td"

/// What holds of the forward op and of its gradient.
defvar crossAttentionConstraints = [
  Hash_SameRows<["q", "lse"]>,
  Hash_SameRows<["k", "v", "memory_tokens"]>,
  Hash_Constraint<"heads", "`heads` divides the features of `q`, and `kv_heads` divides `heads`",
    "getFeatures($q) % getHeads() == 0 && getHeads() % getKvHeads() == 0">,
  Hash_Constraint<"features", "`k` and `v` have `kv_heads` heads as wide as those of `q`",
    "getFeatures($k) * getHeads() == getFeatures($q) * getKvHeads() && getFeatures($v) == getFeatures($k)">,
  Hash_Constraint<"lse", "`lse` has a column for each head",
    "getFeatures($lse) == int64_t(getHeads())">,
  Hash_WindowDivides<"q">,
  Hash_Constraint<"memory", "`k` has as many windows of `memory_window` rows as `q` has of `window`",
    "getRows($k) % getMemoryWindow() == 0 && getRows($k) / getMemoryWindow() == getRows($q) / getWindow()">,
  Hash_SameElement<["q", "k", "v"]>,
  Hash_WideAs<"q", ["lse"]>];

def Hash_CrossAttentionOp : Hash_ComputeOp<"cross_attention",
    !listconcat(crossAttentionConstraints, [Hash_SameType<["q", "result"]>]),
    [Hash_Differentiable, Hash_ReadsMemory]> {
  let summary = "attention to the rows of another input's window";
  let description = [{
    Queries of one input, keys and values of another, the memory (Attention Is All
    You Need, Vaswani et al. 2017, section 3.2.3). Row r of window n sees the live
    rows of the memory's window n: those before the first whose token is -1. Where
    there is none, the result is 0. Heads, `scale` and `lse` are as in
    `hash.attention`; key blocks start at row 0 of the memory's window.

    ```mlir
    %y, %lse = hash.cross_attention %q, %k, %v, %tokens {heads = 8 : i64, kv_heads = 8 : i64, window = 48 : i64, memory_window = 64 : i64, scale = 0.125 : f64}
        : (tensor<768x256xf32>, tensor<1024x256xf32>, tensor<1024x256xf32>, tensor<1024xi32>) -> (tensor<768x256xf32>, tensor<768x8xf32>)
    ```
  }] # Constraints;
  let arguments = (ins Hash_Matrix:$q, Hash_Matrix:$k, Hash_Matrix:$v, Hash_Stream32:$memory_tokens,
                       Hash_Count:$heads, Hash_Count:$kv_heads, Hash_Count:$window,
                       Hash_Count:$memory_window, Hash_Finite:$scale);
  let results = (outs Hash_Matrix:$result, Hash_Matrix:$lse);
  let assemblyFormat = "$q `,` $k `,` $v `,` $memory_tokens attr-dict `:` functional-type(operands, results)";
}

def Hash_CrossAttentionGradOp : Hash_ComputeOp<"cross_attention_grad",
    !listconcat(crossAttentionConstraints, [
      Hash_SameType<["q", "result", "dresult", "dq"]>,
      Hash_SameType<["k", "dk"]>,
      Hash_SameType<["v", "dv"]>])> {
  let summary = "gradient of hash.cross_attention";
  let description = [{
    Operands, results and attributes of the forward op, and what flows back. The
    probabilities are computed again, as in `hash.attention_grad`. Rows of the
    memory that nobody sees have a gradient of 0.
  }] # Constraints;
  let arguments = (ins Hash_Matrix:$q, Hash_Matrix:$k, Hash_Matrix:$v, Hash_Stream32:$memory_tokens,
                       Hash_Matrix:$result, Hash_Matrix:$lse, Hash_Matrix:$dresult,
                       Hash_Count:$heads, Hash_Count:$kv_heads, Hash_Count:$window,
                       Hash_Count:$memory_window, Hash_Finite:$scale);
  let results = (outs Hash_Matrix:$dq, Hash_Matrix:$dk, Hash_Matrix:$dv);
  let assemblyFormat = [{
    $q `,` $k `,` $v `,` $memory_tokens `,` $result `,` $lse `,` $dresult attr-dict `:` functional-type(operands, results)
  }];
}

#endif // HASH_CROSS_ATTENTION_OPS_TD
