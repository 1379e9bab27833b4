//===- TeamKernelTest.cpp - The library on a GPU against a CPU ------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The kernel library is compiled for both machines. A block of threads shares
// the work that is a loop on a CPU: the results are the same, but for the order
// in which sums are added up.
//
//===----------------------------------------------------------------------===//

#include "LibraryCall.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

using namespace hashc;
using namespace hashc::test;

namespace {

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

class TeamKernel : public testing::TestWithParam<const char *> {
protected:
  /// Rows as they are stored, and what they are computed in.
  static std::string rows(std::initializer_list<int64_t> shape) {
    return type(shape, GetParam());
  }
  static std::string wide(std::initializer_list<int64_t> shape) {
    const bool narrow = std::string(GetParam()) == "bf16";
    return type(shape, narrow ? "f32" : GetParam());
  }
};

TEST_P(TeamKernel, LayerNorm) {
  for (auto [n, width] : {Shape{1, 1}, {300, 3}, {8, 4}, {33, 130}, {5, 260}})
    compare(Call("layer_norm", "eps = 0.1 : f64")
                .in(rows({n, width}))
                .in(wide({width}))
                .in(wide({width}))
                .out(rows({n, width}), 1)
                .out(wide({n}), 1)
                .out(wide({n}), 1));
}

TEST_P(TeamKernel, LayerNormGrad) {
  auto make = [](int64_t n, int64_t width) {
    return Call("layer_norm_grad")
        .in(rows({n, width}))
        .in(wide({width}))
        .in(wide({n}))
        .in(wide({n}))
        .in(rows({n, width}))
        .out(rows({n, width}), 1)
        .out(wide({width}), n)
        .out(wide({width}), n);
  };
  for (auto [n, width] : {Shape{1, 260}, {300, 33}, {5, 31}})
    compare(make(n, width));
  compare(make(33, 130), "sm_90a");
}

TEST_P(TeamKernel, RmsNorm) {
  for (auto [n, width] : {Shape{1, 4}, {300, 31}, {8, 1}, {33, 130}})
    compare(Call("rms_norm", "eps = 0.1 : f64")
                .in(rows({n, width}))
                .in(wide({width}))
                .out(rows({n, width}), 1)
                .out(wide({n}), 1));
}

TEST_P(TeamKernel, RmsNormGrad) {
  for (auto [n, width] : {Shape{300, 3}, {33, 260}, {1, 33}, {8, 130}})
    compare(Call("rms_norm_grad")
                .in(rows({n, width}))
                .in(wide({width}))
                .in(wide({n}))
                .in(rows({n, width}))
                .out(rows({n, width}), 1)
                .out(wide({width}), n));
}

TEST_P(TeamKernel, WeighGrad) {
  for (auto [n, width] : {Shape{1, 1}, {300, 3}, {33, 130}, {8, 260}})
    compare(Call("weigh_grad")
                .in(rows({n, width}))
                .in(rows({n, width}))
                .out(wide({n}), width));
}

TEST_P(TeamKernel, ReduceRows) {
  for (auto [n, width] : {Shape{5, 260}, {33, 1}, {300, 130}, {1, 4}})
    compare(Call("reduce_rows").in(rows({n, width})).out(wide({width}), n));
}

TEST_P(TeamKernel, Rotary) {
  struct Case {
    int64_t rows, heads, size;
    const char *config;
  };
  for (auto [n, heads, size, config] :
       {Case{1, 1, 2, "base = 10000.0 : f64"},
        Case{33, 2, 62, "base = 500.0 : f64, inverse"},
        Case{8, 1, 260, "base = 10000.0 : f64, inverse"},
        Case{300, 3, 8, "base = 10000.0 : f64"}}) {
    auto position = [](int64_t, std::mt19937 &random) {
      return int64_t(random() % 512);
    };
    compare(
        Call("rotary", "heads = " + std::to_string(heads) + " : i64, " + config)
            .in(rows({n, heads * size}))
            .in(type({n}, "i32"), each(position))
            .out(rows({n, heads * size}), 1));
  }
}

//===----------------------------------------------------------------------===//
// Losses
//===----------------------------------------------------------------------===//

TEST_P(TeamKernel, CrossEntropy) {
  for (auto [n, vocab] : {Shape{1, 5}, {5, 130}, {33, 1000}, {300, 5}})
    compare(Call("cross_entropy")
                .in(rows({n, vocab}), reals(-4, 4))
                .in(type({n}, "i32"), ids(vocab))
                .out(wide({n}), 8)
                .out(wide({n}), 8));
}

/// What is read only, or read and overwritten.
TEST_P(TeamKernel, CrossEntropyGrad) {
  auto make = [](int64_t n, int64_t vocab) {
    return Call("cross_entropy_grad")
        .in(rows({n, vocab}), reals(-4, 4))
        .in(type({n}, "i32"), ids(vocab))
        .in(wide({n}), reals(2, 8))
        .in(wide({n}));
  };
  for (auto [n, vocab] : {Shape{33, 1000}, {300, 5}})
    compare(make(n, vocab).out(rows({n, vocab}), 8));
  for (auto [n, vocab] : {Shape{1, 5}, {8, 130}, {33, 1000}})
    compare(make(n, vocab).overwrite(0, 8));
}

//===----------------------------------------------------------------------===//
// Tables of rows
//===----------------------------------------------------------------------===//

struct Table {
  int64_t rows, width, count;
};

TEST_P(TeamKernel, Embedding) {
  for (auto [n, width, vocab] :
       {Table{1, 1, 5}, {300, 3, 130}, {33, 130, 1000}, {8, 260, 5}})
    compare(Call("embedding")
                .in(type({n}, "i32"), words(vocab))
                .in(wide({vocab, width}))
                .out(rows({n, width})));
}

TEST(TeamKernelDeathTest, BadIndicesAreNamed) {
  const Call call = Call("embedding")
                        .in(type({3}, "i32"), these({1, 7, 300}))
                        .in(type({256, 4}, "f32"))
                        .out(type({3, 4}, "f32"));
  GpuKernelRunner runner(call.getText(), nvvm::GpuTarget{"sm_80"});
  std::vector<Buffer> buffers = call.makeBuffers(runner);
  std::vector<void *> pointers;
  for (Buffer &buffer : buffers)
    pointers.push_back(buffer.bytes.data());
  EXPECT_DEATH(runner.run(pointers),
               "thread .*: a token id is 300, but must be in 0 .. 255");
}

TEST_P(TeamKernel, EmbeddingGrad) {
  for (auto [n, width, vocab] :
       {Table{1, 1, 5}, {300, 31, 130}, {33, 130, 5}, {300, 4, 1000}})
    compare(Call("embedding_grad")
                .in(type({n}, "i32"), words(vocab))
                .in(rows({n, width}))
                .update(wide({vocab, width})));
}

TEST_P(TeamKernel, Lookup) {
  for (auto [n, width, count] :
       {Table{1, 1, 5}, {300, 3, 1000}, {33, 130, 130}})
    compare(Call("lookup")
                .in(type({n}, "i32"), words(count))
                .in(type({n}, "i32"), ids(2 * count))
                .in(wide({count, width}))
                .in(wide({2 * count, width + 1}))
                .out(rows({n, 2 * width + 1})));
}

/// Rows by key, as hash.segments gives them, and the place of each key's sum.
struct Segments {
  std::vector<int64_t> offsets, order, slots;

