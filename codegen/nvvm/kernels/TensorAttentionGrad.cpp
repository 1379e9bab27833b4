//===- TensorAttentionGrad.cpp - Its gradient by tensor cores -------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A block walks over the scores of 64 queries, for their gradients, or of 64
// keys, for theirs and their values': 16 rows for each warp, against 32 columns
// at a time. Both walks compute the scores anew, each with the rows that it has
// on the left, so what they add up is in the registers where the next product
// takes it from, and no two blocks add to one sum. Probabilities and the
// gradients of scores are rounded to bf16 there.
//
//===----------------------------------------------------------------------===//

#include "TensorWalk.h"

using namespace hashc::kernels;

namespace {

constexpr int64_t kColumnsAtOnce = kGradColumns;
static_assert(kColumnsAtOnce * parts == threads,
              "a column has a row's threads");

using Scores = Sums[kColumnsAtOnce / kColumns];

/// What a score is made of, beside products: which keys its query sees, the
/// query's lse as a power of two, and its delta. In shared memory, a vector.
struct Known {
  int32_t first, last;
  float lse, delta;

  HASHC_INLINE Known() : first(0), last(0), lse(0), delta(0) {}
  HASHC_INLINE explicit Known(const GradRow &row)
      : first(int32_t(row.range.first)), last(int32_t(row.range.last)),
        lse(row.lse * log2OfE), delta(row.delta) {}
};
using SharedKnown = __attribute__((address_space(3))) Float4;

/// The memory of a block.
struct GradMemory {
  SharedAddress begin;
  int32_t size;

  /// The rows that the sums are of: queries and dy, or keys and values.
  HASHC_INLINE Tile getRows(int32_t number) const {
    return {begin + number * int32_t(kTileRows * getPitch(size)), size};
  }
  /// What they are multiplied with: keys and values, or queries and dy.
  HASHC_INLINE TilePairs getColumns() const {
    return {getRows(2).begin, size, int32_t(kColumnsAtOnce)};
  }
  /// Of each of a pair's queries.
  HASHC_INLINE SharedKnown *getKnown(int32_t pair) const {
    return (SharedKnown *)uint64_t(getColumns().get(2, 0).begin) +
           pair * kColumnsAtOnce;
  }
};

/// Of the warp's rows and the columns of a pair: probabilities, and the
/// gradients of the scores but for the scale. get(half, column) says what is
/// known of the query, getKey(half, column) is the key.
struct ScoreGradients {
  Scores probabilities = {}, gradients = {};

