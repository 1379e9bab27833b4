//===- NarrowWeights.cpp - Copies of weights in bf16 for products ---------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"
#include "passes/Structured.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/Pass/Pass.h"
#include "llvm/ADT/DenseMap.h"

namespace hashc {

#define GEN_PASS_DEF_NARROWWEIGHTS
#include "passes/Passes.h.inc"

using namespace mlir;

namespace {

bool isBf16(Value value) { return getElementTypeOrSelf(value).isBF16(); }
bool isF32(Value value) { return getElementTypeOrSelf(value).isF32(); }

/// Rows for each matrix, on average.
int64_t getRowsPerGroup(hash::GroupedGemmOp gemm) {
  if (hash::PlanType plan = gemm.getPlanType())
    return plan.getSlots() / plan.getGroups();
  return cast<ShapedType>(gemm.getInits().front().getType()).getDimSize(0);
}

class NarrowWeights final : public impl::NarrowWeightsBase<NarrowWeights> {
  using NarrowWeightsBase::NarrowWeightsBase;

  void runOnOperation() override {
    FailureOr<int64_t> least =
        getNumberOrTarget(getOperation(), rows, "narrow_rows", /*otherwise=*/0,
                          "products of", "rows");
    if (failed(least))
      return signalPassFailure();
    if (*least == 0)
      return;
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      DenseMap<Value, Value> copies;
      function.walk([&](hash::GroupedGemmOp gemm) {
        if (llvm::all_of(gemm.getLhs(), isBf16) &&
            getRowsPerGroup(gemm) >= *least)
          narrow(gemm, copies);
      });
    }
  }

  /// The first product that wants a copy makes it, so that later ones have it.
  void narrow(hash::GroupedGemmOp gemm, DenseMap<Value, Value> &copies) {
    for (OpOperand &use : gemm.getRhsMutable())
      if (isF32(use.get())) {
        Value &copy = copies[use.get()];
        if (!copy)
          copy = createCopy(gemm, use.get());
        use.set(copy);
      }
  }

  Value createCopy(hash::GroupedGemmOp gemm, Value matrix) {
    OpBuilder builder(gemm);
    Location location = gemm.getLoc();
    auto type =
        cast<RankedTensorType>(matrix.getType()).clone(builder.getBF16Type());
    SpacedOperands reads, outs;
    reads.add(matrix, hash::RowSpace::position);
    outs.add(createEmpty(builder, location, type), hash::RowSpace::position);
    ++numCopies;
    return createMap(builder, location, /*plan=*/Value(), reads, outs,
                     /*zeroDead=*/false,
                     [](OpBuilder &, ValueRange scalars) {
                       return SmallVector<Value>{scalars.front()};
                     })
        ->getResult(0);
  }
};

} // namespace
} // namespace hashc
