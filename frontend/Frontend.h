//===- Frontend.h - From the text of a spec to the hash dialect -*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_FRONTEND_FRONTEND_H
#define HASHC_FRONTEND_FRONTEND_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/Support/SourceMgr.h"
#include <string>
#include <utility>
#include <vector>

namespace hashc::frontend {

struct FrontendOptions {
  /// `-D name=value` of the command line, in order; the last one of a name
  /// counts.
  std::vector<std::pair<std::string, std::string>> defines;
};

/// Prints the spec (the main buffer of `sources`) in canonical form. False
/// where the spec does not parse; diagnostics go to stderr.
bool printAst(llvm::SourceMgr &sources, const FrontendOptions &options,
              llvm::raw_ostream &out);

/// Builds the `hash` stage module of the spec. Null where the spec is wrong;
/// diagnostics go to stderr.
mlir::OwningOpRef<mlir::ModuleOp> buildModule(llvm::SourceMgr &sources,
                                              const FrontendOptions &options,
                                              mlir::MLIRContext &context);

} // namespace hashc::frontend

#endif // HASHC_FRONTEND_FRONTEND_H
