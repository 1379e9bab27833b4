//===- Link.h - From an object to an executable ---*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_TOOLS_HASHC_LINK_H
#define HASHC_TOOLS_HASHC_LINK_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace hashc {

struct LinkJob {
  llvm::StringRef object;
  llvm::StringRef output;
  bool sharedLibrary = false;
  bool needsSentencePiece = false; // the spec's tokenizer is BPE
};

/// Links an object with the runtime, by the system's C++ driver. The runtime is
/// found beside hashc (../lib).
llvm::Error link(const LinkJob &job);

} // namespace hashc

#endif // HASHC_TOOLS_HASHC_LINK_H
