//===- kernel-bench.cpp - Matrix products against the FMA peak ------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Prints the speed of grouped products of a hash layer, forward, input
// gradient and weight gradient, as fractions of the FMA peak of the same run:
// clocks swing, so only ratios mean anything. Time is the CPU time of the
// threads, so that other programs disturb little; wall time is given too.
//
// Each product comes in two forms. Alone: rows lie in expert order, nothing but
// the product is computed. Fused: as in a training step, rows are gathered or
// scattered, and bias, GELU, its derivative and the sum over micro-batches are
// in the body.
//
// Usage: kernel-bench [--team=N] [--filter=TEXT] [--repeat=N] [--arch=ARCH]
//                     [--json] [--output=FILE] [--list]
//
//===----------------------------------------------------------------------===//

#include "test/unit/KernelRunner.h"
#include "test/unit/KernelText.h"

#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/TargetParser/Host.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <numeric>
#include <random>
#include <sys/mman.h>
#include <thread>

using namespace hashc;
using namespace hashc::test;

static llvm::cl::opt<unsigned> threads("team", llvm::cl::init(2));
static llvm::cl::opt<unsigned> repeat("repeat", llvm::cl::init(5));
static llvm::cl::opt<std::string> filter("filter");
static llvm::cl::opt<bool> json("json", llvm::cl::desc("print JSON"));
static llvm::cl::opt<std::string> output("output",
                                         llvm::cl::desc("write JSON to FILE"));
static llvm::cl::opt<bool> list("list", llvm::cl::desc("only name the cases"));
static llvm::cl::opt<std::string> arch("arch", llvm::cl::init("native"));

static double threadSeconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return now.tv_sec + 1e-9 * now.tv_nsec;
}

/// Runs `work(thread)` on every thread; the sum of their CPU times.
template <typename Fn> static double onThreads(Fn work) {
  std::vector<double> seconds(threads);
  std::vector<std::thread> team;
  for (unsigned i = 0; i < threads; ++i)
    team.emplace_back([&, i] {
      double start = threadSeconds();
      work(i);
      seconds[i] = threadSeconds() - start;
    });
  for (std::thread &thread : team)
    thread.join();
  return std::accumulate(seconds.begin(), seconds.end(), 0.0);
}

#ifdef __AVX512F__
constexpr int kLanes = 16;
#else
constexpr int kLanes = 8;
#endif
typedef float Vector __attribute__((vector_size(kLanes * 4)));

/// f32 FLOP/s of one core with all cores at work.
static double measurePeak() {
  constexpr int64_t kSteps = 4 << 20;
  double seconds = onThreads([](unsigned) {
    Vector sums[12] = {};
    Vector a = {1.0f}, b = {0.5f};
    for (int64_t i = 0; i < kSteps; ++i) {
      for (Vector &sum : sums)
        sum = __builtin_elementwise_fma(sum, a, b);
      asm volatile("" : "+v"(a));
    }
    asm volatile("" ::"m"(sums));
  });
  return 2.0 * 12 * kLanes * kSteps * threads / seconds;
}

static double launchSeconds, launchWallSeconds;

static void launchOnThreads(int64_t, void (*kernel)(int64_t, void *const *),
                            void *const *buffers, int64_t tasks) {
  std::atomic<int64_t> next(0);
  auto begin = std::chrono::steady_clock::now();
  launchSeconds = onThreads([&](unsigned) {
    for (int64_t task; (task = next++) < tasks;)
      kernel(task, buffers);
  });
  launchWallSeconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin)
          .count();
}

