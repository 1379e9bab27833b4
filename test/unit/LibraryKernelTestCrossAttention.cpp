//===- LibraryKernelTestCrossAttention.cpp - Attention to a memory --------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AttentionReference.h"

using namespace hashc::test;

namespace {

struct Shape {
  int64_t window, memoryWindow, heads, kvHeads, size;
  /// Live rows of each window's memory.
  std::vector<int64_t> live;

  int64_t windows() const { return int64_t(live.size()); }
  int64_t rows() const { return windows() * window; }
  int64_t keys() const { return memoryWindow; }
  int64_t keyRows() const { return windows() * memoryWindow; }
  int64_t width() const { return heads * size; }
  int64_t kvWidth() const { return kvHeads * size; }
  double scale() const { return 1 / std::sqrt(double(size)); }
  int64_t tasks() const { return windows() * heads * divideUp(window, 64); }
  int64_t at(int64_t r, int64_t head) const {
    return r * width() + head * size;
  }
  int64_t kvAt(int64_t r, int64_t head) const {
    return r * kvWidth() + head / (heads / kvHeads) * size;
  }
};

std::ostream &operator<<(std::ostream &os, const Shape &shape) {
  os << shape.windows() << " windows of " << shape.window << " to memories of "
     << shape.memoryWindow << ", " << shape.heads << "/" << shape.kvHeads
     << " heads of " << shape.size << ", live:";
  for (int64_t live : shape.live)
    os << ' ' << live;
  return os;
}

/// Windows shorter and longer than the memory's, around the blocks' 64; ragged,
/// full and empty memories; other numbers and sizes of heads.
std::vector<Shape> makeShapes() {
  std::vector<Shape> shapes;
  for (int64_t window : {1, 7, 64, 65, 130})
    for (int64_t memory : {1, 8, 64, 66, 200})
      shapes.push_back({window, memory, 1, 1, 8, {memory, 0, memory / 2}});
  for (int64_t size : {1, 7, 16, 17, 48, 80})
    shapes.push_back({20, 70, 2, 1, size, {70, 3}});
  shapes.push_back({65, 90, 6, 2, 17, {1, 65, 0, 90}});
  shapes.push_back({9, 5, 4, 4, 12, {5, 2}});
  shapes.push_back({1, 64, 3, 1, 5, {64, 63, 1, 0}});
  return shapes;
}

template <typename S> struct Input {
  Guarded<S> q, k, v;
  Guarded<int32_t> tokens;

  Input(const Shape &shape, uint32_t seed) : Input(shape, std::mt19937(seed)) {}

  bool sees(const Shape &shape, int64_t r, int64_t j) const {
    int64_t window = r / shape.window;
    return j / shape.memoryWindow == window &&
           j % shape.memoryWindow < shape.live[window];
  }

private:
  Input(const Shape &shape, std::mt19937 random)
      : q(makeRandom<S>(shape.rows() * shape.width(), random)),
        k(makeRandom<S>(shape.keyRows() * shape.kvWidth(), random)),
        v(makeRandom<S>(shape.keyRows() * shape.kvWidth(), random)),
        tokens(shape.keyRows()) {
    // A token behind a masked row is as good as masked.
    for (int64_t r = 0; r < shape.keyRows(); ++r) {
      int64_t t = r % shape.memoryWindow;
      int64_t live = shape.live[r / shape.memoryWindow];
      tokens[r] = t == live || (t > live && r % 3) ? -1 : int32_t(r % 5);
    }
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
    Library<S>::crossAttention(task, in.q.data(), in.k.data(), in.v.data(),
                               in.tokens.data(), out.y.data(), out.lse.data(),
                               s.heads, s.kvHeads, s.size, s.window,
                               s.memoryWindow, s.scale());
  });
}

template <typename S> struct Gradients {
  Guarded<S> dq, dk, dv;
  explicit Gradients(const Shape &s)
      : dq(s.rows() * s.width()), dk(s.keyRows() * s.kvWidth()),
        dv(s.keyRows() * s.kvWidth()) {}
};

template <typename S>
void runBackward(const Shape &s, const Input<S> &in, const Output<S> &out,
                 const Guarded<S> &dy, Gradients<S> &gradients,
                 Order order = Order::forwards) {
  runTasks(s.windows() * s.kvHeads, order, [&](int64_t task) {
    Library<S>::crossAttentionGrad(
        task, in.q.data(), in.k.data(), in.v.data(), in.tokens.data(),
        out.y.data(), out.lse.data(), dy.data(), gradients.dq.data(),
        gradients.dk.data(), gradients.dv.data(), s.heads, s.kvHeads, s.size,
        s.window, s.memoryWindow, s.scale());
  });
}

template <typename S> class LibraryCrossAttention : public testing::Test {};
TYPED_TEST_SUITE(LibraryCrossAttention, StorageTypes);

TYPED_TEST(LibraryCrossAttention, IsItsDefinition) {
  using S = TypeParam;
  for (const Shape &shape : makeShapes()) {
    SCOPED_TRACE(testing::Message() << shape);
    Input<S> in(shape, 11);
    Output<S> out(shape);
    runForward(shape, in, out);
    Reference reference(shape, in);
    // Without a key the result is zero, and the log-sum-exp that of nothing.
    for (int64_t r = 0; r < shape.rows(); ++r)
      for (int64_t h = 0; h < shape.heads; ++h)
        if (shape.live[r / shape.window] == 0) {
          EXPECT_EQ(out.lse.at(r * shape.heads + h), -kInfinity);
          out.lse[r * shape.heads + h] = 0;
          reference.lse.set(r * shape.heads + h, 0, 1);
          for (int64_t i = 0; i < shape.size; ++i)
            reference.y.set(shape.at(r, h) + i, 0, 0);
        }
    expectClose(out.y, reference.y, 16, "y");
    expectClose(out.lse, reference.lse, 16, "lse");
    Output<S> other(shape);
    runForward(shape, in, other, Order::shuffled);
    expectSameBits(other.y, out.y, "y");
  }
}

TYPED_TEST(LibraryCrossAttention, GradientIsItsDefinition) {
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

/// A longer memory whose further rows are masked, and a window of one row, as
/// decoding has it: the bits are the same.
TYPED_TEST(LibraryCrossAttention, PaddingAndOtherRowsHaveNoInfluence) {
  using S = TypeParam;
  Shape shape{70, 66, 4, 2, 17, {65}};
  Input<S> in(shape, 31);
  Output<S> out(shape);
  runForward(shape, in, out);
  Shape longer = shape;
  longer.memoryWindow = 200;
  Input<S> padded(longer, 32);
  std::copy_n(in.q.data(), in.q.size(), padded.q.data());
  std::copy_n(in.k.data(), 65 * shape.kvWidth(), padded.k.data());
  std::copy_n(in.v.data(), 65 * shape.kvWidth(), padded.v.data());
  Output<S> other(longer);
  runForward(longer, padded, other);
  expectSameBits(other.y, out.y, "y");
  expectSameBits(other.lse, out.lse, "lse");
  Shape one = shape;
  one.window = 1;
  for (int64_t r = 0; r < shape.window; ++r) {
    Input<S> row(one, 33);
    std::copy_n(in.q.data() + shape.at(r, 0), shape.width(), row.q.data());
    std::copy_n(in.k.data(), in.k.size(), row.k.data());
    std::copy_n(in.v.data(), in.v.size(), row.v.data());
    Output<S> decoded(one);
    runForward(one, row, decoded);
    expectSameBits(decoded.y.data(), out.y.data() + shape.at(r, 0),
                   shape.width(), "y");
  }
}

} // namespace
