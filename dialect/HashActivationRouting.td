//===- HashActivationRouting.td - Routers that read activations -*- tablegen -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// They end in choices, which hash.plan sorts like those of a table: what comes
// after is the same. Masked rows (token -1) choose nothing and count nowhere.
//
//===----------------------------------------------------------------------===//

#ifndef HASH_ACTIVATION_ROUTING_TD
#define HASH_ACTIVATION_ROUTING_TD

include "HashBase.td"

class Hash_ChoicesOfRows<string rows>
    : Hash_Constraint<"choices", "a row of `choices` names different experts, so not more than there are features",
        "getCount($choices) <= getRows($choices) * getFeatures($" # rows # ")">;

//===----------------------------------------------------------------------===//
// Choosing
//===----------------------------------------------------------------------===//

def Hash_TopChoicesOp : Hash_ComputeOp<"top_choices", [
    Hash_SameRows<["scores", "choices"]>,
    Hash_ChoicesOfRows<"scores">], [Hash_RowWise]> {
  let summary = "the experts with the largest scores of each row";
  let description = [{
    The k largest, the largest first; of equal scores the expert with the lower
    number. NaN counts as minus infinity. No gradient flows through a choice.

    ```mlir
    %c = hash.top_choices %scores : (tensor<4096x64xf32>) -> tensor<4096x6xi32>
    ```
  }] # Constraints;
  let arguments = (ins Hash_WideMatrix:$scores);
  let results = (outs Hash_Choices:$choices);
  let assemblyFormat = "$scores attr-dict `:` functional-type(operands, results)";
}

def Hash_LimitCapacityOp : Hash_ComputeOp<"limit_capacity", [
    Hash_SameRows<["choices", "tokens"]>,
    Hash_SameType<["choices", "result"]>], [Hash_TrainingOnly]> {
  let summary = "choices without those beyond an expert's capacity";
  let description = [{
    With L live rows and E experts (the elements of `kept`), an expert takes
    `ceil(L * capacity / E)` choices, in the order of slots, and the others become
    -1: their tokens are dropped (Switch Transformer, Fedus et al. 2021, section 2.2).
    `kept` is how many each expert took. Masked rows take no place. The bound is
    computed in f64. Evaluation and decoding drop nothing.

    ```mlir
    %l, %n = hash.limit_capacity %c masked %tokens {capacity = 1.25 : f64}
        : (tensor<4096xi32>, tensor<4096xi32>) -> (tensor<4096xi32>, tensor<64xi32>)
    ```
  }] # Constraints;
  let arguments = (ins Hash_Choices:$choices, Hash_Stream32:$tokens, Hash_Positive:$capacity);
  let results = (outs Hash_Choices:$result, Hash_Stream32:$kept);
  let assemblyFormat = "$choices `masked` $tokens attr-dict `:` functional-type(operands, results)";
}

def Hash_JitterOp : Hash_ComputeOp<"jitter", [
    Hash_OneElement<"seed">,
    Hash_SameType<["x", "result"]>], [Hash_Differentiable, Hash_TrainingOnly, Hash_Reuses]> {
  let summary = "multiplies elements by random numbers around 1";
  let description = [{
    `result[i] = x[i] * (1 - amount + 2 amount u)`, with
    `u = mix(seed, stream, i) / 2^63` of `hash.mix`'s hash, uniform in [0, 1): the noise
    that explores experts in Switch Transformer (Fedus et al. 2021, section 2.2). The same
    noise is its gradient, so nothing is stored. Numbers of `stream` are shared with
    `hash.dropout`. Evaluation and decoding leave x as it is.

    ```mlir
    %y = hash.jitter %x, %seed {amount = 0.01 : f64, stream = 0 : i64} : (tensor<4096x256xf32>, tensor<1xi64>) -> tensor<4096x256xf32>
    ```
  }] # Constraints;
  let arguments = (ins Hash_Matrix:$x, Hash_Stream64:$seed, Hash_Share:$amount, I64Attr:$stream);
  let results = (outs Hash_Matrix:$result);
  let assemblyFormat = "$x `,` $seed attr-dict `:` functional-type(operands, results)";
}

