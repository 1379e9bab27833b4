//===- Frontend.cpp - From the text of a spec to the hash dialect ---------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/Frontend.h"

namespace hashc::frontend {

bool printAst(llvm::SourceMgr &sources, const FrontendOptions &options,
              llvm::raw_ostream &out) {
  return false;
}

mlir::OwningOpRef<mlir::ModuleOp> buildModule(llvm::SourceMgr &sources,
                                              const FrontendOptions &options,
                                              mlir::MLIRContext &context) {
  return nullptr;
}

} // namespace hashc::frontend
