//===- KernelRunner.h - Compiles one kernel and runs it ---------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_TEST_UNIT_KERNELRUNNER_H
#define HASHC_TEST_UNIT_KERNELRUNNER_H

#include "codegen/cpu/Cpu.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace llvm::orc {
class LLJIT;
}

namespace hashc::test {

/// What the runtime gives compiled models: runs all tasks of a kernel.
using Launch = void (*)(int64_t id, void (*kernel)(int64_t, void *const *),
                        void *const *buffers, int64_t tasks);

/// Runs the tasks one after the other, the last one first.
void launchBackwards(int64_t id, void (*kernel)(int64_t, void *const *),
                     void *const *buffers, int64_t tasks);

/// A kernel to test: `func.func @run(buffers...)` of a module at the `kernels`
/// stage that launches one kernel.
class KernelModule {
public:
  /// Parses and keeps `text`; its launches get their number of tasks.
  KernelModule(const std::string &text, const cpu::CpuTarget &target,
               llvm::StringRef machine = "cpu", llvm::StringRef arch = "",
               int64_t tileColumns = 0);
  virtual ~KernelModule();

  /// The kernel's op, as it was before lowering.
  mlir::Operation *getOp() { return op; }
  /// The types of the buffers.
  std::vector<mlir::MemRefType> getTypes();
  int64_t getTasks() const { return tasks; }

  virtual void run(std::vector<void *> buffers) = 0;

protected:
  /// A copy in the LLVM dialect.
  mlir::OwningOpRef<mlir::ModuleOp> lower();

private:
  std::unique_ptr<mlir::MLIRContext> context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  mlir::Operation *op = nullptr;
  int64_t tasks = 0;
};

/// A kernel of the CPU in memory.
class KernelRunner : public KernelModule {
public:
  KernelRunner(const std::string &text, const cpu::CpuTarget &target,
               Launch launch = launchBackwards);
  ~KernelRunner() override;
  void run(std::vector<void *> buffers) override;

private:
  void compile(const cpu::CpuTarget &target, Launch launch);

  std::unique_ptr<llvm::orc::LLJIT> jit;
  void (*entry)(void *const *) = nullptr;
};

} // namespace hashc::test

#endif // HASHC_TEST_UNIT_KERNELRUNNER_H
