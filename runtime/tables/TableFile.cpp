//===- TableFile.cpp - Tables someone else made ---------------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/checkpoint/Safetensors.h"
#include "runtime/support/Error.h"
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

Table loadTable(const TableSettings &settings) {
  std::string path = getTablePath(settings);
  SafetensorsFile file = SafetensorsFile::open(path);
  const TensorInfo &info = chooseTensor(file, getTensorName(settings));
  std::string what = "table '" + info.name + "' in '" + path + "'";
  if (info.type != DType::i32 && info.type != DType::i64)
    failInput(what + " is of type " + std::string(getName(info.type)) +
              "; expert numbers must be stored as i32 or i64");
  std::vector<int64_t> shape = info.shape;
  if (shape.size() == 1)
    shape.push_back(1);
  if (shape != std::vector<int64_t>{settings.vocab, settings.k})
    failInput(what + " has shape " + formatShape(info.shape) +
              ", but the model's has " +
              formatShape({settings.vocab, settings.k}) +
              (shape.size() == 2 && shape[0] == settings.vocab
                   ? ": write top = " + std::to_string(shape[1])
                   : ""));

  Table table;
  table.name = settings.name;
  table.algorithm = settings.algorithm;
  table.vocab = settings.vocab;
  table.groups = settings.groups;
  table.k = settings.k;
  table.entries.resize(countElements(shape));
  const char *bytes = static_cast<const char *>(file.getData(info));
  for (size_t i = 0; i < table.entries.size(); ++i) {
    int64_t expert;
    if (info.type == DType::i64) {
      std::memcpy(&expert, bytes + i * 8, 8);
    } else {
      int32_t narrow;
      std::memcpy(&narrow, bytes + i * 4, 4);
      expert = narrow;
    }
    if (expert < 0 || expert >= settings.groups)
      failInput(what + ": the row of token " + std::to_string(i / settings.k) +
                " names expert " + std::to_string(expert) +
                "; experts are 0 to " + std::to_string(settings.groups - 1));
    table.entries[i] = static_cast<int32_t>(expert);
  }
  checkTable(table, what);
  return table;
}

} // namespace hashc::runtime
