// What kernels for sm_90a have in common: barriers in shared memory, the copy engine, descriptors of tensor cores' operands.
#pragma once
#include "device.h"

#ifndef BRANCH
#define BRANCH "bra"
#endif

// What the driver calls a CUtensorMap.
struct alignas(64) TensorMap {
  char bytes[128];
};

inline void fenceMbarriers() { asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory"); }

// Threads of a warp may see the end of the phase at different times.
inline void wait(unsigned barrier, int parity) {
  asm volatile("{ .reg .pred P1; LAB_WAIT: mbarrier.try_wait.parity.shared.b64 P1, [%0], %1, %2; @P1 " BRANCH " DONE; " BRANCH " LAB_WAIT; DONE: }"
               ::"r"(barrier), "r"(parity), "r"(10000000) : "memory");
}

inline void arriveExpecting(unsigned barrier, int bytes) {
  long state;
  asm volatile("mbarrier.arrive.expect_tx.shared.b64 %0, [%1], %2;" : "=l"(state) : "r"(barrier), "r"(bytes) : "memory");
}

inline void copyBox(unsigned target, const TensorMap &map, int x, int y, unsigned barrier) {
  asm volatile("cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1, {%2, %3}], [%4];"
               ::"r"(target), "l"(&map), "r"(x), "r"(y), "r"(barrier) : "memory");
}

// Rows of 128 bytes in atoms of eight, swizzled; the bytes from a piece of a line to the next are of lines across the contraction.
inline unsigned long describe(unsigned at, unsigned long pieceBytes = 16) {
  return (at & 0x3ffff) >> 4 | pieceBytes / 16 << 16 | 64ul << 32 | 1ul << 62;
}
