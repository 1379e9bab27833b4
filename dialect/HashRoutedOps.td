//===- HashRoutedOps.td - From tokens to experts and back -----*- tablegen -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASH_ROUTED_OPS_TD
#define HASH_ROUTED_OPS_TD

include "HashBase.td"

//===----------------------------------------------------------------------===//
// Between token order and expert order
//===----------------------------------------------------------------------===//

def Hash_DispatchOp : Hash_ComputeOp<"dispatch", [
    Hash_RowPerToken<"x">,
    Hash_RowPerSlot<"result">,
    Hash_SameFeatures<["x", "result"]>,
    Hash_SameElement<["x", "result"]>], [Hash_Differentiable, Hash_RowWise]> {
  let summary = "rows in token order -> rows in expert order";
  let description = [{
    `result[position] = x[slot_of[position] / k]`. Rows of dead positions are
    unspecified. Adjoint of `hash.combine`.

    A dispatch of what a combine by the same plan of k = 1 put together is what
    it came from: rows move there and back.

    ```mlir
    %xp = hash.dispatch %x by %p : (tensor<4096x256xf32>, !p) -> tensor<4096x256xf32>
    ```
  }] # Constraints;
  let arguments = (ins Hash_Matrix:$x, Hash_PlanType:$plan);
  let results = (outs Hash_Matrix:$result);
  let assemblyFormat = "$x `by` $plan attr-dict `:` functional-type(operands, results)";
  let hasFolder = 1;
}

def Hash_CombineOp : Hash_ComputeOp<"combine", [
    Hash_RowPerSlot<"x">,
    Hash_RowPerToken<"result">,
    Hash_SameFeatures<["x", "result"]>,
    Hash_SameElement<["x", "result"]>], [Hash_Differentiable, Hash_RowWise]> {
  let summary = "rows in expert order -> rows in token order";
  let description = [{
    `result[token] = sum over its k slots, in order, of x[position_of[slot]]`;
    dead slots add nothing, so a masked row is zero. Adjoint of `hash.dispatch`.

    ```mlir
    %y = hash.combine %yp by %p : (tensor<4096x256xf32>, !p) -> tensor<4096x256xf32>
    ```
  }] # Constraints;
  let arguments = (ins Hash_Matrix:$x, Hash_PlanType:$plan);
  let results = (outs Hash_Matrix:$result);
  let assemblyFormat = "$x `by` $plan attr-dict `:` functional-type(operands, results)";
  let extraClassDeclaration = [{
    /// True if a token has one slot, and every slot a position: rows only move.
    bool hasRowPerSlot() {
      return getPlan().getType().getK() == 1 && getPlan().getType().isTotal();
    }
  }];
}

def Hash_JoinOp : Hash_ComputeOp<"join", [
    Hash_RowPerSlot<"x">,
    Hash_RowPerToken<"result">,
    Hash_Constraint<"features", "a row of `result` holds a row of `x` for each choice",
      "getFeatures($result) == getPlan().getType().getK() * getFeatures($x)">,
    Hash_SameElement<["x", "result"]>], [Hash_Differentiable, Hash_RowWise]> {
  let summary = "rows in expert order -> a token's rows side by side";
  let description = [{
    `result[token] = [x[position_of[slot]] for each of its k slots, in order]`;
    a dead slot's part is zero. Adjoint of `hash.split`. What the hash functions
    of a MultiHash layer give is put together like this (Hash Layers, Roller et
    al. 2021, section 3.2).

    ```mlir
    %y = hash.join %yp by %p : (tensor<8192x128xf32>, !p) -> tensor<4096x256xf32>
    ```
  }] # Constraints;
  let arguments = (ins Hash_Matrix:$x, Hash_PlanType:$plan);
  let results = (outs Hash_Matrix:$result);
  let assemblyFormat = "$x `by` $plan attr-dict `:` functional-type(operands, results)";
}

