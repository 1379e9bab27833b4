//===- TensorAttentionTest.cpp - Attention of bf16 against a CPU ----------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A CPU computes in f32 what tensor cores multiply in bf16: probabilities, and
// in the gradient those of the scores, are rounded once each, so a sum of such
// terms may differ by 2^-8 of the terms' sizes, beside what f32 and bf16's
// storage make.
//
//===----------------------------------------------------------------------===//

#include "AttentionReference.h"
#include "LibraryCall.h"

#include <gtest/gtest.h>

using namespace hashc;
using namespace hashc::test;

namespace {

constexpr Share kBlock = {128, 1};

/// Windows of queries, and of the keys that they see: their own, or a memory's.
struct Shape {
  int64_t window, heads, kvHeads, size;
  bool causal = true;
  /// Rows of a memory's windows, and how many of each are live.
  int64_t memory = 0;
  std::vector<int64_t> live = {};
  int64_t windows = 1;
  /// How long documents are, on average.
  int64_t document = 30;

  int64_t rows() const { return windows * window; }
  int64_t keys() const { return memory ? memory : window; }
  int64_t keyRows() const { return windows * keys(); }
  int64_t width() const { return heads * size; }
  int64_t kvWidth() const { return kvHeads * size; }
  double scale() const { return 1 / std::sqrt(double(size)); }
  int64_t at(int64_t r, int64_t head) const {
    return r * width() + head * size;
  }
  int64_t kvAt(int64_t r, int64_t head) const {
    return r * kvWidth() + head / (heads / kvHeads) * size;
  }
};

std::ostream &operator<<(std::ostream &os, const Shape &shape) {
  os << shape.windows << " windows of " << shape.window << ", " << shape.heads
     << "/" << shape.kvHeads << " heads of " << shape.size
     << (shape.causal ? "" : ", all keys");
  for (int64_t live : shape.live)
    os << ", " << live << " of " << shape.memory;
  return os;
}

Shape cross(int64_t window, int64_t heads, int64_t kvHeads, int64_t size,
            int64_t memory, const std::vector<int64_t> &live) {
  return {window, heads,  kvHeads, size,
          false,  memory, live,    int64_t(live.size())};
}

/// All numbers of rows around a tile's 64, all kinds of sizes of heads, ragged
/// documents and memories.
std::vector<Shape> makeShapes() {
  std::vector<Shape> shapes;
  for (int64_t window : {1, 63, 64, 65, 200})
    shapes.push_back({window, 1, 1, 16});
  for (int64_t size : {8, 24, 40, 64, 72, 128})
    shapes.push_back({70, 2, 1, size});
  shapes.push_back({65, 6, 2, 16, true, 0, {}, 2});
  // Documents longer than a tile.
  shapes.push_back({200, 1, 1, 16, true, 0, {}, 1, 1000});
  shapes.push_back({200, 1, 1, 16, false, 0, {}, 1, 100});
  for (int64_t window : {1, 63, 130})
    shapes.push_back({window, 2, 1, 8, false, 0, {}, 2});
  for (int64_t memory : {1, 64, 130})
    shapes.push_back(cross(33, 1, 1, 8, memory, {memory, 0, memory / 2}));
  shapes.push_back(cross(20, 6, 2, 40, 90, {90, 65}));
  shapes.push_back(cross(1, 2, 1, 128, 70, {70, 3}));
  return shapes;
}

/// Numbers of bf16, and which keys each row sees.
struct Input {
  Guarded<Bf16> q, k, v;
  std::vector<int64_t> starts, tokens;

  explicit Input(const Shape &shape) : Input(shape, std::mt19937(11)) {}

