//===- FmaPeak.cpp - What this machine's multiply-add units can do --------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/commands/FmaPeak.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace hashc::runtime {

/// Enough chains to hide a latency of four to five cycles on two units.
static constexpr int kChains = 12;
static constexpr int64_t kRounds = 1'000'000;
static constexpr int kTries = 7;

namespace {

/// Runs kRounds * kChains multiply-adds of `lanes` numbers.
struct Loop {
  void (*run)(double *result);
  int lanes;
};

} // namespace

// The factors pass through an empty asm statement, so that the compiler must
// take them for unknown and do every multiply-add.
#define HASHC_FMA_LOOP(Vector, set, fma, Element)                              \
  Vector chains[kChains], a = set(1), b = set(0);                              \
  for (Vector &chain : chains)                                                 \
    chain = set(1);                                                            \
  for (int64_t round = 0; round < kRounds; ++round) {                          \
    __asm__ volatile("" : "+v"(a), "+v"(b));                                   \
    for (Vector &chain : chains)                                               \
      chain = fma(chain, a, b);                                                \
  }                                                                            \
  for (int i = 1; i < kChains; ++i)                                            \
    chains[0] = fma(chains[i], a, chains[0]);                                  \
  *result = static_cast<double>(reinterpret_cast<Element *>(chains)[0])

#if defined(__x86_64__)
__attribute__((target("avx512f"))) static void runAvx512F32(double *result) {
  HASHC_FMA_LOOP(__m512, _mm512_set1_ps, _mm512_fmadd_ps, float);
}
__attribute__((target("avx512f"))) static void runAvx512F64(double *result) {
  HASHC_FMA_LOOP(__m512d, _mm512_set1_pd, _mm512_fmadd_pd, double);
}
__attribute__((target("avx2,fma"))) static void runAvx2F32(double *result) {
  HASHC_FMA_LOOP(__m256, _mm256_set1_ps, _mm256_fmadd_ps, float);
}
__attribute__((target("avx2,fma"))) static void runAvx2F64(double *result) {
  HASHC_FMA_LOOP(__m256d, _mm256_set1_pd, _mm256_fmadd_pd, double);
}
#endif

/// Plain numbers: the compiler may use the vectors every processor has.
template <typename Element> static void runPlain(double *result) {
  Element chains[kChains * 4];
  std::fill(std::begin(chains), std::end(chains), Element(1));
  volatile Element one = 1, zero = 0;
  Element a = one, b = zero;
  for (int64_t round = 0; round < kRounds; ++round)
    for (Element &chain : chains)
      chain = chain * a + b;
  Element sum = 0;
  for (Element chain : chains)
    sum += chain;
  *result = static_cast<double>(sum);
}

static Loop chooseLoop(bool wide) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f"))
    return wide ? Loop{runAvx512F64, 8} : Loop{runAvx512F32, 16};
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return wide ? Loop{runAvx2F64, 4} : Loop{runAvx2F32, 8};
#endif
  return wide ? Loop{runPlain<double>, 4} : Loop{runPlain<float>, 4};
}

double measureFmaPeak(Team &team, DType type) {
  Loop loop = chooseLoop(type == DType::f64);
  std::vector<double> results(team.size());
  double best = std::numeric_limits<double>::infinity();
  for (int i = 0; i < kTries; ++i) {
    auto begin = std::chrono::steady_clock::now();
    team.parallelFor(team.size(),
                     [&](int64_t task) { loop.run(&results[task]); });
    best = std::min(best, std::chrono::duration<double>(
                              std::chrono::steady_clock::now() - begin)
                              .count());
  }
  double flops = 2.0 * kRounds * kChains * loop.lanes * team.size();
  return flops / best * 1e-9;
}

} // namespace hashc::runtime
