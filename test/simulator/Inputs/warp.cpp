// What the lanes of a warp do together. Tests plant their bugs in what is a macro here.
#include "device.h"

#ifndef MASK
#define MASK 0xffff
#endif
#ifndef ORDER
#define ORDER __nvvm_bar_warp_sync(0xffffffff)
#endif

SHARED int words[64];

KERNEL shuffles(int *out) {
  const int lane = thread(), all = 0xffffffff;
  // Segments of 8: the clamp's high bits say which lanes a segment has.
  out[lane] = __nvvm_shfl_sync_up_i32(all, lane, 3, 0x1800);
  out[32 + lane] = __nvvm_shfl_sync_down_i32(all, lane, 3, 0x181f);
  out[64 + lane] = __nvvm_shfl_sync_bfly_i32(all, lane, 5, 31);
  out[96 + lane] = __nvvm_shfl_sync_idx_i32(all, lane, lane * 7, 0x181f);
}

KERNEL votes(int *out) {
  const int lane = thread(), all = 0xffffffff;
  const int ballot = __nvvm_vote_ballot_sync(all, lane % 3 == 0);
  const int some = __nvvm_vote_any_sync(all, lane == 31);
  const int every = __nvvm_vote_all_sync(all, lane < 31);
  if (lane == 0) {
    out[0] = ballot;
    out[1] = some;
    out[2] = every;
  }
}

// The lower half of the warp only.
KERNEL half(int *out) {
  if (thread() < 16)
    out[thread()] = __nvvm_shfl_sync_bfly_i32(MASK, thread(), 1, 31);
}

// Both halves, each for itself.
KERNEL halves(int *out) {
  if (thread() < 16)
    out[thread()] = __nvvm_shfl_sync_bfly_i32(0xffff, thread(), 1, 31);
  else
    out[thread()] = __nvvm_shfl_sync_bfly_i32(0xffff0000, thread(), 8, 31);
}

// Lanes of a warp are ordered by bar.warp.sync, not by running side by side, and not by a shuffle.
KERNEL neighbour(int *out) {
  words[thread()] = thread();
  ORDER;
  out[thread()] = words[thread() ^ 1];
}

// One part of the warp shuffles while the other waits for it at a barrier.
KERNEL apart(int *out) {
  if (thread() < 16)
    out[thread()] = __nvvm_shfl_sync_bfly_i32(0xffffffff, thread(), 1, 31);
  else
    __nvvm_bar_warp_sync(0xffffffff);
}

// Two numbers of bf16, the second operand in the lower half: ties to even, the largest number, any NaN, infinity.
KERNEL narrow(unsigned *out) {
  const unsigned pairs[][2] = {{0x3f808000, 0x3f818000}, {0x3f808001, 0xbf817fff}, {0x7f7fffff, 0xffc12345}, {0x7f800000, 0x00008001}};
  for (int i = 0; i < 4; ++i)
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(out[i]) : "f"(__builtin_bit_cast(float, pairs[i][0])), "f"(__builtin_bit_cast(float, pairs[i][1])));
}
