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

def Hash_ParamOp : Hash_Op<"param", [
    Hash_Constraint<"name", "a name is not empty", "!getSymName().empty()">,
    Hash_Constraint<"init", "xavier and orthogonal are for matrices",
      "!isMatrixInit(getInit()) || ::llvm::cast<::mlir::ShapedType>(getType()).getRank() >= 2">,
    Hash_Constraint<"panel", "panels are of matrices",
      "!getPanel() || ::llvm::cast<::mlir::ShapedType>(getType()).getRank() >= 2">,
    Hash_Constraint<"lookup", "what is looked up is a matrix without panels and without decay",
      "!getLookup() || (::llvm::cast<::mlir::ShapedType>(getType()).getRank() == 2 && !getPanel() && !getDecay())">,
    Hash_Constraint<"balance", "what balances experts is a vector without decay",
      "!getBalance() || (!getDecay() && ::llvm::cast<::mlir::ShapedType>(getType()).getRank() == 1)">], [Symbol]> {
  let summary = "a parameter";
  let description = [{
    Declares a parameter: its name in remarks, `info` and checkpoints, its
    logical type, how it starts, and whether weight decay applies to it.

    ```mlir
    hash.param @"blocks[3].ffn.w_in" : tensor<64x256x1024xf32> init normal(0.02) {decay}
    ```

    With `lookup` it is a table of which `hash.lookup` reads rows: its gradient
    is the rows that were read, and `hash.rowwise_adagrad` updates them.

    With `panel = n` the entry points hold it in panels of n columns:
    `[..., K, N]` as `[..., ceil(N / n), K, n]`, columns past N zero.
    Checkpoints always hold the logical form.

    With `frozen` it stays as it begins: it has no gradient, and the optimizer
    does not know it.

    With `balance = rate` it has no gradient and no moments: its accumulator counts
    what experts were given, and `hash.balance_bias` moves it by the rate.
  }] # Constraints;
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<Hash_State>:$type,
                       Hash_Init:$init, DefaultValuedAttr<Hash_NotNegative, "1.0">:$scale,
                       UnitAttr:$decay, UnitAttr:$lookup, UnitAttr:$frozen, OptionalAttr<Hash_Count>:$panel,
                       OptionalAttr<Hash_NotNegative>:$balance,
                       OptionalAttr<StrAttr>:$sym_visibility);
  let assemblyFormat = "$sym_name `:` $type `init` $init (`(` $scale^ `)`)? attr-dict";
  let extraClassDeclaration = [{
    /// The type the entry points see: the logical one, or its panels.
    ::mlir::RankedTensorType getStoredType();
  }];
}

def Hash_TableOp : Hash_Op<"table", [
    Hash_Constraint<"name", "a name is not empty", "!getSymName().empty()">,
    Hash_Constraint<"builder", "the builder is random, python_random, balanced, round_robin, clustered, dispersed or file",
      "isTableBuilder(getAlgorithm())">,
    Hash_Constraint<"choices", "a row has k different experts, of `groups`", "getK() <= getGroups()">,
    Hash_Constraint<"file", "a file is named where the builder reads one (file, clustered, dispersed), and only there",
      "getFile().empty() != isFileBuilder(getAlgorithm())">], [Symbol]> {
  let summary = "a routing table";
  let description = [{
    Declares an integer table of `vocab` rows and `k` columns, each entry an
    expert in 0 .. groups-1. Its values come at load or from the corpus at first
    use; the checkpoint stores them with a checksum. Never cast, never
    differentiated.

    `algorithm` is the builder: random, python_random (the table of the authors
    of Hash Layers, Roller et al. 2021), balanced (ibid.), round_robin,
    clustered and dispersed (ibid.: k-means of the token embeddings in `file`),
    or file, a table that someone else made.

    ```mlir
    hash.table @by_token builder "balanced" vocab 8192 groups 64 {seed = 0 : i64}
    ```
  }] # Constraints;
  let arguments = (ins SymbolNameAttr:$sym_name, StrAttr:$algorithm, Hash_Count:$vocab,
                       Hash_Count:$groups, DefaultValuedAttr<Hash_Count, "1">:$k,
                       DefaultValuedAttr<I64Attr, "0">:$seed,
                       DefaultValuedAttr<StrAttr, "\"\"">:$file,
                       OptionalAttr<StrAttr>:$sym_visibility);
  let assemblyFormat = [{
    $sym_name `builder` $algorithm `vocab` $vocab `groups` $groups attr-dict
  }];
}

#endif // HASH_MODULE_OPS_TD
