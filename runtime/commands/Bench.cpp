//===- Bench.cpp - The command 'bench' ------------------------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/commands/FmaPeak.h"
#include "runtime/commands/KernelGroups.h"
#include "runtime/commands/Progress.h"
#include "runtime/commands/Schedule.h"
#include "runtime/commands/Setup.h"
#include "runtime/commands/Synthetic.h"
#include "runtime/engine/Device.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>

namespace hashc::runtime {

using Json = nlohmann::ordered_json;

static constexpr int kWarmUps = 2;

namespace {

/// Times whole training steps on random tokens.
class Bench {
public:
  Bench(const Program &program, const BenchOptions &options);
  Json run();

private:
  double timeStep(int64_t step);
  /// Of all steps that are asked for, from the one after `step` on.
  std::vector<double> timeSteps(int64_t &step);
  double measurePeak();
  Json describeKernels(double seconds);

  const Descriptor &descriptor;
  const BenchOptions &options;
  Model model;
  Batch batch;
  int64_t micros;
  Profile profile;
};

} // namespace

Bench::Bench(const Program &program, const BenchOptions &options)
    : descriptor(program.descriptor), options(options),
      model(descriptor, program.functions, Purpose::train, options.threads) {
  for (const Table &table : makeTables(descriptor))
    model.setTable(table);
  model.initialize(options.seed);
  batch = makeRandomBatch(descriptor.model, descriptor.train.batch,
                          descriptor.model.vocab, options.seed);
  micros = batch.rows / descriptor.model.getRows();
  model.loadBatch(batch, 0);
}

double Bench::timeStep(int64_t step) {
  auto begin = std::chrono::steady_clock::now();
  model.zeroGradients();
  for (int64_t micro = 0; micro < micros; ++micro) {
    model.startGradStep(1.0 / static_cast<double>(batch.liveTargets), step);
    model.prepareNext(batch, (micro + 1) % micros);
    model.finish();
    model.sumLosses();
    model.loadNext();
  }
  model.update(getHyper(descriptor.train, step));
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin)
      .count();
}

static double getMedian(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  size_t middle = values.size() / 2;
  return values.size() % 2 ? values[middle]
                           : (values[middle - 1] + values[middle]) / 2;
}

/// Kernels by what they are, the longest first; times are of one step.
Json Bench::describeKernels(double seconds) {
  auto steps = static_cast<double>(options.steps);
  std::vector<Json> rows;
  double known = 0;
  for (const KernelSpec &kernel : descriptor.kernels) {
    auto id = static_cast<size_t>(kernel.id);
    if (id >= profile.seconds.size() || profile.launches[id] == 0)
      continue;
    double time = profile.seconds[id] / steps;
    double flops = static_cast<double>(kernel.flops) *
                   static_cast<double>(profile.launches[id]) / steps;
    known += time;
    rows.push_back({{"id", kernel.id},
                    {"path", kernel.path},
                    {"op", kernel.op},
                    {"kind", kernel.kind},
                    {"entry", kernel.entry},
                    {"ms", time * 1e3},
                    {"share", time / seconds},
                    {"flops", flops},
                    {"gflops", flops / time * 1e-9}});
  }
  std::sort(rows.begin(), rows.end(), [](const Json &a, const Json &b) {
    return a["ms"].get<double>() > b["ms"].get<double>();
  });
  rows.push_back({{"id", -1},
                  {"path", "outside kernels"},
                  {"op", ""},
                  {"kind", "runtime"},
                  {"entry", ""},
                  {"ms", (seconds - known) * 1e3},
                  {"share", (seconds - known) / seconds},
                  {"flops", 0},
                  {"gflops", 0}});
  return rows;
}

Json Bench::run() {
  int64_t step = 0;
  double peak = measurePeak();
  for (int i = 0; i < kWarmUps; ++i)
    timeStep(++step);
  size_t ids = 0;
  for (const KernelSpec &kernel : descriptor.kernels)
    ids = std::max(ids, static_cast<size_t>(kernel.id) + 1);
  profile.reset(ids);
  // To measure a device's kernels it must wait for each of them: the steps that
  // count are others.
  Device *device = Device::getCurrent();
  std::vector<double> times;
  if (device)
    times = timeSteps(step);
  Team::setProfile(&profile);
  std::vector<double> measured = timeSteps(step);
  Team::setProfile(nullptr);
  if (!device)
    times = measured;
  // A second look at the peak: clocks and neighbours change during a run.
  peak = std::max(peak, measurePeak());

  double median = getMedian(times), mean = 0, flops = 0;
  for (double time : measured)
    mean += time / static_cast<double>(measured.size());
  Json kernels = describeKernels(mean);
  for (const Json &kernel : kernels)
    flops += kernel["flops"].get<double>();
  std::map<std::string, double> kinds;
  for (const Json &kernel : kernels)
    kinds[kernel["kind"]] += kernel["share"].get<double>();
  Json json = {
      {"model", descriptor.name},
      {"device", device ? device->describe() : "CPU"},
      {"threads", model.getTeam().size()},
      {"steps", options.steps},
      {"windows_per_step", micros * descriptor.model.microBatch},
      {"step_ms", median * 1e3},
      {"step_ms_min", *std::min_element(times.begin(), times.end()) * 1e3},
      {"tokens_per_s", static_cast<double>(batch.rows) / median},
      {"gflops", flops / median * 1e-9}};
  if (!device) {
    json["peak_gflops"] = peak;
    json["fraction_of_peak"] = flops / median * 1e-9 / peak;
  }
  json["kinds"] = kinds;
  json["kernels"] = kernels;
  return json;
}

