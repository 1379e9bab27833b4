//===- Text.h - UTF-8 text files --------------------------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_RUNTIME_DATA_TEXT_H
#define HASHC_RUNTIME_DATA_TEXT_H

#include "runtime/support/File.h"

namespace hashc::runtime {

/// A UTF-8 text, mapped. Missing, empty, binary (NUL bytes) or not UTF-8:
/// UserError with the byte offset.
struct Text {
  std::shared_ptr<const MappedFile> file;
  std::string_view bytes;
};
Text openText(const std::string &path);

/// Throws UserError naming `what` and the offset of the first bad byte.
void checkUtf8(std::string_view bytes, const std::string &what);

/// Offset of the first byte of the character at or after `offset`.
size_t alignToCharacter(std::string_view bytes, size_t offset);

} // namespace hashc::runtime

#endif // HASHC_RUNTIME_DATA_TEXT_H
