//===- Attention.h - Attention without the T x T matrix -*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// Blocks of queries against blocks of keys, with a running softmax
// (FlashAttention, Dao et al. 2022). Key blocks start at multiples of their
// size in the window and a row's operations depend on its own keys only, so
// decoding one row gives the bits of the full pass. Blocks of keys that no row
// sees, which would change nothing, are left out.
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_CODEGEN_CPU_KERNELS_ATTENTION_H
#define HASHC_CODEGEN_CPU_KERNELS_ATTENTION_H

#include "Math.h"

extern "C" void *aligned_alloc(__SIZE_TYPE__ alignment, __SIZE_TYPE__ size);
extern "C" void free(void *address);

namespace hashc::kernels {

constexpr int64_t vectorBytes = 64; // of any vector
/// What a task may take of a thread's stack.
constexpr int64_t stackBytes = 1 << 20;

template <typename C> bool fitsOnStack(int64_t size) {
  return size * static_cast<int64_t>(sizeof(C)) <= stackBytes;
}

template <typename C> C *allocate(int64_t size) {
  int64_t bytes = size * static_cast<int64_t>(sizeof(C));
  bytes = (bytes + vectorBytes - 1) / vectorBytes * vectorBytes;
  void *address = aligned_alloc(vectorBytes, bytes);
  if (!address)
    __builtin_trap();
  return static_cast<C *>(address);
}

constexpr int64_t blockRows = 64; // of queries, and of keys
constexpr int64_t tileRows = 8;   // rows of one register tile

/// `size` elements, aligned for any vector, until release(): wide heads and
/// long windows need more than a stack has.
#define HASHC_SCRATCH(C, size)                                                 \
  (fitsOnStack<C>(size) ? static_cast<C *>(__builtin_alloca_with_align(        \
                              sizeof(C) * (size), vectorBytes * 8))            \
                        : allocate<C>(size))

template <typename C> void release(C *scratch, int64_t size) {
  if (!fitsOnStack<C>(size))
    free(scratch);
}

/// Whether a product starts at zero or at what its output holds.
enum class Start { zero, output };

/// C[rows, vectors] (+)= A[rows, depth] * B[depth, vectors] in registers; A is
/// read at any strides.
template <typename C, Start start, int64_t rows, int64_t vectors>
HASHC_INLINE void multiplyTile(const C *a, int64_t rowStride,
                               int64_t depthStride, const C *b, int64_t ldb,
                               C *c, int64_t ldc, int64_t depth) {
  Vector<C> acc[rows][vectors];
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < vectors; ++j)
      acc[i][j] =
          start == Start::zero ? Vector<C>{} : load(c + i * ldc + j * lanes<C>);
  for (int64_t k = 0; k < depth; ++k) {
    Vector<C> columns[vectors];
    for (int64_t j = 0; j < vectors; ++j)
      columns[j] = load(b + k * ldb + j * lanes<C>);
    for (int64_t i = 0; i < rows; ++i) {
      Vector<C> x = splat<C>(a[i * rowStride + k * depthStride]);
      for (int64_t j = 0; j < vectors; ++j)
        acc[i][j] = fma<C>(x, columns[j], acc[i][j]);
    }
  }
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < vectors; ++j)
      store(c + i * ldc + j * lanes<C>, acc[i][j]);
}

template <typename C, Start start, int64_t rows>
HASHC_INLINE void
multiplyRows(const C *a, int64_t rowStride, int64_t depthStride, const C *b,
             int64_t ldb, C *c, int64_t ldc, int64_t columns, int64_t depth) {
  int64_t n = 0;
  for (; n + 2 * lanes<C> <= columns; n += 2 * lanes<C>)
    multiplyTile<C, start, rows, 2>(a, rowStride, depthStride, b + n, ldb,
                                    c + n, ldc, depth);
  if (n < columns)
    multiplyTile<C, start, rows, 1>(a, rowStride, depthStride, b + n, ldb,
                                    c + n, ldc, depth);
}

