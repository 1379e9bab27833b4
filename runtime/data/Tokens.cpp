//===- Tokens.cpp - Token streams -----------------------------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/data/Tokens.h"
#include "runtime/support/Error.h"
#include "runtime/support/File.h"

namespace hashc::runtime {

TokenArray TokenArray::fromVector(std::vector<int32_t> ids) {
  auto owner = std::make_shared<const std::vector<int32_t>>(std::move(ids));
  const void *data = owner->data();
  auto size = static_cast<int64_t>(owner->size());
  return TokenArray(std::move(owner), data, size, 4);
}

TokenArray TokenArray::slice(int64_t begin, int64_t end) const {
  return TokenArray(owner, static_cast<const char *>(data) + begin * width,
                    end - begin, width);
}

std::vector<int64_t> findDocuments(const TokenArray &tokens,
                                   int64_t separatorId) {
  std::vector<int64_t> documents;
  if (separatorId < 0)
    return documents;
  for (int64_t i = 0; i + 1 < tokens.size(); ++i)
    if (tokens[i] == separatorId)
      documents.push_back(i + 1);
  return documents;
}

/// Byte tokens are the text itself.
static TokenStream viewBytes(std::shared_ptr<const void> owner,
                             std::string_view text, std::string_view separator,
                             std::string name) {
  TokenStream stream;
  stream.name = std::move(name);
  stream.tokens = TokenArray(std::move(owner), text.data(),
                             static_cast<int64_t>(text.size()), 1);
  if (separator.empty())
    return stream;
  size_t at = 0;
  while ((at = text.find(separator, at)) != std::string_view::npos) {
    at += separator.size();
    if (at < text.size())
      stream.documents.push_back(static_cast<int64_t>(at));
  }
  return stream;
}

TokenStream tokenize(const Tokenizer &tokenizer,
                     std::shared_ptr<const void> owner, std::string_view text,
                     std::string_view separator, std::string name) {
  if (tokenizer.getKind() == "bytes")
    return viewBytes(std::move(owner), text, separator, std::move(name));
  std::vector<int32_t> ids;
  size_t begin = 0;
  while (begin < text.size()) {
    size_t end = separator.empty() ? std::string_view::npos
                                   : text.find(separator, begin);
    tokenizer.encode(text.substr(begin, end - begin), ids);
    if (end == std::string_view::npos)
      break;
    ids.push_back(tokenizer.getSeparator());
    begin = end + separator.size();
  }
  TokenStream stream;
  stream.name = std::move(name);
  stream.tokens = TokenArray::fromVector(std::move(ids));
  stream.documents = findDocuments(stream.tokens, tokenizer.getSeparator());
  return stream;
}

TokenStream openTokenFile(const std::string &path, int width, int64_t vocab,
                          int64_t separatorId) {
  std::shared_ptr<const MappedFile> file = MappedFile::open(path);
  if (width == 0)
    width = vocab <= 65536 ? 2 : 4;
  std::string type = width == 2 ? "uint16" : "uint32";
  if (file->size() == 0)
    failInput("'" + path + "' is empty");
  if (file->size() % width != 0)
    failInput("'" + path + "' has " + std::to_string(file->size()) +
              " bytes: not a whole number of " + type + " tokens");
  auto count = static_cast<int64_t>(file->size()) / width;
  TokenStream stream;
  stream.name = path;
  const void *data = file->data();
  stream.tokens = TokenArray(std::move(file), data, count, width);
  for (int64_t i = 0; i < count; ++i) {
    // A uint32 past 2^31 reads as a negative id.
    auto id = static_cast<uint32_t>(stream.tokens[i]);
    if (id >= static_cast<uint64_t>(vocab))
      failInput("'" + path + "': token " + std::to_string(i) + " (offset " +
                std::to_string(i * width) + ") is " + std::to_string(id) +
                ", outside the vocabulary of " + std::to_string(vocab) +
                "; the file is read as " + type);
  }
  stream.documents = findDocuments(stream.tokens, separatorId);
  return stream;
}

std::vector<int64_t> countTokens(const TokenStream &stream, int64_t window,
                                 int64_t vocab) {
  std::vector<int64_t> counts(vocab);
  int64_t used = stream.size() > 0 ? (stream.size() - 1) / window * window : 0;
  for (int64_t i = 0; i < used; ++i)
    ++counts[stream.tokens[i]];
  return counts;
}

} // namespace hashc::runtime
