//===- LibraryKernelTestNorms.cpp - Layer and RMS norm --------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LibraryKernelTest.h"

using namespace hashc::test;

namespace {

constexpr double kEps = 1e-5;

struct Shape {
  int64_t rows, width, taskRows, taskColumns;
  int64_t rowTasks() const { return divideUp(rows, taskRows); }
  int64_t tasks() const { return rowTasks() + divideUp(width, taskColumns); }
};

std::ostream &operator<<(std::ostream &os, const Shape &shape) {
  return os << shape.rows << " x " << shape.width << ", tasks of "
            << shape.taskRows << " rows, " << shape.taskColumns << " columns";
}

const Shape kShapes[] = {{1, 1, 1, 64},    {1, 64, 1, 64},   {3, 7, 2, 64},
                         {5, 8, 5, 64},    {2, 15, 1, 64},   {63, 17, 10, 64},
                         {64, 33, 64, 16}, {65, 100, 13, 7}, {7, 129, 3, 64},
                         {2, 1000, 1, 64}, {129, 48, 50, 64}};

/// All buffers of a norm and its gradient. RMS norms leave mean and beta out.
template <typename S, bool centred> struct Norm {
  using C = Compute<S>;
  Shape shape;
  Guarded<S> x, y, dy, dx;
  Guarded<C> gamma, beta, mean, rstd, dgamma, dbeta;

  Norm(const Shape &shape, uint32_t seed) : Norm(shape, std::mt19937(seed)) {}

  void forward(Order order = Order::forwards) {
    runTasks(shape.rowTasks(), order, [&](int64_t task) {
      if constexpr (centred)
        Library<S>::layerNorm(task, x.data(), gamma.data(), beta.data(),
                              y.data(), mean.data(), rstd.data(), shape.rows,
                              shape.width, kEps, shape.taskRows);
      else
        Library<S>::rmsNorm(task, x.data(), gamma.data(), y.data(), rstd.data(),
                            shape.rows, shape.width, kEps, shape.taskRows);
    });
  }
  void backward(Order order = Order::forwards) {
    runTasks(shape.tasks(), order, [&](int64_t task) {
      if constexpr (centred)
        Library<S>::layerNormGrad(
            task, x.data(), gamma.data(), mean.data(), rstd.data(), dy.data(),
            dx.data(), dgamma.data(), dbeta.data(), shape.rows, shape.width,
            shape.rowTasks(), shape.taskRows, shape.taskColumns);
      else
        Library<S>::rmsNormGrad(task, x.data(), gamma.data(), rstd.data(),
                                dy.data(), dx.data(), dgamma.data(), shape.rows,
                                shape.width, shape.rowTasks(), shape.taskRows,
                                shape.taskColumns);
    });
  }

private:
  Norm(const Shape &s, std::mt19937 random)
      : shape(s), x(makeRandom<S>(s.rows * s.width, random, -2, 3)),
        y(s.rows * s.width), dy(makeRandom<S>(s.rows * s.width, random)),
        dx(s.rows * s.width), gamma(makeRandom<C>(s.width, random, -1, 2)),
        beta(makeRandom<C>(s.width, random)), mean(s.rows), rstd(s.rows),
        dgamma(s.width), dbeta(s.width) {}
};

/// Norms by their definition: y = (x - mean) rstd gamma + beta.
template <typename S, bool centred> struct Reference {
  Expected y, mean, rstd, dx, dgamma, dbeta;

  explicit Reference(const Norm<S, centred> &norm)
      : y(norm.x.size()), mean(norm.shape.rows), rstd(norm.shape.rows),
        dx(norm.x.size()), dgamma(norm.shape.width), dbeta(norm.shape.width) {
    for (int64_t r = 0; r < norm.shape.rows; ++r)
      forward(norm, r);
  }

  /// From the mean and the rstd as they were stored.
  void backward(const Norm<S, centred> &norm) {
    for (int64_t r = 0; r < norm.shape.rows; ++r)
      backward(norm, r);
  }

private:
  void forward(const Norm<S, centred> &norm, int64_t r) {
    int64_t width = norm.shape.width;
    Real sum = 0, size = 0, squares = 0;
    for (int64_t i = 0; i < width; ++i) {
      sum += norm.x.at(r * width + i);
      size += std::fabs(norm.x.at(r * width + i));
    }
    Real m = centred ? sum / width : 0, most = 0;
    for (int64_t i = 0; i < width; ++i) {
      Real d = norm.x.at(r * width + i) - m;
      squares += d * d;
      most = std::max(most, std::fabs(norm.x.at(r * width + i)));
    }
    Real scale = 1 / std::sqrt(squares / width + Real(kEps));
    mean.set(r, m, size / width);
    // What the mean's rounding does to a difference that is next to nothing.
    rstd.set(r, scale, scale * (1 + most * scale));
    for (int64_t i = 0; i < width; ++i) {
      Real x = norm.x.at(r * width + i), g = norm.gamma.at(i);
      Real b = centred ? norm.beta.at(i) : 0;
      y.set(r * width + i, (x - m) * scale * g + b,
            (std::fabs(x) + most) * scale * std::fabs(g) * (1 + most * scale) +
                std::fabs(b));
    }
  }

  void backward(const Norm<S, centred> &norm, int64_t r) {
    int64_t width = norm.shape.width;
    Real m = centred ? norm.mean.at(r) : 0, scale = norm.rstd.at(r);
    auto normal = [&](int64_t i) {
      return (norm.x.at(r * width + i) - m) * scale;
    };
    // Weighted by gamma: their mean, and their mean product with the normals.
    Real a = 0, b = 0, sizeOfA = 0, sizeOfB = 0;
    for (int64_t i = 0; i < width; ++i) {
      Real d = norm.dy.at(r * width + i), w = d * norm.gamma.at(i);
      a += w / width;
      b += w * normal(i) / width;
      sizeOfA += std::fabs(w) / width;
      sizeOfB += std::fabs(w * normal(i)) / width;
      accumulate(dgamma, i, d * normal(i));
      accumulate(dbeta, i, d);
    }
    if (!centred)
      a = sizeOfA = 0;
    for (int64_t i = 0; i < width; ++i) {
      Real w = norm.dy.at(r * width + i) * norm.gamma.at(i);
      dx.set(r * width + i, (w - a - normal(i) * b) * scale,
             (std::fabs(w) + sizeOfA + std::fabs(normal(i)) * sizeOfB) * scale);
    }
  }
  static void accumulate(Expected &sum, int64_t i, Real term) {
    sum.value[i] += term;
    sum.size[i] += std::fabs(term);
  }
};

template <typename S, bool centred> void checkDefinition() {
  for (const Shape &shape : kShapes) {
    SCOPED_TRACE(testing::Message() << shape);
    Norm<S, centred> norm(shape, 31);
    norm.forward();
    Reference<S, centred> reference(norm);
    Real units = 8 + Real(shape.width) / 16;
    expectClose(norm.y, reference.y, units, "y");
    expectClose(norm.rstd, reference.rstd, units, "rstd");
    norm.backward();
    reference.backward(norm);
    expectClose(norm.dx, reference.dx, units, "dx");
    expectClose(norm.dgamma, reference.dgamma, 4 + shape.rows, "dgamma");
    if (centred) {
      expectClose(norm.mean, reference.mean, units, "mean");
      expectClose(norm.dbeta, reference.dbeta, 4 + shape.rows, "dbeta");
    }
  }
}

template <typename S, bool centred> void checkTasks() {
  Shape shape{65, 100, 65, 100};
  Norm<S, centred> whole(shape, 32);
  whole.forward();
  whole.backward();
  for (Shape cut :
       {Shape{65, 100, 1, 64}, Shape{65, 100, 7, 16}, Shape{65, 100, 64, 5}})
    for (Order order : {Order::backwards, Order::shuffled}) {
      Norm<S, centred> norm(cut, 32);
      norm.forward(order);
      norm.backward(order);
      expectSameBits(norm.y, whole.y, "y");
      expectSameBits(norm.rstd, whole.rstd, "rstd");
      expectSameBits(norm.dx, whole.dx, "dx");
      expectSameBits(norm.dgamma, whole.dgamma, "dgamma");
      expectSameBits(norm.mean, whole.mean, "mean");
      expectSameBits(norm.dbeta, whole.dbeta, "dbeta");
    }
}

template <typename S, bool centred> void checkRowAlone() {
  for (int64_t width : {1, 31, 64, 70}) {
    Shape shape{9, width, 4, 64};
    Norm<S, centred> all(shape, 33);
    all.forward();
    all.backward();
    for (int64_t r = 0; r < shape.rows; ++r) {
      Norm<S, centred> one({1, width, 1, 64}, 33);
      std::copy_n(all.x.data() + r * width, width, one.x.data());
      std::copy_n(all.dy.data() + r * width, width, one.dy.data());
      std::copy_n(all.gamma.data(), width, one.gamma.data());
      std::copy_n(all.beta.data(), width, one.beta.data());
      one.forward();
      one.backward();
      expectSameBits(one.y.data(), all.y.data() + r * width, width, "y");
      expectSameBits(one.dx.data(), all.dx.data() + r * width, width, "dx");
    }
  }
}

template <typename S, bool centred> void checkExtremes() {
  // The same number everywhere, zeros, next to nothing, NaN in one place.
  Norm<S, centred> norm({4, 21, 4, 64}, 34);
  for (int64_t i = 0; i < 21; ++i) {
    norm.x[i] = round<S>(3);
    norm.x[21 + i] = round<S>(0);
    norm.x[42 + i] = round<S>(1e-30L * (i + 1));
    norm.x[63 + i] = round<S>(i == 20 ? kNan : 1);
  }
  norm.forward();
  for (int64_t i = 0; i < 63; ++i)
    ASSERT_TRUE(std::isfinite(norm.y.at(i))) << i;
  for (int64_t i = 0; i < 21; ++i) {
    if (centred) {
      EXPECT_EQ(norm.y.at(i), get(round<S>(norm.beta.at(i)))) << i;
    }
    EXPECT_EQ(norm.y.at(21 + i), centred ? get(round<S>(norm.beta.at(i))) : 0);
    EXPECT_TRUE(std::isnan(norm.y.at(63 + i))) << i;
  }
}

template <typename S> class LibraryNorms : public testing::Test {};
TYPED_TEST_SUITE(LibraryNorms, StorageTypes);

TYPED_TEST(LibraryNorms, LayerNormIsItsDefinition) {
  checkDefinition<TypeParam, true>();
}
TYPED_TEST(LibraryNorms, RmsNormIsItsDefinition) {
  checkDefinition<TypeParam, false>();
}
TYPED_TEST(LibraryNorms, TasksMayBeOfAnySizeAndOrder) {
  checkTasks<TypeParam, true>();
  checkTasks<TypeParam, false>();
}
TYPED_TEST(LibraryNorms, ARowDoesNotSeeItsNeighbours) {
  checkRowAlone<TypeParam, true>();
  checkRowAlone<TypeParam, false>();
}
TYPED_TEST(LibraryNorms, Extremes) {
  checkExtremes<TypeParam, true>();
  checkExtremes<TypeParam, false>();
}

} // namespace
