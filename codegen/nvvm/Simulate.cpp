//===- Simulate.cpp - From a GPU's IR to the simulator's ------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/nvvm/Simulate.h"
#include "codegen/nvvm/SimulateAsm.h"
#include "runtime/engine/Abi.h"

#include "llvm/ADT/StringSwitch.h"
#include "llvm/Analysis/ValueTracking.h"
#include "llvm/IR/DebugInfoMetadata.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InlineAsm.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/ReplaceConstant.h"
#include "llvm/IR/Verifier.h"

using namespace llvm;

namespace hashc::nvvm {

constexpr unsigned kSharedSpace = 3;
constexpr StringLiteral kIntrinsicPrefix = "llvm.nvvm.";

static StringRef getIntrinsicFunction(StringRef name) {
  return StringSwitch<StringRef>(name)
#define HASHC_SIM_INTRINSIC(name, function) .Case(name, "hash_sim_" #function)
#include "runtime/simulator/Instructions.def"
      .Default("");
}

namespace {

class Translation {
public:
  Translation(Module &module, TargetMachine &host)
      : module(module), host(host), context(module.getContext()),
        pointer(PointerType::getUnqual(context)),
        i64(Type::getInt64Ty(context)), i32(Type::getInt32Ty(context)) {}

  Error run();

private:
  void translate(Function &function);
  void translateCall(CallInst &call);
  void replace(CallInst &call, StringRef function, StringRef what,
               ArrayRef<uint64_t> constants = {});
  void watch(Instruction &instruction);
  void watch(Instruction &before, Value *address, Value *bytes, Align align,
             StringRef function, StringRef what);
  void placeShared(Function &kernel);
  Function *createEntry(Function &kernel);
  Constant *getSizes(Function &kernel);
  Constant *getCluster(Function &kernel);
  void createKernelTable();
  void forgetDevice();

  Constant *getText(StringRef text);
  Constant *getSite(Instruction &instruction, StringRef what);
  void refuse(Instruction &instruction, const Twine &what);

