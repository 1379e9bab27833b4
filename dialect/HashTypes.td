//===- HashTypes.td - Types, attributes and enums ---------*- tablegen -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASH_TYPES_TD
#define HASH_TYPES_TD

include "HashDialect.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinAttributes.td"
include "mlir/IR/EnumAttr.td"

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

def Hash_PlanType : TypeDef<Hash_Dialect, "Plan"> {
  let mnemonic = "plan";
  let summary = "which rows go to which expert";
  let description = [{
    The result of routing one batch. `slot = token * k + choice`; `position` is
    a place in expert order. `position <-> slot` is a bijection, stable by slot
    inside a group; dead slots (expert -1) sort last.

    `tokens` rows, `k` choices each, `groups` experts, `slots` positions: one
    for each of the `tokens * k` slots, or fewer where the router knows that no
    more are live (experts that choose take so many tokens each). Then dead
    slots without a position have the number `slots` for one. A plan has at
    least one of each, and not more slots than i32 can number.
    As a buffer a plan is `memref<(groups + 1 + slots + tokens * k) x i32>`:
    group offsets (groups + 1 of them, the last one is the number of live
    slots), slot of each position, position of each slot.
  }];
  let parameters = (ins "int64_t":$tokens, "int64_t":$k, "int64_t":$groups,
                        "int64_t":$slots);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// Number of all choices, live or dead.
    int64_t getNumChoices() const { return getTokens() * getK(); }
    /// True if every choice has a position.
    bool isTotal() const { return getSlots() == getNumChoices(); }
    /// Number of i32 words of the plan's buffer.
    int64_t getNumWords() const {
      return getGroups() + 1 + getSlots() + getNumChoices();
    }
  }];
}

//===----------------------------------------------------------------------===//
// Row spaces
//===----------------------------------------------------------------------===//

def Hash_RowSpace : I32EnumAttr<"RowSpace", "what the rows of an operand stand for", [
  I32EnumAttrCase<"position", 0>,
  I32EnumAttrCase<"slot", 1>,
  I32EnumAttrCase<"token", 2>,
  I32EnumAttrCase<"group", 3>,
  I32EnumAttrCase<"all", 4>
]> {
  let cppNamespace = "::hashc::hash";
}

//===----------------------------------------------------------------------===//
// Gates
//===----------------------------------------------------------------------===//

/// The CPU's kernel library knows these numbers.
def Hash_GateKind : I32EnumAttr<"GateKind", "what a gate makes of a logit", [
  I32EnumAttrCase<"sqrtsoftplus", 0>, // sqrt(log(1 + exp(z)))
  I32EnumAttrCase<"sigmoid", 1>,      // 1 / (1 + exp(-z))
  I32EnumAttrCase<"softmax", 2>       // exp(z) / sum of exp over all experts
]> {
  let cppNamespace = "::hashc::hash";
}

//===----------------------------------------------------------------------===//
// Arguments of entry points
//===----------------------------------------------------------------------===//

def Hash_ArgKind : I32EnumAttr<"ArgKind", "what the runtime passes for an argument", [
  I32EnumAttrCase<"param", 0>,      // a hash.param, by name
  I32EnumAttrCase<"grad", 1>,       // its gradient accumulator
  I32EnumAttrCase<"moment1", 2>,    // AdamW's first moment
  I32EnumAttrCase<"moment2", 3>,    // AdamW's second moment; of a table that is looked up, a number a row
  I32EnumAttrCase<"table", 4>,      // a hash.table, by name
  I32EnumAttrCase<"tokens", 5>,     // tensor<rows x i32>, -1 = masked row
  I32EnumAttrCase<"targets", 6>,    // tensor<rows x i32>, -1 = not scored
  I32EnumAttrCase<"starts", 7>,     // tensor<rows x i32>, window index at which the row's document starts
  I32EnumAttrCase<"plan", 8>,       // a hoisted plan or other hoisted value, by name
  I32EnumAttrCase<"scale", 9>,      // tensor<1xT>, cotangent of every loss: 1 / live targets of the batch
  I32EnumAttrCase<"seed", 10>,      // tensor<1xi64>, dropout's seed of this step
  I32EnumAttrCase<"hyper", 11>,     // tensor<4xf64>: lr, 1 - beta1^t, 1 - beta2^t, clip factor's norm limit (0 = off)
  I32EnumAttrCase<"index", 12>,     // tensor<1xi32>, decode: the window row to compute
  I32EnumAttrCase<"cache", 13>,     // decode: state kept between calls, by name
  I32EnumAttrCase<"losses", 14>,    // tensor<rows x T>, a row's cross entropy, 0 where not scored
  I32EnumAttrCase<"logits", 15>,    // tensor<rows x vocab x T>
  I32EnumAttrCase<"norm", 16>,      // tensor<1xf64>, the global norm of the gradients
  I32EnumAttrCase<"arena", 17>,     // memref<N x i8>, scratch
  I32EnumAttrCase<"grad_keys", 18>, // tensor<2xNxi32>, whose the N rows of a looked-up table's grad are
  I32EnumAttrCase<"aux", 19>,       // tensor<rows x T>, a row's part of an auxiliary loss, by name
  I32EnumAttrCase<"aux_scale", 20>  // tensor<1xT>, cotangent of every auxiliary loss: 1 / live rows of the batch
]> {
  let cppNamespace = "::hashc::hash";
  let genSpecializedAttr = 0;
}

class Hash_Attr<string name, string mnem> : AttrDef<Hash_Dialect, name> {
  let mnemonic = mnem;
}

def Hash_ArgAttr : Hash_Attr<"Arg", "arg"> {
  let summary = "what an entry point's argument or result is";
  let description = [{
    `#hash.arg<param, "blocks[3].ffn.w_in">`. An argument and a result with the
    same attribute share one buffer: the result is an update in place.

    Constraints:

    - (name) a name is given where there are several of the kind (param, grad,
      moment1, moment2, table, plan, cache, grad_keys, aux), and only there; tokens and
      starts have that of their input where a model has several inputs
  }];
  let parameters = (ins EnumParameter<Hash_ArgKind>:$kind,
                        OptionalParameter<"::mlir::StringAttr">:$name);
  let assemblyFormat = "`<` $kind (`,` $name^)? `>`";
  let genVerifyDecl = 1;
}

#endif // HASH_TYPES_TD
