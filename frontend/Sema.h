//===- Sema.h - What can be checked before a spec runs ----------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_FRONTEND_SEMA_H
#define HASHC_FRONTEND_SEMA_H

#include "frontend/Ast.h"
#include "frontend/Diagnostics.h"

namespace hashc::frontend {

/// Reports what is wrong with a spec whatever its values are: unknown and
/// doubled names, statements out of place, arguments nobody takes.
void checkSpec(const Spec &spec, Diagnostics &diagnostics);

} // namespace hashc::frontend

#endif // HASHC_FRONTEND_SEMA_H
