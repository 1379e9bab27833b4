//===- HashStructuredOps.td - What fusion works on and back ends lower -*- tablegen -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASH_STRUCTURED_OPS_TD
#define HASH_STRUCTURED_OPS_TD

include "HashBase.td"

/// Operands name the row space they live in, never an index tensor. With a plan:
///   position, slot: [slots, N]; token: [tokens, N]; group: [groups, N]; all: [N].
/// Without one every row space but `all` is the row itself.
/// Bodies run on scalars of the compute type (f64 for f64, else f32): reads are
/// widened, yields narrowed. Destination-passing: result i updates init i in
/// place. On tensors there is one result an init; on memrefs there is none, the
/// plan is its buffer, and `plan_shape` tells its extent.
class Hash_StructuredOp<string mnemonic>
    : Hash_Op<mnemonic, [], [AttrSizedOperandSegments, SingleBlock, IsolatedFromAbove,
        DeclareOpInterfaceMethods<Hash_BufferHintsOpInterface, ["getTiedOperandOf", "mayReuse"]>,
        DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let regions = (region SizedRegion<1>:$body);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let hasVerifier = 1;
  /// What every structured op must keep to, beside its own constraints.
  string Common = [{
    - (form) operands are all tensors, and the plan a `!hash.plan`; or all
      memrefs, and the plan its buffer, of the extent that `plan_shape` tells
    - (results) on tensors there is one result an init, of its type; on memrefs
      there is none, and no buffer is two outs
    - (spaces) each operand has a row space where the op asks for one
    - (body) the body has a scalar for each sum, read and init, in the type that
      it computes in, and yields one for each out; it holds only ops on scalars
      without side effects or regions}];
  code structuredDeclaration = [{
    /// The plan's extent, on tensors and on memrefs; null without a plan.
    ::hashc::hash::PlanType getPlanType();
    /// The element type bodies compute in.
    ::mlir::Type getComputeType();
    ::mlir::Block &getBodyBlock() { return getBody().front(); }
  }];
  let extraClassDeclaration = structuredDeclaration;
  let extraClassDefinition = [{
    ::hashc::hash::PlanType $cppClass::getPlanType() {
      if (getPlanShape())
        return ::llvm::cast<::hashc::hash::PlanType>(*getPlanShape());
      return getPlan() ? ::llvm::dyn_cast<::hashc::hash::PlanType>(getPlan().getType())
                       : ::hashc::hash::PlanType();
    }
    ::mlir::Type $cppClass::getComputeType() {
      return ::hashc::hash::getComputeType(
          ::mlir::getElementTypeOrSelf(getInits().front().getType()));
    }
    int64_t $cppClass::getTiedOperandOf(unsigned result) {
      return getInits().getBeginOperandIndex() + result;
    }
    void $cppClass::getEffects(
        ::llvm::SmallVectorImpl<::mlir::MemoryEffects::EffectInstance> &effects) {
      addBufferEffects(getOperation(), getInits(), effects);
    }
  }];
}

