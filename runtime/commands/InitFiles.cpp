//===- InitFiles.cpp - Weights that a run begins with ---------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/commands/InitFiles.h"

#include "runtime/support/Error.h"

#include <map>

namespace hashc::runtime {

void InitFiles::open(const Descriptor &descriptor) {
  std::map<std::string, const ParamSpec *> specs;
  for (const ParamSpec &spec : descriptor.params)
    specs[spec.name] = &spec;
  for (const InitFile &init : descriptor.train.init) {
    File opened{SafetensorsFile::open(
                    findModelFile(init.file),
                    "weights to begin with (a safetensors file, a checkpoint's "
                    "folder, or a run's folder)"),
                {}};
    for (const auto &[name, tensor] : init.params) {
      const ParamSpec &spec = *specs.at(name);
      opened.tensors.push_back(
          {{name, spec.type, spec.shape, spec.panel, nullptr}, tensor});
    }
    checkTensors(opened.file, opened.tensors);
    files.push_back(std::move(opened));
  }
}

std::shared_ptr<const Tokenizer>
InitFiles::loadTokenizer(const Descriptor &descriptor) const {
  std::shared_ptr<const Tokenizer> tokenizer;
  const SafetensorsFile *first = nullptr;
  const std::string key = "tokenizer_checksum";
  for (const File &opened : files) {
    const SafetensorsFile &file = opened.file;
    if (file.getMetadata("format") != "hashc")
      continue;
    Checkpoint checkpoint = Checkpoint::open(file.getName());
    if (checkpoint.identity.vocab != descriptor.model.vocab ||
        checkpoint.tokenizerKind != descriptor.train.tokenizer.kind)
      continue;
    if (first && first->getMetadata(key) != file.getMetadata(key))
      failInput("'" + first->getName() + "' and '" + file.getName() +
                "' were trained with different tokenizers, so no run can begin "
                "with weights of both");
    first = &file;
    if (!tokenizer)
      tokenizer = checkpoint.loadTokenizer();
  }
  return tokenizer;
}

void InitFiles::read(Model &model) const {
  std::map<std::string, ParamView> views;
  for (ParamView &view : model.getParams())
    views[view.name] = std::move(view);
  for (const File &opened : files) {
    std::vector<NamedTensor> tensors = opened.tensors;
    for (NamedTensor &tensor : tensors)
      tensor.param = views.at(tensor.param.name);
    importTensors(opened.file, tensors);
  }
}

std::vector<std::string> InitFiles::getPaths() const {
  std::vector<std::string> paths;
  for (const File &opened : files)
    paths.push_back(opened.file.getName());
  return paths;
}

bool InitFiles::fills(const std::string &param) const {
  for (const File &opened : files)
    for (const NamedTensor &tensor : opened.tensors)
      if (tensor.param.name == param)
        return true;
  return false;
}

std::vector<std::string> InitFiles::describe() const {
  std::vector<std::string> lines;
  for (const File &opened : files)
    lines.push_back(
        "init: " + std::to_string(opened.tensors.size()) +
        (opened.tensors.size() == 1 ? " weight begins" : " weights begin") +
        " as in " + opened.file.getName());
  return lines;
}

} // namespace hashc::runtime
