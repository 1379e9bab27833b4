//===- Hash.h - The hash dialect: types, attributes, ops --------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_DIALECT_HASH_H
#define HASHC_DIALECT_HASH_H

#include "dialect/Decoding.h"
#include "dialect/RowGradient.h"

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialect/HashDialect.h.inc"
#include "dialect/HashEnums.h.inc"
#include "dialect/HashInterfaces.h.inc"
#define GET_TYPEDEF_CLASSES
#include "dialect/HashTypes.h.inc"
#define GET_ATTRDEF_CLASSES
#include "dialect/HashAttrs.h.inc"
#define GET_OP_CLASSES
#include "dialect/HashOps.h.inc"

namespace hashc::hash {

/// Attaches the differentiation rules of arith's and math's elementwise ops
/// (external models of DifferentiableOpInterface).
void registerScalarVjps(mlir::DialectRegistry &registry);

/// The type bodies and reductions compute in for stored elements of `type`:
/// f64 for f64, f32 for the narrower floats, integers as they are.
mlir::Type getComputeType(mlir::Type type);

/// A tensor of one number. Where its elements would round the number, bodies
/// still compute with it: it is a hash.splat of a wide enough constant.
mlir::Value createNumber(mlir::OpBuilder &builder, mlir::Location location,
                         mlir::Type type, double value);
/// The number that every element of a constant is, as wide as it was written;
/// null where `value` is no constant, or not the same everywhere.
mlir::TypedAttr matchNumber(mlir::Value value);

/// The place in the spec an op comes from ("blocks[3].ffn"): the outermost name
/// of its location; empty where there is none.
llvm::StringRef getPath(mlir::Location location);

/// What hash.mix gives for one row's values.
int64_t mix(llvm::ArrayRef<int64_t> values, int64_t seed);

/// FNV-1a of a text, as 16 hexadecimal digits.
std::string hashText(llvm::StringRef text);

} // namespace hashc::hash

#endif // HASHC_DIALECT_HASH_H
