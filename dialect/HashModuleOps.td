//===- HashModuleOps.td - Parameters and tables -*- tablegen -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASH_MODULE_OPS_TD
#define HASH_MODULE_OPS_TD

include "HashBase.td"

def Hash_Init : I32EnumAttr<"Init", "how a parameter starts", [
  I32EnumAttrCase<"zeros", 0>,
  I32EnumAttrCase<"ones", 1>,
  I32EnumAttrCase<"normal", 2>,      // mean 0, standard deviation `scale`
  I32EnumAttrCase<"xavier", 3>,      // uniform in +-scale * sqrt(6 / (fan_in + fan_out)), of one expert's matrix
  I32EnumAttrCase<"orthogonal", 4>   // scale times an orthogonal matrix, one for each expert
]> {
  let cppNamespace = "::hashc::hash";
}

def Hash_ParamOp : Hash_Op<"param", [Symbol]> {
  let summary = "a trained parameter";
  let description = [{
    Declares a parameter: its name in remarks, `info` and checkpoints, its
    logical type, how it starts, and whether weight decay applies to it.

    ```mlir
    hash.param @"blocks[3].ffn.w_in" : tensor<64x256x1024xf32> init normal(0.02) {decay}
    ```

    With `panel = n` the entry points hold it in panels of n columns:
    `[..., K, N]` as `[..., ceil(N / n), K, n]`, columns past N zero.
    Checkpoints always hold the logical form.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<AnyRankedTensor>:$type,
                       Hash_Init:$init, DefaultValuedAttr<F64Attr, "1.0">:$scale,
                       UnitAttr:$decay, OptionalAttr<I64Attr>:$panel,
                       OptionalAttr<StrAttr>:$sym_visibility);
  let assemblyFormat = "$sym_name `:` $type `init` $init (`(` $scale^ `)`)? attr-dict";
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// The type the entry points see: the logical one, or its panels.
    ::mlir::RankedTensorType getStoredType();
  }];
}

def Hash_TableOp : Hash_Op<"table", [Symbol]> {
  let summary = "a routing table";
  let description = [{
    Declares an integer table of `vocab` rows and `k` columns, each entry an
    expert in 0 .. groups-1. Its values come at load or from the corpus at first
    use; the checkpoint stores them with a checksum. Never cast, never
    differentiated.

    `algorithm` is one of random, balanced, round_robin, file.

    ```mlir
    hash.table @by_token builder "balanced" vocab 8192 groups 64 {seed = 0 : i64}
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, StrAttr:$algorithm, I64Attr:$vocab,
                       I64Attr:$groups, DefaultValuedAttr<I64Attr, "1">:$k,
                       DefaultValuedAttr<I64Attr, "0">:$seed,
                       DefaultValuedAttr<StrAttr, "\"\"">:$file,
                       OptionalAttr<StrAttr>:$sym_visibility);
  let assemblyFormat = [{
    $sym_name `builder` $algorithm `vocab` $vocab `groups` $groups attr-dict
  }];
  let hasVerifier = 1;
}

#endif // HASH_MODULE_OPS_TD
