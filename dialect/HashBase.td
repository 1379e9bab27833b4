//===- HashBase.td - Base classes of the ops --------------*- tablegen -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASH_BASE_TD
#define HASH_BASE_TD

include "HashDialect.td"
include "HashConstraints.td"
include "HashTypes.td"
include "HashInterfaces.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class Hash_Op<string mnemonic, list<Hash_Constraint> constraints = [], list<Trait> traits = []>
    : Op<Hash_Dialect, mnemonic, !listconcat(traits, constraints)> {
  /// The end of the description: what the verifier checks, in its words.
  string Constraints = "\n    Constraints:\n\n"
      # !interleave(!foreach(c, constraints, c.markdown), "");
}

/// An op of the token stream: integers only, hoisted out of the layers.
class Hash_StreamOp<string mnemonic, list<Hash_Constraint> constraints = [], list<Trait> traits = []>
    : Hash_Op<mnemonic, constraints, !listconcat([Pure,
        DeclareOpInterfaceMethods<Hash_TokenStreamOpInterface>], traits)>;

/// A named op on activations. Its assembly form ends in a function type.
class Hash_ComputeOp<string mnemonic, list<Hash_Constraint> constraints, list<Trait> traits = []>
    : Hash_Op<mnemonic, constraints, !listconcat([Pure], traits)>;

def Hash_Differentiable
    : DeclareOpInterfaceMethods<Hash_DifferentiableOpInterface, ["buildVjp"]>;
/// Each row of the results depends on that row of the operands alone.
def Hash_RowWise
    : DeclareOpInterfaceMethods<Hash_DecodableOpInterface>;
/// Row-wise, and the rows are this op's, not its operands'.
def Hash_MakesRows
    : DeclareOpInterfaceMethods<Hash_DecodableOpInterface, ["makesRows"]>;
/// Row-wise on integers, those of the token stream and those that activations
/// gave.
def Hash_RowWiseStream
    : DeclareOpInterfaceMethods<Hash_DecodableOpInterface, ["keepsStreams"]>;
def Hash_Decodable
    : DeclareOpInterfaceMethods<Hash_DecodableOpInterface, ["buildDecode"]>;
def Hash_RowGradient
    : DeclareOpInterfaceMethods<Hash_RowGradientOpInterface>;
/// Decodable, with operands that belong to another input.
def Hash_ReadsMemory
    : DeclareOpInterfaceMethods<Hash_DecodableOpInterface, ["buildDecode", "readsMemory"]>;
/// Depends on rows after its own, and says why.
def Hash_NonCausal
    : DeclareOpInterfaceMethods<Hash_NonCausalOpInterface>;
/// Evaluation and decoding do without it.
def Hash_TrainingOnly
    : DeclareOpInterfaceMethods<Hash_TrainingOnlyOpInterface>;
/// What stands for it there is made by the op.
def Hash_TrainingOnlyAs
    : DeclareOpInterfaceMethods<Hash_TrainingOnlyOpInterface, ["buildInference"]>;
def Hash_Tied
    : DeclareOpInterfaceMethods<Hash_BufferHintsOpInterface, ["getTiedOperandOf"]>;
def Hash_Reuses
    : DeclareOpInterfaceMethods<Hash_BufferHintsOpInterface, ["mayReuse"]>;

#endif // HASH_BASE_TD
