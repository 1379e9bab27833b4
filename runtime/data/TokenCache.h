//===- TokenCache.h - Tokens of a large text, kept on disk ------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_RUNTIME_DATA_TOKENCACHE_H
#define HASHC_RUNTIME_DATA_TOKENCACHE_H

#include "runtime/data/Tokens.h"

#include <optional>

namespace hashc::runtime {

/// What a cache must have been made from: checksums.
struct TokenCacheKey {
  uint64_t text = 0, tokenizer = 0, separator = 0;
};

/// The ids in a cache file; nothing unless it is whole, of this key, and holds
/// ids of the vocabulary only.
std::optional<TokenArray> readTokenCache(const std::string &path,
                                         const TokenCacheKey &key,
                                         int64_t vocab);

/// As tokenize(), but reads the ids of a large text from `cachePath` when they
/// are there for this very text and tokenizer (checksums of both, and of the
/// ids), and writes them there when not. Byte tokens need no cache.
TokenStream tokenizeCached(const Tokenizer &tokenizer,
                           std::shared_ptr<const void> owner,
                           std::string_view text, std::string_view separator,
                           std::string name, const std::string &cachePath);

} // namespace hashc::runtime

#endif // HASHC_RUNTIME_DATA_TOKENCACHE_H
