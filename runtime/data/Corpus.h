//===- Corpus.h - What a model trains and is evaluated on -------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_RUNTIME_DATA_CORPUS_H
#define HASHC_RUNTIME_DATA_CORPUS_H

#include "runtime/data/Pairs.h"

namespace hashc::runtime {

/// The data part of a train block, after the command line has had its say.
struct DataSettings {
  std::string kind = "text"; // "text", "tokens" or "pairs"
  std::string path;
  std::string validPath; // own file; else the last part of `path`
  double valid = 0.05;   // that part
  bool apart = true;     // documents = apart | joined
  std::string separator = "<|endoftext|>"; // text: ends a document
  int64_t separatorId = -1;                // tokens: ends a document
  int tokenWidth = 0;                      // tokens: 2, 4, 0 = by vocabulary
};

struct Corpus {
  std::shared_ptr<const Tokenizer> tokenizer; // null for token files
  TokenStream train, valid;
  PairSet trainPairs, validPairs; // instead of the streams
};

/// Opens, splits, tokenizes. `known` is the tokenizer of a checkpoint (resume),
/// or null: then it comes from `cacheFolder`/tokenizer.model or is trained on
/// the training part. The split of a text is made on bytes, at a character.
/// A training part shorter than one window of `window`+1 tokens: UserError.
/// With valid = 0 and no validPath the validation stream is empty.
Corpus openCorpus(const DataSettings &data, const TokenizerSettings &settings,
                  std::shared_ptr<const Tokenizer> known, int64_t window,
                  const std::string &cacheFolder);

/// The stream `eval` scores. With `whole`, all of data.path; else its
/// validation part (or validPath). `tokenizer` may be null for token files.
TokenStream openEvalStream(const DataSettings &data, int64_t vocab,
                           const Tokenizer *tokenizer, bool whole);

/// The same of a file of pairs.
PairSet openEvalPairs(const DataSettings &data, const Tokenizer &tokenizer,
                      bool whole);

} // namespace hashc::runtime

#endif // HASHC_RUNTIME_DATA_CORPUS_H
