//===- Emitter.cpp - Loops, addresses and vectors of kernels --------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/Emitter.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace hashc::cpu {

Value Emitter::constant(int64_t value) {
  return arith::ConstantOp::create(*this, getI64IntegerAttr(value));
}

Value Emitter::zero(Type type) {
  return arith::ConstantOp::create(*this, cast<TypedAttr>(getZeroAttr(type)));
}

static std::optional<int64_t> getConstant(Value value) {
  IntegerAttr attr;
  if (matchPattern(value, m_Constant(&attr)))
    return attr.getInt();
  return std::nullopt;
}

Value Emitter::add(Value a, Value b) {
  std::optional<int64_t> left = getConstant(a), right = getConstant(b);
  if (left && right)
    return constant(*left + *right);
  if (left == 0)
    return b;
  return right == 0 ? a : arith::AddIOp::create(*this, a, b).getResult();
}

Value Emitter::sub(Value a, Value b) {
  return arith::SubIOp::create(*this, a, b);
}

Value Emitter::mul(Value a, Value b) {
  std::optional<int64_t> left = getConstant(a), right = getConstant(b);
  if (left && right)
    return constant(*left * *right);
  return right == 1 ? a : arith::MulIOp::create(*this, a, b).getResult();
}

/// Operands are never negative: unsigned division needs no correction.
Value Emitter::div(Value a, Value b) {
  return getConstant(b) == 1 ? a
                             : arith::DivUIOp::create(*this, a, b).getResult();
}

Value Emitter::rem(Value a, int64_t b) {
  if (b == 1)
    return constant(0);
  return arith::RemUIOp::create(*this, a, constant(b));
}

Value Emitter::min(Value a, Value b) {
  return arith::MinSIOp::create(*this, a, b);
}

Value Emitter::compare(arith::CmpIPredicate predicate, Value a, Value b) {
  return arith::CmpIOp::create(*this, predicate, a, b);
}

Value Emitter::select(Value condition, int64_t a, int64_t b) {
  return arith::SelectOp::create(*this, condition, constant(a), constant(b));
}

Value Emitter::falseValue() {
  return arith::ConstantOp::create(*this, getBoolAttr(false));
}

std::pair<Value, Value> Emitter::partition(Value part, Value parts,
                                           Value total) {
  Value size = div(total, parts);
  Value larger = sub(total, mul(size, parts));
  auto start = [&](Value i) { return add(mul(i, size), min(i, larger)); };
  return {start(part), start(add(part, 1))};
}

void Emitter::loop(Value from, Value to, int64_t step,
                   llvm::function_ref<void(Value)> body) {
  auto loop = scf::ForOp::create(*this, from, to, constant(step));
  OpBuilder::InsertionGuard guard(*this);
  setInsertionPointToStart(loop.getBody());
  body(loop.getInductionVar());
}

void Emitter::when(Value condition, llvm::function_ref<void()> then,
                   llvm::function_ref<void()> otherwise) {
  auto branch = scf::IfOp::create(*this, condition, bool(otherwise));
  OpBuilder::InsertionGuard guard(*this);
  setInsertionPointToStart(branch.thenBlock());
  then();
  if (!otherwise)
    return;
  setInsertionPointToStart(branch.elseBlock());
  otherwise();
}

Value Emitter::pointerTo(Value memref) {
  Value index = memref::ExtractAlignedPointerAsIndexOp::create(*this, memref);
  Value address = arith::IndexCastOp::create(*this, i64, index);
  return LLVM::IntToPtrOp::create(*this, ptr, address);
}

Value Emitter::address(Value base, Value offset, Type element) {
  if (getConstant(offset) == 0)
    return base;
  return LLVM::GEPOp::create(*this, ptr, storedType(element), base,
                             ArrayRef<LLVM::GEPArg>{offset});
}

Value Emitter::scratch(Type element, int64_t count) {
  OpBuilder::InsertionGuard guard(*this);
  Operation *parent = getInsertionBlock()->getParentOp();
  auto function = dyn_cast<func::FuncOp>(parent);
  if (!function)
    function = parent->getParentOfType<func::FuncOp>();
  setInsertionPointToStart(&function.getBody().front());
  return LLVM::AllocaOp::create(*this, ptr, storedType(element),
                                constant(count), /*alignment=*/64);
}

void Emitter::prefetch(Value address) {
  constexpr uint32_t kRead = 0, kSecondLevel = 2, kData = 1;
  LLVM::Prefetch::create(*this, address, kRead, kSecondLevel, kData);
}

Value Emitter::load(Type type, Value address) {
  return LLVM::LoadOp::create(*this, type, address);
}

void Emitter::store(Value value, Value address) {
  LLVM::StoreOp::create(*this, value, address);
}

Type Emitter::storedType(Type element) {
  if (element.isBF16())
    return getI16Type();
  return element.isInteger(1) ? getI8Type() : element;
}

int64_t Emitter::bytesOf(Type element) {
  return llvm::divideCeil(element.getIntOrFloatBitWidth(), 8);
}

