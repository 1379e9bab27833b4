//===- Driver.cpp - The CUDA driver, opened at run time -------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/gpu/Driver.h"

#include "runtime/support/Error.h"

#include <dlfcn.h>

namespace hashc::runtime {

static constexpr const char *kLibrary = "libcuda.so.1";
static constexpr int kNoDevice = 100; // of the driver's errors
/// Reads PTX 8.0.
static constexpr int kOldestVersion = 12000;

static std::string formatVersion(int version) {
  return std::to_string(version / 1000) + "." +
         std::to_string(version % 1000 / 10);
}

Driver::Driver(const std::string &advice) {
  load(advice);
  if (Status status = init(0))
    failEnvironment(
        std::string("the NVIDIA driver ") +
        (status == kNoDevice ? "finds no device: " : "does not start: ") +
        describe(status) + advice);
  check(getVersion(&version), "ask for the driver's version");
  if (version < kOldestVersion)
    failEnvironment("the NVIDIA driver runs CUDA " + formatVersion(version) +
                    ", and this executable needs " +
                    formatVersion(kOldestVersion) +
                    " or newer; install a newer driver");
}

void Driver::load(const std::string &advice) {
  void *library = dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
  if (!library)
    failEnvironment("there is no NVIDIA driver on this machine (" +
                    std::string(dlerror()) + ")" + advice);
  const char *missing = nullptr;
#define HASHC_DRIVER_FUNCTION(name, symbol, ...)                               \
  name = reinterpret_cast<Status (*)(__VA_ARGS__)>(dlsym(library, #symbol));   \
  if (!name && !missing)                                                       \
    missing = #symbol;
#include "runtime/gpu/DriverFunctions.def"
  if (missing)
    failEnvironment("the NVIDIA driver is too old for this executable: its " +
                    std::string(kLibrary) + " has no " + missing +
                    "; install one that runs CUDA " +
                    formatVersion(kOldestVersion) + " or newer");
}

std::string Driver::describe(Status status) const {
  const char *name = nullptr, *text = nullptr;
  if (getErrorName(status, &name) != 0 || !name)
    return "error " + std::to_string(status);
  if (getErrorString(status, &text) != 0 || !text)
    return name;
  return std::string(text) + " (" + name + ")";
}

void Driver::check(Status status, const std::string &doing) const {
  if (status != 0)
    failEnvironment("cannot " + doing + ": " + describe(status));
}

std::string Driver::getVersionText() const { return formatVersion(version); }

} // namespace hashc::runtime
