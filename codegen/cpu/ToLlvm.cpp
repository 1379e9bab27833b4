//===- ToLlvm.cpp - Kernels and entry points to the LLVM dialect ----------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/Cpu.h"
#include "dialect/Hash.h"

#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVM.h"
#include "mlir/Conversion/LLVMCommon/ConversionTarget.h"
#include "mlir/Conversion/LLVMCommon/Pattern.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/MemRefToLLVM/MemRefToLLVM.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Transforms/DialectConversion.h"

using namespace mlir;

namespace hashc::cpu {

#define GEN_PASS_DEF_CPUTOLLVM
#include "codegen/cpu/CpuPasses.h.inc"

constexpr StringLiteral kLaunchFunction = "hash_rt_launch";
constexpr StringLiteral kLaunchId = "hash.id";

static std::string getTaskFunction(StringRef kernel) {
  return (kernel + ".task").str();
}

namespace {
/// hash.launch -> hash_rt_launch(id, kernel, buffers, tasks).
struct LaunchLowering : ConvertOpToLLVMPattern<hash::LaunchOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;

  LogicalResult
  matchAndRewrite(hash::LaunchOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    auto pointer = LLVM::LLVMPointerType::get(op.getContext());
    Type i64 = rewriter.getI64Type();
    auto number = [&](int64_t value) {
      return LLVM::ConstantOp::create(rewriter, loc, i64,
                                      rewriter.getI64IntegerAttr(value));
    };
    Value buffers = allocate(op, rewriter, adaptor.getBuffers().size());
    for (auto [i, buffer] : llvm::enumerate(adaptor.getBuffers())) {
      auto type = cast<MemRefType>(op.getBuffers()[i].getType());
      Value address = MemRefDescriptor(buffer).bufferPtr(
          rewriter, loc, *getTypeConverter(), type);
      Value slot = LLVM::GEPOp::create(rewriter, loc, pointer, pointer, buffers,
                                       ArrayRef<LLVM::GEPArg>{(int32_t)i});
      LLVM::StoreOp::create(rewriter, loc, address, slot);
    }
    Value kernel = LLVM::AddressOfOp::create(rewriter, loc, pointer,
                                             getTaskFunction(op.getKernel()));
    int64_t id = op->getAttrOfType<IntegerAttr>(kLaunchId).getInt();
    LLVM::CallOp::create(
        rewriter, loc, TypeRange(), kLaunchFunction,
        ValueRange{number(id), kernel, buffers, number(op.getTasks())});
    rewriter.eraseOp(op);
    return success();
  }

  /// The array of pointers, on the stack of the entry point: one launch ends
  /// before the next one starts, and entry points are straight-line code.
  Value allocate(hash::LaunchOp op, ConversionPatternRewriter &rewriter,
                 int64_t count) const {
    auto pointer = LLVM::LLVMPointerType::get(op.getContext());
    Value size = LLVM::ConstantOp::create(
        rewriter, op.getLoc(), rewriter.getI64Type(),
        rewriter.getI64IntegerAttr(std::max<int64_t>(1, count)));
    return LLVM::AllocaOp::create(rewriter, op.getLoc(), pointer, pointer, size,
                                  /*alignment=*/8);
  }
};

struct CpuToLlvm : impl::CpuToLlvmBase<CpuToLlvm> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    if (module.getOps<func::FuncOp>().empty())
      return;
    if (failed(checkBuffers(module)))
      return signalPassFailure();
    prepare(module);
    if (failed(convert(module)))
      return signalPassFailure();
    for (auto function : llvm::to_vector(module.getOps<LLVM::LLVMFuncOp>())) {
      if (function.isExternal())
        continue;
      if (function->removeAttr("hash.shared"))
        function.setNoInline(true);
      else if (function->removeAttr("hash.kernel"))
        addWrapper(function, getTaskFunction(function.getName()), true);
      else
        addWrapper(function, ("hash_entry_" + function.getName()).str(), false);
      function.setLinkage(LLVM::Linkage::Private);
    }
  }

