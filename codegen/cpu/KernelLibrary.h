//===- KernelLibrary.h - The kernels written in C++, as bitcode -*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_CODEGEN_CPU_KERNELLIBRARY_H
#define HASHC_CODEGEN_CPU_KERNELLIBRARY_H

#include "llvm/Support/MemoryBufferRef.h"

#include <cstdint>

namespace hashc::cpu {

/// The bitcode of the library for vectors of 32 or 64 bytes.
llvm::MemoryBufferRef getKernelLibrary(int64_t vectorBytes);

} // namespace hashc::cpu

#endif // HASHC_CODEGEN_CPU_KERNELLIBRARY_H
