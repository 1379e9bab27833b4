//===- DType.h - Element types ----------------------------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_RUNTIME_SUPPORT_DTYPE_H
#define HASHC_RUNTIME_SUPPORT_DTYPE_H

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hashc::runtime {

enum class DType {
  f64,
  f32,
  f16,
  bf16,
  i64,
  i32,
  i16,
  i8,
  u64,
  u32,
  u16,
  u8,
  boolean
};

size_t sizeOf(DType type);
bool isFloat(DType type);
/// "f32", as the descriptor says it.
std::string_view getName(DType type);
/// "F32", as safetensors says it.
std::string_view getSafetensorsName(DType type);
/// Both spellings; false for an unknown one.
bool parseDType(std::string_view name, DType &type);

/// Converts between float types (round to nearest even). Same type: a copy.
void convertFloats(DType from, const void *source, DType to, void *target,
                   size_t count);

/// "[64, 256]".
std::string formatShape(const std::vector<int64_t> &shape);
/// The product; throws UserError when it does not fit.
int64_t countElements(const std::vector<int64_t> &shape);

} // namespace hashc::runtime

#endif // HASHC_RUNTIME_SUPPORT_DTYPE_H
