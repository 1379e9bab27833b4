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
// threads, so that other programs disturb little.
//
// Usage: kernel-bench [--team=N] [--filter=TEXT] [--repeat=N] [--arch=ARCH]
//
//===----------------------------------------------------------------------===//

#include "test/unit/KernelRunner.h"
#include "test/unit/KernelText.h"

#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <numeric>
#include <random>
#include <thread>

using namespace hashc;
using namespace hashc::test;

static llvm::cl::opt<unsigned> threads("team", llvm::cl::init(2));
static llvm::cl::opt<unsigned> repeat("repeat", llvm::cl::init(5));
static llvm::cl::opt<std::string> filter("filter");
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

static double launchSeconds;

static void launchOnThreads(int64_t, void (*kernel)(int64_t, void *const *),
                            void *const *buffers, int64_t tasks) {
  std::atomic<int64_t> next(0);
  launchSeconds = onThreads([&](unsigned) {
    for (int64_t task; (task = next++) < tasks;)
      kernel(task, buffers);
  });
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

static void measure(const std::string &name, const std::string &text,
                    double flops, int64_t rows, int64_t groups, bool zipf,
                    const cpu::CpuTarget &target) {
  if (!filter.empty() && name.find(filter) == std::string::npos)
    return;
  KernelRunner runner(text, target, launchOnThreads);
  std::vector<void *> buffers;
  for (mlir::MemRefType type : runner.getTypes()) {
    int64_t count = type.getNumElements();
    auto *data = static_cast<float *>(
        std::aligned_alloc(64, (count * 4 + 63) / 64 * 64));
    for (int64_t i = 0; i < count; ++i)
      data[i] = (i % 97) * 0.01f;
    buffers.push_back(data);
  }
  if (groups) {
    std::vector<int32_t> plan = makePlan(rows, groups, zipf);
    std::memcpy(buffers[0], plan.data(), plan.size() * 4);
  }
  std::vector<double> ratios, speeds;
  for (unsigned i = 0; i <= repeat; ++i) {
    double peak = measurePeak();
    runner.run(buffers);
    double speed = flops / launchSeconds;
    if (i == 0)
      continue;
    ratios.push_back(speed / peak);
    speeds.push_back(speed);
  }
  std::sort(ratios.begin(), ratios.end());
  std::sort(speeds.begin(), speeds.end());
  llvm::outs() << llvm::format("%-34s %6.1f GFLOP/s a core  %5.1f %% of peak  "
                               "%lld tasks\n",
                               name.c_str(), speeds[repeat / 2] * 1e-9,
                               ratios[repeat / 2] * 100,
                               (long long)runner.getTasks());
  llvm::outs().flush();
  for (void *buffer : buffers)
    std::free(buffer);
}

static std::string storedShape(int64_t groups, int64_t height, int64_t width,
                               int64_t panel) {
  if (!groups)
    return shape({height, width});
  return shape({groups, (width + panel - 1) / panel, height, panel});
}

int main(int argc, char **argv) {
  llvm::cl::ParseCommandLineOptions(argc, argv);
  cpu::CpuTarget target = llvm::cantFail(cpu::resolveTarget(arch));
  constexpr int64_t kRows = 4096;
  struct Case {
    const char *name;
    int64_t groups;
    bool zipf;
  };
  for (Case c : {Case{"dense", 0, false}, Case{"E=16", 16, false},
                 Case{"E=64", 64, false}, Case{"E=64 Zipf", 64, true}})
    for (auto [depth, columns] : {std::pair(512, 2048), std::pair(2048, 512)}) {
      double flops = 2.0 * kRows * depth * columns;
      std::string suffix = std::string(" ") + c.name + " " +
                           std::to_string(depth) + "x" +
                           std::to_string(columns);
      KernelText text;
      text.tokens = kRows;
      text.groups = c.groups;
      text.lhs = {{shape({kRows, depth}), "token"}};
      text.rhs = {{storedShape(c.groups, depth, columns, target.panel), ""}};
      text.outs = {{shape({kRows, columns}), "position"}};
      text.arguments = "%acc: f32, %init: f32";
      text.body = "    hash.yield %acc : f32";
      measure("forward" + suffix, text.gemm(), flops, kRows, c.groups, c.zipf,
              target);

      text.lhs[0].type = shape({kRows, columns});
      text.outs[0].type = shape({kRows, depth});
      text.transposed = true;
      measure("input gradient" + suffix, text.gemm(), flops, kRows, c.groups,
              c.zipf, target);

      text.lhs = {{shape({kRows, depth}), "token"}};
      text.outs = {text.rhs[0]};
      text.rhs = {{shape({kRows, columns}), "position"}};
      text.body = "    %sum = arith.addf %acc, %init : f32\n"
                  "    hash.yield %sum : f32";
      text.skipEmpty = true;
      measure("weight gradient" + suffix, text.outer(), flops, kRows, c.groups,
              c.zipf, target);
    }
  return 0;
}
