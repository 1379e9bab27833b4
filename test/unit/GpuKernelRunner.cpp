//===- GpuKernelRunner.cpp - A GPU's kernel in the simulator
//---------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GpuKernelRunner.h"

#include "runtime/simulator/Symbols.h"

#include "llvm/ExecutionEngine/Orc/AbsoluteSymbols.h"
#include "llvm/ExecutionEngine/Orc/JITTargetMachineBuilder.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/TargetSelect.h"

#include <cstring>

using namespace llvm;

namespace hashc::test {

GpuKernelRunner::GpuKernelRunner(const std::string &text,
                                 const nvvm::GpuTarget &target)
    : KernelModule(text, nvvm::getShapes()) {
  compile(target);
}

GpuKernelRunner::~GpuKernelRunner() = default;

void GpuKernelRunner::compile(const nvvm::GpuTarget &target) {
  InitializeNativeTarget();
  InitializeNativeTargetAsmPrinter();
  auto context = std::make_unique<LLVMContext>();
  std::unique_ptr<Module> code =
      cantFail(nvvm::translateAndOptimize(*lower(), *context, target));
  auto host = cantFail(cantFail(orc::JITTargetMachineBuilder::detectHost())
                           .createTargetMachine());
  cantFail(nvvm::simulate(*code, *host));

  jit = cantFail(orc::LLJITBuilder().create());
  orc::SymbolMap symbols;
  for (const sim::Symbol &symbol : sim::getSymbols())
    symbols[jit->mangleAndIntern(symbol.name)] = {
        orc::ExecutorAddr::fromPtr(symbol.address), JITSymbolFlags::Exported};
  orc::JITDylib &library = jit->getMainJITDylib();
  cantFail(library.define(orc::absoluteSymbols(std::move(symbols))));
  // What LLVM makes of copies and of functions that the host has none of.
  library.addGenerator(
      cantFail(orc::DynamicLibrarySearchGenerator::GetForCurrentProcess(
          jit->getDataLayout().getGlobalPrefix())));
  cantFail(jit->addIRModule(
      orc::ThreadSafeModule(std::move(code), std::move(context))));
  kernel = cantFail(jit->lookup(nvvm::kKernelTable))
               .toPtr<const nvvm::KernelRow *>();
}

void GpuKernelRunner::launch(std::vector<void *> buffers,
                             const sim::Mode &mode) {
  sim::Device device;
  int64_t tasks = getTasks();
  std::vector<void *> arguments = {&tasks};
  auto types = getTypes();
  for (size_t i = 0; i < buffers.size(); ++i) {
    const uint64_t bytes = types[i].getNumElements() *
                           divideCeil(types[i].getElementTypeBitWidth(), 8);
    device.addBuffer(buffers[i], bytes, "buffer " + std::to_string(i),
                     /*defined=*/true);
    arguments.push_back(&buffers[i]);
  }
  sim::Launch launch;
  launch.kernel = {kernel->name, kernel->entry, kernel->staticShared};
  launch.grid.x = divideCeil(tasks, nvvm::kBlockThreads);
  launch.block.x = nvvm::kBlockThreads;
  launch.arguments = arguments.data();
  if (auto problem = device.launch(launch, mode))
    report_fatal_error(StringRef(*problem));
}

void GpuKernelRunner::run(std::vector<void *> buffers) {
  launch(std::move(buffers), sim::Mode());
}

} // namespace hashc::test
