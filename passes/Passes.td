//===- Passes.td - hashc's passes -------------------------*- tablegen -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASH_PASSES_TD
#define HASH_PASSES_TD

include "mlir/Pass/PassBase.td"

//===----------------------------------------------------------------------===//
// From the model to its training step
//===----------------------------------------------------------------------===//

def DeriveEval : Pass<"hash-derive-eval", "mlir::ModuleOp"> {
  let summary = "Make the evaluation step from the forward function";
  let description = [{
    Clones `@forward` as `@eval_step`, which returns the losses, and plans that
    activations made, without what is of training only
    (`TrainingOnlyOpInterface`): dropout, jitter, capacities, auxiliary losses. Expects the frontend's module, before `hash-differentiate`.
  }];
  let dependentDialects = ["hash::HashDialect", "mlir::func::FuncDialect"];
  let statistics = [Statistic<"numRemoved", "removed", "Ops of training only that evaluation does without">];
}

def DeriveDecode : Pass<"hash-derive-decode", "mlir::ModuleOp"> {
  let summary = "Make the decoding step from the forward function";
  let description = [{
    Writes `@decode_step`, which computes the logits of one row of one window.
    Ops say themselves how (`DecodableOpInterface`). Row-wise ops are cloned for
    one row. Stateful ops keep state between calls: attention becomes
    `hash.attention_decode` with a cache of keys and of values, named after its
    path. Anything else is an error. Where a row of the logits depends on what
    comes after it (`NonCausalOpInterface`), there is no decoding step, and the
    module says why in `hash.not_decodable`; where this is so in training, in
    `hash.not_causal_in_training`. Token streams stay as long
    as a window, and `hash.row_at` cuts the row where an activation op reads it,
    so that `prev` and positions work across the prompt's end. What one row does
    not need is no argument.

    ```mlir
    %y, %lse = hash.attention %q, %k, %v, %starts {...}        // 4096 rows
    // becomes
    %s = hash.row_at %starts at %index : (tensor<256xi32>, tensor<1xi32>) -> tensor<1xi32>
    %y, %k2, %v2 = hash.attention_decode %q, %k, %v, %s, %index, %k_cache, %v_cache {...}   // one row
    ```
  }];
  let dependentDialects = ["hash::HashDialect", "mlir::arith::ArithDialect", "mlir::func::FuncDialect"];
  let statistics = [
    Statistic<"numStates", "states", "Buffers kept from call to call">,
    Statistic<"numStreams", "streams", "Token streams of which a row is read">
  ];
}

def Differentiate : Pass<"hash-differentiate", "mlir::ModuleOp"> {
  let summary = "Make the training step from the forward function";
  let description = [{
    Writes `@grad_step`, which adds the gradients of
    `scale * sum of the losses` to the gradient accumulators, and those of
    `aux_scale * sum of the auxiliary losses`; and `@update`, the
    optimizer's step. Each op builds its own derivative
    (`DifferentiableOpInterface`); cotangents accumulate in reverse program
    order. Tables and integers have no gradient. A result with the role
    `grad` is added to that accumulator as it is: what experts were given, for a
    parameter that `hash.balance_bias` moves.

    ```mlir
    func.func @grad_step(%w: ..., %g: ..., ..., %scale: tensor<1xf32>) -> (losses, gradients)
    func.func @update(params, gradients, moments, %hyper: tensor<4xf64>) -> (params, gradients, moments, norm)
    ```
  }];
  let dependentDialects = ["hash::HashDialect", "mlir::arith::ArithDialect", "mlir::func::FuncDialect", "mlir::math::MathDialect"];
  let statistics = [Statistic<"numDifferentiated", "differentiated", "Ops that a gradient flows through">];
}

def HoistRouting : Pass<"hash-hoist-routing", "mlir::ModuleOp"> {
  let summary = "Make the plans once per batch, in an entry point of their own";
  let description = [{
    Routing by tokens does not depend on activations: whatever `@grad_step` and
    `@eval_step` compute from tokens, document starts and tables alone
    (`TokenStreamOpInterface`) moves to `@plan_batch`, which runs once for a batch. Equal computations become one, so
    layers of one router, and training and evaluation, share a plan. Plans and
    streams cross as arguments with the role `plan`; comparisons are cheaper to
    do again than to store. A plan that depends on activations stays. Decoding
    plans one row a call and is left alone.

    ```mlir
    func.func @grad_step(..., %tokens: tensor<512xi32> {hash.arg = #hash.arg<tokens>}) {
      %e = hash.table_lookup %tokens in %table : ...
      %p = hash.plan %e masked %tokens : ...
    // becomes
    func.func @plan_batch(%table: ..., %tokens: ...) -> (!p {hash.arg = #hash.arg<plan, "plan0">})
    func.func @grad_step(..., %p: !p {hash.arg = #hash.arg<plan, "plan0">})
    ```
  }];
  let dependentDialects = ["hash::HashDialect", "mlir::func::FuncDialect"];
  let options = [Option<"share", "share", "bool", "true", "Make equal plans once">];
  let statistics = [
    Statistic<"numHoisted", "hoisted", "Plans and streams made once per batch">,
    Statistic<"numShared", "shared", "Plans that another layer or entry point had made already">
  ];
}

