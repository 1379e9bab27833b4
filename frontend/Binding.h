//===- Binding.h - Which argument of a call is for which parameter ----*- C++
//-*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_FRONTEND_BINDING_H
#define HASHC_FRONTEND_BINDING_H

#include "frontend/Ast.h"
#include "frontend/Library.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/Twine.h"

namespace hashc::frontend {

/// What a call of a function may give.
struct Signature {
  llvm::StringRef function;
  struct Parameter {
    bool required;
    const char *missing;
  };
  std::vector<llvm::StringRef> names;
  std::vector<Parameter> parameters;
  bool variadic = false;
};

Signature getSignature(const LibraryFunction &function);
Signature getSignature(const FnItem &fn);
Signature getSignature(const RouterItem &router);

struct Binding {
  /// By parameter; -1 where none is given.
  std::vector<int> argumentOf;
  bool ok = true;
};

using ReportFn = llvm::function_ref<void(llvm::SMLoc, const llvm::Twine &)>;

/// Matches arguments to parameters: first those without a name, in order, then
/// those with one. With `skipInput` the first parameter is left out.
Binding bindArguments(const CallExpr &call, const Signature &signature,
                      bool skipInput, ReportFn report);

} // namespace hashc::frontend

#endif // HASHC_FRONTEND_BINDING_H
