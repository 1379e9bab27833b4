// Threads of a block that pass numbers through shared memory. BARRIER, FROM and COUNT are where tests plant their bugs.
#include "device.h"

#ifndef BARRIER
#define BARRIER __nvvm_barrier_sync(0)
#endif
#ifndef FROM
#define FROM 127 - thread()
#endif
#ifndef COUNT
#define COUNT 128
#endif

SHARED float numbers[128];

// out[i] = in[127 - i], for every block its own part.
KERNEL reverse(float *out, const float *in) {
  numbers[thread()] = in[thread()];
  BARRIER;
  out[block() * 128 + thread()] = numbers[FROM];
}

// The sum of 128 numbers: each warp's by shuffles, then that of the warps.
KERNEL sum(float *out, const float *in) {
  float value = in[thread()];
  for (int by = 16; by > 0; by /= 2)
    value += __nvvm_shfl_sync_down_f32(0xffffffff, value, by, 31);
  if (thread() % 32 == 0)
    numbers[thread() / 32] = value;
  BARRIER;
  if (thread() == 0)
    *out = numbers[0] + numbers[1] + numbers[2] + numbers[3];
}

// Two warps hand numbers to two others over a barrier at which only those wait.
KERNEL hand(float *out, const float *in) {
  if (thread() < 64) {
    numbers[thread()] = in[thread()];
    asm volatile("bar.arrive %0, %1;" ::"r"(1), "r"(COUNT) : "memory");
  } else {
    __nvvm_barrier_sync_cnt(1, 128);
    out[thread() - 64] = numbers[thread() - 64];
  }
}

// Counts without a race, and gives each thread its turn.
KERNEL count(int *counter, int *turns) {
#ifdef PLAIN
  turns[block() * 32 + thread()] = ++*counter;
#else
  turns[block() * 32 + thread()] = 1 + __atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
#endif
}
