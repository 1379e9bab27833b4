//===- HashFold.cpp - Folders ---------------------------------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A fold never changes a bit of a result. So what rounds is not folded, and
// neither is a combine of a dispatch: it clears the rows of masked tokens.
//
//===----------------------------------------------------------------------===//

#include "dialect/Hash.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/CommonFolders.h"

using namespace mlir;

namespace hashc::hash {

/// The constant `value` as a constant of another shape, where it is one number
/// that `type` holds as it is.
static OpFoldResult resizeSplat(Attribute value, Type type) {
  auto splat = dyn_cast_if_present<SplatElementsAttr>(value);
  auto shaped = cast<ShapedType>(type);
  if (!splat || splat.getElementType() != shaped.getElementType())
    return {};
  return SplatElementsAttr::get(shaped, splat.getSplatValue<Attribute>());
}

/// A bound of values that are not negative; none where it is not known.
static std::optional<uint64_t> getUpperBound(Value value) {
  if (auto extension = value.getDefiningOp<arith::ExtSIOp>())
    value = extension.getIn();
  if (auto modulo = value.getDefiningOp<ModuloOp>())
    return modulo.getDivisor();
  if (auto position = value.getDefiningOp<PositionOp>())
    return position.getWindow();
  return std::nullopt;
}

OpFoldResult PrevOp::fold(FoldAdaptor adaptor) {
  return getDistance() == 0 ? getTokens() : OpFoldResult();
}

OpFoldResult PositionOp::fold(FoldAdaptor adaptor) {
  // In a window of one row every document starts at its only row.
  return getWindow() == 1 ? Builder(getContext()).getZeroAttr(getType())
                          : OpFoldResult();
}

/// The finaliser of SplitMix64.
static uint64_t mix64(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31);
}

int64_t mix(ArrayRef<int64_t> values, int64_t seed) {
  auto state = static_cast<uint64_t>(seed);
  for (int64_t value : values)
    state = mix64(state ^
                  mix64(static_cast<uint64_t>(value) + 0x9e3779b97f4a7c15U));
  return static_cast<int64_t>(state & ~(uint64_t(1) << 63));
}

std::string hashText(StringRef text) {
  uint64_t hash = 0xcbf29ce484222325U;
  for (unsigned char c : text)
    hash = (hash ^ c) * 0x100000001b3U;
  return llvm::utohexstr(hash, /*LowerCase=*/true, /*Width=*/16);
}

OpFoldResult MixOp::fold(FoldAdaptor adaptor) {
  SmallVector<int64_t> numbers;
  for (Attribute value : adaptor.getValues()) {
    auto splat = dyn_cast_if_present<SplatElementsAttr>(value);
    if (!splat)
      return {};
    numbers.push_back(splat.getSplatValue<APInt>().getSExtValue());
  }
  return SplatElementsAttr::get(getType(), APInt(64, mix(numbers, getSeed())));
}

OpFoldResult ModuloOp::fold(FoldAdaptor adaptor) {
  uint64_t divisor = getDivisor();
  if (divisor == 1)
    return Builder(getContext()).getZeroAttr(getType());
  if (std::optional<uint64_t> bound = getUpperBound(getValue());
      bound && *bound <= divisor)
    return getValue();
  if (auto inner = getValue().getDefiningOp<ModuloOp>();
      inner && inner.getDivisor() % divisor == 0) {
    getValueMutable().assign(inner.getValue());
    return getResult();
  }
  return constFoldUnaryOp<IntegerAttr, APInt, void>(
      adaptor.getOperands(), [&](const APInt &value) {
        APInt by(64, divisor), rest = value.srem(by);
        return rest.isNegative() ? rest + by : rest;
      });
}

OpFoldResult RowAtOp::fold(FoldAdaptor adaptor) {
  if (getValue().getType() == getType())
    return getValue();
  return resizeSplat(adaptor.getValue(), getType());
}

OpFoldResult DispatchOp::fold(FoldAdaptor adaptor) {
  auto combine = getX().getDefiningOp<CombineOp>();
  // Rows of dead positions are unspecified, so they may be what they were.
  if (combine && combine.getPlan() == getPlan() &&
      getPlan().getType().getK() == 1)
    return combine.getX();
  return {};
}

OpFoldResult WeighOp::fold(FoldAdaptor adaptor) {
  auto weight = dyn_cast_if_present<SplatElementsAttr>(adaptor.getWeights());
  bool isOne = weight && weight.getSplatValue<APFloat>().isExactlyValue(1.0);
  return isOne ? getX() : OpFoldResult();
}

OpFoldResult BroadcastOp::fold(FoldAdaptor adaptor) {
  return resizeSplat(adaptor.getX(), getType());
}

OpFoldResult SplatOp::fold(FoldAdaptor adaptor) {
  if (getX().getType() == getType())
    return getX();
  return resizeSplat(adaptor.getX(), getType());
}

OpFoldResult DropoutOp::fold(FoldAdaptor adaptor) {
  // All is kept, times 1.
  return getRate().isZero() ? getX() : OpFoldResult();
}

} // namespace hashc::hash
