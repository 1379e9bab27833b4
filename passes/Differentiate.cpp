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

#include <map>

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
  /// What is accumulated of the gradient of a table that is read by rows.
  hash::RowGradient &getRowGradient(Value table) { return tables[table]; }
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
    if (auto reader = dyn_cast<hash::RowGradientOpInterface>(op))
      return addRows(reader, incoming);
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
      if (cotangent && isActive(operand)) {
        if (tables.contains(operand))
          return op->emitError("reads the whole of a table whose rows are "
                               "looked up, and has the gradient of rows only");
        accumulate(operand, cotangent);
      }
    return success();
  }

  LogicalResult addRows(hash::RowGradientOpInterface op, ValueRange incoming) {
    for (OpOperand &operand : op->getOpOperands()) {
      if (!op.readsRowsOf(operand.getOperandNumber()) ||
          !isActive(operand.get()))
        continue;
      auto table = tables.find(operand.get());
      if (table == tables.end())
        return op->emitError("reads rows of operand ")
               << operand.getOperandNumber()
               << ", and no hash.param with 'lookup' declares that";
      op.addRowGradient(builder, incoming, operand.getOperandNumber(),
                        table->second);
    }
    ++numDifferentiated;
    return success();
  }

  OpBuilder &builder;
  DenseMap<Value, Value> cotangents;
  DenseMap<Value, hash::RowGradient> tables;
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

/// The declaration of a parameter; null, with a diagnostic, where none is.
hash::ParamOp lookupDeclaration(func::FuncOp forward, BlockArgument parameter) {
  StringRef name = getRole(forward, parameter).getName();
  auto module = forward->getParentOfType<ModuleOp>();
  auto declaration = module.lookupSymbol<hash::ParamOp>(name);
  if (!declaration)
    forward.emitError("no hash.param declares '") << name << "'";
  return declaration;
}

/// Micro-batches of a step, as the spec has it.
int64_t countMicroBatches(ModuleOp module) {
  auto get = [&](StringRef attribute, StringRef name) {
    auto settings = module->getAttrOfType<DictionaryAttr>(attribute);
    auto value = settings ? settings.getAs<IntegerAttr>(name) : IntegerAttr();
    return value ? std::max<int64_t>(1, value.getInt()) : 1;
  };
  return llvm::divideCeil(get(hash::HashDialect::kTrainAttr, "batch"),
                          get(hash::HashDialect::kModelAttr, "micro_batch"));
}

/// The types of the gradient of a table that is read by rows. It has room for
/// every row that a step can read.
struct RowGradientTypes {
  RankedTensorType rows, keys;
};
RowGradientTypes getRowGradientTypes(func::FuncOp forward,
                                     BlockArgument table) {
  auto type = cast<RankedTensorType>(table.getType());
  int64_t reads = 0;
  for (OpOperand &use : table.getUses())
    if (auto op = dyn_cast<hash::RowGradientOpInterface>(use.getOwner());
        op && op.readsRowsOf(use.getOperandNumber()))
      reads += cast<ShapedType>(op->getResult(0).getType()).getDimSize(0);
  reads *= countMicroBatches(forward->getParentOfType<ModuleOp>());
  int64_t room = std::clamp<int64_t>(reads, 1, type.getDimSize(0));
  return {type.clone({room, type.getDimSize(1)}),
          RankedTensorType::get({2, room},
                                IntegerType::get(type.getContext(), 32))};
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
  /// A parameter, what is accumulated of its gradient, and its role. Of a
  /// table, that are rows, and whose they are.
  struct Gradient {
    Value parameter, total, keys;
    hash::ArgAttr role;
    RowGradientTypes table;
  };

  LogicalResult addArguments();
  void cloneForward();
  LogicalResult addResults();
  LogicalResult addLoss(Value losses, unsigned result, hash::ArgAttr role);
  LogicalResult addLoad(Value load, hash::ArgAttr role);
  Value getScale(hash::ArgKind kind, Type type);
  void addGradients();
  hash::ArgAttr getKeysRole(StringAttr name) {
    return makeRole(forward.getContext(), hash::ArgKind::grad_keys, name);
  }

  func::FuncOp forward;
  EntryBuilder entry;
  ReverseMode reverse;
  IRMapping mapping;
  SmallVector<Gradient> gradients;
  SmallVector<Operation *> program;
  /// What flows back into the losses, and into the auxiliary ones.
  Value scale, auxScale;
};