  template <typename Get, typename GetKey>
  HASHC_INLINE ScoreGradients(const GradMemory &memory, int32_t pair,
                              float scale, Get get, GetKey getKey) {
    const TilePairs columns = memory.getColumns();
    multiply(probabilities, memory.getRows(0), columns.get(pair, 0));
    multiply(gradients, memory.getRows(1), columns.get(pair, 1));
    // Both rows of a column, one after the other, use what is known of it.
    forEachScore<kColumnsAtOnce>(
        0, [&](int32_t i, int32_t word, int32_t column) {
          finish(probabilities[i].of[word], gradients[i].of[word], scale,
                 get(0, column), getKey(0, column));
          finish(probabilities[i].of[word + 2], gradients[i].of[word + 2],
                 scale, get(1, column), getKey(1, column));
        });
  }

private:
  static HASHC_INLINE void finish(float &score, float &gradient, float scale,
                                  const Known &known, int32_t key) {
    const bool seen = key >= known.first && key < known.last;
    const float exponent = __builtin_fmaf(score, scale, -known.lse);
    score = approximateExp2(seen ? exponent : minusInfinity);
    gradient = score * (gradient - known.delta);
  }
  static HASHC_INLINE void multiply(Scores &sums, const Tile &rows,
                                    const Tile &columns) {
    const SharedAddress place = rows.placeRows(getWarp() * int32_t(kWarpRows));
    multiplyByRows<kColumnsAtOnce>(sums, columns, [&](int32_t i) {
      return loadFragment(place + i * int32_t(kDepth) * 2);
    });
  }
};

HASHC_INLINE int32_t countSteps(int64_t columns) {
  return int32_t((columns + kColumnsAtOnce - 1) / kColumnsAtOnce);
}

/// Queries first .. first + count - 1 of a head of a window.
template <typename Keys>
HASHC_INLINE void walkOverKeys(const GradMemory &memory, const Layout &layout,
                               const GradHead<bf16> &head, const Keys &keys,
                               int64_t first, int64_t count) {
  const int32_t size = memory.size;
  const int64_t stride = layout.heads * size, keyStride = layout.kvHeads * size;
  memory.getRows(0).copyRows(head.q + first * stride, stride, count, kTileRows,
                             threads);
  memory.getRows(1).copyRows(head.dy + first * stride, stride, count, kTileRows,
                             threads);
  Known known[2];
#pragma unroll
  for (int32_t half = 0; half < 2; ++half)
    known[half] =
        Known(getRow(head, layout, keys, first + getRow(half), first + count));
  const KeyRange all = joinRanges(keys, first, first + count);
  const int64_t begin = all.first / kColumnsAtOnce * kColumnsAtOnce;
  Sums sums[kMaxHead / kColumns] = {};
  walk(
      countSteps(all.last - begin),
      [&](int32_t step, int32_t pair) {
        const int64_t from = begin + step * kColumnsAtOnce;
        memory.getColumns().copyRows(pair, head.k + from * keyStride,
                                     head.v + from * keyStride, keyStride,
                                     all.last - from);
      },
      [] {},
      [&](int32_t step, int32_t pair) {
        const auto from = int32_t(begin + step * kColumnsAtOnce);
        const ScoreGradients scores(
            memory, pair, getExponentScale(layout),
            [&](int32_t half, int32_t) { return known[half]; },
            [&](int32_t, int32_t column) { return from + column; });
        addRows<kColumnsAtOnce>(sums, scores.gradients,
                                memory.getColumns().get(pair, 0));
      });
#pragma unroll
  for (int32_t half = 0; half < 2; ++half)
    if (getRow(half) < count)
      storeRow(head.dq + (first + getRow(half)) * stride, sums, half * 2,
               float(layout.scale), size);
}

/// Keys first .. first + count - 1 of a window, which are those of some heads.
template <typename Keys, typename GetHead>
HASHC_INLINE void walkOverQueries(const GradMemory &memory,
                                  const Layout &layout, const Keys &keys,
                                  GetHead getHead, int64_t first, int64_t count,
                                  bf16 *dk, bf16 *dv) {
  const int32_t size = memory.size;
  const int64_t stride = layout.heads * size, keyStride = layout.kvHeads * size;
  const GradHead<bf16> any = getHead(0);
  memory.getRows(0).copyRows(any.k + first * keyStride, keyStride, count,
                             kTileRows, threads);
  memory.getRows(1).copyRows(any.v + first * keyStride, keyStride, count,
                             kTileRows, threads);
  const QueryRange all =
      findQueries(keys, layout.queries, first, first + count);
  const int32_t stepsOfHead = countSteps(all.last - all.first);
  Sums keySums[kMaxHead / kColumns] = {}, valueSums[kMaxHead / kColumns] = {};
  walk(
      stepsOfHead * int32_t(layout.heads / layout.kvHeads),
      [&](int32_t step, int32_t pair) {
        const GradHead<bf16> head = getHead(step / stepsOfHead);
        const int64_t from = all.first + step % stepsOfHead * kColumnsAtOnce;
        memory.getColumns().copyRows(pair, head.q + from * stride,
                                     head.dy + from * stride, stride,
                                     all.last - from);
        const int64_t column = getThread() / parts;
        const Known known(getRow(head, layout, keys, from + column, all.last));
        if (getThread() % parts == 0)
          memory.getKnown(pair)[column] = __builtin_bit_cast(Float4, known);
      },
      [] {},
      [&](int32_t, int32_t pair) {
        const ScoreGradients scores(
            memory, pair, getExponentScale(layout),
            [&](int32_t, int32_t column) {
              const Float4 known = memory.getKnown(pair)[column];
              return __builtin_bit_cast(Known, known);
            },
            [&](int32_t half, int32_t) {
              return int32_t(first) + getRow(half);
            });
        addRows<kColumnsAtOnce>(keySums, scores.gradients,
                                memory.getColumns().get(pair, 0));
        addRows<kColumnsAtOnce>(valueSums, scores.probabilities,
                                memory.getColumns().get(pair, 1));
      });
#pragma unroll
  for (int32_t half = 0; half < 2; ++half) {
    if (getRow(half) >= count)
      continue;
    const int64_t at = (first + getRow(half)) * keyStride;
    storeRow(dk + at, keySums, half * 2, float(layout.scale), size);
    storeRow(dv + at, valueSums, half * 2, 1, size);
  }
}

/// A task is a walk, for 64 queries or 64 keys: of the CPU's task, which is a
/// head of keys of a window, all queries of its heads come first.
template <typename S, typename Window>
HASHC_INLINE void attentionGrad(int64_t task, const Layout &layout, const S *q,
                                const S *k, const S *v, const S *y,
                                const float *lse, const S *dy, S *dq, S *dk,
                                S *dv, Window getKeys) {
  const GradMemory memory{getLaunchShared(), int32_t(layout.size)};
  const int64_t group = layout.heads / layout.kvHeads;
  const int64_t walks = countWalks(group, layout.queries, layout.keys);
  const int64_t window = task / walks / layout.kvHeads;
  const int64_t kv = task / walks % layout.kvHeads, number = task % walks;
  const int64_t queryTiles = countTiles(layout.queries);
  const GradTask<S> its(window, kv, layout, {q, k, v, y, dy, lse, dq});
  const auto keys = getKeys(window);
  if (number < group * queryTiles) {
    const int64_t first = number % queryTiles * kTileRows;
    walkOverKeys(memory, layout, its.getHead(number / queryTiles), keys, first,
                 smaller(kTileRows, layout.queries - first));
    return;
  }
  const int64_t first = (number - group * queryTiles) * kTileRows;
  walkOverQueries(
      memory, layout, keys, [&](int64_t i) { return its.getHead(i); }, first,
      smaller(kTileRows, layout.keys - first), dk + its.keyAt, dv + its.keyAt);
}

} // namespace

HASHC_ATTENTION_GRAD(tensor, bf16, bf16)
