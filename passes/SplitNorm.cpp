//===- SplitNorm.cpp - The gradients' norm in parts -----------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"
#include "passes/Structured.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

namespace hashc {

#define GEN_PASS_DEF_SPLITNORM
#include "passes/Passes.h.inc"

using namespace mlir;

namespace {

/// Elements that are worth a task of their own.
constexpr int64_t kPartElements = 64 << 10;

class SplitNorm final : public impl::SplitNormBase<SplitNorm> {
  using SplitNormBase::SplitNormBase;

  void runOnOperation() override {
    FailureOr<int64_t> most =
        getNumberOrTarget(getOperation(), parts, "norm_parts", /*otherwise=*/1,
                          "a norm in", "parts");
    if (failed(most))
      return signalPassFailure();
    getOperation().walk([&](hash::GlobalNormOp norm) {
      const int64_t count =
          std::min(*most, countElements(norm) / kPartElements);
      if (count > 1)
        split(norm, count);
    });
  }

  static int64_t countElements(hash::GlobalNormOp norm) {
    int64_t count = 0;
    for (Value gradient : norm.getGrads())
      count += cast<ShapedType>(gradient.getType()).getNumElements();
    return count;
  }

  static void split(hash::GlobalNormOp norm, int64_t count) {
    OpBuilder builder(norm);
    auto type = RankedTensorType::get({count}, builder.getF64Type());
    Value partial = hash::PartNormsOp::create(builder, norm.getLoc(), type,
                                              norm.getGrads());
    norm.getGradsMutable().assign(partial);
  }
};

} // namespace
} // namespace hashc