LogicalResult GradStepBuilder::addArguments() {
  for (BlockArgument parameter : getParameters(forward)) {
    hash::ArgAttr role = getRole(forward, parameter);
    hash::ParamOp declaration = lookupDeclaration(forward, parameter);
    if (!declaration)
      return failure();
    Value copy =
        entry.addArgument(parameter.getType(), role, parameter.getLoc());
    mapping.map(parameter, copy);
    if (declaration.getFrozen())
      continue;
    gradients.push_back(
        {copy, Value(), Value(),
         makeRole(forward.getContext(), hash::ArgKind::grad, role.getName()),
         declaration.getLookup() ? getRowGradientTypes(forward, parameter)
                                 : RowGradientTypes()});
  }
  for (Gradient &gradient : gradients) {
    Type type = gradient.table.rows ? Type(gradient.table.rows)
                                    : gradient.parameter.getType();
    gradient.total =
        entry.addArgument(type, gradient.role, gradient.parameter.getLoc());
  }
  for (Gradient &gradient : gradients)
    if (gradient.table.keys)
      gradient.keys = entry.addArgument(gradient.table.keys,
                                        getKeysRole(gradient.role.getName()),
                                        gradient.parameter.getLoc());
  for (BlockArgument argument : forward.getArguments())
    if (!mapping.contains(argument))
      mapping.map(argument, entry.addArgument(argument.getType(),
                                              getRole(forward, argument),
                                              argument.getLoc()));
  return success();
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
    if (gradient.keys)
      reverse.getRowGradient(gradient.parameter) = {gradient.total,
                                                    gradient.keys};
    else
      reverse.accumulate(gradient.parameter, gradient.total);
}

/// The scale of the losses of a kind; null where they are of another type than
/// those before.
Value GradStepBuilder::getScale(hash::ArgKind kind, Type type) {
  bool isAux = kind == hash::ArgKind::aux;
  Value &known = isAux ? auxScale : scale;
  if (!known)
    known = entry.addArgument(
        RankedTensorType::get({1}, type),
        makeRole(forward.getContext(),
                 isAux ? hash::ArgKind::aux_scale : hash::ArgKind::scale),
        forward.getLoc());
  return getElementTypeOrSelf(known) == type ? known : Value();
}

/// What flows back into the losses is the scale, the same for all rows.
LogicalResult GradStepBuilder::addLoss(Value losses, unsigned result,
                                       hash::ArgAttr role) {
  auto type = dyn_cast<RankedTensorType>(losses.getType());
  Value flow = type && isa<FloatType>(type.getElementType())
                   ? getScale(role.getKind(), type.getElementType())
                   : Value();
  if (!flow)
    return forward.emitError("result ")
           << result
           << " is losses, and has to be a tensor of floats, the same for all";
  reverse.accumulate(
      losses,
      hash::SplatOp::create(entry.getBuilder(), losses.getLoc(), type, flow));
  entry.addResult(losses, role);
  return success();
}

/// What is counted is added to the accumulator of the parameter it is for.
LogicalResult GradStepBuilder::addLoad(Value load, hash::ArgAttr role) {
  for (const Gradient &gradient : gradients)
    if (gradient.role == role &&
        gradient.parameter.getType() == load.getType()) {
      reverse.accumulate(gradient.parameter, load);
      return success();
    }
  auto declaration =
      forward->getParentOfType<ModuleOp>().lookupSymbol<hash::ParamOp>(
          role.getName());
  if (declaration && declaration.getFrozen())
    return success(); // it stays as it is, whatever the load
  return forward.emitError("no parameter of this type is called ")
         << role.getName() << ", and a result is to be added to its gradient";
}

