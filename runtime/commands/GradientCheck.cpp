//===- GradientCheck.cpp - Derivatives against finite differences ---------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/commands/GradientCheck.h"

#include "runtime/checkpoint/Panels.h"
#include "runtime/commands/Progress.h"
#include "runtime/support/Random.h"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace hashc::runtime {

static constexpr int64_t kDropoutSeed = 1;
/// How often steps are made smaller where activations choose experts.
static constexpr int kFinerSteps = 6;

std::vector<double> readLogical(const ParamView &view) {
  int64_t count = countElements(view.shape);
  std::vector<char> logical(count * static_cast<int64_t>(sizeOf(view.type)));
  unpackPanels(view.shape, view.panel, sizeOf(view.type), view.data,
               logical.data());
  std::vector<double> values(count);
  convertFloats(view.type, logical.data(), DType::f64, values.data(), count);
  return values;
}

void writeLogical(const ParamView &view, const std::vector<double> &values) {
  std::vector<char> logical(values.size() * sizeOf(view.type));
  convertFloats(DType::f64, values.data(), view.type, logical.data(),
                values.size());
  packPanels(view.shape, view.panel, sizeOf(view.type), logical.data(),
             view.data);
}

double computeLoss(Model &model, double scale) {
  // Evaluation drops dropout and the like, and has no auxiliary losses; then
  // the training step is the function whose derivative is asked for.
  const Descriptor &descriptor = model.getDescriptor();
  bool hasAux = descriptor.findEntry("grad_step")->find("aux_scale");
  if (!descriptor.trainsDifferently && !hasAux) {
    model.evalStep();
    return scale * model.sumLosses();
  }
  model.gradStep(scale, kDropoutSeed);
  double loss = scale * model.sumLosses();
  for (const auto &term : model.getAux())
    loss += term.second;
  return loss;
}

namespace {

/// How finite differences are taken and judged in a precision.
struct Tolerance {
  std::vector<double> steps; // the best of them counts
  double allowed;            // relative
  double noise;              // of a loss, relative; 0: it is measured
  double noiseStep = 0;      // at most, where it is measured
};

class GradientCheck {
public:
  GradientCheck(Model &model, double scale, uint64_t seed)
      : model(model), scale(scale), random(seed, "directions") {
    std::vector<ParamView> views = model.getParams();
    for (size_t i = 0; i < views.size(); ++i)
      if (const ParamSpec &spec = model.getDescriptor().params[i];
          spec.trained && !spec.frozen) {
        params.push_back(views[i]);
        specs.push_back(&spec);
      }
    const std::string &precision = model.getDescriptor().model.precision;
    if (precision == "f64")
      tolerance = {{1e-3, 1e-4, 1e-5, 3e-3}, 1e-6, 4e-15};
    else if (precision == "f32")
      tolerance = {{1e-2, 3e-2, 3e-3}, 2e-2, 0};
    else
      tolerance = {{1e-1, 3e-2, 1e-2}, 1e-1, 0};
    for (const RouterSpec &router : model.getDescriptor().routers)
      if (router.readsActivations)
        learned.push_back(&router);
    // Derivatives are those of the choices as they are: where a step changes
    // one, a smaller step may not.
    double least = tolerance.noiseStep = tolerance.steps.back();
    for (int i = 0; i < kFinerSteps && !learned.empty(); ++i)
      tolerance.steps.push_back(least /= 8);
  }

  void run(double seconds, CheckReport &report);

private:
  using Direction = std::vector<std::vector<double>>; // empty: not moved
  void measureNoise();
  double lossAt(const Direction &direction, double distance);
  std::vector<std::vector<int32_t>> getChoices();
  void restore(const Direction &direction);
  double differ(const Direction &direction, double step);
  double measureError(const Direction &direction, double exact, double least);
  Direction makeDirection(size_t param);
  CheckResult checkParam(size_t param, int64_t elements);

  Model &model;
  double scale;
  CounterRandom random;
  uint64_t draws = 0;
  std::vector<ParamView> params; // those that are trained
  std::vector<const ParamSpec *> specs;
  std::vector<std::vector<double>> values, gradients;
  Tolerance tolerance;
  double loss = 0;
  /// Routers that read activations, what they chose at first, and whether they
  /// chose otherwise since this was last asked.
  std::vector<const RouterSpec *> learned;
  std::vector<std::vector<int32_t>> choices;
  bool choseOtherwise = false;
};

} // namespace

double GradientCheck::lossAt(const Direction &direction, double distance) {
  for (size_t i = 0; i < params.size(); ++i) {
    if (direction[i].empty())
      continue;
    std::vector<double> moved = values[i];
    for (size_t j = 0; j < moved.size(); ++j)
      moved[j] += distance * direction[i][j];
    writeLogical(params[i], moved);
  }
  double result = computeLoss(model, scale);
  choseOtherwise |= getChoices() != choices;
  return result;
}

std::vector<std::vector<int32_t>> GradientCheck::getChoices() {
  std::vector<std::vector<int32_t>> found;
  for (const RouterSpec *router : learned)
    found.push_back(model.getAssignment(*router));
  return found;
}

void GradientCheck::restore(const Direction &direction) {
  for (size_t i = 0; i < params.size(); ++i)
    if (!direction[i].empty())
      writeLogical(params[i], values[i]);
}

/// The derivative along a direction, exact up to the step's fourth power.
double GradientCheck::differ(const Direction &direction, double step) {
  double near = lossAt(direction, step) - lossAt(direction, -step);
  double far = lossAt(direction, 2 * step) - lossAt(direction, -2 * step);
  restore(direction);
  return (8 * near - far) / (12 * step);
}

