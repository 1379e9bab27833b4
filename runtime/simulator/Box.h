//===- Box.h - What the copy engine moves at once ---------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_RUNTIME_SIMULATOR_BOX_H
#define HASHC_RUNTIME_SIMULATOR_BOX_H

#include "runtime/simulator/Simulator.h"

#include <algorithm>

namespace hashc::sim {

/// Chunks of 16 bytes change places within each 128, by the row of 128 that
/// they are in.
inline size_t swizzle(size_t offset, uint32_t bytes) {
  return bytes == 0 ? offset : offset ^ ((offset >> 7 & (bytes / 16 - 1)) << 4);
}

/// A box of a matrix: in shared memory all of it, in global memory the part
/// that the matrix has.
struct Box {
  TensorMap map;
  int64_t x, y; // of its first element, in the matrix

  /// Bytes that follow each other, in units of what the engine copies.
  static Box line(const char *data, uint32_t bytes) {
    const uint32_t units = bytes / kUnit;
    return {{data, units, 1, bytes, units, 1, kUnit, 0}, 0, 0};
  }
  static constexpr uint32_t kUnit = 16;

  uint32_t getRowBytes() const { return map.boxWidth * map.elementBytes; }
  uint32_t getBytes() const { return getRowBytes() * map.boxHeight; }

  /// function(address, bytes): the part that the matrix has, by rows.
  template <typename Function> void forEachRow(Function function) const {
    for (uint32_t row = 0; row < map.boxHeight; ++row)
      if (const RowPart part(*this, row); part.count > 0)
        function(part.data, part.count * map.elementBytes);
  }

  /// function(offset, address, bytes): what lies side by side in both
  /// memories, where the box is at `at` of shared memory. The address is null
  /// for what the matrix does not have.
  template <typename Function>
  void forEachPiece(size_t at, Function function) const {
    // Swizzles leave a unit as it is.
    const int64_t chunk =
        map.swizzle == 0 ? map.boxWidth : kUnit / map.elementBytes;
    for (uint32_t row = 0; row < map.boxHeight; ++row, at += getRowBytes()) {
      const RowPart part(*this, row);
      const int64_t end = part.first + part.count;
      for (int64_t i = 0, next; i < map.boxWidth; i = next) {
        next = std::min<int64_t>(map.boxWidth, (i / chunk + 1) * chunk);
        for (int64_t edge : {part.first, end})
          if (i < edge)
            next = std::min(next, edge);
        const bool inside = i >= part.first && i < end;
        function(swizzle(at + i * map.elementBytes, map.swizzle),
                 inside ? part.data + (i - part.first) * map.elementBytes
                        : nullptr,
                 (next - i) * map.elementBytes);
      }
    }
  }

private:
  /// The elements of a row that the matrix has.
  struct RowPart {
    int64_t first, count;
    const char *data;
    RowPart(const Box &box, uint32_t row)
        : first(std::max<int64_t>(0, -box.x)),
          count(std::min<int64_t>(box.map.boxWidth,
                                  int64_t(box.map.width) - box.x) -
                first),
          data(box.map.data + (box.y + row) * int64_t(box.map.stride) +
               (box.x + first) * box.map.elementBytes) {
      if (box.y + row < 0 || box.y + row >= int64_t(box.map.height) ||
          count < 0)
        count = 0;
    }
  };
};

} // namespace hashc::sim

#endif // HASHC_RUNTIME_SIMULATOR_BOX_H
