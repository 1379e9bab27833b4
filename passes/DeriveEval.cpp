//===- DeriveEval.cpp - From the forward function to the evaluation step --===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/EntryPoints.h"
#include "passes/Passes.h"

#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Remarks.h"

#define DEBUG_TYPE "hash-derive-eval"

namespace hashc {
#define GEN_PASS_DEF_DERIVEEVAL
#include "passes/Passes.h.inc"

using namespace mlir;

namespace {

class DeriveEval final : public impl::DeriveEvalBase<DeriveEval> {
  void runOnOperation() override {
    func::FuncOp forward = lookupForward(getOperation());
    if (!forward || failed(checkAbsent(getOperation(), {"eval_step"})))
      return signalPassFailure();
    EntryBuilder entry(getOperation(), "eval_step", forward.getLoc());
    IRMapping mapping;
    for (BlockArgument argument : forward.getArguments()) {
      hash::ArgAttr role = getRole(forward, argument);
      // Only what is random in training reads the seed.
      if (role && role.getKind() == hash::ArgKind::seed)
        continue;
      mapping.map(argument, entry.addArgument(argument.getType(), role,
                                              argument.getLoc()));
    }
    for (Operation &op : forward.getBody().front().without_terminator()) {
      if (auto training = dyn_cast<hash::TrainingOnlyOpInterface>(op)) {
        leaveOut(training, entry.getBuilder(), mapping);
        continue;
      }
      entry.getBuilder().clone(op, mapping);
    }
    for (OpOperand &returned :
         forward.getBody().front().getTerminator()->getOpOperands()) {
      hash::ArgAttr role = getResultRole(forward, returned.getOperandNumber());
      // A plan that activations made tells the load of the experts.
      if (role && (role.getKind() == hash::ArgKind::losses ||
                   role.getKind() == hash::ArgKind::plan))
        entry.addResult(mapping.lookup(returned.get()), role);
    }
    entry.finish();
  }

  void leaveOut(hash::TrainingOnlyOpInterface op, OpBuilder &builder,
                IRMapping &mapping) {
    mapping.map(op->getResult(0),
                op.buildInference(builder, mapping.lookup(op->getOperand(0))));
    ++numRemoved;
    remark::passed(op->getLoc(), remark::RemarkOpts::name("removed")
                                     .category(DEBUG_TYPE)
                                     .function("eval_step"))
        << remark::add("evaluation does without the {0} of {1}",
                       op->getName().stripDialect(),
                       hash::getPath(op->getLoc()));
  }
};

} // namespace
} // namespace hashc
