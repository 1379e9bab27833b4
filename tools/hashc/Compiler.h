//===- Compiler.h - From a spec to each stage ---*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_TOOLS_HASHC_COMPILER_H
#define HASHC_TOOLS_HASHC_COMPILER_H

#include "codegen/cpu/Cpu.h"
#include "codegen/nvvm/Nvvm.h"
#include "tools/hashc/KernelUsage.h"
#include "tools/hashc/Options.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/Support/SourceMgr.h"

namespace hashc {

/// One compilation: reads a spec, or a module that a stage printed, and takes
/// it from where it is to the stage asked for. Diagnostics go to stderr.
class Compiler {
public:
  Compiler(const Options &options, mlir::MLIRContext &context);

  /// Each returns kSuccess, or the exit code of what went wrong.
  ExitCode run();

private:
  ExitCode load();
  ExitCode loadModule();
  ExitCode loadSpec();
  ExitCode resolveTarget(llvm::StringRef machine, llvm::StringRef arch);
  ExitCode checkEmit();
  ExitCode checkModule();
  /// Nothing that hashc did not write itself may be lost.
  ExitCode checkOutput();
  ExitCode printAst();
  /// Runs the pipelines up to `emit`, starting after the module's stage.
  ExitCode lowerTo(Emit emit);
  /// Lets --fuse replace what the module says, if it is not fused yet.
  ExitCode overrideFusion(Emit stage);
  ExitCode emitText();
  ExitCode emitBinary();
  ExitCode lowerToLlvm();
  ExitCode writeObject(llvm::StringRef path);
  ExitCode writeDevice(llvm::StringRef path);
  ExitCode writeGpuObjects(llvm::StringRef host, llvm::StringRef simulated);
  ExitCode writeLinked(bool usesSentencePiece);
  ExitCode report();
  ExitCode writeHeader();
  mlir::StringAttr getStage() const;
  std::string getModelName() const;
  std::string getOutputPath() const;
  std::string getHeaderPath() const;

  const Options &options;
  mlir::MLIRContext &context;
  llvm::SourceMgr sources;
  mlir::SourceMgrDiagnosticHandler diagnostics; // prints with source lines
  mlir::OwningOpRef<mlir::ModuleOp> module;
  cpu::CpuTarget target;
  std::optional<nvvm::GpuTarget> gpu; // the shapes are in `target` then
  std::string descriptor;             // of the kernels stage, JSON
  std::vector<KernelUsage> usage;     // of a GPU, where ptxas ran
};

} // namespace hashc

#endif // HASHC_TOOLS_HASHC_COMPILER_H
