//===- FuzzFrontend.cpp - Any text as a spec ------------------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialect/Registration.h"
#include "frontend/Frontend.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"
#include "llvm/Support/MemoryBuffer.h"

#include <cstdint>
#include <cstdlib>

using namespace hashc;
using llvm::StringRef;

/// Lines `//-D name=value` at the top are the command line's.
static frontend::FrontendOptions readDefines(StringRef text) {
  frontend::FrontendOptions options;
  while (text.consume_front("//-D ")) {
    auto [line, rest] = text.split('\n');
    auto [name, value] = line.split('=');
    options.defines.emplace_back(name.str(), value.str());
    text = rest;
  }
  return options;
}

static void addBuffer(llvm::SourceMgr &sources, StringRef text) {
  sources.AddNewSourceBuffer(
      llvm::MemoryBuffer::getMemBufferCopy(text, "fuzz.hash"), llvm::SMLoc());
}

static bool print(StringRef text, std::string &printed) {
  llvm::SourceMgr sources;
  addBuffer(sources, text);
  llvm::raw_string_ostream stream(printed);
  return frontend::printAst(sources, {}, stream);
}

/// The canonical form of a spec is a spec, and its own canonical form.
static void checkPrinter(StringRef text) {
  std::string once, twice;
  if (!print(text, once))
    return;
  if (!print(once, twice) || once != twice) {
    llvm::outs() << once << "---\n" << twice;
    llvm::outs().flush();
    std::abort();
  }
}

/// Uniqued types and attributes live as long as their context, so it is
/// replaced now and then.
static mlir::MLIRContext &getContext() {
  static std::unique_ptr<mlir::MLIRContext> context;
  static unsigned uses = 0;
  if (!context || ++uses % 512 == 0) {
    mlir::DialectRegistry registry;
    registerDialects(registry);
    context = std::make_unique<mlir::MLIRContext>(
        registry, mlir::MLIRContext::Threading::DISABLED);
    context->loadAllAvailableDialects();
  }
  return *context;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  StringRef text(reinterpret_cast<const char *>(data), size);
  checkPrinter(text);
  mlir::MLIRContext &context = getContext();
  llvm::SourceMgr sources;
  addBuffer(sources, text);
  // What the frontend accepts is a correct module: the verifier is silent.
  bool complained = false;
  mlir::ScopedDiagnosticHandler handler(&context, [&](mlir::Diagnostic &) {
    complained = true;
    return mlir::success();
  });
  auto module = frontend::buildModule(sources, readDefines(text), context);
  if (complained || (module && mlir::failed(mlir::verify(*module))))
    std::abort();
  return 0;
}
