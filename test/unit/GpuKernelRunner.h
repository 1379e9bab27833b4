//===- GpuKernelRunner.h - A GPU's kernel in the simulator ------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_TEST_UNIT_GPUKERNELRUNNER_H
#define HASHC_TEST_UNIT_GPUKERNELRUNNER_H

#include "KernelRunner.h"

#include "codegen/nvvm/LaunchShape.h"
#include "codegen/nvvm/Nvvm.h"
#include "codegen/nvvm/Simulate.h"
#include "runtime/simulator/Simulator.h"

namespace hashc::test {

/// A kernel as a GPU would run it, in every mode of the simulator.
class GpuKernelRunner : public KernelModule {
public:
  GpuKernelRunner(const std::string &text, const nvvm::GpuTarget &target,
                  int64_t tileColumns = 0);
  ~GpuKernelRunner() override;

  const nvvm::LaunchShape &getShape() const { return shape; }
  /// Ends the process with what the simulator finds.
  void run(std::vector<void *> buffers) override;
  void launch(std::vector<void *> buffers, const sim::Mode &mode);

private:
  void compile(const nvvm::GpuTarget &target);

  std::unique_ptr<llvm::orc::LLJIT> jit;
  const HashSimulatedKernel *kernel = nullptr;
  nvvm::LaunchShape shape;
  /// Keeps the threads' stacks from launch to launch.
  sim::Device device;
};

} // namespace hashc::test

#endif // HASHC_TEST_UNIT_GPUKERNELRUNNER_H
