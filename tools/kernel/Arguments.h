//===- Arguments.h - A kernel's arguments from a command line ---*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_TOOLS_KERNEL_ARGUMENTS_H
#define HASHC_TOOLS_KERNEL_ARGUMENTS_H

#include "runtime/support/DType.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hashc::kernel {

/// A matrix of which the copy engine brings boxes.
struct BoxedMatrix {
  uint64_t argument = 0; // the buffer that has it
  uint64_t rows = 0, columns = 0;
  uint64_t boxRows = 0, boxColumns = 0;
  uint64_t swizzle = 0; // bytes
  runtime::DType type = runtime::DType::bf16;
};

/// What a map has as a parameter of a kernel.
constexpr size_t kMapBytes = 128;

/// One argument: `i32:5`, `f32:0.5` are numbers and `i32:1,2,3` is a structure
/// of them; `f32[128]=iota` is a buffer with a value, `f32[128]` one that the
/// kernel is to write; `map:1,256x64,64x64,128` says how the copy engine finds
/// boxes of 64 rows and 64 columns in argument 1, 256 rows of 64 elements,
/// swizzled by 128 bytes.
///
/// Values are `iota` (0, 1, 2, ...), `random` or `random:SEED` (multiples of
/// 1/8 in -1..1; integers: 0..255), a list `1,2,3`, or one number for all.
class Argument {
public:
  /// Fails with what is wrong with the text.
  explicit Argument(std::string_view text);

  bool isBuffer() const { return kind == Kind::buffer; }
  /// Null if the argument is no map.
  const BoxedMatrix *getBoxed() const;
  bool isDefined() const { return defined; }
  /// Of a number or a buffer.
  std::vector<char> &getData() { return data; }
  /// As a parameter of a kernel, in bytes.
  size_t getSize() const;
  /// As it was parsed.
  void reset() { data = initial; }
  /// All elements, each as the shortest text that is no other number's.
  std::string format() const;
  std::string formatElement(size_t index) const;
  /// The first element that is another one there.
  std::optional<size_t> findDifference(const Argument &other) const;
  /// True if the element is what tensor cores have not given yet.
  bool isPending(size_t index) const;

private:
  friend std::vector<Argument>
  parseArguments(const std::vector<std::string> &texts);

  enum class Kind { number, buffer, map };

  void parseMap(std::string_view text);
  void parseShape(std::string_view text);
  /// Fails with what is wrong, without the argument's text.
  void fill(std::string_view value);
  void fillRandom(uint64_t seed);
  void fillList(std::string_view value);
  void set(size_t index, int64_t number);
  void set(size_t index, double number);
  /// Maps are of other arguments.
  void resolve(std::vector<Argument> &arguments);

  Kind kind = Kind::number;
  runtime::DType type = runtime::DType::i32;
  bool defined = true;
  std::string shape;
  size_t count = 1;
  std::vector<char> data, initial;
  BoxedMatrix boxed;
};

std::vector<Argument> parseArguments(const std::vector<std::string> &texts);

/// What the kernel was to write, a line each.
std::string formatResults(const std::vector<Argument> &arguments);

} // namespace hashc::kernel

#endif // HASHC_TOOLS_KERNEL_ARGUMENTS_H
