//===- Panels.cpp - Logical form and panels -------------------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/checkpoint/Panels.h"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace hashc::runtime {

/// Calls visit(logical offset, stored offset, elements, padding) for each row
/// of each panel.
template <typename Visit>
static void visitPanels(const std::vector<int64_t> &shape, int64_t panel,
                        Visit visit) {
  assert(shape.size() >= 2 && "panels cut a matrix's columns");
  int64_t rows = shape[shape.size() - 2], columns = shape.back();
  int64_t matrices = 1;
  for (size_t i = 0; i + 2 < shape.size(); ++i)
    matrices *= shape[i];
  int64_t stored = 0;
  for (int64_t m = 0; m < matrices; ++m) {
    for (int64_t first = 0; first < columns; first += panel) {
      int64_t width = std::min(panel, columns - first);
      for (int64_t row = 0; row < rows; ++row, stored += panel)
        visit((m * rows + row) * columns + first, stored, width, panel - width);
    }
  }
}

static size_t measure(const std::vector<int64_t> &shape, size_t elementSize) {
  for (int64_t extent : shape)
    elementSize *= static_cast<size_t>(extent);
  return elementSize;
}

void packPanels(const std::vector<int64_t> &shape, int64_t panel,
                size_t elementSize, const void *logical, void *stored) {
  if (panel == 0) {
    std::memcpy(stored, logical, measure(shape, elementSize));
    return;
  }
  const char *from = static_cast<const char *>(logical);
  char *to = static_cast<char *>(stored);
  visitPanels(shape, panel,
              [&](int64_t source, int64_t target, int64_t width, int64_t pad) {
                char *row = to + target * elementSize;
                std::memcpy(row, from + source * elementSize,
                            width * elementSize);
                std::memset(row + width * elementSize, 0, pad * elementSize);
              });
}

void unpackPanels(const std::vector<int64_t> &shape, int64_t panel,
                  size_t elementSize, const void *stored, void *logical) {
  if (panel == 0) {
    std::memcpy(logical, stored, measure(shape, elementSize));
    return;
  }
  const char *from = static_cast<const char *>(stored);
  char *to = static_cast<char *>(logical);
  visitPanels(shape, panel,
              [&](int64_t target, int64_t source, int64_t width, int64_t) {
                std::memcpy(to + target * elementSize,
                            from + source * elementSize, width * elementSize);
              });
}

} // namespace hashc::runtime
