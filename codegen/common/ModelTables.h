//===- ModelTables.h - What compiled code shows the runtime -----*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_CODEGEN_COMMON_MODELTABLES_H
#define HASHC_CODEGEN_COMMON_MODELTABLES_H

#include "llvm/ADT/StringRef.h"
#include "llvm/IR/Module.h"

namespace hashc {

/// Entry points are the functions whose name begins so.
constexpr llvm::StringLiteral kEntryPrefix = "hash_entry_";

/// Adds hash_model_descriptor, and hash_model_entries: names and functions of
/// the entry points, ended by nulls (runtime/engine/Abi.h).
void addModelTables(llvm::Module &module, llvm::StringRef descriptor);

/// The kernels of a model for a GPU; no architecture: they are the CPU's.
struct DeviceImage {
  llvm::StringRef arch, ptx;
  llvm::StringRef cubin;     // empty: there is none
  llvm::StringRef simulated; // the name of the simulator's table
};

/// Adds hash_model_device.
void addDeviceImage(llvm::Module &module, const DeviceImage &image);

/// A global that holds the text and a zero.
llvm::Constant *createString(llvm::Module &module, llvm::StringRef text,
                             const llvm::Twine &name);

} // namespace hashc

#endif // HASHC_CODEGEN_COMMON_MODELTABLES_H
