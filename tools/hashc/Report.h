//===- Report.h - What was compiled, for a reader ---*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_TOOLS_HASHC_REPORT_H
#define HASHC_TOOLS_HASHC_REPORT_H

#include "tools/hashc/KernelUsage.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/raw_ostream.h"

namespace hashc {

/// Prints the descriptor (JSON) as text: parameters, tables, memory, kernels,
/// and what those take of a GPU.
void printReport(llvm::StringRef descriptor, llvm::ArrayRef<KernelUsage> usage,
                 llvm::raw_ostream &out);

/// Prints the descriptor, with `gpu_kernels` where their usage is known.
void printReportAsJson(llvm::StringRef descriptor,
                       llvm::ArrayRef<KernelUsage> usage,
                       llvm::raw_ostream &out);

} // namespace hashc

#endif // HASHC_TOOLS_HASHC_REPORT_H
