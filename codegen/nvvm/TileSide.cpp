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

/// A line of an atom of wgmma's operands, an atom, and the lines that have it.
constexpr int64_t kAtomLineBytes = 128, kAtomLines = 8;
constexpr int64_t kAtomBytes = kAtomLineBytes * kAtomLines;

TileSide::TileSide(GpuEmitter &e, const SideShape &shape, SideSource from,
                   Value thread)
    : e(e), shape(shape), source(std::move(from)), thread(thread) {
  const bool along = source.alongContraction;
  lines = along ? shape.extent : shape.depth;
  perLine = along ? shape.depth : shape.extent;
  elementBytes = e.bytesOf(source.element);
  const int64_t lineBytes = perLine * elementBytes;
  linesCutIn = shape.swizzled ? lineBytes / kAtomLineBytes : 1;
  pitch = shape.swizzled ? kAtomLineBytes : lineBytes + kPaddingBytes;
  chunks = lineBytes / kCopyBytes;
  rounds = llvm::divideCeil(lines * chunks, shape.threads);
}

int64_t SideShape::getLargestBytes(int64_t elementBytes) const {
  if (swizzled)
    return extent * depth * elementBytes;
  const int64_t along = extent * (depth * elementBytes + kPaddingBytes);
  const int64_t across = depth * (extent * elementBytes + kPaddingBytes);
  return std::max(along, across);
}

void TileSide::prepare() {
  fixed.clear();
  if (!source.alongContraction)
    return;
  for (int64_t round = 0; round < rounds; ++round) {
    Value copy = e.add(thread, round * shape.threads);
    fixed.push_back(source.locate(e.div(copy, chunks)));
  }
}

void TileSide::load(Value to, Value k) {
  const bool along = source.alongContraction;
  for (int64_t round = 0; round < rounds; ++round) {
    Value copy = e.add(thread, round * shape.threads);
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
    if ((round + 1) * shape.threads <= lines * chunks)
      start();
    else
      e.when(e.less(copy, e.constant(lines * chunks)), start);
  }
}

std::pair<int64_t, int64_t> SideShape::getBox(bool alongContraction) const {
  return {alongContraction ? extent : depth, kAtomLineBytes / 2};
}

/// A box for each piece of the lines.
void TileSide::loadBoxes(Value to, Value k, Value mbarrier) {
  const bool along = source.alongContraction;
  const auto [boxLines, boxColumns] = shape.getBox(along);
  Value row = along ? source.boxes->row : e.add(source.boxes->row, k);
  for (int64_t piece = 0; piece < linesCutIn; ++piece) {
    Value x = along ? k : e.add(source.first, piece * boxColumns);
    Value begin = e.constant(piece * boxLines * kAtomLineBytes);
    e.copyBox(e.sharedAddress(to, begin), source.boxes->map, x, row, mbarrier);
  }
}

/// Of a swizzled element the first of its copy.
Value TileSide::addressOf(Value part, Value line, Value element) {
  Value bytes = e.mul(element, elementBytes);
  if (!shape.swizzled)
    return e.sharedAddress(part, e.add(e.mul(line, pitch), bytes));
  Value piece = e.div(bytes, kAtomLineBytes);
  Value chunk = e.div(e.rem(bytes, kAtomLineBytes), kCopyBytes);
  Value place = arith::XOrIOp::create(e, chunk, e.rem(line, kAtomLines));
  Value start = e.mul(e.add(e.mul(piece, lines), line), kAtomLineBytes);
  return e.sharedAddress(part, e.add(start, e.mul(place, kCopyBytes)));
}

/// Of shared memory, by a descriptor.
constexpr int64_t kAddressableBytes = 1 << 18;

/// Bits 0-13 the address, 16-29 from a piece of a line to the next, 32-45 from
/// an atom to the next, each in units of 16 bytes, 62-63 the swizzle (PTX ISA
/// 8.0, 9.7.14.5.1, "Matrix Descriptor Format"). A block is 64 lines along the
/// contraction, and one piece of all lines across.
Value TileSide::describe(Value part, Value block) {
  const int64_t pieceBytes = lines * kAtomLineBytes;
  const int64_t blockBytes =
      source.alongContraction ? 64 * kAtomLineBytes : pieceBytes;
  // Along the contraction a part has one piece, and nothing steps over it.
  const int64_t leading = source.alongContraction ? 1 : pieceBytes / 16;
  const uint64_t rest = uint64_t(leading) << 16 |
                        uint64_t(kAtomBytes / 16) << 32 | uint64_t(1) << 62;
  Value begin = e.sharedAddress(part, e.mul(block, blockBytes));
  Value address = LLVM::PtrToIntOp::create(e, e.getI32Type(), begin);
  Value units =
      e.div(e.rem(arith::ExtUIOp::create(e, e.i64, address), kAddressableBytes),
            kCopyBytes);
  return arith::OrIOp::create(e, units, e.constant(int64_t(rest)));
}

Value TileSide::describeFrom(Value descriptor, int64_t k) {
  const int64_t bytes =
      k * (source.alongContraction ? elementBytes : kAtomLineBytes);
  return e.add(descriptor, bytes / 16);
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
