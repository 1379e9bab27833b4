//===- Binding.cpp - Which argument of a call is for which parameter ------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/Binding.h"
#include "frontend/Diagnostics.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using llvm::StringRef;
using llvm::Twine;

namespace hashc::frontend {

Signature getSignature(const LibraryFunction &function) {
  Signature signature;
  signature.function = function.name;
  signature.variadic = function.variadic;
  for (const LibraryParameter &parameter : function.parameters) {
    signature.names.push_back(parameter.name);
    signature.parameters.push_back({parameter.required, parameter.missing});
  }
  return signature;
}

static Signature getSignature(StringRef name,
                              const std::vector<Formal> &formals) {
  Signature signature;
  signature.function = name;
  for (const Formal &formal : formals) {
    signature.names.push_back(formal.name);
    signature.parameters.push_back({formal.value == nullptr, nullptr});
  }
  return signature;
}

Signature getSignature(const FnItem &fn) {
  return getSignature(fn.name, fn.formals);
}

Signature getSignature(const RouterItem &router) {
  return getSignature(router.name, router.formals);
}

/// The parameter that may be meant, or all that there are.
static std::string hintParameter(StringRef name, const Signature &signature) {
  std::vector<StringRef> names;
  for (auto [known, parameter] :
       llvm::zip(signature.names, signature.parameters))
    if (!parameter.missing)
      names.push_back(known);
  std::string near = suggest(name, names);
  if (!near.empty() || names.empty())
    return near;
  return "; it has " + llvm::join(names, ", ");
}

Binding bindArguments(const CallExpr &call, const Signature &signature,
                      bool skipInput, ReportFn report) {
  Binding binding;
  binding.argumentOf.assign(signature.names.size(), -1);
  auto fail = [&](llvm::SMLoc loc, const Twine &message) {
    report(loc, message);
    binding.ok = false;
  };
  size_t next = skipInput ? 1 : 0;
  bool named = false;
  for (auto [index, argument] : llvm::enumerate(call.arguments)) {
    if (argument.colon) {
      fail(argument.nameLoc,
           "arguments are named with '=': " + Twine(argument.name) + " = ...");
      continue;
    }
    size_t parameter = next;
    if (argument.name.empty()) {
      if (signature.variadic)
        continue;
      if (named) {
        fail(argument.value->loc,
             "arguments without a name stand before those with one");
        continue;
      }
      if (next >= signature.names.size()) {
        fail(argument.value->loc,
             "'" + signature.function + "' takes " +
                 Twine(signature.names.size() - skipInput) +
                 (signature.names.size() - skipInput == 1 ? " argument"
                                                          : " arguments") +
                 ", this is one more");
        return binding;
      }
      ++next;
    } else {
      named = true;
      parameter =
          llvm::find(signature.names, argument.name) - signature.names.begin();
      if (parameter == signature.names.size()) {
        fail(argument.nameLoc,
             "'" + signature.function + "' has no parameter '" + argument.name +
                 "'" + hintParameter(argument.name, signature));
        continue;
      }
    }
    if (binding.argumentOf[parameter] >= 0) {
      fail(argument.nameLoc,
           "'" + signature.names[parameter] + "' is given twice");
      continue;
    }
    if (const char *missing = signature.parameters[parameter].missing)
      fail(argument.nameLoc, Twine("not supported yet: ") + missing);
    binding.argumentOf[parameter] = index;
  }
  return binding;
}

} // namespace hashc::frontend