private:
  LogicalResult checkBuffers(ModuleOp module) {
    for (auto function : module.getOps<func::FuncOp>())
      for (Type type : function.getArgumentTypes())
        if (isa<TensorType, hash::PlanType>(type))
          return function.emitError("takes a ")
                 << type << "; hash-plan-memory and hash-outline-kernels "
                 << "come first";
    return success();
  }

  /// Numbers the launches; drops what only the compiler reads.
  void prepare(ModuleOp module) {
    Builder builder(module.getContext());
    int64_t id = 0;
    module.walk([&](hash::LaunchOp op) {
      op->setAttr(kLaunchId, builder.getI64IntegerAttr(id++));
    });
    for (Operation &op :
         llvm::make_early_inc_range(module.getBody()->getOperations()))
      if (isa<hash::ParamOp, hash::TableOp>(op))
        op.erase();
    for (auto function : module.getOps<func::FuncOp>())
      for (unsigned i = 0; i < function.getNumArguments(); ++i)
        function.removeArgAttr(i, "hash.arg");
    declareLaunch(module);
  }

  void declareLaunch(ModuleOp module) {
    if (module.lookupSymbol(kLaunchFunction))
      return;
    auto builder = OpBuilder::atBlockEnd(module.getBody());
    auto pointer = LLVM::LLVMPointerType::get(builder.getContext());
    Type i64 = builder.getI64Type();
    auto type = LLVM::LLVMFunctionType::get(
        LLVM::LLVMVoidType::get(builder.getContext()),
        {i64, pointer, pointer, i64});
    LLVM::LLVMFuncOp::create(builder, module.getLoc(), kLaunchFunction, type);
  }

  LogicalResult convert(ModuleOp module) {
    MLIRContext *context = module.getContext();
    LowerToLLVMOptions options(context);
    options.useBarePtrCallConv = true;
    LLVMTypeConverter converter(context, options);
    RewritePatternSet patterns(context);
    SymbolTableCollection symbols;
    populateFuncToLLVMConversionPatterns(converter, patterns, &symbols);
    populateFinalizeMemRefToLLVMConversionPatterns(converter, patterns,
                                                   &symbols);
    arith::populateArithToLLVMConversionPatterns(converter, patterns);
    cf::populateControlFlowToLLVMConversionPatterns(converter, patterns);
    populateMathToLLVMConversionPatterns(converter, patterns);
    patterns.add<LaunchLowering>(converter);
    LLVMConversionTarget target(*context);
    target.addLegalOp<ModuleOp>();
    return applyFullConversion(module, target, std::move(patterns));
  }

  /// `name([i64 task,] ptr pointers)`: calls `function` with what the array
  /// holds.
  void addWrapper(LLVM::LLVMFuncOp function, std::string name, bool kernel) {
    OpBuilder builder(function);
    Location loc = function.getLoc();
    auto pointer = LLVM::LLVMPointerType::get(builder.getContext());
    SmallVector<Type> types;
    if (kernel)
      types.push_back(builder.getI64Type());
    types.push_back(pointer);
    auto wrapper = LLVM::LLVMFuncOp::create(
        builder, loc, name,
        LLVM::LLVMFunctionType::get(
            LLVM::LLVMVoidType::get(builder.getContext()), types),
        kernel ? LLVM::Linkage::Private : LLVM::Linkage::External);
    Block *entry = wrapper.addEntryBlock(builder);
    builder.setInsertionPointToStart(entry);
    SmallVector<Value> arguments;
    if (kernel)
      arguments.push_back(entry->getArgument(0));
    Value array = entry->getArguments().back();
    for (int64_t i = 0, e = function.getNumArguments() - kernel; i < e; ++i) {
      Value slot = LLVM::GEPOp::create(builder, loc, pointer, pointer, array,
                                       ArrayRef<LLVM::GEPArg>{(int32_t)i});
      arguments.push_back(LLVM::LoadOp::create(builder, loc, pointer, slot));
    }
    LLVM::CallOp::create(builder, loc, function, arguments);
    LLVM::ReturnOp::create(builder, loc, ValueRange());
  }
};
} // namespace

} // namespace hashc::cpu
