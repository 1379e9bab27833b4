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
#include <cmath>
#include <utility>

using namespace hashc::sim;

constexpr int kRows = 64, kMaxColumns = 256, kDepthBytes = 32, kMaxDepth = 32;
/// What a number that is not complete looks like: a signalling NaN with its
/// place, which no arithmetic makes.
constexpr uint32_t kPending = 0xff800000, kPendingMask = 0xffc00000;

namespace {

/// A matrix in shared memory, as a descriptor says it: atoms of eight lines, of
/// the bytes that are swizzled or, with no swizzle, of 16. A line has elements
/// of one row or, `transposed`, of one k. Rows are those of the other matrix'
/// result.
struct Operand {
  uint64_t start, leading, stride, rest, lineBytes;
  uint32_t swizzled;
  int elementBytes;
  bool transposed;

  Operand(uint64_t descriptor, int elementBytes, bool transposed)
      : start(getField(descriptor, 0)), leading(getField(descriptor, 16)),
        stride(getField(descriptor, 32)), rest(descriptor >> 46 & 0xffff),
        swizzled(getSwizzle(descriptor >> 62)), elementBytes(elementBytes),
        transposed(transposed) {
    lineBytes = swizzled == 0 ? Box::kUnit : swizzled;
    // Atoms that no swizzle joins to wider ones are told apart the other way.
    if (swizzled == 0 && transposed)
      std::swap(leading, stride);
  }

  /// Nothing else is said.
  bool isKnown() const { return rest == 0; }
  /// Elements of 16 bytes, which always lie side by side.
  int getUnit() const { return Box::kUnit / elementBytes; }

  uint64_t getOffset(int row, int k) const {
    const uint64_t across = transposed ? row : k, along = transposed ? k : row;
    const uint64_t inLine = across * elementBytes;
    return swizzle(start + inLine / lineBytes * leading + inLine % lineBytes +
                       along / 8 * stride + along % 8 * lineBytes,
                   swizzled);
  }

private:
  static uint64_t getField(uint64_t descriptor, int bit) {
    return (descriptor >> bit & 0x3fff) << 4;
  }
  static uint32_t getSwizzle(uint64_t mode) {
    return mode == 0 ? 0 : 256u >> mode;
  }
};

/// Where the operands of one instruction lie among its slots: the last two are
/// there only for what may be transposed.
struct Layout {
  int columns, accumulators;
  bool mayTranspose;
  Layout(const Slot *operands, bool mayTranspose)
      : columns(static_cast<int>(operands[0])), accumulators(columns / 2),
        mayTranspose(mayTranspose) {}
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
    return mayTranspose && (operands[6 + accumulators + which] & 1);
  }
  int getCount() const { return (mayTranspose ? 8 : 6) + accumulators; }
};

/// A number with a sign, an exponent and a mantissa, that is finite.
template <int exponentBits, int mantissaBits> float decode(uint32_t bits) {
  constexpr uint32_t hidden = 1 << mantissaBits;
  constexpr int bias = (1 << (exponentBits - 1)) - 1;
  const int exponent = bits >> mantissaBits & ((1 << exponentBits) - 1);
  const uint32_t mantissa = bits & (hidden - 1);
  const bool isNegative = bits >> (exponentBits + mantissaBits);
  const float size =
      std::ldexp(float(exponent == 0 ? mantissa : mantissa | hidden),
                 std::max(exponent, 1) - bias - mantissaBits);
  return isNegative ? -size : size;
}

/// What the factors of a product are.
struct Bf16 {
  using Bits = uint16_t;
  static float widen(Bits bits) { return fromBf16(bits); }
};
struct F16 {
  using Bits = uint16_t;
  static float widen(Bits bits) { return decode<5, 10>(bits); }
};
struct Tf32 {
  using Bits = uint32_t;
  static float widen(Bits bits) { return fromTf32(bits); }
};
struct E4m3 {
  using Bits = uint8_t;
  static float widen(Bits bits) {
    return (bits & 0x7f) == 0x7f ? NAN : decode<4, 3>(bits);
  }
};

} // namespace

/// Tells memory what is read, 16 bytes at a time.
static void beginRead(Block &block, Thread &lane, const Operand &operand,
                      int firstRow, int rows) {
  const int unit = operand.getUnit(),
            depth = kDepthBytes / operand.elementBytes;
  const int rowStep = operand.transposed ? unit : 1;
  const int depthStep = operand.transposed ? 1 : unit;
  for (int row = firstRow; row < firstRow + rows; row += rowStep)
    for (int k = 0; k < depth; k += depthStep)
      block.beginRead(lane, block.getShared() + operand.getOffset(row, k),
                      Box::kUnit);
}

template <typename Factor>
static float getElement(const char *shared, const Operand &operand, int row,
                        int k) {
  typename Factor::Bits bits;
  std::memcpy(&bits, shared + operand.getOffset(row, k), sizeof(bits));
  return Factor::widen(bits);
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
    block.fail("operands with a base offset, which the simulator does not "
               "know");
  for (int warp = 0; warp < 4; ++warp)
    if (!block.getAgent(*lanes[warp * kWarpSize]).fenced)
      block.fail("a product with no wgmma.fence since its registers were free");
}

/// Columns of 64 x N lie over lanes in eights, two for each lane.
template <typename Factor> static void multiply(Thread *const *lanes) {
  Block &block = Block::get();
  const Slot *operands = lanes[0]->arguments;
  constexpr int bytes = sizeof(typename Factor::Bits);
  constexpr int depth = kDepthBytes / bytes;
  const Layout layout(operands, /*mayTranspose=*/bytes == 2);
  const Operand a(layout.getDescriptor(operands, 0), bytes,
                  layout.isTransposed(operands, 0));
  const Operand b(layout.getDescriptor(operands, 1), bytes,
                  layout.isTransposed(operands, 1));
  check(block, lanes, layout, a, b);
  for (int warp = 0; warp < 4; ++warp) {
    Thread &lane = *lanes[warp * kWarpSize];
    beginRead(block, lane, a, warp * 16, 16);
    beginRead(block, lane, b, 0, layout.columns);
  }
  static thread_local float left[kRows][kMaxDepth],
      right[kMaxDepth][kMaxColumns];
  const char *shared = block.getShared();
  for (int k = 0; k < depth; ++k) {
    for (int row = 0; row < kRows; ++row)
      left[row][k] = getElement<Factor>(shared, a, row, k);
    for (int column = 0; column < layout.columns; ++column)
      right[k][column] = getElement<Factor>(shared, b, column, k);
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
      for (int k = 0; k < depth; ++k)
        sum += left[row][k] * right[k][column];
      lane.results[j] = block.getMode().copies == Copies::eager
                            ? toSlot(sum)
                            : makePending(block, lane, sum);
    }
  }
}

HASHC_SIM_FUNCTION(GroupMultiplyBf16) {
  at(site).meetWarpgroup(multiply<Bf16>, operands, results);
}
HASHC_SIM_FUNCTION(GroupMultiplyF16) {
  at(site).meetWarpgroup(multiply<F16>, operands, results);
}
HASHC_SIM_FUNCTION(GroupMultiplyTf32) {
  at(site).meetWarpgroup(multiply<Tf32>, operands, results);
}
HASHC_SIM_FUNCTION(GroupMultiplyE4m3) {
  at(site).meetWarpgroup(multiply<E4m3>, operands, results);
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
