//===- Symbols.h - What translated kernels call, by name --------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_RUNTIME_SIMULATOR_SYMBOLS_H
#define HASHC_RUNTIME_SIMULATOR_SYMBOLS_H

#include <string>
#include <vector>

namespace hashc::sim {

struct Symbol {
  std::string name;
  void *address;
};

/// For whoever loads kernels into a process that has the simulator in it.
std::vector<Symbol> getSymbols();

} // namespace hashc::sim

#endif // HASHC_RUNTIME_SIMULATOR_SYMBOLS_H
