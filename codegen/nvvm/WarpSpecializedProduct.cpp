//===- WarpSpecializedProduct.cpp - One warpgroup copies, two multiply ----===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The parts of the contraction go round through a ring of stages. A stage has
// two barriers in shared memory: `full` ends a phase when the copiers have
// filled it, `empty` when both others have multiplied it. Rows are gathered, so
// threads copy them; a right-hand side that is a matrix comes by the copy
// engine, which one thread asks for it.
//
//===----------------------------------------------------------------------===//

#include "codegen/nvvm/TileProduct.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace hashc::nvvm {

constexpr int64_t kWarp = 32, kWarpgroup = 128, kMultipliers = 2;
constexpr int64_t kMultiplierThreads = kMultipliers * kWarpgroup;
constexpr int64_t kRows = 64; // of a warpgroup's product
constexpr int64_t kDepth = 16;
constexpr int64_t kElementBytes = 2, kSumBytes = 4, kMbarrierBytes = 8;
/// Groups of copies that a copier leaves on their way.
constexpr int64_t kCopiesAhead = 2;
/// Of sums, when they are exchanged.
constexpr int64_t kLanes = 4;
/// After a row of sums, so that four rows of pairs lie in different banks.
constexpr int64_t kSumPadding = 8;
/// Barrier 0 is that of the whole block.
constexpr int64_t kMultipliersBarrier = 1;

static SideShape getShape(const TileConfig &config, int64_t extent) {
  return {extent, config.depth, kWarpgroup, /*swizzled=*/true};
}

static int64_t getLhsBytes(const TileConfig &config) {
  return getShape(config, config.rows).getLargestBytes(kElementBytes);
}

static int64_t getStageBytes(const TileConfig &config) {
  return getLhsBytes(config) +
         getShape(config, config.columns).getLargestBytes(kElementBytes);
}

/// Bytes from a row of sums to the next, and of all of a tile's.
static int64_t getSumPitch(const TileConfig &config) {
  return (config.columns + kSumPadding) * kSumBytes;
}
static int64_t getSumsBytes(const TileConfig &config) {
  return config.rows * getSumPitch(config);
}

/// Sums take the place of the stages.
static int64_t getMbarriersOffset(const TileConfig &config, size_t sums) {
  return std::max(config.stages * getStageBytes(config),
                  int64_t(sums) * getSumsBytes(config));
}

int64_t getWarpSpecializedSharedBytes(const TileConfig &config, size_t sums) {
  return getMbarriersOffset(config, sums) + 2 * config.stages * kMbarrierBytes;
}

namespace {

class WarpSpecializedProduct : public TileProduct {
public:
  WarpSpecializedProduct(GpuEmitter &e, const TileConfig &config)
      : e(e), config(config), thread(e.thread()),
        memory(e.sharedMemoryOfLaunch()) {}

  int64_t getLanes() const override { return kLanes; }
  void emit(ArrayRef<Term> terms, Value rows, SumsVisitor visit) override;

private:
  using Sums = SmallVector<SmallVector<Value>>; // of each, a thread's

  void initMbarriers(ArrayRef<Term> terms);
  void copy(ArrayRef<Term> terms);
  void copyTerm(const Term &term, Value begin);
  void finishStage(Value part);
  void multiply(ArrayRef<Term> terms);
  SmallVector<Value> multiplyTerm(const Term &term, ValueRange sums,
                                  Value begin);
  SmallVector<Value> multiplyPart(TileSide &lhs, TileSide &rhs, ValueRange sums,
                                  Value stage);
  void release(Value stage);
  void storeSums(const Sums &sums);
  void visitSums(size_t count, Value rows, SumsVisitor visit);

  TileSide getLhs(const Term &term) {
    return {e, getShape(config, config.rows), term.lhs, thread};
  }
  TileSide getRhs(const Term &term) {
    return {e, getShape(config, config.columns), term.rhs, thread};
  }
  Value countParts(const Term &term) {
    return e.ceilDiv(term.contraction, config.depth);
  }