def FinishStage : Pass<"hash-finish-stage", "mlir::ModuleOp"> {
  let summary = "Record the stage a module has reached";
  let description = [{
    Sets `hash.stage`, from which hashc goes on when it is given a printed
    module. After the step, `@forward` has served its purpose and is erased.
  }];
  let options = [Option<"stage", "stage", "std::string", "", "hash, step, fused or kernels">];
}

def VerifyStage : Pass<"hash-verify-stage", "mlir::ModuleOp"> {
  let summary = "Check what a stage promises";
  let description = [{
    After the step, every argument and result of an entry point has a role. In
    the fused stage, no op is left that has a structured form. In the kernels
    stage, entry points take buffers and only launch kernels. Names the op that
    breaks the promise.
  }];
  let options = [Option<"stage", "stage", "std::string", "", "hash, step, fused or kernels">];
}

//===----------------------------------------------------------------------===//
// Fusion
//===----------------------------------------------------------------------===//

def Generalize : Pass<"hash-generalize", "mlir::func::FuncOp"> {
  let summary = "Turn named ops into the three structured ones";
  let description = [{
    Matrix products become `hash.grouped_gemm` and `hash.grouped_outer`;
    dispatch, combine (of one choice), broadcasts and every elementwise op become
    a `hash.map` each, so that fusion has one kind of op to work on. Constants
    and comparisons move into the bodies. `total + gradient` becomes a product
    that starts at the total, so a gradient is accumulated in place.

    ```mlir
    %b = hash.broadcast %bias by %p : (tensor<64x1024xf32>, !p) -> tensor<4096x1024xf32>
    %s = arith.addf %h, %b : tensor<4096x1024xf32>
    // becomes
    %b = hash.map plan(%p : !p) reads(%bias : ...) at [group] outs(%e : ...) at [position] {...}
    %s = hash.map reads(%h, %b : ...) at [position, position] outs(%e : ...) at [position] {...}
    ```
  }];
  let dependentDialects = ["hash::HashDialect", "mlir::arith::ArithDialect", "mlir::tensor::TensorDialect"];
  let statistics = [
    Statistic<"numGeneralized", "generalized", "Named and elementwise ops turned into structured ones">,
    Statistic<"numAccumulations", "accumulations", "Gradients accumulated in place">
  ];
}

def Recompute : Pass<"hash-recompute", "mlir::func::FuncOp"> {
  let summary = "Compute activations again for the gradient instead of keeping them";
  let description = [{
    With the policy `activations`, a map of the forward half whose reads the
    gradient needs anyway, or can compute again too, is repeated in front of its
    first use in the backward half; the first value need not be kept. The copy
    carries `hash.recomputed`, so that it stays a copy. Runs on generalised
    functions that return losses and gradients; arithmetic does not change.

    ```mlir
    %t = hash.map reads(%s : ...) ... { tanh }     // forward
    ...
    %g = hash.map reads(%s, %t, %dy : ...) ...     // backward
    // becomes
    %t2 = hash.map reads(%s : ...) ... { tanh } {hash.recomputed}
    %g = hash.map reads(%s, %t2, %dy : ...) ...
    ```
  }];
  let dependentDialects = ["hash::HashDialect"];
  let options = [Option<"policy", "policy", "std::string", "",
                        "none or activations; empty: what hash.target says in recompute, else none">];
  let statistics = [Statistic<"numRecomputed", "recomputed", "Activations computed again">];
}

