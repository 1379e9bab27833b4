//===- Device.cpp - Launches kernels --------------------------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/simulator/Cluster.h"
#include "runtime/simulator/SimulatedKernel.h"

#include <cstring>

namespace hashc::sim {

TensorMapParameter::TensorMapParameter(const void *data, uint64_t rows,
                                       uint64_t columns, uint32_t boxRows,
                                       uint32_t boxColumns) {
  constexpr uint32_t elementBytes = 2, swizzle = 128;
  const TensorMap map = {static_cast<const char *>(data),
                         columns,
                         rows,
                         columns * elementBytes,
                         boxColumns,
                         boxRows,
                         elementBytes,
                         swizzle};
  std::memcpy(bytes, &map, sizeof(map));
}

Kernel::Kernel(const HashSimulatedKernel &row)
    : name(row.name), entry(row.entry), staticShared(row.staticShared),
      cluster{row.cluster[0], row.cluster[1], row.cluster[2]} {}

Device::Device()
    : memory(std::make_unique<GlobalMemory>()),
      cluster(std::make_unique<Cluster>(*memory)) {}

Device::~Device() = default;

void Device::addBuffer(void *data, uint64_t bytes, std::string name,
                       bool defined) {
  memory->add(data, bytes, std::move(name), defined);
}

void Device::removeBuffer(void *data) { memory->remove(data); }
void Device::removeBuffers() { memory->clear(); }

std::optional<std::string> Device::launch(const Launch &launch,
                                          const Mode &mode) {
  auto refuse = [&](const std::string &what) {
    return "kernel '" + launch.kernel.name + "': " + what;
  };
  if (launch.grid.x == 0 || launch.grid.y == 0 || launch.grid.z == 0)
    return refuse("a grid without blocks");
  const uint64_t shared = launch.kernel.staticShared + launch.dynamicShared;
  if (shared > kMaxShared || launch.dynamicShared > kMaxShared)
    return refuse("asks for " + std::to_string(shared) +
                  " bytes of shared memory, and a block can have " +
                  std::to_string(kMaxShared));
  const uint64_t threads = launch.block.count();
  if (threads == 0 || threads > kMaxThreads)
    return refuse("a block has 1 to " + std::to_string(kMaxThreads) +
                  " threads, not " + std::to_string(threads));
  const Dim shape = launch.kernel.cluster;
  if (shape.count() == 0 || shape.count() > kMaxCluster)
    return refuse("a cluster has 1 to " + std::to_string(kMaxCluster) +
                  " blocks, not " + std::to_string(shape.count()));
  if (launch.grid.x % shape.x != 0 || launch.grid.y % shape.y != 0 ||
      launch.grid.z % shape.z != 0)
    return refuse("a grid of " + format(launch.grid) +
                  " blocks, which are no whole clusters of " + format(shape));
  const Instance begin = nextInstance;
  for (uint32_t z = 0; z < launch.grid.z; z += shape.z)
    for (uint32_t y = 0; y < launch.grid.y; y += shape.y)
      for (uint32_t x = 0; x < launch.grid.x; x += shape.x)
        if (std::optional<std::string> problem =
                cluster->run(launch, mode, {x, y, z}, nextInstance++, begin))
          return problem;
  return std::nullopt;
}

} // namespace hashc::sim
