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

#include "GpuKernelRunner.h"
#include "KernelCases.h"

#include "runtime/simulator/Modes.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <map>

using namespace hashc;
using namespace hashc::test;

namespace {

//===----------------------------------------------------------------------===//
// What buffers hold
//===----------------------------------------------------------------------===//

using Fill = std::function<void(Buffer &, std::mt19937 &)>;

/// What is left in a result shows: no kernel here gives it.
constexpr int64_t kPoison = 0x5aa5a55b;

bool isFloat(const Buffer &buffer) {
  return mlir::isa<mlir::FloatType>(buffer.element);
}

void poison(Buffer &buffer, std::mt19937 &) {
  for (int64_t i = 0; i < buffer.size(); ++i)
    if (isFloat(buffer))
      buffer.setFloat(i, NAN);
    else
      buffer.setInt(i, kPoison);
}

bool isPoison(const Buffer &buffer, int64_t i) {
  return isFloat(buffer) ? std::isnan(buffer.getFloat(i))
                         : buffer.getInt(i) == kPoison;
}

Fill reals(double low, double high) {
  return [=](Buffer &buffer, std::mt19937 &random) {
    std::uniform_real_distribution<double> numbers(low, high);
    for (int64_t i = 0; i < buffer.size(); ++i)
      buffer.setFloat(i, numbers(random));
  };
}

/// Elements by number.
Fill each(std::function<int64_t(int64_t i, std::mt19937 &)> get) {
  return [=](Buffer &buffer, std::mt19937 &random) {
    for (int64_t i = 0; i < buffer.size(); ++i)
      buffer.setInt(i, get(i, random));
  };
}

Fill these(const std::vector<int64_t> &numbers) {
  return each([=](int64_t i, std::mt19937 &) { return numbers.at(i); });
}

Fill all(int64_t number) {
  return each([=](int64_t, std::mt19937 &) { return number; });
}

/// 0 .. count-1, and -1 here and there.
Fill ids(int64_t count) {
  return each([=](int64_t, std::mt19937 &random) -> int64_t {
    return random() % 8 == 0 ? -1 : int64_t(random() % count);
  });
}

/// The same where number i is i times as rare as the first, as words of a text
/// are.
Fill words(int64_t count) {
  return each([=](int64_t, std::mt19937 &random) -> int64_t {
    std::uniform_real_distribution<double> share(0, 1);
    const double word = std::pow(count, share(random));
    return random() % 8 == 0 ? -1 : int64_t(word) - 1;
  });
}

int64_t getAny(int64_t, std::mt19937 &random) {
  return int64_t(random()) << 32 ^ int64_t(random());
}

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

/// An op of the library on buffers.
class Call {
public:
  explicit Call(const std::string &callee, const std::string &config = "",
                const std::string &plan = "")
      : callee(callee), config(config), plan(plan) {}

  Call &in(const std::string &type, const Fill &fill = reals(-1, 1)) {
    ins.push_back(buffers.size());
    buffers.push_back({type, fill});
    return *this;
  }
  /// A result, of which every element is written. Sums of terms whose sizes add
  /// up to `terms` may differ by what their order makes; without, bits are the
  /// same.
  Call &out(const std::string &type, double terms = 0) {
    outs.push_back(buffers.size());
    buffers.push_back({type, poison, terms, /*isNew=*/true});
    return *this;
  }
  /// What is updated in place.
  Call &update(const std::string &type) {
    outs.push_back(buffers.size());
    buffers.push_back({type, reals(-1, 1)});
    return *this;
  }
  /// A result that overwrites one of the ins.
  Call &overwrite(unsigned number, double terms) {
    outs.push_back(number);
    buffers[number].terms = terms;
    return *this;
  }

  /// Other contents, for the same code.
  void refill(unsigned number, const Fill &fill) {
    buffers[number].fill = fill;
  }
  std::string getText() const;
  std::vector<Buffer> makeBuffers(KernelModule &runner) const;
  double getTerms(unsigned number) const { return buffers[number].terms; }
  bool isNew(unsigned number) const { return buffers[number].isNew; }

private:
  struct Operand {
    std::string type;
    Fill fill;
    double terms = 0;
    bool isNew = false;
  };

  static std::string join(const std::vector<std::string> &parts);
  std::string list(const std::vector<unsigned> &numbers) const;

