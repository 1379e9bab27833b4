//===- Object.cpp - From the LLVM dialect to object code ------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/common/LlvmModule.h"
#include "codegen/common/ModelTables.h"
#include "codegen/cpu/Cpu.h"
#include "codegen/cpu/KernelLibrary.h"

#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Verifier.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/TargetParser/Host.h"

using namespace llvm;

namespace hashc::cpu {

Expected<std::unique_ptr<TargetMachine>>
createTargetMachine(const CpuTarget &target) {
  InitializeNativeTarget();
  InitializeNativeTargetAsmPrinter();
  Triple triple(sys::getDefaultTargetTriple());
  std::string error;
  const Target *llvmTarget = TargetRegistry::lookupTarget(triple, error);
  if (!llvmTarget)
    return createStringError(error);
  return std::unique_ptr<TargetMachine>(llvmTarget->createTargetMachine(
      triple, target.cpu, target.features, TargetOptions(), Reloc::PIC_,
      std::nullopt, CodeGenOptLevel::Aggressive));
}

/// Only entry points can be seen from outside, and every function is compiled
/// for the target: then whole kernels become one function.
static void setAttributes(Module &module, const CpuTarget &target) {
  for (Function &function : module) {
    if (function.isDeclaration())
      continue;
    for (StringRef name : {"target-cpu", "target-features", "tune-cpu",
                           "min-legal-vector-width"})
      function.removeFnAttr(name);
    function.addFnAttr("target-cpu", target.cpu);
    if (!target.features.empty())
      function.addFnAttr("target-features", target.features);
    function.addFnAttr("prefer-vector-width",
                       std::to_string(target.vectorBytes * 8));
    function.addFnAttr("min-legal-vector-width",
                       std::to_string(target.vectorBytes * 8));
    function.addFnAttr(Attribute::NoUnwind);
    if (!function.getName().starts_with(kEntryPrefix)) {
      function.setLinkage(GlobalValue::InternalLinkage);
      function.setComdat(nullptr);
    }
  }
  hideGlobals(module);
}

Expected<std::unique_ptr<Module>>
translateAndOptimize(mlir::ModuleOp module, LLVMContext &context,
                     const CpuTarget &target, StringRef descriptorJson) {
  Expected<std::unique_ptr<TargetMachine>> machine =
      createTargetMachine(target);
  if (!machine)
    return machine.takeError();
  Expected<std::unique_ptr<Module>> translated =
      translateToLlvm(module, context, **machine);
  if (!translated)
    return translated.takeError();
  std::unique_ptr<Module> result = std::move(*translated);
  if (Error error = linkLibrary(*result, getKernelLibrary(target.vectorBytes)))
    return error;
  setAttributes(*result, target);
  addModelTables(*result, descriptorJson);
  addDeviceImage(*result, {});
  if (verifyModule(*result, &errs()))
    return createStringError("the generated LLVM IR is not valid");
  optimize(*result, **machine);
  return result;
}

Error emitObject(Module &module, const CpuTarget &target,
                 raw_pwrite_stream &os) {
  Expected<std::unique_ptr<TargetMachine>> machine =
      createTargetMachine(target);
  if (!machine)
    return machine.takeError();
  legacy::PassManager passes;
  if ((*machine)->addPassesToEmitFile(passes, os, nullptr,
                                      CodeGenFileType::ObjectFile))
    return createStringError("this target cannot emit object code");
  passes.run(module);
  return Error::success();
}

} // namespace hashc::cpu