Value Emitter::loadVector(VectorType type, Value address, Value mask) {
  Type element = type.getElementType();
  Type stored = storedType(element);
  auto storedVector = VectorType::get(type.getShape(), stored);
  unsigned alignment = bytesOf(element);
  Value value;
  if (mask)
    value = LLVM::MaskedLoadOp::create(*this, storedVector, address, mask,
                                       zero(storedVector),
                                       getI32IntegerAttr(alignment));
  else
    value = LLVM::LoadOp::create(*this, storedVector, address, alignment);
  if (element.isBF16())
    return arith::BitcastOp::create(*this, type, value);
  if (stored != element)
    value = arith::TruncIOp::create(*this, type, value);
  return value;
}

void Emitter::storeVector(Value value, Value address, Value mask) {
  auto type = cast<VectorType>(value.getType());
  Type element = type.getElementType();
  Type stored = storedType(element);
  unsigned alignment = bytesOf(element);
  auto storedVector = VectorType::get(type.getShape(), stored);
  if (element.isBF16())
    value = arith::BitcastOp::create(*this, storedVector, value);
  else if (stored != element)
    value = arith::ExtUIOp::create(*this, storedVector, value);
  if (mask)
    LLVM::MaskedStoreOp::create(*this, value, address, mask, alignment);
  else
    LLVM::StoreOp::create(*this, value, address, alignment);
}

Value Emitter::firstLanes(int64_t lanes, Value count) {
  auto type = VectorType::get({lanes}, getI32Type());
  auto numbers = llvm::to_vector(llvm::seq<int32_t>(0, lanes));
  Value lane = arith::ConstantOp::create(
      *this, DenseElementsAttr::get(type, ArrayRef<int32_t>(numbers)));
  Value narrow = arith::TruncIOp::create(*this, getI32Type(), count);
  return compare(arith::CmpIPredicate::slt, lane, splat(narrow, type));
}

Value Emitter::splat(Value scalar, VectorType type) {
  return vector::BroadcastOp::create(*this, type, scalar);
}

Value Emitter::extractFirst(Value vector) {
  return vector::ExtractOp::create(*this, vector, ArrayRef<int64_t>{0});
}

Value Emitter::takeLanes(Value value, int64_t first, int64_t count) {
  int64_t last = cast<VectorType>(value.getType()).getNumElements() - 1;
  SmallVector<int64_t> lanes;
  for (int64_t lane = first; lane < first + count; ++lane)
    lanes.push_back(std::min(lane, last));
  return vector::ShuffleOp::create(*this, value, value, lanes);
}

/// Rounds to nearest even on the bits: one result on every target, also where
/// the processor has no such instruction or has one that flushes denormals.
Value Emitter::narrowToBf16(Value value) {
  auto vector = dyn_cast<VectorType>(value.getType());
  auto shaped = [&](Type element) -> Type {
    return vector ? VectorType::get(vector.getShape(), element) : element;
  };
  Type i32 = shaped(getI32Type());
  auto number = [&](uint32_t bits) -> Value {
    IntegerAttr attr = getIntegerAttr(getI32Type(), APInt(32, bits));
    if (!vector)
      return arith::ConstantOp::create(*this, attr);
    return arith::ConstantOp::create(
        *this, DenseElementsAttr::get(cast<VectorType>(i32), Attribute(attr)));
  };
  Value bits = arith::BitcastOp::create(*this, i32, value);
  Value upper = arith::ShRUIOp::create(*this, bits, number(16));
  Value odd = arith::AndIOp::create(*this, upper, number(1));
  Value bias = arith::AddIOp::create(*this, odd, number(0x7fff));
  Value rounded = arith::ShRUIOp::create(
      *this, arith::AddIOp::create(*this, bits, bias), number(16));
  Value quiet = arith::OrIOp::create(*this, upper, number(0x40));
  Value isNan =
      arith::CmpFOp::create(*this, arith::CmpFPredicate::UNO, value, value);
  Value result = arith::SelectOp::create(*this, isNan, quiet, rounded);
  result = arith::TruncIOp::create(*this, shaped(getI16Type()), result);
  return arith::BitcastOp::create(*this, shaped(getBF16Type()), result);
}

Value Emitter::convert(Value value, Type element) {
  Type from = getElementTypeOrSelf(value.getType());
  if (from == element)
    return value;
  Type to = element;
  if (auto vector = dyn_cast<VectorType>(value.getType()))
    to = VectorType::get(vector.getShape(), element);
  bool widen = from.getIntOrFloatBitWidth() < element.getIntOrFloatBitWidth();
  if (isa<FloatType>(from) && isa<FloatType>(element)) {
    if (widen)
      return arith::ExtFOp::create(*this, to, value);
    if (element.isBF16())
      return narrowToBf16(convert(value, getF32Type()));
    return arith::TruncFOp::create(*this, to, value);
  }
  if (isa<IntegerType>(from) && isa<IntegerType>(element)) {
    if (widen)
      return arith::ExtSIOp::create(*this, to, value);
    return arith::TruncIOp::create(*this, to, value);
  }
  if (isa<FloatType>(element))
    return arith::SIToFPOp::create(*this, to, value);
  return arith::FPToSIOp::create(*this, to, value);
}

} // namespace hashc::cpu