/// What rounding does to a loss: along a line of small steps a smooth
/// function's fourth differences vanish, those of independent errors of size s
/// have size sqrt(70) s.
void GradientCheck::measureNoise() {
  constexpr int kSamples = 12, kMiddle = kSamples / 2;
  Direction direction(params.size());
  for (size_t i = 0; i < params.size(); ++i)
    direction[i] = makeDirection(i)[i];
  double step = tolerance.noiseStep / std::sqrt(params.size());
  std::vector<double> losses;
  do {
    losses.clear();
    choseOtherwise = false;
    for (int i = 0; i < kSamples; ++i)
      losses.push_back(lossAt(direction, step * (i - kMiddle)));
    step /= 8;
    // Very small steps are no steps in bf16.
  } while (choseOtherwise && step > 1e-9 &&
           model.getDescriptor().model.precision != "bf16");
  restore(direction);
  double sum = 0;
  for (int i = 0; i + 4 < kSamples; ++i) {
    double fourth = losses[i] - 4 * losses[i + 1] + 6 * losses[i + 2] -
                    4 * losses[i + 3] + losses[i + 4];
    sum += fourth * fourth / 70;
  }
  constexpr double kSafety = 3;
  tolerance.noise =
      kSafety * std::sqrt(sum / (kSamples - 4)) / std::max(loss, 1e-300);
}

/// Relative error of a derivative; `least` is what counts as its size at the
/// least; the loss's rounding errors are allowed for. A kink or a bend spoils
/// some steps, a wrong derivative all.
double GradientCheck::measureError(const Direction &direction, double exact,
                                   double least) {
  double best = INFINITY;
  for (double step : tolerance.steps) {
    choseOtherwise = false;
    double measured = differ(direction, step);
    if (choseOtherwise)
      continue;
    double rounding = tolerance.noise * std::abs(loss) / step;
    double size = std::max({std::abs(exact), std::abs(measured), least,
                            rounding / tolerance.allowed});
    best = std::min(best, std::abs(measured - exact) / size);
    if (best <= tolerance.allowed * 0.5)
      break;
  }
  return best;
}

static double getNorm(const std::vector<double> &values) {
  double sum = 0;
  for (double value : values)
    sum += value * value;
  return std::sqrt(sum);
}

/// Half the gradient's own direction, half a random one; of length one.
GradientCheck::Direction GradientCheck::makeDirection(size_t param) {
  Direction direction(params.size());
  std::vector<double> &moved = direction[param];
  moved.resize(values[param].size());
  for (double &value : moved)
    value = random.normal(draws++);
  double randomNorm = getNorm(moved), norm = getNorm(gradients[param]);
  for (size_t j = 0; j < moved.size(); ++j) {
    moved[j] /= randomNorm;
    if (norm > 0)
      moved[j] = 0.5 * moved[j] + 0.5 * gradients[param][j] / norm;
  }
  return direction;
}

CheckResult GradientCheck::checkParam(size_t param, int64_t elements) {
  const std::vector<double> &gradient = gradients[param];
  Direction direction = makeDirection(param);
  double exact = 0;
  for (size_t j = 0; j < gradient.size(); ++j)
    exact += gradient[j] * direction[param][j];
  double norm = getNorm(gradient);
  CheckResult result{"gradient of " + params[param].name,
                     measureError(direction, exact, 1e-3 * norm),
                     tolerance.allowed, ""};
  double largest = 0;
  for (double value : gradient)
    largest = std::max(largest, std::abs(value));
  for (int64_t i = 0; i < elements; ++i) {
    size_t j = random.bits(draws++) % gradient.size();
    if (i == 0)
      j = std::max_element(
              gradient.begin(), gradient.end(),
              [](double a, double b) { return std::abs(a) < std::abs(b); }) -
          gradient.begin();
    std::vector<double> &moved = direction[param];
    std::fill(moved.begin(), moved.end(), 0.0);
    moved[j] = 1;
    result.error = std::max(
        result.error, measureError(direction, gradient[j], 1e-2 * largest));
  }
  result.detail = format("along a direction, at %lld elements; norm %.2e",
                         static_cast<long long>(elements), norm);
  return result;
}

void GradientCheck::run(double seconds, CheckReport &report) {
  auto begin = std::chrono::steady_clock::now();
  loss = computeLoss(model, scale);
  choices = getChoices();
  double once =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin)
          .count();
  model.zeroGradients();
  model.gradStep(scale, kDropoutSeed);
  for (const ParamView &param : params)
    values.push_back(readLogical(param));
  for (const ParamSpec *spec : specs)
    gradients.push_back(model.getGradient(*spec));
  if (tolerance.noise == 0)
    measureNoise();
  auto afforded = static_cast<int64_t>(
      seconds / (once * 5 * static_cast<double>(params.size())));
  int64_t elements = std::clamp<int64_t>(afforded - 1, 1, 8);
  for (size_t param = 0; param < params.size(); ++param)
    report.push_back(checkParam(param, elements));

  Direction all(params.size());
  double exact = 0, norm = 0;
  for (size_t param = 0; param < params.size(); ++param) {
    all[param] = makeDirection(param)[param];
    norm += getNorm(gradients[param]);
    for (size_t j = 0; j < all[param].size(); ++j)
      exact += all[param][j] * gradients[param][j];
  }
  report.push_back({"gradient of all parameters at once",
                    measureError(all, exact, 1e-3 * norm), tolerance.allowed,
                    format("along one direction; loss %.6f, noise %.0e", loss,
                           tolerance.noise)});
}

void checkGradients(Model &model, double scale, double seconds, uint64_t seed,
                    CheckReport &report) {
  GradientCheck(model, scale, seed).run(seconds, report);
}

} // namespace hashc::runtime
