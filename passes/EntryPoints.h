//===- EntryPoints.h - Building entry points from the forward function -*- C++
//-*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_PASSES_ENTRYPOINTS_H
#define HASHC_PASSES_ENTRYPOINTS_H

#include "dialect/Hash.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

namespace hashc {

/// The forward function of a model: one block, every argument a tensor of fixed
/// shape with a role. Otherwise a diagnostic.
mlir::func::FuncOp lookupForward(mlir::ModuleOp module);

/// A diagnostic where the module has one of the functions `names` already.
llvm::LogicalResult checkAbsent(mlir::ModuleOp module,
                                llvm::ArrayRef<llvm::StringRef> names);

/// The code of an entry point, which is straight-line; null where the function
/// has no code or branches.
mlir::Block *getStraightLine(mlir::func::FuncOp function);

/// A diagnostic where there is no stage of that name.
llvm::LogicalResult checkStage(mlir::ModuleOp module, llvm::StringRef stage);

/// The role of an argument or a result; without a name there is one of a kind.
hash::ArgAttr makeRole(mlir::MLIRContext *context, hash::ArgKind kind,
                       llvm::StringRef name = "");

/// The role of an argument or a result; null where it has none.
hash::ArgAttr getRole(mlir::func::FuncOp function,
                      mlir::BlockArgument argument);
hash::ArgAttr getResultRole(mlir::func::FuncOp function, unsigned result);

/// The runtime allocates a buffer for each argument of an entry point: what
/// nothing reads is none. Returns how many there were.
unsigned eraseUnusedArguments(mlir::func::FuncOp function);

/// An entry point under construction: arguments and results come one by one,
/// each with its role.
class EntryBuilder {
public:
  EntryBuilder(mlir::ModuleOp module, llvm::StringRef name,
               mlir::Location location);

  mlir::OpBuilder &getBuilder() { return builder; }
  mlir::Value addArgument(mlir::Type type, hash::ArgAttr role,
                          mlir::Location location);
  void addResult(mlir::Value value, hash::ArgAttr role);

  /// Writes the return and the function's type.
  mlir::func::FuncOp finish();

private:
  mlir::func::FuncOp function;
  mlir::OpBuilder builder;
  llvm::SmallVector<mlir::Attribute> argumentRoles, resultRoles;
  llvm::SmallVector<mlir::Value> results;
};

} // namespace hashc

#endif // HASHC_PASSES_ENTRYPOINTS_H
