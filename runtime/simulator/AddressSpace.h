//===- AddressSpace.h - Addresses as a GPU has them -------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_RUNTIME_SIMULATOR_ADDRESSSPACE_H
#define HASHC_RUNTIME_SIMULATOR_ADDRESSSPACE_H

#include <cstddef>

namespace hashc::sim {

/// Addresses in shared memory have 32 bits on the device, and descriptors of
/// matrices the low 18 of them: a window below 2^32 that begins with those 0.
constexpr size_t kWindow = 1 << 18;

/// Memory that costs nothing until it is touched; `flags` are mmap's.
char *reserve(size_t bytes, int flags);

} // namespace hashc::sim

#endif // HASHC_RUNTIME_SIMULATOR_ADDRESSSPACE_H
