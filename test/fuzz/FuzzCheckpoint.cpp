//===- FuzzCheckpoint.cpp - Any bytes as a folder of checkpoints ----------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/checkpoint/Checkpoint.h"
#include "runtime/commands/Setup.h"
#include "runtime/support/Error.h"

#include <array>
#include <filesystem>
#include <fstream>

#include <unistd.h>

using namespace hashc::runtime;

/// The files of a run's folder, in the order they stand in the input.
static constexpr std::array<const char *, 5> files = {
    "step-000001/model.safetensors", "step-000001/optimizer.safetensors",
    "step-000001/state.json", "latest", "log.jsonl"};
static constexpr std::string_view fileEnd = "<end-of-file>";

namespace {
/// A run's folder, in memory where the system has such a place.
struct RunFolder {
  std::string path;

  RunFolder() {
    path = isDirectory("/dev/shm") ? "/dev/shm" : "/tmp";
    path += "/hashc-fuzz-" + std::to_string(getpid());
    makeDirectories(path + "/step-000001");
  }
  ~RunFolder() { std::filesystem::remove_all(path); }
  void write(std::string_view bytes) const {
    for (const char *name : files) {
      size_t end = bytes.find(fileEnd);
      std::ofstream(path + "/" + name, std::ios::binary)
          << bytes.substr(0, end);
      bytes.remove_prefix(end == std::string_view::npos ? bytes.size()
                                                        : end + fileEnd.size());
    }
  }
};
} // namespace

template <typename Run> static void expectUserError(Run run) {
  try {
    run();
  } catch (const UserError &) {
  }
}

/// All that resuming reads.
static void resume(const Checkpoint &checkpoint) {
  float weights[8];
  std::vector<ParamView> params = {{"w", DType::f32, {2, 2}, 4, weights}};
  ModelIdentity expected;
  expected.vocab = 256;
  expected.specHash = expected.modelHash = "0123456789abcdef";
  expectUserError([&] {
    checkCompatible(checkpoint, expected, {{"t", "random", "", 4, 2, 1, 7}},
                    Match::run);
  });
  expectUserError([&] { RunState::load(checkpoint); });
  expectUserError([&] { checkpoint.loadTokenizer(); });
  for (const auto &[name, info] : checkpoint.model.getTensors())
    if (name.size() > 1 && name[0] == '@')
      expectUserError([&, key = name.substr(1)] { checkpoint.loadTable(key); });
  expectUserError([&] { loadParams(checkpoint.model, params); });
  expectUserError([&] { importParams(checkpoint.model, params); });
  expectUserError([&] { loadMoments(checkpoint, params, params); });
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const RunFolder folder;
  folder.write({reinterpret_cast<const char *>(data), size});
  expectUserError([&] { resume(Checkpoint::open(folder.path)); });
  expectUserError(
      [&] { resume(Checkpoint::open(folder.path + "/step-000001")); });
  expectUserError([&] { checkLog(folder.path + "/log.jsonl"); });
  expectUserError([&] { trimLog(folder.path + "/log.jsonl", 3); });
  return 0;
}
