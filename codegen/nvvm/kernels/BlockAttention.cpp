//===- BlockAttention.cpp - Attention by a block of threads ---------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// The work of a task of codegen/cpu/kernels/Attention.h, and its arguments, for
// all threads of a block: 32 queries against 32 keys at a time, with a running
// softmax (FlashAttention-2, Dao 2023). The gradient walks twice over the
// scores, first for the queries and then for the keys, so that each sum stays
// where it is and no two threads add to one.
//
//===----------------------------------------------------------------------===//

#include "AttentionRows.h"

using namespace hashc::kernels;

namespace {

constexpr int64_t rowsAtOnce = 32, keysAtOnce = 32;
/// The threads of a row have every fourth key, and every fourth vector of
/// features.
static_assert(parts == threads / rowsAtOnce);
constexpr int64_t keysOfPart = keysAtOnce / parts;
/// Vectors between rows of a tile: rows lie in different banks.
template <int64_t maxSize> constexpr int64_t pitch = maxSize / 4 + 1;
template <int64_t maxSize>
constexpr int64_t vectorsOfPart = maxSize / 4 / parts;
using SharedVector = __attribute__((address_space(3))) Float4;
using SharedFloat = __attribute__((address_space(3))) float;

/// Copies `count` rows of `size` features to a tile; rows past them are zeros.
template <int64_t maxSize, typename S>
HASHC_INLINE void loadTile(SharedVector *tile, const S *from, int64_t stride,
                           int64_t count, int64_t size) {
  const int64_t vectors = size / 4;
  for (int64_t i = getThread(); i < rowsAtOnce * vectors; i += threads) {
    int64_t row = i / vectors, at = i % vectors;
    tile[row * pitch<maxSize> + at] =
        row < count ? load(from + row * stride + at * 4) : Float4{};
  }
}

/// The products of a row of one tile with every fourth row of another, from
/// `part` on.
template <int64_t maxSize>
HASHC_INLINE void multiplyRows(float *products, const SharedVector *row,
                               const SharedVector *tile, int64_t part,
                               int64_t size) {
  Float4 sums[keysOfPart] = {};
  for (int64_t i = 0; i < size / 4; ++i) {
    Float4 x = row[i];
    for (int64_t j = 0; j < keysOfPart; ++j)
      sums[j] =
          fma<float>(x, tile[(part + j * parts) * pitch<maxSize> + i], sums[j]);
  }
  for (int64_t j = 0; j < keysOfPart; ++j)
    products[j] = addUp(sums[j]);
}

/// sums += factor(i) * row i of the tile, in the features of `part`.
template <int64_t maxSize, typename Factor>
HASHC_INLINE void addRows(Float4 *sums, const SharedVector *tile, int64_t part,
                          int64_t size, Factor factor) {
  for (int64_t i = 0; i < rowsAtOnce; ++i) {
    Float4 x = splat<float>(factor(i));
    for (int64_t j = 0; j < vectorsOfPart<maxSize>; ++j)
      if ((part + j * parts) * 4 < size)
        sums[j] =
            fma<float>(x, tile[i * pitch<maxSize> + part + j * parts], sums[j]);
  }
}

/// Writes a thread's features of a row.
template <int64_t maxSize, typename S>
HASHC_INLINE void storeRow(S *to, const Float4 *sums, float factor,
                           int64_t part, int64_t size) {
  for (int64_t j = 0; j < vectorsOfPart<maxSize>; ++j)
    if ((part + j * parts) * 4 < size)
      store(to + (part + j * parts) * 4, sums[j] * factor);
}

constexpr int64_t scoresPitch = keysAtOnce + 1;

/// Queries first .. first + count - 1 of a head of a window.
template <typename S, typename Keys>
HASHC_INLINE void attend(const Layout &layout, const S *q, const S *k,
                         const S *v, const Keys &keys, S *y, float *lse,
                         int64_t first, int64_t count) {
  constexpr int64_t maxSize = 128;
  HASHC_SHARED Float4 queryTile[rowsAtOnce * pitch<maxSize>];
  HASHC_SHARED Float4 keyTile[keysAtOnce * pitch<maxSize>];
  HASHC_SHARED float probabilities[rowsAtOnce * scoresPitch];
  const int64_t size = layout.size;
  const int64_t stride = layout.heads * size, keyStride = layout.kvHeads * size;
  const int64_t row = getThread() / parts, part = getThread() % parts;
  const bool exists = row < count;
  const KeyRange own = keys(first + (exists ? row : 0));
  const KeyRange all = joinRanges(keys, first, first + count);
  SharedFloat *ownProbabilities = probabilities + row * scoresPitch;
  Float4 sums[vectorsOfPart<maxSize>] = {};
  RunningRow running;
  loadTile<maxSize>(queryTile, q + first * stride, stride, count, size);
  for (int64_t begin = all.first / keysAtOnce * keysAtOnce; begin < all.last;
       begin += keysAtOnce) {
    const int64_t keyCount = smaller(keysAtOnce, all.last - begin);
    loadTile<maxSize>(keyTile, k + begin * keyStride, keyStride, keyCount,
                      size);
    synchronize();
    float scores[keysOfPart];
    multiplyRows<maxSize>(scores, queryTile + row * pitch<maxSize>, keyTile,
                          part, size);
    float most = minusInfinity;
    for (int64_t j = 0; j < keysOfPart; ++j) {
      const int64_t key = begin + part + j * parts;
      const bool seen = key >= own.first && key < own.last;
      scores[j] = seen ? scores[j] * float(layout.scale) : minusInfinity;
      most = scores[j] > most ? scores[j] : most;
    }
    const float before = running.peak;
    const float reference = running.raise(largestOfRow(most));
    Float4 low, high;
    for (int64_t j = 0; j < 4; ++j) {
      low[j] = scores[j] - reference;
      high[j] = scores[j + 4] - reference;
    }
    low = exp<float>(low);
    high = exp<float>(high);
    const float shrink = exp<float>(splat<float>(before - reference))[0];
    running.total = running.total * shrink + sumOfRow(addUp(low) + addUp(high));
    for (int64_t j = 0; j < 4; ++j) {
      ownProbabilities[part + j * parts] = low[j];
      ownProbabilities[part + (j + 4) * parts] = high[j];
    }
    for (Float4 &sum : sums)
      sum *= shrink;
    synchronize();
    loadTile<maxSize>(keyTile, v + begin * keyStride, keyStride, keyCount,
                      size);
    synchronize();
    addRows<maxSize>(sums, keyTile, part, size,
                     [&](int64_t i) { return ownProbabilities[i]; });
    synchronize();
  }
  if (exists) {
    storeRow<maxSize>(y + (first + row) * stride, sums, running.getFactor(),
                      part, size);
    if (lse && part == 0)
      lse[(first + row) * layout.heads] = running.getLogarithm(/*unit=*/1);
  }
  // The tiles are filled again.
  synchronize();
}

template <typename S, typename Window>
HASHC_INLINE void attention(int64_t task, const Layout &layout, const S *q,
                            const S *k, const S *v, S *y, float *lse,
                            Window getKeys) {
  const QueryTask its(task, layout);
  for (int64_t first = its.begin; first < its.end; first += rowsAtOnce)
    attend(layout, q + its.at, k + its.keyAt, v + its.keyAt,
           getKeys(its.window), y + its.at, lse + its.lseAt, first,
           smaller(rowsAtOnce, its.end - first));
}

/// A row sees the keys of its document up to itself.
struct DecodedKeys {
  KeyRange range;
  HASHC_INLINE KeyRange operator()(int64_t) const { return range; }
};

/// One task is one head of keys; the caches take the new key and value first.
template <typename S>
HASHC_INLINE void attentionDecode(int64_t task, const S *q, const S *k,
                                  const S *v, const int32_t *starts,
                                  const int32_t *index, S *y, S *keys,
                                  S *values, int64_t heads, int64_t kvHeads,
                                  int64_t size, double scale) {
  const int64_t row = *index, kv = task * size, group = heads / kvHeads;
  const int64_t at = row * kvHeads * size + kv;
  for (int64_t i = getThread(); i < size; i += threads) {
    keys[at + i] = k[kv + i];
    values[at + i] = v[kv + i];
  }
  synchronize();
  const Layout layout{heads, kvHeads, size, 1, row + 1, scale};
  for (int64_t h = task * group; h < (task + 1) * group; ++h)
    attend(layout, q + h * size, keys + kv, values + kv,
           DecodedKeys{{*starts, row + 1}}, y + h * size,
           static_cast<float *>(nullptr), 0, 1);
}

//===----------------------------------------------------------------------===//
// Gradients
//===----------------------------------------------------------------------===//

constexpr int64_t maxGradSize = 64;
constexpr int64_t gradPitch = pitch<maxGradSize>;
constexpr int64_t gradVectors = vectorsOfPart<maxGradSize>;

/// Tiles of the gradient, and of a row of a thread what it needs of the scores.
struct GradTiles {
  SharedVector *q, *dy, *k, *v;
  SharedFloat *probabilities, *gradients;

