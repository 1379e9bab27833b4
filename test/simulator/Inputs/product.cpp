// One warp multiplies [16, depth] by [depth, 8] in tiles of 16 that asynchronous copies bring in, two ahead. Tests plant their bugs in
// what is a macro here.
#include "device.h"

#ifndef STAGES
#define STAGES 3
#endif
#ifndef LEFT
#define LEFT STAGES - 2
#endif
#ifndef ARRIVED
#define ARRIVED __nvvm_bar_warp_sync(0xffffffff)
#endif
#ifndef NEXT_STAGE
#define NEXT_STAGE (tile + STAGES - 1) % STAGES
#endif
#ifndef TRANS
#define TRANS ".trans"
#endif
#ifndef AT_END
#define AT_END __nvvm_cp_async_wait_all()
#endif

using Bf16 = unsigned short;

SHARED Bf16 a[STAGES][16][16] __attribute__((aligned(128)));
SHARED Bf16 b[STAGES][16][8] __attribute__((aligned(128)));

static void load(int stage, int tile, int depth, const Bf16 *left, const Bf16 *right) {
  const int lane = thread(), row = lane / 2, column = lane % 2 * 8;
  __nvvm_cp_async_cg_shared_global_16((__attribute__((address_space(3))) void *)&a[stage][row][column],
                                      (Global *)(left + row * depth + tile * 16 + column));
  if (lane < 16)
    __nvvm_cp_async_cg_shared_global_16((__attribute__((address_space(3))) void *)&b[stage][lane][0],
                                        (Global *)(right + (tile * 16 + lane) * 8));
}

KERNEL product(float *out, const Bf16 *left, const Bf16 *right, int depth) {
  const int lane = thread(), tiles = depth / 16;
  for (int tile = 0; tile < STAGES - 1; ++tile) {
    load(tile, tile, depth, left, right);
    __nvvm_cp_async_commit_group();
  }
  float c[4] = {};
  for (int tile = 0; tile < tiles; ++tile) {
    __nvvm_cp_async_wait_group(LEFT);
    ARRIVED;
    if (tile + STAGES - 1 < tiles)
      load(NEXT_STAGE, tile + STAGES - 1, depth, left, right);
    __nvvm_cp_async_commit_group();
    const int stage = tile % STAGES;
    unsigned x[4], y[2];
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(x[0]), "=r"(x[1]), "=r"(x[2]), "=r"(x[3])
                 : "r"(address(&a[stage][lane % 16][lane / 16 * 8])) : "memory");
    asm volatile("ldmatrix.sync.aligned.m8n8.x2" TRANS ".shared.b16 {%0, %1}, [%2];"
                 : "=r"(y[0]), "=r"(y[1]) : "r"(address(&b[stage][lane % 16][0])) : "memory");
    float d[4];
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%10, %11, %12, %13};"
                 : "=f"(d[0]), "=f"(d[1]), "=f"(d[2]), "=f"(d[3])
                 : "r"(x[0]), "r"(x[1]), "r"(x[2]), "r"(x[3]), "r"(y[0]), "r"(y[1]), "f"(c[0]), "f"(c[1]), "f"(c[2]), "f"(c[3]));
    for (int i = 0; i < 4; ++i)
      c[i] = d[i];
  }
  AT_END;
  for (int i = 0; i < 4; ++i)
    out[(lane / 4 + i / 2 * 8) * 8 + lane % 4 * 2 + i % 2] = c[i];
}

// The same, a thread an element.
KERNEL reference(float *out, const Bf16 *left, const Bf16 *right, int depth) {
  auto widen = [](Bf16 bits) { return __builtin_bit_cast(float, unsigned(bits) << 16); };
  float sum = 0;
  for (int k = 0; k < depth; ++k)
    sum += widen(left[block() * depth + k]) * widen(right[k * 8 + thread()]);
  out[block() * 8 + thread()] = sum;
}
