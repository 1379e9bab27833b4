//===- InitFiles.h - Weights that a run begins with -------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_RUNTIME_COMMANDS_INITFILES_H
#define HASHC_RUNTIME_COMMANDS_INITFILES_H

#include "runtime/checkpoint/Checkpoint.h"
#include "runtime/engine/Model.h"

namespace hashc::runtime {

/// The files that `init` of the spec's train block names. They are checked when
/// they are opened, before anything that takes its time.
class InitFiles {
public:
  void open(const Descriptor &descriptor);
  /// The tokenizer of those that are checkpoints of the same vocabulary: their
  /// weights mean nothing under another. Null without one.
  std::shared_ptr<const Tokenizer>
  loadTokenizer(const Descriptor &descriptor) const;
  void read(Model &model) const;
  std::vector<std::string> getPaths() const;
  bool fills(const std::string &param) const;
  /// A line about each.
  std::vector<std::string> describe() const;

private:
  struct File {
    SafetensorsFile file;
    std::vector<NamedTensor> tensors;
  };
  std::vector<File> files;
};

} // namespace hashc::runtime

#endif // HASHC_RUNTIME_COMMANDS_INITFILES_H
