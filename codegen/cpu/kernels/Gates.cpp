//===- Gates.cpp - Learned weights of chosen experts -*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// A token has few choices, so all but sums over experts and features is one
// number at a time. Weights that are normalised are computed from logarithms of
// scores: these have no smallest number, so the sum is never zero.
//
//===----------------------------------------------------------------------===//

#include "Math.h"

using namespace hashc::kernels;

namespace {

/// The numbers of hash::GateKind.
enum Kind : int64_t { sqrtSoftplus, sigmoid, softmax };

/// The plan's buffer, as the gate of a token reads it.
struct Choices {
  const int32_t *plan;
  int64_t tokens, k, experts;

  int32_t getLive() const { return plan[experts]; }
  /// The last expert whose rows begin at or before the position.
  HASHC_INLINE int64_t findExpert(int32_t position) const {
    int64_t low = 0, high = experts;
    while (low < high) {
      int64_t middle = (low + high) / 2;
      if (plan[middle + 1] <= position)
        low = middle + 1;
      else
        high = middle;
    }
    return low;
  }
  /// Calls `body(position, expert)` for the live choices of a token, in order.
  template <typename Body>
  HASHC_INLINE void forEachLive(int64_t token, Body body) const {
    const int32_t *positions = plan + experts + 1 + tokens * k + token * k;
    for (int64_t j = 0; j < k; ++j)
      if (positions[j] < getLive())
        body(positions[j], findExpert(positions[j]));
  }
  template <typename C>
  HASHC_INLINE void clearDead(int64_t token, C *weights) const {
    const int32_t *positions = plan + experts + 1 + tokens * k + token * k;
    for (int64_t j = 0; j < k; ++j)
      if (positions[j] >= getLive())
        weights[positions[j]] = 0;
  }
};

} // namespace

/// log(1 + exp(z)), without overflow and as precise as z where it is tiny.
template <typename C> static HASHC_INLINE Vector<C> softplus(Vector<C> z) {
  return larger<C>(z, Vector<C>{}) + log1p<C>(exp<C>(-absolute<C>(z)));
}

template <typename C> static HASHC_INLINE Vector<C> logistic(Vector<C> z) {
  Vector<C> one = splat<C>(C(1)), e = exp<C>(-absolute<C>(z));
  return select<C>(z < Vector<C>{}, e, one) / (one + e);
}

/// Below this, softplus is exp to the last bit of float and double.
constexpr int kExponential = -40;

/// What a logit counts; `lse` is that of its row.
template <typename C>
static HASHC_INLINE C getScore(int64_t kind, C logit, C lse) {
  Vector<C> z = splat<C>(logit);
  if (kind == sigmoid)
    return logistic<C>(z)[0];
  if (kind == softmax)
    return exp<C>(z - lse)[0];
  return squareRoot<C>(softplus<C>(z))[0];
}

/// The logarithm of the score, up to what all experts have in common.
template <typename C> static HASHC_INLINE C getLogScore(int64_t kind, C logit) {
  Vector<C> z = splat<C>(logit);
  if (kind == sigmoid)
    return -softplus<C>(-z)[0];
  if (kind == softmax)
    return logit;
  return C(0.5) * (logit < C(kExponential) ? logit : log<C>(softplus<C>(z))[0]);
}

/// The derivative of getLogScore.
template <typename C> static HASHC_INLINE C getLogSlope(int64_t kind, C logit) {
  Vector<C> z = splat<C>(logit);
  if (kind == sigmoid)
    return logistic<C>(-z)[0];
  if (kind == softmax)
    return 1;
  return C(0.5) * (logit < C(kExponential)
                       ? C(1)
                       : logistic<C>(z)[0] / softplus<C>(z)[0]);
}

/// Scores in proportion, with the largest taken out first.
template <typename C>
static HASHC_INLINE void normalizeRow(const Choices &choices, int64_t token,
                                      const C *row, C *weights, int64_t kind,
                                      C scale) {
  C most = -C(__builtin_inf()), total = 0;
  choices.forEachLive(token, [&](int64_t position, int64_t expert) {
    C score = weights[position] = getLogScore<C>(kind, row[expert]);
    most = score > most ? score : most;
  });
  choices.forEachLive(token, [&](int64_t position, int64_t) {
    C share = exp<C>(splat<C>(weights[position] - most))[0];
    total += weights[position] = share;
  });
  C factor = scale / total;
  choices.forEachLive(
      token, [&](int64_t position, int64_t) { weights[position] *= factor; });
}

