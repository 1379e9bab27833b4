//===- HashConstraints.h - What the constraints of ops ask -----*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_DIALECT_HASHCONSTRAINTS_H
#define HASHC_DIALECT_HASHCONSTRAINTS_H

#include "dialect/Hash.h"

#include <cmath>

namespace hashc::hash {

/// True for shapes without dynamic or empty extents.
inline bool hasKnownShape(mlir::Type type) {
  auto shaped = llvm::cast<mlir::ShapedType>(type);
  return shaped.hasRank() && shaped.hasStaticShape() &&
         !llvm::is_contained(shaped.getShape(), 0);
}

inline mlir::ShapedType getShaped(mlir::Value value) {
  return llvm::cast<mlir::ShapedType>(value.getType());
}
inline llvm::ArrayRef<int64_t> getShape(mlir::Value value) {
  return getShaped(value).getShape();
}
inline int64_t getRows(mlir::Value value) { return getShape(value).front(); }
inline int64_t getFeatures(mlir::Value value) { return getShape(value).back(); }
inline int64_t getCount(mlir::Value value) {
  return getShaped(value).getNumElements();
}
/// Ops have a member getType.
inline mlir::Type typeOf(mlir::Value value) { return value.getType(); }
inline mlir::Type getElement(mlir::Value value) {
  return getShaped(value).getElementType();
}
inline mlir::Type getCompute(mlir::Value value) {
  return getComputeType(getElement(value));
}

/// True if `matrix` has room for several streams as its columns.
inline bool isTableOf(mlir::ValueRange streams, mlir::Value matrix) {
  llvm::ArrayRef<int64_t> shape = getShape(matrix);
  return streams.size() > 1 && shape.size() == 2 &&
         shape[1] == static_cast<int64_t>(streams.size()) &&
         llvm::all_of(streams, [&](mlir::Value stream) {
           return getRows(stream) == shape[0];
         });
}

/// Features of all of `matrices` side by side.
inline int64_t countFeatures(mlir::ValueRange matrices) {
  int64_t features = 0;
  for (mlir::Value matrix : matrices)
    features += getFeatures(matrix);
  return features;
}

/// True for initialisers that need rows and columns.
inline bool isMatrixInit(Init init) {
  return init == Init::xavier || init == Init::orthogonal;
}

inline bool isTableBuilder(llvm::StringRef name) {
  return llvm::is_contained({"random", "python_random", "balanced",
                             "round_robin", "clustered", "dispersed", "file"},
                            name);
}

/// True for builders that read a file.
inline bool isFileBuilder(llvm::StringRef name) {
  return llvm::is_contained({"clustered", "dispersed", "file"}, name);
}

} // namespace hashc::hash

#endif // HASHC_DIALECT_HASHCONSTRAINTS_H
