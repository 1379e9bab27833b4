//===- Abi.h - What a compiled model and the runtime call ------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_RUNTIME_ENGINE_ABI_H
#define HASHC_RUNTIME_ENGINE_ABI_H

#include <cstdint>

namespace hashc::runtime {
class Device;
} // namespace hashc::runtime

extern "C" {

//===----------------------------------------------------------------------===//
// The compiled model's side
//===----------------------------------------------------------------------===//

/// Called with one pointer an argument, in the descriptor's order.
using HashEntryFunction = void (*)(void *const *);
struct HashModelEntry {
  const char *name;
  HashEntryFunction function;
};
/// JSON text: what engine/Descriptor.h reads.
extern const char hash_model_descriptor[];
/// Ends with a null name.
extern const HashModelEntry hash_model_entries[];

/// A matrix of bf16 of which a kernel's copy engine brings boxes, swizzled by
/// 128 bytes, the width of one.
struct HashBoxedMatrix {
  int64_t buffer;              // which one of the kernel's has it
  int64_t rows, columns;       // elements
  int64_t boxRows, boxColumns; // of a box
};

/// A kernel `name(int64_t tasks, void *buffers..., maps...)` of a model for a
/// GPU. A map is 128 bytes that tell the copy engine of a matrix.
struct HashDeviceKernel {
  const char *name;
  int64_t buffers;              // how many it takes
  int64_t threads;              // of a block
  int64_t tasksPerBlock;        // of a launch's tasks
  int64_t sharedBytes;          // asked for at the launch, for each block
  int64_t maps;                 // how many it takes
  const HashBoxedMatrix *boxed; // one for each
};
/// What hash_rt_error is told on a GPU, where the variable that is named so in
/// the kernels' module points to.
struct HashDeviceReport {
  int64_t code, value, limit; // 0 0 0: nothing
};
constexpr const char *kHashDeviceReport = "hash_device_report";
struct HashSimulatedKernel; // runtime/simulator/SimulatedKernel.h
/// The kernels of a model for a GPU, in every form that a device may take; all
/// null in a model whose kernels are the CPU's.
struct HashDeviceImage {
  const char *arch;  // sm_80
  const char *ptx;   // ends with a zero
  const void *cubin; // null: there was no ptxas
  int64_t cubinBytes;
  const HashSimulatedKernel *simulated; // a table
  /// Opens the device that the user names: a number, or `sim`.
  hashc::runtime::Device *(*open)(const HashDeviceImage &image,
                                  const char *name);
};
extern const HashDeviceImage hash_model_device;

//===----------------------------------------------------------------------===//
// The runtime's side
//===----------------------------------------------------------------------===//

using HashKernel = void (*)(int64_t task, void *const *buffers);
/// Runs a kernel for every task in 0 .. tasks-1: a HashKernel on the current
/// team, after which all are done, or what a HashDeviceKernel describes on the
/// current device. `kernelId` is an index of the descriptor's kernels.
void hash_rt_launch(int64_t kernelId, const void *kernel, void *const *buffers,
                    int64_t tasks);
/// Opens a device for a model's kernels (runtime/gpu).
hashc::runtime::Device *hash_rt_open_device(const HashDeviceImage &image,
                                            const char *name);
/// Stops the program. 1: expert `value` of `limit`; 2: table key; 3: token id;
/// 4: `value` rows looked up, with room for `limit` - 1; 5: `value` choices of
/// a plan, with room for `limit` - 1.
[[noreturn]] void hash_rt_error(int64_t code, int64_t value, int64_t limit);
}

#endif // HASHC_RUNTIME_ENGINE_ABI_H
