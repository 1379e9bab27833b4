//===- TableFile.cpp - Tables someone else made ---------------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/checkpoint/Checkpoint.h"
#include "runtime/support/Error.h"
#include "runtime/support/Hash.h"
#include "runtime/tables/Table.h"

#include <cstring>

namespace hashc::runtime {

/// The named tensor, or the only one that can be a table: integers of rank 1 or
/// 2; among several, the only one called tid2eid.
static const TensorInfo &chooseTensor(const SafetensorsFile &file,
                                      const std::string &name) {
  std::vector<std::string> all;
  for (const auto &[key, info] : file.getTensors())
    all.push_back(key);
  if (!name.empty())
    return file.require(name);
  std::vector<const TensorInfo *> tables, named;
  for (const auto &[key, info] : file.getTensors()) {
    size_t rank = info.shape.size();
    if (isFloat(info.type) || rank < 1 || rank > 2)
      continue;
    tables.push_back(&info);
    if (key.size() >= 7 && key.compare(key.size() - 7, 7, "tid2eid") == 0)
      named.push_back(&info);
  }
  if (tables.size() == 1)
    return *tables[0];
  if (named.size() == 1)
    return *named[0];
  if (tables.empty() && all.size() == 1)
    return file.getTensors().begin()->second; // its type is refused by name
  if (tables.empty())
    failInput("'" + file.getName() +
              "' holds no routing table (an int32 or int64 tensor of one row a "
              "token)");
  std::string list;
  for (const TensorInfo *info : tables)
    list += (list.empty() ? "" : ", ") + info->name;
  failInput("'" + file.getName() + "' holds several tables (" + list +
            "); choose one as \"" + file.getName() + "#NAME\"");
}

std::string getTablePath(const TableSettings &settings) {
  return settings.file.substr(0, settings.file.rfind('#'));
}

std::string getTensorName(const TableSettings &settings) {
  size_t hash = settings.file.rfind('#');
  return hash == std::string::npos ? "" : settings.file.substr(hash + 1);
}

TableTensor readTable(const TableSettings &settings) {
  std::string path = findModelFile(getTablePath(settings));
  SafetensorsFile file = SafetensorsFile::open(path);
  const TensorInfo &info = chooseTensor(file, getTensorName(settings));
  TableTensor tensor;
  tensor.what = "table '" + info.name + "' in '" + path + "'";
  tensor.type = info.type;
  tensor.storedShape = tensor.shape = info.shape;
  if (info.type != DType::i32 && info.type != DType::i64)
    failInput(tensor.what + " is of type " + std::string(getName(info.type)) +
              "; expert numbers must be stored as i32 or i64");
  if (tensor.shape.size() == 1)
    tensor.shape.push_back(1);
  if (tensor.shape.size() != 2 || countElements(tensor.shape) == 0)
    failInput(tensor.what + " has shape " + formatShape(info.shape) +
              "; a table has a row of experts for each token");
  tensor.entries.resize(countElements(tensor.shape));
  const char *bytes = static_cast<const char *>(file.getData(info));
  for (size_t i = 0; i < tensor.entries.size(); ++i) {
    if (info.type == DType::i64) {
      std::memcpy(&tensor.entries[i], bytes + i * 8, 8);
      continue;
    }
    int32_t narrow;
    std::memcpy(&narrow, bytes + i * 4, 4);
    tensor.entries[i] = narrow;
  }
  return tensor;
}

Table makeTable(const TableTensor &tensor, const TableSettings &settings) {
  Table table;
  table.name = settings.name;
  table.algorithm = settings.algorithm;
  table.vocab = tensor.shape[0];
  table.groups = settings.groups;
  table.k = tensor.shape[1];
  table.entries.resize(tensor.entries.size());
  for (size_t i = 0; i < table.entries.size(); ++i) {
    int64_t expert = tensor.entries[i];
    if (expert < 0 || expert >= settings.groups)
      failInput(tensor.what + ": the row of token " +
                std::to_string(i / table.k) + " names expert " +
                std::to_string(expert) + "; experts are 0 to " +
                std::to_string(settings.groups - 1));
    table.entries[i] = static_cast<int32_t>(expert);
  }
  checkTable(table, tensor.what);
  return table;
}

Table loadTable(const TableSettings &settings) {
  TableTensor tensor = readTable(settings);
  const std::vector<int64_t> &shape = tensor.shape;
  if (shape != std::vector<int64_t>{settings.vocab, settings.k})
    failInput(tensor.what + " has shape " + formatShape(tensor.storedShape) +
              ", but the model's has " +
              formatShape({settings.vocab, settings.k}) +
              (shape[0] == settings.vocab
                   ? ": write top = " + std::to_string(shape[1])
                   : ""));
  return makeTable(tensor, settings);
}

void saveTable(const std::string &path, const Table &table, DType type,
               const std::string &name) {
  std::map<std::string, std::string> metadata = {
      // What loaders of the Hugging Face libraries ask for.
      {"format", "pt"},
      {"builder", table.algorithm},
      {"experts", std::to_string(table.groups)},
      {"checksum", toHex(table.getChecksum())}};
  if (table.seed)
    metadata["seed"] = std::to_string(*table.seed);
  auto fill = [&](void *target) {
    if (type == DType::i32) {
      std::memcpy(target, table.entries.data(), table.entries.size() * 4);
      return;
    }
    std::vector<int64_t> wide(table.entries.begin(), table.entries.end());
    std::memcpy(target, wide.data(), wide.size() * 8);
  };
  writeSafetensors(path, metadata,
                   {{name, type, {table.vocab, table.k}, fill}});
}

} // namespace hashc::runtime
