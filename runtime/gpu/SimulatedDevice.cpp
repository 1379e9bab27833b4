//===- SimulatedDevice.cpp - Runs a GPU's kernels on the CPU --------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/gpu/SimulatedDevice.h"

#include "runtime/support/Error.h"

#include <cstdlib>
#include <cstring>
#include <vector>

namespace hashc::runtime {

/// As the driver aligns what it allocates.
static constexpr size_t kAlignment = 256;

SimulatedDevice::SimulatedDevice(const HashDeviceImage &image,
                                 const sim::Mode &mode)
    : mode(mode) {
  for (const HashSimulatedKernel *row = image.simulated; row->name; ++row)
    kernels[row->name] = row;
}

SimulatedDevice::~SimulatedDevice() = default;

std::string SimulatedDevice::describe() const { return "simulated GPU"; }

void *SimulatedDevice::allocate(int64_t bytes, MemoryUse use,
                                const std::string &name) {
  void *memory = nullptr;
  if (posix_memalign(&memory, kAlignment, bytes) != 0)
    failEnvironment("not enough memory for " + std::to_string(bytes >> 20) +
                    " MiB of " + name);
  if (use == MemoryUse::workspace)
    workspaces[memory] = bytes;
  std::memset(memory, 0, bytes);
  device.addBuffer(memory, bytes, name, /*defined=*/true);
  return memory;
}

void SimulatedDevice::release(void *memory) {
  workspaces.erase(memory);
  device.removeBuffer(memory);
  std::free(memory);
}

void SimulatedDevice::clear(void *memory, int64_t bytes) {
  std::memset(memory, 0, bytes);
}

void SimulatedDevice::start(HashEntryFunction entry, void *const *arguments,
                            bool /*beside*/) {
  // Kernels may read rows that no expert took, and so nobody wrote, where what
  // they make of them is not used: no mistake, but NaN to whoever uses it.
  for (auto &[memory, bytes] : workspaces)
    std::memset(memory, 0xff, bytes);
  entry(arguments);
}

void SimulatedDevice::launch(const HashDeviceKernel &kernel,
                             void *const *buffers, int64_t tasks) {
  if (tasks == 0)
    return;
  const HashSimulatedKernel *code = kernels.at(kernel.name);
  std::vector<void *> arguments = {&tasks};
  for (int64_t i = 0; i < kernel.buffers; ++i)
    arguments.push_back(const_cast<void **>(&buffers[i]));
  std::vector<sim::TensorMapParameter> maps;
  maps.reserve(kernel.maps);
  for (int64_t i = 0; i < kernel.maps; ++i) {
    const HashBoxedMatrix &boxed = kernel.boxed[i];
    maps.emplace_back(buffers[boxed.buffer], boxed.rows, boxed.columns,
                      boxed.boxRows, boxed.boxColumns);
    arguments.push_back(maps.back().bytes);
  }
  sim::Launch launch;
  launch.kernel = sim::Kernel(*code);
  launch.grid.x = (tasks + kernel.tasksPerBlock - 1) / kernel.tasksPerBlock;
  launch.block.x = kernel.threads;
  launch.dynamicShared = kernel.sharedBytes;
  launch.arguments = arguments.data();
  if (std::optional<std::string> problem = device.launch(launch, mode))
    failEnvironment(*problem);
}

} // namespace hashc::runtime
