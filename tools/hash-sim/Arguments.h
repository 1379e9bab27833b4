//===- Arguments.h - Arguments from the command line ------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_TOOLS_HASHSIM_ARGUMENTS_H
#define HASHC_TOOLS_HASHSIM_ARGUMENTS_H

#include "runtime/simulator/Simulator.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace hashc::sim {

enum class ElementType { i32, i64, f32, bf16 };

/// One argument: `i32:5`, `f32:0.5` are numbers and `i32:1,2,3` is a structure
/// of them; `f32[128]=iota` is a buffer
/// with a value, `f32[128]` one that the kernel is to write;
/// `map:1,256x64,64x64,128` says how the copy engine finds boxes of 64 rows and
/// 64 columns in argument 1, 256 rows of 64 elements, swizzled by 128 bytes.
///
/// Values are `iota` (0, 1, 2, ...), `random` or `random:SEED` (multiples of
/// 1/8 in -1..1; integers: 0..255), a list `1,2,3`, or one number for all.
class Argument {
public:
  static llvm::Expected<Argument> parse(llvm::StringRef text);

  /// Where the argument lies, as a launch takes it: the number, the map, or the
  /// buffer's address.
  void *getAddress();
  /// Maps point into other arguments.
  llvm::Error resolve(std::vector<Argument> &arguments);
  bool isBuffer() const { return buffer; }
  bool isDefined() const { return defined; }
  std::vector<char> &getData() { return data; }
  /// As a parameter of a kernel, in bytes.
  size_t getSize() const;
  /// As it was parsed.
  void reset() { data = initial; }
  void print(llvm::raw_ostream &os) const;
  void printElement(llvm::raw_ostream &os, size_t index) const;
  /// The first element that is another one there.
  std::optional<size_t> findDifference(const Argument &other) const;
  /// True if the element is what tensor cores have not given yet.
  bool isPending(size_t index) const;

private:
  static llvm::Expected<Argument> parseMap(llvm::StringRef text);
  llvm::Error fill(llvm::StringRef value);

  ElementType type = ElementType::i32;
  bool buffer = false, defined = true;
  std::string shape;
  size_t count = 1;
  std::vector<char> data, initial;
  void *address = nullptr;
  bool isMap = false;
  size_t mapped = 0; // the argument
  union {
    TensorMap map = {};
    char mapBytes[kTensorMapBytes];
  };
};

} // namespace hashc::sim

#endif // HASHC_TOOLS_HASHSIM_ARGUMENTS_H
