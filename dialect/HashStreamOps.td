//===- HashStreamOps.td - Ops on the token stream -*- tablegen -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASH_STREAM_OPS_TD
#define HASH_STREAM_OPS_TD

include "HashBase.td"

// Row r of a stream is index t = r mod window of number r / window.
// `starts[r]` is the window index at which the row's document begins, so it is
// at most t.

def Hash_PrevOp : Hash_StreamOp<"prev", [
    Hash_SameType<["tokens", "starts", "result"]>, Hash_WindowDivides<"tokens">]> {
  let summary = "the token `distance` places earlier in the same document";
  let description = [{
    `result[r] = t - distance >= starts[r] ? tokens[r - distance] : bos`, and -1
    where `tokens[r]` is -1 (the `previous` and `bigram` hashes of Hash Layers,
    Roller et al. 2021; streams restart at document starts). By 0 it is the
    token itself.

    ```mlir
    %p = hash.prev %tokens, %starts {distance = 1 : i64, window = 256 : i64, bos = 0 : i64}
        : (tensor<4096xi32>, tensor<4096xi32>) -> tensor<4096xi32>
    ```
  }] # Constraints;
  let arguments = (ins Hash_Stream32:$tokens, Hash_Stream32:$starts,
                       ConfinedAttr<I64Attr, [IntNonNegative]>:$distance, Hash_Count:$window,
                       ConfinedAttr<I64Attr, [IntNonNegative]>:$bos);
  let results = (outs Hash_Stream32:$result);
  let assemblyFormat = "$tokens `,` $starts attr-dict `:` functional-type(operands, results)";
  let hasFolder = 1;
}

def Hash_NextOp : Hash_StreamOp<"next", [
    Hash_SameType<["targets", "result"]>], [Hash_NonCausal]> {
  let summary = "the token after, which the model is to predict";
  let description = [{
    `result[r] = targets[r]`: the id of the token after row r, and -1 where
    there is none in the data or in the row's document (the oracle of Hash
    Layers, Roller et al. 2021, for analysis). `router` is the router that asks.
    A model whose logits depend on it cannot be decoded.

    ```mlir
    %n = hash.next %targets for "future" : (tensor<4096xi32>) -> tensor<4096xi32>
    ```
  }] # Constraints;
  let arguments = (ins Hash_Stream32:$targets, StrAttr:$router);
  let results = (outs Hash_Stream32:$result);
  let assemblyFormat = "$targets `for` $router attr-dict `:` functional-type(operands, results)";
}

def Hash_PositionOp : Hash_StreamOp<"position", [
    Hash_SameType<["starts", "result"]>, Hash_WindowDivides<"starts">]> {
  let summary = "the place of a row in its window, or in its document";
  let description = [{
    `result[r] = r mod window`, or `r mod window - starts[r]` with `document`:
    in 0 .. window-1.

    ```mlir
    %p = hash.position %starts {window = 256 : i64} : (tensor<4096xi32>) -> tensor<4096xi32>
    ```
  }] # Constraints;
  let arguments = (ins Hash_Stream32:$starts, Hash_Count:$window, UnitAttr:$document);
  let results = (outs Hash_Stream32:$result);
  let assemblyFormat = "$starts attr-dict `:` functional-type(operands, results)";
  let hasFolder = 1;
}

def Hash_MixOp : Hash_StreamOp<"mix", [], [SameOperandsAndResultType, Hash_RowWiseStream]> {
  let summary = "an integer hash of one or more integers";
  let description = [{
    `h = seed; for v in values: h = mix64(h ^ mix64(v + 0x9e3779b97f4a7c15))`,
    then the top bit cleared, so the result is in 0 .. 2^63-1. `mix64` is the
    finaliser of SplitMix64 (Steele, Lea, Flood 2014):
    `z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9; z = (z ^ z >> 27) * 0x94d049bb133111eb; z ^ z >> 31`,
    all in unsigned 64-bit arithmetic. The order of the values counts.

    ```mlir
    %h = hash.mix %a, %b seed 7 : tensor<4096xi64>
    ```
  }];
  let arguments = (ins Variadic<Hash_Stream64>:$values, DefaultValuedAttr<I64Attr, "0">:$seed);
  let results = (outs Hash_Stream64:$result);
  let assemblyFormat = "$values `seed` $seed attr-dict `:` type($result)";
  let hasFolder = 1;
}

def Hash_ModuloOp : Hash_StreamOp<"modulo", [], [SameOperandsAndResultType, Hash_RowWiseStream]> {
  let summary = "mathematical modulo: the result is in 0 .. divisor-1";
  let description = [{
    `result[r] = value[r] - divisor * floor(value[r] / divisor)`, also for
    negative values.

    ```mlir
    %e = hash.modulo %h by 64 : tensor<4096xi64>
    ```
  }];
  let arguments = (ins Hash_Stream64:$value, Hash_Count:$divisor);
  let results = (outs Hash_Stream64:$result);
  let assemblyFormat = "$value `by` $divisor attr-dict `:` type($result)";
  let hasFolder = 1;
}

