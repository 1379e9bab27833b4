//===- GlobalMemory.cpp - The buffers that kernels may touch --------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/simulator/GlobalMemory.h"

#include <cstring>

namespace hashc::sim {

void GlobalMemory::add(void *data, size_t bytes, std::string name,
                       bool defined) {
  const auto begin = reinterpret_cast<uintptr_t>(data);
  Buffer &buffer = buffers[begin + bytes];
  buffer = {static_cast<char *>(data), bytes, std::move(name), {}};
  buffer.shadow.reset(bytes, defined);
  if (!defined)
    std::memset(data, 0xff, bytes);
}

void GlobalMemory::remove(const void *data) {
  for (auto it = buffers.begin(); it != buffers.end(); ++it)
    if (it->second.data == data) {
      buffers.erase(it);
      return;
    }
}

Buffer *GlobalMemory::find(const void *address) {
  const auto at = reinterpret_cast<uintptr_t>(address);
  auto next = buffers.upper_bound(at);
  if (next == buffers.end() || at < next->first - next->second.bytes)
    return nullptr;
  return &next->second;
}

const Buffer *GlobalMemory::findBefore(const void *address) const {
  auto next = buffers.upper_bound(reinterpret_cast<uintptr_t>(address));
  return next == buffers.begin() ? nullptr : &std::prev(next)->second;
}

} // namespace hashc::sim
