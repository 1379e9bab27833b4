//===- PairLines.h - Files of lines with two texts --------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_RUNTIME_DATA_PAIRLINES_H
#define HASHC_RUNTIME_DATA_PAIRLINES_H

#include "runtime/data/Text.h"

#include <vector>

namespace hashc::runtime {

/// One line, without its end.
struct PairLine {
  std::string_view source, target;
};

/// A UTF-8 file, mapped: in each line a source, a tab and a target, none of
/// them empty. Lines end with LF or CR LF.
struct PairFile {
  Text text;
  std::vector<PairLine> lines;
};

/// UserError with the number of the first line that is no pair.
PairFile openPairFile(const std::string &path);

} // namespace hashc::runtime

#endif // HASHC_RUNTIME_DATA_PAIRLINES_H
