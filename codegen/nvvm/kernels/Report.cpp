//===- Report.cpp - What the library asks of the host, on a GPU -----------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include <stddef.h>
#include <stdint.h>

/// Data that no kernel can go on with. There is nobody to tell on a GPU: the
/// launch fails.
extern "C" [[noreturn]] void hash_rt_error(int64_t, int64_t, int64_t) {
  __builtin_trap();
}

/// The device's own heap.
extern "C" void *malloc(size_t size);
extern "C" void *aligned_alloc(size_t, size_t size) { return malloc(size); }
