//===- MultistageProduct.cpp - All threads copy ahead, and multiply -------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/nvvm/TileProduct.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace hashc::nvvm {

/// Sums of a vector. A thread has eight of them.
constexpr int64_t kQuad = 4;

// Without tensor cores, 16 by 8 threads: four rows and two quads of columns
// each. With them, two by two warps of 32 by 32 sums: two by four tiles.
constexpr int64_t kThreadColumns = 8, kThreadRows = 16;
constexpr int64_t kRowsOfThread = 4, kQuadsOfThread = 2;
constexpr int64_t kWarp = 32, kWarpTile = 32, kWarpColumns = 2;
constexpr int64_t kMmaRows = 16, kMmaColumns = 8, kMmaDepth = 16;
constexpr int64_t kMmaRowTiles = kWarpTile / kMmaRows;
constexpr int64_t kMmaColumnTiles = kWarpTile / kMmaColumns;

static bool usesMma(const TileConfig &config) {
  return config.product != TileConfig::Product::fma;
}

namespace {

/// The sums of a tile that a thread holds: vectors of consecutive columns.
struct Fragment {
  Value row, column; // in the tile, of the first element
  Value sums;
};

/// Sums of a tile, spread over the threads of a block, which all do the same.
class MultistageProduct : public TileProduct {
public:
  MultistageProduct(GpuEmitter &e, const TileConfig &config)
      : e(e), config(config), thread(e.thread()),
        memory(e.sharedMemory(getSharedBytes(config))),
        type(VectorType::get({kQuad}, e.getF32Type())) {}

  int64_t getLanes() const override {
    return usesMma(config) ? kQuad / 2 : kQuad;
  }
  void emit(ArrayRef<Term> terms, Value rows, SumsVisitor visit) override;

private:
  static int64_t getSharedBytes(const TileConfig &config);
  SideShape getShape(int64_t extent) const {
    return {extent, config.depth, config.threads, /*swizzled=*/false};
  }

  /// Zeros: what a product starts from.
  SmallVector<Value> makeSums();
  /// sums + lhs * rhs, part by part, each copied to shared memory while the
  /// ones before it are computed. All threads are past their last read when it
  /// ends.
  SmallVector<Value> add(ValueRange sums, const Term &term);
  void addPart(SmallVector<Value> &sums, TileSide &lhs, TileSide &rhs,
               Value lhsPart, Value rhsPart);
  void addFma(SmallVector<Value> &sums, TileSide &lhs, TileSide &rhs,
              Value lhsPart, Value rhsPart);
  void addMma8(SmallVector<Value> &sums, TileSide &lhs, TileSide &rhs,
               Value lhsPart, Value rhsPart);
  void addMma16(SmallVector<Value> &sums, TileSide &lhs, TileSide &rhs,
                Value lhsPart, Value rhsPart);
  SmallVector<Value> readLhs(TileSide &lhs, Value part, Value k);
  SmallVector<Value> readRhs(TileSide &rhs, Value part, Value k, int64_t quad);
  Value warpRow();
  Value warpColumn();
  Value rowOf(int64_t i, bool lhsAlong);
  Value columnOf(int64_t quad);
  /// The sums by place.
  SmallVector<Fragment> getFragments(ValueRange sums, bool lhsAlong);

  GpuEmitter &e;
  TileConfig config;
  Value thread, memory;
  VectorType type; // of four sums
};

} // namespace

void MultistageProduct::emit(ArrayRef<Term> terms, Value /*rows*/,
                             SumsVisitor visit) {
  SmallVector<SmallVector<Value>> sums(countSums(terms), makeSums());
  for (const Term &term : terms)
    sums[term.into] = add(sums[term.into], term);
  SmallVector<SmallVector<Fragment>> fragments;
  for (const SmallVector<Value> &each : sums)
    fragments.push_back(getFragments(each, terms.front().lhs.alongContraction));
  for (size_t i = 0; i < fragments.front().size(); ++i) {
    SmallVector<Value> values;
    for (const SmallVector<Fragment> &each : fragments)
      values.push_back(each[i].sums);
    visit(fragments.front()[i].row, fragments.front()[i].column, values);
  }
}

