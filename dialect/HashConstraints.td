//===- HashConstraints.td - What operands must be, alone and together -*- tablegen -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASH_CONSTRAINTS_TD
#define HASH_CONSTRAINTS_TD

include "HashTypes.td"
include "mlir/IR/OpBase.td"

//===----------------------------------------------------------------------===//
// Of one operand
//===----------------------------------------------------------------------===//

def Hash_Float : AnyTypeOf<[F32, F64, BF16]>;
/// What is kept between steps is never narrow.
def Hash_StateFloat : AnyTypeOf<[F32, F64]>;

/// Shapes are known when a model is compiled, and nothing is empty.
def Hash_KnownShape : CPred<"::hashc::hash::hasKnownShape($_self)">;
class Hash_Tensor<list<Type> elements, list<int> ranks, string what>
    : RankedTensorOf<elements, [Hash_KnownShape, HasAnyRankOfPred<ranks>], what # " of known shape">;

def Hash_Rows : RankedTensorOf<[Hash_Float], [Hash_KnownShape], "tensor of known shape">;
def Hash_State : RankedTensorOf<[Hash_StateFloat], [Hash_KnownShape], "tensor of known shape">;
def Hash_Vector : Hash_Tensor<[Hash_Float], [1], "vector">;
def Hash_VectorOrMatrix : Hash_Tensor<[Hash_Float], [1, 2], "vector or matrix">;
def Hash_Matrix : Hash_Tensor<[Hash_Float], [2], "matrix (rows x features)">;
def Hash_WideVector : Hash_Tensor<[Hash_StateFloat], [1], "vector">;
def Hash_F64Vector : Hash_Tensor<[F64], [1], "vector">;
def Hash_WideMatrix : Hash_Tensor<[Hash_StateFloat], [2], "matrix (rows x features)">;
def Hash_ExpertMatrices : Hash_Tensor<[Hash_Float], [3], "matrices (experts x rows x columns)">;
def Hash_Matrices : Hash_Tensor<[Hash_Float], [2, 3], "matrix, or one for each expert,">;
def Hash_Stream32 : Hash_Tensor<[I32], [1], "stream">;
def Hash_Stream64 : Hash_Tensor<[I64], [1], "stream">;
def Hash_Stream : Hash_Tensor<[I32, I64], [1], "stream">;
def Hash_Choices : Hash_Tensor<[I32], [1, 2], "stream of one or several choices">;
/// Whose rows a table's gradient has, and where (HashLookupOps.td).
def Hash_RowKeys : Hash_Tensor<[I32], [2], "keys of rows (2 x rows)">;
def Hash_StreamRows : RankedTensorOf<[I32, I64], [Hash_KnownShape, HasRankGreaterOrEqualPred<1>], "stream of known shape">;
class Hash_Numbers<Type element, int count>
    : RankedTensorOf<[element], [HasAnyRankOfPred<[1]>,
        CPred<"::llvm::cast<::mlir::ShapedType>($_self).getDimSize(0) == " # count>],
        "vector of length " # count>;

class Hash_BufferOf<list<Type> elements>
    : AnyTypeOf<[RankedTensorOf<elements, [Hash_KnownShape, HasRankGreaterOrEqualPred<1>],
                                "tensor of known shape">,
                 ConfinedType<MemRefOf<elements>, [Hash_KnownShape, HasRankGreaterOrEqualPred<1>],
                              "buffer of known shape">]>;
def Hash_MemRef : ConfinedType<AnyMemRef, [Hash_KnownShape], "buffer of known shape", "::mlir::MemRefType">;
def Hash_Buffer : Hash_BufferOf<[Hash_Float, AnySignlessInteger]>;
def Hash_FloatBuffer : Hash_BufferOf<[Hash_Float]>;
/// A plan, or the buffer of one.
def Hash_PlanOrBuffer : AnyTypeOf<[Hash_PlanType, MemRefRankOf<[I32], [1]>]>;

//===----------------------------------------------------------------------===//
// Of attributes
//===----------------------------------------------------------------------===//

def Hash_Count : ConfinedAttr<I64Attr, [IntPositive]>;
class Hash_Real<string text, string cpp>
    : ConfinedAttr<F64Attr, [AttrConstraint<
        CPred<"[](double x) { return std::isfinite(x) && " # cpp
              # "; }(::llvm::cast<::mlir::FloatAttr>($_self).getValueAsDouble())">,
        "whose value is " # text>]>;
def Hash_Finite : Hash_Real<"finite", "true">;
def Hash_NotNegative : Hash_Real<"at least 0", "x >= 0">;
def Hash_Positive : Hash_Real<"above 0", "x > 0">;
/// Not so small that sums forget it.
def Hash_Tolerance : Hash_Real<"at least 1e-6 and at most 1", "x >= 1e-6 && x <= 1">;
/// A share of something that is not all of it.
def Hash_Share : Hash_Real<"at least 0 and below 1", "x >= 0 && x < 1">;

//===----------------------------------------------------------------------===//
// Between operands
//===----------------------------------------------------------------------===//

/// `name` stands in the op's description, in the verifier's message and in the
/// tests. `cpp` may call the op's getters and what HashConstraints.h has.
class Hash_Constraint<string name, string text, string cpp>
    : PredOpTrait<text # " (" # name # ")", CPred<cpp>> {
  string markdown = "    - (" # name # ") " # text # "\n";
}

/// `a`, `b` and `c`.
class Hash_Listing<list<string> names> {
  string first = !interleave(!foreach(n, names, "`" # n # "`"), ", ");
}
/// The same C++ of each, equal.
class Hash_AllEqual<string name, list<string> names, string text, string cpp>
    : Hash_Constraint<name, Hash_Listing<names>.first # " " # text,
        "::llvm::all_equal({" # !interleave(!foreach(n, names, cpp # "($" # n # ")"), ", ") # "})">;

class Hash_SameRows<list<string> names>
    : Hash_AllEqual<"rows", names, "have as many rows", "getRows">;
class Hash_SameFeatures<list<string> names>
    : Hash_AllEqual<"features", names, "have as many features", "getFeatures">;
class Hash_SameElement<list<string> names>
    : Hash_AllEqual<"type", names, "have one element type", "getElement">;
class Hash_SameType<list<string> names>
    : Hash_AllEqual<"type", names, "have one type", "typeOf">;
/// Elements may be stored narrow, but are computed with in one type.
class Hash_SamePrecision<list<string> names>
    : Hash_AllEqual<"precision", names, "compute in one type", "getCompute">;
/// What sums over rows or is kept between steps is stored as wide as computed.
class Hash_WideAs<string narrow, list<string> names>
    : Hash_Constraint<"precision",
        Hash_Listing<names>.first # " are of the type that `" # narrow # "` computes in",
        "::llvm::all_equal({getCompute($" # narrow # "), "
        # !interleave(!foreach(n, names, "getElement($" # n # ")"), ", ") # "})">;
class Hash_OneElement<string name>
    : Hash_Constraint<"one", "`" # name # "` has one element", "getCount($" # name # ") == 1">;

class Hash_RowPerToken<string name>
    : Hash_Constraint<"tokens", "`" # name # "` has a row for each token of the plan",
        "getRows($" # name # ") == getPlan().getType().getTokens()">;
class Hash_FeaturePerExpert<string name>
    : Hash_Constraint<"experts", "`" # name # "` has a feature for each expert of the plan",
        "getFeatures($" # name # ") == getPlan().getType().getGroups()">;
/// Also of ops whose plan is optional.
class Hash_RowPerSlot<string name>
    : Hash_Constraint<"slots", "`" # name # "` has a row for each slot of the plan",
        "!getPlan() || getRows($" # name # ") == getPlan().getType().getSlots()">;
class Hash_WindowDivides<string name>
    : Hash_Constraint<"window", "the rows of `" # name # "` are whole windows",
        "getRows($" # name # ") % getWindow() == 0">;

#endif // HASH_CONSTRAINTS_TD
