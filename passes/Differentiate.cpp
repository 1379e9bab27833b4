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

class Differentiate final : public impl::DifferentiateBase<Differentiate> {
  void runOnOperation() override {
    func::FuncOp forward = lookupForward(getOperation());
    if (!forward ||
        failed(checkAbsent(getOperation(), {"grad_step", "update"})) ||
        failed(buildGradStep(forward)) || failed(buildUpdate(forward)))
      signalPassFailure();
  }

  hash::ArgAttr makeRole(hash::ArgKind kind, StringRef name = "") {
    return hash::ArgAttr::get(
        &getContext(), kind,
        name.empty() ? StringAttr() : StringAttr::get(&getContext(), name));
  }

  LogicalResult buildGradStep(func::FuncOp forward);
  LogicalResult buildUpdate(func::FuncOp forward);
};

/// Arguments of @forward that are parameters come first, in order.
SmallVector<BlockArgument> getParameters(func::FuncOp forward) {
  return llvm::filter_to_vector(
      forward.getArguments(), [&](BlockArgument argument) {
        hash::ArgAttr role = getRole(forward, argument);
        return role && role.getKind() == hash::ArgKind::param;
      });
}

LogicalResult Differentiate::buildGradStep(func::FuncOp forward) {
  EntryBuilder entry(getOperation(), "grad_step", forward.getLoc());
  OpBuilder &builder = entry.getBuilder();
  IRMapping mapping;
  SmallVector<Value> parameters, gradients;
  SmallVector<hash::ArgAttr> gradientRoles;
  for (BlockArgument parameter : getParameters(forward)) {
    parameters.push_back(entry.addArgument(
        parameter.getType(), getRole(forward, parameter), parameter.getLoc()));
    mapping.map(parameter, parameters.back());
  }
  for (BlockArgument parameter : getParameters(forward)) {
    gradientRoles.push_back(
        makeRole(hash::ArgKind::grad, getRole(forward, parameter).getName()));
    gradients.push_back(entry.addArgument(
        parameter.getType(), gradientRoles.back(), parameter.getLoc()));
  }
  for (BlockArgument argument : forward.getArguments())
    if (!mapping.contains(argument))
      mapping.map(argument, entry.addArgument(argument.getType(),
                                              getRole(forward, argument),
                                              argument.getLoc()));

  SmallVector<Operation *> program;
  for (Operation &op : forward.getBody().front().without_terminator())
    program.push_back(builder.clone(op, mapping));

  ReverseMode reverse(builder);
  reverse.activate(parameters, program);
  // A parameter's gradient starts at what is accumulated already, so that each
  // share is added in place as it is computed.
  for (auto [parameter, gradient] : llvm::zip(parameters, gradients))
    reverse.accumulate(parameter, gradient);
  Value scale;
  Operation *terminator = forward.getBody().front().getTerminator();
  for (OpOperand &returned : terminator->getOpOperands()) {
    hash::ArgAttr role = getResultRole(forward, returned.getOperandNumber());
    if (!role || role.getKind() != hash::ArgKind::losses)
      continue;
    Value losses = mapping.lookup(returned.get());
    auto type = dyn_cast<RankedTensorType>(losses.getType());
    if (!type || !isa<FloatType>(type.getElementType()) ||
        (scale && getElementTypeOrSelf(scale) != type.getElementType()))
      return forward.emitError("result ")
             << returned.getOperandNumber()
             << " is losses, and has to be a tensor of floats, the same for "
                "all";
    if (!scale)
      scale =
          entry.addArgument(RankedTensorType::get({1}, type.getElementType()),
                            makeRole(hash::ArgKind::scale), losses.getLoc());
    reverse.accumulate(
        losses, hash::SplatOp::create(builder, losses.getLoc(), type, scale));
    entry.addResult(losses, role);
  }
  if (!scale)
    return forward.emitError("has no result that is the losses");
  if (failed(reverse.run(program)))
    return failure();
  numDifferentiated += reverse.getNumDifferentiated();

  for (auto [parameter, gradient, role] :
       llvm::zip(parameters, gradients, gradientRoles)) {
    Value sum = reverse.getCotangent(parameter);
    if (sum == gradient)
      remark::missed(
          parameter.getLoc(),
          remark::RemarkOpts::name("no gradient").category(DEBUG_TYPE))
          << remark::reason("the loss does not depend on '{0}'",
                            role.getName().getValue());
    entry.addResult(sum, role);
  }
  entry.finish();
  return success();
}