SmallVector<Value> MultistageProduct::makeSums() {
  return SmallVector<Value>(
      config.rows * config.columns / config.threads / kQuad, e.zero(type));
}

/// Of parts that are copied ahead, whatever the sides.
int64_t MultistageProduct::getSharedBytes(const TileConfig &config) {
  const int64_t bytes = config.product == TileConfig::Product::mma16 ? 2 : 4;
  auto getLargest = [&](int64_t extent) {
    return SideShape{extent, config.depth, config.threads, false}
        .getLargestBytes(bytes);
  };
  return config.stages * (getLargest(config.rows) + getLargest(config.columns));
}

SmallVector<Value> MultistageProduct::add(ValueRange sums, const Term &term) {
  TileSide lhs(e, getShape(config.rows), term.lhs, thread);
  TileSide rhs(e, getShape(config.columns), term.rhs, thread);
  const int64_t stageBytes = lhs.getBytes() + rhs.getBytes();
  auto lhsPart = [&](Value stage) {
    return e.sharedAddress(memory, e.mul(stage, stageBytes));
  };
  auto rhsPart = [&](Value stage) {
    return e.sharedAddress(memory,
                           e.add(e.mul(stage, stageBytes), lhs.getBytes()));
  };
  lhs.prepare();
  rhs.prepare();
  Value parts = e.ceilDiv(term.contraction, config.depth);
  // Every part has a group of copies, empty past the end, so that a part is
  // there when all but the last groups are done.
  auto load = [&](Value part) {
    e.when(e.less(part, parts), [&] {
      Value stage = e.rem(part, config.stages);
      Value k = e.mul(part, config.depth);
      lhs.load(lhsPart(stage), k);
      rhs.load(rhsPart(stage), k);
    });
    e.commitCopies();
  };
  const int64_t ahead = config.stages - 1;
  for (int64_t part = 0; part < ahead; ++part)
    load(e.constant(part));
  auto loop = scf::ForOp::create(e, e.constant(0), parts, e.constant(1), sums);
  {
    OpBuilder::InsertionGuard guard(e);
    e.setInsertionPointToStart(loop.getBody());
    Value part = loop.getInductionVar();
    e.waitForCopies(ahead - 1);
    // Everybody's copies are there, and nobody reads the part before this one
    // any more, whose memory is filled next.
    e.barrier();
    load(e.add(part, ahead));
    Value stage = e.rem(part, config.stages);
    SmallVector<Value> next(loop.getRegionIterArgs());
    addPart(next, lhs, rhs, lhsPart(stage), rhsPart(stage));
    scf::YieldOp::create(e, next);
  }
  e.waitForCopies(0);
  e.barrier();
  return SmallVector<Value>(loop.getResults());
}

void MultistageProduct::addPart(SmallVector<Value> &sums, TileSide &lhs,
                                TileSide &rhs, Value lhsPart, Value rhsPart) {
  switch (config.product) {
  case TileConfig::Product::fma:
    return addFma(sums, lhs, rhs, lhsPart, rhsPart);
  case TileConfig::Product::mma8:
    return addMma8(sums, lhs, rhs, lhsPart, rhsPart);
  case TileConfig::Product::mma16:
    return addMma16(sums, lhs, rhs, lhsPart, rhsPart);
  case TileConfig::Product::wgmma:
    llvm_unreachable("of a warpgroup, not of each warp");
  }
}

//===----------------------------------------------------------------------===//
// Each thread its sums
//===----------------------------------------------------------------------===//

/// Row i of a thread: neighbours, where they are read as a vector, and else far
/// apart, so that the threads of a warp read different banks.
Value MultistageProduct::rowOf(int64_t i, bool lhsAlong) {
  Value row = e.div(thread, kThreadColumns);
  return lhsAlong ? e.add(row, i * kThreadRows)
                  : e.add(e.mul(row, kRowsOfThread), i);
}

Value MultistageProduct::columnOf(int64_t quad) {
  Value column = e.mul(e.rem(thread, kThreadColumns), kQuad);
  return e.add(column, quad * kThreadColumns * kQuad);
}

