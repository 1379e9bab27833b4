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
// `starts[r]` is the window index at which the row's document begins.

def Hash_PrevOp : Hash_StreamOp<"prev", [AllTypesMatch<["tokens", "starts", "result"]>]> {
  let summary = "the token `distance` places earlier in the same document";
  let description = [{
    `result[r] = t - distance >= starts[r] ? tokens[r - distance] : bos`, and -1
    where `tokens[r]` is -1 (Hash Layers, section 3.2: reset at document starts).

    ```mlir
    %p = hash.prev %tokens, %starts {distance = 1 : i64, window = 256 : i64, bos = 0 : i64}
        : (tensor<4096xi32>, tensor<4096xi32>) -> tensor<4096xi32>
    ```
  }];
  let arguments = (ins Hash_Stream32:$tokens, Hash_Stream32:$starts,
                       I64Attr:$distance, I64Attr:$window, I64Attr:$bos);
  let results = (outs Hash_Stream32:$result);
  let assemblyFormat = "$tokens `,` $starts attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Hash_PositionOp : Hash_StreamOp<"position", [AllTypesMatch<["starts", "result"]>]> {
  let summary = "the place of a row in its window, or in its document";
  let description = [{
    `result[r] = r mod window`, or `r mod window - starts[r]` with `document`.

    ```mlir
    %p = hash.position %starts {window = 256 : i64} : (tensor<4096xi32>) -> tensor<4096xi32>
    ```
  }];
  let arguments = (ins Hash_Stream32:$starts, I64Attr:$window, UnitAttr:$document);
  let results = (outs Hash_Stream32:$result);
  let assemblyFormat = "$starts attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Hash_MixOp : Hash_StreamOp<"mix", [SameOperandsAndResultType]> {
  let summary = "an integer hash of one or more integers";
  let description = [{
    `h = seed; for v in values: h = mix64(h ^ mix64(v + 0x9e3779b97f4a7c15))`,
    then the top bit cleared, so the result is in 0 .. 2^63-1. `mix64` is the
    finaliser of SplitMix64 (Steele, Lea, Flood 2014):
    `z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9; z = (z ^ z >> 27) * 0x94d049bb133111eb; z ^ z >> 31`,
    all in unsigned 64-bit arithmetic.

    ```mlir
    %h = hash.mix %a, %b seed 7 : tensor<4096xi64>
    ```
  }];
  let arguments = (ins Variadic<Hash_Stream64>:$values, DefaultValuedAttr<I64Attr, "0">:$seed);
  let results = (outs Hash_Stream64:$result);
  let assemblyFormat = "$values `seed` $seed attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def Hash_ModuloOp : Hash_StreamOp<"modulo", [SameOperandsAndResultType]> {
  let summary = "mathematical modulo: the result is in 0 .. divisor-1";
  let description = [{
    ```mlir
    %e = hash.modulo %h by 64 : tensor<4096xi64>
    ```
  }];
  let arguments = (ins Hash_Stream64:$value, I64Attr:$divisor);
  let results = (outs Hash_Stream64:$result);
  let assemblyFormat = "$value `by` $divisor attr-dict `:` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Hash_TableLookupOp : Hash_StreamOp<"table_lookup"> {
  let summary = "a row of a routing table";
  let description = [{
    `result[r] = table[keys[r]]`. Key -1 (a masked row) gives -1; any other key
    outside the table stops the program with the key and the table's size.

    ```mlir
    %e = hash.table_lookup %tokens in %table : (tensor<4096xi32>, tensor<8192xi32>) -> tensor<4096xi32>
    ```
  }];
  let arguments = (ins 1DTensorOf<[I32, I64]>:$keys, RankedTensorOf<[I32]>:$table);
  let results = (outs RankedTensorOf<[I32]>:$result);
  let assemblyFormat = "$keys `in` $table attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Hash_RowAtOp : Hash_StreamOp<"row_at"> {
  let summary = "one row of a stream, chosen at run time";
  let description = [{
    Decoding computes one row of the window: this op is the seam between
    streams, which stay whole, and activations, which have one row.

    ```mlir
    %t = hash.row_at %tokens at %index : (tensor<256xi32>, tensor<1xi32>) -> tensor<1xi32>
    ```
  }];
  let arguments = (ins RankedTensorOf<[I32, I64]>:$value, Hash_Stream32:$index);
  let results = (outs RankedTensorOf<[I32, I64]>:$result);
  let assemblyFormat = "$value `at` $index attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Hash_PlanOp : Hash_StreamOp<"plan"> {
  let summary = "sorts rows by expert";
  let description = [{
    A stable counting sort of the slots by expert. Rows whose token is -1 are
    dead: no expert sees them. An expert outside 0 .. groups-1 (other than -1)
    stops the program with its number. Routers that read activations use this op too; token-only routing is a
    property of the operands, not of the op.

    ```mlir
    %p = hash.plan %experts masked %tokens
        : (tensor<4096xi32>, tensor<4096xi32>) -> !hash.plan<tokens = 4096, k = 1, groups = 64, slots = 4096>
    ```
  }];
  let arguments = (ins RankedTensorOf<[I32]>:$experts, Hash_Stream32:$tokens);
  let results = (outs Hash_PlanType:$plan);
  let assemblyFormat = "$experts `masked` $tokens attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

#endif // HASH_STREAM_OPS_TD
