//===- Device.h - Where kernels run that are not the CPU's ------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_RUNTIME_ENGINE_DEVICE_H
#define HASHC_RUNTIME_ENGINE_DEVICE_H

#include "runtime/engine/Abi.h"

#include <string>

namespace hashc::runtime {

enum class MemoryUse {
  workspace, // nothing in it outlives the entry point that writes it
  state,     // parameters and what belongs to them: the CPU seldom looks
  exchanged, // what the CPU writes before an entry point, or reads after it
};

/// A device shares its memory with the CPU: whoever holds a pointer of
/// `allocate` may read and write it while no entry point runs.
class Device {
public:
  virtual ~Device() = default;

  /// "NVIDIA H200, driver for CUDA 13.0".
  virtual std::string describe() const = 0;

  /// Fails, with what there is, if the device has no room for so many bytes.
  virtual void checkRoom(int64_t bytes) = 0;
  /// Zeroed, but for workspace; `name` is what errors call it.
  virtual void *allocate(int64_t bytes, MemoryUse use,
                         const std::string &name) = 0;
  virtual void release(void *memory) = 0;
  /// Makes the bytes zero where they are.
  virtual void clear(void *memory, int64_t bytes) = 0;

  /// The CPU is about to read what entry points have written: brings it over in
  /// bulk, until one begins again.
  virtual void bring(void *memory) = 0;

  /// Begins an entry point, which launches the same kernels with the same
  /// buffers whenever it is called with the same arguments. It runs after those
  /// that were begun before; `beside` them if they share nothing that either
  /// writes.
  virtual void start(HashEntryFunction entry, void *const *arguments,
                     bool beside) = 0;
  /// One kernel, of the entry point that is begun.
  virtual void launch(const HashDeviceKernel &kernel, void *const *buffers,
                      int64_t tasks) = 0;
  /// Waits for all that was begun.
  virtual void finish() = 0;

  /// The device that hash_rt_launch uses; null: the team of the CPU's threads.
  static Device *getCurrent();
  static void setCurrent(Device *device);
};

} // namespace hashc::runtime

#endif // HASHC_RUNTIME_ENGINE_DEVICE_H