//===----------------------------------------------------------------------===//
// Choosing with regard to all rows
//===----------------------------------------------------------------------===//

def Hash_BalancedChoicesOp : Hash_ComputeOp<"balanced_choices", [
    Hash_SameRows<["scores", "tokens", "choices", "bids", "held"]>,
    Hash_Constraint<"experts", "`prices` has an element for each feature of `scores`",
        "getRows($prices) == getFeatures($scores)">], [Hash_NonCausal, Hash_TrainingOnlyAs]> {
  let summary = "an expert for each row, and as many rows for each expert";
  let description = [{
    Of L live rows and E experts, expert e gets `floor(L / E)`, and one more if
    `e < L mod E`. Rows bid for experts in an auction (BASE Layers, Lewis et al. 2021,
    section 3; Bertsekas and Castanon 1989), which ends with a sum of scores that is
    at most `L * epsilon` below the largest there can be; `epsilon` is `tolerance` times
    the difference between the largest and the smallest finite score of live rows, which
    the auction cuts into 2^40 units. With fewer rows than experts only the first L experts
    take part. Rows bid in their order, for the first of equally good experts,
    and of equally low bids that of the last row loses; one thread does it all. NaN
    and infinities count as the smallest or the largest finite score. Masked rows get -1. No gradient flows through a choice.

    Evaluation and decoding have no balance to keep: there, this is
    `hash.top_choices` of the scores.

    The other results are what the auction ended with: what a row has to bid more than
    for an expert (`prices`) and what each row bid, in units, and which rows each
    expert holds, one expert after the other, the lowest bid first (`held`; -1 at its end
    where rows are masked).

    ```mlir
    %c, %p, %b, %h = hash.balanced_choices %scores masked %tokens {tolerance = 0.02 : f64}
        : (tensor<4096x64xf32>, tensor<4096xi32>) -> (tensor<4096xi32>, tensor<64xf64>, tensor<4096xf64>, tensor<4096xi32>)
    ```
  }] # Constraints;
  let arguments = (ins Hash_WideMatrix:$scores, Hash_Stream32:$tokens, Hash_Tolerance:$tolerance);
  let results = (outs Hash_Stream32:$choices, Hash_F64Vector:$prices, Hash_F64Vector:$bids,
                      Hash_Stream32:$held);
  let assemblyFormat = "$scores `masked` $tokens attr-dict `:` functional-type(operands, results)";
}

def Hash_LogSharesOp : Hash_ComputeOp<"log_shares", [
    Hash_SameType<["logits", "result"]>], [Hash_RowWise]> {
  let summary = "the logarithm of each expert's share of a row";
  let description = [{
    `result[r][e] = logits[r][e] - logsumexp(logits[r])`, the logarithm of
    `softmax(logits[r])[e]`: what rows are compared by where experts choose among
    them. Shares far below the smallest number are still told apart. For choosing alone:
    it has no gradient, and weights are made by `hash.gate`.

    ```mlir
    %s = hash.log_shares %logits : (tensor<4096x64xf32>) -> tensor<4096x64xf32>
    ```
  }] # Constraints;
  let arguments = (ins Hash_WideMatrix:$logits);
  let results = (outs Hash_WideMatrix:$result);
  let assemblyFormat = "$logits attr-dict `:` functional-type(operands, results)";
}