  bool sees(const Shape &shape, int64_t r, int64_t j) const {
    const int64_t t = r % shape.window, u = j % shape.keys();
    if (r / shape.window != j / shape.keys())
      return false;
    if (shape.memory)
      return u < shape.live[r / shape.window];
    return u >= starts[r] && (shape.causal ? u <= t : starts[j] <= t);
  }

private:
  Input(const Shape &shape, std::mt19937 random)
      : q(makeRandom<Bf16>(shape.rows() * shape.width(), random, -2, 2)),
        k(makeRandom<Bf16>(shape.keyRows() * shape.kvWidth(), random, -2, 2)),
        v(makeRandom<Bf16>(shape.keyRows() * shape.kvWidth(), random)) {
    for (int64_t r = 0; r < shape.rows(); ++r) {
      const bool begins =
          r % shape.window == 0 || int64_t(random()) % shape.document == 0;
      starts.push_back(begins ? r % shape.window : starts.back());
    }
    // A token behind a masked row is as good as masked.
    for (int64_t r = 0; shape.memory && r < shape.keyRows(); ++r) {
      const int64_t live = shape.live[r / shape.memory], t = r % shape.memory;
      tokens.push_back(t == live || (t > live && r % 3) ? -1 : r % 5);
    }
  }
};

std::vector<double> toDoubles(const std::vector<Real> &values) {
  return {values.begin(), values.end()};
}

/// What the forward pass stores, to the nearest numbers.
struct Output {
  Guarded<Bf16> y;
  Guarded<float> lse;
  explicit Output(const Reference &reference)
      : y(reference.y.value.size()), lse(reference.lse.value.size()) {
    for (int64_t i = 0; i < y.size(); ++i)
      y[i] = round<Bf16>(reference.y.value[i]);
    for (int64_t i = 0; i < lse.size(); ++i)
      lse[i] = round<float>(reference.lse.value[i]);
  }
};

class Attention {
public:
  explicit Attention(const Shape &shape)
      : shape(shape), in(shape), forward(shape, in) {}

  Call makeForward() const {
    Call call = begin("");
    call.out(queries(), 1).rounded(toDoubles(forward.y.terms));
    // Scores are sums of products.
    return call.out(type({shape.rows(), shape.heads}, "f32"),
                    1 + 4 * shape.scale() * double(shape.size));
  }

  Call makeGradient() const {
    const Output out(forward);
    std::mt19937 random(12);
    auto dy = makeRandom<Bf16>(shape.rows() * shape.width(), random);
    const ReferenceGradient gradient(shape, in, out, dy);
    Call call = begin("_grad");
    call.in(queries(), numbers(toDoubles(widen(out.y))))
        .in(type({shape.rows(), shape.heads}, "f32"),
            numbers(toDoubles(widen(out.lse))))
        .in(queries(), numbers(toDoubles(widen(dy))));
    addSum(call, queries(), gradient.dq);
    addSum(call, keys(), gradient.dk);
    addSum(call, keys(), gradient.dv);
    return call;
  }

private:
  static void addSum(Call &call, const std::string &type,
                     const ExpectedSum &sum) {
    const Real most = *std::max_element(sum.size.begin(), sum.size.end());
    call.out(type, 1 + double(most)).rounded(toDoubles(sum.terms));
  }
  std::string queries() const {
    return type({shape.rows(), shape.width()}, "bf16");
  }
  std::string keys() const {
    return type({shape.keyRows(), shape.kvWidth()}, "bf16");
  }
  Call begin(const std::string &suffix) const {
    auto number = [](const char *name, int64_t value) {
      return std::string(name) + " = " + std::to_string(value) + " : i64, ";
    };
    const std::string config =
        number("heads", shape.heads) + number("kv_heads", shape.kvHeads) +
        number("window", shape.window) +
        (shape.memory ? number("memory_window", shape.memory) : "") +
        (shape.causal ? "causal, " : "") +
        "scale = " + std::to_string(shape.scale()) + " : f64";
    Call call((shape.memory ? "cross_attention" : "attention") + suffix,
              config);
    call.in(queries(), numbers(toDoubles(widen(in.q))))
        .in(keys(), numbers(toDoubles(widen(in.k))))
        .in(keys(), numbers(toDoubles(widen(in.v))));
    const std::vector<int64_t> &words = shape.memory ? in.tokens : in.starts;
    return call.in(type({int64_t(words.size())}, "i32"), these(words));
  }

  const Shape &shape;
  Input in;
  Reference forward;
};

TEST(TensorAttention, Forward) {
  for (const Shape &shape : makeShapes()) {
    SCOPED_TRACE(testing::Message() << shape);
    compare(Attention(shape).makeForward(), kBlock);
  }
}

TEST(TensorAttention, Gradient) {
  for (const Shape &shape : makeShapes()) {
    SCOPED_TRACE(testing::Message() << shape);
    compare(Attention(shape).makeGradient(), kBlock);
  }
}

} // namespace