template <typename C>
static HASHC_INLINE void gate(int64_t task, const C *logits,
                              const int32_t *plan, C *weights, int64_t tokens,
                              int64_t k, int64_t experts, int64_t kind,
                              int64_t normalize, C scale, int64_t taskRows) {
  Choices choices{plan, tokens, k, experts};
  int64_t end = smaller(tokens, (task + 1) * taskRows);
  for (int64_t t = task * taskRows; t < end; ++t) {
    const C *row = logits + t * experts;
    choices.clearDead(t, weights);
    if (normalize) {
      normalizeRow<C>(choices, t, row, weights, kind, scale);
      continue;
    }
    C lse = kind == softmax ? logSumExp(row, experts) : C(0);
    choices.forEachLive(t, [&](int64_t position, int64_t expert) {
      weights[position] = scale * getScore<C>(kind, row[expert], lse);
    });
  }
}

/// `share` of every expert's softmax, taken away.
template <typename C>
static HASHC_INLINE void subtractSoftmax(const C *row, C *out, int64_t experts,
                                         C share) {
  C lse = logSumExp(row, experts);
  forEachVector<C>(experts, [&](int64_t i, int64_t n) {
    storeUpTo(out + i,
              loadUpTo(out + i, n) - exp<C>(loadUpTo(row + i, n) - lse) * share,
              n);
  });
}

/// dw/dz is the weight times the slope of its logarithm, less what the weight
/// loses by every rise of the sum.
template <typename C>
static HASHC_INLINE void
gateGrad(int64_t task, const C *logits, const C *weights, const C *dweights,
         const int32_t *plan, C *dlogits, int64_t tokens, int64_t k,
         int64_t experts, int64_t kind, int64_t normalize, C scale,
         int64_t taskRows) {
  Choices choices{plan, tokens, k, experts};
  int64_t end = smaller(tokens, (task + 1) * taskRows);
  for (int64_t t = task * taskRows; t < end; ++t) {
    const C *row = logits + t * experts;
    C *out = dlogits + t * experts;
    forEachVector<C>(experts, [&](int64_t i, int64_t n) {
      storeUpTo(out + i, Vector<C>{}, n);
    });
    // A share is 1 to the bit where there is one choice.
    C total = 0, whole = normalize ? scale : C(1);
    choices.forEachLive(t, [&](int64_t position, int64_t) {
      total += weights[position] / whole * dweights[position];
    });
    C mean = normalize ? total : C(0);
    choices.forEachLive(t, [&](int64_t position, int64_t expert) {
      out[expert] += weights[position] * (dweights[position] - mean) *
                     getLogSlope<C>(kind, row[expert]);
    });
    // Without a live choice nothing flows, whatever the logits are.
    if (kind == softmax && !normalize && total != 0)
      subtractSoftmax<C>(row, out, experts, total);
  }
}

template <typename S>
static HASHC_INLINE void weighGrad(int64_t task, const S *x, const S *dy,
                                   Compute<S> *dweights, int64_t rows,
                                   int64_t width, int64_t taskRows) {
  using C = Compute<S>;
  int64_t end = smaller(rows, (task + 1) * taskRows);
  for (int64_t r = task * taskRows; r < end; ++r)
    dweights[r] = sumOverRow<C>(width, [&](int64_t i, int64_t n) {
      return loadUpTo(x + r * width + i, n) * loadUpTo(dy + r * width + i, n);
    });
}

#define HASHC_INSTANCE(C, NAME)                                                \
  extern "C" void hash_gate_##NAME(                                            \
      int64_t task, const C *logits, const int32_t *plan, C *weights,          \
      int64_t tokens, int64_t k, int64_t experts, int64_t kind,                \
      int64_t normalize, double scale, int64_t taskRows) {                     \
    gate<C>(task, logits, plan, weights, tokens, k, experts, kind, normalize,  \
            C(scale), taskRows);                                               \
  }                                                                            \
  extern "C" void hash_gate_grad_##NAME(                                       \
      int64_t task, const C *logits, const C *weights, const C *dweights,      \
      const int32_t *plan, C *dlogits, int64_t tokens, int64_t k,              \
      int64_t experts, int64_t kind, int64_t normalize, double scale,          \
      int64_t taskRows) {                                                      \
    gateGrad<C>(task, logits, weights, dweights, plan, dlogits, tokens, k,     \
                experts, kind, normalize, C(scale), taskRows);                 \
  }
HASHC_INSTANCE(float, f32)
HASHC_INSTANCE(double, f64)
#undef HASHC_INSTANCE

#define HASHC_INSTANCE(S, NAME)                                                \
  extern "C" void hash_weigh_grad_##NAME(                                      \
      int64_t task, const S *x, const S *dy, Compute<S> *dweights,             \
      int64_t rows, int64_t width, int64_t taskRows) {                         \
    weighGrad<S>(task, x, dy, dweights, rows, width, taskRows);                \
  }
HASHC_INSTANCE(float, f32)
HASHC_INSTANCE(double, f64)
HASHC_INSTANCE(bf16, bf16)
