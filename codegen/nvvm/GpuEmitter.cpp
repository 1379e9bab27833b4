//===- GpuEmitter.cpp - Builds what a block of threads does ---------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/nvvm/GpuEmitter.h"
#include "codegen/nvvm/AsmText.h"
#include "codegen/nvvm/LaunchShape.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/SymbolTable.h"

using namespace mlir;

namespace hashc::nvvm {

constexpr unsigned kSharedSpace = 3, kGlobalSpace = 1;
/// For copies and matrices of a warp; for operands of wgmma.
constexpr uint64_t kSharedAlignment = 128, kAtomAlignment = 1024;

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

void GpuEmitter::barrier(int64_t id, int64_t threads) {
  callIntrinsic("barrier.cta.sync.aligned.count", {},
                {toI32(constant(id)), toI32(constant(threads))});
}

func::FuncOp GpuEmitter::getKernel() {
  Operation *parent = getInsertionBlock()->getParentOp();
  auto function = dyn_cast<func::FuncOp>(parent);
  return function ? function : parent->getParentOfType<func::FuncOp>();
}

Value GpuEmitter::createShared(StringRef suffix, int64_t bytes,
                               uint64_t alignment, bool ofLaunch) {
  func::FuncOp kernel = getKernel();
  const std::string name = (kernel.getName() + suffix).str();
  OpBuilder atStart =
      OpBuilder::atBlockBegin(kernel->getParentOfType<ModuleOp>().getBody());
  LLVM::GlobalOp::create(
      atStart, getLoc(), LLVM::LLVMArrayType::get(getI8Type(), bytes),
      /*isConstant=*/false,
      ofLaunch ? LLVM::Linkage::External : LLVM::Linkage::Internal, name,
      Attribute(), alignment, kSharedSpace);
  return LLVM::AddressOfOp::create(*this, shared, name);
}

Value GpuEmitter::sharedMemory(int64_t bytes) {
  return createShared(".shared", bytes, kSharedAlignment, /*ofLaunch=*/false);
}

Value GpuEmitter::sharedMemoryOfLaunch() {
  return createShared("_launch_shared", 0, kAtomAlignment, /*ofLaunch=*/true);
}

Value GpuEmitter::tensorMap(size_t i) {
  func::FuncOp kernel = getKernel();
  const std::string name = getMapName(kernel.getName(), i);
  auto module = kernel->getParentOfType<ModuleOp>();
  auto function = module.lookupSymbol<func::FuncOp>(name);
  if (!function) {
    OpBuilder atEnd = OpBuilder::atBlockEnd(module.getBody());
    function =
        func::FuncOp::create(atEnd, getLoc(), name, getFunctionType({}, ptr));
    function.setPrivate();
  }
  return func::CallOp::create(*this, function).getResult(0);
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

void GpuEmitter::storeShared(Value vector, Value address) {
  auto type = cast<VectorType>(vector.getType());
  LLVM::StoreOp::create(
      *this, vector, address,
      unsigned(type.getNumElements() * bytesOf(type.getElementType())));
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

//===----------------------------------------------------------------------===//
// What sm_90a has
//===----------------------------------------------------------------------===//

void GpuEmitter::initMbarrier(Value mbarrier, int64_t arrivals) {
  callIntrinsic("mbarrier.init.shared", {},
                {mbarrier, toI32(constant(arrivals))});
}

void GpuEmitter::arrive(Value mbarrier) {
  callIntrinsic("mbarrier.arrive.shared", i64, mbarrier);
}

/// Threads of a warp may see the end of the phase at different times, so the
/// branch is not uniform.
void GpuEmitter::waitForPhase(Value mbarrier, Value parity) {
  constexpr int64_t kSuspendNanoseconds = 10000000;
  assemble("{ .reg .pred P1; LAB_WAIT: mbarrier.try_wait.parity.shared.b64 P1, "
           "[$0], $1, $2; @P1 bra DONE; bra LAB_WAIT; DONE: }",
           "r,r,r,~{memory}", 0,
           {mbarrier, toI32(parity), toI32(constant(kSuspendNanoseconds))});
}

void GpuEmitter::fenceMbarriers() {
  callIntrinsic("fence.mbarrier_init.release.cluster", {}, {});
}

void GpuEmitter::arriveExpecting(Value mbarrier, int64_t bytes) {
  callIntrinsic("mbarrier.arrive.expect.tx.scope.cta.space.cta", i64,
                {mbarrier, toI32(constant(bytes))});
}

/// A form that PTX 8.0 has: that for a block's own memory came later.
void GpuEmitter::copyBox(Value to, Value map, Value x, Value y,
                         Value mbarrier) {
  assemble("cp.async.bulk.tensor.2d.shared::cluster.global."
           "mbarrier::complete_tx::bytes [$0], [$1, {$2, $3}], [$4];",
           "r,l,r,r,r,~{memory}", 0, {to, map, toI32(x), toI32(y), mbarrier});
}

void GpuEmitter::fenceForAsyncReads() {
  assemble("fence.proxy.async.shared::cta;", "~{memory}", 0, {});
}

/// Results are the first operands, changed.
static std::string tieOperands(int64_t count) {
  std::string text;
  for (int64_t i = 0; i < count; ++i)
    text += "=f,";
  for (int64_t i = 0; i < count; ++i)
    text += std::to_string(i) + ",";
  return text;
}

/// With the sums as operands, zeros are written before the fence: after it,
/// ptxas would have to add another one.
SmallVector<Value> GpuEmitter::fenceSums(ValueRange sums) {
  return assemble("wgmma.fence.sync.aligned;",
                  tieOperands(sums.size()) + "~{memory}", sums.size(), sums);
}

SmallVector<Value> GpuEmitter::multiplyAsync(ValueRange sums, Value lhs,
                                             Value rhs, bool lhsTransposed,
                                             bool rhsTransposed) {
  const int64_t count = sums.size(), rest = 2 * count;
  auto name = [](int64_t i) { return "$" + std::to_string(i); };
  SmallVector<Value> operands(sums);
  operands.append({lhs, rhs});
  // Adds to the sums; neither side is negated.
  for (int64_t number : {1, 1, 1, int(lhsTransposed), int(rhsTransposed)})
    operands.push_back(toI32(constant(number)));
  return assemble(
      "{ .reg .pred p; setp.ne.b32 p, " + name(rest + 2) +
          ", 0; wgmma.mma_async.sync.aligned.m64n" + std::to_string(2 * count) +
          "k16.f32.bf16.bf16 {" + listOperands(0, count) + "}, " +
          listOperands(rest, 2) + ", p, " + listOperands(rest + 3, 4) + "; }",
      tieOperands(count) + "l,l,n,n,n,n,n,~{memory}", count, operands);
}

void GpuEmitter::commitProducts() {
  callIntrinsic("wgmma.commit_group.sync.aligned", {}, {});
}

SmallVector<Value> GpuEmitter::waitForProducts(ValueRange sums,
                                               int64_t pending) {
  return assemble("wgmma.wait_group.sync.aligned " + std::to_string(pending) +
                      ";",
                  tieOperands(sums.size()) + "~{memory}", sums.size(), sums);
}

SmallVector<Value> GpuEmitter::assemble(StringRef text, StringRef constraints,
                                        int64_t results, ValueRange operands) {
  Type type;
  if (results > 0)
    type = LLVM::LLVMStructType::getLiteral(
        getContext(), SmallVector<Type>(results, getF32Type()));
  auto call = LLVM::InlineAsmOp::create(
      *this, type, operands, getStringAttr(text), getStringAttr(constraints),
      /*has_side_effects=*/getUnitAttr(), /*is_align_stack=*/UnitAttr(),
      LLVM::TailCallKindAttr::get(getContext(),
                                  LLVM::tailcallkind::TailCallKind::None),
      /*asm_dialect=*/LLVM::AsmDialectAttr(), /*operand_attrs=*/ArrayAttr());
  SmallVector<Value> values;
  for (int64_t i = 0; i < results; ++i)
    values.push_back(
        LLVM::ExtractValueOp::create(*this, call->getResult(0), i));
  return values;
}

Value GpuEmitter::toI32(Value value) {
  return arith::TruncIOp::create(*this, getI32Type(), value);
}

} // namespace hashc::nvvm
