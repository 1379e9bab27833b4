//===- Tokenizer.h - Text to tokens and back --------------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_RUNTIME_TOKENIZER_TOKENIZER_H
#define HASHC_RUNTIME_TOKENIZER_TOKENIZER_H

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace hashc::runtime {

/// Text -> ids -> text. Lossless: decoding the ids gives the text's bytes.
class Tokenizer {
public:
  virtual ~Tokenizer();
  /// "bytes" or "bpe".
  virtual std::string getKind() const = 0;
  virtual int64_t getVocab() const = 0;
  /// The id before the first token of a document.
  virtual int32_t getBos() const = 0;
  /// The id that ends a document, or -1 if its separator is plain text.
  virtual int32_t getSeparator() const { return -1; }
  virtual void encode(std::string_view text,
                      std::vector<int32_t> &ids) const = 0;
  std::vector<int32_t> encode(std::string_view text) const;
  /// The bytes of one token. Printing them one by one streams the text; a
  /// character may be spread over several tokens (see Utf8Stream).
  virtual std::string decode(int32_t id) const = 0;
  std::string decode(const std::vector<int32_t> &ids) const;
  /// Bytes of text that one token stands for: for bits per byte.
  virtual int64_t countBytes(int32_t id) const = 0;
  /// What load() reads back; empty for bytes.
  virtual std::string_view getModel() const { return {}; }
};

std::unique_ptr<Tokenizer> makeByteTokenizer();

/// Holds back the bytes of an unfinished UTF-8 character.
class Utf8Stream {
public:
  /// Takes bytes, gives those that are complete.
  std::string push(std::string_view bytes);
  /// The rest at the end (an incomplete character stays as it is).
  std::string finish();

private:
  std::string pending;
};

/// What the BPE library offers. It lives in HashcBpe, which needs
/// SentencePiece; a model linked without it has none.
struct BpeLibrary {
  /// A tokenizer from a serialised model; throws UserError if it is not one.
  std::unique_ptr<Tokenizer> (*load)(std::string model);
  /// Trains on texts, one thread, deterministic; gives the serialised model.
  std::string (*train)(std::string_view text, int64_t vocab);
};

/// The linked BPE library, or null. HashcBpe defines `hashc_runtime_bpe`; link
/// with `-u hashc_runtime_bpe` before its archive to have it.
const BpeLibrary *getBpeLibrary();

/// What the descriptor says: "bytes", "bpe", "bpe(8192)".
struct TokenizerSettings {
  std::string kind = "bytes";
  int64_t vocab = 256;
};

/// From a checkpoint's kind and model bytes.
std::unique_ptr<Tokenizer> loadTokenizer(const TokenizerSettings &settings,
                                         std::string_view model);

/// Bytes: at once. BPE: from `cachePath` when it holds one with this vocabulary
/// that was trained on this text, else trained on `text` and written there
/// (empty path: not kept).
std::unique_ptr<Tokenizer> trainTokenizer(const TokenizerSettings &settings,
                                          std::string_view text,
                                          const std::string &cachePath);

} // namespace hashc::runtime

#endif // HASHC_RUNTIME_TOKENIZER_TOKENIZER_H
