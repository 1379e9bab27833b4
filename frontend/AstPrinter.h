//===- AstPrinter.h - The canonical form of a spec --------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_FRONTEND_ASTPRINTER_H
#define HASHC_FRONTEND_ASTPRINTER_H

#include "frontend/Ast.h"
#include "llvm/Support/raw_ostream.h"

namespace hashc::frontend {

/// Prints a spec as the formatter writes it. Comments stay with their
/// statements; parsing the result and printing it again changes nothing.
void printSpec(const Spec &spec, llvm::raw_ostream &out);

/// One expression on one line.
std::string printExpr(const Expr &expr);

} // namespace hashc::frontend

#endif // HASHC_FRONTEND_ASTPRINTER_H
