//===- GpuKernelRunner.cpp - A GPU's kernel in the simulator --------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GpuKernelRunner.h"

#include "codegen/nvvm/SimulatorJit.h"

#include "llvm/Support/MathExtras.h"

using namespace llvm;

namespace hashc::test {

GpuKernelRunner::GpuKernelRunner(const std::string &text,
                                 const nvvm::GpuTarget &target,
                                 int64_t tileColumns)
    : KernelModule(text, nvvm::getShapes(), "cuda", target.chip, tileColumns) {
  compile(target);
}

GpuKernelRunner::~GpuKernelRunner() = default;

void GpuKernelRunner::compile(const nvvm::GpuTarget &target) {
  auto context = std::make_unique<LLVMContext>();
  std::unique_ptr<Module> code =
      cantFail(nvvm::translateAndOptimize(*lower(), *context, target));
  for (const Function &function : *code)
    if (function.getCallingConv() == CallingConv::PTX_Kernel)
      shape = nvvm::getLaunchShape(function);
  cantFail(nvvm::simulateHere(*code));
  jit = cantFail(nvvm::loadSimulated(std::move(code), std::move(context)));
  kernel = cantFail(jit->lookup(nvvm::kKernelTable))
               .toPtr<const HashSimulatedKernel *>();
}

void GpuKernelRunner::launch(std::vector<void *> buffers,
                             const sim::Mode &mode) {
  device.removeBuffers();
  int64_t tasks = getTasks();
  std::vector<void *> arguments = {&tasks};
  auto types = getTypes();
  for (size_t i = 0; i < buffers.size(); ++i) {
    const uint64_t bytes = types[i].getNumElements() *
                           divideCeil(types[i].getElementTypeBitWidth(), 8);
    device.addBuffer(buffers[i], bytes, "buffer " + std::to_string(i),
                     /*defined=*/true);
    arguments.push_back(&buffers[i]);
  }
  std::vector<sim::TensorMapParameter> maps;
  maps.reserve(shape.boxed.size());
  for (const HashBoxedMatrix &boxed : shape.boxed) {
    maps.emplace_back(buffers[boxed.buffer], boxed.rows, boxed.columns,
                      boxed.boxRows, boxed.boxColumns);
    arguments.push_back(maps.back().bytes);
  }
  sim::Launch launch;
  launch.kernel = sim::Kernel(*kernel);
  launch.grid.x = divideCeil(tasks, shape.tasksPerBlock);
  launch.block.x = shape.threads;
  launch.dynamicShared = shape.sharedBytes;
  launch.arguments = arguments.data();
  if (auto problem = device.launch(launch, mode))
    report_fatal_error(StringRef(*problem));
}

void GpuKernelRunner::run(std::vector<void *> buffers) {
  launch(std::move(buffers), sim::Mode());
}

} // namespace hashc::test
