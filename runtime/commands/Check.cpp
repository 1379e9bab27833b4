//===- Check.cpp - The command 'check' ------------------------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/commands/Dump.h"
#include "runtime/commands/GradientCheck.h"
#include "runtime/commands/Progress.h"
#include "runtime/commands/Setup.h"
#include "runtime/commands/Synthetic.h"
#include "runtime/support/Random.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>

namespace hashc::runtime {

using Json = nlohmann::ordered_json;

/// How far initial parameters are moved, so that no derivative is zero only
/// because a matrix starts at zero.
static constexpr double kJitter = 0.05;

namespace {

/// Everything a machine can check of a compiled model by itself.
class Checker {
public:
  Checker(const Program &program, const CheckOptions &options);
  CheckReport run();

private:
  void jitterParams();
  std::vector<char> computeGradients();
  void load(const Batch &batch);
  void checkRouting();
  void checkTaken(const RouterSpec &router, const std::vector<int64_t> &load);
  void checkIdleExperts();
  void checkMaskedRows();
  void checkWindows();
  void checkEvalEqualsTrain();
  void checkThreads();
  void checkDecode();
  int64_t countDifferent(const std::vector<char> &a,
                         const std::vector<char> &b) const;
  void add(CheckResult result) { report.push_back(std::move(result)); }

  const Descriptor &descriptor;
  const CheckOptions &options;
  Model model;
  Batch batch; // one micro-batch
  double scale = 1;
  CheckReport report;
};

} // namespace

Checker::Checker(const Program &program, const CheckOptions &options)
    : descriptor(program.descriptor), options(options),
      model(descriptor, program.functions, Purpose::check, options.threads) {
  for (const Table &table : makeTables(descriptor))
    model.setTable(table);
  model.initialize(options.seed);
  jitterParams();
  const ModelShape &shape = descriptor.model;
  batch = makeRandomBatch(shape, shape.microBatch, shape.vocab, options.seed);
  addEdges(batch, shape, descriptor.train.data.apart);
  scale = 1 / static_cast<double>(std::max<int64_t>(1, batch.liveTargets));
  load(batch);
}

void Checker::jitterParams() {
  for (const ParamView &param : model.getParams()) {
    CounterRandom random(options.seed, "jitter " + param.name);
    std::vector<double> values = readLogical(param);
    for (size_t i = 0; i < values.size(); ++i)
      values[i] += kJitter * random.normal(i);
    writeLogical(param, values);
  }
}

void Checker::load(const Batch &batch) { model.loadBatch(batch, 0); }

/// The bits of losses and gradients of the loaded batch.
std::vector<char> Checker::computeGradients() {
  model.zeroGradients();
  model.gradStep(scale, 1);
  std::vector<char> bits;
  auto append = [&](const Buffer &buffer) {
    const char *data = buffer.as<char>();
    bits.insert(bits.end(), data, data + buffer.size());
  };
  append(model.getBuffers().get("losses"));
  for (const ParamView &view : model.getViews("grad"))
    append(model.getBuffers().get("grad", view.name));
  for (const ParamSpec &param : descriptor.params)
    if (Buffer *keys = model.getBuffers().find("grad_keys", param.name))
      append(*keys);
  return bits;
}

int64_t Checker::countDifferent(const std::vector<char> &a,
                                const std::vector<char> &b) const {
  int64_t count = std::abs(static_cast<int64_t>(a.size() - b.size()));
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i)
    count += a[i] != b[i];
  return count;
}

/// Experts that choose take as many rows each, which no plan has twice.
void Checker::checkTaken(const RouterSpec &router,
                         const std::vector<int64_t> &load) {
  int64_t most = router.slots / router.groups, wrong = 0;
  for (int64_t count : load)
    wrong += count != load.front() || count > most;
  add({"experts take equally many rows: " + router.path,
       static_cast<double>(wrong), 0,
       format("%lld of %lld rows each", static_cast<long long>(load.front()),
              static_cast<long long>(batch.liveTokens))});
}

void Checker::checkRouting() {
  // Activations choose in the step; without capacities, outside training.
  model.evalStep();
  for (const RouterSpec &router : descriptor.routers) {
    std::vector<int64_t> load = model.countLoad(router);
    if (router.expertsChoose()) {
      checkTaken(router, load);
      continue;
    }
    int64_t sum = 0;
    for (int64_t count : load)
      sum += count;
    const InputShape *source = descriptor.model.getSource();
    bool ofSource = source && source->name == router.input;
    int64_t live = ofSource ? batch.source.liveTokens : batch.liveTokens;
    int64_t rows = ofSource ? descriptor.model.getRows(*source) : batch.rows;
    int64_t missing = std::abs(sum - live * router.k);
    // What reads the token after has no experts for a row without one.
    if (!descriptor.notDecodable.empty() && !ofSource)
      missing = std::min(missing, std::abs(sum - batch.liveTargets * router.k));
    add({"every live row has its experts: " + router.path,
         static_cast<double>(missing), 0,
         format("%lld rows, %lld masked", static_cast<long long>(sum),
                static_cast<long long>(rows - live))});
  }
}