  template <typename S>
  HASHC_INLINE void loadQueries(const GradHead<S> &head, int64_t stride,
                                int64_t first, int64_t count, int64_t size) {
    loadTile<maxGradSize>(q, head.q + first * stride, stride, count, size);
    loadTile<maxGradSize>(dy, head.dy + first * stride, stride, count, size);
  }
  template <typename S>
  HASHC_INLINE void loadKeys(const S *keys, const S *values, int64_t stride,
                             int64_t first, int64_t count, int64_t size) {
    loadTile<maxGradSize>(k, keys + first * stride, stride, count, size);
    loadTile<maxGradSize>(v, values + first * stride, stride, count, size);
  }

  /// The probabilities of a row of queries, and the gradients of its scores,
  /// for keys from `begin` on.
  HASHC_INLINE void score(int64_t begin, KeyRange range, float scale, float lse,
                          float delta, int64_t size) {
    const int64_t row = getThread() / parts, part = getThread() % parts;
    float scores[keysOfPart], products[keysOfPart];
    multiplyRows<maxGradSize>(scores, q + row * gradPitch, k, part, size);
    multiplyRows<maxGradSize>(products, dy + row * gradPitch, v, part, size);
    for (int64_t half = 0; half < 2; ++half) {
      Float4 exponents;
      for (int64_t j = 0; j < 4; ++j)
        exponents[j] = scores[half * 4 + j] * scale - lse;
      Float4 values = exp<float>(exponents);
      for (int64_t j = 0; j < 4; ++j) {
        const int64_t at = part + (half * 4 + j) * parts, key = begin + at;
        const bool seen = key >= range.first && key < range.last;
        const float p = seen ? values[j] : 0;
        probabilities[row * scoresPitch + at] = p;
        gradients[row * scoresPitch + at] =
            seen ? p * (products[half * 4 + j] - delta) * scale : 0;
      }
    }
  }
};

/// A task is a head of keys of a window, as the CPU cuts it.
template <typename S, typename Window>
HASHC_INLINE void attentionGrad(int64_t task, const Layout &layout, const S *q,
                                const S *k, const S *v, const S *y,
                                const float *lse, const S *dy, S *dq, S *dk,
                                S *dv, Window getKeys) {
  HASHC_SHARED Float4 queryTile[rowsAtOnce * gradPitch];
  HASHC_SHARED Float4 dyTile[rowsAtOnce * gradPitch];
  HASHC_SHARED Float4 keyTile[keysAtOnce * gradPitch];
  HASHC_SHARED Float4 valueTile[keysAtOnce * gradPitch];
  HASHC_SHARED float probabilities[rowsAtOnce * scoresPitch];
  HASHC_SHARED float gradients[rowsAtOnce * scoresPitch];
  GradTiles tiles{queryTile, dyTile,        keyTile,
                  valueTile, probabilities, gradients};
  const int64_t size = layout.size, group = layout.heads / layout.kvHeads;
  const int64_t stride = layout.heads * size, keyStride = layout.kvHeads * size;
  const int64_t own = getThread() / parts, part = getThread() % parts;
  const float scale = float(layout.scale);
  auto keys = getKeys(task / layout.kvHeads);
  const GradTask<S> its(task / layout.kvHeads, task % layout.kvHeads, layout,
                        {q, k, v, y, dy, lse, dq});

  for (int64_t h = 0; h < group; ++h) {
    const GradHead<S> head = its.getHead(h);
    for (int64_t first = 0; first < layout.queries; first += rowsAtOnce) {
      const int64_t count = smaller(rowsAtOnce, layout.queries - first);
      const KeyRange all = joinRanges(keys, first, first + count);
      const GradRow known =
          getRow(head, layout, keys, first + own, first + count);
      Float4 sums[gradVectors] = {};
      tiles.loadQueries(head, stride, first, count, size);
      for (int64_t begin = all.first / keysAtOnce * keysAtOnce;
           begin < all.last; begin += keysAtOnce) {
        tiles.loadKeys(head.k, head.v, keyStride, begin,
                       smaller(keysAtOnce, all.last - begin), size);
        synchronize();
        tiles.score(begin, known.range, scale, known.lse, known.delta, size);
        synchronize();
        addRows<maxGradSize>(sums, keyTile, part, size, [&](int64_t i) {
          return gradients[own * scoresPitch + i];
        });
        synchronize();
      }
      if (own < count)
        storeRow<maxGradSize>(head.dq + (first + own) * stride, sums, 1, part,
                              size);
      synchronize();
    }
  }

  for (int64_t begin = 0; begin < layout.keys; begin += keysAtOnce) {
    const int64_t keyCount = smaller(keysAtOnce, layout.keys - begin);
    Float4 keySums[gradVectors] = {}, valueSums[gradVectors] = {};
    tiles.loadKeys(k + its.keyAt, v + its.keyAt, keyStride, begin, keyCount,
                   size);
    for (int64_t h = 0; h < group; ++h) {
      const GradHead<S> head = its.getHead(h);
      for (int64_t first = 0; first < layout.queries; first += rowsAtOnce) {
        const int64_t count = smaller(rowsAtOnce, layout.queries - first);
        const KeyRange all = joinRanges(keys, first, first + count);
        if (all.last <= begin || all.first >= begin + keysAtOnce)
          continue;
        const GradRow known =
            getRow(head, layout, keys, first + own, first + count);
        tiles.loadQueries(head, stride, first, count, size);
        synchronize();
        tiles.score(begin, known.range, scale, known.lse, known.delta, size);
        synchronize();
        addRows<maxGradSize>(keySums, queryTile, part, size, [&](int64_t i) {
          return gradients[i * scoresPitch + own];
        });
        addRows<maxGradSize>(valueSums, dyTile, part, size, [&](int64_t i) {
          return probabilities[i * scoresPitch + own];
        });
        synchronize();
      }
    }
    if (own < keyCount) {
      const int64_t at = its.keyAt + (begin + own) * keyStride;
      storeRow<maxGradSize>(dk + at, keySums, 1, part, size);
      storeRow<maxGradSize>(dv + at, valueSums, 1, part, size);
    }
    synchronize();
  }
}

} // namespace

#define HASHC_INSTANCE(S, NAME)                                                \
  HASHC_ATTENTION(block, S, NAME)                                              \
  HASHC_BLOCK hash_block_attention_decode_##NAME(                              \
      int64_t task, const S *q, const S *k, const S *v, const int32_t *starts, \
      const int32_t *index, S *y, S *keys, S *values, int64_t heads,           \
      int64_t kvHeads, int64_t size, double scale) {                           \
    attentionDecode<S>(task, q, k, v, starts, index, y, keys, values, heads,   \
                       kvHeads, size, scale);                                  \
  }                                                                            \
  HASHC_ATTENTION_GRAD(block, S, NAME)
HASHC_INSTANCE(float, f32)
HASHC_INSTANCE(bf16, bf16)
