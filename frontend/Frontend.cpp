//===- Frontend.cpp - From the text of a spec to the hash dialect ---------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/Frontend.h"

#include "dialect/Hash.h"
#include "frontend/AstPrinter.h"
#include "frontend/Elaborator.h"
#include "frontend/Lexer.h"
#include "frontend/Parser.h"
#include "frontend/Sema.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

namespace hashc::frontend {

static llvm::StringRef getSpecText(llvm::SourceMgr &sources) {
  return sources.getMemoryBuffer(sources.getMainFileID())->getBuffer();
}

bool printAst(llvm::SourceMgr &sources, const FrontendOptions &options,
              llvm::raw_ostream &out) {
  Diagnostics diagnostics(sources);
  LexedFile file = lex(getSpecText(sources), diagnostics);
  Spec spec = parseSpec(file, diagnostics);
  if (diagnostics.hasErrors())
    return false;
  printSpec(spec, out);
  return true;
}

/// Of the canonical text and of what the command line changes in it.
static std::string hashSpec(const Spec &spec, const FrontendOptions &options) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  printSpec(spec, stream);
  for (const auto &[name, value] : options.defines)
    stream << name << '=' << value << '\n';
  return hash::hashText(text);
}

mlir::OwningOpRef<mlir::ModuleOp> buildModule(llvm::SourceMgr &sources,
                                              const FrontendOptions &options,
                                              mlir::MLIRContext &context) {
  Diagnostics diagnostics(sources);
  LexedFile file = lex(getSpecText(sources), diagnostics);
  Spec spec = parseSpec(file, diagnostics);
  if (!diagnostics.hasErrors())
    checkSpec(spec, diagnostics);
  if (diagnostics.hasErrors())
    return nullptr;
  mlir::OwningOpRef<mlir::ModuleOp> module =
      Elaborator(spec, diagnostics, options, context).run();
  if (!module)
    return nullptr;
  llvm::StringRef name = llvm::sys::path::filename(
      sources.getMemoryBuffer(sources.getMainFileID())->getBufferIdentifier());
  module->getOperation()->setAttr("hash.spec",
                                  mlir::StringAttr::get(&context, name));
  module->getOperation()->setAttr(
      "hash.spec_hash",
      mlir::StringAttr::get(&context, hashSpec(spec, options)));
  return module;
}

} // namespace hashc::frontend
