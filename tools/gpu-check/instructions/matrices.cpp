// Fragments of matrices: what a lane loads, and what it multiplies. Results are
// in the order of registers, a lane after the other.
#include "device.h"

using Bf16 = unsigned short;

SHARED Bf16 rows[32][8] __attribute__((aligned(128)));

// Elements are their number; lane i gives the address of row in[i].
template <typename Load>
static void loadMatrices(unsigned *out, const int *in, Load load) {
  const int lane = thread();
  for (int i = 0; i < 8; ++i)
    rows[lane][i] = lane * 8 + i;
  __nvvm_bar_warp_sync(0xffffffff);
  unsigned r[4];
  load(r, address(&rows[in[lane]][0]));
  for (int i = 0; i < 4; ++i)
    out[lane * 4 + i] = r[i];
}

KERNEL ldmatrix(unsigned *out, const int *in) {
  loadMatrices(out, in, [](unsigned *r, unsigned at) {
    asm volatile(
        "ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
        : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
        : "r"(at)
        : "memory");
  });
}

KERNEL ldmatrix_trans(unsigned *out, const int *in) {
  loadMatrices(out, in, [](unsigned *r, unsigned at) {
    asm volatile(
        "ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
        : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
        : "r"(at)
        : "memory");
  });
}

// Operands are as a lane has them: four registers, two, four sums.
struct Fragments {
  unsigned a[4], b[2];
  float c[4], d[4];
};

template <typename Multiply>
static void multiply(float *out, const unsigned *a, const unsigned *b,
                     const float *c, Multiply mma) {
  const int lane = thread();
  Fragments f;
  for (int i = 0; i < 4; ++i) {
    f.a[i] = a[lane * 4 + i];
    f.c[i] = c[lane * 4 + i];
  }
  for (int i = 0; i < 2; ++i)
    f.b[i] = b[lane * 2 + i];
  mma(f);
  for (int i = 0; i < 4; ++i)
    out[lane * 4 + i] = f.d[i];
}

#define MULTIPLY(instruction)                                                  \
  [](Fragments &f) {                                                           \
    asm volatile(                                                              \
        instruction                                                            \
        " {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%10, %11, %12, %13};" \
        : "=f"(f.d[0]), "=f"(f.d[1]), "=f"(f.d[2]), "=f"(f.d[3])               \
        : "r"(f.a[0]), "r"(f.a[1]), "r"(f.a[2]), "r"(f.a[3]), "r"(f.b[0]),     \
          "r"(f.b[1]), "f"(f.c[0]), "f"(f.c[1]), "f"(f.c[2]), "f"(f.c[3]));    \
  }

KERNEL mma_bf16(float *out, const unsigned *a, const unsigned *b,
                const float *c) {
  multiply(out, a, b, c,
           MULTIPLY("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32"));
}

KERNEL mma_tf32(float *out, const unsigned *a, const unsigned *b,
                const float *c) {
  multiply(out, a, b, c,
           MULTIPLY("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32"));
}
