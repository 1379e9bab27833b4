//===- SimulatorJit.cpp - Loads kernels for the simulator -----------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/nvvm/SimulatorJit.h"

#include "runtime/simulator/Symbols.h"

#include "llvm/ExecutionEngine/Orc/AbsoluteSymbols.h"
#include "llvm/ExecutionEngine/Orc/JITTargetMachineBuilder.h"
#include "llvm/Support/TargetSelect.h"

using namespace llvm;

namespace hashc::nvvm {

Error simulateHere(Module &module) {
  InitializeNativeTarget();
  InitializeNativeTargetAsmPrinter();
  auto builder = orc::JITTargetMachineBuilder::detectHost();
  if (!builder)
    return builder.takeError();
  auto host = builder->createTargetMachine();
  if (!host)
    return host.takeError();
  return simulate(module, **host);
}

Expected<std::unique_ptr<orc::LLJIT>>
loadSimulated(std::unique_ptr<Module> module, orc::ThreadSafeContext context) {
  auto jit = orc::LLJITBuilder().create();
  if (!jit)
    return jit.takeError();
  orc::SymbolMap symbols;
  for (const sim::Symbol &symbol : sim::getSymbols())
    symbols[(*jit)->mangleAndIntern(symbol.name)] = {
        orc::ExecutorAddr::fromPtr(symbol.address), JITSymbolFlags::Exported};
  orc::JITDylib &library = (*jit)->getMainJITDylib();
  if (Error error = library.define(orc::absoluteSymbols(std::move(symbols))))
    return error;
  // What LLVM makes of copies, and functions that the processor has none of.
  auto process = orc::DynamicLibrarySearchGenerator::GetForCurrentProcess(
      (*jit)->getDataLayout().getGlobalPrefix());
  if (!process)
    return process.takeError();
  library.addGenerator(std::move(*process));
  if (Error error = (*jit)->addIRModule(
          orc::ThreadSafeModule(std::move(module), std::move(context))))
    return error;
  return std::move(*jit);
}

} // namespace hashc::nvvm
