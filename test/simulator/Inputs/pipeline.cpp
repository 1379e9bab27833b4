// A warp copies, and tells a barrier in shared memory when the copies are there; another reads. Two stages; tests plant their bugs in
// what is a macro here.
#include "hopper.h"

#ifndef ARRIVE
#define ARRIVE(barrier) __nvvm_cp_async_mbarrier_arrive_noinc_shared(barrier)
#endif
#ifndef COUNT
#define COUNT 32
#endif
#ifndef FREE
#define FREE __nvvm_mbarrier_arrive_shared(at(empty[stage]))
#endif
#ifndef AT_END
#define AT_END
#endif

using Barrier = __attribute__((address_space(3))) long long;

SHARED int words[2][32];
SHARED long full[2], empty[2];

template <typename T> static Barrier *at(T &barrier) { return (Barrier *)&barrier; }

KERNEL pipeline(int *out, const int *in, int rounds) {
  const int lane = thread() % 32;
  if (thread() == 0)
    for (int stage = 0; stage < 2; ++stage) {
      __nvvm_mbarrier_init_shared(at(full[stage]), COUNT);
      __nvvm_mbarrier_init_shared(at(empty[stage]), 32);
    }
  __nvvm_barrier_sync(0);
  for (int round = 0; round < rounds; ++round) {
    const int stage = round % 2, parity = round / 2 % 2;
    if (thread() < 32) {
      wait(address(&empty[stage]), 1 - parity);
      __nvvm_cp_async_ca_shared_global_4((__attribute__((address_space(3))) void *)&words[stage][lane], (Global *)(in + round * 32 + lane));
      ARRIVE(at(full[stage]));
    } else {
      wait(address(&full[stage]), parity);
#ifdef FREE_FIRST
      FREE;
      out[round * 32 + lane] = words[stage][31 - lane];
#else
      out[round * 32 + lane] = words[stage][31 - lane];
      FREE;
#endif
    }
  }
  if (thread() < 32) {
    AT_END;
  }
}