def FuseDispatch : Pass<"hash-fuse-dispatch", "mlir::func::FuncOp"> {
  let summary = "Let products gather their rows and scatter their results";
  let description = [{
    A map that only gathers rows, and whose result only products of the same plan
    read, goes away: they read its source by token. A map that only scatters the
    result of a product goes away as well: the product writes by slot. What has
    to be stored for another reader is kept, since rows stored in order are read
    faster.

    ```mlir
    %g = hash.map plan(%p : !p) reads(%x : ...) at [token] outs(%e : ...) at [position] {...}
    %y = hash.grouped_gemm plan(%p : !p) lhs(%g : ...) at [position] ... outs(%f : ...) at [position] {...}
    %s = hash.map plan(%p : !p) reads(%y : ...) at [position] outs(%f : ...) at [slot] zero_dead {...}
    // becomes
    %s = hash.grouped_gemm plan(%p : !p) lhs(%x : ...) at [token] ... outs(%f : ...) at [slot] zero_dead {...}
    ```
  }];
  let dependentDialects = ["hash::HashDialect"];
  let options = [Option<"level", "level", "std::string", "",
                        "none, dispatch, epilogue or all; empty: what hash.target says in fuse">];
  let statistics = [
    Statistic<"numGathers", "gathers", "Gathers that products do themselves">,
    Statistic<"numScatters", "scatters", "Scatters that products do themselves">
  ];
}

def FuseEpilogue : Pass<"hash-fuse-epilogue", "mlir::func::FuncOp"> {
  let summary = "Compute elementwise where the input is made";
  let description = [{
    Chains of maps become one map, and maps that read a product become its body:
    biases, activations, their gradients and residual sums then never go through
    memory between steps. A result that others read too stays an out of the
    product. A value that several maps read is computed again only where that is
    cheap and adds no reads.

    Rows without an expert keep their meaning. A map over all rows may move into
    a product by plan where the product's other rows are unspecified; where they
    are zero, only `x + product` may, which then starts from `x`, so that rows
    without an expert keep `x`. Everything else stays and a remark says why. The
    order of floating-point operations never changes, so in f32 and f64 no bit
    does. In bf16 a value that is passed on inside a body is not rounded, as it
    would be in memory.

    ```mlir
    %y = hash.grouped_gemm ... outs(%e : ...) at [position] { acc }
    %s = hash.map reads(%y, %b : ...) at [position, all] ... { y + b }
    %a = hash.map reads(%s : ...) at [position] ... { tanh(s) }
    // becomes, where the gradient needs %s as well
    %s, %a = hash.grouped_gemm ... reads(%b : ...) at [all] outs(%e, %e : ...) at [position, position] { acc + b, tanh(acc + b) }
    ```
  }];
  let dependentDialects = ["hash::HashDialect", "mlir::tensor::TensorDialect"];
  let options = [Option<"level", "level", "std::string", "",
                        "none, dispatch, epilogue or all; empty: what hash.target says in fuse">];
  let statistics = [
    Statistic<"numMaps", "maps", "Maps computed inside another map">,
    Statistic<"numEpilogues", "epilogues", "Maps computed inside a product">
  ];
}

//===----------------------------------------------------------------------===//
// From tensors to kernels on buffers
//===----------------------------------------------------------------------===//

def SelectLayouts : Pass<"hash-select-layouts", "mlir::ModuleOp"> {
  let summary = "Store expert matrices in the panels that the kernels read";
  let description = [{
    A grouped parameter that is only multiplied by, accumulated into and updated
    element by element gets `panel = n`: it, its gradient and its moments are
    stored as `[groups, ceil(N / n), K, n]`. With a few dozen rows an expert,
    packing panels on every call would cost a quarter of the speed. Expects the
    fused stage; the width is the target's unless `panel` is given.
  }];
  let dependentDialects = ["hash::HashDialect"];
  let options = [Option<"panel", "panel", "int64_t", "0", "Columns of a panel; 0: the target's">];
  let statistics = [Statistic<"numPanels", "panels", "Parameters stored in panels">];
}

