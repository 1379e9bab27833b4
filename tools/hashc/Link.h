//===- Link.h - From objects to an executable ---*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_TOOLS_HASHC_LINK_H
#define HASHC_TOOLS_HASHC_LINK_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <string>

namespace hashc {

struct LinkJob {
  llvm::ArrayRef<std::string> objects;
  llvm::StringRef output;
  bool sharedLibrary = false;
  bool forGpu = false;             // devices are linked in
  bool needsSentencePiece = false; // the spec's tokenizer is BPE
};

/// Links objects with the runtime, by the system's C++ driver. The runtime is
/// found beside hashc (../lib).
llvm::Error link(const LinkJob &job);

} // namespace hashc

#endif // HASHC_TOOLS_HASHC_LINK_H
