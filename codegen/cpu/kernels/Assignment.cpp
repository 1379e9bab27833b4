//===- Assignment.cpp - Choices with regard to all rows -*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Math.h"

using namespace hashc::kernels;

//===----------------------------------------------------------------------===//
// Rows bid for experts
//===----------------------------------------------------------------------===//

namespace {

/// Scores beyond this are no numbers to measure by: differences of the others
/// are finite.
constexpr double kLargestScore = 1e300;
/// The auction counts in whole numbers, up to this for the largest score. So
/// its sums are exact, and what is a tie stays one: rows that are alike make
/// many, and rounding must not decide them.
constexpr double kUnits = 0x1p40;

/// An auction of the places of experts among rows (Bertsekas and Castanon 1989:
/// places of one expert are alike, and cost what the cheapest of them costs).
/// A row bids for its best expert as much more than the price as it loses by
/// going to its second best, and `epsilon`. When an expert is full, the lowest
/// bid leaves and bids anew: prices rise by epsilon or more, so this ends.
template <typename C> struct Auction {
  const C *scores;
  int32_t *choices;
  double *prices, *bids;
  /// The rows that an expert holds, a heap with the lowest bid on top; -1
  /// behind them.
  int32_t *held;
  int64_t experts, live;
  double epsilon = 1, low = 0, high = 0;

  HASHC_INLINE double getScore(int64_t row, int64_t expert) const {
    return double(scores[row * experts + expert]);
  }
  /// NaN and what is below every finite score count as the lowest of these.
  HASHC_INLINE double getUnits(int64_t row, int64_t expert) const {
    double score = getScore(row, expert);
    if (!(score > low))
      return 0;
    return score < high ? __builtin_rint((score - low) / (high - low) * kUnits)
                        : kUnits;
  }
  /// Sets the units between the lowest and the highest finite score.
  HASHC_INLINE void measure(const int32_t *tokens, int64_t rows,
                            double tolerance) {
    bool isFirst = true;
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t e = 0; tokens[r] >= 0 && e < countOpen(); ++e) {
        double score = getScore(r, e);
        if (!(__builtin_fabs(score) < kLargestScore))
          continue;
        low = isFirst || score < low ? score : low;
        high = isFirst || score > high ? score : high;
        isFirst = false;
      }
    epsilon = __builtin_ceil(tolerance * kUnits);
  }
  HASHC_INLINE int64_t begin(int64_t expert) const {
    return expert * (live / experts) + smaller(expert, live % experts);
  }
  HASHC_INLINE int64_t size(int64_t expert) const {
    return begin(expert + 1) - begin(expert);
  }
  /// Those with a place: the first ones, where there are few rows.
  HASHC_INLINE int64_t countOpen() const { return smaller(experts, live); }

  /// Of equal bids that of the later row leaves first.
  HASHC_INLINE bool isLower(int32_t a, int32_t b) const {
    return bids[a] < bids[b] || (bids[a] == bids[b] && a > b);
  }
  HASHC_INLINE void siftUp(int32_t *heap, int64_t i) {
    while (i > 0 && isLower(heap[i], heap[(i - 1) / 2])) {
      swap(heap[i], heap[(i - 1) / 2]);
      i = (i - 1) / 2;
    }
  }
  HASHC_INLINE void siftDown(int32_t *heap, int64_t count) {
    for (int64_t i = 0, child = 1; child < count; child = 2 * i + 1) {
      if (child + 1 < count && isLower(heap[child + 1], heap[child]))
        ++child;
      if (!isLower(heap[child], heap[i]))
        return;
      swap(heap[child], heap[i]);
      i = child;
    }
  }
  static HASHC_INLINE void swap(int32_t &a, int32_t &b) {
    int32_t old = a;
    a = b;
    b = old;
  }

  /// The expert a row bids for; writes the bid.
  HASHC_INLINE int64_t bid(int64_t row) {
    int64_t best = 0, open = countOpen();
    double most = getUnits(row, 0) - prices[0], second = 0;
    for (int64_t e = 1; e < open; ++e) {
      double value = getUnits(row, e) - prices[e];
      if (value > most) {
        second = most;
        most = value;
        best = e;
      } else if (e == 1 || value > second) {
        second = value;
      }
    }
    bids[row] = prices[best] + (open > 1 ? most - second : 0.0) + epsilon;
    return best;
  }

  /// Gives the row a place, and takes that of the row it returns, or of none
  /// (-1).
  HASHC_INLINE int32_t take(int64_t row, int64_t expert) {
    int32_t *heap = held + begin(expert);
    int64_t places = size(expert), count = countHeld(heap, places);
    int32_t evicted = -1;
    choices[row] = int32_t(expert);
    if (count < places) {
      heap[count] = int32_t(row);
      siftUp(heap, count++);
    } else {
      evicted = heap[0];
      heap[0] = int32_t(row);
      siftDown(heap, count);
    }
    if (count == places)
      prices[expert] = bids[heap[0]];
    return evicted;
  }
  static HASHC_INLINE int64_t countHeld(const int32_t *heap, int64_t places) {
    int64_t low = 0, high = places;
    while (low < high) {
      int64_t middle = (low + high) / 2;
      if (heap[middle] >= 0)
        low = middle + 1;
      else
        high = middle;
    }
    return low;
  }
};

} // namespace

template <typename C>
static HASHC_INLINE void
balancedChoices(const C *scores, const int32_t *tokens, int32_t *choices,
                double *prices, double *bids, int32_t *held, int64_t rows,
                int64_t experts, double tolerance) {
  Auction<C> auction{
      scores, choices, prices, bids, held, experts, countLive(tokens, rows)};
  auction.measure(tokens, rows, tolerance);
  for (int64_t r = 0; r < rows; ++r) {
    choices[r] = held[r] = -1;
    bids[r] = 0;
  }
  for (int64_t e = 0; e < experts; ++e)
    prices[e] = 0;
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t row = tokens[r] < 0 ? -1 : r; row >= 0;)
      row = auction.take(row, auction.bid(row));
}