def NarrowProducts : Pass<"hash-narrow-products", "mlir::ModuleOp"> {
  let summary = "Copies of weights and of gradients in bf16, for products that are bf16 elsewhere";
  let description = [{
    A `hash.grouped_gemm` whose rows or results are bf16, and a
    `hash.grouped_outer` one side of which is, get copies in bf16 of what they
    read in f32: of weights, and of the loss's gradient. Tensor cores multiply
    those at twice the speed of tf32. A copy is made once in an entry point,
    before the first product that reads it, and costs a reading and half a
    writing: less than it saves where a matrix is read for many rows, or rows for
    many columns. Products with fewer than `rows` rows for each matrix, on
    average, stay as they are; such are those of decoding. Expects the fused
    stage, and works on tensors.

    ```mlir
    %y = hash.grouped_gemm lhs(%x : tensor<64x16xbf16>) at [position] rhs(%w : tensor<16x32xf32>) ...
    // becomes
    %b = hash.map reads(%w : tensor<16x32xf32>) at [position] outs(%e : tensor<16x32xbf16>) at [position] {...}
    %y = hash.grouped_gemm lhs(%x : tensor<64x16xbf16>) at [position] rhs(%b : tensor<16x32xbf16>) ...
    ```
  }];
  let dependentDialects = ["hash::HashDialect", "mlir::tensor::TensorDialect"];
  let options = [Option<"rows", "rows", "int64_t", "0",
                        "Rows for each matrix from which on it is copied; 0: the target's">];
  let statistics = [Statistic<"numCopies", "copies", "Copies">];
}

def SplitNorm : Pass<"hash-split-norm", "mlir::ModuleOp"> {
  let summary = "The gradients' norm in parts that run side by side";
  let description = [{
    A `hash.global_norm` of 131072 elements or more becomes the norm of
    `hash.part_norms`, the tasks of which share every gradient. There are as many
    parts as the target's `norm_parts` says, but none has fewer than 65536
    elements; their number follows from shapes alone, and so do the bits of the
    norm. Expects the fused stage, and works on tensors.

    ```mlir
    %n = hash.global_norm %g : (tensor<1048576xf32>) -> tensor<1xf64>
    // becomes
    %p = hash.part_norms %g : (tensor<1048576xf32>) -> tensor<16xf64>
    %n = hash.global_norm %p : (tensor<16xf64>) -> tensor<1xf64>
    ```
  }];
  let dependentDialects = ["hash::HashDialect"];
  let options = [Option<"parts", "parts", "int64_t", "0", "Parts at most; 0: the target's">];
}

def PlanMemory : Pass<"hash-plan-memory", "mlir::ModuleOp"> {
  let summary = "Turn tensors into buffers in one static arena";
  let description = [{
    Entry points are straight-line code, so each value's lifetime is known.
    Arguments become buffers; results that carry an argument's role are updates
    of its buffer in place, the others become arguments of their own; all other
    values get a place in one arena, the last argument. Values whose lifetimes do
    not meet share memory, and a result takes the place of a dying operand where
    its op allows that. Structured ops stay, on memrefs; every other op becomes
    `hash.library_call`. An update of a parameter or of optimizer state whose old
    value is still read is an error that names both places, never a copy.

    ```mlir
    %e = tensor.empty() : tensor<8x16xf32>
    %y = hash.map reads(%x : tensor<8x16xf32>) at [position] outs(%e : ...) at [position] {...} -> tensor<8x16xf32>
    // becomes
    %y = memref.view %arena[%c1024][] : memref<4096xi8> to memref<8x16xf32>
    hash.map reads(%x : memref<8x16xf32>) at [position] outs(%y : memref<8x16xf32>) at [position] {...}
    ```
  }];
  let dependentDialects = ["hash::HashDialect", "mlir::arith::ArithDialect", "mlir::memref::MemRefDialect"];
  let options = [Option<"reuse", "reuse", "bool", "true", "Let values share memory; false helps to find a misuse of it">];
  let statistics = [
    Statistic<"numArenaBytes", "arena-bytes", "Bytes of the arenas of all entry points">,
    Statistic<"numInPlace", "in-place", "Results that took the place of an operand">,
    Statistic<"numCopies", "copies", "Copies that had to be made">
  ];
}

def OutlineKernels : Pass<"hash-outline-kernels", "mlir::ModuleOp"> {
  let summary = "Make every op on buffers a kernel of its own";
  let description = [{
    Each structured op and library call moves into a private function of a task
    number and the buffers; the entry point launches it. Ops of the same shape
    share one function. `hash.kernel` on it says what it is and what it costs.

    ```mlir
    hash.launch @grouped_gemm tasks 12 (%x, %w, %y) : memref<...>, memref<...>, memref<...>
    func.func private @grouped_gemm(%task: index, %x: memref<...>, ...) attributes {hash.kernel = {...}}
    ```
  }];
  let dependentDialects = ["hash::HashDialect", "mlir::func::FuncDialect"];
  let statistics = [
    Statistic<"numKernels", "kernels", "Distinct kernels">,
    Statistic<"numLaunches", "launches", "Launches of kernels">
  ];
}

#endif // HASH_PASSES_TD
