//===- Basics.cpp - Places, memory, barriers, copies and arithmetic -------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/simulator/Instructions.h"

#include "runtime/support/Error.h"

#include <cmath>
#include <limits>

using namespace hashc;
using namespace hashc::sim;

//===----------------------------------------------------------------------===//
// Where a thread is
//===----------------------------------------------------------------------===//

static const Launch &getLaunch(const Site *site) {
  at(site);
  return Cluster::get().getLaunch();
}

HASHC_SIM_FUNCTION(ThreadX) { results[0] = at(site).getThread().id.x; }
HASHC_SIM_FUNCTION(ThreadY) { results[0] = at(site).getThread().id.y; }
HASHC_SIM_FUNCTION(ThreadZ) { results[0] = at(site).getThread().id.z; }
HASHC_SIM_FUNCTION(BlockSizeX) { results[0] = getLaunch(site).block.x; }
HASHC_SIM_FUNCTION(BlockSizeY) { results[0] = getLaunch(site).block.y; }
HASHC_SIM_FUNCTION(BlockSizeZ) { results[0] = getLaunch(site).block.z; }
HASHC_SIM_FUNCTION(BlockX) { results[0] = at(site).getId().x; }
HASHC_SIM_FUNCTION(BlockY) { results[0] = at(site).getId().y; }
HASHC_SIM_FUNCTION(BlockZ) { results[0] = at(site).getId().z; }
HASHC_SIM_FUNCTION(GridSizeX) { results[0] = getLaunch(site).grid.x; }
HASHC_SIM_FUNCTION(GridSizeY) { results[0] = getLaunch(site).grid.y; }
HASHC_SIM_FUNCTION(GridSizeZ) { results[0] = getLaunch(site).grid.z; }
HASHC_SIM_FUNCTION(Lane) {
  results[0] = at(site).getThread().index % kWarpSize;
}

//===----------------------------------------------------------------------===//
// Memory. The instruction itself follows when these return.
//===----------------------------------------------------------------------===//

#define HASHC_SIM_TOUCH(name, touched)                                         \
  extern "C" void hash_sim_##name(const void *address, uint64_t bytes,         \
                                  uint32_t alignment, uint32_t own,            \
                                  const Site *site) {                          \
    at(site).touch(address, bytes, alignment, Touch::touched, own != 0);       \
  }
#include "runtime/simulator/Instructions.def"

extern "C" char *hash_sim_shared() { return Block::get().getShared(); }

//===----------------------------------------------------------------------===//
// Barriers of a block
//===----------------------------------------------------------------------===//

HASHC_SIM_FUNCTION(BarrierAll) {
  Block &block = at(site);
  block.synchronize(operands[0], block.getThreads().size(), /*waits=*/true);
}

/// Barriers with a number of threads are for whole warps.
static void synchronize(const Slot *operands, const Site *site, bool waits) {
  Block &block = at(site);
  if (operands[1] % kWarpSize != 0)
    block.fail("a barrier for " + std::to_string(operands[1]) +
               " threads, which are no whole warps");
  block.synchronize(operands[0], operands[1], waits);
}

HASHC_SIM_FUNCTION(BarrierCount) {
  synchronize(operands, site, /*waits=*/true);
}
HASHC_SIM_FUNCTION(BarrierArrive) {
  synchronize(operands, site, /*waits=*/false);
}
HASHC_SIM_FUNCTION(Nothing) { at(site); }
HASHC_SIM_FUNCTION(Trap) { at(site).fail("traps"); }
HASHC_SIM_FUNCTION(BadIndex) {
  at(site).fail(
      runtime::describeBadIndex(operands[0], operands[1], operands[2]));
}

//===----------------------------------------------------------------------===//
// Asynchronous copies: target, source and, for a part, the source's bytes
//===----------------------------------------------------------------------===//

static void copy(const Slot *operands, uint32_t bytes, uint32_t sourceBytes,
                 const Site *site) {
  Block &block = at(site);
  if (sourceBytes > bytes)
    block.fail("copies " + std::to_string(sourceBytes) + " bytes to " +
               std::to_string(bytes));
  block.beginCopy({as<char *>(operands[0]), as<const char *>(operands[1]),
                   bytes, sourceBytes});
}

HASHC_SIM_FUNCTION(Copy4) { copy(operands, 4, 4, site); }
HASHC_SIM_FUNCTION(Copy8) { copy(operands, 8, 8, site); }
HASHC_SIM_FUNCTION(Copy16) { copy(operands, 16, 16, site); }
HASHC_SIM_FUNCTION(CopyPart4) { copy(operands, 4, operands[2], site); }
HASHC_SIM_FUNCTION(CopyPart8) { copy(operands, 8, operands[2], site); }
HASHC_SIM_FUNCTION(CopyPart16) { copy(operands, 16, operands[2], site); }
HASHC_SIM_FUNCTION(CopyCommit) { at(site).commitCopies(); }
HASHC_SIM_FUNCTION(CopyWait) { at(site).waitForCopies(operands[0]); }
HASHC_SIM_FUNCTION(CopyWaitAll) {
  at(site).commitCopies();
  at(site).waitForCopies(0);
}

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

template <typename Function>
static void compute(const Slot *operands, Slot *results, Function function) {
  results[0] = toSlot<float>(function(as<float>(operands[0])));
}

HASHC_SIM_FUNCTION(Exp2) {
  compute(operands, results, [](float x) { return std::exp2(x); });
}
HASHC_SIM_FUNCTION(Exp2Flushed) {
  compute(operands, results, [](float x) {
    const float y = std::exp2(x);
    return y < std::numeric_limits<float>::min() ? 0.0f : y;
  });
}
HASHC_SIM_FUNCTION(Log2) {
  compute(operands, results, [](float x) { return std::log2(x); });
}
HASHC_SIM_FUNCTION(Reciprocal) {
  compute(operands, results, [](float x) { return 1.0f / x; });
}
HASHC_SIM_FUNCTION(ReciprocalRoot) {
  compute(operands, results, [](float x) { return 1.0f / std::sqrt(x); });
}
HASHC_SIM_FUNCTION(Tanh) {
  compute(operands, results, [](float x) { return std::tanh(x); });
}
HASHC_SIM_FUNCTION(NarrowPair) {
  results[0] = Slot(toBf16(operands[0])) << 16 | toBf16(operands[1]);
}
