//===- FuseDispatch.cpp - Products that gather and scatter themselves -----===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/EntryPoints.h"
#include "passes/Passes.h"
#include "passes/Structured.h"

#include "mlir/IR/Remarks.h"

#define DEBUG_TYPE "hash-fuse-dispatch"

namespace hashc {
#define GEN_PASS_DEF_FUSEDISPATCH
#include "passes/Passes.h.inc"

using namespace mlir;
using hash::RowSpace;

namespace {

/// A map that only moves rows: its read and out, and their spaces.
struct Move {
  Value from, to;
  RowSpace fromSpace, toSpace;
};

std::optional<Move> getMove(hash::MapOp map) {
  if (!map.getPlan() || map.getReads().size() != 1 || map.getNumResults() != 1)
    return std::nullopt;
  Block &body = map.getBodyBlock();
  auto yield = cast<hash::YieldOp>(body.getTerminator());
  Value from = map.getReads().front(), to = map.getResult(0);
  if (yield.getValues().front() != body.getArgument(0) ||
      getElementTypeOrSelf(from) != getElementTypeOrSelf(to))
    return std::nullopt;
  return Move{from, to, static_cast<RowSpace>(map.getReadsAt().front()),
              static_cast<RowSpace>(map.getOutsAt().front())};
}

/// True if the operand is a side of a product by `plan` that is read by
/// position.
bool isProductSide(OpOperand &use, Value plan) {
  int64_t number = use.getOperandNumber();
  auto position = static_cast<int32_t>(RowSpace::position);
  if (auto gemm = dyn_cast<hash::GroupedGemmOp>(use.getOwner())) {
    int64_t side = number - gemm.getLhs().getBeginOperandIndex();
    return gemm.getPlan() == plan && side >= 0 &&
           side < static_cast<int64_t>(gemm.getLhs().size()) &&
           gemm.getLhsAt()[side] == position;
  }
  auto outer = dyn_cast<hash::GroupedOuterOp>(use.getOwner());
  if (!outer || outer.getPlan() != plan)
    return false;
  if (number == outer.getLhsMutable().getOperandNumber())
    return outer.getAt()[0] == position;
  return number == outer.getRhsMutable().getOperandNumber() &&
         outer.getAt()[1] == position;
}

void readInstead(OpOperand &use, Value from, RowSpace space) {
  if (auto gemm = dyn_cast<hash::GroupedGemmOp>(use.getOwner())) {
    int64_t side = static_cast<int64_t>(use.getOperandNumber()) -
                   gemm.getLhs().getBeginOperandIndex();
    SmallVector<int32_t> spaces(gemm.getLhsAt());
    spaces[side] = static_cast<int32_t>(space);
    gemm.setLhsAt(spaces);
  } else {
    auto outer = cast<hash::GroupedOuterOp>(use.getOwner());
    bool isLhs =
        use.getOperandNumber() == outer.getLhsMutable().getOperandNumber();
    SmallVector<int32_t> spaces(outer.getAt());
    spaces[isLhs ? 0 : 1] = static_cast<int32_t>(space);
    outer.setAt(spaces);
  }
  use.set(from);
}

class FuseDispatch final : public impl::FuseDispatchBase<FuseDispatch> {
  using FuseDispatchBase::FuseDispatchBase;

  void runOnOperation() override {
    FailureOr<FusionLevel> fusions = getFusionLevel(getOperation(), level);
    if (failed(fusions))
      return signalPassFailure();
    if (!fusions->dispatch || !getStraightLine(getOperation()))
      return;
    SmallVector<hash::MapOp> maps(getOperation().getOps<hash::MapOp>());
    for (hash::MapOp map : maps) {
      std::optional<Move> move = getMove(map);
      if (!move)
        continue;
      if (move->toSpace == RowSpace::position &&
          (move->fromSpace == RowSpace::token ||
           move->fromSpace == RowSpace::slot))
        fuseGather(map, *move);
      else if (move->toSpace == RowSpace::slot &&
               move->fromSpace == RowSpace::position && map.getZeroDead())
        fuseScatter(map, *move);
    }
  }

  void report(hash::MapOp map, StringRef what, Operation *into) {
    remark::passed(map.getLoc(), remark::RemarkOpts::name("fused")
                                     .category(DEBUG_TYPE)
                                     .function(getOperation().getName()))
        << remark::add("{0} of {1} fused into {2}", what,
                       hash::getPath(map.getLoc()),
                       into->getName().getStringRef());
  }

  void reportMissed(hash::MapOp map, StringRef what, Operation *obstacle,
                    StringRef reason) {
    StringRef path = hash::getPath(obstacle->getLoc());
    remark::missed(map.getLoc(), remark::RemarkOpts::name("not-fused")
                                     .category(DEBUG_TYPE)
                                     .function(getOperation().getName()))
        << remark::reason("{0} of {1} stays: {2}{3}{4} {5}", what,
                          hash::getPath(map.getLoc()),
                          obstacle->getName().getStringRef(),
                          path.empty() ? "" : " of ", path, reason);
  }

  /// What has to be stored anyway is better read in the order it is stored.
  void fuseGather(hash::MapOp map, const Move &move) {
    for (OpOperand &use : move.to.getUses())
      if (!isProductSide(use, map.getPlan()))
        return reportMissed(map, "gather", use.getOwner(),
                            "reads the rows in order");
    for (OpOperand &use : llvm::make_early_inc_range(move.to.getUses())) {
      report(map, "gather", use.getOwner());
      readInstead(use, move.from, move.fromSpace);
    }
    map.erase();
    ++numGathers;
  }

  void fuseScatter(hash::MapOp map, Move move) {
    Operation *maker = move.from.getDefiningOp();
    auto gemm = dyn_cast_or_null<hash::GroupedGemmOp>(maker);
    if (!gemm || gemm.getPlan() != map.getPlan())
      return reportMissed(map, "scatter", maker ? maker : getOperation(),
                          "makes the rows, and is no product by this plan");
    if (gemm.getNumResults() != 1 ||
        gemm.getOutsAt().front() != static_cast<int32_t>(RowSpace::position) ||
        !isEmpty(gemm.getInits().front()))
      return reportMissed(map, "scatter", gemm,
                          "makes more than fresh rows in order");
    for (Operation *user : move.from.getUsers())
      if (user != map)
        return reportMissed(map, "scatter", user,
                            "reads the rows in order too");
    report(map, "scatter", gemm);
    gemm.setOutsAt({static_cast<int32_t>(RowSpace::slot)});
    gemm.setZeroDead(true);
    move.to.replaceAllUsesWith(gemm.getResult(0));
    map.erase();
    ++numScatters;
  }
};

} // namespace
} // namespace hashc
