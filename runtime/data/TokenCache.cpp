//===- TokenCache.cpp - Tokens of a large text, kept on disk --------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/data/TokenCache.h"
#include "runtime/support/Error.h"
#include "runtime/support/File.h"
#include "runtime/support/Hash.h"

#include <cstring>

namespace hashc::runtime {

namespace {
/// The head of a cache file; the ids follow, int32.
struct Head {
  char magic[8] = {'h', 'a', 's', 'h', 'c', 't', 'o', 'k'};
  uint64_t text = 0, tokenizer = 0, separator = 0, count = 0, ids = 0;
  uint64_t unused[2] = {0, 0};
};
static_assert(sizeof(Head) == 64, "the ids stay aligned");
} // namespace

static Head makeHead(const TokenCacheKey &key) {
  Head head;
  head.text = key.text;
  head.tokenizer = key.tokenizer;
  head.separator = key.separator;
  return head;
}

static bool areIds(const TokenArray &tokens, int64_t vocab) {
  for (int64_t i = 0; i < tokens.size(); ++i)
    if (tokens[i] < 0 || tokens[i] >= vocab)
      return false;
  return true;
}

std::optional<TokenArray> readTokenCache(const std::string &path,
                                         const TokenCacheKey &key,
                                         int64_t vocab) {
  if (!fileExists(path))
    return std::nullopt;
  std::shared_ptr<const MappedFile> file = MappedFile::open(path);
  const Head wanted = makeHead(key);
  Head head;
  if (file->size() < sizeof(Head))
    return std::nullopt;
  std::memcpy(&head, file->data(), sizeof(Head));
  const char *ids = file->data() + sizeof(Head);
  size_t size = file->size() - sizeof(Head);
  if (std::memcmp(head.magic, wanted.magic, 8) != 0 ||
      head.text != wanted.text || head.tokenizer != wanted.tokenizer ||
      head.separator != wanted.separator || size % 4 != 0 ||
      head.count != size / 4 || head.ids != fnv64(ids, size))
    return std::nullopt;
  TokenArray tokens(std::move(file), ids, static_cast<int64_t>(head.count), 4);
  if (!areIds(tokens, vocab))
    return std::nullopt;
  return tokens;
}

/// True for what a run may write over: nothing, or what a run wrote.
static bool isCache(const std::string &path) {
  if (!fileExists(path))
    return true;
  const Head head;
  std::string_view magic(head.magic, sizeof(head.magic));
  return MappedFile::open(path)->view().substr(0, magic.size()) == magic;
}

static void writeCache(const std::string &path, Head head,
                       const TokenArray &tokens) {
  std::vector<int32_t> ids(tokens.size());
  for (int64_t i = 0; i < tokens.size(); ++i)
    ids[i] = tokens[i];
  head.count = ids.size();
  head.ids = fnv64(ids.data(), ids.size() * 4);
  AtomicFile file(path);
  file.write(&head, sizeof(head));
  file.write(ids.data(), ids.size() * 4);
  file.commit();
}

TokenStream tokenizeCached(const Tokenizer &tokenizer,
                           std::shared_ptr<const void> owner,
                           std::string_view text, std::string_view separator,
                           std::string name, const std::string &cachePath) {
  constexpr size_t worthKeeping = size_t(4) << 20;
  if (tokenizer.getKind() == "bytes" || cachePath.empty() ||
      text.size() < worthKeeping)
    return tokenize(tokenizer, std::move(owner), text, separator,
                    std::move(name));
  TokenCacheKey key = {fnv64(text), fnv64(tokenizer.getModel()),
                       fnv64(separator)};
  TokenStream stream;
  if (std::optional<TokenArray> cached =
          readTokenCache(cachePath, key, tokenizer.getVocab())) {
    stream.name = std::move(name);
    stream.tokens = *std::move(cached);
    stream.documents = findDocuments(stream.tokens, tokenizer.getSeparator());
    return stream;
  }
  stream =
      tokenize(tokenizer, std::move(owner), text, separator, std::move(name));
  if (isCache(cachePath))
    writeCache(cachePath, makeHead(key), stream.tokens);
  else
    noteForeign(cachePath);
  return stream;
}

} // namespace hashc::runtime