def Hash_GroupedGemmOp : Hash_StructuredOp<"grouped_gemm"> {
  let summary = "ragged rows x each expert's matrix, with a body for every element of the result";
  let description = [{
    For every live row and column n: `acc[into[i]] += sum over k of lhs[i][row, k] * rhs[i][group, k, n]`
    (`rhs[i][group, n, k]` with `transposed`), products in order, k ascending; then the
    body sees the accumulators, then the reads, then the inits at that element,
    and yields the outs. Outs live in position or slot space, so writes never collide.
    Dead rows keep the init's value, or become zero with `zero_dead`.
    A matrix in panels has one more dimension: `[..., ceil(N/p), K, p]` for the
    logical `[..., K, N]`. Without a plan the matrices have no group dimension.
    The grouped products of MegaBlocks (Gale et al. 2023), with gather, scatter
    and elementwise work inside as in ScatterMoE (Tan et al. 2024).

    ```mlir
    %h, %a = hash.grouped_gemm plan(%p : !p) lhs(%x : tensor<4096x256xf32>) at [token]
        rhs(%w1 : tensor<64x256x1024xf32>) into [0] reads(%b1 : tensor<64x1024xf32>) at [group]
        outs(%e, %e : tensor<4096x1024xf32>, tensor<4096x1024xf32>) at [position, position] {
    ^bb0(%acc: f32, %bias: f32, %i0: f32, %i1: f32):
      %s = arith.addf %acc, %bias : f32
      %t = math.tanh %s : f32
      hash.yield %s, %t : f32, f32
    } -> tensor<4096x1024xf32>, tensor<4096x1024xf32>
    ```

    Constraints:

    - (products) there is at least one product, and as many lhs as rhs and `into`
    - (into) sums are numbered from 0 without gaps, each in `into` at least once
    - (precision) all operands compute in one type
    - (lhs) an lhs is `[rows, K]`, in position, slot or token space
    - (rhs) an rhs is `[K, N]`, or in panels, for each expert of the plan
    - (outs) outs are `[rows, N]` of one N, in position or slot space; without a
      plan in any but `all`
    - (reads) a read is `[rows, N]` or one value a row `[rows]`, in space `all`
      one row `[N]`; or one element in any space
    - (zero_dead) rows without an expert exist only with a plan
  }] # Common;
  let arguments = (ins Optional<Hash_PlanOrBuffer>:$plan, Variadic<Hash_FloatBuffer>:$lhs,
                       Variadic<Hash_FloatBuffer>:$rhs, Variadic<Hash_FloatBuffer>:$reads,
                       Variadic<Hash_FloatBuffer>:$inits, DenseI32ArrayAttr:$lhs_at,
                       DenseI64ArrayAttr:$into, DenseI32ArrayAttr:$reads_at,
                       DenseI32ArrayAttr:$outs_at, UnitAttr:$transposed, UnitAttr:$zero_dead,
                       OptionalAttr<TypeAttrOf<Hash_PlanType>>:$plan_shape);
  let assemblyFormat = [{
    (`plan` `(` $plan^ `:` type($plan) `)`)? `lhs` `(` $lhs `:` type($lhs) `)` `at` custom<RowSpaces>($lhs_at)
    `rhs` `(` $rhs `:` type($rhs) `)` (`transposed` $transposed^)? `into` $into
    `reads` `(` ($reads^ `:` type($reads))? `)` `at` custom<RowSpaces>($reads_at)
    `outs` `(` $inits `:` type($inits) `)` `at` custom<RowSpaces>($outs_at) (`zero_dead` $zero_dead^)?
    $body attr-dict (`->` type($results)^)?
  }];
}

def Hash_GroupedOuterOp : Hash_StructuredOp<"grouped_outer"> {
  let summary = "the transpose of grouped_gemm: a ragged contraction over each expert's rows";
  let description = [{
    `acc = sum over the expert's live rows, in position order, of lhs[row, k] * rhs[row, n]`;
    then the body sees acc, the reads (shaped as the outs, space `all`) and the
    inits, and yields the outs `[groups, K, N]` (`[K, N]` without a plan). With
    `skip_empty` experts without rows keep the init and the body does not run there.

    ```mlir
    %dw = hash.grouped_outer plan(%p : !p) lhs(%x : tensor<4096x256xf32>) rhs(%dh : tensor<4096x1024xf32>)
        at [token, position] skip_empty reads() outs(%g : tensor<64x256x1024xf32>) {
    ^bb0(%acc: f32, %g0: f32):
      %s = arith.addf %g0, %acc : f32
      hash.yield %s : f32
    } -> tensor<64x256x1024xf32>
    ```

    Constraints:

    - (precision) all operands compute in one type
    - (lhs) `lhs` and `rhs` are `[rows, K]` and `[rows, N]`, in position, slot or
      token space
    - (outs) outs and reads are `[K, N]`, or in panels, for each expert of the plan
    - (skip_empty) experts without rows exist only with a plan
  }] # Common;
  let arguments = (ins Optional<Hash_PlanOrBuffer>:$plan, Hash_FloatBuffer:$lhs, Hash_FloatBuffer:$rhs,
                       Variadic<Hash_FloatBuffer>:$reads, Variadic<Hash_FloatBuffer>:$inits,
                       DenseI32ArrayAttr:$at, UnitAttr:$skip_empty,
                       OptionalAttr<TypeAttrOf<Hash_PlanType>>:$plan_shape);
  let assemblyFormat = [{
    (`plan` `(` $plan^ `:` type($plan) `)`)? `lhs` `(` $lhs `:` type($lhs) `)` `rhs` `(` $rhs `:` type($rhs) `)`
    `at` custom<RowSpaces>($at) (`skip_empty` $skip_empty^)? `reads` `(` ($reads^ `:` type($reads))? `)`
    `outs` `(` $inits `:` type($inits) `)` $body attr-dict (`->` type($results)^)?
  }];
}

