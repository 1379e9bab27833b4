//===- GlobalMemory.h - The buffers that kernels may touch ------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_RUNTIME_SIMULATOR_GLOBALMEMORY_H
#define HASHC_RUNTIME_SIMULATOR_GLOBALMEMORY_H

#include "runtime/simulator/Shadow.h"

#include <map>
#include <string>

namespace hashc::sim {

struct Buffer {
  char *data;
  size_t bytes;
  std::string name;
  Shadow shadow;
};

class GlobalMemory {
public:
  void add(void *data, size_t bytes, std::string name, bool defined);
  /// The buffer that begins there.
  void remove(const void *data);
  void clear() { buffers.clear(); }
  /// The buffer in which the address lies, or null.
  Buffer *find(const void *address);
  /// The last buffer that ends before the address, or null.
  const Buffer *findBefore(const void *address) const;

private:
  std::map<uintptr_t, Buffer> buffers; // by their ends
};

} // namespace hashc::sim

#endif // HASHC_RUNTIME_SIMULATOR_GLOBALMEMORY_H