/// A number of the spec's optimizer, from the module's attribute.
double getSetting(DictionaryAttr optimizer, StringRef name, double otherwise) {
  auto value = optimizer ? optimizer.getAs<FloatAttr>(name) : FloatAttr();
  return value ? value.getValueAsDouble() : otherwise;
}

LogicalResult Differentiate::buildUpdate(func::FuncOp forward) {
  ModuleOp module = getOperation();
  auto train =
      module->getAttrOfType<DictionaryAttr>(hash::HashDialect::kTrainAttr);
  auto optimizer =
      train ? train.getAs<DictionaryAttr>("optimizer") : DictionaryAttr();
  EntryBuilder entry(module, "update", forward.getLoc());
  OpBuilder &builder = entry.getBuilder();
  SmallVector<BlockArgument> parameters = getParameters(forward);

  constexpr hash::ArgKind kinds[] = {hash::ArgKind::param, hash::ArgKind::grad,
                                     hash::ArgKind::moment1,
                                     hash::ArgKind::moment2};
  SmallVector<SmallVector<Value>> state(std::size(kinds));
  for (auto [kind, values] : llvm::zip(kinds, state))
    for (BlockArgument parameter : parameters)
      values.push_back(entry.addArgument(
          parameter.getType(),
          makeRole(kind, getRole(forward, parameter).getName()),
          parameter.getLoc()));
  Location location = forward.getLoc();
  Value hyper =
      entry.addArgument(RankedTensorType::get({4}, builder.getF64Type()),
                        makeRole(hash::ArgKind::hyper), location);
  Type normType = RankedTensorType::get({1}, builder.getF64Type());
  Value norm =
      hash::GlobalNormOp::create(builder, location, normType, state[1]);

  SmallVector<SmallVector<Value>> updated(std::size(kinds));
  for (unsigned i = 0; i < parameters.size(); ++i) {
    StringRef name = getRole(forward, parameters[i]).getName();
    auto declaration = module.lookupSymbol<hash::ParamOp>(name);
    if (!declaration)
      return forward.emitError("no hash.param declares '") << name << "'";
    double decay = declaration.getDecay()
                       ? getSetting(optimizer, "weight_decay", 0.0)
                       : 0.0;
    Type type = parameters[i].getType();
    auto step = hash::AdamWOp::create(
        builder, parameters[i].getLoc(), TypeRange{type, type, type, type},
        ValueRange{state[0][i], state[1][i], state[2][i], state[3][i], hyper,
                   norm},
        ArrayRef<NamedAttribute>{
            builder.getNamedAttr("beta1", builder.getF64FloatAttr(getSetting(
                                              optimizer, "beta1", 0.9))),
            builder.getNamedAttr("beta2", builder.getF64FloatAttr(getSetting(
                                              optimizer, "beta2", 0.999))),
            builder.getNamedAttr("eps", builder.getF64FloatAttr(getSetting(
                                            optimizer, "eps", 1e-8))),
            builder.getNamedAttr("weight_decay",
                                 builder.getF64FloatAttr(decay))});
    for (auto [results, result] : llvm::zip(updated, step.getResults()))
      results.push_back(result);
  }
  for (auto [kind, results] : llvm::zip(kinds, updated))
    for (auto [parameter, result] : llvm::zip(parameters, results))
      entry.addResult(result,
                      makeRole(kind, getRole(forward, parameter).getName()));
  entry.addResult(norm, makeRole(hash::ArgKind::norm));
  entry.finish();
  return success();
}

} // namespace
} // namespace hashc
