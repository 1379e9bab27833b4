//===- FuzzSafetensors.cpp - Any bytes as a checkpoint or a table ---------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FuzzFile.h"
#include "runtime/checkpoint/Checkpoint.h"
#include "runtime/support/Error.h"

using namespace hashc::runtime;

/// Reads every byte of every tensor, so that the sanitizer sees a bad range.
static void readAll(const SafetensorsFile &file) {
  volatile unsigned char sum = 0;
  for (const auto &[name, info] : file.getTensors())
    for (size_t i = 0; i < info.size; ++i)
      sum = sum + static_cast<const unsigned char *>(file.getData(info))[i];
}

static void useCheckpoint(const std::string &path) {
  Checkpoint checkpoint = Checkpoint::open(path);
  float weights[8];
  ParamView param = {"w", DType::f32, {2, 2}, 4, weights};
  for (const auto &[name, info] : checkpoint.model.getTensors())
    if (name.size() > 1 && name[0] == '@')
      checkpoint.loadTable(name.substr(1));
  checkpoint.loadTokenizer();
  importParams(checkpoint.model, {param});
}

template <typename Run> static void expectUserError(Run run) {
  try {
    run();
  } catch (const UserError &) {
  }
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::string_view bytes(reinterpret_cast<const char *>(data), size);
  expectUserError([&] { readAll(SafetensorsFile::parse(bytes, "input")); });
  hashc::fuzz::FuzzFile file(bytes);
  expectUserError([&] { useCheckpoint(file.getPath()); });
  expectUserError(
      [&] { loadTable({"t", "file", file.getPath(), 4, 3, 2, 0}); });
  return 0;
}
