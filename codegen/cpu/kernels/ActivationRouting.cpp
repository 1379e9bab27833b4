//===- ActivationRouting.cpp - Routers that read activations -*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Math.h"
#include "Mix.h"

using namespace hashc::kernels;

//===----------------------------------------------------------------------===//
// Choosing
//===----------------------------------------------------------------------===//

/// NaN is no better than anything.
template <typename C> static HASHC_INLINE C getRank(C score) {
  return __builtin_isnan(score) ? -C(__builtin_inf()) : score;
}

/// The best of what comes after expert `last`, of score `bound`, where larger
/// scores and then lower numbers come first.
template <typename C>
static HASHC_INLINE int32_t findNext(const C *row, int64_t experts, C bound,
                                     int64_t last) {
  int32_t best = -1;
  C most = 0;
  for (int64_t e = 0; e < experts; ++e) {
    C score = getRank(row[e]);
    bool isLeft = score < bound || (score == bound && e > last);
    if (isLeft && (best < 0 || score > most)) {
      best = int32_t(e);
      most = score;
    }
  }
  return best;
}

template <typename C>
static HASHC_INLINE void
topChoices(int64_t task, const C *scores, int32_t *choices, int64_t rows,
           int64_t experts, int64_t k, int64_t taskRows) {
  int64_t end = smaller(rows, (task + 1) * taskRows);
  for (int64_t r = task * taskRows; r < end; ++r) {
    const C *row = scores + r * experts;
    C bound = C(__builtin_inf());
    int64_t last = -1;
    for (int64_t j = 0; j < k; ++j) {
      last = choices[r * k + j] = findNext(row, experts, bound, last);
      bound = getRank(row[last]);
    }
  }
}

/// Calls `body(slot)` for every slot of a live row that has a choice.
template <typename Body>
static HASHC_INLINE void forEachChoice(const int32_t *choices,
                                       const int32_t *tokens, int64_t rows,
                                       int64_t k, Body body) {
  for (int64_t slot = 0; slot < rows * k; ++slot)
    if (tokens[slot / k] >= 0 && choices[slot] >= 0)
      body(slot);
}

extern "C" void hash_limit_capacity(int64_t, const int32_t *choices,
                                    const int32_t *tokens, int32_t *result,
                                    int32_t *kept, int64_t rows, int64_t k,
                                    int64_t experts, double capacity) {
  double most = __builtin_ceil(double(countLive(tokens, rows)) * capacity /
                               double(experts));
  for (int64_t e = 0; e < experts; ++e)
    kept[e] = 0;
  for (int64_t slot = 0; slot < rows * k; ++slot)
    result[slot] = -1;
  forEachChoice(choices, tokens, rows, k, [&](int64_t slot) {
    int64_t expert = choices[slot];
    if (expert >= experts)
      hash_rt_error(1, expert, experts);
    if (double(kept[expert]) < most) {
      ++kept[expert];
      result[slot] = int32_t(expert);
    }
  });
}

/// Element i times 1 - amount + 2 amount u, u uniform in [0, 1).
template <typename S>
static HASHC_INLINE void jitter(int64_t task, const S *x, const int64_t *seed,
                                S *y, int64_t size, double amount,
                                int64_t stream, int64_t taskSize) {
  using C = Compute<S>;
  uint64_t key = absorb(absorb(0, uint64_t(*seed)), uint64_t(stream));
  int64_t end = smaller(size, (task + 1) * taskSize);
  for (int64_t i = task * taskSize; i < end; ++i) {
    double u = double(finish(absorb(key, uint64_t(i)))) * 0x1p-63;
    write(y + i, read(x + i) * C(1.0 - amount + 2.0 * amount * u));
  }
}

//===----------------------------------------------------------------------===//
// Balance
//===----------------------------------------------------------------------===//