/// Rows to experts: all alike, or by Zipf's law.
static std::vector<int32_t> makePlan(int64_t rows, int64_t groups, bool zipf) {
  std::mt19937 random(1);
  std::vector<double> weights(groups, 1.0);
  for (int64_t i = 0; zipf && i < groups; ++i)
    weights[i] = 1.0 / (i + 1);
  std::discrete_distribution<int> choose(weights.begin(), weights.end());
  std::vector<int> expert(rows);
  for (int64_t i = 0; i < rows; ++i)
    expert[i] = zipf ? choose(random) : i % groups;
  std::shuffle(expert.begin(), expert.end(), random);
  std::vector<int32_t> words(groups + 1 + 2 * rows);
  int32_t position = 0;
  for (int64_t group = 0; group < groups; ++group) {
    words[group] = position;
    for (int64_t row = 0; row < rows; ++row)
      if (expert[row] == group) {
        words[groups + 1 + position] = row;
        words[groups + 1 + rows + row] = position++;
      }
  }
  words[groups] = position;
  return words;
}

static std::string shape(std::initializer_list<int64_t> extents,
                         const char *element = "f32") {
  std::string text;
  for (int64_t extent : extents)
    text += std::to_string(extent) + "x";
  return text + element;
}

namespace {

constexpr int64_t kRows = 4096;

/// How rows go to experts.
struct Routing {
  std::string name;
  int64_t groups;
  bool zipf;
};

/// One product to time; `text` has operands and body.
struct Case {
  std::string product, form;
  Routing routing;
  int64_t depth, columns;
  KernelText text;

  std::string getName() const {
    return product + " " + std::to_string(depth) + "x" +
           std::to_string(columns) + " " + routing.name + " " + form;
  }
  bool isOuter() const { return product == "weight gradient"; }
};

/// Medians.
struct Speed {
  double flops = 0, wallFlops = 0, peak = 0, fraction = 0, wallFraction = 0;
  int64_t tasks = 0;
};

/// Builds the cases of one shape and routing.
class CaseBuilder {
public:
  CaseBuilder(Routing routing, int64_t depth, int64_t columns, int64_t panel)
      : routing(std::move(routing)), depth(depth), columns(columns),
        up(depth < columns), weight(storedShape(panel)) {}

  std::vector<Case> build() {
    std::vector<Case> cases;
    for (bool fused : {false, true}) {
      if (fused && routing.groups == 0)
        continue;
      cases.push_back(make("forward", fused, forward(fused)));
      cases.push_back(make("input gradient", fused, inputGradient(fused)));
      cases.push_back(make("weight gradient", fused, weightGradient(fused)));
    }
    return cases;
  }

private:
  std::string storedShape(int64_t panel) const {
    if (routing.groups == 0)
      return shape({depth, columns});
    return shape({routing.groups, (columns + panel - 1) / panel, depth, panel});
  }

  Case make(const char *product, bool fused, KernelText text) const {
    text.tokens = kRows;
    text.groups = routing.groups;
    return {product, fused ? "fused" : "alone", routing, depth, columns, text};
  }

  /// The first matrix gathers tokens and keeps what GELU reads and gives; the
  /// second scatters to them.
  KernelText forward(bool fused) const {
    KernelText text;
    std::string result = shape({kRows, columns});
    text.lhs = {{shape({kRows, depth}), fused && up ? "token" : "position"}};
    text.rhs = {{weight, ""}};
    text.outs = {{result, fused && !up ? "slot" : "position"}};
    text.arguments = "%acc: f32, %init: f32";
    text.body = "    hash.yield %acc : f32";
    if (!fused)
      return text;
    text.reads = {{shape({routing.groups, columns}), "group"}};
    text.arguments = "%acc: f32, %bias: f32, %init: f32";
    text.body = "    %s = arith.addf %acc, %bias : f32\n"
                "    hash.yield %s : f32";
    if (!up)
      return text;
    text.outs.push_back({result, "position"});
    text.arguments += ", %init2: f32";
    text.body = "    %s = arith.addf %acc, %bias : f32\n" + gelu() +
                "    hash.yield %s, %g : f32, f32";
    return text;
  }

