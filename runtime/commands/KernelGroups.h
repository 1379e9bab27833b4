//===- KernelGroups.h - Kernels that layers have in common -----*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_RUNTIME_COMMANDS_KERNELGROUPS_H
#define HASHC_RUNTIME_COMMANDS_KERNELGROUPS_H

#include "runtime/engine/Descriptor.h"

namespace hashc::runtime {

/// Kernels of one entry that do the same to different layers: their paths
/// differ in loop indices only, and they cost the same.
struct KernelGroup {
  std::string path; // blocks[0-2,4].ffn
  std::vector<const KernelSpec *> kernels;
};

/// In the order of each group's first kernel. A table that people read has a
/// line a group, so it grows with the kinds of layers and not with their
/// number.
std::vector<KernelGroup> groupKernels(const std::vector<KernelSpec> &kernels);

} // namespace hashc::runtime

#endif // HASHC_RUNTIME_COMMANDS_KERNELGROUPS_H
