//===- EntryPoints.cpp - Building entry points from the forward function --===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/EntryPoints.h"

#include "mlir/IR/SymbolTable.h"

using namespace mlir;

namespace hashc {

/// Entry points are derived argument by argument, by role.
static LogicalResult checkArgument(func::FuncOp forward,
                                   BlockArgument argument) {
  if (isa<hash::PlanType>(argument.getType()))
    return success();
  auto type = dyn_cast<RankedTensorType>(argument.getType());
  if (!type || !type.hasStaticShape())
    return forward.emitError("argument ")
           << argument.getArgNumber() << " is a " << argument.getType()
           << ", and has to be a tensor of fixed shape";
  hash::ArgAttr role = getRole(forward, argument);
  if (!role)
    return forward.emitError("argument ")
           << argument.getArgNumber() << " has no role (hash.arg)";
  if (role.getKind() == hash::ArgKind::param &&
      (!role.getName() || !isa<FloatType>(type.getElementType())))
    return forward.emitError("argument ")
           << argument.getArgNumber()
           << " is a parameter, and has to have a name and be of floats";
  return success();
}

func::FuncOp lookupForward(ModuleOp module) {
  auto forward = module.lookupSymbol<func::FuncOp>("forward");
  if (!forward || forward.isExternal()) {
    module.emitError("expects a function @forward, as the frontend emits it");
    return {};
  }
  if (!getStraightLine(forward)) {
    forward.emitError("branches; a model is straight-line code");
    return {};
  }
  for (BlockArgument argument : forward.getArguments())
    if (failed(checkArgument(forward, argument)))
      return {};
  return forward;
}

LogicalResult checkAbsent(ModuleOp module, ArrayRef<StringRef> names) {
  for (StringRef name : names)
    if (Operation *known = module.lookupSymbol(name))
      return known->emitError("the module has '")
             << name << "' already; the pass that makes it runs once";
  return success();
}

Block *getStraightLine(func::FuncOp function) {
  return function.getBody().hasOneBlock() ? &function.getBody().front()
                                          : nullptr;
}

LogicalResult checkStage(ModuleOp module, StringRef stage) {
  if (llvm::is_contained({"hash", "step", "fused", "kernels"}, stage))
    return success();
  return module.emitError("there is no stage '")
         << stage << "'; it is hash, step, fused or kernels";
}

hash::ArgAttr makeRole(MLIRContext *context, hash::ArgKind kind,
                       StringRef name) {
  return hash::ArgAttr::get(context, kind,
                            name.empty() ? StringAttr()
                                         : StringAttr::get(context, name));
}

hash::ArgAttr getRole(func::FuncOp function, BlockArgument argument) {
  return function.getArgAttrOfType<hash::ArgAttr>(argument.getArgNumber(),
                                                  hash::HashDialect::kArgAttr);
}

hash::ArgAttr getResultRole(func::FuncOp function, unsigned result) {
  return function.getResultAttrOfType<hash::ArgAttr>(
      result, hash::HashDialect::kArgAttr);
}

unsigned eraseUnusedArguments(func::FuncOp function) {
  BitVector unused(function.getNumArguments());
  for (BlockArgument argument : function.getArguments())
    unused[argument.getArgNumber()] = argument.use_empty();
  (void)function.eraseArguments(unused);
  return unused.count();
}

EntryBuilder::EntryBuilder(ModuleOp module, StringRef name, Location location)
    : builder(OpBuilder::atBlockEnd(module.getBody())) {
  function = func::FuncOp::create(builder, location, name,
                                  builder.getFunctionType({}, {}));
  builder.setInsertionPointToEnd(function.addEntryBlock());
}

Value EntryBuilder::addArgument(Type type, hash::ArgAttr role,
                                Location location) {
  argumentRoles.push_back(builder.getDictionaryAttr(
      builder.getNamedAttr(hash::HashDialect::kArgAttr, role)));
  return function.getBody().front().addArgument(type, location);
}

void EntryBuilder::addResult(Value value, hash::ArgAttr role) {
  resultRoles.push_back(builder.getDictionaryAttr(
      builder.getNamedAttr(hash::HashDialect::kArgAttr, role)));
  results.push_back(value);
}

func::FuncOp EntryBuilder::finish() {
  func::ReturnOp::create(builder, function.getLoc(), results);
  function.setFunctionType(
      builder.getFunctionType(function.getBody().front().getArgumentTypes(),
                              TypeRange(ValueRange(results))));
  function.setArgAttrsAttr(builder.getArrayAttr(argumentRoles));
  function.setResAttrsAttr(builder.getArrayAttr(resultRoles));
  return function;
}

} // namespace hashc
