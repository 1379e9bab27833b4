// Arithmetic whose rounding, or whose NaNs and denormals, could be another. A
// thread has an element.
#include "codegen/cpu/kernels/Vector.h"
#include "device.h"

using hashc::kernels::bf16;

// bf16 is rounded by integers, and read by an instruction.
KERNEL narrow(bf16 *out, const float *in) {
  hashc::kernels::write(out + thread(), in[thread()]);
}
// Two at once, the first in the low half.
KERNEL narrow_pair(unsigned *out, const float *in) {
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;"
      : "=r"(out[thread()])
      : "f"(in[thread() * 2 + 1]), "f"(in[thread() * 2]));
}
KERNEL widen(float *out, const __bf16 *in) {
  out[thread()] = float(in[thread()]);
}

KERNEL narrow_f64(float *out, const double *in) {
  out[thread()] = float(in[thread()]);
}
KERNEL widen_f32(double *out, const float *in) { out[thread()] = in[thread()]; }

KERNEL to_float(float *out, double *wide, const int *in, const long *large) {
  const int i = thread();
  out[i * 2] = float(in[i]);
  out[i * 2 + 1] = float((unsigned long)large[i]);
  wide[i * 2] = double(in[i]);
  wide[i * 2 + 1] = double((unsigned long)large[i]);
}

// Of a double: to the nearest, up, and to an integer.
KERNEL round(double *out, long *integer, const double *in) {
  const int i = thread();
  out[i * 2] = __builtin_rint(in[i]);
  out[i * 2 + 1] = __builtin_ceil(in[i]);
  integer[i] = long(in[i]);
}

KERNEL arithmetic(float *out, const float *x, const float *y, const float *z) {
  const float a = x[thread()], b = y[thread()], c = z[thread()];
  float *to = out + thread() * 8;
  to[0] = a + b;
  to[1] = a - b;
  to[2] = a * b;
  to[3] = __builtin_elementwise_fma(a, b, c);
  to[4] = a / b;
  to[5] = 1.0f / a;
  to[6] = __builtin_elementwise_sqrt(a);
  to[7] = __builtin_copysignf(a, b);
}

KERNEL arithmetic_f64(double *out, const double *x, const double *y,
                      const double *z) {
  const double a = x[thread()], b = y[thread()], c = z[thread()];
  double *to = out + thread() * 7;
  to[0] = a + b;
  to[1] = a - b;
  to[2] = a * b;
  to[3] = __builtin_elementwise_fma(a, b, c);
  to[4] = a / b;
  to[5] = 1.0 / a;
  to[6] = __builtin_elementwise_sqrt(a);
}

// A bit each; numbers are read for each again, for LLVM would make one of two
// comparisons that say the same.
template <typename Number>
static int compareAll(const volatile Number *x, const volatile Number *y) {
  const int i = thread();
  int bits = x[i] < y[i];
  bits |= (x[i] <= y[i]) << 1;
  bits |= (x[i] > y[i]) << 2;
  bits |= (x[i] >= y[i]) << 3;
  bits |= (x[i] == y[i]) << 4;
  bits |= (x[i] != y[i]) << 5;
  bits |= !(x[i] < y[i]) << 6;
  bits |= !(x[i] <= y[i]) << 7;
  bits |= !(x[i] > y[i]) << 8;
  bits |= !(x[i] >= y[i]) << 9;
  bits |= !__builtin_isunordered(x[i], y[i]) << 10;
  bits |= __builtin_isunordered(x[i], y[i]) << 11;
  const Number a = x[i], b = y[i];
  return bits | ((a < b) | (a > b)) << 12;
}

KERNEL compare(int *out, int *wide, float *larger, const float *x,
               const float *y, const double *wideX, const double *wideY) {
  out[thread()] = compareAll(x, y);
  wide[thread()] = compareAll(wideX, wideY);
  larger[thread()] = __builtin_fmaxf(x[thread()], y[thread()]);
}

// The upper halves of products: of unsigned and signed 64 bits, and of 32 bits
// in a division.
KERNEL mul_hi(long *out, const long *x, const long *y) {
  const long a = x[thread()], b = y[thread()];
  out[thread() * 3] =
      long((unsigned __int128)(unsigned long)a * (unsigned long)b >> 64);
  out[thread() * 3 + 1] = long((__int128)a * b >> 64);
  out[thread() * 3 + 2] = (unsigned)a / 3;
}

// Approximate: what has too few bits for a normal number is 0.
KERNEL exp2_approx(float *out, const float *in) {
  out[thread()] = __nvvm_ex2_approx_ftz_f(in[thread()]);
}