  Segments(const std::vector<int64_t> &keys, int64_t room) {
    std::map<int64_t, std::vector<int64_t>> rowsOf;
    for (size_t r = 0; r < keys.size(); ++r)
      if (keys[r] >= 0)
        rowsOf[keys[r]].push_back(r);
    for (const auto &[key, rows] : rowsOf) {
      offsets.push_back(order.size());
      slots.push_back(room - int64_t(offsets.size()));
      order.insert(order.end(), rows.begin(), rows.end());
    }
    offsets.resize(keys.size() + 1, order.size());
    slots.resize(keys.size());
    for (size_t r = 0; r < keys.size(); ++r)
      if (keys[r] < 0)
        order.push_back(r);
  }
};

TEST_P(TeamKernel, LookupGrad) {
  std::mt19937 random(7);
  for (auto [n, width, count] :
       {Table{1, 1, 5}, {300, 31, 130}, {33, 130, 5}, {300, 3, 1000}}) {
    std::vector<int64_t> keys(n);
    for (int64_t &key : keys)
      key = int64_t(random() % (count + 1)) - 1;
    const int64_t room = n + 3, column = 5;
    const Segments segments(keys, room);
    compare(Call("lookup_grad", "column = 5 : i64")
                .in(type({n + 1}, "i32"), these(segments.offsets))
                .in(type({n}, "i32"), these(segments.order))
                .in(type({n}, "i32"), these(segments.slots))
                .in(rows({n, column + width + 2}))
                .update(wide({room, width})));
  }
}

//===----------------------------------------------------------------------===//
// Rows of slots
//===----------------------------------------------------------------------===//

/// The extents of a plan.
struct Plan {
  int64_t tokens, k, groups, positions;