//===----------------------------------------------------------------------===//
// Experts take rows
//===----------------------------------------------------------------------===//

namespace {

/// Experts of a task; LibraryKernels.cpp cuts them so.
constexpr int64_t kTaskExperts = 16;

template <typename C> struct KeyOf;
template <> struct KeyOf<float> {
  using type = uint32_t;
};
template <> struct KeyOf<double> {
  using type = uint64_t;
};

} // namespace

/// An integer as large as the score is, compared with those of other scores:
/// NaN is as low as minus infinity, and both zeros are one.
template <typename C>
static HASHC_INLINE typename KeyOf<C>::type getKey(C score) {
  using Key = typename KeyOf<C>::type;
  constexpr Key sign = Key(1) << (8 * sizeof(Key) - 1);
  C value = __builtin_isnan(score) ? -C(__builtin_inf()) : score + C(0);
  Key bits = __builtin_bit_cast(Key, value);
  return bits & sign ? ~bits : bits | sign;
}

/// Calls `body(row, key of column 0, ...)` for the live rows.
template <typename C, typename Body>
static HASHC_INLINE void forEachKey(const C *scores, const int32_t *tokens,
                                    int64_t rows, int64_t experts,
                                    int64_t columns, Body body) {
  for (int64_t r = 0; r < rows; ++r)
    if (tokens[r] >= 0)
      for (int64_t i = 0; i < columns; ++i)
        body(r, i, getKey(scores[r * experts + i]));
}

/// The key of the row that comes last among the `most` best ones of each
/// column, one bit after the other: the largest number that so many reach.
template <typename C, typename Key>
static HASHC_INLINE void findLeast(const C *scores, const int32_t *tokens,
                                   int64_t rows, int64_t experts,
                                   int64_t columns, int64_t most, Key *least) {
  for (int64_t i = 0; i < columns; ++i)
    least[i] = 0;
  for (Key bit = Key(1) << (8 * sizeof(Key) - 1); bit != 0; bit >>= 1) {
    int32_t count[kTaskExperts] = {};
    forEachKey(scores, tokens, rows, experts, columns,
               [&](int64_t, int64_t i, Key key) {
                 count[i] += key >= (least[i] | bit);
               });
    for (int64_t i = 0; i < columns; ++i)
      least[i] |= count[i] >= most ? bit : Key(0);
  }
}

template <typename C>
static HASHC_INLINE void logShares(int64_t task, const C *logits, C *result,
                                   int64_t rows, int64_t experts,
                                   int64_t taskRows) {
  int64_t end = smaller(rows, (task + 1) * taskRows);
  for (int64_t r = task * taskRows; r < end; ++r) {
    const C *row = logits + r * experts;
    C lse = logSumExp(row, experts);
    forEachVector<C>(experts, [&](int64_t i, int64_t n) {
      storeUpTo(result + r * experts + i, loadUpTo(row + i, n) - lse, n);
    });
  }
}

template <typename C>
static HASHC_INLINE void expertChoices(int64_t task, const C *scores,
                                       const int32_t *tokens, int32_t *choices,
                                       int64_t rows, int64_t experts,
                                       double capacity) {
  using Key = typename KeyOf<C>::type;
  int64_t first = task * kTaskExperts;
  int64_t columns = smaller(experts - first, kTaskExperts);
  int64_t live = countLive(tokens, rows);
  double share = __builtin_ceil(double(live) * capacity / double(experts));
  int64_t most = share < double(live) ? int64_t(share) : live;
  scores += first;
  choices += first;
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t i = 0; i < columns; ++i)
      choices[r * experts + i] = -1;
  Key least[kTaskExperts];
  findLeast(scores, tokens, rows, experts, columns, most, least);
  // Those above it are in, and of those at it the first ones.
  int64_t room[kTaskExperts];
  for (int64_t i = 0; i < columns; ++i)
    room[i] = most;
  forEachKey(scores, tokens, rows, experts, columns,
             [&](int64_t, int64_t i, Key key) { room[i] -= key > least[i]; });
  forEachKey(scores, tokens, rows, experts, columns,
             [&](int64_t r, int64_t i, Key key) {
               if (key > least[i] || (key == least[i] && room[i]-- > 0))
                 choices[r * experts + i] = int32_t(first + i);
             });
}

#define HASHC_INSTANCE(C, NAME)                                                \
  extern "C" void hash_balanced_choices_##NAME(                                \
      int64_t, const C *scores, const int32_t *tokens, int32_t *choices,       \
      double *prices, double *bids, int32_t *held, int64_t rows,               \
      int64_t experts, double tolerance) {                                     \
    balancedChoices<C>(scores, tokens, choices, prices, bids, held, rows,      \
                       experts, tolerance);                                    \
  }                                                                            \
  extern "C" void hash_log_shares_##NAME(int64_t task, const C *logits,        \
                                         C *result, int64_t rows,              \
                                         int64_t experts, int64_t taskRows) {  \
    logShares<C>(task, logits, result, rows, experts, taskRows);               \
  }                                                                            \
  extern "C" void hash_expert_choices_##NAME(                                  \
      int64_t task, const C *scores, const int32_t *tokens, int32_t *choices,  \
      int64_t rows, int64_t experts, double capacity) {                        \
    expertChoices<C>(task, scores, tokens, choices, rows, experts, capacity);  \
  }
HASHC_INSTANCE(float, f32)
HASHC_INSTANCE(double, f64)
#undef HASHC_INSTANCE
