//===- OutputFolder.cpp - Where a run keeps its checkpoints ---------------===//
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
#include <cerrno>
#include <cstdio>
#include <filesystem>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace hashc::runtime {

static constexpr const char *stepPrefix = "step-";
/// Checkpoints that are unfinished or unwanted; the next run removes them.
static constexpr const char *scrapPrefixes[] = {".tmp-", ".tmp-old-"};
/// What a checkpoint's folder holds.
static constexpr const char *checkpointFiles[] = {
    "model.safetensors", "optimizer.safetensors", "state.json"};
/// What else a run writes into its folder.
static constexpr const char *runFiles[] = {"latest", "tokenizer.model",
                                           "tokenizer.model.json",
                                           "train.tokens", "valid.tokens"};

static std::string getFolderName(int64_t step) {
  char name[40];
  std::snprintf(name, sizeof(name), "%s%06lld", stepPrefix,
                static_cast<long long>(step));
  return name;
}

/// The step of a folder called step-N, or -1.
static int64_t parseFolderName(const std::string &name) {
  std::string digits = name.substr(std::min<size_t>(name.size(), 5));
  if (name.rfind(stepPrefix, 0) != 0 || digits.empty() || digits.size() > 18 ||
      digits.find_first_not_of("0123456789") != std::string::npos)
    return -1;
  int64_t step = std::stoll(digits);
  return getFolderName(step) == name ? step : -1;
}

static std::vector<std::string> listFolder(const std::string &path,
                                           std::error_code &error) {
  std::vector<std::string> names;
  for (const auto &entry : std::filesystem::directory_iterator(path, error))
    names.push_back(entry.path().filename().string());
  return names;
}

static std::vector<std::string> listFolder(const std::string &path) {
  std::error_code error;
  std::vector<std::string> names = listFolder(path, error);
  if (error)
    failSystem("read folder", path, error.value());
  return names;
}

template <size_t N>
static bool isTemporaryOf(const char *const (&files)[N],
                          const std::string &name) {
  return std::any_of(files, files + N, [&](const char *file) {
    return isTemporaryName(name, file);
  });
}

static bool isCheckpointFile(const std::string &name) {
  return std::find(std::begin(checkpointFiles), std::end(checkpointFiles),
                   name) != std::end(checkpointFiles) ||
         isTemporaryOf(checkpointFiles, name);
}

static bool isScrapFolder(const std::string &name) {
  return std::any_of(std::begin(scrapPrefixes), std::end(scrapPrefixes),
                     [&](const std::string &prefix) {
                       return name.rfind(prefix, 0) == 0 &&
                              parseFolderName(name.substr(prefix.size())) >= 0;
                     });
}

/// Removes a checkpoint's files, and the folder if it held nothing else. What
/// cannot be removed is in nobody's way.
static void removeCheckpoint(const std::string &folder) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(
          std::filesystem::symlink_status(folder, ignored)))
    return;
  for (const std::string &name : listFolder(folder, ignored))
    if (isCheckpointFile(name))
      ::unlink((folder + "/" + name).c_str());
  ::rmdir(folder.c_str());
}

/// Removes what a run that was killed left in its folder, by the very names
/// that runs use: whatever else lies there is the user's.
static void removeScrap(const std::string &folder) {
  for (const std::string &name : listFolder(folder)) {
    std::string path = folder + "/" + name;
    if (isScrapFolder(name))
      removeCheckpoint(path);
    else if (isTemporaryOf(runFiles, name))
      ::unlink(path.c_str());
  }
}

OutputFolder::OutputFolder(std::string folder) : path(std::move(folder)) {
  makeDirectories(path);
  std::string lockPath = path + "/.lock";
  lock = ::open(lockPath.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (lock < 0)
    failSystem("write into", path, errno);
  if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
    int error = errno;
    ::close(lock);
    lock = -1;
    if (error == EWOULDBLOCK)
      failEnvironment("another training is writing to '" + path + "'");
    // A file system without locks is no reason to stop.
  }
  removeScrap(path);
}

OutputFolder::~OutputFolder() {
  if (lock >= 0)
    ::close(lock);
}

std::string OutputFolder::findLatest() const {
  std::string pointer = path + "/latest";
  if (!fileExists(pointer))
    return "";
  return findLatestCheckpoint(path);
}

static TensorSource makeSource(const ParamView &param,
                               const std::string &name) {
  TensorSource source = {name, param.type, param.shape, nullptr};
  if (param.panel == 0) {
    source.data = param.data;
    return source;
  }
  source.fill = [&param](void *target) {
    unpackPanels(param.shape, param.panel, sizeOf(param.type), param.data,
                 target);
  };
  return source;
}

