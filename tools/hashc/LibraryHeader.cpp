//===- LibraryHeader.cpp - What C sees of --emit=lib ----------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/hashc/LibraryHeader.h"

#include "runtime/engine/Abi.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"

#include <type_traits>

namespace hashc {

// The text below is runtime/engine/Abi.h in C.
static_assert(std::is_same_v<decltype(HashModelEntry::name), const char *>);
static_assert(
    std::is_same_v<decltype(HashModelEntry::function), HashEntryFunction>);
static_assert(std::is_same_v<HashEntryFunction, void (*)(void *const *)>);

static constexpr llvm::StringLiteral kBegin = "/* The model '";
static constexpr llvm::StringLiteral kEnd =
    "', compiled by hashc --emit=lib. */";

bool isForeignHeader(llvm::StringRef path) {
  if (!llvm::sys::fs::is_regular_file(path))
    return false;
  auto file = llvm::MemoryBuffer::getFile(path, /*IsText=*/true);
  if (!file)
    return true;
  llvm::StringRef line = (*file)->getBuffer().split('\n').first;
  return !line.starts_with(kBegin) || !line.ends_with(kEnd);
}

void writeLibraryHeader(llvm::StringRef model, llvm::raw_ostream &out) {
  out << kBegin << model << kEnd << '\n'
      << R"(#ifndef HASHC_MODEL_H
#define HASHC_MODEL_H

#ifdef __cplusplus
extern "C" {
#endif

/* Called with one pointer an argument, in the descriptor's order. */
typedef void (*HashEntryFunction)(void *const *arguments);
typedef struct HashModelEntry {
  const char *name;
  HashEntryFunction function;
} HashModelEntry;

/* JSON text: parameters, tables, and of each entry its arguments and arena. */
extern const char hash_model_descriptor[];
/* Ends with a null name. */
extern const HashModelEntry hash_model_entries[];

#ifdef __cplusplus
}
#endif

#endif /* HASHC_MODEL_H */
)";
}

} // namespace hashc
