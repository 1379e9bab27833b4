//===- InitFiles.cpp - Weights that begin as another model's --------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// `init "FILE" { "TO" = "FROM" }`: which tensor of which file a weight begins
// with is settled here; the file is read when a run begins.
//
//===----------------------------------------------------------------------===//

#include "frontend/Elaborator.h"
#include "frontend/Patterns.h"

using llvm::SMLoc;
using llvm::StringRef;
using llvm::Twine;

namespace hashc::frontend {

/// False, with a diagnostic, for what is no string.
bool Elaborator::readText(const Value &value, SMLoc loc, const Twine &what) {
  if (value.kind == Value::Kind::string)
    return true;
  if (!value.isError())
    fail(loc, what + " is a string, not " + value.describe());
  return false;
}

bool Elaborator::readRename(Frame &frame, const Argument &field,
                            InitFile &init) {
  Value from = evaluate(frame, *field.value);
  if (!readText(from, field.value->loc, "the name of a file's tensors"))
    return false;
  const size_t given = countStars(field.name), used = countStars(from.text);
  if (given > kMaxStars) {
    fail(field.nameLoc, "a pattern has at most " + Twine(kMaxStars) +
                            " stars (* or **); this one has " + Twine(given));
    return false;
  }
  if (given != used) {
    fail(field.value->loc, "what the stars (* or **) of '" + field.name +
                               "' stand for goes in place of those of '" +
                               from.text + "', but the first has " +
                               Twine(given) + " and the second " + Twine(used));
    return false;
  }
  init.renames.push_back({field.name.str(), from.text, field.nameLoc});
  return true;
}

/// The weights are not there yet. A file without a name is none.
bool Elaborator::readInit(Frame &frame, const Setting &setting) {
  InitFile init;
  Value file = evaluate(frame, *setting.value);
  bool ok = readText(file, setting.value->loc, "the file of init");
  for (const Argument &field : setting.fields)
    ok &= readRename(frame, field, init);
  init.file = file.text;
  if (ok && !init.file.empty())
    inits.push_back(std::move(init));
  return ok;
}

/// Which tensor each weight begins with; of several that fit, the last.
bool Elaborator::initWeights() {
  struct Source {
    const InitFile *file;
    std::string tensor;
  };
  std::map<StringRef, Source> sources;
  std::vector<StringRef> names = builder->listWeights();
  bool ok = true;
  for (const InitFile &init : inits)
    for (const InitFile::Rename &rename : init.renames) {
      bool fits = false;
      for (StringRef name : names) {
        std::optional<Captures> parts = capturePattern(rename.to, name);
        if (!parts)
          continue;
        fits = true;
        sources[name] = {&init, expandPattern(rename.from, *parts)};
      }
      if (!fits)
        failNoWeight(rename.to, rename.loc);
      ok &= fits;
    }
  if (!ok || sources.empty())
    return ok;
  mlir::Builder attributes(&context);
  llvm::SmallVector<mlir::Attribute> files;
  for (const InitFile &init : inits) {
    llvm::SmallVector<mlir::Attribute> params;
    for (StringRef name : names)
      if (auto source = sources.find(name);
          source != sources.end() && source->second.file == &init)
        params.push_back(
            attributes.getStrArrayAttr({name, source->second.tensor}));
    if (!params.empty())
      files.push_back(attributes.getDictionaryAttr(
          {attributes.getNamedAttr("file", attributes.getStringAttr(init.file)),
           attributes.getNamedAttr("params",
                                   attributes.getArrayAttr(params))}));
  }
  return keepSetting("init", attributes.getArrayAttr(files));
}

} // namespace hashc::frontend
