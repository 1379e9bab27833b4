//===- Parser.h - Recursive descent over the tokens -------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_FRONTEND_PARSER_H
#define HASHC_FRONTEND_PARSER_H

#include "frontend/Ast.h"
#include "frontend/Lexer.h"

namespace hashc::frontend {

/// Parses a spec. Errors are reported and the tree is what could be read.
Spec parseSpec(const LexedFile &file, Diagnostics &diagnostics);

/// Parses one expression that is all of `file`: the value of a `-D`. Null after
/// an error.
ExprPtr parseValue(const LexedFile &file, Diagnostics &diagnostics);

} // namespace hashc::frontend

#endif // HASHC_FRONTEND_PARSER_H