LogicalResult GradStepBuilder::addResults() {
  Operation *terminator = forward.getBody().front().getTerminator();
  for (OpOperand &returned : terminator->getOpOperands()) {
    hash::ArgAttr role = getResultRole(forward, returned.getOperandNumber());
    if (!role)
      continue;
    Value value = mapping.lookup(returned.get());
    if (role.getKind() == hash::ArgKind::plan)
      entry.addResult(value, role);
    if (role.getKind() == hash::ArgKind::grad && failed(addLoad(value, role)))
      return failure();
    bool isLoss = role.getKind() == hash::ArgKind::losses ||
                  role.getKind() == hash::ArgKind::aux;
    if (isLoss && failed(addLoss(value, returned.getOperandNumber(), role)))
      return failure();
  }
  return scale ? success()
               : forward.emitError("has no result that is the losses");
}

void GradStepBuilder::addGradients() {
  for (const Gradient &gradient : gradients) {
    Value sum = gradient.keys ? reverse.getRowGradient(gradient.parameter).rows
                              : reverse.getCotangent(gradient.parameter);
    if (sum == gradient.total)
      remark::missed(
          gradient.parameter.getLoc(),
          remark::RemarkOpts::name("no-gradient").category(DEBUG_TYPE))
          << remark::reason("the loss does not depend on '{0}'",
                            gradient.role.getName().getValue());
    entry.addResult(sum, gradient.role);
  }
  for (const Gradient &gradient : gradients)
    if (gradient.keys)
      entry.addResult(reverse.getRowGradient(gradient.parameter).keys,
                      getKeysRole(gradient.role.getName()));
}

LogicalResult GradStepBuilder::run() {
  if (failed(addArguments()))
    return failure();
  cloneForward();
  if (failed(addResults()) || failed(reverse.run(program)))
    return failure();
  addGradients();
  entry.finish();
  return success();
}

/// Writes @update: a step of the optimizer for each parameter.
class UpdateBuilder {
public:
  UpdateBuilder(ModuleOp module, func::FuncOp forward)
      : module(module), forward(forward),
        entry(module, "update", forward.getLoc()), builder(entry.getBuilder()) {
    auto train =
        module->getAttrOfType<DictionaryAttr>(hash::HashDialect::kTrainAttr);
    if (train) {
      optimizer = train.getAs<DictionaryAttr>("optimizer");
      tables = train.getAs<DictionaryAttr>("tables");
    }
  }

  LogicalResult run();

private:
  /// A parameter and what the optimizer keeps beside it, by kind: read first,
  /// then as the step leaves it.
  struct State {
    BlockArgument parameter;
    hash::ParamOp declaration;
    std::map<hash::ArgKind, Value> values;
  };

  LogicalResult addState();
  Type getType(State &state, hash::ArgKind kind);
  hash::ArgAttr getRoleOf(const State &state, hash::ArgKind kind) {
    return makeRole(forward.getContext(), kind,
                    getRole(forward, state.parameter).getName());
  }
  void createAdamW(State &state);
  void createRowwiseAdagrad(State &state);
  void createBalanceBias(State &state);
  FloatAttr getSetting(DictionaryAttr settings, StringRef name,
                       double otherwise) {
    auto value = settings ? settings.getAs<FloatAttr>(name) : FloatAttr();
    return builder.getF64FloatAttr(value ? value.getValueAsDouble()
                                         : otherwise);
  }

  ModuleOp module;
  func::FuncOp forward;
  EntryBuilder entry;
  OpBuilder &builder;
  DictionaryAttr optimizer, tables;
  std::vector<State> states;
  Value hyper, norm;
};

/// What the optimizer reads and updates. Arguments and results come kind by
/// kind.
constexpr hash::ArgKind kState[] = {
    hash::ArgKind::param, hash::ArgKind::grad, hash::ArgKind::moment1,
    hash::ArgKind::moment2, hash::ArgKind::grad_keys};

/// Null where a parameter has nothing of a kind.
Type UpdateBuilder::getType(State &state, hash::ArgKind kind) {
  auto type = cast<RankedTensorType>(state.parameter.getType());
  bool isTable = state.declaration.getLookup();
  if (state.declaration.getBalance() && kind != hash::ArgKind::param &&
      kind != hash::ArgKind::grad)
    return Type();
  if (isTable && kind == hash::ArgKind::grad)
    return getRowGradientTypes(forward, state.parameter).rows;
  if (kind == hash::ArgKind::grad_keys)
    return isTable ? Type(getRowGradientTypes(forward, state.parameter).keys)
                   : Type();
  if (isTable && kind == hash::ArgKind::moment1)
    return Type();
  if (isTable && kind == hash::ArgKind::moment2)
    return type.clone({type.getDimSize(0)});
  return type;
}