def Hash_TableLookupOp : Hash_StreamOp<"table_lookup", [
    Hash_SameRows<["keys", "result"]>,
    Hash_Constraint<"choices", "`result` has the columns of `table`: one for each choice",
      "getShape($table).drop_front() == getShape($result).drop_front()">], [Hash_RowWiseStream]> {
  let summary = "a row of a routing table";
  let description = [{
    `result[r] = table[keys[r]]`: the expert, or the k experts, of a key. Key -1
    (a masked row) gives -1; any other key outside the table stops the program
    with the key and the table's size (Hash Layers, Roller et al. 2021: routing
    is a fixed table of the vocabulary).

    ```mlir
    %e = hash.table_lookup %tokens in %table : (tensor<4096xi32>, tensor<8192xi32>) -> tensor<4096xi32>
    ```
  }] # Constraints;
  let arguments = (ins Hash_Stream:$keys, Hash_Choices:$table);
  let results = (outs Hash_Choices:$result);
  let assemblyFormat = "$keys `in` $table attr-dict `:` functional-type(operands, results)";
}

def Hash_ChoicesOp : Hash_StreamOp<"choices", [
    Hash_Constraint<"choices", "`result` has a column for each of several hashes, and their rows",
      "isTableOf(getInputs(), $result)">], [Hash_RowWiseStream]> {
  let summary = "the experts that several hashes choose";
  let description = [{
    `result[r][m] = inputs[m][r] + m * groups`: hash m chooses among `groups`
    experts of its own, so the choices of a row differ. -1 (a masked row) stays;
    an expert outside 0 .. groups-1 stops the program with its number
    (MultiHash; Hash Layers, Roller et al. 2021, section 3.2).

    ```mlir
    %e = hash.choices %a, %b of 64 : (tensor<4096xi32>, tensor<4096xi32>) -> tensor<4096x2xi32>
    ```
  }] # Constraints;
  let arguments = (ins Variadic<Hash_Stream32>:$inputs, Hash_Count:$groups);
  let results = (outs Hash_Choices:$result);
  let assemblyFormat = "$inputs `of` $groups attr-dict `:` functional-type(operands, results)";
}

def Hash_RowAtOp : Hash_StreamOp<"row_at", [
    Hash_OneElement<"index">, Hash_SameElement<["value", "result"]>,
    Hash_Constraint<"row", "`result` is one row of `value`",
      "getRows($result) == 1 && getShape($value).drop_front() == getShape($result).drop_front()">]> {
  let summary = "one row of a stream, chosen at run time";
  let description = [{
    Decoding computes one row of the window: this op is the seam between
    streams, which stay whole, and activations, which have one row. `index` is
    in 0 .. rows-1.

    ```mlir
    %t = hash.row_at %tokens at %index : (tensor<256xi32>, tensor<1xi32>) -> tensor<1xi32>
    ```
  }] # Constraints;
  let arguments = (ins Hash_StreamRows:$value, Hash_Stream32:$index);
  let results = (outs Hash_StreamRows:$result);
  let assemblyFormat = "$value `at` $index attr-dict `:` functional-type(operands, results)";
  let hasFolder = 1;
}

def Hash_PlanOp : Hash_StreamOp<"plan", [
    Hash_RowPerToken<"experts">, Hash_RowPerToken<"tokens">,
    Hash_Constraint<"choices", "`experts` has a column for each choice of the plan",
      "getCount($experts) == getPlan().getType().getNumChoices()">], [Hash_RowWise]> {
  let summary = "sorts rows by expert";
  let description = [{
    A stable counting sort of the slots by expert. Rows whose token is -1 are
    dead: no expert sees them. An expert outside 0 .. groups-1 (other than -1)
    stops the program with its number, and so do more live choices than the plan has slots. Routers that read
    activations use this op too; token-only routing is a property of the operands, not of the op.

    ```mlir
    %p = hash.plan %experts masked %tokens
        : (tensor<4096xi32>, tensor<4096xi32>) -> !hash.plan<tokens = 4096, k = 1, groups = 64, slots = 4096>
    ```
  }] # Constraints;
  let arguments = (ins Hash_Choices:$experts, Hash_Stream32:$tokens);
  let results = (outs Hash_PlanType:$plan);
  let assemblyFormat = "$experts `masked` $tokens attr-dict `:` functional-type(operands, results)";
}

#endif // HASH_STREAM_OPS_TD
