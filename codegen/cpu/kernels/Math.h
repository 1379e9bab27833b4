//===- Math.h - Elementary functions on vectors -*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// Accurate to 3 ulp (sin and cos: where said below; pow: to 2 ulp for each unit
// of |y log x|), without tables or branches. Ranges are reduced by Cody and
// Waite's method; the rational approximations of erf and tanh in double are
// those of Moshier's Cephes library.
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_CODEGEN_CPU_KERNELS_MATH_H
#define HASHC_CODEGEN_CPU_KERNELS_MATH_H

#include "Vector.h"

namespace hashc::kernels {

/// Constants of each compute type's format.
template <typename C> struct Format;
template <> struct Format<float> {
  static constexpr int mantissaBits = 23, bias = 127;
  static constexpr float expLow = -104.0f, expHigh = 89.0f;
  static constexpr float ln2High = 0.693359375f, ln2Low = -2.12194440e-4f;
};
template <> struct Format<double> {
  static constexpr int mantissaBits = 52, bias = 1023;
  static constexpr double expLow = -745.2, expHigh = 710.0;
  static constexpr double ln2High = 6.93147180369123816490e-01,
                          ln2Low = 1.90821492927058770002e-10;
};

template <typename C> HASHC_INLINE Bits<C> toBits(Vector<C> v) {
  return __builtin_bit_cast(Bits<C>, v);
}
template <typename C> HASHC_INLINE Vector<C> fromBits(Bits<C> v) {
  return __builtin_bit_cast(Vector<C>, v);
}
template <typename C> HASHC_INLINE Bits<C> toInteger(Vector<C> v) {
  return __builtin_convertvector(v, Bits<C>);
}
template <typename C> HASHC_INLINE Vector<C> toFloat(Bits<C> v) {
  return __builtin_convertvector(v, Vector<C>);
}
template <typename C> HASHC_INLINE Vector<C> absolute(Vector<C> v) {
  return __builtin_elementwise_abs(v);
}
template <typename C>
HASHC_INLINE Vector<C> copySign(Vector<C> magnitude, Vector<C> sign) {
  return __builtin_elementwise_copysign(magnitude, sign);
}

/// c[0] x^(n-1) + ... + c[n-1].
template <typename C, int n>
HASHC_INLINE Vector<C> polynomial(Vector<C> x, const C (&c)[n]) {
  Vector<C> y = splat<C>(c[0]);
  for (int i = 1; i < n; ++i)
    y = fma<C>(y, x, splat<C>(c[i]));
  return y;
}

/// 2^n for integral n in the range of normal numbers.
template <typename C> HASHC_INLINE Vector<C> powerOfTwo(Bits<C> n) {
  return fromBits<C>((n + Format<C>::bias) << Format<C>::mantissaBits);
}

/// 1/k! from the highest down, of the Taylor polynomial of exp on |r| <=
/// ln(2)/2.
template <typename C> struct ExpTaylor;
template <> struct ExpTaylor<float> {
  static constexpr float c[8] = {1.f / 5040, 1.f / 720, 1.f / 120, 1.f / 24,
                                 1.f / 6,    1.f / 2,   1.f,       1.f};
};
template <> struct ExpTaylor<double> {
  static constexpr double c[14] = {1. / 6227020800.,
                                   1. / 479001600.,
                                   1. / 39916800.,
                                   1. / 3628800.,
                                   1. / 362880.,
                                   1. / 40320.,
                                   1. / 5040.,
                                   1. / 720.,
                                   1. / 120.,
                                   1. / 24.,
                                   1. / 6.,
                                   1. / 2.,
                                   1.,
                                   1.};
};

/// x = n ln(2) + r with integral n, |r| <= ln(2)/2.
template <typename C> struct ExpParts {
  Vector<C> n, r;
  Bits<C> integral;
};

/// Adding 1.5 * 2^mantissaBits rounds to an integer and leaves it in the low
/// bits.
template <typename C> HASHC_INLINE ExpParts<C> splitExp(Vector<C> x) {
  using F = Format<C>;
  Vector<C> shift = splat<C>(C(1.5) * C(int64_t(1) << Format<C>::mantissaBits));
  Vector<C> shifted = fma<C>(x, splat<C>(C(1.4426950408889634074)), shift);
  Vector<C> n = shifted - shift;
  Vector<C> r = fma<C>(n, splat<C>(-F::ln2High), x);
  r = fma<C>(n, splat<C>(-F::ln2Low), r);
  return {n, r, toBits<C>(shifted) - toBits<C>(shift)};
}

/// y 2^n, rounded once wherever it lies.
template <typename C>
HASHC_INLINE Vector<C> scale(Vector<C> y, const ExpParts<C> &parts) {
#if HASHC_VECTOR_BYTES == 64 && defined(__AVX512F__)
  constexpr int kCurrentRounding = 4;
  if constexpr (sizeof(C) == 4)
    return __builtin_ia32_scalefps512_mask(y, parts.n, y, -1, kCurrentRounding);
  else
    return __builtin_ia32_scalefpd512_mask(y, parts.n, y, -1, kCurrentRounding);
#else
  // In two steps: 2^n alone may leave the range when the result does not.
  Bits<C> half = parts.integral >> 1;
  return y * powerOfTwo<C>(half) * powerOfTwo<C>(parts.integral - half);
#endif
}

/// Not-a-number passes through all of it.
template <typename C> HASHC_INLINE Vector<C> exp(Vector<C> x) {
  using F = Format<C>;
  // Beyond these the result is zero, or infinite, like theirs.
  Vector<C> low = splat<C>(F::expLow), high = splat<C>(F::expHigh);
  x = select<C>(x < low, low, x);
  x = select<C>(x > high, high, x);
  ExpParts<C> parts = splitExp<C>(x);
  return scale<C>(polynomial<C>(parts.r, ExpTaylor<C>::c), parts);
}

/// log(m) = 2 atanh(s), s = (m - 1) / (m + 1), for m in [sqrt(1/2), sqrt(2)):
/// the coefficients of s^2, highest first, without the leading 1.
template <typename C> struct AtanhSeries;
template <> struct AtanhSeries<float> {
  static constexpr float c[5] = {1.f / 11, 1.f / 9, 1.f / 7, 1.f / 5, 1.f / 3};
};
template <> struct AtanhSeries<double> {
  static constexpr double c[11] = {1. / 23, 1. / 21, 1. / 19, 1. / 17,
                                   1. / 15, 1. / 13, 1. / 11, 1. / 9,
                                   1. / 7,  1. / 5,  1. / 3};
};

template <typename C> HASHC_INLINE Vector<C> log(Vector<C> x) {
  using F = Format<C>;
  using Integer = typename BitsOf<C>::type;
  // Subnormals are scaled into the normal range first.
  C smallest = fromBits<C>(Bits<C>{} + (Integer(1) << F::mantissaBits))[0];
  C scale = powerOfTwo<C>(Bits<C>{} + Integer(F::mantissaBits))[0];
  Bits<C> tiny = x < splat<C>(smallest);
  Vector<C> scaled = select<C>(tiny, x * splat<C>(scale), x);
  Integer rootHalf = __builtin_bit_cast(Integer, C(0.70710678118654752440));
  Bits<C> bits = toBits<C>(scaled) - rootHalf;
  Bits<C> exponent = bits >> F::mantissaBits;
  Vector<C> m =
      fromBits<C>((bits & ((Integer(1) << F::mantissaBits) - 1)) + rootHalf);
  exponent -= tiny & Integer(F::mantissaBits);
  Vector<C> e = toFloat<C>(exponent);
  // With f = m - 1 exact: log(m) = f - (f^2/2 - s (f^2/2 + z R)), as in fdlibm.
  Vector<C> f = m - splat<C>(C(1));
  Vector<C> s = f / (f + splat<C>(C(2)));
  Vector<C> z = s * s;
  Vector<C> tail = z * polynomial<C>(z, AtanhSeries<C>::c) * splat<C>(C(2));
  Vector<C> halfSquare = f * f * splat<C>(C(0.5));
  Vector<C> correction = s * (halfSquare + tail);
  Vector<C> y = fma<C>(e, splat<C>(F::ln2Low), correction);
  y = f - (halfSquare - y);
  y = fma<C>(e, splat<C>(F::ln2High), y);
  C infinity = C(__builtin_inf());
  y = select<C>(x == Vector<C>{}, splat<C>(-infinity), y);
  y = select<C>(x < Vector<C>{}, splat<C>(C(__builtin_nan(""))), y);
  y = select<C>(x == splat<C>(infinity), x, y);
  return select<C>(x != x, x, y);
}

/// log(1 + x), by Kahan's correction for what 1 + x rounds away.
template <typename C> HASHC_INLINE Vector<C> log1p(Vector<C> x) {
  Vector<C> one = splat<C>(C(1));
  Vector<C> u = one + x;
  Vector<C> y = log<C>(u) + (x - (u - one)) / u;
  y = select<C>(u == one, x, y);
  y = select<C>(u == splat<C>(C(__builtin_inf())), u, y);
  return select<C>(u <= Vector<C>{}, log<C>(u), y);
}

template <typename C> struct TanhSmall;
template <> struct TanhSmall<float> {
  // tanh(x) = x + x^3 P(x^2) on |x| < 0.625.
  static HASHC_INLINE Vector<float> get(Vector<float> x) {
    constexpr float p[5] = {-5.70498872745e-3f, 2.06390887954e-2f,
                            -5.37397155531e-2f, 1.33314422036e-1f,
                            -3.33332819422e-1f};
    Vector<float> z = x * x;
    return fma<float>(x * z, polynomial<float>(z, p), x);
  }
};
template <> struct TanhSmall<double> {
  static HASHC_INLINE Vector<double> get(Vector<double> x) {
    constexpr double p[3] = {-9.64399179425052238628e-1,
                             -9.92877231001918586564e1,
                             -1.61468768441708447952e3};
    constexpr double q[4] = {1.0, 1.12811678491632931402e2,
                             2.23548839060100448583e3,
                             4.84406305325125486048e3};
    Vector<double> z = x * x;
    Vector<double> r = polynomial<double>(z, p) / polynomial<double>(z, q);
    return fma<double>(x * z, r, x);
  }
};

template <typename C> HASHC_INLINE Vector<C> tanh(Vector<C> x) {
  Vector<C> a = absolute<C>(x);
  Vector<C> capped = select<C>(a > splat<C>(C(22)), splat<C>(C(22)), a);
  Vector<C> grown = exp<C>(capped + capped);
  Vector<C> large = splat<C>(C(1)) - splat<C>(C(2)) / (grown + splat<C>(C(1)));
  Vector<C> y = select<C>(a < splat<C>(C(0.625)), TanhSmall<C>::get(a), large);
  return select<C>(x != x, x, copySign<C>(y, x));
}

/// erf on |x| <= 1: x T(x^2) / U(x^2), in double.
HASHC_INLINE Vector<double> erfSmall(Vector<double> x) {
  constexpr double t[5] = {9.60497373987051638749e0, 9.00260197203842689217e1,
                           2.23200534594684319226e3, 7.00332514112805075473e3,
                           5.55923013010394962768e4};
  constexpr double u[6] = {1.0,
                           3.35617141647503099647e1,
                           5.21357949780152679795e2,
                           4.59432382970980127987e3,
                           2.26290000613890934246e4,
                           4.92673942608635921086e4};
  Vector<double> z = x * x;
  return x * polynomial<double>(z, t) / polynomial<double>(z, u);
}

/// 1 - erf(a) for a in [1, 8), in double; erf is 1 beyond 6.
HASHC_INLINE Vector<double> erfcLarge(Vector<double> a) {
  constexpr double p[9] = {
      2.46196981473530512524e-10, 5.64189564831068821977e-1,
      7.46321056442269912687e0,   4.86371970985681366614e1,
      1.96520832956077098242e2,   5.26445194995477358631e2,
      9.34528527171957607540e2,   1.02755188689515710272e3,
      5.57535335369399327526e2};
  constexpr double q[9] = {1.0,
                           1.32281951154744992508e1,
                           8.67072140885989742329e1,
                           3.54937778887819891062e2,
                           9.75708501743205489753e2,
                           1.82390916687909736289e3,
                           2.24633760818710981792e3,
                           1.65666309194161350182e3,
                           5.57535340817727675546e2};
  return exp<double>(-(a * a)) * polynomial<double>(a, p) /
         polynomial<double>(a, q);
}

HASHC_INLINE Vector<double> erf(Vector<double> x) {
  Vector<double> a = absolute<double>(x);
  Vector<double> capped = select<double>(a > 7.0, splat<double>(7.0), a);
  Vector<double> large = copySign<double>(1.0 - erfcLarge(capped), x);
  Vector<double> y = select<double>(a <= 1.0, erfSmall(x), large);
  return select<double>(x != x, x, y);
}

/// Minimax polynomials in relative error of erf: below 0.9 of erf(x)/x - 1 in
/// x^2 (1.2e-8), above of log(1 - erf(x)) up to 4 (1.8e-9), where erf is 1.
HASHC_INLINE Vector<float> erf(Vector<float> x) {
  constexpr float c[6] = {-6.09038165e-4f, 5.01196785e-3f,  -2.67789140e-2f,
                          1.12821408e-1f,  -3.76125246e-1f, 1.28379151e-1f};
  constexpr float d[7] = {2.00220198e-4f,  -3.08491103e-3f, 2.23914366e-2f,
                          -1.04269199e-1f, -6.36802018e-1f, -1.12789869f,
                          -1.42380173e-4f};
  Vector<float> a = absolute<float>(x);
  Vector<float> small = fma<float>(x, polynomial<float>(x * x, c), x);
  Vector<float> capped = select<float>(a > 4.0f, splat<float>(4.0f), a);
  // In the range of normal numbers, so that nothing needs a look.
  ExpParts<float> parts = splitExp<float>(polynomial<float>(capped, d));
  Vector<float> tail = polynomial<float>(parts.r, ExpTaylor<float>::c);
  tail = fromBits<float>(toBits<float>(tail) +
                         (parts.integral << Format<float>::mantissaBits));
  Vector<float> large = copySign<float>(splat<float>(1.0f) - tail, x);
  return select<float>(a < 0.9f, small, large);
}

/// sin and cos: the angle is reduced to |r| <= pi/4 in four parts of pi/2, good
/// for angles up to some thousands of turns. Products with the first two are
/// exact, and the last matters next to multiples of pi/2, where r is tiny.
template <typename C> struct CircleParts;
template <> struct CircleParts<float> {
  static constexpr float high = 1.5703125f, middle = 4.837512969970703125e-4f,
                         low = 7.54978995489188216e-8f,
                         lowest = -1.71512449944288281e-15f;
};
template <> struct CircleParts<double> {
  static constexpr double high = 1.57079625129699707031,
                          middle = 7.54978941586159635335e-8,
                          low = 5.39030285815811905289e-15,
                          lowest = 8.47842766036889964396e-32;
};

template <typename C>
HASHC_INLINE Vector<C> sinOfQuarter(Vector<C> x,
                                    typename BitsOf<C>::type shift) {
  using P = CircleParts<C>;
  Vector<C> n =
      __builtin_elementwise_roundeven(x * splat<C>(C(0.63661977236758134308)));
  Vector<C> r = fma<C>(n, splat<C>(-P::high), x);
  r = fma<C>(n, splat<C>(-P::middle), r);
  r = fma<C>(n, splat<C>(-P::low), r);
  r = fma<C>(n, splat<C>(-P::lowest), r);
  r = select<C>(n == Vector<C>{}, x, r); // keeps the sign of zero
  Bits<C> quarter = toInteger<C>(n) + shift;
  Vector<C> z = r * r;
  constexpr C s[8] = {C(-1. / 1307674368000.),
                      C(1. / 6227020800.),
                      C(-1. / 39916800.),
                      C(1. / 362880.),
                      C(-1. / 5040.),
                      C(1. / 120.),
                      C(-1. / 6.),
                      C(1.)};
  constexpr C c[9] = {C(1. / 20922789888000.),
                      C(-1. / 87178291200.),
                      C(1. / 479001600.),
                      C(-1. / 3628800.),
                      C(1. / 40320.),
                      C(-1. / 720.),
                      C(1. / 24.),
                      C(-1. / 2.),
                      C(1.)};
  Vector<C> sine = r * polynomial<C>(z, s), cosine = polynomial<C>(z, c);
  Vector<C> y = select<C>((quarter & 1) != 0, cosine, sine);
  return select<C>((quarter & 2) != 0, -y, y);
}
template <typename C> HASHC_INLINE Vector<C> sin(Vector<C> x) {
  return sinOfQuarter<C>(x, 0);
}
template <typename C> HASHC_INLINE Vector<C> cos(Vector<C> x) {
  return sinOfQuarter<C>(x, 1);
}

/// x^y as exp(y log|x|), with the sign of an odd integral power of a negative
/// x; at zeros and infinities, and where |x| is 1, as C's pow.
template <typename C> HASHC_INLINE Vector<C> pow(Vector<C> x, Vector<C> y) {
  Vector<C> one = splat<C>(C(1)), base = absolute<C>(x);
  Vector<C> size = exp<C>(y * log<C>(base));
  size = select<C>(base == one, one, size);
  Bits<C> integral = __builtin_elementwise_roundeven(y) == y;
  Vector<C> half = y * splat<C>(C(0.5));
  Bits<C> odd = integral & (__builtin_elementwise_roundeven(half) != half);
  Vector<C> result = select<C>(odd & (toBits<C>(x) < 0), -size, size);
  Bits<C> finite = base != splat<C>(C(__builtin_inf()));
  result = select<C>((x < Vector<C>{}) & finite & ~integral,
                     splat<C>(C(__builtin_nan(""))), result);
  return select<C>(y == Vector<C>{}, one, result);
}

/// Who has the parts of a row: the thread alone. (Team.h has another.)
struct RowOfThread {
  template <typename C, typename Body>
  static HASHC_INLINE void forEachPart(int64_t size, Body body) {
    forEachVector<C>(size, body);
  }
  template <typename C> static HASHC_INLINE C largest(C value) { return value; }
  template <typename C> static HASHC_INLINE C sum(C value) { return value; }
};

/// log(sum(exp(row))), with the largest element taken out first.
template <typename S, typename Row = RowOfThread>
HASHC_INLINE Compute<S> logSumExp(const S *row, int64_t size) {
  using C = Compute<S>;
  C lowest = -C(__builtin_inf());
  Vector<C> most = splat<C>(lowest);
  Row::template forEachPart<C>(size, [&](int64_t i, int64_t n) {
    most = larger<C>(most, loadUpTo(row + i, n, lowest));
  });
  C peak = Row::template largest<C>(largest<C>(most));
  Vector<C> total{};
  Row::template forEachPart<C>(size, [&](int64_t i, int64_t n) {
    total += exp<C>(loadUpTo(row + i, n, lowest) - peak);
  });
  C all = Row::template sum<C>(sum<C>(total));
  return peak + log<C>(splat<C>(all))[0];
}

} // namespace hashc::kernels

#endif // HASHC_CODEGEN_CPU_KERNELS_MATH_H