/// With very few different tokens most experts idle; their gradients must be
/// zero to the bit.
void Checker::checkIdleExperts() {
  if (descriptor.routers.empty())
    return;
  const ModelShape &shape = descriptor.model;
  Batch few = makeRandomBatch(shape, shape.microBatch,
                              std::min<int64_t>(2, shape.vocab), options.seed);
  load(few);
  computeGradients();
  std::vector<ParamView> views = model.getViews("grad");
  for (const RouterSpec &router : descriptor.routers) {
    std::vector<int64_t> counts = model.countLoad(router);
    int64_t idle = std::count(counts.begin(), counts.end(), 0);
    double largest = 0;
    for (const ParamView &view : views) {
      if (view.name.rfind(router.path + ".", 0) != 0 || view.shape.size() < 2 ||
          view.shape[0] != router.groups)
        continue;
      std::vector<double> gradient = readLogical(view);
      size_t size = gradient.size() / counts.size();
      for (size_t i = 0; i < gradient.size(); ++i)
        if (counts[i / size] == 0)
          largest = std::max(largest, std::abs(gradient[i]));
    }
    add({"idle experts have no gradient: " + router.path, largest, 0,
         format("%lld of %lld experts idle", static_cast<long long>(idle),
                static_cast<long long>(router.groups))});
  }
  load(batch);
}

void Checker::checkMaskedRows() {
  double largest = 0;
  int64_t rows = 0;
  model.evalStep();
  std::vector<double> losses = model.getLosses();
  for (int64_t row = 0; row < batch.rows; ++row)
    if (batch.targets[row] < 0) {
      largest = std::max(largest, std::abs(losses[row]));
      ++rows;
    }
  add({"rows that are not scored have no loss", largest, 0,
       format("%lld rows", static_cast<long long>(rows))});

  Batch none = batch;
  std::fill(none.tokens.begin(), none.tokens.end(), -1);
  std::fill(none.targets.begin(), none.targets.end(), -1);
  std::fill(none.source.tokens.begin(), none.source.tokens.end(), -1);
  load(none);
  computeGradients();
  largest = std::abs(model.sumLosses());
  for (const ParamView &view : model.getViews("grad"))
    for (double value : readLogical(view))
      // Written so that NaN counts too.
      if (!(std::abs(value) <= largest))
        largest = std::isnan(value) ? INFINITY : std::abs(value);
  add({"a masked batch has no loss and no gradient", largest, 0, ""});
  load(batch);
}

/// A row's bits do not depend on its place in the batch, nor on its neighbours'
/// places.
void Checker::checkWindows() {
  const std::string name = "windows in another order have the same losses";
  int64_t window = descriptor.model.window;
  if (batch.rows <= window)
    return add({name, 0, 0, "the micro-batch is one window", true});
  for (const RouterSpec &router : descriptor.routers)
    if (router.expertsChoose())
      return add({name, 0, 0,
                  "experts choose among all windows, of equal rows the first",
                  true});
  auto rotateBy = [](auto &rows, int64_t count) {
    std::rotate(rows.begin(), rows.begin() + count, rows.end());
  };
  auto rotate = [&](auto &rows) { rotateBy(rows, window); };
  model.evalStep();
  std::vector<double> losses = model.getLosses();
  rotate(losses);
  Batch rotated = batch;
  for (auto *rows : {&rotated.tokens, &rotated.targets, &rotated.starts})
    rotate(*rows);
  for (auto *rows : {&rotated.source.tokens, &rotated.source.starts})
    rotateBy(*rows, descriptor.model.getSourceWindow());
  load(rotated);
  model.evalStep();
  std::vector<double> others = model.getLosses();
  double largest = 0;
  for (size_t row = 0; row < losses.size(); ++row)
    largest = std::max(largest, std::abs(losses[row] - others[row]));
  add({name, largest, 0, "to the bit"});
  load(batch);
}

void Checker::checkEvalEqualsTrain() {
  if (descriptor.trainsDifferently)
    return add({"eval_step's losses are grad_step's", 0, 0,
                "with dropout, noise or capacities they differ", true});
  model.evalStep();
  std::vector<double> losses = model.getLosses();
  computeGradients();
  std::vector<double> others = model.getLosses();
  double largest = 0;
  for (int64_t row = 0; row < batch.rows; ++row)
    largest = std::max(largest, std::abs(losses[row] - others[row]));
  // What training keeps for its way back is rounded to bf16, what evaluation
  // passes on at once is not.
  bool rounds = descriptor.model.precision == "bf16";
  add({"eval_step's losses are grad_step's", largest, rounds ? 1e-2 : 0,
       rounds ? "" : "to the bit"});
}

void Checker::checkThreads() {
  std::vector<char> reference = computeGradients();
  int64_t different = countDifferent(reference, computeGradients());
  add({"a second run gives the same bits", static_cast<double>(different), 0,
       format("losses and gradients, %zu bytes", reference.size())});
  different = 0;
  for (int threads : {1, 2, 3, 5}) {
    Team team(threads);
    TeamScope scope(team);
    load(batch);
    different += countDifferent(reference, computeGradients());
  }
  add({"1, 2, 3 and 5 threads give the same bits",
       static_cast<double>(different), 0, "losses and gradients"});
}

