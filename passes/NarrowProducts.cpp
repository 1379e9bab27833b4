//===- NarrowProducts.cpp - Copies in bf16 for products -------------------===//
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

#define GEN_PASS_DEF_NARROWPRODUCTS
#include "passes/Passes.h.inc"

using namespace mlir;

namespace {

bool isBf16(Value value) { return getElementTypeOrSelf(value).isBF16(); }
bool isF32(Value value) { return getElementTypeOrSelf(value).isF32(); }

/// Rows for each matrix, on average.
template <typename Product>
int64_t getRowsPerGroup(Product product, Value rows) {
  if (hash::PlanType plan = product.getPlanType())
    return plan.getSlots() / plan.getGroups();
  return cast<ShapedType>(rows.getType()).getDimSize(0);
}

/// Whether what the product computes of its rows has bf16's digits anyway.
bool isNarrow(hash::GroupedGemmOp gemm) {
  return llvm::all_of(gemm.getLhs(), isBf16) ||
         (!gemm.getResults().empty() &&
          llvm::all_of(gemm.getResults(), isBf16));
}

class NarrowProducts final : public impl::NarrowProductsBase<NarrowProducts> {
  using NarrowProductsBase::NarrowProductsBase;

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
      function.walk([&](Operation *op) {
        if (auto gemm = dyn_cast<hash::GroupedGemmOp>(op))
          narrow(gemm, *least, copies);
        else if (auto outer = dyn_cast<hash::GroupedOuterOp>(op))
          narrow(outer, *least, copies);
      });
    }
  }

  void narrow(hash::GroupedGemmOp gemm, int64_t least,
              DenseMap<Value, Value> &copies) {
    if (!isNarrow(gemm) ||
        getRowsPerGroup(gemm, gemm.getInits().front()) < least)
      return;
    narrow(gemm.getLhsMutable(), copies);
    narrow(gemm.getRhsMutable(), copies);
  }

  void narrow(hash::GroupedOuterOp outer, int64_t least,
              DenseMap<Value, Value> &copies) {
    if (isBf16(outer.getLhs()) == isBf16(outer.getRhs()) ||
        getRowsPerGroup(outer, outer.getLhs()) < least)
      return;
    narrow(outer.getLhsMutable(), copies);
    narrow(outer.getRhsMutable(), copies);
  }

  /// The first product that wants a copy makes it, so that later ones have it.
  void narrow(MutableOperandRange operands, DenseMap<Value, Value> &copies) {
    for (OpOperand &use : operands)
      if (isF32(use.get())) {
        Value &copy = copies[use.get()];
        if (!copy)
          copy = createCopy(use.getOwner(), use.get());
        use.set(copy);
      }
  }

  Value createCopy(Operation *product, Value matrix) {
    OpBuilder builder(product);
    Location location = product->getLoc();
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
