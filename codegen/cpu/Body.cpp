//===- Body.cpp - Bodies of structured ops on vectors ---------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/Operands.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace hashc::cpu {

void declareFunction(Emitter &e, StringRef name, FunctionType type) {
  Operation *module = e.getInsertionBlock()->getParentOp();
  while (!isa<ModuleOp>(module))
    module = module->getParentOp();
  if (SymbolTable::lookupSymbolIn(module, name))
    return;
  OpBuilder builder(e.getContext());
  builder.setInsertionPointToEnd(cast<ModuleOp>(module).getBody());
  auto function = func::FuncOp::create(builder, e.getLoc(), name, type);
  function.setPrivate();
}

static Type vectorOf(Type type, int64_t lanes) {
  return VectorType::get({lanes}, type);
}

/// Functions the processor has no instruction for, by the names under which
/// the kernel library has them for whole vectors; empty for the others.
static StringRef getLibraryFunction(Operation *op) {
  return TypeSwitch<Operation *, StringRef>(op)
      .Case([](math::ExpOp) { return "exp"; })
      .Case([](math::LogOp) { return "log"; })
      .Case([](math::Log1pOp) { return "log1p"; })
      .Case([](math::SinOp) { return "sin"; })
      .Case([](math::CosOp) { return "cos"; })
      .Case([](math::TanhOp) { return "tanh"; })
      .Case([](math::ErfOp) { return "erf"; })
      .Case([](math::PowFOp) { return "pow"; })
      .Default([](Operation *) { return ""; });
}

/// Calls the library's function on a register at a time.
static Value callLibrary(Emitter &e, StringRef function, Type element,
                         ValueRange operands, int64_t lanes,
                         int64_t registerLanes) {
  std::string name =
      ("hash_v_" + function + (element.isF64() ? "_f64" : "_f32")).str();
  auto type = cast<VectorType>(vectorOf(element, registerLanes));
  SmallVector<Type> types(operands.size(), type);
  declareFunction(e, name, e.getFunctionType(types, {type}));
  auto call = [&](ValueRange arguments) {
    return func::CallOp::create(e, name, type, arguments).getResult(0);
  };
  if (lanes == registerLanes)
    return call(operands);

  Value result = e.zero(vectorOf(element, lanes));
  int64_t width = std::min(lanes, registerLanes);
  for (int64_t lane = 0; lane < lanes; lane += width) {
    SmallVector<Value> parts;
    for (Value operand : operands)
      parts.push_back(e.takeLanes(operand, lane, registerLanes));
    Value part = e.takeLanes(call(parts), 0, width);
    result = vector::InsertStridedSliceOp::create(
        e, part, result, ArrayRef<int64_t>{lane}, ArrayRef<int64_t>{1});
  }
  return result;
}

static bool divides(Operation *op) {
  return isa<arith::DivSIOp, arith::DivUIOp, arith::RemSIOp, arith::RemUIOp,
             arith::FloorDivSIOp, arith::CeilDivSIOp, arith::CeilDivUIOp>(op);
}

static void emitOperation(Emitter &e, Operation &op, IRMapping &mapping,
                          int64_t lanes, Value mask) {
  if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
    auto type = cast<VectorType>(vectorOf(constant.getType(), lanes));
    mapping.map(constant.getResult(),
                arith::ConstantOp::create(
                    e, DenseElementsAttr::get(type, constant.getValue())));
    return;
  }
  if (StringRef function = getLibraryFunction(&op); !function.empty()) {
    SmallVector<Value> operands;
    for (Value operand : op.getOperands())
      operands.push_back(mapping.lookup(operand));
    Type element = op.getResult(0).getType();
    int64_t registerLanes = e.vectorBytes / e.bytesOf(element);
    mapping.map(op.getResult(0), callLibrary(e, function, element, operands,
                                             lanes, registerLanes));
    return;
  }
  if (isa<math::RsqrtOp>(op)) {
    Value root = math::SqrtOp::create(e, mapping.lookup(op.getOperand(0)));
    auto type = cast<VectorType>(root.getType());
    Value one = arith::ConstantOp::create(
        e, DenseElementsAttr::get(type, cast<Attribute>(e.getFloatAttr(
                                            type.getElementType(), 1))));
    mapping.map(op.getResult(0), arith::DivFOp::create(e, one, root));
    return;
  }
  Operation *clone = e.clone(op, mapping);
  for (OpResult result : clone->getResults())
    result.setType(vectorOf(result.getType(), lanes));
  if (mask && divides(clone)) {
    // Lanes past the end hold zeros, and division by zero traps.
    OpBuilder::InsertionGuard guard(e);
    e.setInsertionPoint(clone);
    auto type = cast<VectorType>(clone->getOperand(1).getType());
    Value one = arith::ConstantOp::create(
        e, DenseElementsAttr::get(type, cast<Attribute>(e.getIntegerAttr(
                                            type.getElementType(), 1))));
    clone->setOperand(
        1, arith::SelectOp::create(e, mask, clone->getOperand(1), one));
  }
}

SmallVector<Value> emitBody(Emitter &e, Block &body, ValueRange arguments,
                            int64_t lanes, Value mask) {
  IRMapping mapping;
  mapping.map(body.getArguments(), arguments);
  for (Operation &op : body.without_terminator())
    emitOperation(e, op, mapping, lanes, mask);
  SmallVector<Value> results;
  for (Value value : body.getTerminator()->getOperands())
    results.push_back(mapping.lookup(value));
  return results;
}

} // namespace hashc::cpu
