//===- Loss.cpp - Cross entropy over the vocabulary -*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Math.h"
#include "Team.h"

using namespace hashc::kernels;

template <typename S>
static HASHC_INLINE void
crossEntropy(int64_t task, const S *logits, const int32_t *targets,
             Compute<S> *losses, Compute<S> *lse, int64_t rows, int64_t vocab,
             int64_t taskRows) {
  int64_t end = smaller(rows, (task + 1) * taskRows);
  forEachRow(task * taskRows, end, [&](int64_t r) {
    const S *row = logits + r * vocab;
    Compute<S> total = logSumExp<S, RowOfTeam>(row, vocab);
    int32_t target = targets[r];
    if (target < -1 || target >= vocab)
      hash_rt_error(3, target, vocab);
    if (!isFirstOfRow())
      return;
    lse[r] = total;
    losses[r] = target < 0 ? Compute<S>(0) : total - read(row + target);
  });
}

template <typename S>
static HASHC_INLINE void
crossEntropyGrad(int64_t task, const S *logits, const int32_t *targets,
                 const Compute<S> *lse, const Compute<S> *dlosses, S *dlogits,
                 int64_t rows, int64_t vocab, int64_t taskRows) {
  using C = Compute<S>;
  int64_t end = smaller(rows, (task + 1) * taskRows);
  forEachRow(task * taskRows, end, [&](int64_t r) {
    int32_t target = targets[r];
    C d = target < 0 ? C(0) : dlosses[r];
    const S *row = logits + r * vocab;
    S *out = dlogits + r * vocab;
    // The logits may be overwritten: what the target needs is read first.
    C atTarget = target < 0 ? C(0) : read(row + target);
    finishPartsOfRow();
    forEachPart<C>(vocab, [&](int64_t i, int64_t n) {
      Vector<C> p =
          target < 0 ? Vector<C>{} : exp<C>(loadUpTo(row + i, n) - lse[r]) * d;
      storeUpTo(out + i, p, n);
    });
    finishPartsOfRow();
    if (target >= 0 && isFirstOfRow())
      write(out + target, (exp<C>(splat<C>(atTarget - lse[r]))[0] - C(1)) * d);
  });
}

#define HASHC_INSTANCE(S, NAME)                                                \
  HASHC_TEAM hash_cross_entropy_##NAME(                                        \
      int64_t task, const S *logits, const int32_t *targets,                   \
      Compute<S> *losses, Compute<S> *lse, int64_t rows, int64_t vocab,        \
      int64_t taskRows) {                                                      \
    crossEntropy<S>(task, logits, targets, losses, lse, rows, vocab,           \
                    taskRows);                                                 \
  }                                                                            \
  HASHC_TEAM hash_cross_entropy_grad_##NAME(                                   \
      int64_t task, const S *logits, const int32_t *targets,                   \
      const Compute<S> *lse, const Compute<S> *dlosses, S *dlogits,            \
      int64_t rows, int64_t vocab, int64_t taskRows) {                         \
    crossEntropyGrad<S>(task, logits, targets, lse, dlosses, dlogits, rows,    \
                        vocab, taskRows);                                      \
  }
HASHC_INSTANCE(float, f32)
HASHC_INSTANCE(double, f64)
HASHC_INSTANCE(bf16, bf16)
