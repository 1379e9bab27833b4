//===- Recompute.cpp - Activations again instead of kept ------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/EntryPoints.h"
#include "passes/Passes.h"
#include "passes/Structured.h"

#include "mlir/IR/Remarks.h"

#define DEBUG_TYPE "hash-recompute"

namespace hashc {
#define GEN_PASS_DEF_RECOMPUTE
#include "passes/Passes.h.inc"

using namespace mlir;
using hash::RowSpace;

namespace {

/// The op that makes the losses; null where there are none, or no gradients.
Operation *findLoss(func::FuncOp function) {
  Operation *terminator = function.getBody().front().getTerminator();
  bool hasGradients = false;
  Operation *loss = nullptr;
  for (OpOperand &operand : terminator->getOpOperands()) {
    hash::ArgAttr role = getResultRole(function, operand.getOperandNumber());
    hasGradients |= role && role.getKind() == hash::ArgKind::grad;
    if (role && role.getKind() == hash::ArgKind::losses)
      loss = operand.get().getDefiningOp();
  }
  return hasGradients ? loss : nullptr;
}

/// One function. What follows `loss`, which makes the losses, computes
/// gradients.
class Recomputation {
public:
  Recomputation(func::FuncOp function, Operation *loss)
      : function(function), loss(loss) {}

  /// Returns how many activations are computed again.
  unsigned run() {
    SetVector<Operation *> maps;
    for (Operation &op : function.getBody().front()) {
      if (&op == loss)
        break;
      if (auto map = dyn_cast<hash::MapOp>(op)) {
        if (isReplaceable(map, maps))
          maps.insert(map);
        else if (llvm::any_of(map.getResults(),
                              [&](Value v) { return isNeededLater(v); }))
          remarkKept(map);
      }
    }
    unsigned count = 0;
    for (Operation *map : llvm::reverse(maps))
      count += recompute(cast<hash::MapOp>(map));
    return count;
  }

private:
  void remarkKept(hash::MapOp map) {
    remark::missed(map.getLoc(), remark::RemarkOpts::name("kept")
                                     .category(DEBUG_TYPE)
                                     .function(function.getName()))
        << remark::reason("an activation of {0} is kept: what it is made of "
                          "is not needed for the gradient",
                          hash::getPath(map.getLoc()));
  }

  bool isNeededLater(Value value) {
    return llvm::any_of(value.getUsers(), [&](Operation *user) {
      return loss->isBeforeInBlock(user);
    });
  }

  /// True if all that the map reads is there for the gradient anyway, or can
  /// be computed again too.
  bool isReplaceable(hash::MapOp map, const SetVector<Operation *> &maps) {
    if (!llvm::all_of(map.getInits(), isEmpty))
      return false;
    return llvm::all_of(
        llvm::zip(map.getReads(), map.getReadsAt()), [&](auto pair) {
          auto [read, space] = pair;
          return isa<BlockArgument>(read) ||
                 space == static_cast<int32_t>(RowSpace::all) ||
                 space == static_cast<int32_t>(RowSpace::group) ||
                 maps.contains(read.getDefiningOp()) || isNeededLater(read);
        });
  }

  /// False where only what is returned reads the map later, or nothing.
  bool recompute(hash::MapOp map) {
    Operation *first = nullptr;
    for (Operation *user : map->getUsers())
      if (loss->isBeforeInBlock(user) &&
          (!first || user->isBeforeInBlock(first)))
        first = user;
    if (!first || isa<func::ReturnOp>(first))
      return false;
    OpBuilder builder(first);
    Operation *again = builder.clone(*map);
    again->setAttr(kRecomputedAttr, builder.getUnitAttr());
    map->replaceUsesWithIf(again, [&](OpOperand &use) {
      return use.getOwner() != again && loss->isBeforeInBlock(use.getOwner());
    });
    remark::passed(map.getLoc(), remark::RemarkOpts::name("recomputed")
                                     .category(DEBUG_TYPE)
                                     .function(function.getName()))
        << remark::add("an activation of {0} is computed again for its "
                       "gradient",
                       hash::getPath(map.getLoc()));
    return true;
  }

  func::FuncOp function;
  Operation *loss;
};

class Recompute final : public impl::RecomputeBase<Recompute> {
  using RecomputeBase::RecomputeBase;

  void runOnOperation() override {
    func::FuncOp function = getOperation();
    std::string wanted =
        policy.empty() ? getTargetOption(function, "recompute").str() : policy;
    if (wanted.empty() || wanted == "none")
      return;
    if (wanted != "activations") {
      function.emitError("there is no recomputation policy '")
          << wanted << "'; it is none or activations";
      return signalPassFailure();
    }
    if (!getStraightLine(function))
      return;
    if (Operation *loss = findLoss(function))
      numRecomputed += Recomputation(function, loss).run();
  }
};

} // namespace
} // namespace hashc