  /// Of parts numbered from the first term on.
  Value stageOf(Value part) { return e.rem(part, config.stages); }
  Value roundOf(Value part) { return e.rem(e.div(part, config.stages), 2); }
  Value lhsPart(Value stage) {
    return e.sharedAddress(memory, e.mul(stage, getStageBytes(config)));
  }
  Value rhsPart(Value stage) {
    return e.sharedAddress(lhsPart(stage), e.constant(getLhsBytes(config)));
  }
  Value full(Value stage) { return mbarrier(stage); }
  Value empty(Value stage) { return mbarrier(e.add(stage, config.stages)); }
  Value mbarrier(Value i) {
    return e.sharedAddress(mbarriers, e.mul(i, kMbarrierBytes));
  }
  /// The number among the warpgroups that multiply.
  Value multiplier() { return e.sub(e.div(thread, kWarpgroup), e.constant(1)); }
  Value isFirstOfWarp() { return e.equal(e.rem(thread, kWarp), e.constant(0)); }
  Value sumAddress(size_t i, Value row, Value column) {
    Value offset =
        e.add(e.mul(row, getSumPitch(config)), e.mul(column, kSumBytes));
    return e.sharedAddress(memory,
                           e.add(offset, int64_t(i) * getSumsBytes(config)));
  }

  GpuEmitter &e;
  TileConfig config;
  Value thread, memory, mbarriers;
};

} // namespace

void WarpSpecializedProduct::emit(ArrayRef<Term> terms, Value rows,
                                  SumsVisitor visit) {
  const size_t sums = countSums(terms);
  mbarriers =
      e.sharedAddress(memory, e.constant(getMbarriersOffset(config, sums)));
  initMbarriers(terms);
  e.when(
      e.less(thread, e.constant(kWarpgroup)), [&] { copy(terms); },
      [&] { multiply(terms); });
  e.barrier();
  visitSums(sums, rows, visit);
}

/// Where the copy engine brings boxes, the thread that asks for them arrives
/// once more.
void WarpSpecializedProduct::initMbarriers(ArrayRef<Term> terms) {
  const bool hasBoxes = terms.front().rhs.boxes.has_value();
  e.when(e.equal(thread, e.constant(0)), [&] {
    for (int64_t stage = 0; stage < config.stages; ++stage) {
      e.initMbarrier(full(e.constant(stage)), kWarpgroup + (hasBoxes ? 1 : 0));
      e.initMbarrier(empty(e.constant(stage)), kMultiplierThreads / kWarp);
    }
    if (hasBoxes)
      e.fenceMbarriers();
  });
  e.barrier();
}

//===----------------------------------------------------------------------===//
// The warpgroup that copies
//===----------------------------------------------------------------------===//

void WarpSpecializedProduct::copy(ArrayRef<Term> terms) {
  Value end = e.constant(0);
  for (const Term &term : terms) {
    copyTerm(term, end);
    end = e.add(end, countParts(term));
  }
  for (int64_t left = kCopiesAhead; left > 0; --left) {
    e.waitForCopies(left - 1);
    e.when(e.less(e.constant(left - 1), end),
           [&] { finishStage(e.sub(end, e.constant(left))); });
  }
}

/// A stage is free once the part after the one in it is being multiplied. Of
/// the last stage that is a phase of its own, before any part was in it: the
/// other two begin by releasing it. All other stages are free at first, since
/// the phase before the first one is over.
void WarpSpecializedProduct::copyTerm(const Term &term, Value begin) {
  TileSide lhs = getLhs(term), rhs = getRhs(term);
  lhs.prepare();
  if (!term.rhs.boxes)
    rhs.prepare();
  e.loop(e.constant(0), countParts(term), 1, [&](Value i) {
    Value part = e.add(begin, i), stage = stageOf(part);
    Value round = roundOf(e.add(part, 1));
    e.waitForPhase(empty(stage), e.sub(e.constant(1), round));
    Value k = e.mul(i, config.depth);
    if (term.rhs.boxes)
      e.when(e.equal(thread, e.constant(0)), [&] {
        e.arriveExpecting(full(stage), rhs.getBytes());
        rhs.loadBoxes(rhsPart(stage), k, full(stage));
      });
    else
      rhs.load(rhsPart(stage), k);
    lhs.load(lhsPart(stage), k);
    e.commitCopies();
    e.waitForCopies(kCopiesAhead);
    e.when(e.less(e.constant(kCopiesAhead - 1), part),
           [&] { finishStage(e.sub(part, e.constant(kCopiesAhead))); });
  });
}

/// The thread's copies of the part are there.
void WarpSpecializedProduct::finishStage(Value part) {
  e.fenceForAsyncReads();
  e.arrive(full(stageOf(part)));
}

//===----------------------------------------------------------------------===//
// The warpgroups that multiply
//===----------------------------------------------------------------------===//

