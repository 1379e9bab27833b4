//===- Arguments.cpp - A kernel's arguments from a command line -----------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/kernel/Arguments.h"

#include "runtime/support/Error.h"
#include "runtime/support/Hash.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

using hashc::runtime::DType;

namespace hashc::kernel {

/// Elements that a test needs; more would be a mistake.
constexpr size_t kMaxElements = 1 << 28;

[[noreturn]] static void fail(const std::string &what) {
  runtime::failUsage(what);
}

static std::string quote(std::string_view text) {
  return "'" + std::string(text) + "'";
}

static std::vector<std::string_view> split(std::string_view text, char by) {
  std::vector<std::string_view> parts;
  for (size_t end; (end = text.find(by)) != text.npos;) {
    parts.push_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  parts.push_back(text);
  return parts;
}

static bool consume(std::string_view &text, std::string_view prefix) {
  if (text.substr(0, prefix.size()) != prefix)
    return false;
  text.remove_prefix(prefix.size());
  return true;
}

template <typename Number>
static bool parseNumber(std::string_view text, Number &number) {
  const char *end = text.data() + text.size();
  auto [rest, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && rest == end;
}

static int64_t extendSign(uint64_t number, size_t bytes) {
  const int unused = 64 - 8 * static_cast<int>(bytes);
  return static_cast<int64_t>(number << unused) >> unused;
}

static std::optional<DType> getType(std::string_view name) {
  for (DType type : {DType::i16, DType::i32, DType::i64, DType::bf16,
                     DType::f32, DType::f64})
    if (name == runtime::getName(type))
      return type;
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

void Argument::set(size_t index, int64_t number) {
  if (isFloat(type))
    return set(index, static_cast<double>(number));
  std::memcpy(data.data() + index * sizeOf(type), &number, sizeOf(type));
}

void Argument::set(size_t index, double number) {
  convertFloats(DType::f64, &number, type, data.data() + index * sizeOf(type),
                1);
}

void Argument::fillRandom(uint64_t seed) {
  for (size_t i = 0; i < count; ++i) {
    const uint64_t bits = runtime::mixInto(seed, i);
    if (isFloat(type))
      set(i, static_cast<int>(bits % 17) / 8.0 - 1.0);
    else
      set(i, static_cast<int64_t>(bits % 256));
  }
}

void Argument::fillList(std::string_view value) {
  const std::vector<std::string_view> numbers = split(value, ',');
  if (numbers.size() != 1 && numbers.size() != count)
    fail(std::to_string(numbers.size()) + " values for " +
         std::to_string(count) + " elements");
  for (size_t i = 0; i < count; ++i) {
    std::string_view text = numbers[numbers.size() == 1 ? 0 : i];
    int64_t integer;
    double number;
    if (isFloat(type) && parseNumber(text, number))
      set(i, number);
    else if (!isFloat(type) && parseNumber(text, integer) &&
             extendSign(integer, sizeOf(type)) == integer)
      set(i, integer);
    else
      fail(quote(text) + " is no number of type " +
           std::string(runtime::getName(type)));
  }
}

void Argument::fill(std::string_view value) {
  uint64_t seed = 0;
  if (value == "iota") {
    for (size_t i = 0; i < count; ++i)
      set(i, static_cast<int64_t>(i));
  } else if (consume(value, "random")) {
    if (!value.empty() && (!consume(value, ":") || !parseNumber(value, seed)))
      fail("write 'random' or 'random:SEED'");
    fillRandom(seed);
  } else {
    fillList(value);
  }
}

//===----------------------------------------------------------------------===//
// Arguments
//===----------------------------------------------------------------------===//

/// "64x32": two sizes.
static bool parseSizes(std::string_view text, uint64_t &first,
                       uint64_t &second) {
  const std::vector<std::string_view> sizes = split(text, 'x');
  return sizes.size() == 2 && parseNumber(sizes[0], first) &&
         parseNumber(sizes[1], second);
}

void Argument::parseMap(std::string_view text) {
  constexpr uint64_t kMaxSide = 1 << 30;
  const std::vector<std::string_view> parts = split(text, ',');
  kind = Kind::map;
  if (parts.size() != 4 || !parseNumber(parts[0], boxed.argument) ||
      !parseSizes(parts[1], boxed.rows, boxed.columns) ||
      !parseSizes(parts[2], boxed.boxRows, boxed.boxColumns) ||
      !parseNumber(parts[3], boxed.swizzle) ||
      std::max({boxed.rows, boxed.columns, boxed.boxRows, boxed.boxColumns}) >
          kMaxSide ||
      (boxed.swizzle != 0 && boxed.swizzle != 32 && boxed.swizzle != 64 &&
       boxed.swizzle != 128))
    fail("argument 'map:" + std::string(text) +
         "' is like map:ARGUMENT,ROWSxCOLUMNS,ROWSxCOLUMNS of a box,SWIZZLE, "
         "which is 0, 32, 64 or 128 bytes");
}

void Argument::resolve(std::vector<Argument> &arguments) {
  if (kind != Kind::map)
    return;
  if (boxed.argument >= arguments.size() ||
      !arguments[boxed.argument].isBuffer())
    fail("a map is of a buffer, and argument " +
         std::to_string(boxed.argument) + " is none");
  const Argument &target = arguments[boxed.argument];
  boxed.type = target.type;
  const uint64_t stride = boxed.columns * sizeOf(boxed.type);
  if (stride % 16 != 0)
    fail("rows of " + std::to_string(stride) +
         " bytes, and the engine wants a multiple of 16");
  if (boxed.rows * stride > target.data.size())
    fail("a map of more than argument " + std::to_string(boxed.argument) +
         " has");
}

void Argument::parseShape(std::string_view text) {
  const size_t begin = text.find('['), end = text.find(']');
  kind = Kind::buffer;
  shape = text.substr(begin + 1, std::min(end, text.size()) - begin - 1);
  for (std::string_view size : split(shape, 'x')) {
    size_t number;
    if (!parseNumber(size, number) || number == 0)
      fail("the shape of " + quote(text) + " is like [128] or [64x32]");
    if (number > kMaxElements / count)
      fail(quote(text) + " has more than " + std::to_string(kMaxElements) +
           " elements");
    count *= number;
  }
  if (end == text.npos)
    fail(quote(text) + " lacks a ']'");
}

Argument::Argument(std::string_view text) {
  if (std::string_view rest = text; consume(rest, "map:")) {
    parseMap(rest);
    return;
  }
  std::string_view rest =
      text.substr(std::min(text.find_first_of("[:="), text.size()));
  std::optional<DType> found =
      getType(text.substr(0, text.size() - rest.size()));
  if (!found)
    fail("argument " + quote(text) +
         " begins with i16, i32, i64, bf16, f32 or f64");
  type = *found;
  if (rest.substr(0, 1) == "[") {
    parseShape(text);
    rest.remove_prefix(rest.find(']') + 1);
    defined = consume(rest, "=");
    if (!defined && !rest.empty())
      fail(quote(text) + " lacks a '=' before its values");
  } else if (consume(rest, ":")) {
    count = split(rest, ',').size();
  } else {
    fail("argument " + quote(text) +
         " is a number, as in i32:5, or a buffer, as in f32[64x32]=random");
  }
  data.resize(count * sizeOf(type));
  try {
    if (defined)
      fill(rest);
  } catch (const runtime::UserError &error) {
    fail("argument " + quote(text) + ": " + error.what());
  }
  initial = data;
}

const BoxedMatrix *Argument::getBoxed() const {
  return kind == Kind::map ? &boxed : nullptr;
}

size_t Argument::getSize() const {
  if (kind == Kind::map)
    return kMapBytes;
  return isBuffer() ? sizeof(void *) : data.size();
}

std::optional<size_t> Argument::findDifference(const Argument &other) const {
  auto [here, there] =
      std::mismatch(data.begin(), data.end(), other.data.begin());
  if (here == data.end())
    return std::nullopt;
  return (here - data.begin()) / sizeOf(type);
}

bool Argument::isPending(size_t index) const {
  uint32_t bits;
  if (type != DType::f32)
    return false;
  std::memcpy(&bits, data.data() + index * sizeof(bits), sizeof(bits));
  return (bits & 0xffc00000) == 0xff800000 && (bits & 0x3fffff) != 0;
}

std::vector<Argument> parseArguments(const std::vector<std::string> &texts) {
  std::vector<Argument> arguments;
  for (const std::string &text : texts)
    arguments.emplace_back(text);
  for (size_t i = 0; i < texts.size(); ++i)
    try {
      arguments[i].resolve(arguments);
    } catch (const runtime::UserError &error) {
      fail("argument " + std::to_string(i) + ", " + quote(texts[i]) + ": " +
           error.what());
    }
  return arguments;
}

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

/// A NaN has no sign here: which one it gets is the machine's.
template <typename Float> static std::string formatFloat(Float number) {
  if (std::isnan(number))
    return "nan";
  char text[32];
  return std::string(text, std::to_chars(text, std::end(text), number).ptr);
}

std::string Argument::formatElement(size_t index) const {
  const char *at = data.data() + index * sizeOf(type);
  if (isFloat(type)) {
    double number;
    convertFloats(type, at, DType::f64, &number, 1);
    return type == DType::f64 ? formatFloat(number)
                              : formatFloat(static_cast<float>(number));
  }
  int64_t integer = 0;
  std::memcpy(&integer, at, sizeOf(type));
  return std::to_string(extendSign(integer, sizeOf(type)));
}

std::string Argument::format() const {
  std::string text = std::string(runtime::getName(type)) + '[' + shape + "] =";
  for (size_t i = 0; i < count; ++i)
    text += ' ' + formatElement(i);
  return text;
}

std::string formatResults(const std::vector<Argument> &arguments) {
  std::string text;
  for (size_t i = 0; i < arguments.size(); ++i)
    if (arguments[i].isBuffer() && !arguments[i].isDefined())
      text +=
          "argument " + std::to_string(i) + ": " + arguments[i].format() + '\n';
  return text;
}

} // namespace hashc::kernel
