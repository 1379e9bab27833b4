//===- Warps.cpp - What the lanes of a warp do together -------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Fragments of matrices are laid out over the lanes as in the PTX ISA, section
// "Warp Level Matrix Multiply-Accumulate Instructions".
//
//===----------------------------------------------------------------------===//

#include "runtime/simulator/Instructions.h"

using namespace hashc::sim;

HASHC_SIM_FUNCTION(WarpBarrier) {
  at(site).meet(
      operands[0], [](Thread *const *) {}, operands, results, /*orders=*/true);
}

//===----------------------------------------------------------------------===//
// Shuffles: mask, value, distance or lane, and the clamp
//===----------------------------------------------------------------------===//

/// What a lane's operands say: the lanes of its segment, and the nearest lane
/// that it may not read.
struct Reach {
  uint32_t lane, by, segment, limit;
  explicit Reach(uint32_t lane, const Slot *operands)
      : lane(lane), by(operands[2] & 31), segment(operands[3] >> 8 & 31),
        limit((lane & segment) | (operands[3] & 31 & ~segment)) {}
};

/// Each lane gets the value of lane from(reach), or its own if there is none.
template <typename From> static void shuffle(Thread *const *lanes, From from) {
  for (uint32_t lane = 0; lane < kWarpSize; ++lane) {
    Thread *self = lanes[lane];
    if (!self)
      continue;
    const int64_t source = from(Reach(lane, self->arguments));
    const Thread *giver = source < 0 ? self : lanes[source];
    if (!giver)
      Block::get().fail("lane " + std::to_string(lane) + " takes what lane " +
                        std::to_string(source) + " has, which takes no part");
    self->results[0] = giver->arguments[1] & 0xffffffff;
  }
}

static void shuffleXor(Thread *const *lanes) {
  shuffle(lanes, [](Reach reach) -> int64_t {
    const int64_t source = reach.lane ^ reach.by;
    return source <= reach.limit ? source : -1;
  });
}

static void shuffleDown(Thread *const *lanes) {
  shuffle(lanes, [](Reach reach) -> int64_t {
    const int64_t source = reach.lane + reach.by;
    return source <= reach.limit ? source : -1;
  });
}

static void shuffleUp(Thread *const *lanes) {
  shuffle(lanes, [](Reach reach) -> int64_t {
    const int64_t source = int64_t(reach.lane) - reach.by;
    return source >= reach.limit ? source : -1;
  });
}

static void shuffleIndex(Thread *const *lanes) {
  shuffle(lanes, [](Reach reach) -> int64_t {
    const int64_t source =
        (reach.lane & reach.segment) | (reach.by & ~reach.segment);
    return source <= reach.limit ? source : -1;
  });
}

HASHC_SIM_FUNCTION(ShuffleXor) {
  meetLanes(shuffleXor, operands, results, site, operands[0]);
}
HASHC_SIM_FUNCTION(ShuffleDown) {
  meetLanes(shuffleDown, operands, results, site, operands[0]);
}
HASHC_SIM_FUNCTION(ShuffleUp) {
  meetLanes(shuffleUp, operands, results, site, operands[0]);
}
HASHC_SIM_FUNCTION(ShuffleIndex) {
  meetLanes(shuffleIndex, operands, results, site, operands[0]);
}

//===----------------------------------------------------------------------===//
// Votes: mask, predicate
//===----------------------------------------------------------------------===//

static uint32_t getVotes(Thread *const *lanes) {
  uint32_t votes = 0;
  for (uint32_t lane = 0; lane < kWarpSize; ++lane)
    if (lanes[lane] && (lanes[lane]->arguments[1] & 1))
      votes |= 1u << lane;
  return votes;
}

template <typename Decide>
static void vote(Thread *const *lanes, Decide decide) {
  const Slot result = decide(getVotes(lanes));
  for (uint32_t lane = 0; lane < kWarpSize; ++lane)
    if (lanes[lane])
      lanes[lane]->results[0] = result;
}

static void voteAll(Thread *const *lanes) {
  uint32_t mask = 0;
  for (uint32_t lane = 0; lane < kWarpSize; ++lane)
    if (lanes[lane])
      mask |= 1u << lane;
  vote(lanes, [mask](uint32_t votes) { return votes == mask; });
}

static void voteAny(Thread *const *lanes) {
  vote(lanes, [](uint32_t votes) { return votes != 0; });
}

static void ballot(Thread *const *lanes) {
  vote(lanes, [](uint32_t votes) { return votes; });
}

