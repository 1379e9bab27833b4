//===- SelectLayouts.cpp - Which parameters are stored in panels ----------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/EntryPoints.h"
#include "passes/Passes.h"
#include "passes/Structured.h"

#include "mlir/IR/Remarks.h"
#include "mlir/IR/SymbolTable.h"

#define DEBUG_TYPE "hash-select-layouts"

namespace hashc {
#define GEN_PASS_DEF_SELECTLAYOUTS
#include "passes/Passes.h.inc"

using namespace mlir;

namespace {

/// Kinds of arguments that are stored like the parameter they are named after.
bool followsParameter(hash::ArgKind kind) {
  return kind == hash::ArgKind::param || kind == hash::ArgKind::grad ||
         kind == hash::ArgKind::moment1 || kind == hash::ArgKind::moment2;
}

/// True if `use` reads or updates a matrix in a way that works on panels too:
/// as the matrix of a product, the out of an outer product, or element by
/// element.
bool worksOnPanels(OpOperand &use) {
  Operation *op = use.getOwner();
  if (auto gemm = dyn_cast<hash::GroupedGemmOp>(op))
    return llvm::is_contained(gemm.getRhs(), use.get()) &&
           !llvm::is_contained(gemm.getReads(), use.get());
  if (auto outer = dyn_cast<hash::GroupedOuterOp>(op))
    return outer.getReads().empty() &&
           llvm::is_contained(outer.getInits(), use.get());
  return isa<hash::AdamWOp, hash::GlobalNormOp, func::ReturnOp>(op);
}

class SelectLayouts final : public impl::SelectLayoutsBase<SelectLayouts> {
  using SelectLayoutsBase::SelectLayoutsBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    FailureOr<int64_t> width = getNumberOrTarget(
        module, panel, "panel", /*otherwise=*/0, "panels of", "columns");
    if (failed(width))
      return signalPassFailure();
    if (*width == 0)
      return;
    for (auto parameter : module.getOps<hash::ParamOp>()) {
      if (cast<RankedTensorType>(parameter.getType()).getRank() != 3 ||
          parameter.getPanel())
        continue;
      SmallVector<Value> values = collect(parameter.getSymName());
      Operation *obstacle = findObstacle(values);
      if (obstacle) {
        remark::missed(
            obstacle->getLoc(),
            remark::RemarkOpts::name("row-major").category(DEBUG_TYPE))
            << remark::reason("'{0}' is read in rows by '{1}'",
                              parameter.getSymName(),
                              obstacle->getName().getStringRef());
        continue;
      }
      parameter.setPanel(*width);
      for (Value value : values)
        value.setType(parameter.getStoredType());
      ++numPanels;
      remark::passed(parameter.getLoc(),
                     remark::RemarkOpts::name("panels").category(DEBUG_TYPE))
          << remark::add("'{0}' is stored in panels of {1} columns",
                         parameter.getSymName(), *width);
    }
    for (auto function : module.getOps<func::FuncOp>())
      if (getStraightLine(function))
        updateType(function);
  }

  /// The parameter's values in all entry points: the arguments that are stored
  /// like it, and what updates in place make of them.
  SmallVector<Value> collect(StringRef name) {
    SmallVector<Value> values;
    for (auto function : getOperation().getOps<func::FuncOp>())
      for (BlockArgument argument : function.getArguments()) {
        hash::ArgAttr role = getRole(function, argument);
        if (role && followsParameter(role.getKind()) && role.getName() &&
            role.getName().getValue() == name)
          values.push_back(argument);
      }
    for (size_t i = 0; i < values.size(); ++i)
      for (OpOperand &use : values[i].getUses())
        if (auto hints = dyn_cast<hash::BufferHintsOpInterface>(use.getOwner()))
          for (unsigned result = 0; result < hints->getNumResults(); ++result)
            if (hints.getTiedOperandOf(result) == use.getOperandNumber())
              values.push_back(hints->getResult(result));
    return values;
  }

  static Operation *findObstacle(ArrayRef<Value> values) {
    for (Value value : values)
      for (OpOperand &use : value.getUses())
        if (!worksOnPanels(use))
          return use.getOwner();
    return nullptr;
  }

  static void updateType(func::FuncOp function) {
    Operation *terminator = function.getBody().front().getTerminator();
    function.setType(FunctionType::get(
        function.getContext(), function.getBody().front().getArgumentTypes(),
        terminator->getOperandTypes()));
  }
};

} // namespace
} // namespace hashc