/// Of the thread's rows, a vector each for four steps: [step][row].
SmallVector<Value> MultistageProduct::readLhs(TileSide &lhs, Value part,
                                              Value k) {
  SmallVector<Value> scalars(kQuad * kRowsOfThread);
  auto take = [&](Value vector, int64_t i) {
    return vector::ExtractOp::create(e, vector, ArrayRef<int64_t>{i});
  };
  for (int64_t i = 0; i < kQuad; ++i) {
    if (lhs.isAlongContraction()) {
      Value steps = lhs.readAlong(part, k, rowOf(i, true), kQuad);
      for (int64_t step = 0; step < kQuad; ++step)
        scalars[step * kRowsOfThread + i] = take(steps, step);
      continue;
    }
    Value rows = lhs.readAcross(part, e.add(k, i), rowOf(0, false), kQuad);
    for (int64_t row = 0; row < kRowsOfThread; ++row)
      scalars[i * kRowsOfThread + row] = take(rows, row);
  }
  return scalars;
}

void MultistageProduct::addFma(SmallVector<Value> &sums, TileSide &lhs,
                               TileSide &rhs, Value lhsPart, Value rhsPart) {
  static_assert(kQuad == kRowsOfThread, "blocks of four by four");
  auto loop = scf::ForOp::create(e, e.constant(0), e.constant(config.depth),
                                 e.constant(kQuad), sums);
  OpBuilder::InsertionGuard guard(e);
  e.setInsertionPointToStart(loop.getBody());
  Value k = loop.getInductionVar();
  SmallVector<Value> next(loop.getRegionIterArgs());
  SmallVector<Value> left = readLhs(lhs, lhsPart, k);
  for (int64_t quad = 0; quad < kQuadsOfThread; ++quad) {
    SmallVector<Value> right = readRhs(rhs, rhsPart, k, quad);
    for (int64_t step = 0; step < kQuad; ++step)
      for (int64_t i = 0; i < kRowsOfThread; ++i) {
        Value &sum = next[i * kQuadsOfThread + quad];
        Value scalar = e.splat(left[step * kRowsOfThread + i], type);
        sum = LLVM::FMAOp::create(e, scalar, right[step], sum);
      }
  }
  scf::YieldOp::create(e, next);
  llvm::copy(loop.getResults(), sums.begin());
}

/// A quad of columns, for four steps.
SmallVector<Value> MultistageProduct::readRhs(TileSide &rhs, Value part,
                                              Value k, int64_t quad) {
  SmallVector<Value> steps;
  if (!rhs.isAlongContraction()) {
    for (int64_t step = 0; step < kQuad; ++step)
      steps.push_back(
          rhs.readAcross(part, e.add(k, step), columnOf(quad), kQuad));
    return steps;
  }
  SmallVector<Value> columns;
  for (int64_t i = 0; i < kQuad; ++i)
    columns.push_back(rhs.readAlong(part, k, e.add(columnOf(quad), i), kQuad));
  for (int64_t step = 0; step < kQuad; ++step) {
    SmallVector<Value> elements;
    for (Value column : columns)
      elements.push_back(
          vector::ExtractOp::create(e, column, ArrayRef<int64_t>{step}));
    steps.push_back(vector::FromElementsOp::create(e, type, elements));
  }
  return steps;
}

//===----------------------------------------------------------------------===//
// Tensor cores
//===----------------------------------------------------------------------===//