template <typename C>
static HASHC_INLINE void
expertLoad(const int32_t *choices, const int32_t *tokens, C *load, int64_t rows,
           int64_t k, int64_t experts, int64_t share) {
  for (int64_t e = 0; e < experts; ++e)
    load[e] = 0;
  int64_t total = 0;
  forEachChoice(choices, tokens, rows, k, [&](int64_t slot) {
    int64_t expert = choices[slot];
    if (expert >= experts)
      hash_rt_error(1, expert, experts);
    load[expert] += C(1);
    ++total;
  });
  if (share && total > 0)
    for (int64_t e = 0; e < experts; ++e)
      load[e] /= C(total);
}

/// What the experts' shares add up to, each counted as the row counts it.
template <typename C>
static HASHC_INLINE C sumShares(const C *row, const C *shares, int64_t experts,
                                C lse) {
  return sumOverRow<C>(experts, [&](int64_t i, int64_t n) {
    return exp<C>(loadUpTo(row + i, n) - lse) * loadUpTo(shares + i, n);
  });
}

template <typename C>
static HASHC_INLINE void balanceLoss(int64_t task, const C *logits,
                                     const C *shares, const int32_t *tokens,
                                     C *losses, int64_t rows, int64_t experts,
                                     C weight, int64_t taskRows) {
  int64_t end = smaller(rows, (task + 1) * taskRows);
  for (int64_t r = task * taskRows; r < end; ++r) {
    const C *row = logits + r * experts;
    losses[r] = tokens[r] < 0 ? C(0)
                              : weight * C(experts) *
                                    sumShares(row, shares, experts,
                                              logSumExp(row, experts));
  }
}

/// Writes `flow * softmax(row) * map(i, n)`.
template <typename C, typename Map>
static HASHC_INLINE void writeFlow(const C *row, C *out, int64_t experts, C lse,
                                   C flow, Map map) {
  forEachVector<C>(experts, [&](int64_t i, int64_t n) {
    storeUpTo(out + i, flow * exp<C>(loadUpTo(row + i, n) - lse) * map(i, n),
              n);
  });
}

template <typename C> static HASHC_INLINE void clear(C *out, int64_t size) {
  forEachVector<C>(
      size, [&](int64_t i, int64_t n) { storeUpTo(out + i, Vector<C>{}, n); });
}

template <typename C>
static HASHC_INLINE void
balanceLossGrad(int64_t task, const C *logits, const C *shares,
                const C *dlosses, const int32_t *tokens, C *dlogits,
                int64_t rows, int64_t experts, C weight, int64_t taskRows) {
  int64_t end = smaller(rows, (task + 1) * taskRows);
  for (int64_t r = task * taskRows; r < end; ++r) {
    const C *row = logits + r * experts;
    C *out = dlogits + r * experts;
    if (tokens[r] < 0) {
      clear(out, experts);
      continue;
    }
    C lse = logSumExp(row, experts);
    C mean = sumShares(row, shares, experts, lse);
    writeFlow(
        row, out, experts, lse, dlosses[r] * weight * C(experts),
        [&](int64_t i, int64_t n) { return loadUpTo(shares + i, n) - mean; });
  }
}

template <typename C>
static HASHC_INLINE void zLoss(int64_t task, const C *logits,
                               const int32_t *tokens, C *losses, int64_t rows,
                               int64_t experts, C weight, int64_t taskRows) {
  int64_t end = smaller(rows, (task + 1) * taskRows);
  for (int64_t r = task * taskRows; r < end; ++r) {
    C lse = tokens[r] < 0 ? C(0) : logSumExp(logits + r * experts, experts);
    losses[r] = weight * lse * lse;
  }
}

template <typename C>
static HASHC_INLINE void zLossGrad(int64_t task, const C *logits,
                                   const C *dlosses, const int32_t *tokens,
                                   C *dlogits, int64_t rows, int64_t experts,
                                   C weight, int64_t taskRows) {
  int64_t end = smaller(rows, (task + 1) * taskRows);
  for (int64_t r = task * taskRows; r < end; ++r) {
    const C *row = logits + r * experts;
    C *out = dlogits + r * experts;
    if (tokens[r] < 0) {
      clear(out, experts);
      continue;
    }
    C lse = logSumExp(row, experts);
    writeFlow(row, out, experts, lse, dlosses[r] * C(2) * weight * lse,
              [](int64_t, int64_t) { return splat<C>(C(1)); });
  }
}

