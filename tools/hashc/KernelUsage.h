//===- KernelUsage.h - What kernels take of a GPU ---------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_TOOLS_HASHC_KERNELUSAGE_H
#define HASHC_TOOLS_HASHC_KERNELUSAGE_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/raw_ostream.h"

#include <string>
#include <vector>

namespace hashc {

/// Of a thread, but for the shared memory of a block; in bytes.
struct KernelUsage {
  std::string name;
  int64_t threads = 0; // of a block
  int64_t registers = 0, shared = 0, stack = 0, spills = 0;
  /// What multiplies: "bf16" or "tf32" tensor cores, else "".
  std::string tensorCores;
};

/// Reads what `ptxas -v` says of the kernels in `ptx`, in its order.
std::vector<KernelUsage> readKernelUsage(llvm::StringRef ptx,
                                         llvm::StringRef said);

/// Blocks that a multiprocessor of sm_80 or sm_90a runs at once, and what there
/// is no more of for another.
struct Occupancy {
  int64_t blocks;
  const char *limit;
};
Occupancy getOccupancy(const KernelUsage &kernel, llvm::StringRef arch);

/// The least time of a launch in microseconds: of its arithmetic or its memory,
/// at the peak of the largest GPU of the kind (performance of NVIDIA's data
/// sheets: A100 80 GB SXM, H200 SXM).
double getRooflineTime(const KernelUsage &kernel, llvm::StringRef arch,
                       double flops, double bytes);
/// "A100: 19.5 TFLOP/s f32, ...".
llvm::StringRef describePeaks(llvm::StringRef arch);

} // namespace hashc

#endif // HASHC_TOOLS_HASHC_KERNELUSAGE_H
