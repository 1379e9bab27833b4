//===- Text.cpp - UTF-8 text files ----------------------------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/data/Text.h"
#include "runtime/support/Error.h"

#include <cstring>

namespace hashc::runtime {

/// Length of the well-formed UTF-8 sequence at `bytes`, 0 if there is none
/// (Unicode's table 3-7: no overlong forms, no surrogates).
static size_t matchCharacter(const unsigned char *bytes, size_t left) {
  unsigned char lead = bytes[0];
  if (lead < 0x80)
    return 1;
  size_t length = lead >= 0xc2 && lead <= 0xdf   ? 2
                  : lead >= 0xe0 && lead <= 0xef ? 3
                  : lead >= 0xf0 && lead <= 0xf4 ? 4
                                                 : 0;
  if (length == 0 || length > left)
    return 0;
  unsigned char low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  unsigned char high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  if (bytes[1] < low || bytes[1] > high)
    return 0;
  for (size_t i = 2; i < length; ++i)
    if ((bytes[i] & 0xc0) != 0x80)
      return 0;
  return length;
}

void checkUtf8(std::string_view text, const std::string &what) {
  const auto *bytes = reinterpret_cast<const unsigned char *>(text.data());
  size_t at = 0;
  while (at < text.size()) {
    uint64_t word;
    if (at + 8 <= text.size()) {
      std::memcpy(&word, bytes + at, 8);
      if ((word & 0x8080808080808080ull) == 0) {
        at += 8;
        continue;
      }
    }
    size_t length = matchCharacter(bytes + at, text.size() - at);
    if (length == 0)
      failInput(what + " is not UTF-8 text: bad byte at offset " +
                std::to_string(at));
    at += length;
  }
}

Text openText(const std::string &path) {
  std::shared_ptr<const MappedFile> file = MappedFile::open(path);
  std::string what = "'" + path + "'";
  std::string_view bytes = file->view();
  if (bytes.empty())
    failInput(what + " is empty");
  if (const void *zero = std::memchr(bytes.data(), 0, bytes.size()))
    failInput(what + " is binary, not text: NUL byte at offset " +
              std::to_string(static_cast<const char *>(zero) - bytes.data()));
  checkUtf8(bytes, what);
  return {std::move(file), bytes};
}

size_t alignToCharacter(std::string_view bytes, size_t offset) {
  while (offset < bytes.size() &&
         (static_cast<unsigned char>(bytes[offset]) & 0xc0) == 0x80)
    ++offset;
  return offset;
}

} // namespace hashc::runtime
