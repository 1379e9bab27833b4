//===- PlanMemory.cpp - From tensors to buffers in one arena --------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/EntryPoints.h"
#include "passes/MemoryPlan.h"
#include "passes/Passes.h"
#include "passes/Structured.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace hashc {
#define GEN_PASS_DEF_PLANMEMORY
#include "passes/Passes.h.inc"

using namespace mlir;

namespace {

/// Rewrites one entry point to buffers, as planned.
class BufferRewriter {
public:
  BufferRewriter(func::FuncOp function, const MemoryPlan &plan)
      : function(function), plan(plan), block(function.getBody().front()),
        builder(function.getContext()) {}

  void run();

private:
  void rewriteOp(Operation *op);
  void rewriteStructured(Operation *op);
  void rewriteNamed(Operation *op);
  void rewriteConstant(arith::ConstantOp constant);
  void emitCopy(Location location, Value from, Value to);
  Value getBuffer(Value value);
  Value getView(Storage *storage, Type type);

  func::FuncOp function;
  const MemoryPlan &plan;
  Block &block;
  OpBuilder builder;
  DenseMap<std::pair<Storage *, Type>, Value> views;
  Operation *lastView = nullptr;
  BlockArgument arena;
};

Value BufferRewriter::getView(Storage *storage, Type type) {
  if (storage->argument)
    return storage->argument;
  MemRefType buffer = getBufferType(type);
  Value &view = views[{storage, buffer}];
  if (!view) {
    OpBuilder::InsertionGuard guard(builder);
    // Views come in order of first use, before the code.
    if (lastView)
      builder.setInsertionPointAfter(lastView);
    else
      builder.setInsertionPointToStart(&block);
    Location location = function.getLoc();
    Value offset = arith::ConstantIndexOp::create(builder, location,
                                                  storage->place.offset);
    view = memref::ViewOp::create(builder, location, buffer, arena, offset,
                                  ValueRange());
    lastView = view.getDefiningOp();
  }
  return view;
}

Value BufferRewriter::getBuffer(Value value) {
  return getView(plan.getStorage(value), value.getType());
}

void BufferRewriter::emitCopy(Location location, Value from, Value to) {
  createMapOnBuffers(builder, location, from, to,
                     [](OpBuilder &, ValueRange scalars) {
                       return SmallVector<Value>{scalars.front()};
                     });
}

/// The plan an op reads or makes, as an attribute.
TypeAttr getPlanShape(Operation *op) {
  auto find = [](TypeRange types) -> TypeAttr {
    for (Type type : types)
      if (isa<hash::PlanType>(type))
        return TypeAttr::get(type);
    return {};
  };
  if (TypeAttr shape = find(op->getOperandTypes()))
    return shape;
  return find(op->getResultTypes());
}

void BufferRewriter::rewriteStructured(Operation *op) {
  auto hints = cast<hash::BufferHintsOpInterface>(op);
  SmallVector<Value> operands(op->getNumOperands());
  for (unsigned result = 0; result < op->getNumResults(); ++result)
    operands[hints.getTiedOperandOf(result)] = getBuffer(op->getResult(result));
  for (auto [index, operand] : llvm::enumerate(op->getOperands()))
    if (!operands[index])
      operands[index] = getBuffer(operand);
  OperationState state(op->getLoc(), op->getName());
  state.addOperands(operands);
  state.addAttributes(op->getDiscardableAttrDictionary().getValue());
  state.propertiesAttr = op->getPropertiesAsAttribute();
  state.addRegion()->takeBody(op->getRegion(0));
  Operation *lowered = builder.create(state);
  if (TypeAttr shape = getPlanShape(op))
    lowered->setAttr("plan_shape", shape);
}

void BufferRewriter::rewriteNamed(Operation *op) {
  auto hints = dyn_cast<hash::BufferHintsOpInterface>(op);
  llvm::SmallBitVector tied(op->getNumOperands());
  SmallVector<Value> ins, outs;
  for (unsigned result = 0; result < op->getNumResults(); ++result) {
    outs.push_back(getBuffer(op->getResult(result)));
    if (int64_t operand = hints ? hints.getTiedOperandOf(result) : -1;
        operand >= 0)
      tied.set(operand);
  }
  for (auto [index, operand] : llvm::enumerate(op->getOperands()))
    if (!tied[index])
      ins.push_back(getBuffer(operand));
  NamedAttrList config(op->getAttrDictionary());
  config.erase("operandSegmentSizes");
  hash::LibraryCallOp::create(
      builder, op->getLoc(), op->getName().stripDialect(), ins, outs,
      config.getDictionary(op->getContext()), getPlanShape(op));
}

/// A constant that an op reads from memory is written there first.
void BufferRewriter::rewriteConstant(arith::ConstantOp constant) {
  auto splat = cast<SplatElementsAttr>(constant.getValue());
  Location location = constant.getLoc();
  createMapOnBuffers(builder, location, {}, getBuffer(constant.getResult()),
                     [&](OpBuilder &body, ValueRange scalars) {
                       auto scalar = splat.getSplatValue<TypedAttr>();
                       if (auto real = dyn_cast<FloatAttr>(scalar))
                         scalar = body.getFloatAttr(scalars.front().getType(),
                                                    real.getValueAsDouble());
                       return SmallVector<Value>{
                           arith::ConstantOp::create(body, location, scalar)};
                     });
}

void BufferRewriter::rewriteOp(Operation *op) {
  builder.setInsertionPoint(op);
  for (const StorageCopy &copy : plan.getCopiesBefore(op))
    emitCopy(op->getLoc(), getBuffer(copy.from),
             getView(copy.to, copy.from.getType()));
  if (isa<tensor::EmptyOp, func::ReturnOp>(op))
    return;
  if (auto constant = dyn_cast<arith::ConstantOp>(op))
    return rewriteConstant(constant);
  if (isa<hash::GroupedGemmOp, hash::GroupedOuterOp, hash::MapOp>(op))
    return rewriteStructured(op);
  rewriteNamed(op);
}

void BufferRewriter::run() {
  SmallVector<Operation *> ops = llvm::map_to_vector(
      block.getOperations(), [](Operation &op) { return &op; });
  Location location = function.getLoc();
  auto arenaType = MemRefType::get({plan.getArenaBytes()}, builder.getI8Type());
  hash::ArgAttr role = makeRole(function.getContext(), hash::ArgKind::arena);
  unsigned index = function.getNumArguments();
  (void)function.insertArgument(index, arenaType,
                                builder.getDictionaryAttr(builder.getNamedAttr(
                                    hash::HashDialect::kArgAttr, role)),
                                location);
  arena = block.getArgument(index);
  for (Operation *op : ops)
    rewriteOp(op);
  builder.setInsertionPoint(block.getTerminator());
  func::ReturnOp::create(builder, location);
  for (Operation *op : llvm::reverse(ops))
    op->erase();
  for (BlockArgument argument : block.getArguments())
    if (!isa<MemRefType>(argument.getType()))
      argument.setType(getBufferType(argument.getType()));
  function.setType(builder.getFunctionType(block.getArgumentTypes(), {}));
  function.setResAttrsAttr(ArrayAttr());
}

class PlanMemory final : public impl::PlanMemoryBase<PlanMemory> {
  using PlanMemoryBase::PlanMemoryBase;

  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (function.isExternal() || function.isPrivate())
        continue;
      MemoryPlan plan(function, reuse);
      if (failed(plan.build()))
        return signalPassFailure();
      BufferRewriter(function, plan).run();
      numArenaBytes += plan.getArenaBytes();
      numInPlace += plan.getNumInPlace();
      numCopies += plan.getNumCopies();
    }
  }
};

} // namespace
} // namespace hashc