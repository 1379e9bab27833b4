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

/// The cached ids if the file is whole and about this text and tokenizer.
static bool readCache(const std::string &path, const Head &wanted,
                      TokenArray &tokens) {
  if (!fileExists(path))
    return false;
  std::shared_ptr<const MappedFile> file = MappedFile::open(path);
  Head head;
  if (file->size() < sizeof(Head))
    return false;
  std::memcpy(&head, file->data(), sizeof(Head));
  const char *ids = file->data() + sizeof(Head);
  size_t size = file->size() - sizeof(Head);
  if (std::memcmp(head.magic, wanted.magic, 8) != 0 ||
      head.text != wanted.text || head.tokenizer != wanted.tokenizer ||
      head.separator != wanted.separator || size % 4 != 0 ||
      head.count != size / 4 || head.ids != fnv64(ids, size))
    return false;
  tokens =
      TokenArray(std::move(file), ids, static_cast<int64_t>(head.count), 4);
  return true;
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
  Head head;
  head.text = fnv64(text);
  head.tokenizer = fnv64(tokenizer.getModel());
  head.separator = fnv64(separator);
  TokenStream stream;
  stream.name = name;
  if (!readCache(cachePath, head, stream.tokens)) {
    stream =
        tokenize(tokenizer, std::move(owner), text, separator, std::move(name));
    writeCache(cachePath, head, stream.tokens);
    return stream;
  }
  stream.documents = findDocuments(stream.tokens, tokenizer.getSeparator());
  return stream;
}

} // namespace hashc::runtime