/// Experts below the mean load gain, those above lose.
template <typename C>
static HASHC_INLINE void balanceBias(C *bias, C *load, int64_t experts,
                                     double rate) {
  double total = 0;
  for (int64_t e = 0; e < experts; ++e)
    total += double(load[e]);
  for (int64_t e = 0; e < experts; ++e) {
    double over = double(load[e]) * double(experts) - total;
    bias[e] += C(over < 0 ? rate : over > 0 ? -rate : 0.0);
    load[e] = 0;
  }
}

#define HASHC_INSTANCE(C, NAME)                                                \
  extern "C" void hash_top_choices_##NAME(                                     \
      int64_t task, const C *scores, int32_t *choices, int64_t rows,           \
      int64_t experts, int64_t k, int64_t taskRows) {                          \
    topChoices<C>(task, scores, choices, rows, experts, k, taskRows);          \
  }                                                                            \
  extern "C" void hash_balance_bias_##NAME(int64_t, C *bias, C *load,          \
                                           int64_t experts, double rate) {     \
    balanceBias<C>(bias, load, experts, rate);                                 \
  }                                                                            \
  extern "C" void hash_expert_load_##NAME(                                     \
      int64_t, const int32_t *choices, const int32_t *tokens, C *load,         \
      int64_t rows, int64_t k, int64_t experts, int64_t share) {               \
    expertLoad<C>(choices, tokens, load, rows, k, experts, share);             \
  }                                                                            \
  extern "C" void hash_balance_loss_##NAME(                                    \
      int64_t task, const C *logits, const C *shares, const int32_t *tokens,   \
      C *losses, int64_t rows, int64_t experts, double weight,                 \
      int64_t taskRows) {                                                      \
    balanceLoss<C>(task, logits, shares, tokens, losses, rows, experts,        \
                   C(weight), taskRows);                                       \
  }                                                                            \
  extern "C" void hash_balance_loss_grad_##NAME(                               \
      int64_t task, const C *logits, const C *shares, const C *dlosses,        \
      const int32_t *tokens, C *dlogits, int64_t rows, int64_t experts,        \
      double weight, int64_t taskRows) {                                       \
    balanceLossGrad<C>(task, logits, shares, dlosses, tokens, dlogits, rows,   \
                       experts, C(weight), taskRows);                          \
  }                                                                            \
  extern "C" void hash_z_loss_##NAME(                                          \
      int64_t task, const C *logits, const int32_t *tokens, C *losses,         \
      int64_t rows, int64_t experts, double weight, int64_t taskRows) {        \
    zLoss<C>(task, logits, tokens, losses, rows, experts, C(weight),           \
             taskRows);                                                        \
  }                                                                            \
  extern "C" void hash_z_loss_grad_##NAME(                                     \
      int64_t task, const C *logits, const C *dlosses, const int32_t *tokens,  \
      C *dlogits, int64_t rows, int64_t experts, double weight,                \
      int64_t taskRows) {                                                      \
    zLossGrad<C>(task, logits, dlosses, tokens, dlogits, rows, experts,        \
                 C(weight), taskRows);                                         \
  }
HASHC_INSTANCE(float, f32)
HASHC_INSTANCE(double, f64)
#undef HASHC_INSTANCE

#define HASHC_INSTANCE(S, NAME)                                                \
  extern "C" void hash_jitter_##NAME(                                          \
      int64_t task, const S *x, const int64_t *seed, S *y, int64_t size,       \
      double amount, int64_t stream, int64_t taskSize) {                       \
    jitter<S>(task, x, seed, y, size, amount, stream, taskSize);               \
  }
HASHC_INSTANCE(float, f32)
HASHC_INSTANCE(double, f64)
HASHC_INSTANCE(bf16, bf16)
