//===- GpuProgram.cpp - The objects of a program for a GPU ----------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/hashc/GpuProgram.h"

#include "codegen/nvvm/Simulate.h"
#include "tools/hashc/Assemble.h"
#include "tools/hashc/Output.h"

#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Transforms/Utils/Cloning.h"

#include <future>

using namespace llvm;

namespace hashc {

static Error writeObject(Module &code, StringRef path) {
  Expected<cpu::CpuTarget> target = nvvm::getHostTarget();
  if (!target)
    return target.takeError();
  return writeAtomically(path, [&](raw_pwrite_stream &out) {
    return cpu::emitObject(code, *target, out);
  });
}

Error GpuProgram::writePtx(Module &kernels) {
  // Emission changes what it reads, and the simulator's code comes from it too.
  std::unique_ptr<Module> copy = CloneModule(kernels);
  SmallVector<char> text;
  raw_svector_ostream out(text);
  if (Error error = nvvm::emitPtx(*copy, target, out))
    return error;
  ptx.assign(text.begin(), text.end());
  return Error::success();
}

/// Without ptxas the driver compiles the PTX when the program starts.
Error GpuProgram::makeCubin() {
  Expected<std::string> ptxas = findPtxas();
  if (!ptxas) {
    consumeError(ptxas.takeError());
    return Error::success();
  }
  Expected<TemporaryFile> input = TemporaryFile::createElsewhere(".ptx");
  if (!input)
    return input.takeError();
  Expected<TemporaryFile> output = TemporaryFile::createElsewhere(".cubin");
  if (!output)
    return output.takeError();
  if (Error error =
          writeAtomically(input->getPath(), [&](raw_pwrite_stream &out) {
            out << ptx;
            return Error::success();
          }))
    return error;
  std::string said;
  if (Error error = assemble(*ptxas, input->getPath(), target.chip,
                             output->getPath(), &said))
    return error;
  usage = readKernelUsage(ptx, said);
  auto file = MemoryBuffer::getFile(output->getPath());
  if (!file)
    return createStringError(file.getError(), "cannot read ptxas' output");
  cubin = (*file)->getBuffer().str();
  return Error::success();
}

Error GpuProgram::writeHost(StringRef path) {
  LLVMContext context;
  Expected<std::unique_ptr<Module>> code =
      nvvm::translateHost(module, context, descriptor,
                          {target.chip, ptx, cubin, nvvm::kKernelTable});
  if (!code)
    return code.takeError();
  return writeObject(**code, path);
}

Error GpuProgram::write(StringRef host, StringRef simulated) {
  LLVMContext context;
  Expected<std::unique_ptr<Module>> kernels =
      nvvm::translateAndOptimize(module, context, target);
  if (!kernels)
    return kernels.takeError();
  if (Error error = writePtx(**kernels))
    return error;
  // ptxas takes longest, and needs nothing but its file.
  auto assembled = std::async(std::launch::async, [&] { return makeCubin(); });
  Error error = nvvm::simulate(**kernels);
  if (!error)
    error = writeObject(**kernels, simulated);
  error = joinErrors(std::move(error), assembled.get());
  return error ? std::move(error) : writeHost(host);
}

} // namespace hashc