LogicalResult UpdateBuilder::addState() {
  for (BlockArgument parameter : getParameters(forward)) {
    hash::ParamOp declaration = lookupDeclaration(forward, parameter);
    if (!declaration)
      return failure();
    if (!declaration.getFrozen())
      states.push_back({parameter, declaration, {}});
  }
  for (hash::ArgKind kind : kState)
    for (State &state : states)
      if (Type type = getType(state, kind))
        state.values[kind] = entry.addArgument(type, getRoleOf(state, kind),
                                               state.parameter.getLoc());
  return success();
}

void UpdateBuilder::createAdamW(State &state) {
  auto &values = state.values;
  Value &param = values[hash::ArgKind::param];
  Value &grad = values[hash::ArgKind::grad];
  Value &moment1 = values[hash::ArgKind::moment1];
  Value &moment2 = values[hash::ArgKind::moment2];
  Type type = param.getType();
  auto step = hash::AdamWOp::create(
      builder, state.parameter.getLoc(), type, type, type, type, param, grad,
      moment1, moment2, hyper, norm, getSetting(optimizer, "beta1", 0.9),
      getSetting(optimizer, "beta2", 0.999), getSetting(optimizer, "eps", 1e-8),
      state.declaration.getDecay() ? getSetting(optimizer, "weight_decay", 0.0)
                                   : builder.getF64FloatAttr(0.0));
  param = step.getNewParam();
  grad = step.getNewGrad();
  moment1 = step.getNewMoment1();
  moment2 = step.getNewMoment2();
}

void UpdateBuilder::createRowwiseAdagrad(State &state) {
  auto &values = state.values;
  Value &param = values[hash::ArgKind::param];
  Value &grad = values[hash::ArgKind::grad];
  Value &keys = values[hash::ArgKind::grad_keys];
  Value &sums = values[hash::ArgKind::moment2];
  auto step = hash::RowwiseAdagradOp::create(
      builder, state.parameter.getLoc(), param.getType(), grad.getType(),
      keys.getType(), sums.getType(), param, grad, keys, sums, hyper, norm,
      getSetting(tables, "lr_scale", 1.0), getSetting(tables, "eps", 1e-8));
  param = step.getNewParam();
  grad = step.getNewGrad();
  keys = step.getNewKeys();
  sums = step.getNewSums();
}

void UpdateBuilder::createBalanceBias(State &state) {
  Value &param = state.values[hash::ArgKind::param];
  Value &load = state.values[hash::ArgKind::grad];
  auto step = hash::BalanceBiasOp::create(
      builder, state.parameter.getLoc(), param.getType(), load.getType(), param,
      load, state.declaration.getBalanceAttr());
  param = step->getResult(0);
  load = step->getResult(1);
}

LogicalResult UpdateBuilder::run() {
  if (failed(addState()))
    return failure();
  MLIRContext *context = module.getContext();
  Type hyperType = RankedTensorType::get({4}, builder.getF64Type());
  Type normType = RankedTensorType::get({1}, builder.getF64Type());
  hyper = entry.addArgument(hyperType, makeRole(context, hash::ArgKind::hyper),
                            forward.getLoc());
  SmallVector<Value> gradients;
  for (State &state : states)
    if (!state.declaration.getBalance())
      gradients.push_back(state.values[hash::ArgKind::grad]);
  norm = hash::GlobalNormOp::create(builder, forward.getLoc(), normType,
                                    gradients);
  for (State &state : states)
    if (state.declaration.getLookup())
      createRowwiseAdagrad(state);
    else if (state.declaration.getBalance())
      createBalanceBias(state);
    else
      createAdamW(state);
  for (hash::ArgKind kind : kState)
    for (State &state : states)
      if (Value value = state.values[kind])
        entry.addResult(value, getRoleOf(state, kind));
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
    if (failed(step.run()) || failed(UpdateBuilder(module, forward).run()))
      return signalPassFailure();
    numDifferentiated += step.getNumDifferentiated();
  }
};

} // namespace
} // namespace hashc