  /// Through the second matrix on to what GELU read; through the first back to
  /// the tokens.
  KernelText inputGradient(bool fused) const {
    KernelText text;
    text.lhs = {{shape({kRows, columns}), fused && !up ? "slot" : "position"}};
    text.rhs = {{weight, ""}};
    text.outs = {{shape({kRows, depth}), fused && up ? "slot" : "position"}};
    text.transposed = true;
    text.arguments = "%acc: f32, %init: f32";
    text.body = "    hash.yield %acc : f32";
    if (!fused || up)
      return text;
    text.reads = {{shape({kRows, depth}), "position"}};
    text.arguments = "%acc: f32, %s: f32, %init: f32";
    text.body = geluGradient() + "    %d = arith.mulf %acc, %slope : f32\n"
                                 "    hash.yield %d : f32";
    return text;
  }

  KernelText weightGradient(bool fused) const {
    KernelText text;
    text.lhs = {{shape({kRows, depth}), fused && up ? "token" : "position"}};
    text.rhs = {{shape({kRows, columns}), fused && !up ? "slot" : "position"}};
    text.outs = {{weight, ""}};
    text.arguments = "%acc: f32, %init: f32";
    text.body = fused ? "    %sum = arith.addf %acc, %init : f32\n"
                        "    hash.yield %sum : f32"
                      : "    hash.yield %acc : f32";
    text.skipEmpty = fused;
    return text;
  }

  /// %g = %s * Phi(%s), with %phi for the derivative.
  static std::string gelu() {
    return "    %half = arith.constant 0.5 : f32\n"
           "    %one = arith.constant 1.0 : f32\n"
           "    %root = arith.constant 0.707106769 : f32\n"
           "    %z = arith.mulf %s, %root : f32\n"
           "    %erf = math.erf %z : f32\n"
           "    %sum = arith.addf %erf, %one : f32\n"
           "    %phi = arith.mulf %sum, %half : f32\n"
           "    %g = arith.mulf %s, %phi : f32\n";
  }

  static std::string geluGradient() {
    return gelu() + "    %density = arith.constant 0.398942292 : f32\n"
                    "    %minus = arith.constant -0.5 : f32\n"
                    "    %square = arith.mulf %s, %s : f32\n"
                    "    %exponent = arith.mulf %square, %minus : f32\n"
                    "    %e = math.exp %exponent : f32\n"
                    "    %p = arith.mulf %e, %density : f32\n"
                    "    %sp = arith.mulf %s, %p : f32\n"
                    "    %slope = arith.addf %phi, %sp : f32\n";
  }

  Routing routing;
  int64_t depth, columns;
  bool up;
  std::string weight;
};

} // namespace

/// In large pages where the system has them, as the runtime has its buffers:
/// gathered rows lie on many pages.
static float *allocate(int64_t count) {
  constexpr size_t kPage = 2 << 20;
  size_t size = llvm::alignTo(count * sizeof(float), kPage);
  void *data = std::aligned_alloc(kPage, size);
  madvise(data, size, MADV_HUGEPAGE);
  return static_cast<float *>(data);
}

static std::vector<void *> makeBuffers(KernelRunner &runner,
                                       const Routing &routing) {
  std::vector<void *> buffers;
  for (mlir::MemRefType type : runner.getTypes()) {
    int64_t count = type.getNumElements();
    float *data = allocate(count);
    for (int64_t i = 0; i < count; ++i)
      data[i] = (i % 97) * 0.01f;
    buffers.push_back(data);
  }
  if (routing.groups) {
    std::vector<int32_t> plan = makePlan(kRows, routing.groups, routing.zipf);
    std::memcpy(buffers[0], plan.data(), plan.size() * 4);
  }
  return buffers;
}

