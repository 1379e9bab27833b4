// wgmma on operands that lie in shared memory as they come: which elements it
// reads by a descriptor, and where the sums are. 64 steps of the contraction,
// 16 an instruction, as hashc's kernels have it. Results are 64 sums, integers,
// in the order of registers.
#include "hopper.h"

// Without the first one, after which a comma comes.
// clang-format off
#define REST_OF_32(X)                                                          \
  X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14)   \
  X(15) X(16) X(17) X(18) X(19) X(20) X(21) X(22) X(23) X(24) X(25) X(26)      \
  X(27) X(28) X(29) X(30) X(31)
#define REST_OF_64(X)                                                          \
  REST_OF_32(X) X(32) X(33) X(34) X(35) X(36) X(37) X(38) X(39) X(40) X(41)    \
  X(42) X(43) X(44) X(45) X(46) X(47) X(48) X(49) X(50) X(51) X(52) X(53)      \
  X(54) X(55) X(56) X(57) X(58) X(59) X(60) X(61) X(62) X(63)
#define REST_OF_128(X)                                                         \
  REST_OF_64(X) X(64) X(65) X(66) X(67) X(68) X(69) X(70) X(71) X(72) X(73)    \
  X(74) X(75) X(76) X(77) X(78) X(79) X(80) X(81) X(82) X(83) X(84) X(85)      \
  X(86) X(87) X(88) X(89) X(90) X(91) X(92) X(93) X(94) X(95) X(96) X(97)      \
  X(98) X(99) X(100) X(101) X(102) X(103) X(104) X(105) X(106) X(107) X(108)   \
  X(109) X(110) X(111) X(112) X(113) X(114) X(115) X(116) X(117) X(118)        \
  X(119) X(120) X(121) X(122) X(123) X(124) X(125) X(126) X(127)
// clang-format on

#define NAME(i) ", %" #i
#define RESULT(i) , "=f"(c[i])
#define TIED(i) , #i(c[i])

SHARED int lhs[64 * 32] __attribute__((aligned(1024)));
SHARED int rhs[256 * 32] __attribute__((aligned(1024)));

// Products of 64 rows and N columns, the sums of which are the results, tied to
// their operands.
#define PRODUCT(N, COUNT, REST, FROM, NAMES)                                   \
  struct Product##N {                                                          \
    static constexpr int columns = N, count = COUNT;                           \
    static void fence(float *c) {                                              \
      asm volatile("wgmma.fence.sync.aligned;"                                 \
                   : "=f"(c[0])REST(RESULT)                                    \
                   : "0"(c[0])REST(TIED)                                       \
                   : "memory");                                                \
    }                                                                          \
    static void finish(float *c) {                                             \
      asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");           \
      asm volatile("wgmma.wait_group.sync.aligned 0;"                          \
                   : "=f"(c[0])REST(RESULT)                                    \
                   : "0"(c[0])REST(TIED)                                       \
                   : "memory");                                                \
    }                                                                          \
    template <bool lhsTransposed, bool rhsTransposed>                          \
    static void add(float *c, unsigned long a, unsigned long b) {              \
      asm volatile("{ .reg .pred p; setp.ne.b32 p, " FROM                      \
                   ", 0; wgmma.mma_async.sync.aligned.m64n" #N                 \
                   "k16.f32.bf16.bf16 {%0" REST(NAME) "}, " NAMES "; }"        \
                   : "=f"(c[0])REST(RESULT)                                    \
                   : "0"(c[0])REST(TIED), "l"(a), "l"(b), "n"(1), "n"(1),      \
                     "n"(1), "n"(int(lhsTransposed)), "n"(int(rhsTransposed))  \
                   : "memory");                                                \
    }                                                                          \
  };
PRODUCT(64, 32, REST_OF_32, "%66", "%64, %65, p, %67, %68, %69, %70")
PRODUCT(128, 64, REST_OF_64, "%130", "%128, %129, p, %131, %132, %133, %134")
PRODUCT(256, 128, REST_OF_128, "%258", "%256, %257, p, %259, %260, %261, %262")

// From one instruction's 16 steps to the next one's, in a descriptor's units:
// 32 bytes of each line, or 16 lines.
template <bool transposed>
constexpr unsigned long step = transposed ? 16 * 128 / 16 : 32 / 16;

// Transposed operands are lines of one step each, in pieces of 64 rows.
template <typename Product, bool lhsTransposed, bool rhsTransposed>
static void multiply(float *out, const int *left, const int *right) {
  for (int i = thread(); i < 64 * 32; i += 128)
    lhs[i] = left[i];
  for (int i = thread(); i < Product::columns * 32; i += 128)
    rhs[i] = right[i];
  asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
  __nvvm_barrier_sync(0);
  const unsigned long a = describe(address(lhs), lhsTransposed ? 64 * 128 : 16);
  const unsigned long b = describe(address(rhs), rhsTransposed ? 64 * 128 : 16);
  float c[Product::count];
#pragma unroll
  for (int i = 0; i < Product::count; ++i)
    c[i] = i;
  Product::fence(c);
#pragma unroll
  for (int k = 0; k < 4; ++k)
    Product::template add<lhsTransposed, rhsTransposed>(
        c, a + k * step<lhsTransposed>, b + k * step<rhsTransposed>);
  Product::finish(c);
#pragma unroll
  for (int i = 0; i < Product::count; ++i)
    out[thread() * Product::count + i] = 64 * c[i];
}

#define KERNELS(N)                                                             \
  KERNEL wgmma_n##N(float *out, const int *a, const int *b) {                  \
    multiply<Product##N, false, false>(out, a, b);                             \
  }                                                                            \
  KERNEL wgmma_n##N##_rhs(float *out, const int *a, const int *b) {            \
    multiply<Product##N, false, true>(out, a, b);                              \
  }                                                                            \
  KERNEL wgmma_n##N##_lhs(float *out, const int *a, const int *b) {            \
    multiply<Product##N, true, false>(out, a, b);                              \
  }                                                                            \
  KERNEL wgmma_n##N##_both(float *out, const int *a, const int *b) {           \
    multiply<Product##N, true, true>(out, a, b);                               \
  }

KERNELS(64)
KERNELS(128)
KERNELS(256)
