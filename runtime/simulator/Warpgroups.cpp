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

//===----------------------------------------------------------------------===//
// mbarrier and the copy engine
//===----------------------------------------------------------------------===//

HASHC_SIM_FUNCTION(MbarrierInit) {
  at(site).initMbarrier(as<void *>(operands[0]), operands[1]);
}
HASHC_SIM_FUNCTION(MbarrierArrive) {
  results[0] = 0;
  at(site).arrive(as<void *>(operands[0]), 1);
}
HASHC_SIM_FUNCTION(MbarrierArriveExpect) {
  results[0] = 0;
  at(site).expectBytes(as<void *>(operands[0]), operands[1]);
  at(site).arrive(as<void *>(operands[0]), 1);
}
HASHC_SIM_FUNCTION(MbarrierWait) {
  at(site).waitForParity(as<void *>(operands[0]), operands[1] & 1);
}
HASHC_SIM_FUNCTION(CopyArrive) {
  at(site).arriveAfterCopies(as<void *>(operands[0]), /*counted=*/true);
}
HASHC_SIM_FUNCTION(CopyArriveNoinc) {
  at(site).arriveAfterCopies(as<void *>(operands[0]), /*counted=*/false);
}
HASHC_SIM_FUNCTION(FenceProxy) { at(site).fenceProxy(); }

/// Target, barrier, map, x, y, mask of a multicast, cache hint, and whether
/// there are those two.
HASHC_SIM_FUNCTION(CopyBox) {
  Block &block = at(site);
  if (operands[7] & 1)
    block.fail("copies to several blocks, which the simulator does not know");
  block.copyBox(as<char *>(operands[0]), as<void *>(operands[1]),
                *as<const TensorMap *>(operands[2]), as<int32_t>(operands[3]),
                as<int32_t>(operands[4]));
}

/// The same in PTX' order: target, map, x, y, barrier.
HASHC_SIM_FUNCTION(CopyBoxPtx) {
  at(site).copyBox(as<char *>(operands[0]), as<void *>(operands[4]),
                   *as<const TensorMap *>(operands[1]),
                   as<int32_t>(operands[2]), as<int32_t>(operands[3]));
}

//===----------------------------------------------------------------------===//
// wgmma
//===----------------------------------------------------------------------===//

constexpr int kRows = 64, kMaxColumns = 256, kDepth = 16;
/// What a number that is not complete looks like: a NaN with its place.
constexpr uint32_t kPending = 0xffc00000;

namespace {

/// A matrix of bf16 in shared memory, as a descriptor says it: atoms of eight
/// rows of 128 bytes that are swizzled. Rows are those of the other matrix'
/// result; with `transposed` they lie side by side.
struct Operand {
  uint64_t start, leading, stride, mode;
  bool transposed;

  Operand(uint64_t descriptor, bool transposed)
      : start((descriptor & 0x3fff) << 4),
        leading((descriptor >> 16 & 0x3fff) << 4),
        stride((descriptor >> 32 & 0x3fff) << 4), mode(descriptor >> 62),
        transposed(transposed) {}

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
  bool isTransposed(const Slot *operands, int which) const {
    return operands[6 + accumulators + which] & 1;
  }
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
  return as<float>(Slot(bits) << 16);
}

static float getAccumulator(const Thread &lane, Slot slot) {
  const auto bits = static_cast<uint32_t>(slot);
  if ((bits & kPending) == kPending &&
      (bits & ~kPending) < lane.products.size())
    return lane.products[bits & ~kPending].value;
  return as<float>(bits);
}

static void check(Block &block, Thread *const *lanes, const Layout &layout,
                  const Operand &a, const Operand &b) {
  for (int i = 1; i < int(kWarpgroupSize); ++i)
    for (int which : {0, 1})
      if (layout.getDescriptor(lanes[i]->arguments, which) !=
          layout.getDescriptor(lanes[0]->arguments, which))
        block.fail("the descriptors of a product differ from thread to thread");
  if (a.mode != 1 || b.mode != 1)
    block.fail("operands that are not swizzled by 128 bytes, which the "
               "simulator does not know");
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
  const Tick group = block.getAgent(*lanes[0]).clock.now;
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
      if (block.getMode().copies == Copies::eager) {
        lane.results[j] = toSlot(sum);
        continue;
      }
      lane.results[j] = kPending | lane.products.size();
      lane.products.push_back({sum, group});
    }
  }
}

HASHC_SIM_FUNCTION(Multiply) {
  at(site).meetWarpgroup(multiply, operands, results);
}

static void meetWarp(MeetingFunction function, const Slot *operands,
                     Slot *results, const Site *site) {
  at(site).meet(0xffffffff, function, operands, results, /*orders=*/false);
}

HASHC_SIM_FUNCTION(MultiplyFence) {
  meetWarp(
      [](Thread *const *lanes) {
        Block::get().getAgent(*lanes[0]).fenced = true;
      },
      operands, results, site);
}

HASHC_SIM_FUNCTION(MultiplyCommit) {
  meetWarp([](Thread *const *) { Block::get().commitProducts(); }, operands,
           results, site);
}

static void waitForProducts(Thread *const *lanes) {
  Block::get().waitForProducts(lanes, lanes[0]->arguments[0]);
}

HASHC_SIM_FUNCTION(MultiplyWait) {
  meetWarp(waitForProducts, operands, results, site);
}

/// How many groups may go on, how many registers there are, and those: of
/// what is complete they hold the numbers then.
HASHC_SIM_FUNCTION(MultiplyWaitTied) {
  meetWarp(waitForProducts, operands, results, site);
  Block &block = Block::get();
  Thread &self = block.getThread();
  bool pending = false;
  for (Slot i = 0; i < operands[1]; ++i) {
    const Slot slot = operands[2 + i];
    const auto bits = static_cast<uint32_t>(slot);
    results[i] = slot;
    if ((bits & kPending) != kPending ||
        (bits & ~kPending) >= self.products.size())
      continue;
    const Product &product = self.products[bits & ~kPending];
    if (block.isComplete(self, product.group))
      results[i] = toSlot(product.value);
    else
      pending = true;
  }
  if (!pending && operands[0] == 0)
    self.products.clear();
}