static void writeModel(const std::string &path,
                       const CheckpointContents &contents) {
  std::map<std::string, std::string> metadata = {
      {"format", "hashc"},
      {"format_version", "1"},
      {"model", contents.identity.name},
      {"spec", contents.identity.spec},
      {"spec_hash", contents.identity.specHash},
      {"model_hash", contents.identity.modelHash},
      {"step", std::to_string(contents.step)},
      {"vocab", std::to_string(contents.identity.vocab)},
      {"tokenizer",
       contents.tokenizer ? contents.tokenizer->getKind() : "none"}};
  std::vector<TensorSource> tensors;
  for (const ParamView &param : contents.params)
    tensors.push_back(makeSource(param, param.name));
  for (const Table *table : contents.tables) {
    metadata["table." + table->name] =
        table->algorithm + " " + toHex(table->getChecksum());
    metadata["table." + table->name + ".groups"] =
        std::to_string(table->groups);
    if (table->seed)
      metadata["table." + table->name + ".seed"] = std::to_string(*table->seed);
    TensorSource source = {
        "@" + table->name, DType::i32, {table->vocab, table->k}, nullptr};
    source.fill = [table](void *target) {
      std::copy(table->entries.begin(), table->entries.end(),
                static_cast<int32_t *>(target));
    };
    tensors.push_back(std::move(source));
  }
  if (!contents.tokenCounts.empty()) {
    const std::vector<int64_t> &counts = contents.tokenCounts;
    TensorSource source = {std::string(kTokenCounts),
                           DType::i64,
                           {static_cast<int64_t>(counts.size())},
                           nullptr};
    source.fill = [&counts](void *target) {
      std::copy(counts.begin(), counts.end(), static_cast<int64_t *>(target));
    };
    tensors.push_back(std::move(source));
  }
  // Odd sizes last: everything before stays aligned.
  std::string_view model =
      contents.tokenizer ? contents.tokenizer->getModel() : std::string_view();
  if (!model.empty()) {
    metadata["tokenizer_checksum"] = toHex(fnv64(model));
    TensorSource source = {
        "@tokenizer", DType::u8, {static_cast<int64_t>(model.size())}, nullptr};
    source.fill = [model](void *target) {
      std::copy(model.begin(), model.end(), static_cast<char *>(target));
    };
    tensors.push_back(std::move(source));
  }
  writeSafetensors(path, metadata, tensors);
}

static void writeOptimizer(const std::string &path,
                           const CheckpointContents &contents) {
  std::vector<TensorSource> tensors;
  for (const ParamView &moment : contents.moments1)
    tensors.push_back(makeSource(moment, "moment1:" + moment.name));
  for (const ParamView &moment : contents.moments2)
    tensors.push_back(makeSource(moment, "moment2:" + moment.name));
  writeSafetensors(path,
                   {{"format", "hashc"},
                    {"format_version", "1"},
                    {"spec_hash", contents.identity.specHash},
                    {"step", std::to_string(contents.step)}},
                   tensors);
}

namespace {
/// A checkpoint that goes away unless it was given its name.
struct ScrapFolder {
  std::string path;
  ~ScrapFolder() { removeCheckpoint(path); }
};
} // namespace

/// Gives `from` the name `to`. A folder of that name changes places with it in
/// one move, so that the name never stands for nothing.
static void moveIntoPlace(const std::string &from, const std::string &to) {
  if (::rename(from.c_str(), to.c_str()) == 0)
    return;
  if (errno != ENOTEMPTY && errno != EEXIST)
    failSystem("write", to, errno);
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(),
                  RENAME_EXCHANGE) == 0)
    return;
  // A file system that cannot swap: there is a moment without the folder.
  if (errno != EINVAL && errno != ENOSYS)
    failSystem("replace", to, errno);
  removeCheckpoint(to);
  if (::rename(from.c_str(), to.c_str()) != 0)
    failSystem("write", to, errno);
}

std::string OutputFolder::save(const CheckpointContents &contents) {
  std::string name = getFolderName(contents.step);
  std::string target = path + "/" + name;
  ScrapFolder scrap = {path + "/" + scrapPrefixes[0] + name};
  removeCheckpoint(scrap.path);
  makeDirectories(scrap.path);
  writeModel(scrap.path + "/model.safetensors", contents);
  writeOptimizer(scrap.path + "/optimizer.safetensors", contents);
  writeFileAtomically(scrap.path + "/state.json", contents.state);
  moveIntoPlace(scrap.path, target);
  syncDirectory(path);
  writeFileAtomically(path + "/latest", name + "\n");
  prune(contents.step);
  return target;
}

/// True for a folder in which a user keeps something beside the checkpoint.
static bool holdsMore(const std::string &folder) {
  std::vector<std::string> names = listFolder(folder);
  return !std::all_of(names.begin(), names.end(), isCheckpointFile);
}

/// Removes checkpoints before the newest two up to `step`. Later steps belong
/// to another run and stay. The name goes first, so that a folder called step-N
/// is always whole.
void OutputFolder::prune(int64_t step) const {
  std::vector<int64_t> steps;
  for (const std::string &name : listFolder(path)) {
    int64_t found = parseFolderName(name);
    if (found >= 0 && found <= step)
      steps.push_back(found);
  }
  std::sort(steps.rbegin(), steps.rend());
  for (size_t i = 2; i < steps.size(); ++i) {
    std::string name = getFolderName(steps[i]);
    if (holdsMore(path + "/" + name))
      continue;
    ScrapFolder scrap = {path + "/" + scrapPrefixes[1] + name};
    if (::rename((path + "/" + name).c_str(), scrap.path.c_str()) != 0)
      failSystem("remove", path + "/" + name, errno);
  }
}

std::string findLatestCheckpoint(const std::string &folder) {
  std::string pointer = folder + "/latest";
  std::string name(MappedFile::open(pointer)->view());
  while (!name.empty() && (name.back() == '\n' || name.back() == '\r'))
    name.pop_back();
  if (parseFolderName(name) < 0)
    failInput("'" + pointer + "' is damaged: it does not name a checkpoint");
  if (!isDirectory(folder + "/" + name))
    failInput("'" + pointer + "' names '" + name + "', which is not there");
  return folder + "/" + name;
}

} // namespace hashc::runtime
