// A warpgroup multiplies [64, depth] by the transpose of [8, depth]: the copy engine brings tiles of 64 columns of both, two stages of them,
// and tensor cores read them in place. Tests plant their bugs in what is a macro here.
#include "hopper.h"

#ifndef INIT_FENCE
#define INIT_FENCE fenceMbarriers()
#endif
#ifndef BYTES
#define BYTES sizeof(a[0]) + sizeof(b[0])
#endif
#ifndef PARITY
#define PARITY tile / 2 % 2
#endif
#ifndef FENCE
#define FENCE asm volatile("wgmma.fence.sync.aligned;" ::: "memory")
#endif
#ifndef LEFT
#define LEFT 0
#endif
#ifndef RELEASE
#define RELEASE __nvvm_barrier_sync(0)
#endif
#ifndef STEP
#define STEP 2
#endif

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

using Bf16 = unsigned short;

SHARED Bf16 a[2][64][64] __attribute__((aligned(1024)));
SHARED Bf16 b[2][8][64] __attribute__((aligned(1024)));
SHARED long full[2];

static void load(int tile, const TensorMap &left, const TensorMap &right) {
  const int stage = tile % 2;
  arriveExpecting(address(&full[stage]), BYTES);
  copyBox(address(&a[stage]), left, tile * 64, 0, address(&full[stage]));
  copyBox(address(&b[stage]), right, tile * 64, 0, address(&full[stage]));
}

KERNEL product(float *out, const __attribute__((address_space(1))) Bf16 *, const __attribute__((address_space(1))) Bf16 *, TensorMap left,
               TensorMap right, int depth) {
  const int tiles = depth / 64;
  if (thread() == 0) {
    for (int stage = 0; stage < 2; ++stage)
      __nvvm_mbarrier_init_shared((__attribute__((address_space(3))) long long *)&full[stage], 1);
    INIT_FENCE;
  }
  __nvvm_barrier_sync(0);
  if (thread() == 0)
    for (int tile = 0; tile < 2 && tile < tiles; ++tile)
      load(tile, left, right);
  float c[4] = {};
  for (int tile = 0; tile < tiles; ++tile) {
    const int stage = tile % 2;
    wait(address(&full[stage]), PARITY);
#ifdef PROXY_FENCE
    // Threads write one of the operands themselves: here what is there already.
    volatile Bf16 *own = &b[stage][thread() / 16][thread() % 16 * 4];
    for (int i = 0; i < 4; ++i)
      own[i] = own[i];
    PROXY_FENCE;
    __nvvm_barrier_sync(0);
#endif
    FENCE;
    for (int k = 0; k < 4; ++k)
      asm volatile("{ .reg .pred p; setp.ne.b32 p, %10, 0; wgmma.mma_async.sync.aligned.m64n8k16.f32.bf16.bf16 {%0, %1, %2, %3}, %8, %9, p, "
                   "%11, %12, %13, %14; }"
                   : "=f"(c[0]), "=f"(c[1]), "=f"(c[2]), "=f"(c[3])
                   : "0"(c[0]), "1"(c[1]), "2"(c[2]), "3"(c[3]), "l"(describe(address(&a[stage]) + k * 32)),
                     "l"(describe(address(&b[stage]) + k * 32)), "n"(1), "n"(1), "n"(1), "n"(0), "n"(0) : "memory");
    asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
#ifndef UNTIED
    asm volatile("wgmma.wait_group.sync.aligned " TEXT(LEFT) ";"
                 : "=f"(c[0]), "=f"(c[1]), "=f"(c[2]), "=f"(c[3]) : "0"(c[0]), "1"(c[1]), "2"(c[2]), "3"(c[3]) : "memory");
#endif
    RELEASE;
    if (thread() == 0 && tile + STEP < tiles)
      load(tile + STEP, left, right);
  }
  const int row = thread() / 32 * 16 + thread() % 32 / 4;
  for (int i = 0; i < 4; ++i)
    out[(row + i / 2 * 8) * 8 + thread() % 4 * 2 + i % 2] = c[i];
}

// The same, a thread an element.
KERNEL reference(float *out, const Bf16 *left, const Bf16 *right, int depth) {
  auto widen = [](Bf16 bits) { return __builtin_bit_cast(float, unsigned(bits) << 16); };
  float sum = 0;
  for (int k = 0; k < depth; ++k)
    sum += widen(left[block() * depth + k]) * widen(right[thread() * depth + k]);
  out[block() * 8 + thread()] = sum;
}
