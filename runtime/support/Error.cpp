//===- Error.cpp - What a model executable says when it stops -------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/support/Error.h"

#include <algorithm>
#include <cstring>

namespace hashc::runtime {

void failInput(const std::string &message) {
  throw UserError(ExitCode::badInput, message);
}

void failUsage(const std::string &message) {
  throw UserError(ExitCode::usage, message);
}

void failEnvironment(const std::string &message) {
  throw UserError(ExitCode::environment, message);
}

void failSystem(const std::string &doing, const std::string &path, int error) {
  failEnvironment("cannot " + doing + " '" + path +
                  "': " + std::strerror(error));
}

static const char *nameIndex(int64_t code) {
  switch (code) {
  case 1:
    return "the router's expert";
  case 2:
    return "the key of a table";
  case 3:
    return "a token id";
  case 4:
    return "the number of rows looked up in a step";
  case 5:
    return "the number of choices of experts";
  default:
    return "an index";
  }
}

std::string describeBadIndex(int64_t code, int64_t value, int64_t limit) {
  return std::string(nameIndex(code)) + " is " + std::to_string(value) +
         ", but must be in 0 .. " + std::to_string(limit - 1);
}

static size_t measureDistance(const std::string &a, const std::string &b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j)
    row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t changed = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({changed, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

std::string nearestName(const std::string &name,
                        const std::vector<std::string> &candidates) {
  std::string best;
  size_t bestDistance = std::max<size_t>(2, name.size() / 3) + 1;
  for (const std::string &candidate : candidates) {
    size_t distance = measureDistance(name, candidate);
    if (distance < bestDistance) {
      bestDistance = distance;
      best = candidate;
    }
  }
  return best;
}

} // namespace hashc::runtime
