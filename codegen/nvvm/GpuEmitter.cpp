//===- GpuEmitter.cpp - Builds what a block of threads does ---------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/nvvm/GpuEmitter.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/SymbolTable.h"

using namespace mlir;

namespace hashc::nvvm {

constexpr unsigned kSharedSpace = 3, kGlobalSpace = 1;
constexpr uint64_t kSharedAlignment = 128;

Operation *GpuEmitter::callIntrinsic(StringRef name, TypeRange results,
                                     ValueRange operands) {
  auto text = getStringAttr("llvm.nvvm." + name);
  if (results.empty())
    return LLVM::CallIntrinsicOp::create(*this, text, operands);
  return LLVM::CallIntrinsicOp::create(*this, results.front(), text, operands);
}

Value GpuEmitter::thread() {
  Operation *call = callIntrinsic("read.ptx.sreg.tid.x", getI32Type(), {});
  return arith::ExtUIOp::create(*this, i64, call->getResult(0));
}

void GpuEmitter::barrier() {
  Value all = arith::ConstantOp::create(*this, getI32IntegerAttr(0));
  callIntrinsic("barrier.cta.sync.aligned.all", {}, all);
}

Value GpuEmitter::sharedMemory(int64_t bytes) {
  Operation *parent = getInsertionBlock()->getParentOp();
  auto function = dyn_cast<func::FuncOp>(parent);
  if (!function)
    function = parent->getParentOfType<func::FuncOp>();
  auto module = function->getParentOfType<ModuleOp>();
  const std::string name = (function.getName() + ".shared").str();
  OpBuilder atStart = OpBuilder::atBlockBegin(module.getBody());
  auto type = LLVM::LLVMArrayType::get(getI8Type(), bytes);
  LLVM::GlobalOp::create(atStart, getLoc(), type, /*isConstant=*/false,
                         LLVM::Linkage::Internal, name, Attribute(),
                         kSharedAlignment, kSharedSpace);
  return LLVM::AddressOfOp::create(*this, shared, name);
}

Value GpuEmitter::sharedAddress(Value base, Value offset) {
  return LLVM::GEPOp::create(*this, shared, getI8Type(), base,
                             ArrayRef<LLVM::GEPArg>{offset});
}

Value GpuEmitter::loadShared(Type element, int64_t count, Value address) {
  Type stored = storedType(element);
  auto type = VectorType::get({count}, stored);
  Value value = LLVM::LoadOp::create(*this, type, address,
                                     unsigned(count * bytesOf(element)));
  if (stored == element)
    return value;
  return arith::BitcastOp::create(*this, VectorType::get({count}, element),
                                  value);
}

void GpuEmitter::copy(Value to, Value from, Value exists) {
  auto global = LLVM::LLVMPointerType::get(getContext(), kGlobalSpace);
  Value source = LLVM::AddrSpaceCastOp::create(*this, global, from);
  Value bytes = toI32(select(exists, kCopyBytes, 0));
  callIntrinsic("cp.async.cg.shared.global.16.s", {}, {to, source, bytes});
}

void GpuEmitter::commitCopies() {
  callIntrinsic("cp.async.commit.group", {}, {});
}

void GpuEmitter::waitForCopies(int64_t pending) {
  Value count =
      arith::ConstantOp::create(*this, getI32IntegerAttr(int32_t(pending)));
  callIntrinsic("cp.async.wait.group", {}, count);
}

SmallVector<Value> GpuEmitter::loadMatrices(Value address, bool transposed) {
  SmallVector<Type> fields(4, getI32Type());
  auto type = LLVM::LLVMStructType::getLiteral(getContext(), fields);
  Operation *call =
      callIntrinsic(transposed ? "ldmatrix.sync.aligned.m8n8.x4.trans.b16"
                               : "ldmatrix.sync.aligned.m8n8.x4.b16",
                    type, address);
  SmallVector<Value> registers;
  for (int64_t i = 0; i < 4; ++i)
    registers.push_back(
        LLVM::ExtractValueOp::create(*this, call->getResult(0), i));
  return registers;
}

Value GpuEmitter::multiply(ValueRange a, ValueRange b, Value sums) {
  return callMma("mma.m16n8k16.row.col.bf16", a, b, sums);
}

Value GpuEmitter::multiplyTf32(ValueRange a, ValueRange b, Value sums) {
  return callMma("mma.m16n8k8.row.col.tf32", a, b, sums);
}

/// Tensor cores ignore the 13 low bits. Infinities and NaNs stay as they are: a
/// GPU's NaN would become a zero.
Value GpuEmitter::toTf32(Value value) {
  auto number = [&](int32_t bits) -> Value {
    return arith::ConstantOp::create(*this, getI32IntegerAttr(bits));
  };
  Value bits = arith::BitcastOp::create(*this, getI32Type(), value);
  Value exponent = number(0x7f800000);
  Value isFinite =
      compare(arith::CmpIPredicate::ne,
              arith::AndIOp::create(*this, bits, exponent), exponent);
  Value half =
      arith::SelectOp::create(*this, isFinite, number(1 << 12), number(0));
  return arith::AddIOp::create(*this, bits, half);
}

Value GpuEmitter::callMma(StringRef name, ValueRange a, ValueRange b,
                          Value sums) {
  SmallVector<Value> operands(a);
  llvm::append_range(operands, b);
  for (int64_t i = 0; i < 4; ++i)
    operands.push_back(
        vector::ExtractOp::create(*this, sums, ArrayRef<int64_t>{i}));
  SmallVector<Type> fields(4, getF32Type());
  auto type = LLVM::LLVMStructType::getLiteral(getContext(), fields);
  Operation *call = callIntrinsic(name, type, operands);
  SmallVector<Value> elements;
  for (int64_t i = 0; i < 4; ++i)
    elements.push_back(
        LLVM::ExtractValueOp::create(*this, call->getResult(0), i));
  return vector::FromElementsOp::create(*this, cast<VectorType>(sums.getType()),
                                        elements);
}

Value GpuEmitter::toI32(Value value) {
  return arith::TruncIOp::create(*this, getI32Type(), value);
}

} // namespace hashc::nvvm
