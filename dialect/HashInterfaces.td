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
    An op whose results depend on the token stream only, when its operands do.
    Hash ops carry it as a declaration of intent: pure arith ops have the same
    property without it, and hoisting treats both alike.
  }];
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
