// Blocks of a cluster that read and write each other's shared memory. Tests plant their bugs in what is a macro here.
#include "device.h"

#ifndef BEGIN
#define BEGIN barrier()
#endif
#ifndef END
#define END barrier()
#endif
#ifndef WRITERS
#define WRITERS 64
#endif
#ifndef RANK
#define RANK 1 - rank()
#endif
#ifndef FROM
#define FROM thread()
#endif
#ifndef INIT_FENCE
#define INIT_FENCE asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory")
#endif
#ifndef WAIT_EMPTY
#define WAIT_EMPTY wait(&empty, 1 - round % 2)
#endif
#ifndef TELL
#define TELL arriveThere(&full, 1)
#endif
#ifndef FREE
#define FREE arriveThere(&empty, 0)
#endif

using Peer = __attribute__((address_space(7))) int;
using Barrier = __attribute__((address_space(3))) long;

SHARED int numbers[64];
SHARED long full, empty;

extern "C" void arriveAtPeer(__attribute__((address_space(7))) void *, int) __asm__("llvm.nvvm.mbarrier.arrive.scope.cluster.space.cluster");

static int rank() { return __nvvm_read_ptx_sreg_cluster_ctarank(); }

static Peer *at(__attribute__((address_space(3))) void *address, int rank) { return (Peer *)__nvvm_mapa_shared_cluster(address, rank); }

static void barrier() {
  __nvvm_barrier_cluster_arrive();
  __nvvm_barrier_cluster_wait();
}

[[maybe_unused]] static void relaxedBarrier() {
  asm volatile("barrier.cluster.arrive.relaxed.aligned;" ::: "memory");
  asm volatile("barrier.cluster.wait.acquire.aligned;" ::: "memory");
}

// Each takes what the other has.
KERNEL exchange(int *out) {
  if (thread() < WRITERS)
    numbers[thread()] = block() * 1000 + thread();
  BEGIN;
#ifdef OWN
  out[block() * 64 + thread()] = ((__attribute__((address_space(3))) int *)(unsigned long)at(numbers, RANK))[thread()];
#else
  out[block() * 64 + thread()] = at(numbers, RANK)[FROM];
#endif
  END;
}

// Each takes what the other has left in global memory.
KERNEL pass(int *out, int *between) {
  between[block() * 64 + thread()] = block() * 1000 + thread();
  BEGIN;
  out[block() * 64 + thread()] = between[(block() ^ 1) * 64 + thread()];
}

static void wait(Barrier *barrier, int parity) {
  asm volatile("{ .reg .pred P1; LAB_WAIT: mbarrier.try_wait.parity.acquire.cluster.shared::cta.b64 P1, [%0], %1, %2; @P1 bra.uni DONE; bra.uni "
               "LAB_WAIT; DONE: }" ::"r"((unsigned)(unsigned long)barrier),
               "r"(parity), "r"(10000000) : "memory");
}

static void arriveThere(Barrier *barrier, int rank) {
  unsigned there;
  asm volatile("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(there) : "r"((unsigned)(unsigned long)barrier), "r"(rank));
  asm volatile("mbarrier.arrive.release.cluster.shared::cluster.b64 _, [%0];" ::"r"(there) : "memory");
}

// Block 0 writes to block 1, round after round.
KERNEL send(int *out, int rounds) {
  if (thread() == 0) {
    __nvvm_mbarrier_init_shared((__attribute__((address_space(3))) long long *)&full, 32);
    __nvvm_mbarrier_init_shared((__attribute__((address_space(3))) long long *)&empty, 32);
    INIT_FENCE;
  }
  relaxedBarrier();
  for (int round = 0; round < rounds; ++round) {
    if (rank() == 0) {
      WAIT_EMPTY;
      at(numbers, 1)[thread()] = round * 100 + thread();
      TELL;
    } else {
      wait(&full, round % 2);
      out[round * 32 + thread()] = numbers[31 - thread()];
      FREE;
    }
  }
  END;
}

// Where each block is.
KERNEL places(int *out) {
  if (thread() != 0)
    return;
  const int at[] = {(int)__nvvm_read_ptx_sreg_clusterid_x(),     (int)__nvvm_read_ptx_sreg_clusterid_y(),     (int)__nvvm_read_ptx_sreg_clusterid_z(),
                    (int)__nvvm_read_ptx_sreg_nclusterid_x(),    (int)__nvvm_read_ptx_sreg_nclusterid_y(),    (int)__nvvm_read_ptx_sreg_nclusterid_z(),
                    (int)__nvvm_read_ptx_sreg_cluster_ctaid_x(), (int)__nvvm_read_ptx_sreg_cluster_ctaid_y(), (int)__nvvm_read_ptx_sreg_cluster_ctaid_z(),
                    (int)__nvvm_read_ptx_sreg_cluster_nctaid_x(), (int)__nvvm_read_ptx_sreg_cluster_nctaid_y(), (int)__nvvm_read_ptx_sreg_cluster_nctaid_z(),
                    (int)__nvvm_read_ptx_sreg_cluster_ctarank(), (int)__nvvm_read_ptx_sreg_cluster_nctarank()};
  const int number = block() + __nvvm_read_ptx_sreg_ctaid_y() * __nvvm_read_ptx_sreg_nctaid_x();
  for (int i = 0; i < 14; ++i)
    out[number * 14 + i] = at[i];
}
