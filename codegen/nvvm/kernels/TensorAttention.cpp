//===- TensorAttention.cpp - Attention by tensor cores --------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// BlockAttention.cpp for heads of bf16: 64 queries against 64 keys at a time,
// 16 queries for each warp, sums in f32. Probabilities are rounded to bf16 and
// stay in the registers where they were summed up, which is where the product
// with the values takes them from (FlashAttention-2, Dao 2023).
//
//===----------------------------------------------------------------------===//

#include "AttentionRows.h"
#include "TensorCores.h"

using namespace hashc::kernels;

namespace {

constexpr float log2OfE = 1.4426950408889634f, logOf2 = 0.6931471805599453f;

HASHC_INLINE float exp2(float x) { return __nvvm_ex2_approx_ftz_f(x); }

/// Two tiles side by side, of keys and of values, and two such pairs: one is
/// filled while the other one is read.
struct TilePairs {
  SharedAddress begin;
  int32_t size;

  HASHC_INLINE Tile get(int32_t pair, int32_t number) const {
    return {begin + (pair * 2 + number) * int32_t(kTileRows * getPitch(size)),
            size};
  }
  HASHC_INLINE void copyRows(int32_t pair, const bf16 *first,
                             const bf16 *second, int64_t stride,
                             int64_t count) const {
    get(pair, 0).copyRows(first, stride, count, kTileRows, threads);
    get(pair, 1).copyRows(second, stride, count, kTileRows, threads);
  }
};

using Scores = Sums[kTileRows / kColumns];

/// The lane's two rows: half 0 has words 0 and 1 of all sums, half 1 the
/// others.
HASHC_INLINE int32_t getRow(int32_t half) {
  return getWarp() * int32_t(kWarpRows) + half * 8 + getLane() / 4;
}

/// For each of a lane's scores in one of its rows, and its key.
template <typename Visit>
HASHC_INLINE void forEachScore(Scores &scores, int32_t half, Visit visit) {
  const int32_t column = getLane() % 4 * 2;
#pragma unroll
  for (int32_t i = 0; i < kTileRows / kColumns; ++i)
#pragma unroll
    for (int32_t j = 0; j < 2; ++j)
      visit(scores[i].of[half * 2 + j], i * int32_t(kColumns) + column + j);
}

/// The scores of keys begin .. begin + 63 that a row does not see become -inf.
HASHC_INLINE void mask(Scores &scores, int32_t half, int64_t begin,
                       KeyRange range) {
  if (range.first <= begin && begin + kTileRows <= range.last)
    return;
  const auto first = int32_t(larger(range.first - begin, 0));
  const auto last = int32_t(smaller(range.last - begin, kTileRows));
  forEachScore(scores, half, [&](float &score, int32_t key) {
    score = key >= first && key < last ? score : minusInfinity;
  });
}

/// Turns a row's scores, in units of log(2), into probabilities with respect to
/// the new peak, and returns the factor of what there was before.
HASHC_INLINE float absorb(RunningRow &row, Scores &scores, int32_t half) {
  float most = minusInfinity, added = 0;
  forEachScore(scores, half, [&](float &score, int32_t) {
    most = score > most ? score : most;
  });
  const float before = row.peak, reference = row.raise(largestOfRow(most));
  forEachScore(scores, half, [&](float &score, int32_t) {
    score = exp2(score - reference);
    added += score;
  });
  const float shrink = exp2(before - reference);
  row.total = row.total * shrink + added;
  return shrink;
}

/// Queries first .. first + count - 1 of a head of a window.
template <typename Keys>
HASHC_INLINE void attend(const Layout &layout, const bf16 *q, const bf16 *k,
                         const bf16 *v, const Keys &keys, bf16 *y, float *lse,
                         int64_t first, int64_t count) {
  const auto size = int32_t(layout.size);
  const int64_t stride = layout.heads * size, keyStride = layout.kvHeads * size;
  const TilePairs tiles{
      SharedAddress(reinterpret_cast<uint64_t>(hash_launch_shared)), size};
  const KeyRange all = joinRanges(keys, first, first + count);
  KeyRange ranges[2];
  for (int32_t half = 0; half < 2; ++half)
    ranges[half] = keys(first + smaller(getRow(half), count - 1));
  auto load = [&](int64_t begin, int32_t pair) {
    tiles.copyRows(pair, k + begin * keyStride, v + begin * keyStride,
                   keyStride, all.last - begin);
  };

  // Queries come by the memory of keys that are not there yet.
  int64_t begin = all.first / kTileRows * kTileRows;
  const Tile queryTile = tiles.get(1, 0);
  queryTile.copyRows(q + first * stride, stride, count, kTileRows, threads);
  load(begin, 0);
  synchronizeCopies();
  Fragment queries[kFragments];
  const SharedAddress place =
      queryTile.placeRows(getWarp() * int32_t(kWarpRows));
#pragma unroll
  for (int32_t i = 0; i < kFragments; ++i)
    if (i * kDepth < size)
      queries[i] = loadFragment(place + i * kDepth * 2);

  const auto scale = float(layout.scale * double(log2OfE));
  Sums sums[kMaxHead / kColumns] = {};
  RunningRow rows[2];
  for (int32_t pair = 0; begin < all.last; begin += kTileRows, pair ^= 1) {
    // This pair is there, and nobody reads the other one any more.
    synchronizeCopies();
    if (begin + kTileRows < all.last)
      load(begin + kTileRows, pair ^ 1);
    Scores scores = {};
    multiplyByRows<kTileRows>(scores, tiles.get(pair, 0),
                              [&](int32_t i) { return queries[i]; });
#pragma unroll
    for (int32_t half = 0; half < 2; ++half) {
      forEachScore(scores, half,
                   [&](float &score, int32_t) { score *= scale; });
      mask(scores, half, begin, ranges[half]);
      const float shrink = absorb(rows[half], scores, half);
#pragma unroll
      for (Sums &each : sums) {
        each.of[half * 2] *= shrink;
        each.of[half * 2 + 1] *= shrink;
      }
    }
    addRows<kTileRows>(sums, scores, tiles.get(pair, 1));
  }
#pragma unroll
  for (int32_t half = 0; half < 2; ++half) {
    RunningRow &row = rows[half];
    row.total = sumOfRow(row.total);
    const int64_t at = first + getRow(half);
    if (getRow(half) >= count)
      continue;
    storeRow(y + at * stride, sums, half * 2, row.getFactor(), size);
    if (getLane() % 4 == 0)
      lse[at * layout.heads] = row.getLogarithm(logOf2);
  }
}

template <typename S, typename Window>
HASHC_INLINE void attention(int64_t task, const Layout &layout, const S *q,
                            const S *k, const S *v, S *y, float *lse,
                            Window getKeys) {
  const QueryTask its(task, layout);
  attend(layout, q + its.at, k + its.keyAt, v + its.keyAt, getKeys(its.window),
         y + its.at, lse + its.lseAt, its.begin, its.end - its.begin);
}

} // namespace

HASHC_ATTENTION(tensor, bf16, bf16)
