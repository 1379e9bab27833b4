// Two blocks of a cluster multiply 64 rows each by the transpose of the same [16, depth]: each copies its own rows and half of the other matrix,
// that half to both. A warp copies and a warpgroup multiplies; the engine stores what that leaves in shared memory. Tests plant their bugs in
// what is a macro here.
#include "device.h"

#ifndef MASK
#define MASK 3
#endif
#ifndef BYTES
#define BYTES sizeof(a[0]) + sizeof(b[0])
#endif
#ifndef RELEASE
#define RELEASE                                                                                                                                \
  if (thread() % 32 < 2)                                                                                                                       \
  arrive(&empty[stage], thread() % 32)
#endif
#ifndef LEFT
#define LEFT 0
#endif
#ifndef FENCE
#define FENCE fenceProxy()
#endif
#ifndef STORED
#define STORED waitForReads(0)
#endif
#ifndef TAIL
#define TAIL 0
#endif
#ifndef END
#define END barrier()
#endif

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

using Bf16 = unsigned short;
using Barrier = __attribute__((address_space(3))) long;
using PeerBarrier = __attribute__((address_space(7))) void;
struct alignas(64) TensorMap {
  char bytes[128];
};

SHARED Bf16 a[2][64][64] __attribute__((aligned(1024)));
SHARED Bf16 b[2][16][64] __attribute__((aligned(1024)));
SHARED float c[64][16] __attribute__((aligned(1024)));
SHARED long full[2], empty[2];

extern "C" {
bool tryWait(const Barrier *, int) __asm__("llvm.nvvm.mbarrier.try.wait.parity.scope.cluster.space.cta");
void arriveThere(PeerBarrier *, int) __asm__("llvm.nvvm.mbarrier.arrive.scope.cluster.space.cluster");
long expect(Barrier *, int) __asm__("llvm.nvvm.mbarrier.arrive.expect.tx.scope.cta.space.cta");
void copyBox(__attribute__((address_space(7))) void *, Barrier *, const void *, int, int, short, long, bool, bool,
             int) __asm__("llvm.nvvm.cp.async.bulk.tensor.g2s.tile.2d");
void storeBox(__attribute__((address_space(3))) const void *, const void *, int, int, long, bool) __asm__("llvm.nvvm.cp.async.bulk.tensor.s2g.tile.2d");
void commit() __asm__("llvm.nvvm.cp.async.bulk.commit.group");
void waitForReads(int) __asm__("llvm.nvvm.cp.async.bulk.wait.group.read");
void fenceProxy() __asm__("llvm.nvvm.fence.proxy.async.shared_cta");
void fenceBarriers() __asm__("llvm.nvvm.fence.mbarrier_init.release.cluster");
}

static int rank() { return __nvvm_read_ptx_sreg_cluster_ctarank(); }
static void wait(const Barrier *barrier, int parity) {
  while (!tryWait(barrier, parity))
    ;
}
[[maybe_unused]] static void arrive(Barrier *barrier, int rank) {
  arriveThere((PeerBarrier *)__nvvm_mapa_shared_cluster((__attribute__((address_space(3))) void *)barrier, rank), 1);
}
static void barrier() {
  __nvvm_barrier_cluster_arrive();
  __nvvm_barrier_cluster_wait();
}

template <typename T> static __attribute__((address_space(7))) void *at(__attribute__((address_space(3))) T *pointer) {
  return (__attribute__((address_space(7))) void *)pointer;
}

// Rows of 128 bytes in atoms of eight, swizzled.
static unsigned long describe(const __attribute__((address_space(3))) Bf16 *pointer) {
  return ((unsigned)(unsigned long)pointer & 0x3ffff) >> 4 | 1ul << 16 | 64ul << 32 | 1ul << 62;
}

// With a tail it waits until nobody arrives at its barriers any more.
static void copy(const TensorMap &left, const TensorMap &right, int tiles) {
  for (int tile = 0; tile < tiles; ++tile) {
    const int stage = tile % 2;
    wait(&empty[stage], 1 - tile / 2 % 2);
    expect(&full[stage], BYTES);
    copyBox(at(&a[stage]), &full[stage], &left, tile * 64, block() * 64, 0, 0, false, false, 0);
    copyBox(at(&b[stage][rank() * 8]), &full[stage], &right, tile * 64, rank() * 8, MASK, 0, true, false, 0);
  }
  for (int tile = tiles; tile < tiles + TAIL; ++tile)
    wait(&empty[tile % 2], 1 - tile / 2 % 2);
}

