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
#include <charconv>
#include <cstdio>
#include <cstring>
#include <filesystem>

namespace hashc::runtime {

[[noreturn]] static void failNumber(const SafetensorsFile &file,
                                    const std::string &key) {
  failInput("'" + file.getName() + "' is damaged: its " + key + " is '" +
            file.getMetadata(key) + "'");
}

/// A whole number from the metadata.
static uint64_t readUnsigned(const SafetensorsFile &file,
                             const std::string &key) {
  std::string text = file.getMetadata(key);
  uint64_t value = 0;
  const char *end = text.data() + text.size();
  auto [last, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || last != end)
    failNumber(file, key);
  return value;
}

/// One of what can be counted.
static int64_t readNumber(const SafetensorsFile &file, const std::string &key) {
  uint64_t value = readUnsigned(file, key);
  if (value >= uint64_t(1) << 60)
    failNumber(file, key);
  return static_cast<int64_t>(value);
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

std::string findModelFile(const std::string &path) {
  std::string folder = findFolder(path);
  return folder.empty() ? path : folder + "/model.safetensors";
}

Checkpoint Checkpoint::open(const std::string &path) {
  Checkpoint checkpoint;
  checkpoint.modelPath = findModelFile(path);
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
  checkpoint.model = SafetensorsFile::open(
      checkpoint.modelPath,
      "a checkpoint (a model.safetensors, its folder, or a run's folder)");
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
  checkpoint.identity = {model.getMetadata("model"), model.getMetadata("spec"),
                         model.getMetadata("spec_hash"),
                         model.getMetadata("model_hash"),
                         readNumber(model, "vocab")};
  checkpoint.tokenizerKind = model.getMetadata("tokenizer");
  if (checkpoint.tokenizerKind == "none")
    checkpoint.tokenizerKind.clear();
  return checkpoint;
}

std::unique_ptr<Tokenizer> Checkpoint::loadTokenizer() const {
  if (tokenizerKind.empty())
    return nullptr;
  TokenizerSettings settings = {tokenizerKind, identity.vocab};
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
  if (std::string key = "table." + name + ".seed"; model.hasMetadata(key))
    table.seed = readUnsigned(model, key);
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

std::optional<std::vector<int64_t>> Checkpoint::loadTokenCounts() const {
  const TensorInfo *info = model.find(std::string(kTokenCounts));
  if (!info)
    return std::nullopt;
  if (info->type != DType::i64 ||
      info->shape != std::vector<int64_t>{identity.vocab})
    failInput("'" + modelPath + "' is damaged: its token counts must be i64 [" +
              std::to_string(identity.vocab) + "], not " +
              std::string(getName(info->type)) + " " +
              formatShape(info->shape));
  std::vector<int64_t> counts(identity.vocab);
  if (info->size > 0)
    std::memcpy(counts.data(), model.getData(*info), info->size);
  // Their sum stays a number.
  constexpr int64_t most = int64_t(1) << 38;
  for (int64_t count : counts)
    if (count < 0 || count > most)
      failInput("'" + modelPath + "' is damaged: it counts a token " +
                std::to_string(count) + " times");
  return counts;
}

std::string Checkpoint::readState() const {
  if (statePath.empty())
    failInput("'" + modelPath +
              "' holds a model without optimizer state; training can start "
              "from it with --init, but not resume");
  return std::string(MappedFile::open(statePath)->view());
}

static std::string describe(const ModelIdentity &identity) {
  return "'" + identity.name + "' (" + identity.spec + ")";
}

[[noreturn]] static void failDifferent(const Checkpoint &checkpoint,
                                       const ModelIdentity &expected,
                                       const std::string &how) {
  failInput("checkpoint '" + checkpoint.modelPath + "' is of the model " +
            describe(checkpoint.identity) + ", this program is " +
            describe(expected) + ": " + how);
}

/// "random with seed 5, 256 ids to 1 of 8 experts".
static std::string describe(const Table &table) {
  std::string text = table.algorithm;
  if (table.seed)
    text += " with seed " + std::to_string(*table.seed);
  if (!table.entries.empty())
    text += " with checksum " + toHex(table.getChecksum());
  return text + ", " + std::to_string(table.vocab) + " ids to " +
         std::to_string(table.k) + " of " + std::to_string(table.groups) +
         " experts";
}

/// What the settings say of a table, and its entries where they are in a file
/// that is there.
static Table makeExpected(const TableSettings &settings) {
  bool isFile = settings.algorithm == "file";
  if (isFile && fileExists(getTablePath(settings)))
    return loadTable(settings);
  Table table;
  table.algorithm = settings.algorithm;
  table.vocab = settings.vocab;
  table.groups = settings.groups;
  table.k = settings.k;
  if (!isFile)
    table.seed = settings.seed;
  return table;
}

/// How the checkpoint's table is another one, or "".
static std::string compareTables(Table stored, const TableSettings &settings) {
  Table expected = makeExpected(settings);
  bool same = stored.algorithm == expected.algorithm &&
              stored.vocab == expected.vocab &&
              stored.groups == expected.groups && stored.k == expected.k &&
              (!stored.seed || !expected.seed || stored.seed == expected.seed);
  if (expected.entries.empty())
    stored.entries.clear();
  else
    same &= stored.entries == expected.entries;
  return same ? ""
              : "its table '" + settings.name + "' is " + describe(stored) +
                    "; this program's is " + describe(expected);
}

static void checkTables(const Checkpoint &checkpoint,
                        const ModelIdentity &expected,
                        const std::vector<TableSettings> &tables) {
  for (const TableSettings &settings : tables) {
    if (!checkpoint.model.find("@" + settings.name))
      failDifferent(checkpoint, expected,
                    "it has no table '" + settings.name + "'");
    std::string how =
        compareTables(checkpoint.loadTable(settings.name), settings);
    if (!how.empty())
      failDifferent(checkpoint, expected, how);
  }
}

void checkCompatible(const Checkpoint &checkpoint,
                     const ModelIdentity &expected,
                     const std::vector<TableSettings> &tables, Match match) {
  const ModelIdentity &found = checkpoint.identity;
  if (found.vocab != expected.vocab)
    failDifferent(checkpoint, expected,
                  "its vocabulary is " + std::to_string(found.vocab) +
                      ", this program's " + std::to_string(expected.vocab));
  checkTables(checkpoint, expected, tables);
  if (match == Match::weights)
    return;
  if (found.modelHash.empty() || expected.modelHash.empty())
    std::fprintf(stderr,
                 "note: what the model of '%s' computes is not compared: an "
                 "older hashc saved it or compiled this program\n",
                 checkpoint.modelPath.c_str());
  else if (found.modelHash != expected.modelHash)
    failDifferent(checkpoint, expected,
                  "the two compute something else (hash " + found.modelHash +
                      " and " + expected.modelHash + ")");
  if (match == Match::run && found.specHash != expected.specHash)
    failDifferent(checkpoint, expected,
                  "the specs or their -D values are not the same (hash " +
                      found.specHash + " and " + expected.specHash +
                      "); with --init, training starts from its weights");
}

/// The tensor of a file if its shape is the parameter's.
static const TensorInfo &requireTensor(const SafetensorsFile &file,
                                       const NamedTensor &tensor) {
  const TensorInfo &info = file.require(tensor.tensor);
  const ParamView &param = tensor.param;
  const bool isRenamed = tensor.tensor != param.name;
  if (info.shape != param.shape)
    failInput(
        "tensor '" + info.name + "' in '" + file.getName() + "' has shape " +
        formatShape(info.shape) + ", " +
        (isRenamed ? "'" + param.name + "' of the model" : "the model's") +
        " has " + formatShape(param.shape));
  return info;
}

static void requireType(const SafetensorsFile &file, const TensorInfo &info,
                        const ParamView &param, bool convert) {
  if (info.type == param.type || (convert && isFloat(info.type)))
    return;
  failInput("tensor '" + info.name + "' in '" + file.getName() +
            "' is of type " + std::string(getName(info.type)) +
            ", the model's is " + std::string(getName(param.type)));
}

static void checkTensors(const SafetensorsFile &file,
                         const std::vector<NamedTensor> &tensors,
                         bool convert) {
  for (const NamedTensor &tensor : tensors)
    requireType(file, requireTensor(file, tensor), tensor.param, convert);
}

/// All are checked before the first is written.
static void readTensors(const SafetensorsFile &file,
                        const std::vector<NamedTensor> &tensors, bool convert) {
  checkTensors(file, tensors, convert);
  std::vector<char> buffer;
  for (const auto &[param, name] : tensors) {
    const TensorInfo &info = *file.find(name);
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

/// Of tensors called prefix + the parameter's name.
static std::vector<NamedTensor>
nameTensors(const std::vector<ParamView> &params,
            const std::string &prefix = "") {
  std::vector<NamedTensor> tensors;
  for (const ParamView &param : params)
    tensors.push_back({param, prefix + param.name});
  return tensors;
}

void loadParams(const SafetensorsFile &file,
                const std::vector<ParamView> &params) {
  readTensors(file, nameTensors(params), false);
}

void importParams(const SafetensorsFile &file,
                  const std::vector<ParamView> &params) {
  readTensors(file, nameTensors(params), true);
}

void importTensors(const SafetensorsFile &file,
                   const std::vector<NamedTensor> &tensors) {
  readTensors(file, tensors, true);
}

void checkTensors(const SafetensorsFile &file,
                  const std::vector<NamedTensor> &tensors) {
  checkTensors(file, tensors, true);
}

void loadMoments(const Checkpoint &checkpoint,
                 const std::vector<ParamView> &moments1,
                 const std::vector<ParamView> &moments2) {
  if (checkpoint.optimizerPath.empty())
    failInput("there is no optimizer state beside '" + checkpoint.modelPath +
              "'");
  SafetensorsFile file = SafetensorsFile::open(checkpoint.optimizerPath);
  if (file.getMetadata("step") != std::to_string(checkpoint.step) ||
      file.getMetadata("spec_hash") != checkpoint.identity.specHash)
    failInput("'" + checkpoint.optimizerPath + "' (step " +
              file.getMetadata("step") + ") does not belong to '" +
              checkpoint.modelPath + "' (step " +
              std::to_string(checkpoint.step) + ")");
  readTensors(file, nameTensors(moments1, "moment1:"), false);
  readTensors(file, nameTensors(moments2, "moment2:"), false);
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
