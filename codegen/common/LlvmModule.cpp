//===- LlvmModule.cpp - What back ends do with LLVM IR --------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/common/LlvmModule.h"

#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/Linker/Linker.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Transforms/Scalar/ScalarizeMaskedMemIntrin.h"

using namespace llvm;

namespace hashc {

Expected<std::unique_ptr<Module>>
translateToLlvm(mlir::ModuleOp module, LLVMContext &context,
                const TargetMachine &machine) {
  mlir::registerBuiltinDialectTranslation(*module.getContext());
  mlir::registerLLVMDialectTranslation(*module.getContext());
  std::unique_ptr<Module> result =
      mlir::translateModuleToLLVMIR(module, context);
  if (!result)
    return createStringError("the module cannot be translated to LLVM IR");
  result->setTargetTriple(machine.getTargetTriple());
  result->setDataLayout(machine.createDataLayout());
  return result;
}

Error linkLibrary(Module &module, MemoryBufferRef bitcode) {
  if (bitcode.getBufferSize() == 0)
    return Error::success();
  Expected<std::unique_ptr<Module>> library =
      parseBitcodeFile(bitcode, module.getContext());
  if (!library)
    return library.takeError();
  (*library)->setTargetTriple(module.getTargetTriple());
  (*library)->setDataLayout(module.getDataLayout());
  if (Linker::linkModules(module, std::move(*library),
                          Linker::Flags::LinkOnlyNeeded))
    return createStringError("the kernel library cannot be linked");
  return Error::success();
}

/// Runs what `build` makes; `machine` may be null, for passes that are not to
/// know one.
static void run(Module &module, TargetMachine *machine,
                function_ref<ModulePassManager(PassBuilder &)> build) {
  LoopAnalysisManager loops;
  FunctionAnalysisManager functions;
  CGSCCAnalysisManager callGraph;
  ModuleAnalysisManager modules;
  PassBuilder builder(machine);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(callGraph);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, callGraph, modules);
  build(builder).run(module, modules);
}

/// LLVM compares numbers of bf16 as such where they are only compared. x86 has
/// no such comparison: for short vectors its code generator calls a function to
/// round to bf16, of a library that nothing links.
static void widenComparisons(Module &module) {
  for (Function &function : module)
    for (Instruction &instruction : instructions(function)) {
      auto *compare = dyn_cast<FCmpInst>(&instruction);
      if (!compare ||
          !compare->getOperand(0)->getType()->getScalarType()->isBFloatTy())
        continue;
      IRBuilder<> builder(compare);
      for (Use &operand : compare->operands())
        operand = builder.CreateFPExt(
            operand, operand->getType()->getWithNewType(builder.getFloatTy()));
    }
}

void optimize(Module &module, TargetMachine &machine) {
  run(module, &machine, [](PassBuilder &builder) {
    return builder.buildPerModuleDefaultPipeline(OptimizationLevel::O3);
  });
  widenComparisons(module);
}

void scalarizeMasks(Module &module) {
  run(module, /*machine=*/nullptr, [](PassBuilder &) {
    ModulePassManager passes;
    passes.addPass(
        createModuleToFunctionPassAdaptor(ScalarizeMaskedMemIntrinPass()));
    return passes;
  });
}

void hideGlobals(Module &module) {
  for (GlobalVariable &global : module.globals())
    if (!global.isDeclaration() && !global.hasAppendingLinkage())
      global.setLinkage(GlobalValue::InternalLinkage);
}

} // namespace hashc
