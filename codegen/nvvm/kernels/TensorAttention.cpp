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

#include "TensorWalk.h"

using namespace hashc::kernels;

namespace {

using Scores = Sums[kTileRows / kColumns];

/// The scores of keys begin .. begin + 63 that a row does not see become -inf.
HASHC_INLINE void mask(Scores &scores, int32_t half, int64_t begin,
                       KeyRange range) {
  if (range.first <= begin && begin + kTileRows <= range.last)
    return;
  const auto first = int32_t(larger(range.first - begin, 0));
  const auto last = int32_t(smaller(range.last - begin, kTileRows));
  forEachScore<kTileRows>(half, [&](int32_t i, int32_t word, int32_t key) {
    if (key < first || key >= last)
      scores[i].of[word] = minusInfinity;
  });
}

/// Turns a row's scores, in units of log(2), into probabilities with respect to
/// the new peak, and returns the factor of what there was before.
HASHC_INLINE float absorb(RunningRow &row, Scores &scores, int32_t half) {
  float most = minusInfinity, added = 0;
  forEachScore<kTileRows>(half, [&](int32_t i, int32_t word, int32_t) {
    const float score = scores[i].of[word];
    most = score > most ? score : most;
  });
  const float before = row.peak, reference = row.raise(largestOfRow(most));
  forEachScore<kTileRows>(half, [&](int32_t i, int32_t word, int32_t) {
    float &score = scores[i].of[word];
    score = approximateExp2(score - reference);
    added += score;
  });
  const float shrink = approximateExp2(before - reference);
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
  const TilePairs tiles{getLaunchShared(), size, int32_t(kTileRows)};
  const KeyRange all = joinRanges(keys, first, first + count);
  const int64_t begin = all.first / kTileRows * kTileRows;
  KeyRange ranges[2];
#pragma unroll
  for (int32_t half = 0; half < 2; ++half)
    ranges[half] = keys(first + smaller(getRow(half), count - 1));

  // Queries come by the memory of keys that are not there yet.
  const Tile queryTile = tiles.get(1, 0);
  queryTile.copyRows(q + first * stride, stride, count, kTileRows, threads);
  Fragment queries[kFragments];
  Sums sums[kMaxHead / kColumns] = {};
  RunningRow rows[2];
  walk(
      int32_t(countTiles(all.last - begin)),
      [&](int32_t step, int32_t pair) {
        const int64_t from = begin + step * kTileRows;
        tiles.copyRows(pair, k + from * keyStride, v + from * keyStride,
                       keyStride, all.last - from);
      },
      [&] {
        const SharedAddress place =
            queryTile.placeRows(getWarp() * int32_t(kWarpRows));
#pragma unroll
        for (int32_t i = 0; i < kFragments; ++i)
          if (i * kDepth < size)
            queries[i] = loadFragment(place + i * int32_t(kDepth) * 2);
      },
      [&](int32_t step, int32_t pair) {
        Scores scores = {};
        multiplyByRows<kTileRows>(scores, tiles.get(pair, 0),
                                  [&](int32_t i) { return queries[i]; });
        const float scale = getExponentScale(layout);
#pragma unroll
        for (Sums &each : scores)
          for (float &score : each.of)
            score *= scale;
#pragma unroll
        for (int32_t half = 0; half < 2; ++half) {
          mask(scores, half, begin + step * kTileRows, ranges[half]);
          const float shrink = absorb(rows[half], scores, half);
#pragma unroll
          for (Sums &each : sums) {
            each.of[half * 2] *= shrink;
            each.of[half * 2 + 1] *= shrink;
          }
        }
        addRows<kTileRows>(sums, scores, tiles.get(pair, 1));
      });
#pragma unroll
  for (int32_t half = 0; half < 2; ++half) {
    RunningRow &row = rows[half];
    row.total = sumOfRow(row.total);
    if (getRow(half) >= count)
      continue;
    const int64_t at = first + getRow(half);
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
