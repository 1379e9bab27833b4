//===- Warpgroups.cpp - Barriers in memory, the copy engine, tensor cores -===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Layouts as in the PTX ISA, section "Asynchronous Warpgroup Level Matrix
// Instructions".
//
//===----------------------------------------------------------------------===//

#include "runtime/simulator/Instructions.h"

#include <algorithm>

using namespace hashc::sim;

constexpr int kRows = 64, kMaxColumns = 256, kDepth = 16;
/// What a number that is not complete looks like: a signalling NaN with its
/// place, which no arithmetic makes.
constexpr uint32_t kPending = 0xff800000, kPendingMask = 0xffc00000;

namespace {

/// A matrix of bf16 in shared memory, as a descriptor says it: atoms of eight
/// rows of 128 bytes that are swizzled. Rows are those of the other matrix'
/// result; with `transposed` they lie side by side.
struct Operand {
  uint64_t start, leading, stride, rest;
  bool transposed;

  Operand(uint64_t descriptor, bool transposed)
      : start((descriptor & 0x3fff) << 4),
        leading((descriptor >> 16 & 0x3fff) << 4),
        stride((descriptor >> 32 & 0x3fff) << 4), rest(descriptor >> 46),
        transposed(transposed) {}

  /// Swizzled by 128 bytes, and nothing else said.
  bool isKnown() const { return rest == uint64_t(1) << 16; }

  uint64_t getOffset(int row, int k) const {
    const uint64_t offset =
        transposed ? start + row / 64 * leading + row % 64 * 2 +
                         k / 8 * stride + k % 8 * 128
                   : start + row / 8 * stride + row % 8 * 128 + k * 2;
    return offset ^ (offset >> 7 & 7) << 4;
  }
};

/// Where the operands of one instruction lie among its slots.
struct Layout {
  int columns, accumulators;
  explicit Layout(const Slot *operands)
      : columns(static_cast<int>(operands[0])), accumulators(columns / 2) {}
  Slot getDescriptor(const Slot *operands, int which) const {
    return operands[1 + accumulators + which];
  }
  bool isAccumulating(const Slot *operands) const {
    return operands[3 + accumulators] & 1;
  }
  bool isPositive(const Slot *operands) const {
    return operands[4 + accumulators] == 1 && operands[5 + accumulators] == 1;
  }
  bool isTransposed(const Slot *operands, int which) const {
    return operands[6 + accumulators + which] & 1;
  }
  int getCount() const { return 8 + accumulators; }
};

} // namespace

/// Tells memory what is read, eight elements at a time.
static void beginRead(Block &block, Thread &lane, const Operand &operand,
                      int firstRow, int rows) {
  const int rowStep = operand.transposed ? 8 : 1;
  const int depthStep = operand.transposed ? 1 : 8;
  for (int row = firstRow; row < firstRow + rows; row += rowStep)
    for (int k = 0; k < kDepth; k += depthStep)
      block.beginRead(lane, block.getShared() + operand.getOffset(row, k), 16);
}

static float getElement(const char *shared, const Operand &operand, int row,
                        int k) {
  uint16_t bits;
  std::memcpy(&bits, shared + operand.getOffset(row, k), sizeof(bits));
  return fromBf16(bits);
}

static Slot makePending(Block &block, Thread &lane, float value) {
  const Tick group = block.getAgent(lane).clock.now;
  lane.products.push_back({value, group});
  if (lane.products.size() > ~kPendingMask)
    block.fail("more products than the simulator can tell apart");
  return kPending | lane.products.size();
}

/// The product that the number stands for, or null.
static const Product *findPending(const Thread &lane, Slot slot) {
  const auto bits = static_cast<uint32_t>(slot);
  const uint32_t place = bits & ~kPendingMask;
  if ((bits & kPendingMask) != kPending || place == 0 ||
      place > lane.products.size())
    return nullptr;
  return &lane.products[place - 1];
}

static float getAccumulator(const Thread &lane, Slot slot) {
  const Product *product = findPending(lane, slot);
  return product ? product->value : as<float>(slot);
}

