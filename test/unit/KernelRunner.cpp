//===- KernelRunner.cpp - Compiles one kernel and runs it -----------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelRunner.h"

#include "codegen/nvvm/Nvvm.h"
#include "codegen/nvvm/TileChoice.h"
#include "dialect/Hash.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ExecutionEngine/Orc/AbsoluteSymbols.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/Support/TargetSelect.h"

using namespace mlir;

namespace hashc::test {

void launchBackwards(int64_t, void (*kernel)(int64_t, void *const *),
                     void *const *buffers, int64_t tasks) {
  for (int64_t task = tasks; task-- > 0;)
    kernel(task, buffers);
}

static void check(bool ok, const char *what) {
  if (!ok)
    llvm::report_fatal_error(what);
}

/// What kernels of the library call where they cannot go on.
[[noreturn]] static void refuse(int64_t code, int64_t value, int64_t limit) {
  llvm::report_fatal_error("error " + llvm::Twine(code) + ": " +
                           llvm::Twine(value) + " of " + llvm::Twine(limit));
}

KernelModule::KernelModule(const std::string &text,
                           const cpu::CpuTarget &target,
                           llvm::StringRef machine, llvm::StringRef arch,
                           int64_t tileColumns) {
  DialectRegistry registry;
  registry.insert<hash::HashDialect, arith::ArithDialect, func::FuncDialect,
                  math::MathDialect, memref::MemRefDialect>();
  context =
      std::make_unique<MLIRContext>(registry, MLIRContext::Threading::DISABLED);
  module = parseSourceString<ModuleOp>(text, context.get());
  check(bool(module), "the kernel does not parse");
  Builder builder(context.get());
  (*module)->setAttr(
      hash::HashDialect::kTargetAttr,
      builder.getDictionaryAttr(
          {builder.getNamedAttr("target", builder.getStringAttr(machine)),
           builder.getNamedAttr("arch", builder.getStringAttr(arch)),
           builder.getNamedAttr("tile_columns",
                                builder.getI64IntegerAttr(tileColumns))}));
  cpu::setTargetAttributes(*module, target);
  module->walk([&](Operation *inner) {
    if (isa<hash::GroupedGemmOp, hash::GroupedOuterOp, hash::MapOp,
            hash::LibraryCallOp>(inner))
      op = inner;
  });
  tasks = nvvm::getNumTasks(op);
  module->walk([&](hash::LaunchOp inner) { inner.setTasks(tasks); });
}

KernelModule::~KernelModule() = default;

OwningOpRef<ModuleOp> KernelModule::lower() {
  OwningOpRef<ModuleOp> copy = module->clone();
  PassManager pm(context.get());
  nvvm::buildTilePipeline(pm);
  cpu::buildKernelPipeline(pm);
  nvvm::buildBlockPipeline(pm);
  cpu::buildLlvmPipeline(pm);
  check(succeeded(pm.run(*copy)), "the kernel cannot be lowered");
  return copy;
}

KernelRunner::KernelRunner(const std::string &text,
                           const cpu::CpuTarget &target, Launch launch)
    : KernelModule(text, target) {
  compile(target, launch);
}

KernelRunner::~KernelRunner() = default;

void KernelRunner::compile(const cpu::CpuTarget &target, Launch launch) {
  OwningOpRef<ModuleOp> copy = lower();
  auto llvmContext = std::make_unique<llvm::LLVMContext>();
  auto code = llvm::cantFail(
      cpu::translateAndOptimize(*copy, *llvmContext, target, ""));
  if (getenv("HASHC_DUMP_IR"))
    code->print(llvm::errs(), nullptr);
  llvm::SmallVector<char> object;
  llvm::raw_svector_ostream os(object);
  llvm::cantFail(cpu::emitObject(*code, target, os));

  jit = llvm::cantFail(llvm::orc::LLJITBuilder().create());
  llvm::orc::SymbolMap symbols;
  auto define = [&](const char *name, auto *function) {
    symbols[jit->mangleAndIntern(name)] = {
        llvm::orc::ExecutorAddr::fromPtr(function),
        llvm::JITSymbolFlags::Exported | llvm::JITSymbolFlags::Callable};
  };
  define("hash_rt_launch", launch);
  define("hash_rt_error", refuse);
  llvm::cantFail(
      jit->getMainJITDylib().define(llvm::orc::absoluteSymbols(symbols)));
  llvm::cantFail(jit->addObjectFile(llvm::MemoryBuffer::getMemBufferCopy(
      llvm::StringRef(object.data(), object.size()))));
  entry = llvm::cantFail(jit->lookup("hash_entry_run"))
              .toPtr<void (*)(void *const *)>();
}

std::vector<MemRefType> KernelModule::getTypes() {
  std::vector<MemRefType> types;
  auto function = op->getParentOfType<func::FuncOp>();
  for (Type type : function.getArgumentTypes().drop_front())
    types.push_back(cast<MemRefType>(type));
  return types;
}

void KernelRunner::run(std::vector<void *> buffers) { entry(buffers.data()); }

} // namespace hashc::test
