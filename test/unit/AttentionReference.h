//===- AttentionReference.h - Attention by its definition ------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_TEST_UNIT_ATTENTIONREFERENCE_H
#define HASHC_TEST_UNIT_ATTENTIONREFERENCE_H

#include "LibraryKernelTest.h"

namespace hashc::test {

inline Real dot(const Real *a, const Real *b, int64_t size) {
  Real sum = 0;
  for (int64_t i = 0; i < size; ++i)
    sum += a[i] * b[i];
  return sum;
}

template <typename T> std::vector<Real> widen(const Guarded<T> &buffer) {
  std::vector<Real> values(buffer.size());
  for (int64_t i = 0; i < buffer.size(); ++i)
    values[i] = buffer.at(i);
  return values;
}

/// Also what the sizes of the terms alone add up to.
struct ExpectedSum : Expected {
  explicit ExpectedSum(int64_t size) : Expected(size), terms(size) {}
  void add(int64_t i, Real term, Real sizeOfTerm) {
    value[i] += term;
    size[i] += sizeOfTerm;
    terms[i] += std::fabs(term);
  }
  std::vector<Real> terms;
};

/// Attention by its definition, a row at a time. Shapes say where a head's
/// features are, inputs which rows of keys a row of queries sees.
struct Reference {
  ExpectedSum y;
  Expected lse;

  template <typename Shape, typename Input>
  Reference(const Shape &s, const Input &in)
      : y(s.rows() * s.width()), lse(s.rows() * s.heads) {
    std::vector<Real> q = widen(in.q), k = widen(in.k), v = widen(in.v);
    for (int64_t r = 0; r < s.rows(); ++r)
      for (int64_t h = 0; h < s.heads; ++h) {
        std::vector<Real> scores(s.keys(), -kInfinity);
        int64_t first = r / s.window * s.keys();
        Real peak = -kInfinity, total = 0;
        for (int64_t j = 0; j < s.keys(); ++j)
          if (in.sees(s, r, first + j)) {
            scores[j] = Real(s.scale()) *
                        dot(&q[s.at(r, h)], &k[s.kvAt(first + j, h)], s.size);
            peak = std::max(peak, scores[j]);
          }
        for (Real score : scores)
          total += score > -kInfinity ? std::exp(score - peak) : 0;
        lse.set(r * s.heads + h, peak + std::log(total),
                std::fabs(peak) + std::log(total) + 1);
        for (int64_t i = 0; i < s.size; ++i) {
          for (int64_t j = 0; j < s.keys(); ++j)
            if (scores[j] > -kInfinity) {
              Real p = std::exp(scores[j] - peak) / total;
              Real term = p * v[s.kvAt(first + j, h) + i];
              y.add(s.at(r, h) + i, term,
                    std::fabs(term) * (1 + std::fabs(scores[j] - peak)));
            }
        }
      }
  }
};

/// The gradient by its definition, from the forward pass as it was stored.
struct ReferenceGradient {
  ExpectedSum dq, dk, dv;

  template <typename Shape, typename Input, typename Output, typename S>
  ReferenceGradient(const Shape &s, const Input &in, const Output &out,
                    const Guarded<S> &gradient)
      : dq(s.rows() * s.width()), dk(in.k.size()), dv(in.v.size()),
        q(widen(in.q)), k(widen(in.k)), v(widen(in.v)), y(widen(out.y)),
        dy(widen(gradient)) {
    for (int64_t r = 0; r < s.rows(); ++r)
      for (int64_t h = 0; h < s.heads; ++h)
        for (int64_t j = r / s.window * s.keys(), end = j + s.keys(); j < end;
             ++j)
          if (in.sees(s, r, j))
            add(s, r, j, h, out.lse.at(r * s.heads + h));
  }

private:
  template <typename Shape>
  void add(const Shape &s, int64_t r, int64_t j, int64_t h, Real lse) {
    int64_t a = s.at(r, h), b = s.kvAt(j, h);
    Real score = Real(s.scale()) * dot(&q[a], &k[b], s.size);
    Real p = std::exp(score - lse);
    Real ds = p * (dot(&dy[a], &v[b], s.size) - dot(&dy[a], &y[a], s.size)) *
              Real(s.scale());
    Real size = 0;
    for (int64_t i = 0; i < s.size; ++i)
      size +=
          std::fabs(dy[a + i]) * (std::fabs(v[b + i]) + std::fabs(y[a + i]));
    Real grown = 1 + std::fabs(lse) + std::fabs(score);
    size *= p * Real(s.scale()) * grown;
    for (int64_t i = 0; i < s.size; ++i) {
      dq.add(a + i, ds * k[b + i], size * std::fabs(k[b + i]));
      dk.add(b + i, ds * q[a + i], size * std::fabs(q[a + i]));
      dv.add(b + i, p * dy[a + i], p * grown * std::fabs(dy[a + i]));
    }
  }
  std::vector<Real> q, k, v, y, dy;
};

} // namespace hashc::test

#endif // HASHC_TEST_UNIT_ATTENTIONREFERENCE_H
