//===- Gpu.cpp - A GPU that is open ---------------------------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/gpu/Gpu.h"

#include "runtime/support/Error.h"

#include <vector>

namespace hashc::runtime {

// Values of the driver's enumerations.
static constexpr int kCapabilityMajor = 75, kCapabilityMinor = 76;
// Options of a module's compilation, and what the driver says of it at most.
static constexpr int kErrorLog = 5, kErrorLogBytes = 6;
static constexpr size_t kLogBytes = 4096;
static constexpr int kMaxSharedBytes = 8; // of a function

/// What a block may have without asking for it.
static constexpr int64_t kFreeSharedBytes = 48 << 10;

Gpu::Gpu(int ordinal, const std::string &advice) : driver(advice) {
  int count = 0;
  driver.check(driver.countDevices(&count), "count the GPUs");
  if (count == 0)
    failEnvironment("the NVIDIA driver sees no GPU on this machine");
  if (ordinal >= count)
    failEnvironment("there is no GPU " + std::to_string(ordinal) +
                    ": this machine has " + std::to_string(count) +
                    ", and they count from 0");
  driver.check(driver.getDevice(&device, ordinal), "open the GPU");
  char text[256] = "";
  driver.check(driver.getDeviceName(text, sizeof(text), device),
               "ask for the GPU's name");
  name = text;
  Driver::Context context = nullptr;
  driver.check(driver.retainContext(&context, device), "open '" + name + "'");
  driver.check(driver.setContext(context), "use '" + name + "'");
}

Gpu::~Gpu() { driver.releaseContext(device); }

int Gpu::getAttribute(int attribute, const char *what) const {
  int value = 0;
  driver.check(driver.getAttribute(&value, attribute, device),
               "ask '" + name + "' for its " + what);
  return value;
}

int Gpu::getCapability() const {
  return getAttribute(kCapabilityMajor, "capability") * 10 +
         getAttribute(kCapabilityMinor, "capability");
}

Driver::Module Gpu::load(const void *image) const {
  Driver::Module module = nullptr;
  std::vector<char> log(kLogBytes);
  const int options[] = {kErrorLog, kErrorLogBytes};
  void *values[] = {log.data(), reinterpret_cast<void *>(kLogBytes)};
  Driver::Status status = driver.loadModule(&module, image, 2, options, values);
  log.back() = 0;
  std::string doing = "load the kernels on '" + name + "'";
  if (status != 0 && log.front() != 0)
    doing += " (" + std::string(log.data()) + ")";
  driver.check(status, doing);
  return module;
}

Driver::Function Gpu::getFunction(Driver::Module module, const char *kernel,
                                  int64_t sharedBytes) const {
  Driver::Function function = nullptr;
  const std::string quoted = "'" + std::string(kernel) + "'";
  driver.check(driver.getFunction(&function, module, kernel),
               "find kernel " + quoted);
  if (sharedBytes > kFreeSharedBytes)
    driver.check(driver.setFunctionAttribute(function, kMaxSharedBytes,
                                             static_cast<int>(sharedBytes)),
                 "give " + std::to_string(sharedBytes) +
                     " bytes of shared memory to kernel " + quoted);
  return function;
}

/// Constants are those of the driver's enumerations.
GpuMap Gpu::makeMap(const HashBoxedMatrix &boxed, Driver::Address data) const {
  constexpr int bf16 = 9, noInterleave = 0, swizzle128 = 3, l2By256 = 3,
                zeros = 0;
  constexpr unsigned elementBytes = 2, rank = 2;
  const uint64_t extents[rank] = {uint64_t(boxed.columns),
                                  uint64_t(boxed.rows)};
  const uint64_t strideBytes[rank - 1] = {extents[0] * elementBytes};
  const unsigned box[rank] = {unsigned(boxed.boxColumns),
                              unsigned(boxed.boxRows)};
  const unsigned elementStrides[rank] = {1, 1};
  GpuMap map;
  driver.check(driver.encodeMap(map.bytes, bf16, rank,
                                reinterpret_cast<void *>(data), extents,
                                strideBytes, box, elementStrides, noInterleave,
                                swizzle128, l2By256, zeros),
               "describe a matrix to the copy engine");
  return map;
}

} // namespace hashc::runtime
