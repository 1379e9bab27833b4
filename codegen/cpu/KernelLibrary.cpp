//===- KernelLibrary.cpp - The library's bitcode, inside hashc ------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/KernelLibrary.h"

#include "llvm/ADT/StringRef.h"

// The build compiles kernels/ once for each width and says where the results
// are.
asm(R"(
  .section .rodata
  .balign 16
hashcKernels32: .incbin ")" HASHC_KERNELS_32 R"("
hashcKernels32End:
  .balign 16
hashcKernels64: .incbin ")" HASHC_KERNELS_64 R"("
hashcKernels64End:
  .text
)");

extern "C" {
extern const char hashcKernels32[], hashcKernels32End[];
extern const char hashcKernels64[], hashcKernels64End[];
}

namespace hashc::cpu {

llvm::MemoryBufferRef getKernelLibrary(int64_t vectorBytes) {
  if (vectorBytes == 64)
    return {{hashcKernels64, size_t(hashcKernels64End - hashcKernels64)},
            "kernels for vectors of 64 bytes"};
  return {{hashcKernels32, size_t(hashcKernels32End - hashcKernels32)},
          "kernels for vectors of 32 bytes"};
}

} // namespace hashc::cpu
