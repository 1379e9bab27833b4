//===- Walk.h - Every expression of a tree ----------------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_FRONTEND_WALK_H
#define HASHC_FRONTEND_WALK_H

#include "frontend/Ast.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace hashc::frontend {

using VisitFn = llvm::function_ref<void(const Expr &)>;

/// Each calls `visit` with every expression there, from the outside in.
void walk(const Expr &expr, VisitFn visit);
void walk(const Block &block, VisitFn visit);
void walk(const Spec &spec, VisitFn visit);

/// True if `name` stands in it as a value.
bool mentions(const Expr &expr, llvm::StringRef name);

} // namespace hashc::frontend

#endif // HASHC_FRONTEND_WALK_H