/// C (+)= A * B for blocks; `columns` is a multiple of the lanes. Each element
/// is one chain in ascending depth, however the rows are tiled.
template <typename C, Start start>
__attribute__((noinline)) void
multiply(const C *a, int64_t rowStride, int64_t depthStride, const C *b,
         int64_t ldb, C *c, int64_t ldc, int64_t rows, int64_t columns,
         int64_t depth) {
  int64_t i = 0;
  for (; i + tileRows <= rows; i += tileRows)
    multiplyRows<C, start, tileRows>(a + i * rowStride, rowStride, depthStride,
                                     b, ldb, c + i * ldc, ldc, columns, depth);
  for (; i < rows; ++i)
    multiplyRows<C, start, 1>(a + i * rowStride, rowStride, depthStride, b, ldb,
                              c + i * ldc, ldc, columns, depth);
}

template <typename C> HASHC_INLINE void clear(C *p, int64_t size) {
  for (int64_t i = 0; i < size; i += lanes<C>)
    store(p + i, Vector<C>{});
}

/// Copies `rows` rows of one head to a block with rows of `padded` elements.
template <typename S>
HASHC_INLINE void gather(const S *from, int64_t stride, Compute<S> *to,
                         int64_t rows, int64_t size, int64_t padded) {
  using C = Compute<S>;
  for (int64_t r = 0; r < rows; ++r) {
    C *out = to + r * padded;
    forEachVector<C>(size, [&](int64_t i, int64_t n) {
      store(out + i, loadUpTo(from + r * stride + i, n));
    });
  }
}

/// The same, transposed: `to[feature][row]` for a whole block of rows and
/// `padded` features, those past the end zero.
template <typename S>
HASHC_INLINE void gatherTransposed(const S *from, int64_t stride,
                                   Compute<S> *to, int64_t rows, int64_t size) {
  using C = Compute<S>;
  for (int64_t i = 0; i < size; i += lanes<C>)
    for (int64_t r = 0; r < blockRows; r += lanes<C>) {
      Vector<C> tile[lanes<C>];
      for (int64_t k = 0; k < lanes<C>; ++k)
        tile[k] = r + k < rows ? loadUpTo(from + (r + k) * stride + i,
                                          smaller(lanes<C>, size - i))
                               : Vector<C>{};
      transpose<C>(tile);
      for (int64_t k = 0; k < lanes<C>; ++k)
        store(to + (i + k) * blockRows + r, tile[k]);
    }
}

template <typename S>
HASHC_INLINE void scatter(const Compute<S> *from, int64_t padded, S *to,
                          int64_t stride, int64_t rows, int64_t size) {
  using C = Compute<S>;
  for (int64_t r = 0; r < rows; ++r)
    forEachVector<C>(size, [&](int64_t i, int64_t n) {
      storeUpTo(to + r * stride + i, load(from + r * padded + i), n);
    });
}

/// One head of one window.
struct Head {
  int64_t size, padded; // features, and those rounded up to whole vectors
  int64_t queryStride, keyStride;
  double scale;
};

template <typename C> HASHC_INLINE int64_t paddedSize(int64_t size) {
  return (size + lanes<C> - 1) / lanes<C> * lanes<C>;
}

/// The keys that query row `row` sees: first .. last-1.
struct KeyRange {
  int64_t first, last;
};

/// The part of a vector of keys from `key` on that a row sees.
template <typename C> HASHC_INLINE Bits<C> seen(KeyRange range, int64_t key) {
  using Integer = typename BitsOf<C>::type;
  Bits<C> keys = countUp<C>();
  return (keys >= Integer(range.first - key)) &
         (keys < Integer(range.last - key));
}

/// The keys that a block of query rows sees, for each row and altogether.
struct BlockRanges {
  KeyRange rows[blockRows];
  int64_t firstBlock = 0; // where the first block of keys begins
  int64_t lastKey = 0;

  /// Of rows `first` .. `first + count - 1`. `starts` is the window's.
  HASHC_INLINE void fill(const int32_t *starts, int64_t first, int64_t count,
                         int64_t window, bool causal) {
    int64_t firstKey = window, end = first + count;
    // A row's document goes on while the rows' documents begin at or before it.
    while (!causal && end < window && starts[end] < first + count)
      ++end;
    for (int64_t r = first + count - 1; r >= first; --r) {
      rows[r - first] = {starts[r], causal ? r + 1 : end};
      firstKey = smaller(firstKey, starts[r]);
      lastKey = larger(lastKey, rows[r - first].last);
      if (starts[r] == r)
        end = r;
    }
    firstBlock = firstKey / blockRows * blockRows;
  }

