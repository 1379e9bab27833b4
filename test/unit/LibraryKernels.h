//===- LibraryKernels.h - The kernel library's entry points -----*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// As generated code calls them: a task's number, buffers, constants. Declared
// here once more, so that the tests take nothing from the code they test.
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_TEST_UNIT_LIBRARYKERNELS_H
#define HASHC_TEST_UNIT_LIBRARYKERNELS_H

#include <cstdint>

namespace hashc::test {

/// The upper half of a float.
struct Bf16 {
  uint16_t bits;
};

/// The kernels of activations stored as S.
template <typename S> struct Library;
/// Those of numbers that are never narrow.
template <typename C> struct WideLibrary;

} // namespace hashc::test

using hashc::test::Bf16;

// clang-format off
#define HASHC_LIBRARY(S, C, NAME)                                              \
  extern "C" {                                                                 \
  void hash_attention_##NAME(                                                  \
      int64_t task, const S *q, const S *k, const S *v, const int32_t *starts, \
      S *y, C *lse, int64_t heads, int64_t kvHeads, int64_t size,              \
      int64_t window, double scale, int64_t causal);                           \
  void hash_attention_decode_##NAME(                                           \
      int64_t task, const S *q, const S *k, const S *v, const int32_t *starts, \
      const int32_t *index, S *y, S *keys, S *values, int64_t heads,           \
      int64_t kvHeads, int64_t size, double scale);                            \
  void hash_attention_grad_##NAME(                                             \
      int64_t task, const S *q, const S *k, const S *v, const int32_t *starts, \
      const S *y, const C *lse, const S *dy, S *dq, S *dk, S *dv,              \
      int64_t heads, int64_t kvHeads, int64_t size, int64_t window,            \
      double scale, int64_t causal);                                           \
  void hash_cross_attention_##NAME(                                            \
      int64_t task, const S *q, const S *k, const S *v, const int32_t *tokens, \
      S *y, C *lse, int64_t heads, int64_t kvHeads, int64_t size,              \
      int64_t window, int64_t memoryWindow, double scale);                     \
  void hash_cross_attention_grad_##NAME(                                       \
      int64_t task, const S *q, const S *k, const S *v, const int32_t *tokens, \
      const S *y, const C *lse, const S *dy, S *dq, S *dk, S *dv,              \
      int64_t heads, int64_t kvHeads, int64_t size, int64_t window,            \
      int64_t memoryWindow, double scale);                                     \
  void hash_layer_norm_##NAME(                                                 \
      int64_t task, const S *x, const C *gamma, const C *beta, S *y, C *mean,  \
      C *rstd, int64_t rows, int64_t width, double eps, int64_t taskRows);     \
  void hash_layer_norm_grad_##NAME(                                            \
      int64_t task, const S *x, const C *gamma, const C *mean, const C *rstd,  \
      const S *dy, S *dx, C *dgamma, C *dbeta, int64_t rows, int64_t width,    \
      int64_t rowTasks, int64_t taskRows, int64_t taskColumns);                \
  void hash_rms_norm_##NAME(int64_t task, const S *x, const C *gamma, S *y,    \
                            C *rstd, int64_t rows, int64_t width, double eps,  \
                            int64_t taskRows);                                 \
  void hash_rms_norm_grad_##NAME(                                              \
      int64_t task, const S *x, const C *gamma, const C *rstd, const S *dy,    \
      S *dx, C *dgamma, int64_t rows, int64_t width, int64_t rowTasks,         \
      int64_t taskRows, int64_t taskColumns);                                  \
  void hash_cross_entropy_##NAME(                                              \
      int64_t task, const S *logits, const int32_t *targets, C *losses,        \
      C *lse, int64_t rows, int64_t vocab, int64_t taskRows);                  \
  void hash_cross_entropy_grad_##NAME(                                         \
      int64_t task, const S *logits, const int32_t *targets, const C *lse,     \
      const C *dlosses, S *dlogits, int64_t rows, int64_t vocab,               \
      int64_t taskRows);                                                       \
  void hash_embedding_##NAME(int64_t task, const int32_t *ids,                 \
                             const C *weight, S *out, int64_t rows,            \
                             int64_t width, int64_t vocab, int64_t taskRows);  \
  void hash_embedding_grad_##NAME(int64_t task, const int32_t *ids,            \
                                  const S *dy, C *gradient, int64_t rows,      \
                                  int64_t width, int64_t taskColumns);         \
  void hash_lookup_##NAME(int64_t task, const int32_t *keys, const C *table,   \
                          S *out, int64_t rows, int64_t width, int64_t count,  \
                          int64_t stride, int64_t column, int64_t taskRows);   \
  void hash_lookup_grad_##NAME(                                                \
      int64_t task, const int32_t *offsets, const int32_t *order,              \
      const int32_t *slots, const S *dresult, C *grad, int64_t rows,           \
      int64_t width, int64_t stride, int64_t column, int64_t taskRows);        \
  void hash_reduce_rows_##NAME(int64_t task, const S *x, C *out, int64_t rows, \
                               int64_t width, int64_t taskColumns);            \
  void hash_reduce_groups_##NAME(int64_t task, const S *x,                     \
                                 const int32_t *plan, C *out, int64_t groups,  \
                                 int64_t width, int64_t taskColumns);          \
  void hash_combine_##NAME(int64_t task, const S *x, const int32_t *plan,      \
                           S *out, int64_t tokens, int64_t k, int64_t groups,  \
                           int64_t slots, int64_t width, int64_t taskRows);    \
  void hash_join_##NAME(int64_t task, const S *x, const int32_t *plan, S *out, \
                        int64_t tokens, int64_t k, int64_t groups,             \
                        int64_t slots, int64_t width, int64_t taskRows);       \
  void hash_split_##NAME(int64_t task, const S *x, const int32_t *plan,        \
                         S *out, int64_t tokens, int64_t k, int64_t groups,    \
                         int64_t slots, int64_t width, int64_t taskRows);      \
  void hash_weigh_grad_##NAME(int64_t task, const S *x, const S *dy,           \
                              C *dweights, int64_t rows, int64_t width,        \
                              int64_t taskRows);                               \
  void hash_dropout_##NAME(int64_t task, const S *x, const int64_t *seed,      \
                           S *y, int64_t size, double rate, int64_t stream,    \
                           int64_t taskSize);                                  \
  void hash_jitter_##NAME(int64_t task, const S *x, const int64_t *seed, S *y, \
                          int64_t size, double amount, int64_t stream,         \
                          int64_t taskSize);                                   \
  void hash_rotary_##NAME(int64_t task, const S *x, const int32_t *positions,  \
                          S *y, int64_t rows, int64_t width, int64_t heads,    \
                          double base, int64_t inverse, int64_t taskRows);     \
  }                                                                            \
  template <> struct hashc::test::Library<S> {                                 \
    static constexpr auto attention = hash_attention_##NAME;                   \
    static constexpr auto attentionDecode = hash_attention_decode_##NAME;      \
    static constexpr auto attentionGrad = hash_attention_grad_##NAME;          \
    static constexpr auto crossAttention = hash_cross_attention_##NAME;        \
    static constexpr auto crossAttentionGrad =                                 \
        hash_cross_attention_grad_##NAME;                                      \
    static constexpr auto layerNorm = hash_layer_norm_##NAME;                  \
    static constexpr auto layerNormGrad = hash_layer_norm_grad_##NAME;         \
    static constexpr auto rmsNorm = hash_rms_norm_##NAME;                      \
    static constexpr auto rmsNormGrad = hash_rms_norm_grad_##NAME;             \
    static constexpr auto crossEntropy = hash_cross_entropy_##NAME;            \
    static constexpr auto crossEntropyGrad = hash_cross_entropy_grad_##NAME;   \
    static constexpr auto embedding = hash_embedding_##NAME;                   \
    static constexpr auto lookup = hash_lookup_##NAME;                         \
    static constexpr auto lookupGrad = hash_lookup_grad_##NAME;                \
    static constexpr auto embeddingGrad = hash_embedding_grad_##NAME;          \
    static constexpr auto reduceRows = hash_reduce_rows_##NAME;                \
    static constexpr auto reduceGroups = hash_reduce_groups_##NAME;            \
    static constexpr auto combine = hash_combine_##NAME;                       \
    static constexpr auto join = hash_join_##NAME;                             \
    static constexpr auto split = hash_split_##NAME;                           \
    static constexpr auto weighGrad = hash_weigh_grad_##NAME;                  \
    static constexpr auto dropout = hash_dropout_##NAME;                       \
    static constexpr auto rotary = hash_rotary_##NAME;                         \
    static constexpr auto jitter = hash_jitter_##NAME;                         \
  };
