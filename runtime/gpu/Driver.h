//===- Driver.h - The CUDA driver, opened at run time -----------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_RUNTIME_GPU_DRIVER_H
#define HASHC_RUNTIME_GPU_DRIVER_H

#include <cstddef>
#include <cstdint>
#include <string>

namespace hashc::runtime {

/// The functions of libcuda.so.1. A model executable does not link it: it must
/// start, and say what is missing, where there is none.
class Driver {
public:
  using Status = int;
  using Address = uint64_t;
  using Context = void *;
  using Module = void *;
  using Function = void *;
  using Stream = void *;
  using Graph = void *;
  using ExecutableGraph = void *;

  /// Opens and initialises it, or fails with what is missing and `advice`.
  explicit Driver(const std::string &advice);

#define HASHC_DRIVER_FUNCTION(name, symbol, ...) Status (*name)(__VA_ARGS__);
#include "runtime/gpu/DriverFunctions.def"

  /// Fails with the driver's text, unless `status` is success.
  void check(Status status, const std::string &doing) const;
  /// "out of memory (CUDA_ERROR_OUT_OF_MEMORY)".
  std::string describe(Status status) const;
  /// "13.0", the newest CUDA that it runs.
  std::string getVersionText() const;

private:
  void load(const std::string &advice);
  int version = 0;
};

} // namespace hashc::runtime

#endif // HASHC_RUNTIME_GPU_DRIVER_H
