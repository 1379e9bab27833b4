//===- GpuDevice.h - Runs kernels on an NVIDIA GPU --------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_RUNTIME_GPU_GPUDEVICE_H
#define HASHC_RUNTIME_GPU_GPUDEVICE_H

#include "runtime/engine/Device.h"
#include "runtime/gpu/Gpu.h"

#include <map>
#include <unordered_map>
#include <unordered_set>

namespace hashc::runtime {

/// An entry point is captured as a graph when it begins first, and one launch
/// of that graph is all that it costs from then on. Parameters are in managed
/// memory, which moves to the GPU before an entry point begins; what the CPU
/// saves comes back in bulk. What is exchanged at every step is pinned.
class GpuDevice : public Device {
public:
  GpuDevice(const HashDeviceImage &image, int ordinal);
  ~GpuDevice() override;

  std::string describe() const override;
  void checkRoom(int64_t bytes) override;
  void *allocate(int64_t bytes, MemoryUse use,
                 const std::string &name) override;
  void release(void *memory) override;
  void clear(void *memory, int64_t bytes) override;
  void bring(void *memory) override;
  void start(HashEntryFunction entry, void *const *arguments,
             bool beside) override;
  void launch(const HashDeviceKernel &kernel, void *const *buffers,
              int64_t tasks) override;
  void finish() override;

private:
  void checkManagedMemory();
  void checkCapability();
  void load();
  void openReport();
  void check(Driver::Status status, const std::string &doing);
  struct OwnMemory {
    std::string kernel;
    int64_t bytes = 0;
  };
  OwnMemory findOwnMemory();
  Driver::Function getFunction(const HashDeviceKernel &kernel);
  void moveState();
  void move(void *memory, int device);
  Driver::ExecutableGraph capture(HashEntryFunction entry,
                                  void *const *arguments);

  const HashDeviceImage &image;
  Gpu gpu;
  const Driver &driver;
  Driver::Module module = nullptr;
  Driver::Stream stream = nullptr, besideStream = nullptr;
  Driver::Stream active = nullptr;    // of the entry point that is begun
  HashDeviceReport *report = nullptr; // pinned; null: kernels have none
  struct Memory {
    MemoryUse use;
    int64_t bytes;
  };
  std::unordered_map<void *, Memory> memory;
  /// State that the CPU may have, until an entry point begins.
  std::unordered_set<void *> onCpu;
  std::unordered_map<const HashDeviceKernel *, Driver::Function> functions;
  std::map<std::pair<HashEntryFunction, void *const *>, Driver::ExecutableGraph>
      graphs;
};

} // namespace hashc::runtime

#endif // HASHC_RUNTIME_GPU_GPUDEVICE_H
