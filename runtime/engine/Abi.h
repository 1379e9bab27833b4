//===- Abi.h - What a compiled model and the runtime call ------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_RUNTIME_ENGINE_ABI_H
#define HASHC_RUNTIME_ENGINE_ABI_H

#include <cstdint>

extern "C" {

//===----------------------------------------------------------------------===//
// The compiled model's side
//===----------------------------------------------------------------------===//

/// Called with one pointer an argument, in the descriptor's order.
using HashEntryFunction = void (*)(void *const *);
struct HashModelEntry {
  const char *name;
  HashEntryFunction function;
};
/// JSON text: what engine/Descriptor.h reads.
extern const char hash_model_descriptor[];
/// Ends with a null name.
extern const HashModelEntry hash_model_entries[];

//===----------------------------------------------------------------------===//
// The runtime's side
//===----------------------------------------------------------------------===//

using HashKernel = void (*)(int64_t task, void *const *buffers);
/// Runs `kernel` for every task in 0 .. tasks-1 on the current team; returns
/// when all are done. `kernelId` is an index of the descriptor's kernels.
void hash_rt_launch(int64_t kernelId, HashKernel kernel, void *const *buffers,
                    int64_t tasks);
/// Stops the program. 1: expert `value` of `limit`; 2: table key; 3: token id;
/// 4: `value` rows looked up, with room for `limit` - 1; 5: `value` choices of
/// a plan, with room for `limit` - 1.
[[noreturn]] void hash_rt_error(int64_t code, int64_t value, int64_t limit);
}

#endif // HASHC_RUNTIME_ENGINE_ABI_H