static void multiply(int tiles) {
  float sums[8] = {};
  for (int tile = 0; tile < tiles; ++tile) {
    const int stage = tile % 2;
    wait(&full[stage], tile / 2 % 2);
    asm volatile("wgmma.fence.sync.aligned;"
                 : "=f"(sums[0]), "=f"(sums[1]), "=f"(sums[2]), "=f"(sums[3]), "=f"(sums[4]), "=f"(sums[5]), "=f"(sums[6]), "=f"(sums[7])
                 : "0"(sums[0]), "1"(sums[1]), "2"(sums[2]), "3"(sums[3]), "4"(sums[4]), "5"(sums[5]), "6"(sums[6]), "7"(sums[7]) : "memory");
    for (int k = 0; k < 4; ++k)
      asm volatile("{ .reg .pred p; setp.ne.b32 p, %18, 0; wgmma.mma_async.sync.aligned.m64n16k16.f32.bf16.bf16 {%0, %1, %2, %3, %4, %5, %6, %7}, "
                   "%16, %17, p, %19, %20, %21, %22; }"
                   : "=f"(sums[0]), "=f"(sums[1]), "=f"(sums[2]), "=f"(sums[3]), "=f"(sums[4]), "=f"(sums[5]), "=f"(sums[6]), "=f"(sums[7])
                   : "0"(sums[0]), "1"(sums[1]), "2"(sums[2]), "3"(sums[3]), "4"(sums[4]), "5"(sums[5]), "6"(sums[6]), "7"(sums[7]),
                     "l"(describe(&a[stage][0][k * 16])), "l"(describe(&b[stage][0][k * 16])), "n"(1), "n"(1), "n"(1), "n"(0), "n"(0) : "memory");
    asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
    asm volatile("wgmma.wait_group.sync.aligned " TEXT(LEFT) ";"
                 : "=f"(sums[0]), "=f"(sums[1]), "=f"(sums[2]), "=f"(sums[3]), "=f"(sums[4]), "=f"(sums[5]), "=f"(sums[6]), "=f"(sums[7])
                 : "0"(sums[0]), "1"(sums[1]), "2"(sums[2]), "3"(sums[3]), "4"(sums[4]), "5"(sums[5]), "6"(sums[6]), "7"(sums[7]) : "memory");
    RELEASE;
  }
  const int row = thread() / 32 * 16 + thread() % 32 / 4;
  for (int i = 0; i < 8; ++i)
    c[row + i / 2 % 2 * 8][i / 4 * 8 + thread() % 4 * 2 + i % 2] = sums[i];
}

KERNEL product(float *, const Bf16 *, const Bf16 *, TensorMap left, TensorMap right, TensorMap result, int depth) {
  if (thread() == 0) {
    for (int stage = 0; stage < 2; ++stage) {
      __nvvm_mbarrier_init_shared((__attribute__((address_space(3))) long long *)&full[stage], 1);
      __nvvm_mbarrier_init_shared((__attribute__((address_space(3))) long long *)&empty[stage], 8);
    }
    fenceBarriers();
  }
  barrier();
  if (thread() == 128)
    copy(left, right, depth / 64);
  if (thread() < 128) {
    multiply(depth / 64);
    FENCE;
    __nvvm_barrier_sync_cnt(1, 128);
    if (thread() == 0) {
      storeBox(&c, &result, 0, block() * 64, 0, false);
      commit();
      STORED;
    }
  }
  END;
}

// The same, a thread an element.
KERNEL reference(float *out, const Bf16 *left, const Bf16 *right, int depth) {
  auto widen = [](Bf16 bits) { return __builtin_bit_cast(float, unsigned(bits) << 16); };
  float sum = 0;
  for (int k = 0; k < depth; ++k)
    sum += widen(left[block() * depth + k]) * widen(right[thread() * depth + k]);
  out[block() * 16 + thread()] = sum;
}