  std::string callee, config, plan;
  std::vector<Operand> buffers;
  std::vector<unsigned> ins, outs;
};

std::string Call::join(const std::vector<std::string> &parts) {
  std::string text;
  for (const std::string &part : parts)
    text += (text.empty() ? "" : ", ") + part;
  return text;
}

/// `%b0, %b1 : memref<..>, memref<..>`.
std::string Call::list(const std::vector<unsigned> &numbers) const {
  std::vector<std::string> names, types;
  for (unsigned number : numbers) {
    names.push_back("%b" + std::to_string(number));
    types.push_back("memref<" + buffers[number].type + ">");
  }
  return join(names) + " : " + join(types);
}

std::string Call::getText() const {
  std::vector<std::string> parameters, names, types;
  for (size_t i = 0; i < buffers.size(); ++i) {
    names.push_back("%b" + std::to_string(i));
    types.push_back("memref<" + buffers[i].type + ">");
    parameters.push_back(names.back() + ": " + types.back());
  }
  return "func.func private @kernel(%task: index, " + join(parameters) +
         ") attributes {hash.kernel = {}} {\n  hash.library_call \"" + callee +
         "\" ins(" + list(ins) + ") outs(" + list(outs) + ") {config = {" +
         config + "}" + (plan.empty() ? "" : ", plan_shape = " + plan) +
         "}\n  return\n}\nfunc.func @run(" + join(parameters) +
         ") {\n  hash.launch @kernel tasks 1 (" + join(names) +
         ") : " + join(types) + "\n  return\n}\n";
}

std::vector<Buffer> Call::makeBuffers(KernelModule &runner) const {
  std::mt19937 random(42);
  std::vector<Buffer> made;
  for (mlir::MemRefType type : runner.getTypes()) {
    const Fill &fill = buffers[made.size()].fill;
    fill(made.emplace_back(type), random);
  }
  return made;
}

//===----------------------------------------------------------------------===//
// Comparing
//===----------------------------------------------------------------------===//

/// Threads of a block, and what it has of a launch's tasks: a team has one, and
/// otherwise each thread.
struct Share {
  int64_t threads, tasks;
};
constexpr Share kTeam = {256, 1}, kThreads = {128, 128};

/// A call, compiled for both machines.
class Pair {
public:
  explicit Pair(const Call &call, const std::string &chip = "sm_80")
      : text(call.getText()),
        cpu(text, llvm::cantFail(cpu::resolveTarget("x86-64-v3"))),
        gpu(text, nvvm::GpuTarget{chip}) {}

  void compare(const Call &call, const Share &share = kTeam);

private:
  static std::vector<void *> getPointers(std::vector<Buffer> &buffers);
  static void expectNear(const Buffer &actual, const Buffer &expected,
                         double terms);

