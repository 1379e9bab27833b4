//===- HashDialect.td - The hash dialect ------------------*- tablegen -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASH_DIALECT_TD
#define HASH_DIALECT_TD

include "mlir/IR/OpBase.td"

def Hash_Dialect : Dialect {
  let name = "hash";
  let cppNamespace = "::hashc::hash";
  let summary = "Hash routing, expert dispatch and FFN ops of sparse models";
  let description = [{
    A model is a module of parameters (`hash.param`), routing tables
    (`hash.table`) and functions on tensors. The token stream is a flat tensor
    of `rows` = windows x context ids; activations are `rows x features`.

    Named ops (`hash.matmul`, `hash.attention`, ...) are pure and live on
    tensors. The three structured ops (`hash.grouped_gemm`,
    `hash.grouped_outer`, `hash.map`) are what fusion works on and what every
    back end lowers; they also exist on memrefs, as does
    `hash.library_call`, the buffer form of every other named op.

    Elementwise arithmetic is upstream's `arith` and `math` on tensors.

    Verifiers name the constraint that is broken, in brackets at the end of the
    message: `(rows)`. Below, each op lists its own under these names. Shapes are
    known at compile time and never empty. Floats are f32, f64 or bf16; bf16 is
    for storage, and computed with in f32.

    Hash Layers: Roller et al. 2021, arXiv 2106.04426.
  }];
  let useDefaultTypePrinterParser = 1;
  let useDefaultAttributePrinterParser = 1;
  let hasConstantMaterializer = 1;
  let hasOperationAttrVerify = 1;
  let hasRegionArgAttrVerify = 1;
  let hasRegionResultAttrVerify = 1;
  let extraClassDeclaration = [{
    /// Attribute of an entry point's argument or result: its #hash.arg.
    static constexpr llvm::StringLiteral kArgAttr = "hash.arg";
    /// Module attribute: a dictionary of what the train block says.
    static constexpr llvm::StringLiteral kTrainAttr = "hash.train";
    /// Module attribute: a dictionary, the model's shape and precision.
    static constexpr llvm::StringLiteral kModelAttr = "hash.model";
    /// Module attribute: a dictionary, the options later passes need.
    static constexpr llvm::StringLiteral kTargetAttr = "hash.target";
    /// Module attribute: why the model has no decoding step.
    static constexpr llvm::StringLiteral kNotDecodableAttr = "hash.not_decodable";
    /// Module attribute: why the training loss is not that of a model which
    /// sees only earlier tokens. Set with kNotDecodableAttr, or alone.
    static constexpr llvm::StringLiteral kNotCausalInTrainingAttr = "hash.not_causal_in_training";
    /// Module attribute: the last stage the module went through.
    static constexpr llvm::StringLiteral kStageAttr = "hash.stage";
  }];
}

#endif // HASH_DIALECT_TD