def Hash_SplitOp : Hash_ComputeOp<"split", [
    Hash_RowPerToken<"x">,
    Hash_RowPerSlot<"result">,
    Hash_Constraint<"features", "a row of `x` holds a row of `result` for each choice",
      "getFeatures($x) == getPlan().getType().getK() * getFeatures($result)">,
    Hash_SameElement<["x", "result"]>], [Hash_Differentiable, Hash_RowWise]> {
  let summary = "a token's rows side by side -> rows in expert order";
  let description = [{
    `result[position_of[slot]]` is the slot's part of `x[slot / k]`, one k-th of
    its features. Rows of dead positions are zero. Adjoint of `hash.join`.

    ```mlir
    %d = hash.split %dy by %p : (tensor<4096x256xf32>, !p) -> tensor<8192x128xf32>
    ```
  }] # Constraints;
  let arguments = (ins Hash_Matrix:$x, Hash_PlanType:$plan);
  let results = (outs Hash_Matrix:$result);
  let assemblyFormat = "$x `by` $plan attr-dict `:` functional-type(operands, results)";
}

def Hash_BroadcastOp : Hash_ComputeOp<"broadcast", [
    Hash_Constraint<"experts", "`x` has one vector of features, or with a plan one for each expert",
      "getPlan() ? getShape($x).size() == 2 && getRows($x) == getPlan().getType().getGroups() : getShape($x).size() == 1">,
    Hash_RowPerSlot<"result">,
    Hash_SameFeatures<["x", "result"]>,
    Hash_SamePrecision<["x", "result"]>], [Hash_Differentiable, Hash_MakesRows]> {
  let summary = "a vector of features for every row, or each expert's for its rows";
  let description = [{
    Without a plan `tensor<N> -> tensor<R x N>`; with one
    `tensor<groups x N> -> tensor<slots x N>` in position order.

    ```mlir
    %b1 = hash.broadcast %bias by %p : (tensor<64x1024xf32>, !p) -> tensor<4096x1024xf32>
    ```
  }] # Constraints;
  let arguments = (ins Hash_VectorOrMatrix:$x, Optional<Hash_PlanType>:$plan);
  let results = (outs Hash_Matrix:$result);
  let assemblyFormat = "$x (`by` $plan^)? attr-dict `:` functional-type(operands, results)";
  let hasFolder = 1;
}

def Hash_ReduceRowsOp : Hash_ComputeOp<"reduce_rows", [
    Hash_RowPerSlot<"x">,
    Hash_Constraint<"experts", "`result` has one vector of features, or with a plan one for each expert",
      "getPlan() ? getShape($result).size() == 2 && getRows($result) == getPlan().getType().getGroups() : getShape($result).size() == 1">,
    Hash_SameFeatures<["x", "result"]>,
    Hash_WideAs<"x", ["result"]>]> {
  let summary = "the sum over rows, or over each expert's rows";
  let description = [{
    Adjoint of `hash.broadcast`: `tensor<R x N> -> tensor<N>`, or
    `tensor<slots x N> -> tensor<groups x N>`; experts without rows get zero,
    dead positions add nothing. Sums run over fixed chunks of rows, combined in
    order.

    ```mlir
    %db = hash.reduce_rows %dh by %p : (tensor<4096x1024xf32>, !p) -> tensor<64x1024xf32>
    ```
  }] # Constraints;
  let arguments = (ins Hash_Matrix:$x, Optional<Hash_PlanType>:$plan);
  let results = (outs Hash_VectorOrMatrix:$result);
  let assemblyFormat = "$x (`by` $plan^)? attr-dict `:` functional-type(operands, results)";
}

def Hash_SplatOp : Hash_ComputeOp<"splat", [
    Hash_OneElement<"x">,
    Hash_SamePrecision<["x", "result"]>], [Hash_MakesRows]> {
  let summary = "one number in every element";
  let description = [{
    The number comes at run time; or it is a constant that bf16 would round, and
    bodies compute with it as it is.

    ```mlir
    %d = hash.splat %scale : (tensor<1xf32>) -> tensor<4096xf32>
    ```
  }] # Constraints;
  let arguments = (ins Hash_Vector:$x);
  let results = (outs Hash_Rows:$result);
  let assemblyFormat = "$x attr-dict `:` functional-type(operands, results)";
  let hasFolder = 1;
}

//===----------------------------------------------------------------------===//
// Gates on a choice
//===----------------------------------------------------------------------===//