  std::string text;
  KernelRunner cpu;
  GpuKernelRunner gpu;
};

std::vector<void *> Pair::getPointers(std::vector<Buffer> &buffers) {
  std::vector<void *> pointers;
  for (Buffer &buffer : buffers)
    pointers.push_back(buffer.bytes.data());
  return pointers;
}

/// How far two sums of the same terms may be from each other, as they are
/// stored.
double getAllowed(const Buffer &buffer, double value, double terms) {
  const double sums = buffer.element.isF64() ? 1e-12 : 1e-5;
  const double stored = buffer.element.isBF16() ? 0x1p-7 : 0;
  return sums * std::max(terms, std::fabs(value)) + stored * std::fabs(value);
}

void Pair::expectNear(const Buffer &actual, const Buffer &expected,
                      double terms) {
  const int64_t bytes = actual.bytes.size() / actual.size();
  for (int64_t i = 0; i < actual.size(); ++i) {
    if (std::memcmp(&actual.bytes[i * bytes], &expected.bytes[i * bytes],
                    bytes) == 0)
      continue;
    ASSERT_TRUE(isFloat(actual)) << "element " << i << ": " << actual.getInt(i)
                                 << " instead of " << expected.getInt(i);
    const double x = actual.getFloat(i), y = expected.getFloat(i);
    ASSERT_TRUE(terms > 0 && std::fabs(x - y) <= getAllowed(actual, y, terms))
        << "element " << i << ": " << x << " instead of " << y;
  }
}

/// In every mode of the simulator the bits are the same, and they are near what
/// the CPU gives.
void Pair::compare(const Call &call, const Share &share) {
  SCOPED_TRACE(text);
  ASSERT_EQ(gpu.getShape().threads, share.threads);
  ASSERT_EQ(gpu.getShape().tasksPerBlock, share.tasks);
  const std::vector<Buffer> begin = call.makeBuffers(cpu);
  std::vector<Buffer> expected = begin, first;
  cpu.run(getPointers(expected));
  for (size_t b = 0; b < expected.size(); ++b)
    for (int64_t i = 0; i < expected[b].size(); ++i)
      ASSERT_FALSE(call.isNew(b) && isPoison(expected[b], i))
          << "element " << i << " of buffer " << b << " is not written";
  for (const sim::Mode &mode : sim::getModes()) {
    SCOPED_TRACE(sim::getName(mode));
    std::vector<Buffer> actual = begin;
    gpu.launch(getPointers(actual), mode);
    if (first.empty())
      first = actual;
    for (size_t b = 0; b < actual.size(); ++b) {
      SCOPED_TRACE("buffer " + std::to_string(b));
      ASSERT_EQ(actual[b].bytes, first[b].bytes);
      expectNear(actual[b], expected[b], call.getTerms(b));
    }
  }
}

void compare(const Call &call, const std::string &chip = "sm_80") {
  Pair(call, chip).compare(call);
}
void compare(const Call &call, const Share &share) {
  Pair(call).compare(call, share);
}

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

/// Numbers of rows and of their elements: fewer and more than the warps of a
/// team and the lanes of a warp have, and such that vectors do not fit.
struct Shape {
  int64_t rows, width;
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

//===----------------------------------------------------------------------===//
// What is no team's
//===----------------------------------------------------------------------===//

class OtherKernel : public testing::TestWithParam<const char *> {
protected:
  static std::string numbers(std::initializer_list<int64_t> shape) {
    return type(shape, GetParam());
  }
};

TEST_P(OtherKernel, AdamW) {
  for (int64_t size : {1, 4, 7, 600, 1030}) {
    Call call("adamw", "beta1 = 0.9 : f64, beta2 = 0.99 : f64, "
                       "eps = 1.0e-8 : f64, weight_decay = 0.1 : f64");
    call.in("4xf64", reals(0.1, 1)).in("1xf64", reals(0.1, 10));
    for (int i = 0; i < 4; ++i)
      call.update(numbers({size}));
    // Second moments are not negative.
    call.refill(5, reals(0, 1));
    compare(call, kThreads);
  }
}

/// The same bits as on a CPU, as each element has its own random number.
TEST_P(OtherKernel, DropoutAndJitter) {
  for (int64_t size : {1, 7, 600}) {
    compare(Call("dropout", "rate = 0.25 : f64, stream = 3 : i64")
                .in(numbers({size}))
                .in("1xi64", each(getAny))
                .out(numbers({size})),
            kThreads);
    compare(Call("jitter", "amount = 0.25 : f64, stream = 2 : i64")
                .in(numbers({size, 1}))
                .in("1xi64", each(getAny))
                .out(numbers({size, 1})),
            kThreads);
  }
}

TEST_P(OtherKernel, Norms) {
  for (int64_t size : {1, 255, 257, 9000}) {
    compare(Call("global_norm")
                .in(numbers({size}))
                .in(numbers({3}))
                .out("1xf64", 1),
            kTeam);
    // Some of the parts are empty.
    compare(
        Call("part_norms").in(numbers({size})).in(numbers({3})).out("5xf64", 1),
        kTeam);
  }
}

TEST_P(OtherKernel, RoutersByActivations) {
  for (auto [n, experts] : {Shape{1, 1}, {33, 3}, {300, 8}, {5, 130}}) {
    const std::string logits = numbers({n, experts}), each = numbers({n});
    compare(Call("top_choices").in(logits).out(type({n, 1}, "i32")), kThreads);
    compare(Call("log_shares").in(logits).out(logits, 1), kThreads);
    compare(Call("z_loss", "weight = 0.5 : f64")
                .in(logits)
                .in(type({n}, "i32"), ids(1000))
                .out(each, 1),
            kThreads);
    compare(Call("balance_loss", "weight = 0.5 : f64")
                .in(logits)
                .in(numbers({experts}), reals(0, 1))
                .in(type({n}, "i32"), ids(1000))
                .out(each, 1),
            kThreads);
    compare(Call("expert_load")
                .in(type({n, 1}, "i32"), ids(experts))
                .in(type({n}, "i32"), ids(1000))
                .out(numbers({experts})),
            kThreads);
  }
}

INSTANTIATE_TEST_SUITE_P(All, OtherKernel, testing::Values("f32", "f64"),
                         [](const auto &info) {
                           return std::string(info.param);
                         });

} // namespace
