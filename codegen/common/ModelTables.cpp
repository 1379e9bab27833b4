//===- ModelTables.cpp - What compiled code shows the runtime -------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/common/ModelTables.h"

#include "llvm/IR/Constants.h"

using namespace llvm;

namespace hashc {

Constant *createString(Module &module, StringRef text, const Twine &name) {
  Constant *data = ConstantDataArray::getString(module.getContext(), text);
  return new GlobalVariable(module, data->getType(), /*isConstant=*/true,
                            GlobalValue::PrivateLinkage, data, name);
}

void addModelTables(Module &module, StringRef descriptor) {
  LLVMContext &context = module.getContext();
  Constant *text = ConstantDataArray::getString(context, descriptor);
  new GlobalVariable(module, text->getType(), /*isConstant=*/true,
                     GlobalValue::ExternalLinkage, text,
                     "hash_model_descriptor");

  auto *pointer = PointerType::getUnqual(context);
  auto *entryType = StructType::get(pointer, pointer);
  SmallVector<Constant *> entries;
  for (Function &function : module)
    if (!function.isDeclaration() &&
        function.getName().starts_with(kEntryPrefix))
      entries.push_back(ConstantStruct::get(
          entryType,
          createString(module,
                       function.getName().drop_front(kEntryPrefix.size()),
                       "entry_name"),
          &function));
  entries.push_back(ConstantAggregateZero::get(entryType));
  auto *tableType = ArrayType::get(entryType, entries.size());
  new GlobalVariable(
      module, tableType, /*isConstant=*/true, GlobalValue::ExternalLinkage,
      ConstantArray::get(tableType, entries), "hash_model_entries");
}

void addDeviceImage(Module &module, const DeviceImage &image) {
  LLVMContext &context = module.getContext();
  auto *pointer = PointerType::getUnqual(context);
  auto *i64 = Type::getInt64Ty(context);
  Constant *null = ConstantPointerNull::get(pointer);
  const bool isDevice = !image.arch.empty();
  auto getText = [&](StringRef text, const Twine &name) {
    return text.empty() ? null : createString(module, text, name);
  };
  auto getSymbol = [&](StringRef name, Type *type) {
    return isDevice ? module.getOrInsertGlobal(name, type) : null;
  };
  auto *type =
      StructType::get(pointer, pointer, pointer, i64, pointer, pointer);
  Constant *row = ConstantStruct::get(
      type, getText(image.arch, "device_arch"), getText(image.ptx, "ptx"),
      getText(image.cubin, "cubin"), ConstantInt::get(i64, image.cubin.size()),
      getSymbol(image.simulated, pointer),
      getSymbol("hash_rt_open_device", Type::getInt8Ty(context)));
  new GlobalVariable(module, type, /*isConstant=*/true,
                     GlobalValue::ExternalLinkage, row, "hash_model_device");
}

} // namespace hashc
