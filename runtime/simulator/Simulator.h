//===- Simulator.h - A GPU on the CPU, to test kernels ----------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Runs kernels that were compiled for a GPU and translated to this machine
// (codegen/nvvm/Simulate.h), one fiber a GPU thread. It is no model of speed.
// It finds what a GPU may hide: races, reads of what was never written or not
// yet copied, accesses outside a kernel's operands, barriers that not all
// threads reach. What it does not know is an error.
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_RUNTIME_SIMULATOR_SIMULATOR_H
#define HASHC_RUNTIME_SIMULATOR_SIMULATOR_H

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

struct HashSimulatedKernel;

namespace hashc::sim {

struct Dim {
  uint32_t x = 1, y = 1, z = 1;
  uint64_t count() const { return uint64_t(x) * y * z; }
};

/// Which of the threads that can go on does so.
enum class Schedule {
  fifo,        // the one that has waited longest
  random,      // any
  adversarial, // the one that was woken last, and others before one that wakes
               // them goes on
};

/// When an asynchronous copy happens.
enum class Copies {
  eager, // where it is issued
  late,  // where it is waited for
};

struct Mode {
  Copies copies = Copies::eager;
  Schedule schedule = Schedule::fifo;
  uint64_t seed = 0;
};

/// A kernel as the translation gives it: takes the addresses of its arguments,
/// as the driver does.
struct Kernel {
  std::string name;
  void (*entry)(void *const *arguments) = nullptr;
  uint64_t staticShared = 0; // bytes
  Dim cluster = {};          // of blocks

  Kernel() = default;
  explicit Kernel(const HashSimulatedKernel &row);
};

struct Launch {
  Kernel kernel;
  Dim grid, block;
  uint64_t dynamicShared = 0;
  void *const *arguments = nullptr;
};

/// Bytes of shared memory that a block can have: sm_90's.
constexpr uint64_t kMaxShared = 227 * 1024;
constexpr uint32_t kMaxThreads = 1024;
/// Blocks of a cluster, where a kernel asks for no more than every device has.
constexpr uint32_t kMaxCluster = 8;

/// How the copy engine finds boxes of a matrix: what a kernel gets in place of
/// the driver's CUtensorMap, in the 128 bytes that one has.
constexpr size_t kTensorMapBytes = 128;
struct alignas(64) TensorMap {
  const char *data;
  uint64_t width, height; // elements, rows
  uint64_t stride;        // bytes from one row to the next
  uint32_t boxWidth, boxHeight;
  uint32_t elementBytes;
  uint32_t swizzle; // 0, 32, 64 or 128 bytes
};
static_assert(sizeof(TensorMap) <= kTensorMapBytes);

/// One as a parameter of a kernel: of rows of bf16 that follow each other, in
/// boxes that are swizzled by 128 bytes.
struct TensorMapParameter {
  alignas(64) char bytes[kTensorMapBytes];

  TensorMapParameter(const void *data, uint64_t rows, uint64_t columns,
                     uint32_t boxRows, uint32_t boxColumns);
};

class Cluster;
class GlobalMemory;

class Device {
public:
  Device();
  ~Device();

  /// Memory that kernels may touch. With `defined` false its bytes are
  /// poisoned: nobody may read them before they are written.
  void addBuffer(void *data, uint64_t bytes, std::string name, bool defined);
  void removeBuffer(void *data);
  void removeBuffers();

  /// Runs all clusters of blocks, in order. Returns what is wrong with the
  /// kernel, with its name, the block, the thread and the place, or nothing.
  std::optional<std::string> launch(const Launch &launch, const Mode &mode);

private:
  std::unique_ptr<GlobalMemory> memory;
  std::unique_ptr<Cluster> cluster;
  uint64_t nextInstance = 1;
};

/// The kernel, block, thread and place that run at this moment, for whoever
/// handles a signal; empty if no kernel runs.
std::string describeRunning();

} // namespace hashc::sim

#endif // HASHC_RUNTIME_SIMULATOR_SIMULATOR_H
