//===- HoistRouting.cpp - Route once per batch, not once per layer --------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/EntryPoints.h"
#include "passes/Passes.h"

#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#define DEBUG_TYPE "hash-hoist-routing"

namespace hashc {
#define GEN_PASS_DEF_HOISTROUTING
#include "passes/Passes.h.inc"

using namespace mlir;

namespace {

bool isIntegerTensor(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && tensor.getElementType().isInteger();
}

/// The ops of an entry point that depend on the token stream alone.
class Slice {
public:
  explicit Slice(func::FuncOp function);

  ArrayRef<Operation *> getOps() const { return ops.getArrayRef(); }
  /// Their results that other ops read.
  SmallVector<Value> getBoundary() const;

private:
  bool isStream(Value value) const;
  bool dependsOnTokensOnly(Operation *op) const;
  bool mayJoin(Operation *op) const;

  func::FuncOp function;
  SetVector<Operation *> ops;
};

Slice::Slice(func::FuncOp function) : function(function) {
  for (Operation &op : function.getBody().front().without_terminator())
    if (mayJoin(&op))
      ops.insert(&op);
  // A comparison is never stored: it stays where it is used, and what it reads
  // crosses in its place.
  for (bool changed = true; changed;) {
    changed = false;
    for (Value value : getBoundary())
      if (getElementTypeOrSelf(value.getType()).isInteger(1))
        changed |= ops.remove(value.getDefiningOp());
  }
}

bool Slice::isStream(Value value) const {
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    hash::ArgAttr role = getRole(function, argument);
    return role && (role.getKind() == hash::ArgKind::tokens ||
                    role.getKind() == hash::ArgKind::targets ||
                    role.getKind() == hash::ArgKind::starts ||
                    role.getKind() == hash::ArgKind::table);
  }
  return ops.contains(value.getDefiningOp());
}

/// Ops of the dialect say so themselves; upstream's elementwise ones are what
/// their operands are.
bool Slice::dependsOnTokensOnly(Operation *op) const {
  auto isTokenOnly = [&](Value value) {
    return isStream(value) || value.getDefiningOp<arith::ConstantOp>();
  };
  if (auto stream = dyn_cast<hash::TokenStreamOpInterface>(op))
    return stream.dependsOnTokensOnly(isTokenOnly);
  return op->hasTrait<OpTrait::Elementwise>() && isPure(op) &&
         llvm::all_of(op->getOperands(), isTokenOnly);
}

/// What is made of constants alone costs less than its place in memory, and
/// only integers and plans cross from entry point to entry point.
bool Slice::mayJoin(Operation *op) const {
  return llvm::any_of(op->getOperands(),
                      [&](Value v) { return isStream(v); }) &&
         llvm::all_of(op->getResultTypes(),
                      [](Type type) {
                        return isa<hash::PlanType>(type) ||
                               isIntegerTensor(type);
                      }) &&
         dependsOnTokensOnly(op);
}

SmallVector<Value> Slice::getBoundary() const {
  SmallVector<Value> boundary;
  for (Operation *op : ops)
    for (Value result : op->getResults())
      if (llvm::any_of(result.getUsers(),
                       [&](Operation *user) { return !ops.contains(user); }))
        boundary.push_back(result);
  return boundary;
}

/// Writes @plan_batch. Equal ops are one op there, so layers of one router
/// share its plan, and so do training and evaluation.
class PlanBatch {
public:
  PlanBatch(ModuleOp module, bool share)
      : entry(module, "plan_batch", module.getLoc()), share(share) {}

  /// Copies the slice; afterwards lookUp knows what became of its values.
  void add(func::FuncOp function, const Slice &slice);
  /// The role under which the copy of `value` is passed on.
  hash::ArgAttr getRoleOf(Value value);
  func::FuncOp finish() { return entry.finish(); }
  unsigned getNumShared() const { return numShared; }

private:
  Value getArgument(func::FuncOp function, BlockArgument argument);
  void addOp(func::FuncOp function, Operation *op);