#define HASHC_WIDE_LIBRARY(C, NAME)                                            \
  extern "C" {                                                                 \
  void hash_gate_##NAME(int64_t task, const C *logits, const int32_t *plan,    \
                        C *weights, int64_t tokens, int64_t k,                 \
                        int64_t experts, int64_t slots, int64_t kind,          \
                        int64_t normalize, double scale, int64_t taskRows);    \
  void hash_gate_grad_##NAME(                                                  \
      int64_t task, const C *logits, const C *weights, const C *dweights,      \
      const int32_t *plan, C *dlogits, int64_t tokens, int64_t k,              \
      int64_t experts, int64_t slots, int64_t kind, int64_t normalize,         \
      double scale, int64_t taskRows);                                         \
  void hash_rowwise_adagrad_##NAME(                                            \
      int64_t task, const double *hyper, const double *norm, C *param,         \
      C *grad, int32_t *keys, C *sums, int64_t room, int64_t width,            \
      double rateScale, double eps, int64_t taskRows);                         \
  void hash_top_choices_##NAME(int64_t task, const C *scores,                  \
                               int32_t *choices, int64_t rows,                 \
                               int64_t experts, int64_t k,                     \
                               int64_t taskRows);                              \
  void hash_balanced_choices_##NAME(                                           \
      int64_t task, const C *scores, const int32_t *tokens, int32_t *choices,  \
      double *prices, double *bids, int32_t *held, int64_t rows,               \
      int64_t experts, double tolerance);                                      \
  void hash_log_shares_##NAME(int64_t task, const C *logits, C *result,        \
                              int64_t rows, int64_t experts,                   \
                              int64_t taskRows);                               \
  void hash_expert_choices_##NAME(int64_t task, const C *scores,               \
                                  const int32_t *tokens, int32_t *choices,     \
                                  int64_t rows, int64_t experts,               \
                                  double capacity);                            \
  void hash_expert_load_##NAME(int64_t task, const int32_t *choices,           \
                               const int32_t *tokens, C *load, int64_t rows,   \
                               int64_t k, int64_t experts, int64_t share);     \
  void hash_balance_loss_##NAME(                                               \
      int64_t task, const C *logits, const C *shares, const int32_t *tokens,   \
      C *losses, int64_t rows, int64_t experts, double weight,                 \
      int64_t taskRows);                                                       \
  void hash_balance_loss_grad_##NAME(                                          \
      int64_t task, const C *logits, const C *shares, const C *dlosses,        \
      const int32_t *tokens, C *dlogits, int64_t rows, int64_t experts,        \
      double weight, int64_t taskRows);                                        \
  void hash_balance_bias_##NAME(int64_t task, C *bias, C *load,                \
                                int64_t experts, double rate);                 \
  void hash_z_loss_##NAME(int64_t task, const C *logits,                       \
                          const int32_t *tokens, C *losses, int64_t rows,      \
                          int64_t experts, double weight, int64_t taskRows);   \
  void hash_z_loss_grad_##NAME(int64_t task, const C *logits,                  \
                               const C *dlosses, const int32_t *tokens,        \
                               C *dlogits, int64_t rows, int64_t experts,      \
                               double weight, int64_t taskRows);               \
  }                                                                            \
  template <> struct hashc::test::WideLibrary<C> {                             \
    static constexpr auto topChoices = hash_top_choices_##NAME;                \
    static constexpr auto balancedChoices = hash_balanced_choices_##NAME;      \
    static constexpr auto logShares = hash_log_shares_##NAME;                  \
    static constexpr auto expertChoices = hash_expert_choices_##NAME;          \
    static constexpr auto expertLoad = hash_expert_load_##NAME;                \
    static constexpr auto balanceLoss = hash_balance_loss_##NAME;              \
    static constexpr auto balanceLossGrad = hash_balance_loss_grad_##NAME;     \
    static constexpr auto balanceBias = hash_balance_bias_##NAME;              \
    static constexpr auto zLoss = hash_z_loss_##NAME;                          \
    static constexpr auto zLossGrad = hash_z_loss_grad_##NAME;                 \
    static constexpr auto gate = hash_gate_##NAME;                             \
    static constexpr auto gateGrad = hash_gate_grad_##NAME;                    \
    static constexpr auto rowwiseAdagrad = hash_rowwise_adagrad_##NAME;        \
  };
