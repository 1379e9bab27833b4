//===- Host.cpp - The CPU's part of a model for a GPU ---------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/common/LlvmModule.h"
#include "codegen/nvvm/LaunchShape.h"
#include "codegen/nvvm/Nvvm.h"
#include "codegen/nvvm/Simulate.h"

#include "llvm/IR/Constants.h"
#include "llvm/IR/Verifier.h"

using namespace llvm;

namespace hashc::nvvm {

/// Kernels that are simulated need fused multiply-adds; the rest is no work.
Expected<cpu::CpuTarget> getHostTarget() {
  return cpu::resolveTarget("x86-64-v3");
}

static Expected<std::unique_ptr<TargetMachine>> createHostMachine() {
  Expected<cpu::CpuTarget> target = getHostTarget();
  if (!target)
    return target.takeError();
  return cpu::createTargetMachine(*target);
}

/// A HashBoxedMatrix (runtime/engine/Abi.h) for each map.
static Constant *createBoxed(Module &module, ArrayRef<HashBoxedMatrix> boxed) {
  SmallVector<int64_t> numbers;
  for (const HashBoxedMatrix &each : boxed)
    numbers.append(
        {each.buffer, each.rows, each.columns, each.boxRows, each.boxColumns});
  Constant *array = ConstantDataArray::get(
      module.getContext(),
      ArrayRef(reinterpret_cast<uint64_t *>(numbers.data()), numbers.size()));
  return new GlobalVariable(module, array->getType(), /*isConstant=*/true,
                            GlobalValue::PrivateLinkage, array, "boxed");
}

/// A HashDeviceKernel (runtime/engine/Abi.h).
static Constant *createRow(Module &module, const Function &kernel) {
  LLVMContext &context = module.getContext();
  auto *pointer = PointerType::getUnqual(context);
  auto *i64 = Type::getInt64Ty(context);
  auto number = [&](int64_t value) { return ConstantInt::get(i64, value); };
  const LaunchShape shape = getLaunchShape(kernel);
  auto *type = StructType::get(pointer, i64, i64, i64, i64, i64, pointer);
  Constant *row = ConstantStruct::get(
      type, createString(module, kernel.getName(), "kernel_name"),
      number(int64_t(kernel.arg_size()) - 1), number(shape.threads),
      number(shape.tasksPerBlock), number(shape.sharedBytes),
      number(int64_t(shape.boxed.size())), createBoxed(module, shape.boxed));
  return new GlobalVariable(module, type, /*isConstant=*/true,
                            GlobalValue::PrivateLinkage, row, "kernel");
}

/// Launches take rows in the place of functions, and nothing calls those then.
static void replaceKernels(Module &module) {
  for (Function &function : make_early_inc_range(module)) {
    StringRef name = function.getName();
    if (!function.isDeclaration() && !name.starts_with(kEntryPrefix))
      function.setLinkage(GlobalValue::InternalLinkage);
    if (function.isDeclaration() || !name.consume_back(kTaskSuffix))
      continue;
    function.replaceAllUsesWith(createRow(module, *module.getFunction(name)));
    function.eraseFromParent();
  }
}

Expected<std::unique_ptr<Module>> translateHost(mlir::ModuleOp module,
                                                LLVMContext &context,
                                                StringRef descriptorJson,
                                                const DeviceImage &image) {
  Expected<std::unique_ptr<TargetMachine>> machine = createHostMachine();
  if (!machine)
    return machine.takeError();
  Expected<std::unique_ptr<Module>> translated =
      translateToLlvm(module, context, **machine);
  if (!translated)
    return translated.takeError();
  std::unique_ptr<Module> result = std::move(*translated);
  replaceKernels(*result);
  addModelTables(*result, descriptorJson);
  addDeviceImage(*result, image);
  if (verifyModule(*result, &errs()))
    return createStringError("the generated LLVM IR is not valid");
  optimize(*result, **machine);
  return result;
}

Error simulate(Module &module) {
  Expected<std::unique_ptr<TargetMachine>> machine = createHostMachine();
  if (!machine)
    return machine.takeError();
  return simulate(module, **machine);
}

} // namespace hashc::nvvm
