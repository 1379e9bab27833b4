//===- CheckReport.h - What check found -------------------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_RUNTIME_COMMANDS_CHECKREPORT_H
#define HASHC_RUNTIME_COMMANDS_CHECKREPORT_H

#include <string>
#include <vector>

namespace hashc::runtime {

/// One line of the table: an error measured against what is allowed.
struct CheckResult {
  std::string name;
  double error = 0, allowed = 0;
  std::string detail;
  bool skipped = false;
  bool passed() const { return skipped || error <= allowed; }
};

using CheckReport = std::vector<CheckResult>;

} // namespace hashc::runtime

#endif // HASHC_RUNTIME_COMMANDS_CHECKREPORT_H