def Hash_GateOp : Hash_ComputeOp<"gate", [
    Hash_RowPerToken<"logits">,
    Hash_FeaturePerExpert<"logits">,
    Hash_RowPerSlot<"weights">,
    Hash_SameElement<["logits", "weights"]>], [Hash_Differentiable, Hash_RowWise]> {
  let summary = "what each of a token's choices weighs, by learned scores";
  let description = [{
    The plan has chosen; the logits only say how much each choice counts (the
    hash layers of DeepSeek-V4). `s = kind(logits[token, expert])` for each choice of the token,
    kind being `sqrtsoftplus` (`sqrt(log(1 + exp(z)))`), `sigmoid` or
    `softmax` (over all experts). `weights = scale * s`, and with `normalize`
    `scale * s / sum of the token's s`, so that equal logits give
    `scale / k` however small the scores are.

    `weights` are in position order, as rows are: `hash.weigh` takes them. They
    are zero in dead positions, and a dead slot has no share in the sum.

    ```mlir
    %w = hash.gate sqrtsoftplus %logits by %p {normalize, scale = 1.5 : f64} : (tensor<4096x64xf32>, !p) -> tensor<24576xf32>
    ```
  }] # Constraints;
  let arguments = (ins Hash_WideMatrix:$logits, Hash_PlanType:$plan, Hash_GateKind:$kind,
                       UnitAttr:$normalize, DefaultValuedAttr<Hash_Positive, "1.0">:$scale);
  let results = (outs Hash_WideVector:$weights);
  let assemblyFormat = "$kind $logits `by` $plan attr-dict `:` functional-type(operands, results)";
}

def Hash_GateGradOp : Hash_ComputeOp<"gate_grad", [
    Hash_RowPerToken<"logits">,
    Hash_FeaturePerExpert<"logits">,
    Hash_RowPerSlot<"weights">,
    Hash_SameType<["weights", "dweights"]>,
    Hash_SameType<["logits", "dlogits"]>,
    Hash_SameElement<["logits", "weights"]>]> {
  let summary = "gradient of hash.gate";
  let description = [{
    Operands, result and attributes of the forward op, and what flows back. Works
    with the slope of `log s`, which is finite where s is next to zero:
    `sigmoid(z) / (2 softplus(z))`, `sigmoid(-z)`, or 1 less the softmax. Dead
    positions of `dweights` are not read; experts without a choice of the token
    get zero, but for `softmax` without `normalize`.
  }] # Constraints;
  let arguments = (ins Hash_WideMatrix:$logits, Hash_WideVector:$weights, Hash_WideVector:$dweights,
                       Hash_PlanType:$plan, Hash_GateKind:$kind, UnitAttr:$normalize,
                       DefaultValuedAttr<Hash_Positive, "1.0">:$scale);
  let results = (outs Hash_WideMatrix:$dlogits);
  let assemblyFormat = [{
    $kind $logits `,` $weights `,` $dweights `by` $plan attr-dict `:` functional-type(operands, results)
  }];
}

def Hash_WeighOp : Hash_ComputeOp<"weigh", [
    Hash_SameRows<["x", "weights"]>,
    Hash_SameType<["x", "result"]>,
    Hash_WideAs<"x", ["weights"]>], [Hash_Differentiable, Hash_RowWise]> {
  let summary = "each row times a number of its own";
  let description = [{
    `result[r] = x[r] * weights[r]`: between an expert's product and the combine
    that sums a token's choices.

    ```mlir
    %y = hash.weigh %x, %w : (tensor<24576x256xf32>, tensor<24576xf32>) -> tensor<24576x256xf32>
    ```
  }] # Constraints;
  let arguments = (ins Hash_Matrix:$x, Hash_Vector:$weights);
  let results = (outs Hash_Matrix:$result);
  let assemblyFormat = "$x `,` $weights attr-dict `:` functional-type(operands, results)";
  let hasFolder = 1;
}

def Hash_WeighGradOp : Hash_ComputeOp<"weigh_grad", [
    Hash_SameRows<["x", "dweights"]>,
    Hash_SameType<["x", "dresult"]>,
    Hash_WideAs<"x", ["dweights"]>]> {
  let summary = "gradient of the weights of hash.weigh";
  let description = [{
    `dweights[r] = sum over features of x[r] * dresult[r]`, in an order that
    follows from the number of features alone. The gradient of `x` is
    `hash.weigh` again.
  }] # Constraints;
  let arguments = (ins Hash_Matrix:$x, Hash_Matrix:$dresult);
  let results = (outs Hash_Vector:$dweights);
  let assemblyFormat = "$x `,` $dresult attr-dict `:` functional-type(operands, results)";
}

#endif // HASH_ROUTED_OPS_TD