  /// Of `count` rows that see a memory's keys alike: those before the first
  /// masked one. `tokens` is its window's.
  HASHC_INLINE void fillWithMemory(const int32_t *tokens, int64_t memoryWindow,
                                   int64_t count) {
    while (lastKey < memoryWindow && tokens[lastKey] >= 0)
      ++lastKey;
    for (int64_t r = 0; r < count; ++r)
      rows[r] = {0, lastKey};
  }
};

/// Scales one row of scores against keys `begin` .. `begin + 63`, sets those
/// that it does not see to -inf, and returns the largest.
template <typename C>
HASHC_INLINE C maskRow(C *scores, int64_t begin, KeyRange range, C scale) {
  Vector<C> lowest = splat<C>(-C(__builtin_inf())), most = lowest;
  for (int64_t j = 0; j < blockRows; j += lanes<C>) {
    Vector<C> s =
        select<C>(seen<C>(range, begin + j), load(scores + j) * scale, lowest);
    store(scores + j, s);
    most = larger<C>(most, s);
  }
  return largest<C>(most);
}

/// What is kept of the rows of a block while it walks over the keys. A row
/// that has seen no key has the peak -inf and the total 0.
template <typename C> struct RunningSoftmax {
  alignas(64) C peak[blockRows], total[blockRows];

  HASHC_INLINE void start() {
    for (int64_t r = 0; r < blockRows; r += lanes<C>) {
      store(peak + r, splat<C>(-C(__builtin_inf())));
      store(total + r, Vector<C>{});
    }
  }

  /// Turns a block of scores into probabilities with respect to the new peaks,
  /// and scales the rows of the output to them.
  HASHC_INLINE void absorb(C *scores, int64_t begin, const KeyRange *ranges,
                           C scale, C *out, int64_t padded, int64_t rows) {
    alignas(64) C reference[blockRows], shrink[blockRows];
    for (int64_t r = 0; r < rows; ++r) {
      C most = maskRow(scores + r * blockRows, begin, ranges[r], scale);
      reference[r] = most > peak[r] ? most : peak[r];
    }
    for (int64_t r = 0; r < rows; r += lanes<C>) {
      Vector<C> old = load(peak + r), now = load(reference + r);
      store(peak + r, now);
      // exp(-inf - 0) is the zero that exp(-inf - -inf) is not.
      now = select<C>(now == -C(__builtin_inf()), Vector<C>{}, now);
      store(reference + r, now);
      store(shrink + r, exp<C>(old - now));
    }
    for (int64_t r = 0; r < rows; ++r) {
      C *row = scores + r * blockRows;
      Vector<C> added{};
      for (int64_t j = 0; j < blockRows; j += lanes<C>) {
        Vector<C> p = exp<C>(load(row + j) - reference[r]);
        store(row + j, p);
        added += p;
      }
      total[r] = total[r] * shrink[r] + sum<C>(added);
      for (int64_t i = 0; i < padded; i += lanes<C>)
        store(out + r * padded + i, load(out + r * padded + i) * shrink[r]);
    }
  }

  /// The output's factor, and the logarithm of the sum of exponentials.
  HASHC_INLINE void finish(int64_t rows, C *inverse, C *lse) const {
    for (int64_t r = 0; r < rows; r += lanes<C>) {
      Vector<C> t = load(total + r);
      store(inverse + r, select<C>(t > C(0), C(1) / t, Vector<C>{}));
      store(lse + r, load(peak + r) + log<C>(t));
    }
  }
};

