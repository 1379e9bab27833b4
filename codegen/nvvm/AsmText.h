//===- AsmText.h - The text of inline assembly ------------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_CODEGEN_NVVM_ASMTEXT_H
#define HASHC_CODEGEN_NVVM_ASMTEXT_H

#include <cstdint>
#include <string>

namespace hashc::nvvm {

/// "$from, $(from + 1), ...", `count` of them.
inline std::string listOperands(int64_t from, int64_t count) {
  std::string text;
  for (int64_t i = from; i < from + count; ++i)
    text += (i == from ? "$" : ", $") + std::to_string(i);
  return text;
}

} // namespace hashc::nvvm

#endif // HASHC_CODEGEN_NVVM_ASMTEXT_H
