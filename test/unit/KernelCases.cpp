//===- KernelCases.cpp - Kernels to try, and what they read ---------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelCases.h"

#include <cmath>

namespace hashc::test {

/// The buffer of the plan that stable sorting gives.
static void fillPlan(Buffer &words, const KernelText &text,
                     const Experts &experts) {
  int64_t slots = text.tokens * text.k, position = 0;
  auto place = [&](int64_t slot) {
    words.setInt(text.groups + 1 + position, slot);
    words.setInt(text.groups + 1 + slots + slot, position);
    ++position;
  };
  for (int64_t group = 0; group < text.groups; ++group) {
    words.setInt(group, position);
    for (int64_t slot = 0; slot < slots; ++slot)
      if (experts(slot) == group)
        place(slot);
  }
  words.setInt(text.groups, position);
  for (int64_t slot = 0; slot < slots; ++slot)
    if (experts(slot) < 0)
      place(slot);
}

void fillRandom(Buffer &buffer, std::mt19937 &random) {
  std::uniform_real_distribution<double> reals(-1, 1);
  for (int64_t i = 0; i < buffer.size(); ++i) {
    if (mlir::isa<mlir::FloatType>(buffer.element))
      buffer.setFloat(i, reals(random));
    else
      buffer.setInt(i, (int64_t)(random() % 200) - 50);
  }
}

double distance(const Buffer &a, const Buffer &b, int64_t i) {
  if (!mlir::isa<mlir::FloatType>(a.element))
    return a.getInt(i) == b.getInt(i) ? 0 : INFINITY;
  double x = a.getFloat(i), y = b.getFloat(i);
  if (x == y || (std::isnan(x) && std::isnan(y)))
    return 0;
  int bits = a.element.isF64() ? 52 : a.element.isF32() ? 23 : 7;
  return std::fabs(x - y) / std::ldexp(std::max(1e-3, std::fabs(y)), -bits);
}

std::vector<Buffer> makeBuffers(KernelModule &runner, const KernelText &shape,
                                const Experts &experts) {
  std::mt19937 random(42);
  std::vector<Buffer> buffers;
  for (mlir::MemRefType type : runner.getTypes()) {
    buffers.emplace_back(type);
    if (shape.groups && buffers.size() == 1)
      fillPlan(buffers.back(), shape, experts);
    else
      fillRandom(buffers.back(), random);
  }
  return buffers;
}

std::string type(std::initializer_list<int64_t> shape, const char *element) {
  std::string text;
  for (int64_t extent : shape)
    text += std::to_string(extent) + "x";
  return text + element;
}

Experts uniform(int64_t groups) {
  return [groups](int64_t slot) { return slot * 2654435761u % 1000 % groups; };
}

Experts skewed(int64_t groups) {
  return [groups](int64_t slot) -> int64_t {
    if (slot % 11 == 3)
      return -1;
    return slot % 7 == 0 ? groups - 1 : groups > 2 ? 1 : 0;
  };
}

KernelText gemmOf(int64_t tokens, int64_t groups, int64_t depth,
                  int64_t columns, const char *element) {
  KernelText text;
  text.tokens = tokens;
  text.groups = groups;
  text.lhs = {{type({tokens, depth}, element), "token"}};
  text.rhs = {{groups ? type({groups, depth, columns}, element)
                      : type({depth, columns}, element),
               ""}};
  text.outs = {{type({tokens, columns}, element), "position"}};
  text.arguments = std::string("%acc: ") + element + ", %init: " + element;
  text.body = std::string("    hash.yield %acc : ") + element;
  return text;
}

} // namespace hashc::test
