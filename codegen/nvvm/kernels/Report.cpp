//===- Report.cpp - What the library asks of the host, on a GPU -----------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include <stddef.h>
#include <stdint.h>

/// Where a HashDeviceReport (runtime/engine/Abi.h) is, in the CPU's memory: the
/// GPU's own is lost when a kernel fails. The runtime sets it.
extern "C" volatile int64_t *hash_device_report;
volatile int64_t *hash_device_report;

static unsigned reporting;

/// Data that no kernel can go on with: the first thread that meets some writes
/// the report, and the launch fails.
extern "C" [[noreturn]] __attribute__((noinline, cold)) void
hash_rt_error(int64_t code, int64_t value, int64_t limit) {
  if (__nvvm_atom_xchg_gen_i(reinterpret_cast<int *>(&reporting), 1) == 0) {
    hash_device_report[1] = value;
    hash_device_report[2] = limit;
    hash_device_report[0] = code;
    __nvvm_membar_sys();
    __builtin_trap();
  }
  // Until that ends the launch; neither way leads back to the other.
  while (true)
    __nvvm_nanosleep(1000);
}

/// The device's own heap.
extern "C" void *malloc(size_t size);
extern "C" void *aligned_alloc(size_t, size_t size) { return malloc(size); }
