//===- HashInterfaces.td - Op interfaces ------------------*- tablegen -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASH_INTERFACES_TD
#define HASH_INTERFACES_TD

include "mlir/IR/OpBase.td"

def Hash_TokenStreamOpInterface : OpInterface<"TokenStreamOpInterface"> {
  let cppNamespace = "::hashc::hash";
  let description = [{
    An op that belongs to the token stream: what depends on tokens, document
    starts and tables alone is computed once for a batch. Upstream's elementwise
    ops have the property that the default says, without the interface.
  }];
  let methods = [
    InterfaceMethod<[{
        True if the results depend on the token stream alone; `isTokenOnly` says
        so of a value. By default, if all operands do.
      }],
      "bool", "dependsOnTokensOnly",
      (ins "::llvm::function_ref<bool(::mlir::Value)>":$isTokenOnly), "",
      "return ::llvm::all_of($_op->getOperands(), isTokenOnly);">
  ];
}

def Hash_DifferentiableOpInterface : OpInterface<"DifferentiableOpInterface"> {
  let cppNamespace = "::hashc::hash";
  let description = [{
    Reverse-mode differentiation: an op builds its own vector-Jacobian product.
  }];
  let methods = [
    InterfaceMethod<[{
        Builds the cotangents of the operands from those of the results.
        `resultCotangents` has one entry a result, null where nothing flows
        back. `operandCotangents` comes with one null entry an operand; the
        method fills in those through which gradients flow. Results that the
        forward op saved for this purpose (log-sum-exp, rstd) are read from the
        op itself. Fails, with a diagnostic, where the op is not
        differentiable in the way asked for.
      }],
      "::llvm::LogicalResult", "buildVjp",
      (ins "::mlir::OpBuilder &":$builder,
           "::mlir::ValueRange":$resultCotangents,
           "::llvm::MutableArrayRef<::mlir::Value>":$operandCotangents)>
  ];
}

def Hash_RowGradientOpInterface : OpInterface<"RowGradientOpInterface"> {
  let cppNamespace = "::hashc::hash";
  let description = [{
    An op that reads rows of a table, by key. The table's gradient is made of
    those rows (`RowGradient`) and never as long as the table.
  }];
  let methods = [
    InterfaceMethod<"True if the op reads rows of that operand by key, and nothing else of it.",
      "bool", "readsRowsOf", (ins "unsigned":$operand)>,
    InterfaceMethod<[{
        Adds the gradient of that operand to `sum`. `resultCotangents` is as in
        `DifferentiableOpInterface`, with an entry that is not null.
      }],
      "void", "addRowGradient",
      (ins "::mlir::OpBuilder &":$builder,
           "::mlir::ValueRange":$resultCotangents,
           "unsigned":$operand, "::hashc::hash::RowGradient &":$sum)>
  ];
}

def Hash_DecodableOpInterface : OpInterface<"DecodableOpInterface"> {
  let cppNamespace = "::hashc::hash";
  let description = [{
    An op that can compute one row of a window, when the rows before it were
    computed in calls before. By default it is row-wise: each row of its results
    depends on that row of its operands alone, and it is cloned for one row.
    Upstream's elementwise ops are row-wise without the interface; what else has
    none cannot be decoded.
  }];
  let methods = [
    InterfaceMethod<[{
        Builds what computes the row, and says what became of the results. An op
        that depends on rows before it keeps state. What depends on rows after it
        says so by `NonCausalOpInterface` and is not asked.
      }],
      "::llvm::LogicalResult", "buildDecode",
      (ins "::hashc::hash::Decoding &":$decoding), "",
      "return decoding.clone($_op);">,
    InterfaceMethod<[{
        True if the results have a row for each token though no operand has: what
        makes rows of a parameter. By default rows come from operands.
      }],
      "bool", "makesRows", (ins), "", "return false;">,
    InterfaceMethod<[{
        True of an op of integers that makes a stream of streams, as long as a
        window, and one row where an operand is of activations. By default an op
        makes activations.
      }],
      "bool", "keepsStreams", (ins), "", "return false;">,
    InterfaceMethod<[{
        True of an operand that has the rows of another input: all of them are
        there before the first row is decoded.
      }],
      "bool", "readsMemory", (ins "unsigned":$operand), "", "return false;">
  ];
}

def Hash_NonCausalOpInterface : OpInterface<"NonCausalOpInterface"> {
  let cppNamespace = "::hashc::hash";
  let description = [{
    An op that may read what decoding has not come to yet: rows after its own,
    or the token that is to be predicted. A model whose logits depend on one
    compiles without a decoding step, and `generate` says the reason.
  }];
  let methods = [
    InterfaceMethod<[{
        The reason, after "in 'PATH' ": "a token attends to later tokens". Empty
        where this op is causal.
      }],
      "std::string", "getNonCausalReason">
  ];
}

def Hash_TrainingOnlyOpInterface : OpInterface<"TrainingOnlyOpInterface"> {
  let cppNamespace = "::hashc::hash";
  let description = [{
    An op that does in training what neither evaluation nor decoding does:
    dropout, a bound on the rows of an expert. It reads one value that matters,
    its first operand, and makes one, its first result; only training has the rest.
  }];
  let methods = [
    InterfaceMethod<[{
        Builds what stands for the result outside training, of the first operand
        or a row of it. By default that is this operand, as it is.
      }],
      "::mlir::Value", "buildInference",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::Value":$input), "",
      "return input;">
  ];
}

def Hash_BufferHintsOpInterface : OpInterface<"BufferHintsOpInterface"> {
  let cppNamespace = "::hashc::hash";
  let description = [{
    What the memory planner may assume of an op when tensors become buffers.
  }];
  let methods = [
    InterfaceMethod<"The operand whose buffer result `result` must use (an update in place), or -1.",
      "int64_t", "getTiedOperandOf", (ins "unsigned":$result), "", "return -1;">,
    InterfaceMethod<"True if result `result` may overwrite operand `operand` when nobody reads it later.",
      "bool", "mayReuse", (ins "unsigned":$operand, "unsigned":$result), "", "return false;">
  ];
}

#endif // HASH_INTERFACES_TD
