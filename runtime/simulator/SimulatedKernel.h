//===- SimulatedKernel.h - Kernels that were translated ---------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_RUNTIME_SIMULATOR_SIMULATEDKERNEL_H
#define HASHC_RUNTIME_SIMULATOR_SIMULATEDKERNEL_H

#include <cstdint>

/// A row of the table of a module's kernels that were translated for the
/// simulator; the last row has no name.
struct HashSimulatedKernel {
  const char *name;
  void (*entry)(void *const *arguments); // takes their addresses
  uint64_t staticShared;                 // bytes
  uint64_t arguments;
  const uint64_t *sizes; // of the arguments, in bytes
  uint32_t cluster[3];   // blocks
};

#endif // HASHC_RUNTIME_SIMULATOR_SIMULATEDKERNEL_H