HASHC_SIM_FUNCTION(VoteAll) {
  meetLanes(voteAll, operands, results, site, operands[0]);
}
HASHC_SIM_FUNCTION(VoteAny) {
  meetLanes(voteAny, operands, results, site, operands[0]);
}
HASHC_SIM_FUNCTION(Ballot) {
  meetLanes(ballot, operands, results, site, operands[0]);
}

//===----------------------------------------------------------------------===//
// ldmatrix: lane 8 i + r has the address of row r of matrix i
//===----------------------------------------------------------------------===//

template <int count, bool transposed>
static void loadMatrix(Thread *const *lanes) {
  auto element = [&](int matrix, int row, int column) {
    return as<const uint16_t *>(lanes[matrix * 8 + row]->arguments[0])[column];
  };
  for (int lane = 0; lane < int(kWarpSize); ++lane)
    for (int i = 0; i < count; ++i) {
      const int row = lane / 4, column = lane % 4 * 2;
      const uint32_t low =
          transposed ? element(i, column, row) : element(i, row, column);
      const uint32_t high = transposed ? element(i, column + 1, row)
                                       : element(i, row, column + 1);
      lanes[lane]->results[i] = low | high << 16;
    }
}

template <int count, bool transposed>
static void loadMatrix(const Slot *operands, Slot *results, const Site *site) {
  Block &block = at(site);
  if (block.getThread().index % kWarpSize < count * 8)
    block.touch(as<const void *>(operands[0]), 16, 16, Touch::read);
  block.meet(kAllLanes, loadMatrix<count, transposed>, operands, results,
             /*orders=*/false);
}

HASHC_SIM_FUNCTION(LoadMatrix1) {
  loadMatrix<1, false>(operands, results, site);
}
HASHC_SIM_FUNCTION(LoadMatrix2) {
  loadMatrix<2, false>(operands, results, site);
}
HASHC_SIM_FUNCTION(LoadMatrix4) {
  loadMatrix<4, false>(operands, results, site);
}
HASHC_SIM_FUNCTION(LoadTransposed1) {
  loadMatrix<1, true>(operands, results, site);
}
HASHC_SIM_FUNCTION(LoadTransposed2) {
  loadMatrix<2, true>(operands, results, site);
}
HASHC_SIM_FUNCTION(LoadTransposed4) {
  loadMatrix<4, true>(operands, results, site);
}

//===----------------------------------------------------------------------===//
// mma: the fragments of A, of B, of C
//===----------------------------------------------------------------------===//

/// D = A B + C of 16 x depth and depth x 8, in order of k.
template <int depth>
static void multiply(Thread *const *lanes, int firstC, const float (&a)[16][16],
                     const float (&b)[16][8]) {
  for (int lane = 0; lane < int(kWarpSize); ++lane)
    for (int i = 0; i < 4; ++i) {
      const int row = lane / 4 + i / 2 * 8, column = lane % 4 * 2 + i % 2;
      float sum = as<float>(lanes[lane]->arguments[firstC + i]);
      for (int k = 0; k < depth; ++k)
        sum += a[row][k] * b[k][column];
      lanes[lane]->results[i] = toSlot(sum);
    }
}

static void multiplyBf16(Thread *const *lanes) {
  float a[16][16], b[16][8];
  for (int lane = 0; lane < int(kWarpSize); ++lane) {
    const Slot *arguments = lanes[lane]->arguments;
    const int group = lane / 4, pair = lane % 4 * 2;
    for (int i = 0; i < 4; ++i)
      for (int half = 0; half < 2; ++half)
        a[group + i % 2 * 8][pair + i / 2 * 8 + half] =
            fromBf16(arguments[i] >> 16 * half);
    for (int i = 0; i < 2; ++i)
      for (int half = 0; half < 2; ++half)
        b[pair + i * 8 + half][group] = fromBf16(arguments[4 + i] >> 16 * half);
  }
  multiply<16>(lanes, 6, a, b);
}

static void multiplyTf32(Thread *const *lanes) {
  float a[16][16], b[16][8];
  for (int lane = 0; lane < int(kWarpSize); ++lane) {
    const Slot *arguments = lanes[lane]->arguments;
    const int group = lane / 4, column = lane % 4;
    for (int i = 0; i < 4; ++i)
      a[group + i % 2 * 8][column + i / 2 * 4] = fromTf32(arguments[i]);
    for (int i = 0; i < 2; ++i)
      b[column + i * 4][group] = fromTf32(arguments[4 + i]);
  }
  multiply<8>(lanes, 6, a, b);
}

HASHC_SIM_FUNCTION(MultiplyBf16) {
  meetLanes(multiplyBf16, operands, results, site, kAllLanes);
}
HASHC_SIM_FUNCTION(MultiplyTf32) {
  meetLanes(multiplyTf32, operands, results, site, kAllLanes);
}
