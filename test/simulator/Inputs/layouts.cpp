// A warpgroup multiplies [64, depth] by the transpose of [16, depth], of factors and in a layout that the test says. Threads lay the factors out
// as the PTX ISA says ("Shared Memory Matrix Layout"), and tensor cores read them where descriptors say.
#include "device.h"

#ifndef SWIZZLE
#define SWIZZLE 128
#endif
#ifndef TRANSPOSED
#define TRANSPOSED 0
#endif
#ifndef STRIDE
#define STRIDE kStride
#endif
#ifndef LEADING
#define LEADING kLeading
#endif
#ifndef OFFSET
#define OFFSET 0ul
#endif
#ifndef MODE
#define MODE (SWIZZLE == 128 ? 1 : SWIZZLE == 64 ? 2 : SWIZZLE == 32 ? 3 : 0)
#endif

// Factors, what an instruction for them is called, and how they are made of numbers that they have.
#ifdef TF32
using Element = unsigned;
#define SHAPE "k8.f32.tf32.tf32"
static Element narrow(float x) { return __builtin_bit_cast(unsigned, x); }
#elif defined(E4M3)
using Element = unsigned char;
#define SHAPE "k32.f32.e4m3.e4m3"
static Element narrow(float x) {
  const unsigned bits = __builtin_bit_cast(unsigned, x);
  return (bits & 0x7fffffff) == 0 ? 0 : (bits >> 24 & 0x80) | (((bits >> 23 & 0xff) - 120) << 3) | (bits >> 20 & 7);
}
#elif defined(F16)
using Element = unsigned short;
#define SHAPE "k16.f32.f16.f16"
static Element narrow(float x) { return __builtin_bit_cast(unsigned short, (_Float16)x); }
#else
using Element = unsigned short;
#define SHAPE "k16.f32.bf16.bf16"
static Element narrow(float x) { return __builtin_bit_cast(unsigned, x) >> 16; }
#endif

constexpr int kBytes = sizeof(Element), kStep = 32 / kBytes, kSteps = SWIZZLE == 0 ? 2 : SWIZZLE / 32, kDepth = kSteps * kStep;
constexpr int kUnit = 16 / kBytes, kLine = SWIZZLE == 0 ? 16 : SWIZZLE;
// Bytes from eight lines to the next, and from a line's end to where it goes on.
constexpr int kStride = SWIZZLE != 0 || TRANSPOSED ? 8 * kLine : 2 * kSteps * 128;
constexpr int kLeading = SWIZZLE != 0 ? kDepth / 8 * kStride : TRANSPOSED ? kDepth / 8 * 128 : 128;

SHARED Element a[64 * kDepth] __attribute__((aligned(1024)));
SHARED Element b[64 * kDepth] __attribute__((aligned(1024)));

static int place(int row, int k) {
  if (SWIZZLE == 0) // matrices of eight rows of 16 bytes, or of eight columns
    return TRANSPOSED ? (row / 8 * kLeading + k / 8 * 128 + k % 8 * 16 + row % 8 * 2) / kBytes
                      : (row / 8 * kStride + k / kUnit * kLeading + row % 8 * 16 + k % kUnit * kBytes) / kBytes;
  const int across = (TRANSPOSED ? row : k) * kBytes, along = TRANSPOSED ? k : row;
  const int line = across / kLine * kLeading / kLine + along, inLine = across % kLine;
  // Where it would be in lines of 128 bytes says which pieces change places.
  const int wide = line * kLine / 128;
  return (line * kLine + (inLine ^ (SWIZZLE == 128 ? wide % 8 : SWIZZLE == 64 ? wide % 4 : wide % 2) * 16)) / kBytes;
}

static unsigned address(const __attribute__((address_space(3))) Element *pointer) { return (unsigned)(unsigned long)pointer; }

// Without a swizzle, what lies side by side in the transposed matrix is told apart by the stride, and the rest by the leading bytes.
static unsigned long describe(const __attribute__((address_space(3))) Element *matrix, int step) {
  const int next = TRANSPOSED ? kStep / 8 * (SWIZZLE == 0 ? 128 : kStride) : SWIZZLE == 0 ? 2 * kLeading : 32;
  const unsigned long leading = SWIZZLE == 0 && TRANSPOSED ? 128 : LEADING, stride = SWIZZLE == 0 && TRANSPOSED ? LEADING : STRIDE;
  return (address(matrix) + step * next & 0x3ffff) >> 4 | leading >> 4 << 16 | stride >> 4 << 32 | OFFSET << 49 | (unsigned long)(MODE) << 62;
}

KERNEL product(float *out, const float *left, const float *right) {
  for (int i = thread(); i < 64 * kDepth; i += 128)
    a[place(i / kDepth, i % kDepth)] = narrow(left[i]);
  for (int i = thread(); i < 16 * kDepth; i += 128)
    b[place(i / kDepth, i % kDepth)] = narrow(right[i]);
  asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
  __nvvm_barrier_sync(0);
  float c[8] = {};
  asm volatile("wgmma.fence.sync.aligned;"
               : "=f"(c[0]), "=f"(c[1]), "=f"(c[2]), "=f"(c[3]), "=f"(c[4]), "=f"(c[5]), "=f"(c[6]), "=f"(c[7])
               : "0"(c[0]), "1"(c[1]), "2"(c[2]), "3"(c[3]), "4"(c[4]), "5"(c[5]), "6"(c[6]), "7"(c[7]) : "memory");
  for (int step = 0; step < kSteps; ++step)
    asm volatile("{ .reg .pred p; setp.ne.b32 p, %18, 0; wgmma.mma_async.sync.aligned.m64n16" SHAPE " {%0, %1, %2, %3, %4, %5, %6, %7}, "
#if defined(TF32) || defined(E4M3)
                 "%16, %17, p, %19, %20; }"
#else
                 "%16, %17, p, %19, %20, %21, %22; }"
#endif
                 : "=f"(c[0]), "=f"(c[1]), "=f"(c[2]), "=f"(c[3]), "=f"(c[4]), "=f"(c[5]), "=f"(c[6]), "=f"(c[7])
                 : "0"(c[0]), "1"(c[1]), "2"(c[2]), "3"(c[3]), "4"(c[4]), "5"(c[5]), "6"(c[6]), "7"(c[7]), "l"(describe(a, step)),
                   "l"(describe(b, step)), "n"(1), "n"(1), "n"(1)
#if !defined(TF32) && !defined(E4M3)
                                                               ,
                   "n"(TRANSPOSED), "n"(TRANSPOSED)
#endif
                 : "memory");
  asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
  asm volatile("wgmma.wait_group.sync.aligned 0;"
               : "=f"(c[0]), "=f"(c[1]), "=f"(c[2]), "=f"(c[3]), "=f"(c[4]), "=f"(c[5]), "=f"(c[6]), "=f"(c[7])
               : "0"(c[0]), "1"(c[1]), "2"(c[2]), "3"(c[3]), "4"(c[4]), "5"(c[5]), "6"(c[6]), "7"(c[7]) : "memory");
  const int row = thread() / 32 * 16 + thread() % 32 / 4;
  for (int i = 0; i < 8; ++i)
    out[(row + i / 2 % 2 * 8) * 16 + i / 4 * 8 + thread() % 4 * 2 + i % 2] = c[i];
}

// The same, a thread an element.
KERNEL reference(float *out, const float *left, const float *right) {
  float sum = 0;
  for (int k = 0; k < kDepth; ++k)
    sum += left[block() * kDepth + k] * right[thread() * kDepth + k];
  out[block() * 16 + thread()] = sum;
}