void WarpSpecializedProduct::multiply(ArrayRef<Term> terms) {
  const int64_t perThread = kRows * config.columns / kWarpgroup;
  Value zero = e.zero(e.getF32Type());
  Sums sums(countSums(terms), SmallVector<Value>(perThread, zero));
  Value begin = e.constant(0);
  for (const Term &term : terms) {
    sums[term.into] = multiplyTerm(term, sums[term.into], begin);
    begin = e.add(begin, countParts(term));
  }
  // Nobody reads a stage any more.
  e.barrier(kMultipliersBarrier, kMultiplierThreads);
  storeSums(sums);
}

/// While a part is multiplied, the one before it is released, even where there
/// is none: with a condition for the first one LLVM would peel it off, and
/// ptxas could not let products run on from there to the loop.
SmallVector<Value> WarpSpecializedProduct::multiplyTerm(const Term &term,
                                                        ValueRange sums,
                                                        Value begin) {
  TileSide lhs = getLhs(term), rhs = getRhs(term);
  auto loop = scf::ForOp::create(e, e.constant(0), countParts(term),
                                 e.constant(1), sums);
  {
    OpBuilder::InsertionGuard guard(e);
    e.setInsertionPointToStart(loop.getBody());
    Value i = loop.getInductionVar();
    Value part = e.add(begin, i), stage = stageOf(part);
    e.waitForPhase(full(stage), roundOf(part));
    SmallVector<Value> next =
        multiplyPart(lhs, rhs, loop.getRegionIterArgs(), stage);
    next = e.waitForProducts(next, /*pending=*/1);
    release(stageOf(e.add(part, config.stages - 1)));
    scf::YieldOp::create(e, next);
  }
  return e.waitForProducts(loop.getResults(), /*pending=*/0);
}

SmallVector<Value> WarpSpecializedProduct::multiplyPart(TileSide &lhs,
                                                        TileSide &rhs,
                                                        ValueRange sums,
                                                        Value stage) {
  Value left = lhs.describe(lhsPart(stage), multiplier());
  Value right = rhs.describe(rhsPart(stage), e.constant(0));
  SmallVector<Value> next = e.fenceSums(sums);
  for (int64_t k = 0; k < config.depth; k += kDepth)
    next = e.multiplyAsync(
        next, lhs.describeFrom(left, k), rhs.describeFrom(right, k),
        !lhs.isAlongContraction(), !rhs.isAlongContraction());
  e.commitProducts();
  return next;
}

void WarpSpecializedProduct::release(Value stage) {
  e.when(isFirstOfWarp(), [&] { e.arrive(empty(stage)); });
}

//===----------------------------------------------------------------------===//
// The sums
//===----------------------------------------------------------------------===//

/// Of eight columns, a thread has two of row lane / 4 of its warp's sixteen,
/// then the two that are eight rows below (PTX ISA 8.0, 9.7.14.5.1, "Register
/// Fragments").
void WarpSpecializedProduct::storeSums(const Sums &sums) {
  Value inGroup = e.rem(thread, kWarpgroup), lane = e.rem(thread, kWarp);
  Value row = e.add(e.mul(multiplier(), kRows),
                    e.add(e.mul(e.div(inGroup, kWarp), 16), e.div(lane, 4)));
  Value column = e.mul(e.rem(lane, 4), 2);
  auto pair = VectorType::get({2}, e.getF32Type());
  for (size_t which = 0; which < sums.size(); ++which)
    for (size_t i = 0; i < sums[which].size(); i += 2) {
      Value two = vector::FromElementsOp::create(
          e, pair, ValueRange{sums[which][i], sums[which][i + 1]});
      e.storeShared(two, sumAddress(which, e.add(row, int64_t(i / 2 % 2 * 8)),
                                    e.add(column, int64_t(i / 4 * 8))));
    }
}

/// Whole rows by neighbouring threads.
void WarpSpecializedProduct::visitSums(size_t count, Value rows,
                                       SumsVisitor visit) {
  const int64_t inRow = config.columns / kLanes;
  e.loop(thread, e.mul(rows, inRow), config.threads, [&](Value i) {
    Value row = e.div(i, inRow), column = e.mul(e.rem(i, inRow), kLanes);
    SmallVector<Value> sums;
    for (size_t which = 0; which < count; ++which)
      sums.push_back(
          e.loadShared(e.getF32Type(), kLanes, sumAddress(which, row, column)));
    visit(row, column, sums);
  });
}

std::unique_ptr<TileProduct>
createWarpSpecializedProduct(GpuEmitter &e, const TileConfig &config) {
  return std::make_unique<WarpSpecializedProduct>(e, config);
}

} // namespace hashc::nvvm
