//===- Differentiate.cpp - From the forward function to the training step -*-
// C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/EntryPoints.h"
#include "passes/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Remarks.h"

#define DEBUG_TYPE "hash-differentiate"

namespace hashc {
#define GEN_PASS_DEF_DIFFERENTIATE
#include "passes/Passes.h.inc"

using namespace mlir;

namespace {

/// Reverse mode over straight-line code: cotangents accumulate in reverse
/// program order, which survives printing (use-list order does not).
class ReverseMode {
public:
  explicit ReverseMode(OpBuilder &builder) : builder(builder) {}

  /// Adds to the cotangent of `value`.
  void accumulate(Value value, Value cotangent) {
    Value &sum = cotangents[value];
    sum =
        sum ? arith::AddFOp::create(builder, cotangent.getLoc(), sum, cotangent)
                  .getResult()
            : cotangent;
  }
  Value getCotangent(Value value) const { return cotangents.lookup(value); }
  unsigned getNumDifferentiated() const { return numDifferentiated; }

  /// Marks what depends on `parameters`; cotangents flow nowhere else.
  void activate(ArrayRef<Value> parameters, ArrayRef<Operation *> program) {
    active.insert(parameters.begin(), parameters.end());
    for (Operation *op : program)
      if (llvm::any_of(op->getOperands(), [&](Value v) { return isActive(v); }))
        active.insert(op->result_begin(), op->result_end());
  }

  LogicalResult run(ArrayRef<Operation *> program) {
    for (Operation *op : llvm::reverse(program))
      if (failed(visit(op)))
        return failure();
    return success();
  }

private:
  bool isActive(Value value) const { return active.contains(value); }

  LogicalResult visit(Operation *op) {
    SmallVector<Value> incoming = llvm::map_to_vector(
        op->getResults(), [&](Value result) { return getCotangent(result); });
    if (llvm::none_of(incoming, [](Value value) { return bool(value); }) ||
        llvm::none_of(op->getOperands(), [&](Value v) { return isActive(v); }))
      return success();
    auto differentiable = dyn_cast<hash::DifferentiableOpInterface>(op);
    if (!differentiable)
      return op->emitError("no derivative is known for '")
             << op->getName()
             << "', and a parameter's gradient flows through it";
    SmallVector<Value> outgoing(op->getNumOperands());
    if (failed(differentiable.buildVjp(builder, incoming, outgoing)))
      return failure();
    ++numDifferentiated;
    for (auto [operand, cotangent] : llvm::zip(op->getOperands(), outgoing))
      if (cotangent && isActive(operand))
        accumulate(operand, cotangent);
    return success();
  }

  OpBuilder &builder;
  DenseMap<Value, Value> cotangents;
  DenseSet<Value> active;
  unsigned numDifferentiated = 0;
};

/// Arguments of @forward that are parameters come first, in order.
SmallVector<BlockArgument> getParameters(func::FuncOp forward) {
  return llvm::filter_to_vector(
      forward.getArguments(), [&](BlockArgument argument) {
        hash::ArgAttr role = getRole(forward, argument);
        return role && role.getKind() == hash::ArgKind::param;
      });
}

/// Writes @grad_step: the forward function, and behind it its gradient.
class GradStepBuilder {
public:
  GradStepBuilder(ModuleOp module, func::FuncOp forward)
      : forward(forward), entry(module, "grad_step", forward.getLoc()),
        reverse(entry.getBuilder()) {}

  LogicalResult run();
  unsigned getNumDifferentiated() const {
    return reverse.getNumDifferentiated();
  }

private:
  /// A parameter, what is accumulated of its gradient, and its role.
  struct Gradient {
    Value parameter, total;
    hash::ArgAttr role;
  };

  void addArguments();
  void cloneForward();
  LogicalResult addLosses();
  LogicalResult addLoss(Value losses, unsigned result, hash::ArgAttr role);
  void addGradients();

