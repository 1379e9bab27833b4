//===- hashc.cpp - The compiler driver ---*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/hashc/Compiler.h"
#include "tools/hashc/Options.h"
#include "tools/hashc/TableCommand.h"

#include "dialect/Registration.h"
#include "passes/Passes.h"

#include "mlir/IR/Remarks.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/Support/InitLLVM.h"

#include <csignal>

using namespace mlir;

/// Prints every remark of the passes as a remark at its place in the spec.
static void enableRemarks(MLIRContext &context) {
  // `all` only widens the kinds that have a pattern of their own.
  remark::RemarkCategories categories;
  for (std::optional<std::string> *kind :
       {&categories.passed, &categories.missed, &categories.analysis,
        &categories.failed})
    *kind = ".*";
  (void)remark::enableOptimizationRemarks(
      context, /*streamer=*/nullptr,
      std::make_unique<remark::RemarkEmittingPolicyAll>(), categories,
      /*printAsEmitRemarks=*/true);
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  // A write past the limit of a file's size fails then, as on a full disk.
  // After InitLLVM, which lets it kill.
  std::signal(SIGXFSZ, SIG_IGN);
  // What is not a spec is a command; a spec of that name is ./table.
  if (argc > 1 && StringRef(argv[1]) == "table")
    return hashc::runTableCommand(argc - 1, argv + 1);
  // Options such as --mlir-print-ir-after name passes.
  registerTransformsPasses();
  hashc::registerHashPasses();
  hashc::cpu::registerCpuPasses();
  hashc::nvvm::registerGpuPasses();
  int exitCode = hashc::kSuccess;
  std::optional<hashc::Options> options =
      hashc::parseOptions(argc, argv, exitCode);
  if (!options)
    return exitCode;

  DialectRegistry registry;
  hashc::registerDialects(registry);
  MLIRContext context(registry);
  context.loadAllAvailableDialects();
  hashc::Compiler compiler(*options, context);
  if (options->remarks)
    enableRemarks(context);
  return compiler.run();
}
