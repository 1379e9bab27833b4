//===- Attention.cpp - Attention without the T x T matrix -*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// Blocks of queries against blocks of keys, with a running softmax
// (FlashAttention, Dao et al. 2022). Key blocks start at window index 0 and a
// row's operations depend on its own keys only, so decoding one row gives the
// bits of the full pass.
//
//===----------------------------------------------------------------------===//

#include "Math.h"

using namespace hashc::kernels;

/// `size` elements on the stack, aligned for any vector.
#define HASHC_SCRATCH(C, size)                                                 \
  static_cast<C *>(__builtin_alloca_with_align(sizeof(C) * (size), 512))

namespace {

constexpr int64_t blockRows = 64; // of queries, and of keys
constexpr int64_t tileRows = 8;   // rows of one register tile

/// C[rows, vectors] += A[rows, depth] * B[depth, vectors] in registers; A is
/// read at any strides.
template <typename C, int64_t rows, int64_t vectors>
HASHC_INLINE void multiplyTile(const C *a, int64_t rowStride,
                               int64_t depthStride, const C *b, int64_t ldb,
                               C *c, int64_t ldc, int64_t depth) {
  Vector<C> acc[rows][vectors];
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < vectors; ++j)
      acc[i][j] = load(c + i * ldc + j * lanes<C>);
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

template <typename C, int64_t rows>
HASHC_INLINE void
multiplyRows(const C *a, int64_t rowStride, int64_t depthStride, const C *b,
             int64_t ldb, C *c, int64_t ldc, int64_t columns, int64_t depth) {
  int64_t n = 0;
  for (; n + 2 * lanes<C> <= columns; n += 2 * lanes<C>)
    multiplyTile<C, rows, 2>(a, rowStride, depthStride, b + n, ldb, c + n, ldc,
                             depth);
  if (n < columns)
    multiplyTile<C, rows, 1>(a, rowStride, depthStride, b + n, ldb, c + n, ldc,
                             depth);
}

/// C += A * B for blocks; `columns` is a multiple of the lanes. Each element is
/// one chain in ascending depth, however the rows are tiled.
template <typename C>
__attribute__((noinline)) void
multiply(const C *a, int64_t rowStride, int64_t depthStride, const C *b,
         int64_t ldb, C *c, int64_t ldc, int64_t rows, int64_t columns,
         int64_t depth) {
  int64_t i = 0;
  for (; i + tileRows <= rows; i += tileRows)
    multiplyRows<C, tileRows>(a + i * rowStride, rowStride, depthStride, b, ldb,
                              c + i * ldc, ldc, columns, depth);
  for (; i < rows; ++i)
    multiplyRows<C, 1>(a + i * rowStride, rowStride, depthStride, b, ldb,
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

/// The same, transposed: `to[feature][row]`, rows past the end zero.
template <typename S>
HASHC_INLINE void gatherTransposed(const S *from, int64_t stride,
                                   Compute<S> *to, int64_t rows, int64_t size) {
  for (int64_t i = 0; i < size; ++i)
    for (int64_t r = 0; r < blockRows; ++r)
      to[i * blockRows + r] =
          r < rows ? read(from + r * stride + i) : Compute<S>(0);
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
  bool causal;
};

template <typename C> HASHC_INLINE int64_t paddedSize(int64_t size) {
  return (size + lanes<C> - 1) / lanes<C> * lanes<C>;
}

/// The keys that query row `row` sees: first .. last-1.
struct KeyRange {
  int64_t first, last;
};

/// Softmax of one row of scores against keys `begin` .. `begin + 63`, of which
/// it sees those in `range`; updates the row's maximum, sum and output.
template <typename C>
HASHC_INLINE void softmaxRow(C *scores, int64_t begin, KeyRange range, C scale,
                             C &peak, C &total, C *out, int64_t padded) {
  C lowest = -C(__builtin_inf());
  Vector<C> most = splat<C>(lowest);
  for (int64_t j = 0; j < blockRows; j += lanes<C>) {
    Vector<C> s = load(scores + j) * scale;
    for (int64_t l = 0; l < lanes<C>; ++l) {
      int64_t key = begin + j + l;
      s[l] = key >= range.first && key < range.last ? s[l] : lowest;
    }
    store(scores + j, s);
    most = larger<C>(most, s);
  }
  C newPeak = largest<C>(most);
  newPeak = newPeak > peak ? newPeak : peak;
  // A block with no visible key at all leaves everything as it is.
  if (newPeak == lowest) {
    clear(scores, blockRows);
    return;
  }
  C shrink = exp<C>(splat<C>(peak - newPeak))[0];
  Vector<C> added{};
  for (int64_t j = 0; j < blockRows; j += lanes<C>) {
    Vector<C> p = exp<C>(load(scores + j) - newPeak);
    store(scores + j, p);
    added += p;
  }
  total = total * shrink + sum<C>(added);
  peak = newPeak;
  for (int64_t i = 0; i < padded; i += lanes<C>)
    store(out + i, load(out + i) * shrink);
}

/// Queries `first` .. `first + rows - 1` of a window against its keys.
template <typename S>
HASHC_INLINE void attendBlock(const Head &head, const S *queries, const S *keys,
                              const S *values, const KeyRange *ranges, S *out,
                              Compute<S> *lse, int64_t lseStride, int64_t rows,
                              int64_t lastKey) {
  using C = Compute<S>;
  C *q = HASHC_SCRATCH(C, blockRows * head.padded);
  C *y = HASHC_SCRATCH(C, blockRows * head.padded);
  C *k = HASHC_SCRATCH(C, blockRows * head.padded);
  C *v = HASHC_SCRATCH(C, blockRows * head.padded);
  alignas(64) C scores[blockRows * blockRows];
  C peak[blockRows], total[blockRows];
  gather(queries, head.queryStride, q, rows, head.size, head.padded);
  clear(y, rows * head.padded);
  for (int64_t r = 0; r < rows; ++r) {
    peak[r] = -C(__builtin_inf());
    total[r] = 0;
  }
  for (int64_t begin = 0; begin < lastKey; begin += blockRows) {
    int64_t count = smaller(blockRows, lastKey - begin);
    gatherTransposed(keys + begin * head.keyStride, head.keyStride, k, count,
                     head.size);
    gather(values + begin * head.keyStride, head.keyStride, v, count, head.size,
           head.padded);
    clear(scores, rows * blockRows);
    multiply(q, head.padded, 1, k, blockRows, scores, blockRows, rows,
             blockRows, head.size);
    for (int64_t r = 0; r < rows; ++r)
      softmaxRow(scores + r * blockRows, begin, ranges[r], C(head.scale),
                 peak[r], total[r], y + r * head.padded, head.padded);
    // Probabilities of unseen keys are zero; those past the window are skipped.
    multiply(scores, blockRows, 1, v, head.padded, y, head.padded, rows,
             head.padded, count);
  }
  for (int64_t r = 0; r < rows; ++r) {
    C inverse = total[r] > 0 ? C(1) / total[r] : C(0);
    for (int64_t i = 0; i < head.padded; i += lanes<C>)
      store(y + r * head.padded + i, load(y + r * head.padded + i) * inverse);
    if (lse)
      lse[r * lseStride] = peak[r] + log<C>(splat<C>(total[r]))[0];
  }
  scatter(y, head.padded, out, head.queryStride, rows, head.size);
}

template <typename S>
HASHC_INLINE Head makeHead(int64_t size, int64_t heads, int64_t kvHeads,
                           double scale, bool causal) {
  return {size,         paddedSize<Compute<S>>(size),
          heads * size, kvHeads * size,
          scale,        causal};
}

/// One task is one block of queries of one head of one window.
template <typename S>
HASHC_INLINE void attention(int64_t task, const S *q, const S *k, const S *v,
                            const int32_t *starts, S *y, Compute<S> *lse,
                            int64_t heads, int64_t kvHeads, int64_t size,
                            int64_t window, double scale, int64_t causal) {
  int64_t blocks = (window + blockRows - 1) / blockRows;
  int64_t first = task % blocks * blockRows;
  int64_t h = task / blocks % heads, row = task / blocks / heads * window;
  Head head = makeHead<S>(size, heads, kvHeads, scale, causal);
  int64_t rows = smaller(blockRows, window - first);
  KeyRange ranges[blockRows];
  int64_t lastKey = 0;
  for (int64_t r = 0; r < rows; ++r) {
    int64_t last = causal ? first + r + 1 : window;
    ranges[r] = {starts[row + first + r], last};
    lastKey = larger(lastKey, last);
  }
  int64_t kv = h / (heads / kvHeads) * size;
  int64_t at = (row + first) * head.queryStride + h * size;
  attendBlock(head, q + at, k + row * head.keyStride + kv,
              v + row * head.keyStride + kv, ranges, y + at,
              lse + (row + first) * heads + h, heads, rows, lastKey);
}

/// One task is one head; the caches take the new key and value first.
template <typename S>
HASHC_INLINE void attentionDecode(int64_t task, const S *q, const S *k,
                                  const S *v, const int32_t *starts,
                                  const int32_t *index, S *y, S *keys,
                                  S *values, int64_t heads, int64_t kvHeads,
                                  int64_t size, double scale) {
  Head head = makeHead<S>(size, heads, kvHeads, scale, true);
  int64_t row = *index, kv = task * size, group = heads / kvHeads;
  for (int64_t i = 0; i < size; ++i) {
    keys[row * head.keyStride + kv + i] = k[kv + i];
    values[row * head.keyStride + kv + i] = v[kv + i];
  }
  KeyRange range = {*starts, row + 1};
  for (int64_t h = task * group; h < (task + 1) * group; ++h)
    attendBlock(head, q + h * size, keys + kv, values + kv, &range,
                y + h * size, static_cast<Compute<S> *>(nullptr), 0, 1,
                row + 1);
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
      Vector<C> p = exp<C>(load(s) * scale - lse[r * lseStride]);
      for (int64_t l = 0; l < lanes<C>; ++l) {
        int64_t key = begin + j + l;
        p[l] = key >= ranges[r].first && key < ranges[r].last ? p[l] : C(0);
      }
      store(s, p);
      store(d, p * (load(d) - delta[r]) * scale);
    }
}

/// One task is one key head of one window: its keys' gradients sum over all
/// queries of all heads that share it, in order.
template <typename S>
HASHC_INLINE void
attentionGrad(int64_t task, const S *q, const S *k, const S *v,
              const int32_t *starts, const S *y, const Compute<S> *lse,
              const S *dy, S *dq, S *dk, S *dv, int64_t heads, int64_t kvHeads,
              int64_t size, int64_t window, double scale, int64_t causal) {
  using C = Compute<S>;
  Head head = makeHead<S>(size, heads, kvHeads, scale, causal);
  int64_t group = heads / kvHeads, padded = head.padded;
  int64_t row = task / kvHeads * window, kv = task % kvHeads;
  int64_t windowRows = (window + blockRows - 1) / blockRows * blockRows;
  C *dkeys = HASHC_SCRATCH(C, windowRows * padded);
  C *dvalues = HASHC_SCRATCH(C, windowRows * padded);
  C *qb = HASHC_SCRATCH(C, blockRows * padded);
  C *dyb = HASHC_SCRATCH(C, blockRows * padded);
  C *yb = HASHC_SCRATCH(C, blockRows * padded);
  C *dqb = HASHC_SCRATCH(C, blockRows * padded);
  C *kb = HASHC_SCRATCH(C, blockRows * padded);
  C *kt = HASHC_SCRATCH(C, blockRows * padded);
  C *vt = HASHC_SCRATCH(C, blockRows * padded);
  alignas(64) C scores[blockRows * blockRows], gradients[blockRows * blockRows];
  C delta[blockRows];
  KeyRange ranges[blockRows];
  clear(dkeys, windowRows * padded);
  clear(dvalues, windowRows * padded);
  const S *keys = k + row * head.keyStride + kv * size;
  const S *values = v + row * head.keyStride + kv * size;
  for (int64_t h = kv * group; h < (kv + 1) * group; ++h)
    for (int64_t first = 0; first < window; first += blockRows) {
      int64_t rows = smaller(blockRows, window - first), lastKey = 0;
      int64_t at = (row + first) * head.queryStride + h * size;
      gather(q + at, head.queryStride, qb, rows, size, padded);
      gather(dy + at, head.queryStride, dyb, rows, size, padded);
      gather(y + at, head.queryStride, yb, rows, size, padded);
      clear(dqb, rows * padded);
      for (int64_t r = 0; r < rows; ++r) {
        int64_t last = causal ? first + r + 1 : window;
        ranges[r] = {starts[row + first + r], last};
        lastKey = larger(lastKey, last);
        Vector<C> dot{};
        for (int64_t i = 0; i < padded; i += lanes<C>)
          dot += load(dyb + r * padded + i) * load(yb + r * padded + i);
        delta[r] = sum<C>(dot);
      }
      const C *lseOfBlock = lse + (row + first) * heads + h;
      for (int64_t begin = 0; begin < lastKey; begin += blockRows) {
        int64_t count = smaller(blockRows, lastKey - begin);
        gather(keys + begin * head.keyStride, head.keyStride, kb, count, size,
               padded);
        gatherTransposed(keys + begin * head.keyStride, head.keyStride, kt,
                         count, size);
        gatherTransposed(values + begin * head.keyStride, head.keyStride, vt,
                         count, size);
        clear(scores, rows * blockRows);
        clear(gradients, rows * blockRows);
        multiply(qb, padded, 1, kt, blockRows, scores, blockRows, rows,
                 blockRows, size);
        multiply(dyb, padded, 1, vt, blockRows, gradients, blockRows, rows,
                 blockRows, size);
        scoreGradients(scores, gradients, rows, ranges, lseOfBlock, heads,
                       delta, begin, C(scale));
        multiply(gradients, blockRows, 1, kb, padded, dqb, padded, rows, padded,
                 count);
        multiply(gradients, 1, blockRows, qb, padded, dkeys + begin * padded,
                 padded, count, padded, rows);
        multiply(scores, 1, blockRows, dyb, padded, dvalues + begin * padded,
                 padded, count, padded, rows);
      }
      scatter(dqb, padded, dq + at, head.queryStride, rows, size);
    }
  int64_t at = row * head.keyStride + kv * size;
  scatter(dkeys, padded, dk + at, head.keyStride, window, size);
  scatter(dvalues, padded, dv + at, head.keyStride, window, size);
}

} // namespace

#define HASHC_INSTANCE(S, NAME)                                                \
  extern "C" void hash_attention_##NAME(                                       \
      int64_t task, const S *q, const S *k, const S *v, const int32_t *starts, \
      S *y, Compute<S> *lse, int64_t heads, int64_t kvHeads, int64_t size,     \
      int64_t window, double scale, int64_t causal) {                          \
    attention<S>(task, q, k, v, starts, y, lse, heads, kvHeads, size, window,  \
                 scale, causal);                                               \
  }                                                                            \
  extern "C" void hash_attention_decode_##NAME(                                \
      int64_t task, const S *q, const S *k, const S *v, const int32_t *starts, \
      const int32_t *index, S *y, S *keys, S *values, int64_t heads,           \
      int64_t kvHeads, int64_t size, double scale) {                           \
    attentionDecode<S>(task, q, k, v, starts, index, y, keys, values, heads,   \
                       kvHeads, size, scale);                                  \
  }                                                                            \
  extern "C" void hash_attention_grad_##NAME(                                  \
      int64_t task, const S *q, const S *k, const S *v, const int32_t *starts, \
      const S *y, const Compute<S> *lse, const S *dy, S *dq, S *dk, S *dv,     \
      int64_t heads, int64_t kvHeads, int64_t size, int64_t window,            \
      double scale, int64_t causal) {                                          \
    attentionGrad<S>(task, q, k, v, starts, y, lse, dy, dq, dk, dv, heads,     \
                     kvHeads, size, window, scale, causal);                    \
  }
HASHC_INSTANCE(float, f32)
HASHC_INSTANCE(double, f64)
HASHC_INSTANCE(bf16, bf16)
