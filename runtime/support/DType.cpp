//===- DType.cpp - Element types ------------------------------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/support/DType.h"
#include "runtime/support/Error.h"

#include <cmath>
#include <cstring>

namespace hashc::runtime {

namespace {
struct Entry {
  DType type;
  size_t size;
  std::string_view name, safetensors;
};
} // namespace

static constexpr Entry entries[] = {
    {DType::f64, 8, "f64", "F64"},       {DType::f32, 4, "f32", "F32"},
    {DType::f16, 2, "f16", "F16"},       {DType::bf16, 2, "bf16", "BF16"},
    {DType::i64, 8, "i64", "I64"},       {DType::i32, 4, "i32", "I32"},
    {DType::i16, 2, "i16", "I16"},       {DType::i8, 1, "i8", "I8"},
    {DType::u64, 8, "u64", "U64"},       {DType::u32, 4, "u32", "U32"},
    {DType::u16, 2, "u16", "U16"},       {DType::u8, 1, "u8", "U8"},
    {DType::boolean, 1, "bool", "BOOL"},
};

static const Entry &getEntry(DType type) {
  return entries[static_cast<int>(type)];
}

size_t sizeOf(DType type) { return getEntry(type).size; }

bool isFloat(DType type) {
  return type == DType::f64 || type == DType::f32 || type == DType::f16 ||
         type == DType::bf16;
}

std::string_view getName(DType type) { return getEntry(type).name; }

std::string_view getSafetensorsName(DType type) {
  return getEntry(type).safetensors;
}

bool parseDType(std::string_view name, DType &type) {
  for (const Entry &entry : entries) {
    if (name == entry.name || name == entry.safetensors) {
      type = entry.type;
      return true;
    }
  }
  return false;
}

static float fromBits(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

static uint32_t toBits(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return bits;
}

static float fromHalf(uint16_t half) {
  uint32_t sign = uint32_t(half & 0x8000) << 16;
  uint32_t exponent = half >> 10 & 31, mantissa = half & 1023;
  if (exponent == 0) // zero or subnormal: mantissa * 2^-24
    return std::copysign(static_cast<float>(mantissa) * 0x1p-24f,
                         fromBits(sign));
  if (exponent == 31)
    return fromBits(sign | 0x7f800000 | mantissa << 13);
  return fromBits(sign | (exponent + 112) << 23 | mantissa << 13);
}

static uint16_t toBFloat(float value) {
  uint32_t bits = toBits(value);
  if (std::isnan(value))
    return static_cast<uint16_t>(bits >> 16 | 0x40);
  return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

template <typename T> static T readAt(const void *source, size_t i) {
  T value;
  std::memcpy(&value, static_cast<const char *>(source) + i * sizeof(T),
              sizeof(T));
  return value;
}

static double readFloat(DType type, const void *source, size_t i) {
  switch (type) {
  case DType::f64:
    return readAt<double>(source, i);
  case DType::f32:
    return static_cast<double>(readAt<float>(source, i));
  case DType::f16:
    return static_cast<double>(fromHalf(readAt<uint16_t>(source, i)));
  case DType::bf16:
    return static_cast<double>(
        fromBits(uint32_t(readAt<uint16_t>(source, i)) << 16));
  default:
    failInput("cannot read " + std::string(getName(type)) + " as a float");
  }
}

template <typename T> static void writeAt(void *target, size_t i, T value) {
  std::memcpy(static_cast<char *>(target) + i * sizeof(T), &value, sizeof(T));
}

void convertFloats(DType from, const void *source, DType to, void *target,
                   size_t count) {
  if (from == to) {
    std::memcpy(target, source, count * sizeOf(from));
    return;
  }
  for (size_t i = 0; i < count; ++i) {
    double value = readFloat(from, source, i);
    if (to == DType::f64)
      writeAt(target, i, value);
    else if (to == DType::f32)
      writeAt(target, i, static_cast<float>(value));
    else if (to == DType::bf16)
      writeAt(target, i, toBFloat(static_cast<float>(value)));
    else
      failInput("cannot convert floats to " + std::string(getName(to)));
  }
}

std::string formatShape(const std::vector<int64_t> &shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i)
    text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

int64_t countElements(const std::vector<int64_t> &shape) {
  int64_t count = 1;
  for (int64_t extent : shape)
    if (extent < 0 || __builtin_mul_overflow(count, extent, &count))
      failInput("shape " + formatShape(shape) + " is too large");
  return count;
}

} // namespace hashc::runtime