/// Lane 4 g + t has of the left-hand side (rows g and g + 8, step t), then step
/// t + 4; of the right-hand side (step t, column g), then step t + 4 (PTX ISA
/// 8.0, 9.7.13.4.6).
void MultistageProduct::addMma8(SmallVector<Value> &sums, TileSide &lhs,
                                TileSide &rhs, Value lhsPart, Value rhsPart) {
  Value lane = e.rem(thread, kWarp);
  Value g = e.div(lane, 4), t = e.rem(lane, 4);
  for (int64_t k = 0; k < config.depth; k += kMmaDepth / 2) {
    SmallVector<SmallVector<Value>> left, right;
    for (int64_t i = 0; i < kMmaRowTiles; ++i) {
      Value row = e.add(e.add(warpRow(), g), i * kMmaRows);
      SmallVector<Value> &four = left.emplace_back();
      for (int64_t step : {0, 4})
        for (int64_t below : {0, 8})
          four.push_back(
              lhs.readTf32(lhsPart, e.add(t, k + step), e.add(row, below)));
    }
    for (int64_t j = 0; j < kMmaColumnTiles; ++j) {
      Value column = e.add(e.add(warpColumn(), g), j * kMmaColumns);
      SmallVector<Value> &two = right.emplace_back();
      for (int64_t step : {0, 4})
        two.push_back(rhs.readTf32(rhsPart, e.add(t, k + step), column));
    }
    for (int64_t i = 0; i < kMmaRowTiles; ++i)
      for (int64_t j = 0; j < kMmaColumnTiles; ++j) {
        Value &sum = sums[i * kMmaColumnTiles + j];
        sum = e.multiplyTf32(left[i], right[j], sum);
      }
  }
}

void MultistageProduct::addMma16(SmallVector<Value> &sums, TileSide &lhs,
                                 TileSide &rhs, Value lhsPart, Value rhsPart) {
  Value lane = e.rem(thread, kWarp);
  for (int64_t k = 0; k < config.depth; k += kMmaDepth) {
    SmallVector<SmallVector<Value>> left, right;
    for (int64_t i = 0; i < kMmaRowTiles; ++i)
      left.push_back(lhs.readMatrices(
          lhsPart, k, e.add(warpRow(), i * kMmaRows), lane, /*isLhs=*/true));
    for (int64_t j = 0; j < kMmaColumnTiles; j += 2)
      right.push_back(rhs.readMatrices(rhsPart, k,
                                       e.add(warpColumn(), j * kMmaColumns),
                                       lane, /*isLhs=*/false));
    for (int64_t i = 0; i < kMmaRowTiles; ++i)
      for (int64_t j = 0; j < kMmaColumnTiles; ++j) {
        Value &sum = sums[i * kMmaColumnTiles + j];
        auto two = ArrayRef(right[j / 2]).slice(j % 2 * 2, 2);
        sum = e.multiply(left[i], two, sum);
      }
  }
}

Value MultistageProduct::warpRow() {
  return e.mul(e.div(e.div(thread, kWarp), kWarpColumns), kWarpTile);
}

Value MultistageProduct::warpColumn() {
  return e.mul(e.rem(e.div(thread, kWarp), kWarpColumns), kWarpTile);
}

//===----------------------------------------------------------------------===//
// Where the sums are
//===----------------------------------------------------------------------===//

SmallVector<Fragment> MultistageProduct::getFragments(ValueRange sums,
                                                      bool lhsAlong) {
  SmallVector<Fragment> fragments;
  if (!usesMma(config)) {
    for (int64_t i = 0; i < kRowsOfThread; ++i)
      for (int64_t quad = 0; quad < kQuadsOfThread; ++quad)
        fragments.push_back({rowOf(i, lhsAlong), columnOf(quad),
                             sums[i * kQuadsOfThread + quad]});
    return fragments;
  }
  // Sums 0 and 1 are of row lane / 4, sums 2 and 3 of the row eight below.
  Value lane = e.rem(thread, kWarp);
  Value row = e.add(warpRow(), e.div(lane, 4));
  Value column = e.add(warpColumn(), e.mul(e.rem(lane, 4), 2));
  for (int64_t i = 0; i < kMmaRowTiles; ++i)
    for (int64_t j = 0; j < kMmaColumnTiles; ++j)
      for (int64_t half = 0; half < 2; ++half)
        fragments.push_back(
            {e.add(row, i * kMmaRows + half * 8),
             e.add(column, j * kMmaColumns),
             e.takeLanes(sums[i * kMmaColumnTiles + j], half * 2, 2)});
  return fragments;
}

std::unique_ptr<TileProduct> createMultistageProduct(GpuEmitter &e,
                                                     const TileConfig &config) {
  return std::make_unique<MultistageProduct>(e, config);
}

} // namespace hashc::nvvm