/// Queries `first` .. `first + rows - 1` of a window against its keys.
template <typename S>
HASHC_INLINE void attendBlock(const Head &head, const S *queries, const S *keys,
                              const S *values, const BlockRanges &ranges,
                              S *out, Compute<S> *lse, int64_t lseStride,
                              int64_t rows) {
  using C = Compute<S>;
  int64_t block = blockRows * head.padded;
  C *q = HASHC_SCRATCH(C, 4 * block);
  C *y = q + block, *k = y + block, *v = k + block;
  alignas(64) C scores[blockRows * blockRows];
  RunningSoftmax<C> softmax;
  softmax.start();
  gather(queries, head.queryStride, q, rows, head.size, head.padded);
  clear(y, rows * head.padded);
  for (int64_t begin = ranges.firstBlock; begin < ranges.lastKey;
       begin += blockRows) {
    int64_t count = smaller(blockRows, ranges.lastKey - begin);
    gatherTransposed(keys + begin * head.keyStride, head.keyStride, k, count,
                     head.size);
    gather(values + begin * head.keyStride, head.keyStride, v, count, head.size,
           head.padded);
    multiply<C, Start::zero>(q, head.padded, 1, k, blockRows, scores, blockRows,
                             rows, blockRows, head.size);
    softmax.absorb(scores, begin, ranges.rows, C(head.scale), y, head.padded,
                   rows);
    // Probabilities of unseen keys are zero; those past the window are skipped.
    multiply<C, Start::output>(scores, blockRows, 1, v, head.padded, y,
                               head.padded, rows, head.padded, count);
  }
  alignas(64) C inverse[blockRows], logarithm[blockRows];
  softmax.finish(rows, inverse, logarithm);
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t i = 0; i < head.padded; i += lanes<C>)
      store(y + r * head.padded + i,
            load(y + r * head.padded + i) * inverse[r]);
    if (lse)
      lse[r * lseStride] = logarithm[r];
  }
  scatter(y, head.padded, out, head.queryStride, rows, head.size);
  release(q, 4 * block);
}

template <typename S>
HASHC_INLINE Head makeHead(int64_t size, int64_t heads, int64_t kvHeads,
                           double scale) {
  return {size, paddedSize<Compute<S>>(size), heads * size, kvHeads * size,
          scale};
}

/// How heads are cut into tasks: rows of a window of queries, and of one of
/// keys.
struct Layout {
  int64_t heads, kvHeads, size;
  int64_t queries, keys;
  double scale;
};

/// One task is one block of queries of one head of one window. `fill` says
/// which keys a block of rows sees: of a window, from row `first` on.
template <typename S, typename Fill>
HASHC_INLINE void attention(int64_t task, const Layout &layout, const S *q,
                            const S *k, const S *v, S *y, Compute<S> *lse,
                            Fill fill) {
  int64_t heads = layout.heads, size = layout.size;
  int64_t blocks = (layout.queries + blockRows - 1) / blockRows;
  int64_t first = task % blocks * blockRows;
  int64_t h = task / blocks % heads, window = task / blocks / heads;
  int64_t row = window * layout.queries, keyRow = window * layout.keys;
  Head head = makeHead<S>(size, heads, layout.kvHeads, layout.scale);
  int64_t rows = smaller(blockRows, layout.queries - first);
  BlockRanges ranges;
  fill(ranges, window, first, rows);
  int64_t kv = h / (heads / layout.kvHeads) * size;
  int64_t at = (row + first) * head.queryStride + h * size;
  attendBlock(head, q + at, k + keyRow * head.keyStride + kv,
              v + keyRow * head.keyStride + kv, ranges, y + at,
              lse + (row + first) * heads + h, heads, rows);
}

/// Turns scores into probabilities, and their gradients into the scores'.
template <typename C>
HASHC_INLINE void scoreGradients(C *scores, C *gradients, int64_t rows,
                                 const KeyRange *ranges, const C *lse,
                                 int64_t lseStride, const C *delta,
                                 int64_t begin, C scale) {
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t j = 0; j < blockRows; j += lanes<C>) {
      C *s = scores + r * blockRows + j, *d = gradients + r * blockRows + j;
      Vector<C> p =
          select<C>(seen<C>(ranges[r], begin + j),
                    exp<C>(load(s) * scale - lse[r * lseStride]), Vector<C>{});
      store(s, p);
      store(d, p * (load(d) - delta[r]) * scale);
    }
}

