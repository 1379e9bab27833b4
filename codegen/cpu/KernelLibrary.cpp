//===- KernelLibrary.cpp - The kernels written in C++, as bitcode ---------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/KernelLibrary.h"

namespace hashc::cpu {

llvm::MemoryBufferRef getKernelLibrary(int64_t vectorBytes) { return {}; }

} // namespace hashc::cpu
