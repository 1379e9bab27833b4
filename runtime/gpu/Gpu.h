//===- Gpu.h - A GPU that is open -------------------------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_RUNTIME_GPU_GPU_H
#define HASHC_RUNTIME_GPU_GPU_H

#include "runtime/engine/Abi.h"
#include "runtime/gpu/Driver.h"

namespace hashc::runtime {

/// What the driver calls a CUtensorMap.
struct alignas(64) GpuMap {
  char bytes[128];
};

/// Loads kernels, and what a launch takes; memory is its user's.
class Gpu {
public:
  /// Opens it for this thread. `advice` ends the error where there is no
  /// driver.
  Gpu(int ordinal, const std::string &advice);
  ~Gpu();
  Gpu(const Gpu &) = delete;
  Gpu &operator=(const Gpu &) = delete;

  const Driver &getDriver() const { return driver; }
  const std::string &getName() const { return name; }
  int getDevice() const { return device; }
  int getAttribute(int attribute, const char *what) const;
  /// 90 for 9.0.
  int getCapability() const;

  /// From PTX, which the driver compiles, or machine code.
  Driver::Module load(const void *image) const;
  Driver::Function getFunction(Driver::Module module, const char *kernel,
                               int64_t sharedBytes) const;
  /// Tells the copy engine of a matrix; what a box has outside of it is zero.
  GpuMap makeMap(const HashBoxedMatrix &boxed, Driver::Address data) const;

private:
  Driver driver;
  std::string name;
  int device = 0;
};

} // namespace hashc::runtime

#endif // HASHC_RUNTIME_GPU_GPU_H