  EntryBuilder entry;
  bool share;
  IRMapping mapping;
  SmallVector<Operation *> ops;
  DenseMap<hash::ArgAttr, Value> arguments;
  DenseMap<Value, hash::ArgAttr> roles;
  unsigned numPlans = 0, numStreams = 0, numShared = 0;
};

void PlanBatch::add(func::FuncOp function, const Slice &slice) {
  for (Operation *op : slice.getOps())
    addOp(function, op);
}

Value PlanBatch::getArgument(func::FuncOp function, BlockArgument argument) {
  hash::ArgAttr role = getRole(function, argument);
  Value &value = arguments[role];
  if (!value)
    value = entry.addArgument(argument.getType(), role, argument.getLoc());
  return value;
}

void PlanBatch::addOp(func::FuncOp function, Operation *op) {
  for (Value operand : op->getOperands()) {
    if (mapping.contains(operand))
      continue;
    if (auto argument = dyn_cast<BlockArgument>(operand))
      mapping.map(operand, getArgument(function, argument));
    else
      addOp(function, operand.getDefiningOp()); // a constant
  }
  Operation *copy = op->clone(mapping);
  if (share)
    for (Operation *known : ops)
      if (OperationEquivalence::isEquivalentTo(
              known, copy, OperationEquivalence::IgnoreLocations)) {
        copy->destroy();
        mapping.map(op->getResults(), known->getResults());
        numShared += isa<hash::PlanOp>(op);
        return;
      }
  entry.getBuilder().insert(copy);
  mapping.map(op->getResults(), copy->getResults());
  ops.push_back(copy);
}

hash::ArgAttr PlanBatch::getRoleOf(Value value) {
  Value copy = mapping.lookup(value);
  hash::ArgAttr &role = roles[copy];
  if (!role) {
    std::string name = isa<hash::PlanType>(copy.getType())
                           ? "plan" + std::to_string(numPlans++)
                           : "stream" + std::to_string(numStreams++);
    role = makeRole(copy.getContext(), hash::ArgKind::plan, name);
    entry.addResult(copy, role);
  }
  return role;
}

class HoistRouting final : public impl::HoistRoutingBase<HoistRouting> {
  using HoistRoutingBase::HoistRoutingBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    SmallVector<std::pair<func::FuncOp, Slice>> slices;
    for (StringRef name : {"grad_step", "eval_step"})
      if (auto function = module.lookupSymbol<func::FuncOp>(name);
          function && getStraightLine(function)) {
        Slice slice(function);
        remarkOthers(function, slice);
        if (!slice.getBoundary().empty())
          slices.emplace_back(function, std::move(slice));
      }
    if (slices.empty())
      return;
    if (failed(checkAbsent(module, {"plan_batch"})))
      return signalPassFailure();
    PlanBatch plans(module, share);
    for (auto &[function, slice] : slices) {
      plans.add(function, slice);
      replace(function, slice, plans);
      eraseUnusedArguments(function);
    }
    numShared += plans.getNumShared();
    func::FuncOp planBatch = plans.finish();
    numHoisted += planBatch.getNumResults();
    for (auto function : module.getOps<func::FuncOp>()) {
      planBatch->moveBefore(function);
      break;
    }
  }

  /// Plans that depend on activations have to be made where they are.
  void remarkOthers(func::FuncOp function, const Slice &slice) {
    function.walk([&](hash::PlanOp plan) {
      if (!llvm::is_contained(slice.getOps(), plan))
        remark::missed(plan.getLoc(), remark::RemarkOpts::name("not-hoisted")
                                          .category(DEBUG_TYPE)
                                          .function(function.getName()))
            << remark::reason("the plan of {0} depends on activations",
                              hash::getPath(plan.getLoc()));
    });
  }

  void replace(func::FuncOp function, const Slice &slice, PlanBatch &plans) {
    // Two values of one copy come in by one argument.
    DenseMap<hash::ArgAttr, Value> arguments;
    for (Value value : slice.getBoundary()) {
      hash::ArgAttr role = plans.getRoleOf(value);
      Value &argument = arguments[role];
      if (!argument)
        argument = addArgument(function, value, role);
      value.replaceUsesWithIf(argument, [&](OpOperand &use) {
        return !llvm::is_contained(slice.getOps(), use.getOwner());
      });
      remark::passed(value.getLoc(), remark::RemarkOpts::name("hoisted")
                                         .category(DEBUG_TYPE)
                                         .function(function.getName()))
          << remark::add("{0} of {1} is made once per batch",
                         role.getName().getValue(),
                         hash::getPath(value.getLoc()));
    }
    for (Operation *op : llvm::reverse(slice.getOps()))
      op->erase();
  }

  Value addArgument(func::FuncOp function, Value value, hash::ArgAttr role) {
    unsigned index = function.getNumArguments();
    NamedAttribute attribute(
        StringAttr::get(&getContext(), hash::HashDialect::kArgAttr), role);
    (void)function.insertArgument(index, value.getType(),
                                  DictionaryAttr::get(&getContext(), attribute),
                                  value.getLoc());
    return function.getArgument(index);
  }
};

} // namespace
} // namespace hashc
