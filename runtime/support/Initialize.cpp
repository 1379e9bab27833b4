//===- Initialize.cpp - How parameters start ------------------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/support/Initialize.h"
#include "runtime/support/Error.h"
#include "runtime/support/Random.h"

#include <algorithm>
#include <cmath>

namespace hashc::runtime {

namespace {
/// The trailing matrix of a shape; a vector counts as one row.
struct Matrix {
  int64_t count, rows, columns;
};
} // namespace

static Matrix getMatrix(const std::vector<int64_t> &shape) {
  Matrix matrix = {1, 1, 1};
  size_t rank = shape.size();
  if (rank >= 1)
    matrix.columns = shape[rank - 1];
  if (rank >= 2)
    matrix.rows = shape[rank - 2];
  for (size_t i = 0; i + 2 < rank; ++i)
    matrix.count *= shape[i];
  return matrix;
}

static double dot(const double *a, const double *b, int64_t n) {
  double sum = 0;
  for (int64_t i = 0; i < n; ++i)
    sum += a[i] * b[i];
  return sum;
}

/// Makes `count` vectors of `length` orthonormal in place: Gram-Schmidt, twice
/// for each vector ("twice is enough").
static void orthonormalize(std::vector<double> &vectors, int64_t count,
                           int64_t length) {
  for (int64_t i = 0; i < count; ++i) {
    double *vector = &vectors[i * length];
    for (int pass = 0; pass < 2; ++pass) {
      for (int64_t j = 0; j < i; ++j) {
        const double *other = &vectors[j * length];
        double overlap = dot(vector, other, length);
        for (int64_t e = 0; e < length; ++e)
          vector[e] -= overlap * other[e];
      }
      double norm = std::sqrt(dot(vector, vector, length));
      for (int64_t e = 0; e < length; ++e)
        vector[e] /= norm;
    }
  }
}

/// One orthogonal matrix: the shorter side's vectors are orthonormal. Element
/// (r, c) of the normal matrix it comes from is draw `first + r * columns + c`.
static void fillOrthogonal(const Matrix &matrix, const CounterRandom &random,
                           int64_t first, double *target) {
  bool byRow = matrix.rows <= matrix.columns;
  int64_t count = std::min(matrix.rows, matrix.columns);
  int64_t length = std::max(matrix.rows, matrix.columns);
  auto place = [&](int64_t vector, int64_t e) {
    return byRow ? vector * matrix.columns + e : e * matrix.columns + vector;
  };
  std::vector<double> vectors(count * length);
  for (int64_t v = 0; v < count; ++v)
    for (int64_t e = 0; e < length; ++e)
      vectors[v * length + e] = random.normal(first + place(v, e));
  orthonormalize(vectors, count, length);
  for (int64_t v = 0; v < count; ++v)
    for (int64_t e = 0; e < length; ++e)
      target[place(v, e)] = vectors[v * length + e];
}

void initializeElements(std::string_view init, double scale,
                        std::string_view name, uint64_t seed, DType type,
                        const std::vector<int64_t> &shape, int64_t first,
                        int64_t count, void *target) {
  Matrix matrix = getMatrix(shape);
  CounterRandom random(seed, name);
  double fans = static_cast<double>(matrix.rows + matrix.columns);
  double bound = scale * std::sqrt(6.0 / std::max(fans, 1.0));
  std::vector<double> block(count);
  for (int64_t i = 0; i < count; ++i) {
    double &value = block[i];
    if (init == "zeros")
      value = 0;
    else if (init == "ones")
      value = 1;
    else if (init == "normal")
      value = scale * random.normal(first + i);
    else if (init == "xavier")
      value = bound * (2 * random.uniform(first + i) - 1);
    else
      failInput("unknown initialiser '" + std::string(init) + "' for '" +
                std::string(name) + "'");
  }
  convertFloats(DType::f64, block.data(), type, target, count);
}

void initializeParameter(std::string_view init, double scale,
                         std::string_view name, uint64_t seed, DType type,
                         const std::vector<int64_t> &shape, void *target) {
  int64_t count = countElements(shape);
  Matrix matrix = getMatrix(shape);
  int64_t size = std::max<int64_t>(matrix.rows * matrix.columns, 1);
  CounterRandom random(seed, name);
  // One matrix at a time: the double copy stays small.
  for (int64_t first = 0; first < count; first += size) {
    char *part = static_cast<char *>(target) + first * sizeOf(type);
    if (init != "orthogonal") {
      initializeElements(init, scale, name, seed, type, shape, first,
                         std::min(size, count - first), part);
      continue;
    }
    std::vector<double> block(size);
    fillOrthogonal(matrix, random, first, block.data());
    for (double &value : block)
      value *= scale;
    convertFloats(DType::f64, block.data(), type, part, size);
  }
}

} // namespace hashc::runtime
