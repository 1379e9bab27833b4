//===- Tokens.h - Token streams ---------------------------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_RUNTIME_DATA_TOKENS_H
#define HASHC_RUNTIME_DATA_TOKENS_H

#include "runtime/tokenizer/Tokenizer.h"

#include <cstddef>

namespace hashc::runtime {

/// A long run of ids in 1, 2 or 4 bytes each, owned or mapped.
class TokenArray {
public:
  TokenArray() = default;
  TokenArray(std::shared_ptr<const void> owner, const void *data, int64_t size,
             int width)
      : owner(std::move(owner)), data(data), count(size), width(width) {}
  static TokenArray fromVector(std::vector<int32_t> ids);

  int64_t size() const { return count; }
  int getWidth() const { return width; }
  int32_t operator[](int64_t i) const {
    if (width == 1)
      return static_cast<const uint8_t *>(data)[i];
    if (width == 2)
      return static_cast<const uint16_t *>(data)[i];
    return static_cast<const int32_t *>(data)[i];
  }
  TokenArray slice(int64_t begin, int64_t end) const;

private:
  std::shared_ptr<const void> owner;
  const void *data = nullptr;
  int64_t count = 0;
  int width = 4;
};

/// Ids with the places where documents begin (ascending; 0 is left out).
struct TokenStream {
  TokenArray tokens;
  std::vector<int64_t> documents;
  std::string name; // the file, for messages
  int64_t size() const { return tokens.size(); }
};

/// Encodes text. A document ends with `separator`, which belongs to it: as
/// plain bytes, or as the tokenizer's own separator id. Byte tokens are the
/// mapped text itself.
TokenStream tokenize(const Tokenizer &tokenizer,
                     std::shared_ptr<const void> owner, std::string_view text,
                     std::string_view separator, std::string name);

/// Where documents begin when `separatorId` (-1: none) ends them.
std::vector<int64_t> findDocuments(const TokenArray &tokens,
                                   int64_t separatorId);

/// A file of uint16 or uint32 ids, little-endian. `width` 2, 4, or 0: 2 where
/// the vocabulary fits. Ids outside the vocabulary, a torn last id or an empty
/// file: UserError. `separatorId` ends a document (-1: one document).
TokenStream openTokenFile(const std::string &path, int width, int64_t vocab,
                          int64_t separatorId);

/// How often each id is the input of a training window of `window` tokens: what
/// balanced tables are built from.
std::vector<int64_t> countTokens(const TokenStream &stream, int64_t window,
                                 int64_t vocab);

} // namespace hashc::runtime

#endif // HASHC_RUNTIME_DATA_TOKENS_H
