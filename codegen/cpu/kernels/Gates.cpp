//===- Gates.cpp - Learned weights of chosen experts -*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// Scores of a token's choices are computed side by side. Weights that are
// normalised come from logarithms of scores: these have no smallest number, so
// the sum is never zero.
//

#include "Math.h"
#include "Team.h"

using namespace hashc::kernels;

namespace {

/// The numbers of hash::GateKind.
enum Kind : int64_t { sqrtSoftplus, sigmoid, softmax };

/// The plan's buffer, as the gate of a token reads it.
struct Choices {
  const int32_t *plan;
  int64_t k, experts, slots;

  HASHC_INLINE int32_t getPosition(int64_t token, int64_t choice) const {
    return plan[experts + 1 + slots + token * k + choice];
  }
  HASHC_INLINE bool isLive(int32_t position) const {
    return position < plan[experts];
  }
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
  /// Calls `body(position)` for the choices of a token before `end`, in order.
  template <typename Body>
  HASHC_INLINE void forEachBefore(int64_t end, int64_t token, Body body) const {
    for (int64_t j = 0; j < k; ++j)
      if (int32_t position = getPosition(token, j); position < end)
        body(position);
  }
  template <typename Body>
  HASHC_INLINE void forEachLive(int64_t token, Body body) const {
    forEachBefore(plan[experts], token, body);
  }
  /// Calls `store(position, expert, result)` for the live choices of a token
  /// with what `map` makes of a vector of `load(position, expert)`.
  template <typename C, typename Load, typename Map, typename Store>
  HASHC_INLINE void map(int64_t token, Load load, Map map, Store store) const {
    forEachVector<C>(k, [&](int64_t i, int64_t n) {
      int64_t chosen[lanes<C>];
      Vector<C> values{};
      for (int64_t j = 0; j < n; ++j)
        if (int32_t at = getPosition(token, i + j); isLive(at))
          values[j] = load(at, chosen[j] = findExpert(at));
      values = map(values);
      for (int64_t j = 0; j < n; ++j)
        if (int32_t at = getPosition(token, i + j); isLive(at))
          store(at, chosen[j], C(values[j]));
    });
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

/// What logits count; `lse` is that of their row.
template <typename C>
static HASHC_INLINE Vector<C> getScore(int64_t kind, Vector<C> z, C lse) {
  if (kind == sigmoid)
    return logistic<C>(z);
  return kind == softmax ? exp<C>(z - lse) : squareRoot<C>(softplus<C>(z));
}

/// The logarithm of the score, up to what all experts have in common.
template <typename C>
static HASHC_INLINE Vector<C> getLogScore(int64_t kind, Vector<C> z) {
  if (kind == sigmoid)
    return -softplus<C>(-z);
  if (kind == softmax)
    return z;
  return C(0.5) * select<C>(z < C(kExponential), z, log<C>(softplus<C>(z)));
}

/// The derivative of getLogScore.
template <typename C>
static HASHC_INLINE Vector<C> getLogSlope(int64_t kind, Vector<C> z) {
  Vector<C> one = splat<C>(C(1));
  if (kind == sigmoid)
    return logistic<C>(-z);
  if (kind == softmax)
    return one;
  return C(0.5) *
         select<C>(z < C(kExponential), one, logistic<C>(z) / softplus<C>(z));
}

/// Scores in proportion, with the largest taken out first.
template <typename C>
static HASHC_INLINE void normalizeRow(const Choices &choices, int64_t token,
                                      const C *row, C *weights, int64_t kind,
                                      C scale) {
  C most = -C(__builtin_inf()), total = 0;
  choices.map<C>(
      token, [&](int64_t, int64_t expert) { return row[expert]; },
      [&](Vector<C> z) { return getLogScore<C>(kind, z); },
      [&](int64_t position, int64_t, C score) {
        weights[position] = score;
        most = score > most ? score : most;
      });
  choices.map<C>(
      token, [&](int64_t position, int64_t) { return weights[position]; },
      [&](Vector<C> score) { return exp<C>(score - most); },
      [&](int64_t position, int64_t, C share) {
        total += weights[position] = share;
      });
  C factor = scale / total;
  choices.forEachLive(token,
                      [&](int64_t position) { weights[position] *= factor; });
}

template <typename C>
static HASHC_INLINE void
gate(int64_t task, const C *logits, const int32_t *plan, C *weights,
     int64_t tokens, int64_t k, int64_t experts, int64_t slots, int64_t kind,
     int64_t normalize, C scale, int64_t taskRows) {
  Choices choices{plan, k, experts, slots};
  int64_t end = smaller(tokens, (task + 1) * taskRows);
  for (int64_t t = task * taskRows; t < end; ++t) {
    const C *row = logits + t * experts;
    choices.forEachBefore(slots, t,
                          [&](int64_t position) { weights[position] = 0; });
    if (normalize) {
      normalizeRow<C>(choices, t, row, weights, kind, scale);
      continue;
    }
    C lse = kind == softmax ? logSumExp(row, experts) : C(0);
    choices.map<C>(
        t, [&](int64_t, int64_t expert) { return row[expert]; },
        [&](Vector<C> z) { return scale * getScore<C>(kind, z, lse); },
        [&](int64_t position, int64_t, C weight) {
          weights[position] = weight;
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
         int64_t experts, int64_t slots, int64_t kind, int64_t normalize,
         C scale, int64_t taskRows) {
  Choices choices{plan, k, experts, slots};
  int64_t end = smaller(tokens, (task + 1) * taskRows);
  for (int64_t t = task * taskRows; t < end; ++t) {
    const C *row = logits + t * experts;
    C *out = dlogits + t * experts;
    forEachVector<C>(experts, [&](int64_t i, int64_t n) {
      storeUpTo(out + i, Vector<C>{}, n);
    });
    // A share is 1 to the bit where there is one choice.
    C total = 0, whole = normalize ? scale : C(1);
    choices.forEachLive(t, [&](int64_t position) {
      total += weights[position] / whole * dweights[position];
    });
    C mean = normalize ? total : C(0);
    choices.map<C>(
        t, [&](int64_t, int64_t expert) { return row[expert]; },
        [&](Vector<C> z) { return getLogSlope<C>(kind, z); },
        [&](int64_t position, int64_t expert, C slope) {
          out[expert] +=
              weights[position] * (dweights[position] - mean) * slope;
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
  forEachRow(task * taskRows, end, [&](int64_t r) {
    C total = sumOverParts<C>(width, [&](int64_t i, int64_t n) {
      return loadUpTo(x + r * width + i, n) * loadUpTo(dy + r * width + i, n);
    });
    if (isFirstOfRow())
      dweights[r] = total;
  });
}

#define HASHC_INSTANCE(C, NAME)                                                \
  extern "C" void hash_gate_##NAME(                                            \
      int64_t task, const C *logits, const int32_t *plan, C *weights,          \
      int64_t tokens, int64_t k, int64_t experts, int64_t slots, int64_t kind, \
      int64_t normalize, double scale, int64_t taskRows) {                     \
    gate<C>(task, logits, plan, weights, tokens, k, experts, slots, kind,      \
            normalize, C(scale), taskRows);                                    \
  }                                                                            \
  extern "C" void hash_gate_grad_##NAME(                                       \
      int64_t task, const C *logits, const C *weights, const C *dweights,      \
      const int32_t *plan, C *dlogits, int64_t tokens, int64_t k,              \
      int64_t experts, int64_t slots, int64_t kind, int64_t normalize,         \
      double scale, int64_t taskRows) {                                        \
    gateGrad<C>(task, logits, weights, dweights, plan, dlogits, tokens, k,     \
                experts, slots, kind, normalize, C(scale), taskRows);          \
  }
HASHC_INSTANCE(float, f32)
HASHC_INSTANCE(double, f64)
#undef HASHC_INSTANCE

#define HASHC_INSTANCE(S, NAME)                                                \
  HASHC_TEAM hash_weigh_grad_##NAME(int64_t task, const S *x, const S *dy,     \
                                    Compute<S> *dweights, int64_t rows,        \
                                    int64_t width, int64_t taskRows) {         \
    weighGrad<S>(task, x, dy, dweights, rows, width, taskRows);                \
  }
HASHC_INSTANCE(float, f32)
HASHC_INSTANCE(double, f64)
HASHC_INSTANCE(bf16, bf16)