  int64_t countSlots() const { return tokens * k; }
  std::string getType() const {
    return "!hash.plan<tokens = " + std::to_string(tokens) +
           ", k = " + std::to_string(k) +
           ", groups = " + std::to_string(groups) +
           ", slots = " + std::to_string(positions) + ">";
  }
  std::string getBuffer() const {
    return type({groups + 1 + positions + countSlots()}, "i32");
  }
  /// No more experts than there are positions for.
  Experts limit(const Experts &experts) const {
    const int64_t positions = this->positions;
    return [=](int64_t slot) { return slot < positions ? experts(slot) : -1; };
  }
};

/// A plan's buffer.
struct Sorted {
  std::vector<int64_t> words;
  int64_t live = 0;

  Sorted(const Plan &plan, const Experts &experts) {
    std::vector<int64_t> slotOf, positionOf(plan.countSlots());
    for (int64_t group = 0; group <= plan.groups; ++group) {
      words.push_back(live = slotOf.size());
      for (int64_t slot = 0; slot < plan.countSlots(); ++slot)
        if (experts(slot) == (group < plan.groups ? group : -1)) {
          positionOf[slot] = std::min<int64_t>(slotOf.size(), plan.positions);
          slotOf.push_back(slot);
        }
    }
    slotOf.resize(plan.positions);
    words.insert(words.end(), slotOf.begin(), slotOf.end());
    words.insert(words.end(), positionOf.begin(), positionOf.end());
  }
};

/// Rows by position: nobody may read those of dead slots.
Fill liveRows(int64_t live) {
  return [=](Buffer &buffer, std::mt19937 &random) {
    reals(-1, 1)(buffer, random);
    for (int64_t i = live * buffer.shape[1]; i < buffer.size(); ++i)
      buffer.setFloat(i, NAN);
  };
}

/// With how wide rows are.
const std::pair<Plan, int64_t> kPlans[] = {
    {{5, 1, 3, 5}, 260}, {{33, 2, 64, 66}, 33}, {{300, 2, 3, 300}, 3}};

/// Compares make(plan, width, sorted) for plans of some live slots, or none.
template <typename Make> void compareForPlans(Make make) {
  for (const auto &[plan, width] : kPlans) {
    std::unique_ptr<Pair> pair;
    for (const Experts &experts : {skewed(plan.groups), uniform(plan.groups),
                                   Experts([](int64_t) { return -1; })}) {
      const Sorted sorted(plan, plan.limit(experts));
      const Call call = make(plan, width, sorted);
      if (!pair)
        pair = std::make_unique<Pair>(call);
      pair->compare(call);
    }
  }
}

TEST_P(TeamKernel, ReduceGroups) {
  compareForPlans([](const Plan &plan, int64_t width, const Sorted &sorted) {
    return Call("reduce_rows", "", plan.getType())
        .in(rows({plan.positions, width}), liveRows(sorted.live))
        .in(plan.getBuffer(), these(sorted.words))
        .out(wide({plan.groups, width}), plan.positions);
  });
}

TEST_P(TeamKernel, Combine) {
  compareForPlans([](const Plan &plan, int64_t width, const Sorted &sorted) {
    return Call("combine", "", plan.getType())
        .in(rows({plan.positions, width}), liveRows(sorted.live))
        .in(plan.getBuffer(), these(sorted.words))
        .out(rows({plan.tokens, width}));
  });
}

TEST_P(TeamKernel, Join) {
  compareForPlans([](const Plan &plan, int64_t width, const Sorted &sorted) {
    return Call("join", "", plan.getType())
        .in(rows({plan.positions, width}), liveRows(sorted.live))
        .in(plan.getBuffer(), these(sorted.words))
        .out(rows({plan.tokens, plan.k * width}));
  });
}

TEST_P(TeamKernel, Split) {
  compareForPlans([](const Plan &plan, int64_t width, const Sorted &sorted) {
    return Call("split", "", plan.getType())
        .in(rows({plan.tokens, plan.k * width}))
        .in(plan.getBuffer(), these(sorted.words))
        .out(rows({plan.positions, width}));
  });
}

INSTANTIATE_TEST_SUITE_P(All, TeamKernel, testing::Values("f32", "bf16", "f64"),
                         [](const auto &info) {
                           return std::string(info.param);
                         });

//===----------------------------------------------------------------------===//
// Streams
//===----------------------------------------------------------------------===//

/// Fewer rows than a team has threads, and more.
constexpr int64_t kRows[] = {1, 5, 33, 300};

std::string stream(int64_t rows) { return type({rows}, "i32"); }
std::string stream64(int64_t rows) { return type({rows}, "i64"); }

/// Where documents begin in windows.
Fill starts(int64_t window) {
  return each([=](int64_t i, std::mt19937 &random) {
    return int64_t(random() % (i % window + 1));
  });
}

TEST(TeamStreams, Prev) {
  struct Case {
    int64_t rows, window, distance;
  };
  for (auto [rows, window, distance] :
       {Case{1, 1, 0}, {5, 5, 1}, {33, 11, 2}, {300, 100, 1}, {300, 60, 70}})
    compare(Call("prev", "window = " + std::to_string(window) +
                             " : i64, distance = " + std::to_string(distance) +
                             " : i64, bos = 3 : i64")
                .in(stream(rows), ids(1000))
                .in(stream(rows), starts(window))
                .out(stream(rows)));
}

TEST(TeamStreams, Next) {
  for (int64_t rows : {5, 300})
    compare(Call("next", "router = \"future\"")
                .in(stream(rows), ids(1000))
                .out(stream(rows)));
}

TEST(TeamStreams, Position) {
  for (const char *document : {"", ", document"})
    for (auto [rows, window] : {std::pair(5, 5), std::pair(300, 100)})
      compare(Call("position",
                   "window = " + std::to_string(window) + " : i64" + document)
                  .in(stream(rows), starts(window))
                  .out(stream(rows)));
}

TEST(TeamStreams, Mix) {
  for (int64_t rows : {33, 300})
    for (int values : {1, 3}) {
      Call call("mix", "seed = -7 : i64");
      for (int i = 0; i < values; ++i)
        call.in(stream64(rows), each(getAny));
      compare(call.out(stream64(rows)));
    }
}

TEST(TeamStreams, Modulo) {
  for (auto [rows, divisor] : {std::pair<int64_t, int64_t>(1, 1),
                               {33, 7},
                               {300, 64},
                               {300, int64_t(1) << 62}})
    compare(Call("modulo", "divisor = " + std::to_string(divisor) + " : i64")
                .in(stream64(rows), each(getAny))
                .out(stream64(rows)));
}

TEST(TeamStreams, TableLookup) {
  for (const char *element : {"i32", "i64"})
    for (auto [rows, vocab] : {std::pair(5, 130), {300, 1000}}) {
      auto expert = each(
          [](int64_t, std::mt19937 &random) { return int64_t(random() % 64); });
      compare(Call("table_lookup")
                  .in(type({rows}, element), words(vocab))
                  .in(stream(vocab), expert)
                  .out(stream(rows)));
      compare(Call("table_lookup")
                  .in(type({rows}, element), ids(vocab))
                  .in(type({vocab, 3}, "i32"), expert)
                  .out(type({rows, 3}, "i32")));
    }
}

TEST(TeamStreams, Choices) {
  for (int64_t rows : {5, 300})
    for (int64_t k : {2, 3}) {
      Call call("choices", "groups = 64 : i64");
      for (int64_t i = 0; i < k; ++i)
        call.in(stream(rows), ids(64));
      compare(call.out(type({rows, k}, "i32")));
    }
}

TEST(TeamStreams, RowAt) {
  for (const char *element : {"i32", "i64"})
    for (auto [rows, width] : {std::pair(33, 1), {5, 300}}) {
      Call call("row_at");
      call.in(type({rows, width}, element), ids(1000))
          .in(stream(1), these({rows - 1}))
          .out(type({1, width}, element));
      Pair pair(call);
      pair.compare(call);
      call.refill(1, these({0}));
      pair.compare(call);
    }
}

TEST(TeamStreams, Segments) {
  for (int64_t rows : kRows) {
    Call call("segments");
    call.in(stream(rows), ids(2))
        .out(stream(rows))
        .out(stream(rows + 1))
        .out(stream(rows));
    Pair pair(call);
    auto down = each([=](int64_t i, std::mt19937 &) { return rows - i; });
    auto any = each([](int64_t, std::mt19937 &random) {
      return int64_t(int32_t(random()));
    });
    for (const Fill &keys :
         {ids(1), ids(rows / 3 + 1), words(1000), ids(INT32_MAX), any, down,
          all(-1), all(0), all(INT32_MAX)}) {
      call.refill(0, keys);
      pair.compare(call);
    }
  }
}

//===----------------------------------------------------------------------===//
// Plans
//===----------------------------------------------------------------------===//

/// Some have fewer positions than slots. Shared memory has room to count the
/// groups of all but the last one.
const Plan kSorted[] = {{1, 1, 1, 1},      {5, 2, 3, 10},      {33, 1, 1, 33},
                        {300, 1, 64, 300}, {300, 2, 300, 600}, {33, 2, 64, 66},
                        {300, 2, 3, 200},  {33, 1, 3, 8},      {33, 2, 300, 40},
                        {33, 2, 9000, 66}};

Fill expertsOf(const Experts &experts) {
  return each([=](int64_t slot, std::mt19937 &) { return experts(slot); });
}

TEST(TeamStreams, Plan) {
  for (const Plan &plan : kSorted) {
    Call call("plan", "", plan.getType());
    call.in(plan.k == 1 ? stream(plan.tokens)
                        : type({plan.tokens, plan.k}, "i32"),
            expertsOf(uniform(1)))
        .in(stream(plan.tokens), ids(1000))
        .out(plan.getBuffer());
    Pair pair(call);
    const int64_t last = plan.groups - 1;
    for (const Experts &experts : {uniform(plan.groups), skewed(plan.groups),
                                   Experts([](int64_t) { return -1; }),
                                   Experts([=](int64_t) { return last; })})
      for (const Fill &tokens : {ids(1000), all(0), all(-1)}) {
        call.refill(0, expertsOf(plan.limit(experts)));
        call.refill(1, tokens);
        pair.compare(call);
      }
  }
}

} // namespace