  Module &module;
  TargetMachine &host;
  LLVMContext &context;
  PointerType *pointer;
  IntegerType *i64, *i32;
  StringMap<Constant *> texts;
  DenseMap<Function *, uint64_t> sharedBytes;
  DenseMap<Function *, AllocaInst *> slots; // operands and results of calls
  SmallVector<Function *> kernels;
  std::string errors;
};

} // namespace

//===----------------------------------------------------------------------===//
// Places
//===----------------------------------------------------------------------===//

Constant *Translation::getText(StringRef text) {
  Constant *&result = texts[text];
  if (!result) {
    Constant *data = ConstantDataArray::getString(context, text);
    result = new GlobalVariable(module, data->getType(), /*isConstant=*/true,
                                GlobalValue::PrivateLinkage, data, "text");
  }
  return result;
}

/// A `Site` of runtime/simulator/Site.h.
Constant *Translation::getSite(Instruction &instruction, StringRef what) {
  StringRef file;
  unsigned line = 0, column = 0;
  if (const DILocation *location = instruction.getDebugLoc()) {
    file = location->getFilename();
    line = location->getLine();
    column = location->getColumn();
  }
  auto *type = StructType::get(pointer, pointer, i32, i32);
  Constant *site = ConstantStruct::get(type, getText(what), getText(file),
                                       ConstantInt::get(i32, line),
                                       ConstantInt::get(i32, column));
  return new GlobalVariable(module, type, /*isConstant=*/true,
                            GlobalValue::PrivateLinkage, site, "site");
}

void Translation::refuse(Instruction &instruction, const Twine &what) {
  raw_string_ostream os(errors);
  os << (errors.empty() ? "" : "\n") << "in '"
     << instruction.getFunction()->getName() << "'";
  if (const DILocation *location = instruction.getDebugLoc())
    os << " at " << location->getFilename() << ":" << location->getLine() << ":"
       << location->getColumn();
  os << ": the simulator does not know " << what;
}

//===----------------------------------------------------------------------===//
// Instructions
//===----------------------------------------------------------------------===//

static SmallVector<Type *> getResultTypes(Type *type) {
  if (auto *fields = dyn_cast<StructType>(type))
    return to_vector(fields->elements());
  if (type->isVoidTy())
    return {};
  return {type};
}

/// The call becomes `function(operands, results, site)`, with a word for each
/// constant, each operand and each result.
void Translation::replace(CallInst &call, StringRef function, StringRef what,
                          ArrayRef<uint64_t> constants) {
  IRBuilder<> builder(&call);
  SmallVector<Type *> types = getResultTypes(call.getType());
  const unsigned operands = constants.size() + call.arg_size();
  AllocaInst *&buffer = slots[call.getFunction()];
  const uint64_t needed = operands + types.size();
  if (!buffer) {
    IRBuilder<> entry(&*call.getFunction()->getEntryBlock().begin());
    buffer = entry.CreateAlloca(ArrayType::get(i64, 1));
  }
  if (buffer->getAllocatedType()->getArrayNumElements() < needed)
    buffer->setAllocatedType(ArrayType::get(i64, needed));
  auto getSlot = [&](unsigned index) {
    return builder.CreateConstInBoundsGEP1_64(i64, buffer, index);
  };
  for (auto [i, constant] : enumerate(constants))
    builder.CreateStore(ConstantInt::get(i64, constant), getSlot(i));
  for (unsigned i = constants.size(); i < operands; ++i) {
    Value *operand = call.getArgOperand(i - constants.size());
    if (operand->getType()->isPointerTy())
      operand = builder.CreateAddrSpaceCast(operand, pointer);
    else if (operand->getType()->isIntegerTy())
      operand = builder.CreateZExtOrTrunc(operand, i64);
    builder.CreateStore(operand, getSlot(i));
  }
  FunctionCallee callee = module.getOrInsertFunction(
      function, Type::getVoidTy(context), pointer, pointer, pointer);
  builder.CreateCall(callee, {buffer, getSlot(operands), getSite(call, what)});

  auto getResult = [&](unsigned index) -> Value * {
    if (types[index]->isIntegerTy())
      return builder.CreateTrunc(
          builder.CreateLoad(i64, getSlot(operands + index)), types[index]);
    return builder.CreateLoad(types[index], getSlot(operands + index));
  };
  if (isa<StructType>(call.getType())) {
    Value *result = PoisonValue::get(call.getType());
    for (unsigned i = 0; i < types.size(); ++i)
      result = builder.CreateInsertValue(result, getResult(i), i);
    call.replaceAllUsesWith(result);
  } else if (!types.empty()) {
    call.replaceAllUsesWith(getResult(0));
  }
  call.eraseFromParent();
}

/// Intrinsics that touch no memory that others see.
static bool isHarmless(const CallInst &call) {
  const Function &callee = *call.getCalledFunction();
  switch (callee.getIntrinsicID()) {
  case Intrinsic::not_intrinsic:
    return false;
  case Intrinsic::assume:
  case Intrinsic::lifetime_start:
  case Intrinsic::lifetime_end:
  case Intrinsic::experimental_noalias_scope_decl:
  case Intrinsic::stacksave:
  case Intrinsic::stackrestore:
  case Intrinsic::prefetch:
    return true;
  default:
    return call.doesNotAccessMemory();
  }
}

void Translation::translateCall(CallInst &call) {
  if (auto *assembly = dyn_cast<InlineAsm>(call.getCalledOperand())) {
    if (std::optional<KnownAsm> known = recognizeAsm(call))
      return replace(call, known->function, known->opcode, known->constants);
    return refuse(call,
                  "the inline assembly \"" + assembly->getAsmString() + "\"");
  }
  Function *callee = call.getCalledFunction();
  if (!callee)
    return refuse(call, "calls of what is only known when it runs");
  if (callee->getName() == kErrorFunction)
    return replace(call, "hash_sim_BadIndex", "error");
  if (callee->getName().starts_with(kIntrinsicPrefix)) {
    StringRef name = callee->getName().drop_front(kIntrinsicPrefix.size());
    StringRef function = getIntrinsicFunction(name);
    if (function.empty())
      return refuse(call, "the intrinsic '" + callee->getName() + "'");
    return replace(call, function, name);
  }
  if (auto *copy = dyn_cast<MemTransferInst>(&call)) {
    watch(call, copy->getSource(), copy->getLength(),
          copy->getSourceAlign().valueOrOne(), "hash_sim_load", "copy");
    watch(call, copy->getDest(), copy->getLength(),
          copy->getDestAlign().valueOrOne(), "hash_sim_store", "copy");
  } else if (auto *set = dyn_cast<MemSetInst>(&call)) {
    watch(call, set->getDest(), set->getLength(),
          set->getDestAlign().valueOrOne(), "hash_sim_store", "set");
  } else if (callee->getIntrinsicID() == Intrinsic::trap) {
    replace(call, "hash_sim_Trap", "trap");
  } else if (callee->isDeclaration() && !isHarmless(call)) {
    refuse(call, "the function '" + callee->getName() + "'");
  }
}

/// Tells the simulator of what touches memory, unless only the thread itself
/// can see it.
void Translation::watch(Instruction &before, Value *address, Value *bytes,
                        Align align, StringRef function, StringRef what) {
  const Value *object = getUnderlyingObject(address, /*MaxLookup=*/0);
  const auto *global = dyn_cast<GlobalVariable>(object);
  const auto *argument = dyn_cast<Argument>(object);
  if (isa<AllocaInst>(object) || (global && global->isConstant()) ||
      (argument && argument->hasByValAttr()))
    return;
  IRBuilder<> builder(&before);
  FunctionCallee callee = module.getOrInsertFunction(
      function, Type::getVoidTy(context), pointer, i64, i32, i32, pointer);
  const bool own = address->getType()->getPointerAddressSpace() == kSharedSpace;
  builder.CreateCall(callee,
                     {builder.CreateAddrSpaceCast(address, pointer),
                      builder.CreateZExtOrTrunc(bytes, i64),
                      ConstantInt::get(i32, align.value()),
                      ConstantInt::get(i32, own), getSite(before, what)});
}

void Translation::watch(Instruction &instruction) {
  const DataLayout &layout = module.getDataLayout();
  auto getBytes = [&](Type *type) {
    return ConstantInt::get(i64, layout.getTypeStoreSize(type));
  };
  if (auto *load = dyn_cast<LoadInst>(&instruction))
    watch(*load, load->getPointerOperand(), getBytes(load->getType()),
          load->getAlign(),
          load->isAtomic() ? "hash_sim_atomic_load" : "hash_sim_load", "load");
  else if (auto *store = dyn_cast<StoreInst>(&instruction))
    watch(*store, store->getPointerOperand(),
          getBytes(store->getValueOperand()->getType()), store->getAlign(),
          store->isAtomic() ? "hash_sim_atomic_store" : "hash_sim_store",
          "store");
  else if (auto *update = dyn_cast<AtomicRMWInst>(&instruction))
    watch(*update, update->getPointerOperand(), getBytes(update->getType()),
          update->getAlign(), "hash_sim_atomic_update", "atomic");
  else if (auto *exchange = dyn_cast<AtomicCmpXchgInst>(&instruction))
    watch(*exchange, exchange->getPointerOperand(),
          getBytes(exchange->getNewValOperand()->getType()),
          exchange->getAlign(), "hash_sim_atomic_update", "atomic");
}

void Translation::translate(Function &function) {
  SmallVector<Instruction *> work;
  for (BasicBlock &block : function)
    for (Instruction &instruction : block)
      work.push_back(&instruction);
  for (Instruction *instruction : work)
    if (auto *call = dyn_cast<CallInst>(instruction))
      translateCall(*call);
    else
      watch(*instruction);
}

//===----------------------------------------------------------------------===//
// Shared memory
//===----------------------------------------------------------------------===//

/// The kernel's shared variables become places in the block's shared memory:
/// first those with a size, then the one whose size the launch gives.
void Translation::placeShared(Function &kernel) {
  const DataLayout &layout = module.getDataLayout();
  auto isOfKernel = [&](User *user) {
    auto *instruction = dyn_cast<Instruction>(user);
    return instruction && instruction->getFunction() == &kernel;
  };
  SmallVector<GlobalVariable *> variables;
  for (bool sized : {true, false})
    for (GlobalVariable &variable : module.globals())
      if (variable.getAddressSpace() == kSharedSpace &&
          variable.isDeclaration() != sized &&
          any_of(variable.users(), isOfKernel))
        variables.push_back(&variable);
  if (variables.empty())
    return;
  IRBuilder<> builder(&*kernel.getEntryBlock().getFirstInsertionPt());
  Value *base = builder.CreateCall(
      module.getOrInsertFunction("hash_sim_shared", pointer));
  uint64_t offset = 0;
  for (GlobalVariable *variable : variables) {
    offset = alignTo(offset, variable->getAlign().valueOrOne());
    Value *place = builder.CreateAddrSpaceCast(
        builder.CreateConstGEP1_64(Type::getInt8Ty(context), base, offset),
        variable->getType());
    variable->replaceUsesWithIf(
        place, [&](Use &use) { return isOfKernel(use.getUser()); });
    if (!variable->isDeclaration())
      offset += layout.getTypeAllocSize(variable->getValueType());
  }
  sharedBytes[&kernel] = offset;
}

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

/// Each thread has a parameter for itself.
static Value *copyParameter(IRBuilder<> &builder, const Argument &argument,
                            Value *address) {
  const DataLayout &layout = argument.getParent()->getDataLayout();
  Type *type = argument.getParamByValType();
  const Align align = argument.getParamAlign().value_or(Align(8));
  AllocaInst *copy = builder.CreateAlloca(type);
  copy->setAlignment(align);
  builder.CreateMemCpy(copy, align, address, Align(1),
                       layout.getTypeAllocSize(type));
  return copy;
}

/// void entry(ptr arguments): each argument from its address.
Function *Translation::createEntry(Function &kernel) {
  auto *type = FunctionType::get(Type::getVoidTy(context), {pointer}, false);
  Function *entry = Function::Create(type, GlobalValue::InternalLinkage,
                                     "entry." + kernel.getName(), module);
  IRBuilder<> builder(BasicBlock::Create(context, "", entry));
  SmallVector<Value *> arguments;
  for (Argument &argument : kernel.args()) {
    Value *address = builder.CreateLoad(
        pointer, builder.CreateConstGEP1_64(pointer, entry->getArg(0),
                                            argument.getArgNo()));
    arguments.push_back(argument.hasByValAttr()
                            ? copyParameter(builder, argument, address)
                            : builder.CreateLoad(argument.getType(), address));
  }
  builder.CreateCall(&kernel, arguments);
  builder.CreateRetVoid();
  return entry;
}

/// The bytes of each parameter.
Constant *Translation::getSizes(Function &kernel) {
  SmallVector<uint64_t> sizes;
  for (Argument &argument : kernel.args())
    sizes.push_back(module.getDataLayout().getTypeAllocSize(
        argument.hasByValAttr() ? argument.getParamByValType()
                                : argument.getType()));
  sizes.push_back(0);
  Constant *data = ConstantDataArray::get(context, sizes);
  return new GlobalVariable(module, data->getType(), /*isConstant=*/true,
                            GlobalValue::PrivateLinkage, data, "sizes");
}

/// The blocks of a cluster, in three directions: "2,1,1" is what the kernel's
/// attribute says, which may leave the last out.
Constant *Translation::getCluster(Function &kernel) {
  SmallVector<StringRef> texts;
  kernel.getFnAttribute("nvvm.cluster_dim")
      .getValueAsString()
      .split(texts, ',', /*MaxSplit=*/-1, /*KeepEmpty=*/false);
  SmallVector<uint32_t> sizes(3, 1);
  for (auto [size, text] : zip(sizes, texts))
    if (text.getAsInteger(10, size))
      size = 0; // which no launch can have
  return ConstantDataArray::get(context, sizes);
}

void Translation::createKernelTable() {
  auto *type = StructType::get(pointer, pointer, i64, i64, pointer,
                               ArrayType::get(i32, 3));
  SmallVector<Constant *> rows;
  for (Function *kernel : kernels)
    rows.push_back(ConstantStruct::get(
        type, getText(kernel->getName()), createEntry(*kernel),
        ConstantInt::get(i64, sharedBytes.lookup(kernel)),
        ConstantInt::get(i64, kernel->arg_size()), getSizes(*kernel),
        getCluster(*kernel)));
  rows.push_back(ConstantAggregateZero::get(type));
  auto *table = ArrayType::get(type, rows.size());
  new GlobalVariable(module, table, /*isConstant=*/true,
                     GlobalValue::ExternalLinkage,
                     ConstantArray::get(table, rows), kKernelTable);
}

/// Drops what only a GPU's code generator understands.
void Translation::forgetDevice() {
  for (Function &function : make_early_inc_range(module)) {
    if (function.isDeclaration() && function.use_empty()) {
      function.eraseFromParent();
      continue;
    }
    function.removeFnAttr("target-cpu");
    function.removeFnAttr("target-features");
    if (function.getCallingConv() == CallingConv::PTX_Kernel)
      for (unsigned i = 0; i < function.arg_size(); ++i)
        function.removeParamAttr(i, Attribute::ByVal);
    function.setCallingConv(CallingConv::C);
    for (User *user : function.users())
      if (auto *call = dyn_cast<CallBase>(user))
        call->setCallingConv(CallingConv::C);
  }
  for (GlobalVariable &variable : make_early_inc_range(module.globals()))
    if (variable.getAddressSpace() == kSharedSpace && variable.use_empty())
      variable.eraseFromParent();
  module.setTargetTriple(host.getTargetTriple());
  module.setDataLayout(host.createDataLayout());
}

Error Translation::run() {
  for (StringRef name : {"llvm.used", "llvm.compiler.used"})
    if (GlobalVariable *list = module.getNamedGlobal(name))
      list->eraseFromParent();
  if (Function *error = module.getFunction(kErrorFunction))
    error->deleteBody();
  if (GlobalVariable *report = module.getNamedGlobal(kHashDeviceReport);
      report && report->use_empty())
    report->eraseFromParent();
  for (Function &function : module) {
    if (function.isDeclaration())
      continue;
    if (function.getCallingConv() == CallingConv::PTX_Kernel)
      kernels.push_back(&function);
    translate(function);
  }
  if (!errors.empty())
    return createStringError(errors);
  if (kernels.empty())
    return createStringError("there is no kernel in '" +
                             module.getModuleIdentifier() + "'");
  SmallVector<Constant *> shared;
  for (GlobalVariable &variable : module.globals())
    if (variable.getAddressSpace() == kSharedSpace)
      shared.push_back(&variable);
  convertUsersOfConstantsToInstructions(shared);
  for (Constant *variable : shared)
    variable->removeDeadConstantUsers();
  for (Function *kernel : kernels)
    placeShared(*kernel);
  for (Constant *variable : shared)
    if (!variable->use_empty())
      return createStringError(
          "shared memory '" + variable->getName() +
          "' is used outside kernels; functions that use it are to be inlined "
          "(__attribute__((always_inline)))");
  createKernelTable();
  forgetDevice();
  if (verifyModule(module, &errs()))
    return createStringError("the translation to this machine is not valid");
  return Error::success();
}

Error simulate(Module &module, TargetMachine &host) {
  return Translation(module, host).run();
}

} // namespace hashc::nvvm