/// log sum exp.
static double getNormalizer(const std::vector<double> &logits) {
  double largest = *std::max_element(logits.begin(), logits.end()), sum = 0;
  for (double logit : logits)
    sum += std::exp(logit - largest);
  return largest + std::log(sum);
}

/// Decodes the first window token by token. Its loss at the real targets, at
/// its first and at its second choice must be those of the full pass; then the
/// full pass makes the same choice.
void Checker::checkDecode() {
  if (!descriptor.findEntry("decode_step"))
    return add({"decoding equals the full pass", 0, 0,
                "no decoding step: " + descriptor.notDecodable, true});
  const ModelShape &shape = descriptor.model;
  std::vector<int32_t> tokens(shape.window, -1);
  std::vector<int32_t> starts(batch.starts.begin(),
                              batch.starts.begin() + shape.window);
  int64_t rows = 0;
  while (rows < shape.window && batch.tokens[rows] >= 0)
    ++rows;
  if (shape.getSource())
    model.encode(batch.source);
  Batch targets[3] = {batch, batch, batch};
  std::vector<double> losses[3];
  for (int64_t row = 0; row < rows; ++row) {
    tokens[row] = batch.tokens[row];
    model.decodeStep(tokens, starts, row);
    std::vector<double> logits = model.getLogits();
    double normalizer = getNormalizer(logits);
    auto best = static_cast<int32_t>(
        std::max_element(logits.begin(), logits.end()) - logits.begin());
    targets[1].targets[row] = best;
    int32_t second = best == 0 && logits.size() > 1 ? 1 : 0;
    for (size_t id = 0; id < logits.size(); ++id)
      if (static_cast<int32_t>(id) != best && logits[id] > logits[second])
        second = static_cast<int32_t>(id);
    targets[2].targets[row] = second;
    for (int i = 0; i < 3; ++i) {
      int32_t target = targets[i].targets[row];
      losses[i].push_back(target < 0 ? 0 : normalizer - logits[target]);
    }
  }
  double largest = 0;
  int64_t otherChoice = 0;
  std::vector<double> first;
  for (int i = 0; i < 3; ++i) {
    load(targets[i]);
    model.evalStep();
    std::vector<double> full = model.getLosses();
    for (int64_t row = 0; row < rows; ++row) {
      double loss = full[row];
      if (targets[i].targets[row] >= 0)
        largest = std::max(largest, std::abs(loss - losses[i][row]) /
                                        std::max(1.0, std::abs(loss)));
      if (i == 1)
        first.push_back(loss);
      if (i == 2)
        otherChoice += loss < first[row];
    }
  }
  load(batch);
  double allowed = shape.precision == "f64"   ? 1e-12
                   : shape.precision == "f32" ? 1e-5
                                              : 1e-2;
  add({"decoding equals the full pass", largest, allowed,
       format("%lld rows, relative difference of losses",
              static_cast<long long>(rows))});
  add({"greedy decoding makes the full pass's choice",
       static_cast<double>(otherChoice), 0, ""});
}

CheckReport Checker::run() {
  checkRouting();
  checkIdleExperts();
  checkMaskedRows();
  checkWindows();
  checkEvalEqualsTrain();
  checkThreads();
  checkDecode();
  checkGradients(model, scale, options.seconds, options.seed, report);
  return std::move(report);
}

static void print(const CheckReport &report, int64_t failed) {
  for (const CheckResult &result : report) {
    const char *verdict = result.skipped    ? "skipped"
                          : result.passed() ? "ok"
                                            : "FAILED";
    std::string error =
        result.skipped ? ""
                       : format("%.1e of %.0e", result.error, result.allowed);
    std::printf("%-7s  %-58s %-18s %s\n", verdict, result.name.c_str(),
                error.c_str(), result.detail.c_str());
  }
  std::printf("%zu checks, %lld failed\n", report.size(),
              static_cast<long long>(failed));
}

static Json toJson(const CheckReport &report, int64_t failed) {
  Json checks = Json::array();
  for (const CheckResult &result : report)
    checks.push_back({{"name", result.name},
                      {"passed", result.passed()},
                      {"skipped", result.skipped},
                      {"error", result.error},
                      {"allowed", result.allowed},
                      {"detail", result.detail}});
  return {{"checks", checks}, {"failed", failed}};
}

int runCheck(const Program &program, const CheckOptions &options) {
  if (!options.dump.empty()) {
    dumpBatch(program, options);
    return 0;
  }
  CheckReport report = Checker(program, options).run();
  int64_t failed =
      std::count_if(report.begin(), report.end(),
                    [](const CheckResult &result) { return !result.passed(); });
  if (options.json)
    std::printf("%s\n", toJson(report, failed).dump(2).c_str());
  else
    print(report, failed);
  return failed == 0 ? 0 : 1;
}

} // namespace hashc::runtime
