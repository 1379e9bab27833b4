//===- Arguments.cpp - Arguments from the command line --------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Arguments.h"

#include "runtime/support/Hash.h"

#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <cstring>
#include <optional>

using namespace llvm;

namespace hashc::sim {

static std::optional<ElementType> getType(StringRef name) {
  return StringSwitch<std::optional<ElementType>>(name)
      .Case("i32", ElementType::i32)
      .Case("i64", ElementType::i64)
      .Case("f32", ElementType::f32)
      .Case("bf16", ElementType::bf16)
      .Default(std::nullopt);
}

static StringRef getName(ElementType type) {
  switch (type) {
  case ElementType::i32:
    return "i32";
  case ElementType::i64:
    return "i64";
  case ElementType::f32:
    return "f32";
  case ElementType::bf16:
    return "bf16";
  }
  llvm_unreachable("all types are named");
}

static size_t getSize(ElementType type) {
  switch (type) {
  case ElementType::i64:
    return 8;
  case ElementType::bf16:
    return 2;
  default:
    return 4;
  }
}

static bool isInteger(ElementType type) {
  return type == ElementType::i32 || type == ElementType::i64;
}

static void write(char *at, ElementType type, int64_t value) {
  std::memcpy(at, &value, getSize(type));
}

static void write(char *at, ElementType type, double value) {
  bool inexact;
  APFloat number(value);
  number.convert(type == ElementType::bf16 ? APFloat::BFloat()
                                           : APFloat::IEEEsingle(),
                 APFloat::rmNearestTiesToEven, &inexact);
  const uint64_t bits = number.bitcastToAPInt().getZExtValue();
  std::memcpy(at, &bits, getSize(type));
}

/// Elements that a test needs; more would be a mistake.
constexpr size_t kMaxElements = 1 << 28;

static void print(raw_ostream &os, const char *at, ElementType type) {
  uint64_t bits = 0;
  std::memcpy(&bits, at, getSize(type));
  if (type == ElementType::bf16)
    bits <<= 16;
  if (type == ElementType::i64)
    os << static_cast<int64_t>(bits);
  else if (type == ElementType::i32)
    os << static_cast<int32_t>(bits);
  else
    os << format("%g", APInt(32, bits).bitsToFloat());
}

Error Argument::fill(StringRef value) {
  const size_t size = sim::getSize(type);
  auto set = [&](size_t i, auto number) {
    char *at = data.data() + i * size;
    if (isInteger(type))
      write(at, type, static_cast<int64_t>(number));
    else
      write(at, type, static_cast<double>(number));
  };
  if (value == "iota") {
    for (size_t i = 0; i < count; ++i)
      set(i, i);
    return Error::success();
  }
  if (value.consume_front("random")) {
    uint64_t seed = 0;
    if (!value.empty() &&
        (!value.consume_front(":") || value.getAsInteger(10, seed)))
      return createStringError("write 'random' or 'random:SEED'");
    for (size_t i = 0; i < count; ++i) {
      const uint64_t bits = runtime::mixInto(seed, i);
      if (isInteger(type))
        set(i, bits % 256);
      else
        set(i, static_cast<int>(bits % 17) / 8.0 - 1.0);
    }
    return Error::success();
  }
  SmallVector<StringRef> numbers;
  value.split(numbers, ',');
  if (numbers.size() != 1 && numbers.size() != count)
    return createStringError(Twine(numbers.size()) + " values for " +
                             Twine(count) + " elements");
  for (size_t i = 0; i < count; ++i) {
    StringRef text = numbers[numbers.size() == 1 ? 0 : i];
    int64_t integer;
    double number;
    if (isInteger(type)
            ? text.getAsInteger(10, integer) || !isIntN(size * 8, integer)
            : text.getAsDouble(number))
      return createStringError("'" + text + "' is no number of type " +
                               getName(type));
    if (isInteger(type))
      set(i, integer);
    else
      set(i, number);
  }
  return Error::success();
}

/// "64x32": two sizes.
static bool parseSizes(StringRef text, uint64_t &first, uint64_t &second) {
  auto [left, right] = text.split('x');
  return !left.getAsInteger(10, first) && !right.getAsInteger(10, second);
}

Expected<Argument> Argument::parseMap(StringRef text) {
  Argument result;
  result.isMap = true;
  SmallVector<StringRef> parts;
  text.split(parts, ',');
  TensorMap &map = result.map;
  uint64_t boxHeight, boxWidth;
  constexpr uint64_t kMaxSide = 1 << 30;
  if (parts.size() != 4 || parts[0].getAsInteger(10, result.mapped) ||
      !parseSizes(parts[1], map.height, map.width) ||
      !parseSizes(parts[2], boxHeight, boxWidth) ||
      parts[3].getAsInteger(10, map.swizzle) ||
      std::max({map.height, map.width, boxHeight, boxWidth}) > kMaxSide ||
      (map.swizzle != 0 && map.swizzle != 32 && map.swizzle != 64 &&
       map.swizzle != 128))
    return createStringError(
        "argument 'map:" + text +
        "' is like map:ARGUMENT,ROWSxCOLUMNS,ROWSxCOLUMNS of a box,SWIZZLE, "
        "which is 0, 32, 64 or 128 bytes");
  map.boxHeight = boxHeight;
  map.boxWidth = boxWidth;
  return result;
}

Error Argument::resolve(std::vector<Argument> &arguments) {
  if (!isMap)
    return Error::success();
  if (mapped >= arguments.size() || !arguments[mapped].buffer)
    return createStringError("a map is of a buffer, and argument " +
                             Twine(mapped) + " is none");
  Argument &target = arguments[mapped];
  map.elementBytes = sim::getSize(target.type);
  map.stride = map.width * map.elementBytes;
  map.data = target.data.data();
  if (map.stride % 16 != 0)
    return createStringError("rows of " + Twine(map.stride) +
                             " bytes, and the engine wants a multiple of 16");
  if (map.height * map.stride > target.data.size())
    return createStringError("a map of more than argument " + Twine(mapped) +
                             " has");
  return Error::success();
}

Expected<Argument> Argument::parse(StringRef text) {
  if (text.starts_with("map:"))
    return parseMap(text.drop_front(4));
  Argument result;
  StringRef name = text.take_while(isAlnum);
  StringRef rest = text.drop_front(name.size());
  std::optional<ElementType> type = getType(name);
  if (!type)
    return createStringError("argument '" + text +
                             "' begins with i32, i64, f32 or bf16");
  result.type = *type;
  if (rest.consume_front("[")) {
    result.buffer = true;
    StringRef shape = rest.take_until([](char c) { return c == ']'; });
    rest = rest.drop_front(shape.size());
    SmallVector<StringRef> sizes;
    shape.split(sizes, 'x');
    for (StringRef size : sizes) {
      size_t number;
      if (size.getAsInteger(10, number) || number == 0)
        return createStringError("the shape of '" + text +
                                 "' is like [128] or [64x32]");
      if (number > kMaxElements / result.count)
        return createStringError("'" + text + "' has more than " +
                                 Twine(kMaxElements) + " elements");
      result.count *= number;
    }
    result.shape = shape.str();
    if (!rest.consume_front("]"))
      return createStringError("'" + text + "' lacks a ']'");
    result.defined = rest.consume_front("=");
    if (!result.defined && !rest.empty())
      return createStringError("'" + text + "' lacks a '=' before its values");
  } else if (rest.consume_front(":")) {
    result.count = rest.count(',') + 1;
  } else {
    return createStringError("argument '" + text +
                             "' is a number, as in i32:5, or a buffer, as in "
                             "f32[64x32]=random");
  }
  result.data.resize(result.count * sim::getSize(result.type));
  if (result.defined)
    if (Error error = result.fill(rest))
      return createStringError("argument '" + text +
                               "': " + toString(std::move(error)));
  result.initial = result.data;
  return result;
}

void *Argument::getAddress() {
  if (isMap)
    return &map;
  if (!buffer)
    return data.data();
  address = data.data();
  return &address;
}

size_t Argument::getSize() const {
  if (isMap)
    return kTensorMapBytes;
  return buffer ? sizeof(void *) : data.size();
}

void Argument::printElement(raw_ostream &os, size_t index) const {
  sim::print(os, data.data() + index * sim::getSize(type), type);
}

void Argument::print(raw_ostream &os) const {
  os << getName(type) << '[' << shape << "] =";
  for (size_t i = 0; i < count; ++i)
    printElement(os << ' ', i);
  os << '\n';
}

std::optional<size_t> Argument::findDifference(const Argument &other) const {
  auto [here, there] =
      std::mismatch(data.begin(), data.end(), other.data.begin());
  if (here == data.end())
    return std::nullopt;
  return (here - data.begin()) / sim::getSize(type);
}

bool Argument::isPending(size_t index) const {
  uint32_t bits;
  if (type != ElementType::f32)
    return false;
  std::memcpy(&bits, data.data() + index * sizeof(bits), sizeof(bits));
  return (bits & 0xffc00000) == 0xff800000 && (bits & 0x3fffff) != 0;
}

} // namespace hashc::sim