/// All threads ask for one product, of a kind that is known here.
static void check(Block &block, Thread *const *lanes, const Layout &layout,
                  const Operand &a, const Operand &b) {
  const Slot *first = lanes[0]->arguments;
  for (int i = 1; i < int(kWarpgroupSize); ++i) {
    const Slot *other = lanes[i]->arguments;
    if (other[0] != first[0] ||
        !std::equal(first + 1 + layout.accumulators, first + layout.getCount(),
                    other + 1 + layout.accumulators))
      block.fail("threads of a warpgroup ask for different products");
  }
  if (layout.columns % 8 != 0 || layout.columns < 8 ||
      layout.columns > kMaxColumns)
    block.fail("a product of " + std::to_string(layout.columns) +
               " columns; they are a multiple of 8, up to 256");
  if (!layout.isPositive(first))
    block.fail("a product with a negative sign, which the simulator does not "
               "know");
  if (!a.isKnown() || !b.isKnown())
    block.fail("operands that are not swizzled by 128 bytes, or have a base "
               "offset, which the simulator does not know");
  for (int warp = 0; warp < 4; ++warp)
    if (!block.getAgent(*lanes[warp * kWarpSize]).fenced)
      block.fail("a product with no wgmma.fence since its registers were free");
}

/// Columns of 64 x N lie over lanes in eights, two for each lane.
static void multiply(Thread *const *lanes) {
  Block &block = Block::get();
  const Slot *operands = lanes[0]->arguments;
  const Layout layout(operands);
  const Operand a(layout.getDescriptor(operands, 0),
                  layout.isTransposed(operands, 0));
  const Operand b(layout.getDescriptor(operands, 1),
                  layout.isTransposed(operands, 1));
  check(block, lanes, layout, a, b);
  for (int warp = 0; warp < 4; ++warp) {
    Thread &lane = *lanes[warp * kWarpSize];
    beginRead(block, lane, a, warp * 16, 16);
    beginRead(block, lane, b, 0, layout.columns);
  }
  static thread_local float left[kRows][kDepth], right[kDepth][kMaxColumns];
  const char *shared = block.getShared();
  for (int k = 0; k < kDepth; ++k) {
    for (int row = 0; row < kRows; ++row)
      left[row][k] = getElement(shared, a, row, k);
    for (int column = 0; column < layout.columns; ++column)
      right[k][column] = getElement(shared, b, column, k);
  }
  for (int i = 0; i < int(kWarpgroupSize); ++i) {
    Thread &lane = *lanes[i];
    const int firstRow = i / 32 * 16 + i % 32 / 4, firstColumn = i % 4 * 2;
    for (int j = 0; j < layout.accumulators; ++j) {
      const int row = firstRow + j / 2 % 2 * 8;
      const int column = j / 4 * 8 + firstColumn + j % 2;
      float sum = layout.isAccumulating(operands)
                      ? getAccumulator(lane, lane.arguments[1 + j])
                      : 0.0f;
      for (int k = 0; k < kDepth; ++k)
        sum += left[row][k] * right[k][column];
      lane.results[j] = block.getMode().copies == Copies::eager
                            ? toSlot(sum)
                            : makePending(block, lane, sum);
    }
  }
}

HASHC_SIM_FUNCTION(Multiply) {
  at(site).meetWarpgroup(multiply, operands, results);
}

static void fenceRegisters(Thread *const *lanes) {
  Block::get().getAgent(*lanes[0]).fenced = true;
}

HASHC_SIM_FUNCTION(MultiplyFence) {
  meetLanes(fenceRegisters, operands, results, site);
}

/// How many registers there are, and those, which stay as they are.
HASHC_SIM_FUNCTION(MultiplyFenceTied) {
  meetLanes(fenceRegisters, operands, results, site);
  std::copy_n(operands + 1, operands[0], results);
}

HASHC_SIM_FUNCTION(MultiplyCommit) {
  meetLanes([](Thread *const *) { Block::get().commitProducts(); }, operands,
            results, site);
}

static void waitForProducts(Thread *const *lanes) {
  Block::get().waitForProducts(lanes, lanes[0]->arguments[0]);
}

HASHC_SIM_FUNCTION(MultiplyWait) {
  meetLanes(waitForProducts, operands, results, site);
}

/// How many groups may go on, how many registers there are, and those: of
/// what is complete they hold the numbers then.
HASHC_SIM_FUNCTION(MultiplyWaitTied) {
  meetLanes(waitForProducts, operands, results, site);
  const Block &block = Block::get();
  const Thread &self = Block::get().getThread();
  for (Slot i = 0; i < operands[1]; ++i) {
    const Product *product = findPending(self, operands[2 + i]);
    results[i] = product && block.isComplete(self, product->group)
                     ? toSlot(product->value)
                     : operands[2 + i];
  }
}
