//===- Clusters.cpp - Tables from a trained model's embeddings ------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// k-means as docs/runtime-formats.md writes it down, to the bit: every sum has
// one order, and this file is compiled without fused multiply-adds.
//
//===----------------------------------------------------------------------===//

#include "runtime/checkpoint/Checkpoint.h"
#include "runtime/support/Error.h"
#include "runtime/support/Random.h"
#include "runtime/tables/Table.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace hashc::runtime {

/// How often rows are given to centroids at most.
static constexpr int kRounds = 20;

/// Centroids that are measured at a time, one in each lane of vectors. A sum of
/// one lane keeps its order.
static constexpr int64_t kLanes = 8;

//===----------------------------------------------------------------------===//
// k-means
//===----------------------------------------------------------------------===//

namespace {
class KMeans {
public:
  KMeans(const Matrix &points, int64_t clusters, uint64_t seed);
  /// The cluster of each point.
  std::vector<int32_t> run();

private:
  const double *getPoint(int64_t i) const {
    return &points.values[i * points.columns];
  }
  double &at(int64_t cluster, int64_t feature) {
    return centroids[(cluster / kLanes * points.columns + feature) * kLanes +
                     cluster % kLanes];
  }
  void assign();
  void fillEmpty();
  int64_t findFarthest() const;
  void moveCentroids();

  const Matrix &points;
  int64_t clusters;
  std::vector<double> centroids; // [clusters / lanes, features, lanes]
  std::vector<int32_t> owners;   // of points
  std::vector<double> distances; // of points to their centroid, squared
  std::vector<int64_t> sizes;
};
} // namespace

KMeans::KMeans(const Matrix &points, int64_t clusters, uint64_t seed)
    : points(points), clusters(clusters),
      // Lanes without a centroid are never nearest.
      centroids((clusters + kLanes - 1) / kLanes * kLanes * points.columns,
                std::numeric_limits<double>::quiet_NaN()),
      owners(points.rows), distances(points.rows), sizes(clusters) {
  CounterPermutation order(points.rows, seed, 0);
  for (int64_t cluster = 0; cluster < clusters; ++cluster) {
    const double *point = getPoint(static_cast<int64_t>(order.at(cluster)));
    for (int64_t feature = 0; feature < points.columns; ++feature)
      at(cluster, feature) = point[feature];
  }
}

/// Squared distances of a point to the centroids of one block, features in
/// order.
static void measure(const double *point, const double *block, int64_t features,
                    double *distances) {
  double sums[kLanes] = {};
  for (int64_t feature = 0; feature < features; ++feature)
    for (int64_t lane = 0; lane < kLanes; ++lane) {
      double difference = point[feature] - block[feature * kLanes + lane];
      sums[lane] += difference * difference;
    }
  std::copy_n(sums, kLanes, distances);
}

void KMeans::assign() {
  std::fill(sizes.begin(), sizes.end(), 0);
  std::vector<double> measured(centroids.size() / points.columns);
  for (int64_t i = 0; i < points.rows; ++i) {
    for (size_t first = 0; first < measured.size(); first += kLanes)
      measure(getPoint(i), &centroids[first * points.columns], points.columns,
              &measured[first]);
    int32_t nearest = 0;
    for (int64_t cluster = 1; cluster < clusters; ++cluster)
      if (measured[cluster] < measured[nearest])
        nearest = static_cast<int32_t>(cluster);
    owners[i] = nearest;
    distances[i] = measured[nearest];
    ++sizes[nearest];
  }
}

/// The farthest point that leaves no cluster empty; the lowest of equals.
int64_t KMeans::findFarthest() const {
  int64_t farthest = -1;
  for (int64_t i = 0; i < points.rows; ++i)
    if (sizes[owners[i]] > 1 &&
        (farthest < 0 || distances[i] > distances[farthest]))
      farthest = i;
  return farthest;
}

void KMeans::fillEmpty() {
  for (int64_t cluster = 0; cluster < clusters; ++cluster) {
    if (sizes[cluster] != 0)
      continue;
    int64_t point = findFarthest();
    --sizes[owners[point]];
    owners[point] = static_cast<int32_t>(cluster);
    distances[point] = 0;
    sizes[cluster] = 1;
  }
}

void KMeans::moveCentroids() {
  for (int64_t cluster = 0; cluster < clusters; ++cluster)
    for (int64_t feature = 0; feature < points.columns; ++feature)
      at(cluster, feature) = 0;
  for (int64_t i = 0; i < points.rows; ++i)
    for (int64_t feature = 0; feature < points.columns; ++feature)
      at(owners[i], feature) += getPoint(i)[feature];
  for (int64_t cluster = 0; cluster < clusters; ++cluster)
    for (int64_t feature = 0; feature < points.columns; ++feature)
      at(cluster, feature) /= static_cast<double>(sizes[cluster]);
}

