//===- Arguments.cpp - A kernel's arguments from the command line ---------===//
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

static void write(char *at, ElementType type, double value) {
  if (isInteger(type)) {
    const auto integer = static_cast<int64_t>(value);
    std::memcpy(at, &integer, getSize(type));
    return;
  }
  bool inexact;
  APFloat number(value);
  number.convert(type == ElementType::bf16 ? APFloat::BFloat()
                                           : APFloat::IEEEsingle(),
                 APFloat::rmNearestTiesToEven, &inexact);
  const uint64_t bits = number.bitcastToAPInt().getZExtValue();
  std::memcpy(at, &bits, getSize(type));
}

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
  const size_t size = getSize(type);
  auto set = [&](size_t i, double number) {
    write(data.data() + i * size, type, number);
  };
  if (value == "iota") {
    for (size_t i = 0; i < count; ++i)
      set(i, static_cast<double>(i));
    return Error::success();
  }
  if (value.consume_front("random")) {
    uint64_t seed = 0;
    if (!value.empty() &&
        (!value.consume_front(":") || value.getAsInteger(10, seed)))
      return createStringError("write 'random' or 'random:SEED'");
    for (size_t i = 0; i < count; ++i) {
      const uint64_t bits = runtime::mixInto(seed, i);
      set(i, isInteger(type) ? bits % 256 : int(bits % 17) / 8.0 - 1.0);
    }
    return Error::success();
  }
  SmallVector<StringRef> numbers;
  value.split(numbers, ',');
  if (numbers.size() != 1 && numbers.size() != count)
    return createStringError(Twine(numbers.size()) + " values for " +
                             Twine(count) + " elements");
  for (size_t i = 0; i < count; ++i) {
    double number;
    if (numbers[numbers.size() == 1 ? 0 : i].getAsDouble(number))
      return createStringError("'" + numbers[i] + "' is no number");
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
  if (parts.size() != 4 || parts[0].getAsInteger(10, result.mapped) ||
      !parseSizes(parts[1], map.height, map.width) ||
      !parseSizes(parts[2], boxHeight, boxWidth) ||
      parts[3].getAsInteger(10, map.swizzle) ||
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
  map.elementBytes = getSize(target.type);
  map.stride = map.width * map.elementBytes;
  map.data = target.data.data();
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
      result.count *= number;
    }
    result.shape = shape.str();
    if (!rest.consume_front("]"))
      return createStringError("'" + text + "' lacks a ']'");
    result.defined = rest.consume_front("=");
  } else if (!rest.consume_front(":")) {
    return createStringError("argument '" + text +
                             "' is a number, as in i32:5, or a buffer, as in "
                             "f32[64x32]=random");
  }
  result.data.resize(result.count * getSize(result.type));
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

void Argument::print(raw_ostream &os) const {
  const size_t size = getSize(type);
  os << getName(type) << '[' << shape << "] =";
  for (size_t i = 0; i < count; ++i)
    sim::print(os << ' ', data.data() + i * size, type);
  os << '\n';
}

} // namespace hashc::sim
