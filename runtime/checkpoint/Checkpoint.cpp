//===- Checkpoint.cpp - Opening a checkpoint and what must fit ------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/checkpoint/Checkpoint.h"
#include "runtime/checkpoint/Panels.h"
#include "runtime/support/Error.h"
#include "runtime/support/Hash.h"

#include <algorithm>
#include <cstring>
#include <filesystem>

namespace hashc::runtime {

/// A whole non-negative number from the metadata.
static int64_t readNumber(const SafetensorsFile &file, const std::string &key) {
  std::string text = file.getMetadata(key);
  if (text.empty() || text.size() > 18 ||
      text.find_first_not_of("0123456789") != std::string::npos)
    failInput("'" + file.getName() + "' is damaged: its " + key + " is '" +
              text + "'");
  return std::stoll(text);
}

/// The folder of the checkpoint that `path` means; "" for a lone file.
static std::string findFolder(const std::string &path) {
  if (!isDirectory(path))
    return "";
  if (fileExists(path + "/model.safetensors"))
    return path;
  if (!fileExists(path + "/latest"))
    failInput("there is no checkpoint in '" + path + "'");
  return findLatestCheckpoint(path);
}

Checkpoint Checkpoint::open(const std::string &path) {
  Checkpoint checkpoint;
  std::string folder = findFolder(path);
  checkpoint.modelPath = folder.empty() ? path : folder + "/model.safetensors";
  // A model file named directly may still lie in its checkpoint's folder.
  std::filesystem::path file(checkpoint.modelPath);
  std::filesystem::path beside = file.parent_path();
  if (file.filename() == "model.safetensors") {
    std::string optimizer = (beside / "optimizer.safetensors").string();
    std::string state = (beside / "state.json").string();
    if (fileExists(optimizer) && fileExists(state)) {
      checkpoint.optimizerPath = optimizer;
      checkpoint.statePath = state;
    }
  }
  checkpoint.model = SafetensorsFile::open(checkpoint.modelPath);
  const SafetensorsFile &model = checkpoint.model;
  if (model.getMetadata("format") != "hashc")
    failInput("'" + checkpoint.modelPath +
              "' was not written by hashc; its weights can be read with "
              "--init");
  if (model.getMetadata("format_version") != "1")
    failInput("'" + checkpoint.modelPath + "' has format version '" +
              model.getMetadata("format_version") +
              "'; this program reads version 1");
  checkpoint.step = readNumber(model, "step");
  checkpoint.vocab = readNumber(model, "vocab");
  checkpoint.specHash = model.getMetadata("spec_hash");
  checkpoint.modelName = model.getMetadata("model");
  checkpoint.tokenizerKind = model.getMetadata("tokenizer");
  if (checkpoint.tokenizerKind == "none")
    checkpoint.tokenizerKind.clear();
  return checkpoint;
}

std::unique_ptr<Tokenizer> Checkpoint::loadTokenizer() const {
  if (tokenizerKind.empty())
    return nullptr;
  TokenizerSettings settings = {tokenizerKind, vocab};
  if (tokenizerKind == "bytes")
    return runtime::loadTokenizer(settings, {});
  const TensorInfo *info = model.find("@tokenizer");
  if (!info || info->type != DType::u8)
    failInput("'" + modelPath + "' is damaged: it has no tokenizer");
  std::string_view bytes(static_cast<const char *>(model.getData(*info)),
                         info->size);
  if (toHex(fnv64(bytes)) != model.getMetadata("tokenizer_checksum"))
    failInput("'" + modelPath +
              "' is damaged: its tokenizer does not have the checksum written "
              "beside it");
  return runtime::loadTokenizer(settings, bytes);
}

Table Checkpoint::loadTable(const std::string &name) const {
  std::string what = "table '" + name + "' in '" + modelPath + "'";
  const TensorInfo *info = model.find("@" + name);
  std::string note = model.getMetadata("table." + name);
  size_t space = note.find(' ');
  if (!info || space == std::string::npos)
    failInput("'" + modelPath + "' has no table '" + name + "'");
  if (info->type != DType::i32 || info->shape.size() != 2)
    failInput(what + " is damaged: it must be i32 [vocabulary, k], not " +
              std::string(getName(info->type)) + " " +
              formatShape(info->shape));
  Table table;
  table.name = name;
  table.algorithm = note.substr(0, space);
  table.vocab = info->shape[0];
  table.k = info->shape[1];
  table.groups = readNumber(model, "table." + name + ".groups");
  table.entries.resize(info->size / sizeof(int32_t));
  if (info->size > 0)
    std::memcpy(table.entries.data(), model.getData(*info), info->size);
  if (toHex(table.getChecksum()) != note.substr(space + 1))
    failInput(what + " is damaged: its checksum is " +
              toHex(table.getChecksum()) + ", written beside it is " +
              note.substr(space + 1));
  checkTable(table, what);
  return table;
}

std::string Checkpoint::readState() const {
  if (statePath.empty())
    failInput("'" + modelPath +
              "' holds a model without optimizer state; training can start "
              "from it with --init, but not resume");
  return std::string(MappedFile::open(statePath)->view());
}

void checkCompatible(const Checkpoint &checkpoint,
                     const CheckpointContents &expected, bool sameSpec) {
  const std::string file = "checkpoint '" + checkpoint.modelPath + "'";
  if (checkpoint.vocab != expected.vocab)
    failInput(file + " has a vocabulary of " +
              std::to_string(checkpoint.vocab) + ", the model '" +
              expected.model + "' one of " + std::to_string(expected.vocab));
  if (sameSpec && checkpoint.specHash != expected.specHash)
    failInput(file + " belongs to another spec: it has hash " +
              checkpoint.specHash + " ('" + checkpoint.modelName +
              "'), this model " + expected.specHash + " ('" + expected.model +
              "')");
}

void checkSameTable(const Checkpoint &checkpoint, const Table &table) {
  Table stored = checkpoint.loadTable(table.name);
  auto describe = [](const Table &t) {
    return t.algorithm + " " + formatShape({t.vocab, t.k}) + " of " +
           std::to_string(t.groups) + " experts, checksum " +
           toHex(t.getChecksum());
  };
  if (stored.getChecksum() != table.getChecksum())
    failInput("table '" + table.name + "' of checkpoint '" +
              checkpoint.modelPath + "' is " + describe(stored) +
              "; this model's is " + describe(table));
}

/// The tensor `name` of a file if its shape is the parameter's.
static const TensorInfo &requireTensor(const SafetensorsFile &file,
                                       const std::string &name,
                                       const ParamView &param) {
  const TensorInfo *info = file.find(name);
  if (!info) {
    std::vector<std::string> all;
    for (const auto &[key, other] : file.getTensors())
      all.push_back(key);
    std::string near = nearestName(name, all);
    failInput("'" + file.getName() + "' has no tensor '" + name + "'" +
              (near.empty() ? "" : "; the nearest name is '" + near + "'"));
  }
  if (info->shape != param.shape)
    failInput("tensor '" + name + "' in '" + file.getName() + "' has shape " +
              formatShape(info->shape) + ", the model's has " +
              formatShape(param.shape));
  return *info;
}

static void requireType(const SafetensorsFile &file, const TensorInfo &info,
                        const ParamView &param, bool convert) {
  if (info.type == param.type || (convert && isFloat(info.type)))
    return;
  failInput("tensor '" + info.name + "' in '" + file.getName() +
            "' is of type " + std::string(getName(info.type)) +
            ", the model's is " + std::string(getName(param.type)));
}

/// Reads the tensors called prefix + name; all are checked before the first is
/// written.
static void readTensors(const SafetensorsFile &file,
                        const std::vector<ParamView> &params,
                        const std::string &prefix, bool convert) {
  for (const ParamView &param : params)
    requireType(file, requireTensor(file, prefix + param.name, param), param,
                convert);
  std::vector<char> buffer;
  for (const ParamView &param : params) {
    const TensorInfo &info = *file.find(prefix + param.name);
    const void *source = file.getData(info);
    if (info.type != param.type) {
      auto count = static_cast<size_t>(countElements(param.shape));
      buffer.resize(count * sizeOf(param.type));
      convertFloats(info.type, source, param.type, buffer.data(), count);
      source = buffer.data();
    }
    packPanels(param.shape, param.panel, sizeOf(param.type), source,
               param.data);
    file.release(info);
  }
}

void loadParams(const SafetensorsFile &file,
                const std::vector<ParamView> &params) {
  readTensors(file, params, "", false);
}

void importParams(const SafetensorsFile &file,
                  const std::vector<ParamView> &params) {
  readTensors(file, params, "", true);
}

void loadMoments(const Checkpoint &checkpoint,
                 const std::vector<ParamView> &moments1,
                 const std::vector<ParamView> &moments2) {
  if (checkpoint.optimizerPath.empty())
    failInput("there is no optimizer state beside '" + checkpoint.modelPath +
              "'");
  SafetensorsFile file = SafetensorsFile::open(checkpoint.optimizerPath);
  if (file.getMetadata("step") != std::to_string(checkpoint.step) ||
      file.getMetadata("spec_hash") != checkpoint.specHash)
    failInput("'" + checkpoint.optimizerPath + "' (step " +
              file.getMetadata("step") + ") does not belong to '" +
              checkpoint.modelPath + "' (step " +
              std::to_string(checkpoint.step) + ")");
  readTensors(file, moments1, "moment1:", false);
  readTensors(file, moments2, "moment2:", false);
}

/// The number after "step": in a line of the log, or -1.
static int64_t readLogStep(std::string_view line) {
  size_t at = line.find("\"step\":");
  if (at == std::string_view::npos || line.back() != '}')
    return -1;
  at += 7;
  while (at < line.size() && line[at] == ' ')
    ++at;
  int64_t step = -1;
  for (; at < line.size() && line[at] >= '0' && line[at] <= '9'; ++at)
    if (step < INT64_MAX / 16)
      step = std::max<int64_t>(step, 0) * 10 + (line[at] - '0');
  return step;
}

/// True for what a kill may leave of a line, its beginning.
static bool isTornRecord(std::string_view line) {
  constexpr std::string_view begin = "{\"step\":";
  size_t size = std::min(line.size(), begin.size());
  return line.substr(0, size) == begin.substr(0, size);
}

/// The lines of a log whose step is at most `step`.
static std::string readLog(const MappedFile &file, int64_t step) {
  std::string kept;
  auto refuse = [&] {
    failInput("'" + file.getPath() +
              "' is not the log of a run: a line of it is no record of a step; "
              "name another file with --log");
  };
  std::string_view rest = file.view();
  for (size_t end; (end = rest.find('\n')) != std::string_view::npos;
       rest.remove_prefix(end + 1)) {
    std::string_view line = rest.substr(0, end);
    int64_t at = line.empty() ? -1 : readLogStep(line);
    if (at < 0 && !line.empty())
      refuse();
    if (at >= 0 && at <= step)
      kept += std::string(line) + "\n";
  }
  if (!isTornRecord(rest))
    refuse();
  return kept;
}

/// Null if there is nothing that could be lost: no file, or a device.
static std::shared_ptr<const MappedFile> openLog(const std::string &path) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(path, ignored)
             ? MappedFile::open(path)
             : nullptr;
}

void checkLog(const std::string &path) {
  if (std::shared_ptr<const MappedFile> file = openLog(path))
    readLog(*file, 0);
}

void trimLog(const std::string &path, int64_t step) {
  std::shared_ptr<const MappedFile> file = openLog(path);
  if (!file)
    return;
  std::string kept = readLog(*file, step);
  if (kept.size() != file->size())
    writeFileAtomically(path, kept);
}

} // namespace hashc::runtime
