//===- LibraryKernels.h - Named ops as calls of the library -----*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_CODEGEN_CPU_LIBRARYKERNELS_H
#define HASHC_CODEGEN_CPU_LIBRARYKERNELS_H

#include "dialect/Hash.h"

namespace hashc::cpu {

/// Tasks of a library call. Follows from its shapes only.
int64_t getNumLibraryTasks(hash::LibraryCallOp call);

} // namespace hashc::cpu

#endif // HASHC_CODEGEN_CPU_LIBRARYKERNELS_H
