//===- LibraryHeader.h - What C sees of --emit=lib --------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_TOOLS_HASHC_LIBRARYHEADER_H
#define HASHC_TOOLS_HASHC_LIBRARYHEADER_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/raw_ostream.h"

namespace hashc {

/// The C header of a model's shared library.
void writeLibraryHeader(llvm::StringRef model, llvm::raw_ostream &out);

/// True if there is a file that writeLibraryHeader did not write.
bool isForeignHeader(llvm::StringRef path);

} // namespace hashc

#endif // HASHC_TOOLS_HASHC_LIBRARYHEADER_H