def Hash_ExpertChoicesOp : Hash_ComputeOp<"expert_choices", [
    Hash_SameRows<["scores", "tokens", "choices"]>,
    Hash_Constraint<"choices", "`choices` has a column for each feature of `scores`",
        "getCount($choices) == getCount($scores)">], [Hash_NonCausal]> {
  let summary = "the rows that each expert takes";
  let description = [{
    With L live rows and E experts, expert e takes the `min(L, ceil(L * capacity / E))` live
    rows with the largest scores of its column (Expert Choice, Zhou et al. 2022, section
    3); of equal scores the earlier row; NaN counts as minus infinity. `choices[r][e]` is
    e where expert e took row r, and -1 elsewhere: a row has any number of experts,
    or none. The bound is computed in f64. No gradient flows through a choice.

    A row's experts depend on all rows, in evaluation as well.

    ```mlir
    %c = hash.expert_choices %scores masked %tokens {capacity = 2.0 : f64}
        : (tensor<4096x64xf32>, tensor<4096xi32>) -> tensor<4096x64xi32>
    ```
  }] # Constraints;
  let arguments = (ins Hash_WideMatrix:$scores, Hash_Stream32:$tokens, Hash_Positive:$capacity);
  let results = (outs Hash_Choices:$choices);
  let assemblyFormat = "$scores `masked` $tokens attr-dict `:` functional-type(operands, results)";
}

//===----------------------------------------------------------------------===//
// Balance
//===----------------------------------------------------------------------===//

def Hash_ExpertLoadOp : Hash_ComputeOp<"expert_load", [
    Hash_SameRows<["choices", "tokens"]>]> {
  let summary = "how often each expert was chosen";
  let description = [{
    `load[e]` counts the choices of expert e; with `share` divided by the number of
    all choices, or 0 where there are none. Choices of -1 and of masked rows
    do not count. No gradient flows through counts.

    ```mlir
    %f = hash.expert_load %c masked %tokens {share} : (tensor<4096xi32>, tensor<4096xi32>) -> tensor<64xf32>
    ```
  }] # Constraints;
  let arguments = (ins Hash_Choices:$choices, Hash_Stream32:$tokens, UnitAttr:$share);
  let results = (outs Hash_WideVector:$load);
  let assemblyFormat = "$choices `masked` $tokens attr-dict `:` functional-type(operands, results)";
}

class Hash_ShareOfExperts<string logits>
    : Hash_Constraint<"experts", "`shares` has an element for each feature of `" # logits # "`",
        "getRows($shares) == getFeatures($" # logits # ")">;

def Hash_BalanceLossOp : Hash_ComputeOp<"balance_loss", [
    Hash_SameRows<["logits", "tokens", "losses"]>,
    Hash_ShareOfExperts<"logits">,
    Hash_SameElement<["logits", "shares", "losses"]>], [Hash_Differentiable]> {
  let summary = "each row's part of the loss that keeps experts evenly loaded";
  let description = [{
    `losses[r] = weight * E * sum over e of shares[e] * softmax(logits[r])[e]`, and 0 in
    masked rows. Its mean over live rows is `weight * E * sum of f_e P_e` of Switch
    Transformer (Fedus et al. 2021, equation 4): `weight` where everything is uniform,
    `weight * E` where one expert has it all. `shares` are constants: no gradient
    flows to them.

    ```mlir
    %l = hash.balance_loss %logits, %f masked %tokens {weight = 0.01 : f64} : (tensor<4096x64xf32>, tensor<64xf32>, tensor<4096xi32>) -> tensor<4096xf32>
    ```
  }] # Constraints;
  let arguments = (ins Hash_WideMatrix:$logits, Hash_WideVector:$shares, Hash_Stream32:$tokens,
                       Hash_NotNegative:$weight);
  let results = (outs Hash_WideVector:$losses);
  let assemblyFormat = "$logits `,` $shares `masked` $tokens attr-dict `:` functional-type(operands, results)";
}

