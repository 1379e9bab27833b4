//===- PairLines.cpp - Files of lines with two texts ----------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/data/PairLines.h"
#include "runtime/support/Error.h"

#include <algorithm>

namespace hashc::runtime {

/// The two texts of a line; UserError with `where` if it has not two.
static PairLine splitLine(std::string_view line, const std::string &where) {
  if (!line.empty() && line.back() == '\r')
    line.remove_suffix(1);
  if (line.empty())
    failInput(where + " is empty: a line is a source, a tab and a target");
  auto tabs = std::count(line.begin(), line.end(), '\t');
  if (tabs != 1)
    failInput(where + " has " +
              (tabs == 0 ? "no tab" : std::to_string(tabs) + " tabs") +
              ": a line is a source, a tab and a target");
  size_t tab = line.find('\t');
  PairLine pair = {line.substr(0, tab), line.substr(tab + 1)};
  if (pair.source.empty() || pair.target.empty())
    failInput(where + " has no " +
              (pair.source.empty() ? "source before" : "target behind") +
              " its tab");
  return pair;
}

PairFile openPairFile(const std::string &path) {
  PairFile file = {openText(path), {}};
  std::string_view rest = file.text.bytes;
  while (!rest.empty()) {
    size_t end = std::min(rest.find('\n'), rest.size());
    std::string where =
        "'" + path + "': line " + std::to_string(file.lines.size() + 1);
    file.lines.push_back(splitLine(rest.substr(0, end), where));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return file;
}

} // namespace hashc::runtime