  func::FuncOp forward;
  EntryBuilder entry;
  ReverseMode reverse;
  IRMapping mapping;
  SmallVector<Gradient> gradients;
  SmallVector<Operation *> program;
  Value scale;
};

void GradStepBuilder::addArguments() {
  for (BlockArgument parameter : getParameters(forward)) {
    hash::ArgAttr role = getRole(forward, parameter);
    Value copy =
        entry.addArgument(parameter.getType(), role, parameter.getLoc());
    mapping.map(parameter, copy);
    gradients.push_back(
        {copy, Value(),
         makeRole(forward.getContext(), hash::ArgKind::grad, role.getName())});
  }
  for (Gradient &gradient : gradients)
    gradient.total =
        entry.addArgument(gradient.parameter.getType(), gradient.role,
                          gradient.parameter.getLoc());
  for (BlockArgument argument : forward.getArguments())
    if (!mapping.contains(argument))
      mapping.map(argument, entry.addArgument(argument.getType(),
                                              getRole(forward, argument),
                                              argument.getLoc()));
}

void GradStepBuilder::cloneForward() {
  for (Operation &op : forward.getBody().front().without_terminator())
    program.push_back(entry.getBuilder().clone(op, mapping));
  reverse.activate(
      llvm::map_to_vector(gradients,
                          [](const Gradient &g) { return g.parameter; }),
      program);
  // A parameter's gradient starts at what is accumulated already, so that each
  // share is added in place as it is computed.
  for (const Gradient &gradient : gradients)
    reverse.accumulate(gradient.parameter, gradient.total);
}

/// What flows back into the losses is the scale, the same for all rows.
LogicalResult GradStepBuilder::addLoss(Value losses, unsigned result,
                                       hash::ArgAttr role) {
  auto type = dyn_cast<RankedTensorType>(losses.getType());
  if (!type || !isa<FloatType>(type.getElementType()) ||
      (scale && getElementTypeOrSelf(scale) != type.getElementType()))
    return forward.emitError("result ")
           << result
           << " is losses, and has to be a tensor of floats, the same for all";
  if (!scale)
    scale = entry.addArgument(
        RankedTensorType::get({1}, type.getElementType()),
        makeRole(forward.getContext(), hash::ArgKind::scale), losses.getLoc());
  reverse.accumulate(
      losses,
      hash::SplatOp::create(entry.getBuilder(), losses.getLoc(), type, scale));
  entry.addResult(losses, role);
  return success();
}

LogicalResult GradStepBuilder::addLosses() {
  Operation *terminator = forward.getBody().front().getTerminator();
  for (OpOperand &returned : terminator->getOpOperands()) {
    hash::ArgAttr role = getResultRole(forward, returned.getOperandNumber());
    if (role && role.getKind() == hash::ArgKind::losses &&
        failed(addLoss(mapping.lookup(returned.get()),
                       returned.getOperandNumber(), role)))
      return failure();
  }
  return scale ? success()
               : forward.emitError("has no result that is the losses");
}

void GradStepBuilder::addGradients() {
  for (const Gradient &gradient : gradients) {
    Value sum = reverse.getCotangent(gradient.parameter);
    if (sum == gradient.total)
      remark::missed(
          gradient.parameter.getLoc(),
          remark::RemarkOpts::name("no-gradient").category(DEBUG_TYPE))
          << remark::reason("the loss does not depend on '{0}'",
                            gradient.role.getName().getValue());
    entry.addResult(sum, gradient.role);
  }
}

LogicalResult GradStepBuilder::run() {
  addArguments();
  cloneForward();
  if (failed(addLosses()) || failed(reverse.run(program)))
    return failure();
  addGradients();
  entry.finish();
  return success();
}

/// A number of the spec's optimizer, from the module's attribute.
double getSetting(DictionaryAttr optimizer, StringRef name, double otherwise) {
  auto value = optimizer ? optimizer.getAs<FloatAttr>(name) : FloatAttr();
  return value ? value.getValueAsDouble() : otherwise;
}

/// One step of the optimizer for the parameter that `declaration` declares;
/// `state` is the parameter, its gradient and its moments.
hash::AdamWOp createStep(OpBuilder &builder, Location location,
                         hash::ParamOp declaration, DictionaryAttr optimizer,
                         ArrayRef<Value> state, Value hyper, Value norm) {
  auto set = [&](StringRef name, double otherwise) {
    return builder.getF64FloatAttr(getSetting(optimizer, name, otherwise));
  };
  Type type = state.front().getType();
  return hash::AdamWOp::create(
      builder, location, type, type, type, type, state[0], state[1], state[2],
      state[3], hyper, norm, set("beta1", 0.9), set("beta2", 0.999),
      set("eps", 1e-8),
      declaration.getDecay() ? set("weight_decay", 0.0)
                             : builder.getF64FloatAttr(0.0));
}

/// What the optimizer reads and updates, in the order of hash.adamw's operands
/// and results.
constexpr hash::ArgKind kState[] = {hash::ArgKind::param, hash::ArgKind::grad,
                                    hash::ArgKind::moment1,
                                    hash::ArgKind::moment2};

/// Writes @update: a step of the optimizer for each parameter.
LogicalResult buildUpdate(ModuleOp module, func::FuncOp forward) {
  MLIRContext *context = module.getContext();
  EntryBuilder entry(module, "update", forward.getLoc());
  OpBuilder &builder = entry.getBuilder();
  SmallVector<BlockArgument> parameters = getParameters(forward);
  auto getStateRole = [&](hash::ArgKind kind, BlockArgument parameter) {
    return makeRole(context, kind, getRole(forward, parameter).getName());
  };

  // Arguments and results come kind by kind, `state` parameter by parameter.
  SmallVector<SmallVector<Value>> state(parameters.size());
  for (hash::ArgKind kind : kState)
    for (auto [parameter, values] : llvm::zip(parameters, state))
      values.push_back(entry.addArgument(parameter.getType(),
                                         getStateRole(kind, parameter),
                                         parameter.getLoc()));
  Type hyperType = RankedTensorType::get({4}, builder.getF64Type());
  Type normType = RankedTensorType::get({1}, builder.getF64Type());
  Value hyper = entry.addArgument(
      hyperType, makeRole(context, hash::ArgKind::hyper), forward.getLoc());
  Value norm = hash::GlobalNormOp::create(
      builder, forward.getLoc(), normType,
      llvm::map_to_vector(state, [](ArrayRef<Value> v) { return v[1]; }));

  auto train =
      module->getAttrOfType<DictionaryAttr>(hash::HashDialect::kTrainAttr);
  auto optimizer =
      train ? train.getAs<DictionaryAttr>("optimizer") : DictionaryAttr();
  SmallVector<hash::AdamWOp> steps;
  for (auto [parameter, values] : llvm::zip(parameters, state)) {
    StringRef name = getRole(forward, parameter).getName();
    auto declaration = module.lookupSymbol<hash::ParamOp>(name);
    if (!declaration)
      return forward.emitError("no hash.param declares '") << name << "'";
    steps.push_back(createStep(builder, parameter.getLoc(), declaration,
                               optimizer, values, hyper, norm));
  }
  for (auto [number, kind] : llvm::enumerate(kState))
    for (auto [parameter, step] : llvm::zip(parameters, steps))
      entry.addResult(step.getResult(number), getStateRole(kind, parameter));
  entry.addResult(norm, makeRole(context, hash::ArgKind::norm));
  entry.finish();
  return success();
}

class Differentiate final : public impl::DifferentiateBase<Differentiate> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    func::FuncOp forward = lookupForward(module);
    if (!forward || failed(checkAbsent(module, {"grad_step", "update"})))
      return signalPassFailure();
    GradStepBuilder step(module, forward);
    if (failed(step.run()) || failed(buildUpdate(module, forward)))
      return signalPassFailure();
    numDifferentiated += step.getNumDifferentiated();
  }
};

} // namespace
} // namespace hashc