std::vector<double> Bench::timeSteps(int64_t &step) {
  std::vector<double> times;
  for (int64_t i = 0; i < options.steps; ++i)
    times.push_back(timeStep(++step));
  return times;
}

/// Of the CPU alone; 0 where the kernels run elsewhere.
double Bench::measurePeak() {
  if (Device::getCurrent())
    return 0;
  return measureFmaPeak(model.getTeam(), descriptor.model.precision == "f64"
                                             ? DType::f64
                                             : DType::f32);
}

/// A line of the table that people read: a group of kernels.
struct BenchLine {
  std::string path, op;
  size_t kernels = 0;
  double ms = 0, share = 0, flops = 0;
};

static std::vector<BenchLine> makeLines(const Descriptor &descriptor,
                                        const Json &kernels) {
  std::map<int64_t, const Json *> byId;
  for (const Json &kernel : kernels)
    byId[kernel["id"].get<int64_t>()] = &kernel;
  std::vector<BenchLine> lines;
  for (const KernelGroup &group : groupKernels(descriptor.kernels)) {
    BenchLine line{group.path, group.kernels.front()->op};
    for (const KernelSpec *spec : group.kernels)
      if (auto it = byId.find(spec->id); it != byId.end()) {
        ++line.kernels;
        line.ms += (*it->second)["ms"].get<double>();
        line.share += (*it->second)["share"].get<double>();
        line.flops += (*it->second)["flops"].get<double>();
      }
    if (line.kernels > 0)
      lines.push_back(line);
  }
  std::sort(lines.begin(), lines.end(),
            [](const BenchLine &a, const BenchLine &b) { return a.ms > b.ms; });
  return lines;
}

static void printLine(const BenchLine &line) {
  std::printf("%-28s %-18s %7zu %10.3f %5.1f %% %9.1f\n", line.path.c_str(),
              line.op.c_str(), line.kernels, line.ms, 100 * line.share,
              line.ms > 0 ? line.flops / line.ms * 1e-6 : 0.0);
}

/// The longest first; what is under a thousandth of the step is one line.
static void printKernels(const Descriptor &descriptor, const Json &json) {
  std::printf("\n%-28s %-18s %7s %10s %7s %9s\n", "path", "op", "kernels", "ms",
              "share", "GFLOP/s");
  BenchLine rest{"kernels under 0.1 %", ""};
  for (const BenchLine &line : makeLines(descriptor, json["kernels"])) {
    if (line.share >= 1e-3) {
      printLine(line);
      continue;
    }
    rest.kernels += line.kernels;
    rest.ms += line.ms;
    rest.share += line.share;
    rest.flops += line.flops;
  }
  if (rest.kernels > 0)
    printLine(rest);
  const Json &outside = json["kernels"].back();
  std::printf("%-28s %-18s %7s %10.3f %5.1f %%\n",
              outside["path"].get<std::string>().c_str(), "", "",
              outside["ms"].get<double>(),
              100 * outside["share"].get<double>());
}

static void print(const Descriptor &descriptor, const Json &json) {
  auto number = [&](const char *key) { return json[key].get<double>(); };
  const bool isCpu = json.contains("peak_gflops");
  const std::string where =
      isCpu ? format("%lld threads", json["threads"].get<long long>())
            : json["device"].get<std::string>();
  std::printf("step %.2f ms (median of %lld, least %.2f), %s tokens/s, %s\n",
              number("step_ms"), json["steps"].get<long long>(),
              number("step_ms_min"),
              formatCount(number("tokens_per_s")).c_str(), where.c_str());
  if (isCpu)
    std::printf("%.1f GFLOP/s, %.0f %% of the %.1f that multiply-adds reached "
                "in this run\n\n",
                number("gflops"), 100 * number("fraction_of_peak"),
                number("peak_gflops"));
  else
    std::printf("%.1f GFLOP/s; kernels are measured one by one, in other "
                "steps\n\n",
                number("gflops"));
  for (const auto &[kind, share] : json["kinds"].items())
    std::printf("%-14s %5.1f %%\n", kind.c_str(), 100 * share.get<double>());
  printKernels(descriptor, json);
}

int runBench(const Program &program, const BenchOptions &options) {
  Json json = Bench(program, options).run();
  if (options.json)
    std::printf("%s\n", json.dump(2).c_str());
  else
    print(program.descriptor, json);
  return 0;
}

} // namespace hashc::runtime
