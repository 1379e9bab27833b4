//===- EntryPoints.cpp - Building entry points from the forward function -*- C++
//-*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/EntryPoints.h"

#include "mlir/IR/SymbolTable.h"

using namespace mlir;

namespace hashc {

func::FuncOp lookupForward(ModuleOp module) {
  auto forward = module.lookupSymbol<func::FuncOp>("forward");
  if (!forward || forward.isExternal()) {
    module.emitError("expects a function @forward, as the frontend emits it");
    return {};
  }
  return forward;
}

hash::ArgAttr getRole(func::FuncOp function, BlockArgument argument) {
  return function.getArgAttrOfType<hash::ArgAttr>(argument.getArgNumber(),
                                                  hash::HashDialect::kArgAttr);
}

hash::ArgAttr getResultRole(func::FuncOp function, unsigned result) {
  return function.getResultAttrOfType<hash::ArgAttr>(
      result, hash::HashDialect::kArgAttr);
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
