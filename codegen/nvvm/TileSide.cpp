//===- TileSide.cpp - One side of a product, in shared memory -------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/nvvm/TileSide.h"

using namespace mlir;

namespace hashc::nvvm {

/// After each line, so that the eight rows of a matrix lie in different banks.
constexpr int64_t kPaddingBytes = 16;

static_assert(TileConfig::rows == TileConfig::columns,
              "both sides have lines of one length");

TileSide::TileSide(GpuEmitter &e, const TileConfig &config, SideSource from,
                   Value thread)
    : e(e), source(std::move(from)), thread(thread) {
  const bool along = source.alongContraction;
  lines = along ? TileConfig::rows : config.depth;
  perLine = along ? config.depth : TileConfig::rows;
  elementBytes = e.bytesOf(source.element);
  pitch = perLine * elementBytes + kPaddingBytes;
  chunks = perLine * elementBytes / kCopyBytes;
  rounds = llvm::divideCeil(lines * chunks, TileConfig::threads);
}

int64_t TileSide::getLargestBytes(const TileConfig &config) {
  const int64_t bytes = config.product == TileConfig::Product::mma16 ? 2 : 4;
  const int64_t along =
      TileConfig::rows * (config.depth * bytes + kPaddingBytes);
  const int64_t across =
      config.depth * (TileConfig::rows * bytes + kPaddingBytes);
  return std::max(along, across);
}

void TileSide::prepare() {
  fixed.clear();
  if (!source.alongContraction)
    return;
  for (int64_t round = 0; round < rounds; ++round) {
    Value copy = e.add(thread, round * TileConfig::threads);
    fixed.push_back(source.locate(e.div(copy, chunks)));
  }
}

void TileSide::load(Value to, Value k) {
  const bool along = source.alongContraction;
  for (int64_t round = 0; round < rounds; ++round) {
    Value copy = e.add(thread, round * TileConfig::threads);
    Value line = e.div(copy, chunks), chunk = e.rem(copy, chunks);
    auto start = [&] {
      Line found = along ? fixed[round] : source.locate(e.add(k, line));
      Value element = e.mul(chunk, kCopyBytes / elementBytes);
      Value at = e.add(along ? k : source.first, element);
      Value exists = arith::AndIOp::create(
          e, found.exists, e.less(at, e.constant(source.length)));
      // What does not exist is not read, but its address must be one.
      Value offset = arith::SelectOp::create(e, exists, at, e.constant(0));
      e.copy(addressOf(to, line, element),
             e.address(found.address, offset, source.element), exists);
    };
    if ((round + 1) * TileConfig::threads <= lines * chunks)
      start();
    else
      e.when(e.less(copy, e.constant(lines * chunks)), start);
  }
}

Value TileSide::addressOf(Value part, Value line, Value element) {
  return e.sharedAddress(
      part, e.add(e.mul(line, pitch), e.mul(element, elementBytes)));
}

Value TileSide::readAcross(Value part, Value k, Value at, int64_t count) {
  return e.convert(e.loadShared(source.element, count, addressOf(part, k, at)),
                   e.getF32Type());
}

Value TileSide::readAlong(Value part, Value k, Value at, int64_t count) {
  return e.convert(e.loadShared(source.element, count, addressOf(part, at, k)),
                   e.getF32Type());
}

Value TileSide::readTf32(Value part, Value k, Value at) {
  Value address =
      source.alongContraction ? addressOf(part, at, k) : addressOf(part, k, at);
  Value element = e.extractFirst(
      e.convert(e.loadShared(source.element, 1, address), e.getF32Type()));
  if (source.element.isF32())
    return e.toTf32(element);
  return arith::BitcastOp::create(e, e.getI32Type(), element); // is one already
}

/// A lane gives the address of a row of the matrix lane / 8. Of the left-hand
/// side these are (rows 0-7, steps 0-7), (8-15, 0-7), (0-7, 8-15), (8-15,
/// 8-15); of the right-hand side, two fragments of eight columns, the second
/// and the third change places (PTX ISA 8.0, 9.7.13.4.8).
SmallVector<Value> TileSide::readMatrices(Value part, int64_t k, Value at,
                                          Value lane, bool isLhs) {
  Value row = e.rem(lane, 8);
  Value inPair = e.mul(e.rem(e.div(lane, 8), 2), 8);
  Value pair = e.mul(e.div(lane, 16), 8);
  Value tileOffset = isLhs ? inPair : pair, stepOffset = isLhs ? pair : inPair;
  if (source.alongContraction) {
    Value address = addressOf(part, e.add(at, e.add(row, tileOffset)),
                              e.add(stepOffset, k));
    return e.loadMatrices(address, /*transposed=*/false);
  }
  Value address =
      addressOf(part, e.add(e.add(row, stepOffset), k), e.add(at, tileOffset));
  return e.loadMatrices(address, /*transposed=*/true);
}

} // namespace hashc::nvvm
