//===- Streams.cpp - Token streams, tables and plans -*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Mix.h"
#include "Team.h"

using namespace hashc::kernels;

HASHC_TEAM hash_prev(int64_t, const int32_t *tokens, const int32_t *starts,
                     int32_t *out, int64_t rows, int64_t window,
                     int64_t distance, int64_t bos) {
  forEachItem(rows, [&](int64_t r) {
    bool inside = r % window - distance >= starts[r];
    int32_t earlier = inside ? tokens[r - distance] : int32_t(bos);
    out[r] = tokens[r] < 0 ? -1 : earlier;
  });
}

HASHC_TEAM hash_next(int64_t, const int32_t *targets, int32_t *out,
                     int64_t rows) {
  forEachItem(rows, [&](int64_t r) { out[r] = targets[r]; });
}

HASHC_TEAM hash_position(int64_t, const int32_t *starts, int32_t *out,
                         int64_t rows, int64_t window, int64_t document) {
  forEachItem(rows, [&](int64_t r) {
    out[r] = int32_t(r % window) - (document ? starts[r] : 0);
  });
}

HASHC_TEAM hash_mix_start(int64_t, int64_t *out, int64_t rows, int64_t seed) {
  forEachItem(rows, [&](int64_t r) { out[r] = seed; });
}
HASHC_TEAM hash_mix_absorb(int64_t, const int64_t *values, int64_t *out,
                           int64_t rows) {
  forEachItem(rows, [&](int64_t r) {
    out[r] = int64_t(absorb(uint64_t(out[r]), uint64_t(values[r])));
  });
}
HASHC_TEAM hash_mix_finish(int64_t, int64_t *out, int64_t rows) {
  forEachItem(rows,
              [&](int64_t r) { out[r] = int64_t(finish(uint64_t(out[r]))); });
}

HASHC_TEAM hash_modulo(int64_t, const int64_t *values, int64_t *out,
                       int64_t rows, int64_t divisor) {
  forEachItem(rows, [&](int64_t r) {
    int64_t rest = values[r] % divisor;
    out[r] = rest < 0 ? rest + divisor : rest;
  });
}

template <typename Key>
static HASHC_INLINE void lookUp(const Key *keys, const int32_t *table,
                                int32_t *out, int64_t rows, int64_t vocab,
                                int64_t k) {
  forEachItem(rows, [&](int64_t r) {
    int64_t key = keys[r];
    if (key != -1 && (key < 0 || key >= vocab))
      hash_rt_error(2, key, vocab);
    for (int64_t j = 0; j < k; ++j)
      out[r * k + j] = key == -1 ? -1 : table[key * k + j];
  });
}
HASHC_TEAM hash_table_lookup_i32(int64_t, const int32_t *keys,
                                 const int32_t *table, int32_t *out,
                                 int64_t rows, int64_t vocab, int64_t k) {
  lookUp(keys, table, out, rows, vocab, k);
}
HASHC_TEAM hash_table_lookup_i64(int64_t, const int64_t *keys,
                                 const int32_t *table, int32_t *out,
                                 int64_t rows, int64_t vocab, int64_t k) {
  lookUp(keys, table, out, rows, vocab, k);
}

/// One column of a row's choices: the expert of one hash among its own.
HASHC_TEAM hash_choice(int64_t, const int32_t *experts, int32_t *out,
                       int64_t rows, int64_t k, int64_t column,
                       int64_t groups) {
  forEachItem(rows, [&](int64_t r) {
    int64_t expert = experts[r];
    if (expert < -1 || expert >= groups)
      hash_rt_error(1, expert, groups);
    out[r * k + column] = expert == -1 ? -1 : int32_t(expert + column * groups);
  });
}

HASHC_TEAM hash_row_at_i32(int64_t, const int32_t *value, const int32_t *index,
                           int32_t *out, int64_t width) {
  forEachItem(width, [&](int64_t j) { out[j] = value[*index * width + j]; });
}
HASHC_TEAM hash_row_at_i64(int64_t, const int64_t *value, const int32_t *index,
                           int64_t *out, int64_t width) {
  forEachItem(width, [&](int64_t j) { out[j] = value[*index * width + j]; });
}

/// A stable counting sort of the slots by expert; dead slots come last, those
/// without a position at `positions`. The plan is offsets[groups + 1], slot of
/// each position, position of each slot.
extern "C" void hash_plan(int64_t, const int32_t *experts,
                          const int32_t *tokens, int32_t *plan, int64_t count,
                          int64_t k, int64_t groups, int64_t positions) {
  int64_t slots = count * k;
  int32_t *offsets = plan, *slotOf = plan + groups + 1,
          *positionOf = slotOf + positions;
  auto expertOf = [&](int64_t slot) {
    return tokens[slot / k] < 0 ? -1 : experts[slot];
  };
  for (int64_t g = 0; g <= groups; ++g)
    offsets[g] = 0;
  for (int64_t slot = 0; slot < slots; ++slot) {
    int32_t expert = expertOf(slot);
    if (expert < -1 || expert >= groups)
      hash_rt_error(1, expert, groups);
    if (expert >= 0)
      ++offsets[expert + 1];
  }
  for (int64_t g = 0; g < groups; ++g)
    offsets[g + 1] += offsets[g];
  if (offsets[groups] > positions)
    hash_rt_error(5, offsets[groups], positions + 1);
  // While slots are placed, offsets[g] is the next free position of group g ...
  int32_t dead = offsets[groups];
  for (int64_t slot = 0; slot < slots; ++slot) {
    int32_t expert = expertOf(slot);
    if (expert < 0 && dead == positions) {
      positionOf[slot] = dead;
      continue;
    }
    int32_t position = expert < 0 ? dead++ : offsets[expert]++;
    slotOf[position] = int32_t(slot);
    positionOf[slot] = position;
  }
  // ... so afterwards it is where the next group begins.
  for (int64_t g = groups; g > 0; --g)
    offsets[g] = offsets[g - 1];
  offsets[0] = 0;
}