/// One task is one key head of one window: its keys' gradients sum over all
/// queries of all heads that share it, in order.
template <typename S, typename Fill>
HASHC_INLINE void attentionGrad(int64_t task, const Layout &layout, const S *q,
                                const S *k, const S *v, const S *y,
                                const Compute<S> *lse, const S *dy, S *dq,
                                S *dk, S *dv, Fill fill) {
  using C = Compute<S>;
  int64_t heads = layout.heads, kvHeads = layout.kvHeads, size = layout.size;
  Head head = makeHead<S>(size, heads, kvHeads, layout.scale);
  int64_t group = heads / kvHeads, padded = head.padded;
  int64_t window = task / kvHeads, kv = task % kvHeads;
  int64_t row = window * layout.queries, keyRow = window * layout.keys;
  int64_t keyRows = (layout.keys + blockRows - 1) / blockRows * blockRows;
  int64_t block = blockRows * padded, whole = keyRows * padded;
  int64_t scratchSize = 2 * whole + 7 * block;
  C *dkeys = HASHC_SCRATCH(C, scratchSize), *dvalues = dkeys + whole;
  C *qb = dvalues + whole, *dyb = qb + block, *yb = dyb + block;
  C *dqb = yb + block, *kb = dqb + block, *kt = kb + block, *vt = kt + block;
  alignas(64) C scores[blockRows * blockRows], gradients[blockRows * blockRows];
  C delta[blockRows];
  clear(dkeys, keyRows * padded);
  clear(dvalues, keyRows * padded);
  const S *keys = k + keyRow * head.keyStride + kv * size;
  const S *values = v + keyRow * head.keyStride + kv * size;
  for (int64_t h = kv * group; h < (kv + 1) * group; ++h)
    for (int64_t first = 0; first < layout.queries; first += blockRows) {
      int64_t rows = smaller(blockRows, layout.queries - first);
      BlockRanges ranges;
      fill(ranges, window, first, rows);
      int64_t at = (row + first) * head.queryStride + h * size;
      gather(q + at, head.queryStride, qb, rows, size, padded);
      gather(dy + at, head.queryStride, dyb, rows, size, padded);
      gather(y + at, head.queryStride, yb, rows, size, padded);
      clear(dqb, rows * padded);
      for (int64_t r = 0; r < rows; ++r) {
        Vector<C> dot{};
        for (int64_t i = 0; i < padded; i += lanes<C>)
          dot += load(dyb + r * padded + i) * load(yb + r * padded + i);
        delta[r] = sum<C>(dot);
      }
      const C *lseOfBlock = lse + (row + first) * heads + h;
      for (int64_t begin = ranges.firstBlock; begin < ranges.lastKey;
           begin += blockRows) {
        int64_t count = smaller(blockRows, ranges.lastKey - begin);
        gather(keys + begin * head.keyStride, head.keyStride, kb, count, size,
               padded);
        gatherTransposed(keys + begin * head.keyStride, head.keyStride, kt,
                         count, size);
        gatherTransposed(values + begin * head.keyStride, head.keyStride, vt,
                         count, size);
        multiply<C, Start::zero>(qb, padded, 1, kt, blockRows, scores,
                                 blockRows, rows, blockRows, size);
        multiply<C, Start::zero>(dyb, padded, 1, vt, blockRows, gradients,
                                 blockRows, rows, blockRows, size);
        scoreGradients(scores, gradients, rows, ranges.rows, lseOfBlock, heads,
                       delta, begin, C(layout.scale));
        multiply<C, Start::output>(gradients, blockRows, 1, kb, padded, dqb,
                                   padded, rows, padded, count);
        multiply<C, Start::output>(gradients, 1, blockRows, qb, padded,
                                   dkeys + begin * padded, padded, count,
                                   padded, rows);
        multiply<C, Start::output>(scores, 1, blockRows, dyb, padded,
                                   dvalues + begin * padded, padded, count,
                                   padded, rows);
      }
      scatter(dqb, padded, dq + at, head.queryStride, rows, size);
    }
  int64_t at = keyRow * head.keyStride + kv * size;
  scatter(dkeys, padded, dk + at, head.keyStride, layout.keys, size);
  scatter(dvalues, padded, dv + at, head.keyStride, layout.keys, size);
  release(dkeys, scratchSize);
}

#undef HASHC_SCRATCH

} // namespace hashc::kernels

#endif // HASHC_CODEGEN_CPU_KERNELS_ATTENTION_H
