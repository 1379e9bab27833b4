//===- FakeKernels.h - Kernels that no model brings along -------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_TEST_GPU_FAKEKERNELS_H
#define HASHC_TEST_GPU_FAKEKERNELS_H

#include "runtime/engine/Abi.h"

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace hashc::fake {

/// What a map holds in this driver: the matrix, and where it is.
struct Map {
  void *data;
  HashBoxedMatrix matrix;
};

/// A kernel of a module of PTX, as a program loads it that is no model. Its IR
/// is in the folder FAKE_KERNELS, and the program FAKE_SIMULATOR (hash-sim)
/// runs it: the driver makes a command line of what a launch is given.
struct PlainKernel {
  std::string name, file;
  std::vector<std::string> parameters; // types of PTX: "u64", "u32", "b8"

  /// Reads its parameters; false if the PTX has none such.
  bool find(const std::string &ptx, const std::string &kernel);
  /// False if the simulator finds a mistake, which it says itself.
  bool launch(const unsigned *grid, const unsigned *block, unsigned sharedBytes,
              void **arguments, const std::map<void *, size_t> &buffers) const;

private:
  std::string formatArgument(size_t index, void *argument,
                             const std::map<void *, size_t> &buffers,
                             void *const *arguments) const;
};

} // namespace hashc::fake

#endif // HASHC_TEST_GPU_FAKEKERNELS_H
