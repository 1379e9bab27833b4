//===- LibraryKernelTestAttention.cpp - Attention and its gradient --------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AttentionReference.h"

using namespace hashc::test;

namespace {

struct Shape {
  int64_t window, heads, kvHeads, size;
  bool causal = true;
  int64_t windows = 1;

  int64_t rows() const { return windows * window; }
  int64_t keys() const { return window; }
  int64_t width() const { return heads * size; }
  int64_t kvWidth() const { return kvHeads * size; }
  double scale() const { return 1 / std::sqrt(double(size)); }
  int64_t tasks() const { return windows * heads * divideUp(window, 64); }
  /// Of row r of q, y and their gradients; of row r of k, v and theirs.
  int64_t at(int64_t r, int64_t head) const {
    return r * width() + head * size;
  }
  int64_t kvAt(int64_t r, int64_t head) const {
    return r * kvWidth() + head / (heads / kvHeads) * size;
  }
};

std::ostream &operator<<(std::ostream &os, const Shape &shape) {
  return os << shape.windows << " windows of " << shape.window << ", "
            << shape.heads << "/" << shape.kvHeads << " heads of " << shape.size
            << (shape.causal ? "" : ", all keys");
}

/// All numbers of rows around the blocks' 64, all sizes of heads around a
/// register's; then other numbers of heads and windows.
std::vector<Shape> makeShapes() {
  std::vector<Shape> shapes;
  for (int64_t window : {1, 2, 7, 63, 64, 65, 128, 129, 200})
    shapes.push_back({window, 1, 1, 8});
  for (int64_t size : {1, 7, 8, 16, 17, 32, 48, 64, 80})
    shapes.push_back({70, 2, 1, size});
  shapes.push_back({65, 6, 2, 17, true, 2});
  shapes.push_back({9, 4, 4, 12, true, 3});
  shapes.push_back({1, 3, 1, 5, true, 4});
  for (int64_t window : {1, 63, 64, 65, 130})
    shapes.push_back({window, 2, 1, 9, false, 2});
  return shapes;
}

template <typename S> struct Input {
  Guarded<S> q, k, v;
  Guarded<int32_t> starts;

  Input(const Shape &shape, uint32_t seed, Real scale = 1)
      : Input(shape, std::mt19937(seed), scale) {}

  /// Whether row r sees row j: of the same document, and none later if causal.
  bool sees(const Shape &shape, int64_t r, int64_t j) const {
    int64_t t = r % shape.window, u = j % shape.window;
    if (r / shape.window != j / shape.window || u < starts[r])
      return false;
    return shape.causal ? u <= t : starts[j] <= t;
  }

private:
  Input(const Shape &shape, std::mt19937 random, Real scale)
      : q(makeRandom<S>(shape.rows() * shape.width(), random, -scale, scale)),
        k(makeRandom<S>(shape.rows() * shape.kvWidth(), random, -scale, scale)),
        v(makeRandom<S>(shape.rows() * shape.kvWidth(), random)),
        starts(shape.rows()) {
    // Documents of any length; the first windows have one only.
    for (int64_t r = 0, start = 0; r < shape.rows(); ++r) {
      int64_t t = r % shape.window;
      if (t == 0 || random() % (seedOf(shape)) == 0)
        start = t;
      starts[r] = int32_t(start);
    }
  }
  static uint32_t seedOf(const Shape &shape) {
    return shape.windows > 1 || shape.window > 65 ? 29 : 100000;
  }
};

template <typename S> struct Output {
  Guarded<S> y;
  Guarded<Compute<S>> lse;
  explicit Output(const Shape &shape)
      : y(shape.rows() * shape.width()), lse(shape.rows() * shape.heads) {}
};

template <typename S>
void runForward(const Shape &s, const Input<S> &in, Output<S> &out,
                Order order = Order::forwards) {
  runTasks(s.tasks(), order, [&](int64_t task) {
    Library<S>::attention(task, in.q.data(), in.k.data(), in.v.data(),
                          in.starts.data(), out.y.data(), out.lse.data(),
                          s.heads, s.kvHeads, s.size, s.window, s.scale(),
                          s.causal);
  });
}

template <typename S> class LibraryAttention : public testing::Test {};
TYPED_TEST_SUITE(LibraryAttention, StorageTypes);

TYPED_TEST(LibraryAttention, IsItsDefinition) {
  using S = TypeParam;
  for (const Shape &shape : makeShapes()) {
    SCOPED_TRACE(testing::Message() << shape);
    Input<S> in(shape, 11);
    Output<S> out(shape);
    runForward(shape, in, out);
    Reference reference(shape, in);
    expectClose(out.y, reference.y, 16, "y");
    expectClose(out.lse, reference.lse, 16, "lse");
  }
}

TYPED_TEST(LibraryAttention, TasksRunInAnyOrder) {
  using S = TypeParam;
  Shape shape{130, 3, 1, 12, true, 2};
  Input<S> in(shape, 12);
  Output<S> out(shape);
  runForward(shape, in, out);
  for (Order order : {Order::backwards, Order::shuffled}) {
    Output<S> other(shape);
    runForward(shape, in, other, order);
    expectSameBits(other.y, out.y, "y");
    expectSameBits(other.lse, out.lse, "lse");
  }
}

/// Row after row from a cache that holds NaN where nothing was written yet.
TYPED_TEST(LibraryAttention, DecodingGivesTheBitsOfTheFullPass) {
  using S = TypeParam;
  std::vector<Shape> shapes = {{1, 2, 1, 8},   {200, 2, 1, 17, true, 1},
                               {65, 4, 2, 80}, {129, 1, 1, 32},
                               {66, 3, 3, 1},  {70, 2, 2, 64, true, 2}};
  for (const Shape &s : shapes) {
    SCOPED_TRACE(testing::Message() << s);
    Input<S> in(s, 13);
    Output<S> out(s);
    runForward(s, in, out);
    for (int64_t w = 0; w < s.windows; ++w) {
      Guarded<S> keys(s.window * s.kvWidth()), values(s.window * s.kvWidth());
      for (int64_t t = 0; t < s.window; ++t) {
        int64_t r = w * s.window + t;
        Guarded<int32_t> index = {int32_t(t)};
        Guarded<S> y(s.width());
        runTasks(s.kvHeads, Order::backwards, [&](int64_t task) {
          Library<S>::attentionDecode(
              task, in.q.data() + r * s.width(), in.k.data() + r * s.kvWidth(),
              in.v.data() + r * s.kvWidth(), in.starts.data() + r, index.data(),
              y.data(), keys.data(), values.data(), s.heads, s.kvHeads, s.size,
              s.scale());
        });
        expectSameBits(y.data(), out.y.data() + r * s.width(), s.width(), "y");
      }
      int64_t at = w * s.window * s.kvWidth();
      expectSameBits(keys.data(), in.k.data() + at, keys.size(), "keys");
      expectSameBits(values.data(), in.v.data() + at, values.size(), "values");
    }
  }
}

TYPED_TEST(LibraryAttention, ARowDoesNotSeeItsNeighbours) {
  using S = TypeParam;
  Shape s{150, 2, 1, 16};
  Input<S> in(s, 14);
  Output<S> out(s);
  runForward(s, in, out);
  // Other queries everywhere but in one row, other keys and values after it
  // and in other documents.
  for (int64_t kept : {0, 3, 63, 64, 100, 149}) {
    Input<S> changed(s, 15);
    std::copy_n(in.starts.data(), s.rows(), changed.starts.data());
    std::copy_n(in.q.data() + s.at(kept, 0), s.width(),
                changed.q.data() + s.at(kept, 0));
    for (int64_t r = in.starts[kept]; r <= kept; ++r) {
      std::copy_n(in.k.data() + s.kvAt(r, 0), s.kvWidth(),
                  changed.k.data() + s.kvAt(r, 0));
      std::copy_n(in.v.data() + s.kvAt(r, 0), s.kvWidth(),
                  changed.v.data() + s.kvAt(r, 0));
    }
    Output<S> other(s);
    runForward(s, changed, other);
    expectSameBits(other.y.data() + s.at(kept, 0), out.y.data() + s.at(kept, 0),
                   s.width(), "y");
  }
}

TYPED_TEST(LibraryAttention, LargeScoresDoNotOverflow) {
  using S = TypeParam;
  Shape shape{100, 1, 1, 16};
  // Scores of hundreds of thousands: exp() of them is not finite. They are
  // whole, so that no rounding decides which key wins.
  Input<S> in(shape, 16);
  for (int64_t i = 0; i < in.q.size(); ++i) {
    in.q[i] = round<S>(Real((i * 7 % 5) - 2) * 256);
    in.k[i] = round<S>(Real((i * 11 % 7) - 3) * 256);
  }
  Output<S> out(shape);
  runForward(shape, in, out);
  Reference reference(shape, in);
  expectClose(out.y, reference.y, 16, "y");
  expectClose(out.lse, reference.lse, 16, "lse");
}

TYPED_TEST(LibraryAttention, RowsThatSeeNothingAreZero) {
  using S = TypeParam;
  Shape shape{70, 2, 1, 9};
  Input<S> in(shape, 17);
  for (int64_t r = 0; r < shape.rows(); ++r)
    in.starts[r] = r % 3 == 0 ? 100 : 0;
  Output<S> out(shape);
  runForward(shape, in, out);
  for (int64_t r = 0; r < shape.rows(); ++r)
    for (int64_t i = 0; i < shape.width(); ++i) {
      Real y = out.y.at(r * shape.width() + i);
      ASSERT_TRUE(r % 3 == 0 ? y == 0 : std::isfinite(y)) << r;
    }
}

TYPED_TEST(LibraryAttention, NanComesOutWhereItIsSeen) {
  using S = TypeParam;
  Shape s{70, 1, 1, 9};
  Input<S> in(s, 18);
  in.k[s.kvAt(40, 0) + 3] = round<S>(kNan);
  for (int64_t r = 0; r < s.rows(); ++r)
    in.starts[r] = r < 60 ? 0 : 60;
  Output<S> out(s);
  runForward(s, in, out);
  for (int64_t r = 0; r < s.rows(); ++r)
    for (int64_t i = 0; i < s.size; ++i)
      ASSERT_EQ(std::isnan(out.y.at(s.at(r, 0) + i)), r >= 40 && r < 60) << r;
}

//===----------------------------------------------------------------------===//
// The gradient
//===----------------------------------------------------------------------===//

template <typename S> struct Gradients {
  Guarded<S> dq, dk, dv;
  explicit Gradients(const Shape &s)
      : dq(s.rows() * s.width()), dk(s.rows() * s.kvWidth()),
        dv(s.rows() * s.kvWidth()) {}
};

template <typename S>
void runBackward(const Shape &s, const Input<S> &in, const Output<S> &out,
                 const Guarded<S> &dy, Gradients<S> &gradients,
                 Order order = Order::forwards) {
  runTasks(s.windows * s.kvHeads, order, [&](int64_t task) {
    Library<S>::attentionGrad(task, in.q.data(), in.k.data(), in.v.data(),
                              in.starts.data(), out.y.data(), out.lse.data(),
                              dy.data(), gradients.dq.data(),
                              gradients.dk.data(), gradients.dv.data(), s.heads,
                              s.kvHeads, s.size, s.window, s.scale(), s.causal);
  });
}

TYPED_TEST(LibraryAttention, GradientIsItsDefinition) {
  using S = TypeParam;
  for (const Shape &shape : makeShapes()) {
    SCOPED_TRACE(testing::Message() << shape);
    Input<S> in(shape, 21);
    Output<S> out(shape);
    runForward(shape, in, out);
    std::mt19937 random(22);
    auto dy = makeRandom<S>(shape.rows() * shape.width(), random);
    Gradients<S> gradients(shape);
    runBackward(shape, in, out, dy, gradients);
    ReferenceGradient reference(shape, in, out, dy);
    expectClose(gradients.dq, reference.dq, 16, "dq");
    expectClose(gradients.dk, reference.dk, 16, "dk");
    expectClose(gradients.dv, reference.dv, 16, "dv");
    Gradients<S> others(shape);
    runBackward(shape, in, out, dy, others, Order::backwards);
    expectSameBits(others.dq, gradients.dq, "dq");
    expectSameBits(others.dk, gradients.dk, "dk");
    expectSameBits(others.dv, gradients.dv, "dv");
  }
}

TYPED_TEST(LibraryAttention, GradientOfRowsThatSeeNothingIsZero) {
  using S = TypeParam;
  Shape s{66, 2, 1, 10};
  Input<S> in(s, 23);
  for (int64_t r = 0; r < s.rows(); ++r)
    in.starts[r] = 100;
  Output<S> out(s);
  runForward(s, in, out);
  std::mt19937 random(24);
  auto dy = makeRandom<S>(s.rows() * s.width(), random);
  Gradients<S> gradients(s);
  runBackward(s, in, out, dy, gradients);
  for (const Guarded<S> *buffer : {&gradients.dq, &gradients.dk, &gradients.dv})
    for (int64_t i = 0; i < buffer->size(); ++i)
      ASSERT_EQ(buffer->at(i), 0) << i;
}

} // namespace