static double getMedian(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

/// A warm-up, then `repeat` runs, each beside a look at the peak.
static Speed measure(const Case &c, const cpu::CpuTarget &target) {
  KernelRunner runner(c.isOuter() ? c.text.outer() : c.text.gemm(), target,
                      launchOnThreads);
  std::vector<void *> buffers = makeBuffers(runner, c.routing);
  double flops = 2.0 * kRows * c.depth * c.columns;
  std::vector<double> speeds, wallSpeeds, peaks, ratios, wallRatios;
  for (unsigned i = 0; i <= repeat; ++i) {
    double peak = measurePeak();
    runner.run(buffers);
    if (i == 0)
      continue;
    peaks.push_back(peak);
    speeds.push_back(flops / launchSeconds);
    wallSpeeds.push_back(flops / launchWallSeconds / threads);
    ratios.push_back(speeds.back() / peak);
    wallRatios.push_back(wallSpeeds.back() / peak);
  }
  for (void *buffer : buffers)
    std::free(buffer);
  return {getMedian(speeds), getMedian(wallSpeeds), getMedian(peaks),
          getMedian(ratios), getMedian(wallRatios), runner.getTasks()};
}

/// Speeds are of one core.
static llvm::json::Object toJson(const Case &c, const Speed &speed) {
  return llvm::json::Object{{"name", c.getName()},
                            {"product", c.product},
                            {"form", c.form},
                            {"routing", c.routing.name},
                            {"experts", c.routing.groups},
                            {"zipf", c.routing.zipf},
                            {"rows", kRows},
                            {"depth", c.depth},
                            {"columns", c.columns},
                            {"tasks", speed.tasks},
                            {"gflops", speed.flops * 1e-9},
                            {"wall_gflops", speed.wallFlops * 1e-9},
                            {"peak_gflops", speed.peak * 1e-9},
                            {"fraction_of_peak", speed.fraction},
                            {"wall_fraction_of_peak", speed.wallFraction}};
}

static void print(const Case &c, const Speed &speed) {
  llvm::outs() << llvm::format(
      "%-48s %6.1f GFLOP/s a core  %5.1f %% of peak (wall %5.1f %%)  %lld "
      "tasks\n",
      c.getName().c_str(), speed.flops * 1e-9, speed.fraction * 100,
      speed.wallFraction * 100, (long long)speed.tasks);
  llvm::outs().flush();
}

static std::vector<Case> makeCases(int64_t panel) {
  std::vector<Case> cases;
  for (const Routing &routing :
       {Routing{"dense", 0, false}, Routing{"E=16", 16, false},
        Routing{"E=16 Zipf", 16, true}, Routing{"E=64", 64, false},
        Routing{"E=64 Zipf", 64, true}})
    for (auto [depth, columns] : {std::pair(512, 2048), std::pair(2048, 512)})
      for (Case &c : CaseBuilder(routing, depth, columns, panel).build())
        if (c.getName().find(filter) != std::string::npos)
          cases.push_back(std::move(c));
  return cases;
}

static int write(llvm::json::Object report) {
  std::error_code error;
  llvm::raw_fd_ostream file(output, error);
  if (!error)
    file << llvm::formatv("{0:2}\n", llvm::json::Value(std::move(report)));
  file.close();
  error = error ? error : file.error();
  file.clear_error();
  if (error)
    llvm::errs() << "error: cannot write '" << output
                 << "': " << error.message() << "\n";
  return error ? 3 : 0;
}

int main(int argc, char **argv) {
  llvm::cl::ParseCommandLineOptions(argc, argv);
  cpu::CpuTarget target = llvm::cantFail(cpu::resolveTarget(arch));
  llvm::json::Array results;
  for (const Case &c : makeCases(target.panel)) {
    if (list) {
      llvm::outs() << c.getName() << "\n";
      continue;
    }
    Speed speed = measure(c, target);
    results.push_back(toJson(c, speed));
    if (!json)
      print(c, speed);
  }
  if (list)
    return 0;
  llvm::json::Object report{{"arch", arch},
                            {"host", llvm::sys::getHostCPUName()},
                            {"threads", (int64_t)threads},
                            {"repeat", (int64_t)repeat},
                            {"kernels", std::move(results)}};
  if (json)
    llvm::outs() << llvm::formatv(
        "{0:2}\n", llvm::json::Value(llvm::json::Object(report)));
  return output.empty() ? 0 : write(std::move(report));
}