def Hash_MapOp : Hash_StructuredOp<"map"> {
  let summary = "a body for every element, rows read and written through a plan";
  let description = [{
    grouped_gemm without a product: gathers, scatters, broadcasts and elementwise
    chains. The body sees the reads, then the inits. With a plan it runs on live rows,
    and `zero_dead` clears the others; without one, operands are `[R, N]` (or any
    equal shape), or `[N]` in space `all`, or one element `[1]` in space `all`.
    Operands need not have the same element type: integers and floats mix.

    ```mlir
    %y = hash.map plan(%p : !p) reads(%yp : tensor<4096x256xf32>) at [position]
        outs(%e : tensor<4096x256xf32>) at [slot] zero_dead {
    ^bb0(%v: f32, %i: f32):
      hash.yield %v : f32
    } -> tensor<4096x256xf32>
    ```

    Constraints:

    - (outs) there is at least one out; with a plan outs are `[rows, N]` or
      `[rows]`, in position or slot space
    - (reads) a read is `[rows, N]` or one value a row `[rows]`, in space `all`
      one row `[N]`; or one element in any space. Where all operands have one
      shape, or one element, without a plan, their spaces do not matter
    - (zero_dead) rows without an expert exist only with a plan
  }] # Common;
  let arguments = (ins Optional<Hash_PlanOrBuffer>:$plan, Variadic<Hash_Buffer>:$reads,
                       Variadic<Hash_Buffer>:$inits, DenseI32ArrayAttr:$reads_at,
                       DenseI32ArrayAttr:$outs_at, UnitAttr:$zero_dead,
                       OptionalAttr<TypeAttrOf<Hash_PlanType>>:$plan_shape);
  let assemblyFormat = [{
    (`plan` `(` $plan^ `:` type($plan) `)`)? `reads` `(` ($reads^ `:` type($reads))? `)` `at` custom<RowSpaces>($reads_at)
    `outs` `(` $inits `:` type($inits) `)` `at` custom<RowSpaces>($outs_at) (`zero_dead` $zero_dead^)?
    $body attr-dict (`->` type($results)^)?
  }];
}

def Hash_YieldOp : Hash_Op<"yield", [], [Pure, Terminator, ReturnLike,
    ParentOneOf<["GroupedGemmOp", "GroupedOuterOp", "MapOp"]>]> {
  let summary = "ends the body of a structured op";
  let description = "One scalar for each out, in order.";
  let arguments = (ins Variadic<AnyType>:$values);
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
}

//===----------------------------------------------------------------------===//
// Buffer form
//===----------------------------------------------------------------------===//

def Hash_LibraryCallOp : Hash_Op<"library_call", [], [AttrSizedOperandSegments,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "a named op on buffers";
  let description = [{
    The buffer form of every named op: `callee` is the op's mnemonic, `ins` its
    operands (a plan is its buffer) without those that are updated in place,
    `outs` its results. The op's own attributes are kept beside, in `config`;
    `plan_shape` tells the extent of the plan where there is one.

    ```mlir
    hash.library_call "layer_norm" ins(%x, %g, %b : memref<...>, ...) outs(%y, %m, %r : memref<...>, ...) {config = {eps = 1.0e-5 : f64}}
    ```

    Constraints:

    - (callee) `callee` is a named op of this dialect: one on tensors, without a body
    - (plan) where the op has a plan, `plan_shape` tells its extent, and its
      buffer is as long

    Then the named op itself is verified, with `config`, on tensors of the
    buffers' shapes.
  }];
  let arguments = (ins StrAttr:$callee, Variadic<Hash_MemRef>:$ins, Variadic<Hash_MemRef>:$outs,
                       DictionaryAttr:$config, OptionalAttr<TypeAttrOf<Hash_PlanType>>:$plan_shape);
  let assemblyFormat = [{
    $callee `ins` `(` ($ins^ `:` type($ins))? `)` `outs` `(` ($outs^ `:` type($outs))? `)` attr-dict
  }];
  let hasVerifier = 1;
}

def Hash_LaunchOp : Hash_Op<"launch", [], [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "runs a kernel on the team of threads";
  let description = [{
    Calls `kernel(task, buffers...)` for every task in 0 .. tasks-1, in any
    order, on any thread, and returns when all are done. Tasks are cut by shape,
    never by thread count, so the bits are the same on any team.

    ```mlir
    hash.launch @ffn_up tasks 96 (%x, %w, %y) : memref<...>, memref<...>, memref<...>
    ```

    Constraints:

    - (kernel) `kernel` is a function of this module
    - (buffers) it takes the task's number, an index, and then the buffers, and
      returns nothing
  }];
  let arguments = (ins FlatSymbolRefAttr:$kernel, Hash_Count:$tasks, Variadic<Hash_MemRef>:$buffers);
  let assemblyFormat = "$kernel `tasks` $tasks `(` ($buffers^)? `)` attr-dict (`:` type($buffers)^)?";
}

#endif // HASH_STRUCTURED_OPS_TD