std::vector<int32_t> KMeans::run() {
  std::vector<int32_t> before;
  for (int round = 0; round < kRounds; ++round) {
    if (round > 0)
      moveCentroids();
    assign();
    fillEmpty();
    if (owners == before)
      break;
    before = owners;
  }
  return std::move(owners);
}

std::vector<int32_t> findClusters(const Matrix &points, int64_t clusters,
                                  uint64_t seed) {
  return KMeans(points, clusters, seed).run();
}

//===----------------------------------------------------------------------===//
// Embeddings of a file
//===----------------------------------------------------------------------===//

/// True if `name` is the word `embedding`, or ends in it.
static bool isCalledEmbedding(const std::string &name) {
  constexpr std::string_view word = "embedding";
  return name.size() >= word.size() &&
         name.compare(name.size() - word.size(), word.size(), word) == 0;
}

/// The named tensor, or the only one called embedding that has a row for each
/// id.
static const TensorInfo &chooseEmbedding(const SafetensorsFile &file,
                                         const TableSettings &settings) {
  if (std::string name = getTensorName(settings); !name.empty())
    return file.require(name);
  std::vector<const TensorInfo *> named;
  std::string list;
  for (const auto &[name, info] : file.getTensors()) {
    if (!isFloat(info.type) || info.shape.size() != 2 ||
        info.shape[0] != settings.vocab)
      continue;
    list += (list.empty() ? "" : ", ") + name;
    if (isCalledEmbedding(name))
      named.push_back(&info);
  }
  if (named.size() == 1)
    return *named[0];
  std::string rows = std::to_string(settings.vocab) + " rows";
  if (list.empty())
    failInput("'" + file.getName() + "' has no embeddings of " + rows +
              " (a matrix of floats with a row for each id)");
  failInput("'" + file.getName() + "' has " +
            (named.empty() ? "no matrix" : "several matrices") + " of " + rows +
            " called embedding; choose one of " + list + " as \"" +
            getTablePath(settings) + "#NAME\"");
}

static Matrix readEmbeddings(const TableSettings &settings) {
  SafetensorsFile file =
      SafetensorsFile::open(findModelFile(getTablePath(settings)));
  const TensorInfo &info = chooseEmbedding(file, settings);
  std::string what = "tensor '" + info.name + "' in '" + file.getName() + "'";
  if (!isFloat(info.type) || info.shape.size() != 2 ||
      info.shape[0] != settings.vocab)
    failInput(what + " is " + std::string(getName(info.type)) + " " +
              formatShape(info.shape) + "; embeddings are floats with " +
              std::to_string(settings.vocab) + " rows, one for each id");
  Matrix matrix = {info.shape[0], info.shape[1], {}};
  matrix.values.resize(matrix.rows * matrix.columns);
  convertFloats(info.type, file.getData(info), DType::f64, matrix.values.data(),
                matrix.values.size());
  for (size_t i = 0; i < matrix.values.size(); ++i)
    if (!std::isfinite(matrix.values[i]))
      failInput(what + " is not finite in the row of token " +
                std::to_string(i / matrix.columns));
  return matrix;
}

static std::vector<int32_t> clusterTokens(const TableSettings &settings) {
  if (settings.k != 1)
    failInput("table '" + settings.name + "' is " + settings.algorithm +
              ": clusters give a token one expert, not " +
              std::to_string(settings.k));
  if (settings.groups > settings.vocab)
    failInput("table '" + settings.name + "': the embeddings of " +
              std::to_string(settings.vocab) + " tokens have no " +
              std::to_string(settings.groups) + " clusters");
  return findClusters(readEmbeddings(settings), settings.groups, settings.seed);
}

Table buildClustered(const TableSettings &settings) {
  Table table = makeTable(settings);
  table.entries = clusterTokens(settings);
  return table;
}

Table buildDispersed(const TableSettings &settings) {
  Table table = makeTable(settings);
  std::vector<int32_t> owners = clusterTokens(settings);
  std::vector<std::vector<int64_t>> members(table.groups);
  for (int64_t id = 0; id < table.vocab; ++id)
    members[owners[id]].push_back(id);
  int64_t dealt = 0;
  for (const std::vector<int64_t> &ids : members)
    for (int64_t id : ids)
      table.entries[id] = static_cast<int32_t>(dealt++ % table.groups);
  return table;
}

} // namespace hashc::runtime
