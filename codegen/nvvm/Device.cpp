//===- Device.cpp - From the LLVM dialect to PTX --------------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/common/LlvmModule.h"
#include "codegen/cpu/kernels/TeamShape.h"
#include "codegen/nvvm/LaunchShape.h"
#include "codegen/nvvm/Nvvm.h"
#include "codegen/nvvm/Simulate.h"

#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InlineAsm.h"
#include "llvm/IR/IntrinsicsNVPTX.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Verifier.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"

using namespace llvm;

// The kernel library as the build compiles it for GPUs.
asm(R"(
  .section .rodata
  .balign 16
hashcDeviceKernels: .incbin ")" HASHC_DEVICE_KERNELS R"("
hashcDeviceKernelsEnd:
  .text
)");

extern "C" {
extern const char hashcDeviceKernels[], hashcDeviceKernelsEnd[];
extern void LLVMInitializeNVPTXTarget();
extern void LLVMInitializeNVPTXTargetInfo();
extern void LLVMInitializeNVPTXTargetMC();
extern void LLVMInitializeNVPTXAsmPrinter();
}

namespace hashc::nvvm {

Expected<GpuTarget> resolveTarget(StringRef arch) {
  if (arch != "sm_80" && arch != "sm_90a")
    return createStringError("unknown GPU architecture '" + arch +
                             "': expected sm_80 or sm_90a");
  return GpuTarget{arch.str()};
}

cpu::CpuTarget getShapes() {
  cpu::CpuTarget shapes;
  shapes.vectorBytes = 16;
  shapes.tileRows = 4;
  shapes.tileVectors = 2;
  shapes.panel = 0; // rows are copied as they are
  // A vector for each thread: neighbours touch neighbouring memory.
  shapes.taskElements = 4;
  // What a thread keeps is memory of its own, of which all threads that could
  // run at once have the same.
  shapes.l2Bytes = 8 << 10;
  // A row for each warp of a team.
  shapes.teamRows = kernels::kTeam / kernels::kWarp;
  shapes.teamColumns = kernels::kTeamColumns;
  shapes.normParts = 1024;
  // With fewer rows, copies cost more traffic than they save.
  shapes.narrowRows = 64;
  return shapes;
}

static Expected<std::unique_ptr<TargetMachine>>
createTargetMachine(const GpuTarget &target) {
  LLVMInitializeNVPTXTargetInfo();
  LLVMInitializeNVPTXTarget();
  LLVMInitializeNVPTXTargetMC();
  LLVMInitializeNVPTXAsmPrinter();
  Triple triple("nvptx64-nvidia-cuda");
  std::string error;
  const Target *llvmTarget = TargetRegistry::lookupTarget(triple, error);
  if (!llvmTarget)
    return createStringError(error);
  // PTX 8.0 loads on every driver from CUDA 12.0 on.
  return std::unique_ptr<TargetMachine>(llvmTarget->createTargetMachine(
      triple, target.chip, "+ptx80", TargetOptions(), std::nullopt,
      std::nullopt, CodeGenOptLevel::Aggressive));
}

/// The body with a parameter for each map, in the place of what stands for it.
static Function &addMaps(Function &body, StringRef name, size_t count) {
  Module &module = *body.getParent();
  FunctionType *old = body.getFunctionType();
  SmallVector<Type *> types(old->params());
  types.append(count, PointerType::getUnqual(module.getContext()));
  Function *extended =
      Function::Create(FunctionType::get(old->getReturnType(), types, false),
                       body.getLinkage(), "", module);
  extended->takeName(&body);
  extended->copyAttributesFrom(&body);
  extended->splice(extended->begin(), &body);
  for (Argument &argument : body.args())
    argument.replaceAllUsesWith(extended->getArg(argument.getArgNo()));
  for (size_t i = 0; i < count; ++i) {
    Function *map = module.getFunction(getMapName(name, i));
    for (User *user : make_early_inc_range(map->users())) {
      user->replaceAllUsesWith(extended->getArg(body.arg_size() + i));
      cast<CallInst>(user)->eraseFromParent();
    }
    map->eraseFromParent();
  }
  body.eraseFromParent();
  return *extended;
}

/// Of buffers, at least: vectors of 16 bytes are loaded and stored at once. All
/// devices give more.
constexpr uint64_t kBufferAlignment = 16;
/// Bytes and alignment of a map (CUtensorMap, CUDA driver API).
constexpr uint64_t kMapBytes = 128, kMapAlignment = 64;

/// void k(i64 tasks, ptr buffers..., maps...): a thread calls `body` with the
/// number of its task, which is its own or its block's.
static void createKernel(Function &original, StringRef name) {
  Module &module = *original.getParent();
  const LaunchShape shape = getLaunchShape(original);
  Function &body = shape.boxed.empty()
                       ? original
                       : addMaps(original, name, shape.boxed.size());
  Function *kernel = Function::Create(body.getFunctionType(),
                                      GlobalValue::ExternalLinkage, "", module);
  kernel->setName(name);
  kernel->setCallingConv(CallingConv::PTX_Kernel);
  const unsigned firstMap = kernel->arg_size() - shape.boxed.size();
  for (unsigned place = 1; place < firstMap; ++place)
    kernel->addParamAttr(place,
                         Attribute::getWithAlignment(module.getContext(),
                                                     Align(kBufferAlignment)));
  for (unsigned place = firstMap; place < kernel->arg_size(); ++place) {
    AttrBuilder attributes(module.getContext());
    attributes.addByValAttr(
        ArrayType::get(Type::getInt8Ty(module.getContext()), kMapBytes));
    attributes.addAlignmentAttr(Align(kMapAlignment));
    attributes.addAttribute("nvvm.grid_constant");
    kernel->addParamAttrs(place, attributes);
  }
  setLaunchShape(*kernel, shape);
  kernel->addFnAttr("nvvm.maxntid", std::to_string(shape.threads));
  if (shape.blocksAtOnce > 0)
    kernel->addFnAttr("nvvm.minctasm", std::to_string(shape.blocksAtOnce));
  LLVMContext &context = module.getContext();
  IRBuilder<> builder(BasicBlock::Create(context, "", kernel));
  auto read = [&](Intrinsic::ID id) {
    return builder.CreateZExt(builder.CreateIntrinsic(id, {}),
                              builder.getInt64Ty());
  };
  Value *task = read(Intrinsic::nvvm_read_ptx_sreg_ctaid_x);
  if (shape.tasksPerBlock > 1)
    task = builder.CreateAdd(
        builder.CreateMul(task, builder.getInt64(shape.tasksPerBlock)),
        read(Intrinsic::nvvm_read_ptx_sreg_tid_x));
  BasicBlock *run = BasicBlock::Create(context, "run", kernel);
  BasicBlock *end = BasicBlock::Create(context, "end", kernel);
  builder.CreateCondBr(builder.CreateICmpULT(task, kernel->getArg(0)), run,
                       end);
  builder.SetInsertPoint(run);
  SmallVector<Value *> arguments = {task};
  for (Argument &argument : drop_begin(kernel->args()))
    arguments.push_back(&argument);
  builder.CreateCall(&body, arguments);
  builder.CreateBr(end);
  builder.SetInsertPoint(end);
  builder.CreateRetVoid();
}

/// Puts kernels in the place of the functions that the host calls.
static void createKernels(Module &module) {
  SmallVector<Function *> host;
  for (Function &function : module)
    if (!function.isDeclaration() &&
        (function.getName().ends_with(kTaskSuffix) ||
         function.getName().starts_with(kEntryPrefix)))
      host.push_back(&function);
  SmallVector<std::pair<Function *, std::string>> bodies;
  for (Function *function : host)
    if (function->getName().ends_with(kTaskSuffix)) {
      std::string name =
          function->getName().drop_back(kTaskSuffix.size()).str();
      bodies.push_back({module.getFunction(name), name});
    }
  // Entry points hold the addresses of the others: they go first.
  for (Function *function : host)
    function->dropAllReferences();
  for (Function *function : host) {
    function->replaceAllUsesWith(PoisonValue::get(function->getType()));
    function->eraseFromParent();
  }
  for (auto &[body, name] : bodies) {
    body->setName(name + ".body");
    body->addFnAttr(Attribute::AlwaysInline);
    createKernel(*body, name);
  }
}

/// All lanes of a warp run it together, which its intrinsic does not say.
static bool isTensorCore(const CallInst &call) {
  const Function *callee = call.getCalledFunction();
  return callee && callee->getName().starts_with("llvm.nvvm.mma.");
}

/// Only kernels can be seen from outside, and what tells the CPU of errors: the
/// simulator takes its place, so it is to keep its arguments. Inline assembly
/// may wait for other threads, so no pass may move it into a branch: MLIR
/// cannot say so.
static void setAttributes(Module &module, const GpuTarget &target) {
  for (Function &function : module) {
    if (function.isDeclaration())
      continue;
    function.removeFnAttr("target-features");
    function.addFnAttr("target-cpu", target.chip);
    function.addFnAttr("target-features", "+ptx80");
    function.addFnAttr(Attribute::NoUnwind);
    if (function.getCallingConv() != CallingConv::PTX_Kernel &&
        function.getName() != kErrorFunction)
      function.setLinkage(GlobalValue::InternalLinkage);
    for (BasicBlock &block : function)
      for (Instruction &instruction : block)
        if (auto *call = dyn_cast<CallInst>(&instruction))
          if (call->isInlineAsm() || isTensorCore(*call))
            call->addFnAttr(Attribute::Convergent);
  }
  hideGlobals(module);
  if (GlobalVariable *report = module.getNamedGlobal(kHashDeviceReport))
    report->setLinkage(GlobalValue::ExternalLinkage);
}

Expected<std::unique_ptr<Module>>
translateAndOptimize(mlir::ModuleOp module, LLVMContext &context,
                     const GpuTarget &target) {
  Expected<std::unique_ptr<TargetMachine>> machine =
      createTargetMachine(target);
  if (!machine)
    return machine.takeError();
  Expected<std::unique_ptr<Module>> translated =
      translateToLlvm(module, context, **machine);
  if (!translated)
    return translated.takeError();
  std::unique_ptr<Module> result = std::move(*translated);
  createKernels(*result);
  StringRef library(hashcDeviceKernels,
                    hashcDeviceKernelsEnd - hashcDeviceKernels);
  if (Error error = linkLibrary(*result, {library, "device kernels"}))
    return error;
  setAttributes(*result, target);
  if (verifyModule(*result, &errs()))
    return createStringError("the generated LLVM IR is not valid");
  optimize(*result, **machine);
  // What the code generator would do with most of them, before the simulator
  // reads the module.
  scalarizeMasks(*result);
  return result;
}

/// What a launch must know, for who reads PTX.
static void describeLaunches(const Module &module, raw_ostream &os) {
  for (const Function &function : module) {
    if (function.getCallingConv() != CallingConv::PTX_Kernel)
      continue;
    const LaunchShape shape = getLaunchShape(function);
    os << "// " << function.getName() << ": blocks of " << shape.threads
       << " threads for " << shape.tasksPerBlock
       << (shape.tasksPerBlock == 1 ? " task, " : " tasks, ")
       << shape.sharedBytes << " bytes of dynamic shared memory\n";
  }
}

Error emitPtx(Module &module, const GpuTarget &target, raw_pwrite_stream &os) {
  Expected<std::unique_ptr<TargetMachine>> machine =
      createTargetMachine(target);
  if (!machine)
    return machine.takeError();
  describeLaunches(module, os);
  legacy::PassManager passes;
  if ((*machine)->addPassesToEmitFile(passes, os, nullptr,
                                      CodeGenFileType::AssemblyFile))
    return createStringError("this target cannot emit PTX");
  passes.run(module);
  return Error::success();
}

} // namespace hashc::nvvm
