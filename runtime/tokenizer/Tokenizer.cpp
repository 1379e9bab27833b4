//===- Tokenizer.cpp - Text to tokens and back ----------------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tokenizer/Tokenizer.h"
#include "runtime/support/Error.h"
#include "runtime/support/File.h"
#include "runtime/support/Hash.h"

#include <filesystem>
#include <utility>

/// Defined by HashcBpe, when it is linked.
extern "C" __attribute__((weak)) const hashc::runtime::BpeLibrary *
hashc_runtime_bpe();

namespace hashc::runtime {

Tokenizer::~Tokenizer() = default;

std::vector<int32_t> Tokenizer::encode(std::string_view text) const {
  std::vector<int32_t> ids;
  encode(text, ids);
  return ids;
}

std::string Tokenizer::decode(const std::vector<int32_t> &ids) const {
  std::string text;
  for (int32_t id : ids)
    text += decode(id);
  return text;
}

namespace {
class ByteTokenizer : public Tokenizer {
public:
  std::string getKind() const override { return "bytes"; }
  int64_t getVocab() const override { return 256; }
  int32_t getBos() const override { return 0; }
  void encode(std::string_view text, std::vector<int32_t> &ids) const override {
    for (char c : text)
      ids.push_back(static_cast<unsigned char>(c));
  }
  std::string decode(int32_t id) const override {
    return id >= 0 && id < 256 ? std::string(1, static_cast<char>(id)) : "";
  }
  int64_t countBytes(int32_t) const override { return 1; }
};
} // namespace

std::unique_ptr<Tokenizer> makeByteTokenizer() {
  return std::make_unique<ByteTokenizer>();
}

/// Length of the character that `lead` begins; 1 for what begins none.
static size_t getCharacterLength(unsigned char lead) {
  return lead >= 0xf0 && lead < 0xf8   ? 4
         : lead >= 0xe0 && lead < 0xf0 ? 3
         : lead >= 0xc0 && lead < 0xe0 ? 2
                                       : 1;
}

std::string Utf8Stream::push(std::string_view bytes) {
  pending += bytes;
  // Only the last character can be incomplete: find its first byte.
  size_t begin = pending.size();
  for (size_t back = 1; back <= 3 && back <= pending.size(); ++back) {
    auto byte = static_cast<unsigned char>(pending[pending.size() - back]);
    if ((byte & 0xc0) == 0x80)
      continue;
    if (getCharacterLength(byte) > back)
      begin = pending.size() - back;
    break;
  }
  std::string complete = pending.substr(0, begin);
  pending.erase(0, begin);
  return complete;
}

std::string Utf8Stream::finish() { return std::exchange(pending, {}); }

const BpeLibrary *getBpeLibrary() {
  return hashc_runtime_bpe ? hashc_runtime_bpe() : nullptr;
}

static const BpeLibrary &requireBpe() {
  if (const BpeLibrary *library = getBpeLibrary())
    return *library;
  failEnvironment("this model was built without the BPE tokenizer (needs "
                  "SentencePiece: libsentencepiece-dev)");
}

static bool isBpe(const TokenizerSettings &settings) {
  if (settings.kind == "bytes")
    return false;
  if (settings.kind.rfind("bpe", 0) != 0)
    failInput("unknown tokenizer '" + settings.kind + "' (known: bytes, bpe)");
  return true;
}

static std::unique_ptr<Tokenizer> makeBytes(const TokenizerSettings &settings) {
  if (settings.vocab < 256)
    failInput("byte tokens need a vocabulary of 256, the model's is " +
              std::to_string(settings.vocab));
  return makeByteTokenizer();
}

std::unique_ptr<Tokenizer> loadTokenizer(const TokenizerSettings &settings,
                                         std::string_view model) {
  if (!isBpe(settings))
    return makeBytes(settings);
  auto tokenizer = requireBpe().load(std::string(model));
  if (tokenizer->getVocab() != settings.vocab)
    failInput("the tokenizer has a vocabulary of " +
              std::to_string(tokenizer->getVocab()) + ", the model of " +
              std::to_string(settings.vocab));
  return tokenizer;
}

/// The line beside a cached model that says what it was trained on.
static std::string describeSource(int64_t vocab, std::string_view text,
                                  std::string_view model) {
  return "{\"vocab\": " + std::to_string(vocab) + ", \"text\": \"" +
         toHex(fnv64(text)) + "\", \"model\": \"" + toHex(fnv64(model)) +
         "\"}\n";
}

static std::string readIfThere(const std::string &path) {
  if (!fileExists(path))
    return {};
  return std::string(MappedFile::open(path)->view());
}

/// True for what a run may write over: nothing, or a model with the line beside
/// it that a run wrote.
static bool isCache(const std::string &path, const std::string &sourcePath) {
  std::string source = readIfThere(sourcePath);
  if (fileExists(sourcePath) && source.rfind("{\"vocab\": ", 0) != 0)
    return false;
  std::string checksum = "\"" + toHex(fnv64(readIfThere(path))) + "\"}\n";
  return !fileExists(path) || (source.size() >= checksum.size() &&
                               source.compare(source.size() - checksum.size(),
                                              checksum.size(), checksum) == 0);
}

std::unique_ptr<Tokenizer> trainTokenizer(const TokenizerSettings &settings,
                                          std::string_view text,
                                          const std::string &cachePath) {
  if (!isBpe(settings))
    return makeBytes(settings);
  const BpeLibrary &library = requireBpe();
  std::string sourcePath = cachePath + ".json";
  if (!cachePath.empty()) {
    std::string model = readIfThere(cachePath);
    if (!model.empty() &&
        readIfThere(sourcePath) == describeSource(settings.vocab, text, model))
      return loadTokenizer(settings, model);
  }
  std::string model = library.train(text, settings.vocab);
  auto tokenizer = loadTokenizer(settings, model);
  if (cachePath.empty())
    return tokenizer;
  if (!isCache(cachePath, sourcePath)) {
    noteForeign(cachePath);
    return tokenizer;
  }
  // At no moment is there a model without its own line.
  std::filesystem::remove(cachePath);
  writeFileAtomically(sourcePath, describeSource(settings.vocab, text, model));
  writeFileAtomically(cachePath, model);
  return tokenizer;
}

} // namespace hashc::runtime