// clang-format on
HASHC_WIDE_LIBRARY(float, f32)
HASHC_WIDE_LIBRARY(double, f64)
#undef HASHC_WIDE_LIBRARY
HASHC_LIBRARY(float, float, f32)
HASHC_LIBRARY(double, double, f64)
HASHC_LIBRARY(Bf16, float, bf16)
#undef HASHC_LIBRARY

extern "C" {
void hash_prev(int64_t task, const int32_t *tokens, const int32_t *starts,
               int32_t *out, int64_t rows, int64_t window, int64_t distance,
               int64_t bos);
void hash_next(int64_t task, const int32_t *targets, int32_t *out,
               int64_t rows);
void hash_position(int64_t task, const int32_t *starts, int32_t *out,
                   int64_t rows, int64_t window, int64_t document);
void hash_mix_start(int64_t task, int64_t *out, int64_t rows, int64_t seed);
void hash_mix_absorb(int64_t task, const int64_t *values, int64_t *out,
                     int64_t rows);
void hash_mix_finish(int64_t task, int64_t *out, int64_t rows);
void hash_modulo(int64_t task, const int64_t *values, int64_t *out,
                 int64_t rows, int64_t divisor);
void hash_table_lookup_i32(int64_t task, const int32_t *keys,
                           const int32_t *table, int32_t *out, int64_t rows,
                           int64_t vocab, int64_t k);
void hash_table_lookup_i64(int64_t task, const int64_t *keys,
                           const int32_t *table, int32_t *out, int64_t rows,
                           int64_t vocab, int64_t k);
void hash_choice(int64_t task, const int32_t *experts, int32_t *out,
                 int64_t rows, int64_t k, int64_t column, int64_t groups);
void hash_row_at_i32(int64_t task, const int32_t *value, const int32_t *index,
                     int32_t *out, int64_t width);
void hash_row_at_i64(int64_t task, const int64_t *value, const int32_t *index,
                     int64_t *out, int64_t width);
void hash_limit_capacity(int64_t task, const int32_t *choices,
                         const int32_t *tokens, int32_t *result, int32_t *kept,
                         int64_t rows, int64_t k, int64_t experts,
                         double capacity);
void hash_plan(int64_t task, const int32_t *experts, const int32_t *tokens,
               int32_t *plan, int64_t count, int64_t k, int64_t groups,
               int64_t positions);
void hash_segments(int64_t task, const int32_t *keys, int32_t *unique,
                   int32_t *offsets, int32_t *order, int64_t rows);
void hash_merge_keys(int64_t task, const int32_t *unique, int32_t *keys,
                     int32_t *slots, int64_t rows, int64_t room);

void hash_norm_start(int64_t task, double *norms);
void hash_norm_add_f32(int64_t task, const float *x, double *norms,
                       int64_t size, int64_t parts);
void hash_norm_add_f64(int64_t task, const double *x, double *norms,
                       int64_t size, int64_t parts);
void hash_norm_finish(int64_t task, double *norms);
void hash_adamw_f32(int64_t task, const double *hyper, const double *norm,
                    float *param, float *grad, float *moment1, float *moment2,
                    int64_t size, double beta1, double beta2, double eps,
                    double decay, int64_t taskSize);
void hash_adamw_f64(int64_t task, const double *hyper, const double *norm,
                    double *param, double *grad, double *moment1,
                    double *moment2, int64_t size, double beta1, double beta2,
                    double eps, double decay, int64_t taskSize);
}

#endif // HASHC_TEST_UNIT_LIBRARYKERNELS_H