def Hash_BalanceLossGradOp : Hash_ComputeOp<"balance_loss_grad", [
    Hash_SameRows<["logits", "tokens", "dlosses"]>,
    Hash_ShareOfExperts<"logits">,
    Hash_SameElement<["logits", "shares", "dlosses"]>,
    Hash_SameType<["logits", "dlogits"]>]> {
  let summary = "gradient of hash.balance_loss";
  let description = [{
    With `p = softmax(logits[r])`:
    `dlogits[r][e] = dlosses[r] * weight * E * p[e] * (shares[e] - sum over i of shares[i] * p[i])`;
    zero in masked rows.
  }] # Constraints;
  let arguments = (ins Hash_WideMatrix:$logits, Hash_WideVector:$shares, Hash_WideVector:$dlosses,
                       Hash_Stream32:$tokens, Hash_NotNegative:$weight);
  let results = (outs Hash_WideMatrix:$dlogits);
  let assemblyFormat = "$logits `,` $shares `,` $dlosses `masked` $tokens attr-dict `:` functional-type(operands, results)";
}

def Hash_ZLossOp : Hash_ComputeOp<"z_loss", [
    Hash_SameRows<["logits", "tokens", "losses"]>,
    Hash_SameElement<["logits", "losses"]>], [Hash_Differentiable]> {
  let summary = "each row's part of the loss that keeps logits small";
  let description = [{
    `losses[r] = weight * logsumexp(logits[r])^2`, and 0 in masked rows (ST-MoE, Zoph et
    al. 2022, equation 5). `weight * (ln E)^2` where all logits are 0.

    ```mlir
    %l = hash.z_loss %logits masked %tokens {weight = 0.001 : f64} : (tensor<4096x64xf32>, tensor<4096xi32>) -> tensor<4096xf32>
    ```
  }] # Constraints;
  let arguments = (ins Hash_WideMatrix:$logits, Hash_Stream32:$tokens, Hash_NotNegative:$weight);
  let results = (outs Hash_WideVector:$losses);
  let assemblyFormat = "$logits `masked` $tokens attr-dict `:` functional-type(operands, results)";
}

def Hash_ZLossGradOp : Hash_ComputeOp<"z_loss_grad", [
    Hash_SameRows<["logits", "tokens", "dlosses"]>,
    Hash_SameElement<["logits", "dlosses"]>,
    Hash_SameType<["logits", "dlogits"]>]> {
  let summary = "gradient of hash.z_loss";
  let description = [{
    `dlogits[r] = dlosses[r] * 2 weight * logsumexp(logits[r]) * softmax(logits[r])`; zero
    in masked rows.
  }] # Constraints;
  let arguments = (ins Hash_WideMatrix:$logits, Hash_WideVector:$dlosses, Hash_Stream32:$tokens,
                       Hash_NotNegative:$weight);
  let results = (outs Hash_WideMatrix:$dlogits);
  let assemblyFormat = "$logits `,` $dlosses `masked` $tokens attr-dict `:` functional-type(operands, results)";
}

def Hash_BalanceBiasOp : Hash_ComputeOp<"balance_bias", [
    Hash_SameType<["bias", "load", "new_bias", "new_load"]>], [Hash_Tied]> {
  let summary = "one step of the bias that keeps experts evenly loaded";
  let description = [{
    `bias[e] += rate` where `load[e]` is below the mean load, `-= rate` where it is
    above (loss-free balancing, Wang et al. 2024; DeepSeek-V3). Both results are updates in
    place; the load becomes zero, ready to count the next step's.

    ```mlir
    %b2, %n2 = hash.balance_bias %b, %n {rate = 0.001 : f64} : (tensor<64xf32>, tensor<64xf32>) -> (tensor<64xf32>, tensor<64xf32>)
    ```
  }] # Constraints;
  let arguments = (ins Hash_WideVector:$bias, Hash_WideVector:$load, Hash_NotNegative:$rate);
  let results = (outs Hash_WideVector:$new_bias, Hash_WideVector:$new_load);
  let assemblyFormat = "$bias `,` $load attr-dict `:` functional-type(operands, results)";
}

#endif // HASH_ACTIVATION_ROUTING_TD
