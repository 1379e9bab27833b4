//===- SimulateAsm.h - Inline assembly that is known ------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_CODEGEN_NVVM_SIMULATEASM_H
#define HASHC_CODEGEN_NVVM_SIMULATEASM_H

#include "llvm/ADT/SmallVector.h"
#include "llvm/IR/InstrTypes.h"

#include <optional>
#include <string>

namespace hashc::nvvm {

/// What a piece of inline assembly is.
struct KnownAsm {
  llvm::StringRef function; // of runtime/simulator
  std::string opcode;
  /// Words that come before the operands: what the text says and they do not.
  llvm::SmallVector<uint64_t, 2> constants;
};

/// Nothing if the simulator does not know it, to the last operand.
std::optional<KnownAsm> recognizeAsm(const llvm::CallBase &call);

} // namespace hashc::nvvm

#endif // HASHC_CODEGEN_NVVM_SIMULATEASM_H
