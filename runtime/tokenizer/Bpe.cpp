//===- Bpe.cpp - BPE through SentencePiece --------------------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/support/Error.h"
#include "runtime/tokenizer/Tokenizer.h"

#include <sentencepiece_processor.h>
#include <sentencepiece_trainer.h>

#include <algorithm>
#include <unordered_map>

namespace hashc::runtime {

// SentencePiece writes a space as this character.
static constexpr std::string_view spaceMark = "\xe2\x96\x81";

static absl::string_view toAbsl(std::string_view text) {
  return {text.data(), text.size()};
}

namespace {
/// Pieces never cross a space or a line's end, so that text is encoded word by
/// word and words are remembered.
class BpeTokenizer : public Tokenizer {
public:
  explicit BpeTokenizer(std::string bytes) : model(std::move(bytes)) {
    auto status = processor.LoadFromSerializedProto(toAbsl(model));
    if (!status.ok() || processor.GetPieceSize() < 259)
      failInput("the tokenizer is damaged: not a SentencePiece BPE model with "
                "byte pieces");
    for (int id = 0; id < processor.GetPieceSize(); ++id)
      texts.push_back(readPiece(id));
    for (int byte = 0; byte < 256; ++byte) {
      char name[8];
      std::snprintf(name, sizeof(name), "<0x%02X>", byte);
      bytePieces[byte] = processor.PieceToId(name);
    }
  }

  std::string getKind() const override { return "bpe"; }
  int64_t getVocab() const override { return processor.GetPieceSize(); }
  int32_t getBos() const override { return processor.bos_id(); }
  int32_t getSeparator() const override { return processor.eos_id(); }
  std::string_view getModel() const override { return model; }
  std::string decode(int32_t id) const override {
    return id >= 0 && id < static_cast<int32_t>(texts.size()) ? texts[id] : "";
  }
  int64_t countBytes(int32_t id) const override {
    return id >= 0 && id < static_cast<int32_t>(texts.size())
               ? static_cast<int64_t>(texts[id].size())
               : 0;
  }

  void encode(std::string_view text, std::vector<int32_t> &ids) const override {
    std::unordered_map<std::string_view, std::vector<int>> words;
    size_t at = 0;
    while (at < text.size()) {
      size_t end = findWordEnd(text, at);
      std::string_view word = text.substr(at, end - at);
      at = end;
      if (word == "\n" || word == spaceMark) {
        for (char c : word)
          ids.push_back(bytePieces[static_cast<unsigned char>(c)]);
        continue;
      }
      auto [known, fresh] = words.try_emplace(word);
      if (fresh && !processor.Encode(toAbsl(word), &known->second).ok())
        failInput("the tokenizer cannot encode '" + std::string(word) + "'");
      ids.insert(ids.end(), known->second.begin(), known->second.end());
    }
  }

private:
  /// A word is a line's end, a space mark in the text itself, or at most one
  /// space and what follows up to the next of these three.
  static size_t findWordEnd(std::string_view text, size_t begin) {
    if (text[begin] == '\n')
      return begin + 1;
    if (text.substr(begin, spaceMark.size()) == spaceMark)
      return begin + spaceMark.size();
    size_t end = begin + 1;
    while (end < text.size() && text[end] != ' ' && text[end] != '\n' &&
           text.substr(end, spaceMark.size()) != spaceMark)
      ++end;
    return end;
  }

  std::string readPiece(int id) const {
    const std::string &piece = processor.IdToPiece(id);
    if (processor.IsControl(id) || processor.IsUnknown(id))
      return "";
    if (processor.IsByte(id))
      return std::string(
          1, static_cast<char>(std::stoi(piece.substr(3, 2), nullptr, 16)));
    std::string text;
    for (size_t at = 0; at < piece.size();) {
      bool space = piece.compare(at, spaceMark.size(), spaceMark) == 0;
      text += space ? ' ' : piece[at];
      at += space ? spaceMark.size() : 1;
    }
    return text;
  }

  std::string model;
  sentencepiece::SentencePieceProcessor processor;
  std::vector<std::string> texts;
  int bytePieces[256];
};

/// The lines of a text for the trainer, long ones cut at a space, every
/// `stride`-th of them.
class LineIterator : public sentencepiece::SentenceIterator {
public:
  LineIterator(std::string_view text, size_t stride)
      : rest(text), stride(stride) {
    Next();
  }

  bool done() const override { return finished; }
  const std::string &value() const override { return line; }
  sentencepiece::util::Status status() const override { return {}; }
  void Next() override {
    while (!rest.empty()) {
      std::string_view part = cut();
      bool chosen = number++ % stride == 0 && !part.empty();
      if (chosen && part.find(spaceMark) == std::string_view::npos) {
        line = part;
        return;
      }
    }
    finished = true;
  }

private:
  static constexpr size_t maxLine = 4000;

  std::string_view cut() {
    size_t end = std::min(rest.find('\n'), rest.size());
    size_t next = std::min(end + 1, rest.size());
    if (end > maxLine) {
      size_t space = rest.rfind(' ', maxLine);
      end = space != std::string_view::npos && space > 0 ? space : maxLine;
      while (end < rest.size() && (rest[end] & 0xc0) == 0x80)
        ++end;
      next = end;
    }
    std::string_view part = rest.substr(0, end);
    rest.remove_prefix(next);
    return part;
  }

  std::string_view rest;
  size_t stride, number = 0;
  std::string line;
  bool finished = false;
};
} // namespace

static std::unique_ptr<Tokenizer> loadBpe(std::string model) {
  return std::make_unique<BpeTokenizer>(std::move(model));
}

static std::string trainBpe(std::string_view text, int64_t vocab) {
  if (vocab < 260)
    failInput("a BPE vocabulary of " + std::to_string(vocab) +
              " is too small: 256 bytes and 3 marks are part of it");
  // More text than this changes few merges and takes long.
  constexpr size_t enough = size_t(16) << 20;
  LineIterator lines(text, (text.size() + enough - 1) / enough);
  std::string model;
  auto status = sentencepiece::SentencePieceTrainer::Train(
      {{"model_type", "bpe"},
       {"vocab_size", std::to_string(vocab)},
       {"byte_fallback", "true"},
       {"normalization_rule_name", "identity"},
       {"add_dummy_prefix", "false"},
       {"remove_extra_whitespaces", "false"},
       {"max_sentence_length", "100000"},
       {"num_threads", "1"},
       {"minloglevel", "2"}},
      &lines, &model);
  if (!status.ok())
    failInput("cannot train a BPE vocabulary of " + std::to_string(vocab) +
              " on this text; is it too short? (" + status.ToString() + ")");
  return model;
}

} // namespace hashc::runtime

extern "C" const hashc::runtime::BpeLibrary *hashc_runtime_bpe() {
  static const hashc::runtime::BpeLibrary library = {hashc::runtime::loadBpe,
                                                     hashc::runtime::trainBpe};
  return &library;
}
