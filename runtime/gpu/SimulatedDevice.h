//===- SimulatedDevice.h - Runs a GPU's kernels on the CPU ------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_RUNTIME_GPU_SIMULATEDDEVICE_H
#define HASHC_RUNTIME_GPU_SIMULATEDDEVICE_H

#include "runtime/engine/Device.h"
#include "runtime/simulator/SimulatedKernel.h"
#include "runtime/simulator/Simulator.h"

#include <map>
#include <unordered_map>

namespace hashc::runtime {

/// Each kernel runs in the simulator, which stops the program where it finds a
/// mistake in one.
class SimulatedDevice : public Device {
public:
  SimulatedDevice(const HashDeviceImage &image, const sim::Mode &mode);
  ~SimulatedDevice() override;

  std::string describe() const override;
  void checkRoom(int64_t) override {}
  void *allocate(int64_t bytes, MemoryUse use,
                 const std::string &name) override;
  void release(void *memory) override;
  void clear(void *memory, int64_t bytes) override;
  void bring(void *) override {}
  void start(HashEntryFunction entry, void *const *arguments,
             bool beside) override;
  void launch(const HashDeviceKernel &kernel, void *const *buffers,
              int64_t tasks) override;
  void finish() override {}

private:
  sim::Mode mode;
  sim::Device device;
  std::unordered_map<std::string, const HashSimulatedKernel *> kernels;
  std::map<void *, int64_t> workspaces; // their bytes
};

} // namespace hashc::runtime

#endif // HASHC_RUNTIME_GPU_SIMULATEDDEVICE_H
