// Two blocks take a matrix in pairs of boxes: each copies one box of a pair to both. A warp of each block writes what is there. Tests plant
// their bugs in what is a macro here.
#include "device.h"

#ifndef MASK
#define MASK 3
#endif
#ifndef BYTES
#define BYTES sizeof(boxes[0])
#endif
#ifndef EXPECT
#define EXPECT expect(&full[stage], BYTES)
#endif
#ifndef BEGIN
#define BEGIN barrier()
#endif
#ifndef END
#define END barrier()
#endif
#ifndef FREED
#define FREED 2
#endif
#ifndef COPY
#define COPY copyBox
#endif

using Barrier = __attribute__((address_space(3))) long;
struct alignas(64) TensorMap {
  char bytes[128];
};

// Eight rows of 32 numbers, of both blocks, in two stages.
SHARED int boxes[2][2][8][32] __attribute__((aligned(1024)));
SHARED long full[2], empty[2];

extern "C" void copyBoxIntrinsic(__attribute__((address_space(7))) void *, __attribute__((address_space(3))) void *, const void *, int, int, short, long,
                                 bool, bool, int) __asm__("llvm.nvvm.cp.async.bulk.tensor.g2s.tile.2d");

static int rank() { return __nvvm_read_ptx_sreg_cluster_ctarank(); }
template <typename T> static unsigned address(T *pointer) { return (unsigned)(unsigned long)pointer; }

static void barrier() {
  __nvvm_barrier_cluster_arrive();
  __nvvm_barrier_cluster_wait();
}

static void wait(Barrier *barrier, int parity) {
  asm volatile("{ .reg .pred P1; LAB_WAIT: mbarrier.try_wait.parity.shared.b64 P1, [%0], %1, %2; @P1 bra.uni DONE; bra.uni LAB_WAIT; DONE: }"
               ::"r"(address(barrier)), "r"(parity), "r"(10000000) : "memory");
}

[[maybe_unused]] static void arrive(Barrier *barrier, int rank) {
  unsigned there;
  asm volatile("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(there) : "r"(address(barrier)), "r"(rank));
  asm volatile("mbarrier.arrive.release.cluster.shared::cluster.b64 _, [%0];" ::"r"(there) : "memory");
}

[[maybe_unused]] static void expect(Barrier *barrier, int bytes) {
  long state;
  asm volatile("mbarrier.arrive.expect_tx.shared.b64 %0, [%1], %2;" : "=l"(state) : "r"(address(barrier)), "r"(bytes) : "memory");
}

[[maybe_unused]] static void copyBox(__attribute__((address_space(3))) void *target, const TensorMap &map, int y, Barrier *barrier, short mask) {
  asm volatile("cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes.multicast::cluster [%0], [%1, {%2, %3}], [%4], %5;"
               ::"r"(address(target)), "l"(&map), "r"(0), "r"(y), "r"(address(barrier)), "h"(mask) : "memory");
}

[[maybe_unused]] static void copyBoxByIntrinsic(__attribute__((address_space(3))) void *target, const TensorMap &map, int y, Barrier *barrier, short mask) {
  copyBoxIntrinsic((__attribute__((address_space(7))) void *)target, barrier, &map, 0, y, mask, 0, true, false, 0);
}

KERNEL share(int *out, const int *, TensorMap map, int rounds) {
  if (thread() == 0) {
    for (int stage = 0; stage < 2; ++stage) {
      __nvvm_mbarrier_init_shared((__attribute__((address_space(3))) long long *)&full[stage], 1);
      __nvvm_mbarrier_init_shared((__attribute__((address_space(3))) long long *)&empty[stage], FREED);
    }
    asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
  }
  BEGIN;
  const int lane = thread() % 32;
  for (int round = 0; round < rounds; ++round) {
    const int stage = round % 2, parity = round / 2 % 2;
    if (thread() == 0) {
      wait(&empty[stage], 1 - parity);
      EXPECT;
      COPY(&boxes[stage][rank()], map, (round * 2 + rank()) * 8, &full[stage], MASK);
    } else if (thread() >= 32) {
      wait(&full[stage], parity);
      for (int row = 0; row < 16; ++row)
        out[((block() * rounds + round) * 16 + row) * 32 + lane] = boxes[stage][row / 8][row % 8][(lane / 4 ^ row % 8) * 4 + lane % 4];
      __nvvm_bar_warp_sync(0xffffffff);
#if FREED == 1
      if (lane == 0)
        arrive(&empty[stage], rank());
#else
      if (lane < 2)
        arrive(&empty[stage], lane);
#endif
    }
  }
  END;
}

// Bytes that follow each other.
SHARED int line[256] __attribute__((aligned(128)));

#ifndef LINE_BYTES
#define LINE_BYTES sizeof(line)
#endif

extern "C" void copyLine(__attribute__((address_space(7))) void *, __attribute__((address_space(3))) void *, Global *, int, short, long, bool, bool)
    __asm__("llvm.nvvm.cp.async.bulk.global.to.shared.cluster");

KERNEL reverse(int *out, int *in) {
#ifdef CHANGE
  // What threads write to global memory, the engine sees behind a fence.
  in[thread()] = thread();
  CHANGE;
  __nvvm_barrier_sync(0);
#endif
  if (thread() == 0) {
    __nvvm_mbarrier_init_shared((__attribute__((address_space(3))) long long *)&full[0], 1);
    asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
    expect(&full[0], sizeof(line));
#ifdef BY_INTRINSIC
    copyLine((__attribute__((address_space(7))) void *)line, &full[0], (Global *)in, LINE_BYTES, 0, 0, false, false);
#else
    asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];"
                 ::"r"(address(line)), "l"(in), "r"((int)(LINE_BYTES)), "r"(address(&full[0])) : "memory");
#endif
  }
  __nvvm_barrier_sync(0);
  wait(&full[0], 0);
  out[thread()] = line[255 - thread()];
}

// Block 1 sends to block 0 alone, which may end as soon as it has what it waited for.
KERNEL give(int *out, const int *, TensorMap map) {
  if (rank() == 0 && thread() == 0) {
    __nvvm_mbarrier_init_shared((__attribute__((address_space(3))) long long *)&full[0], 1);
    asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
    expect(&full[0], sizeof(boxes[0][0]));
  }
  barrier();
  if (rank() == 1 && thread() == 0)
    COPY(&boxes[0][0], map, 8, &full[0], 1);
  if (rank() == 0) {
    wait(&full[0], 0);
    out[thread()] = boxes[0][0][0][thread()];
  }
}
