//===- Library.h - What the language brings along ---------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_FRONTEND_LIBRARY_H
#define HASHC_FRONTEND_LIBRARY_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <vector>

namespace hashc::frontend {

class Elaborator;
struct Frame;
struct Layer;
struct Setting;
struct StreamCall;
struct UnaryFunction;
struct Value;

/// How the elaborator makes each of them.
using LayerEmitter = Value (Elaborator::*)(Frame &, Layer &, const Value &);
using StreamEmitter = Value (Elaborator::*)(const StreamCall &);
using SettingReader = bool (Elaborator::*)(const Setting &, const Value &);

/// Where an expression stands: functions and words mean something in one place
/// only (`linear` is a layer in a model and a schedule in a train block).
enum class Context { constant, model, router, train };

enum class LibraryKind {
  layer,       // has weights, or needs the stream; its input may be left out
  elementwise, // of tensors and numbers
  integer,     // of integers, known when compiling or of the token stream
  stream,      // of the token stream, in routers
  setting,     // of a train block
};

struct LibraryParameter {
  llvm::StringLiteral name;
  bool required = false;
  /// Part of the language, not of this hashc: what to do instead.
  const char *missing = nullptr;
};

/// What a layer is applied to: its first parameter, unless it is nothing.
enum class LayerInput { nothing, ids, tensor };

struct LibraryFunction {
  llvm::StringLiteral name;
  LibraryKind kind;
  std::vector<LibraryParameter> parameters;
  /// Any number of arguments without names, before the named ones.
  bool variadic = false;
  /// Part of the language, not of this hashc: what to do instead.
  const char *missing = nullptr;

  LayerInput input = LayerInput::nothing;
  LayerEmitter emitLayer = nullptr;     // of a layer that is not missing
  StreamEmitter emitStream = nullptr;   // of integers, if it is not missing
  const UnaryFunction *unary = nullptr; // elementwise, of one parameter

  /// A call without its first parameter makes a layer.
  bool takesInput() const { return input != LayerInput::nothing; }
};

/// What a train block may say.
struct LibrarySetting {
  llvm::StringLiteral name;
  SettingReader read;
};

/// All of them, with those that belong to the language but not to this hashc.
llvm::ArrayRef<LibraryFunction> getLibrary();

/// Null if there is none of that name in that place.
const LibraryFunction *findFunction(llvm::StringRef name, Context context);

/// In any place: for hints.
const LibraryFunction *findFunctionAnywhere(llvm::StringRef name);

std::vector<llvm::StringRef> listFunctions(Context context);

/// `f32`, `bytes`, `cross_entropy`, ...: words that stand for themselves.
bool isWord(llvm::StringRef name);
/// Whether it is a word for how matrices begin.
bool isInit(llvm::StringRef name);
/// Those that mean something in that place.
std::vector<llvm::StringRef> listWords(Context context);

/// What `precision` may be, for messages.
constexpr llvm::StringLiteral kPrecisions = "f32, bf16 or f64";

/// What `gate` may be, for messages.
constexpr llvm::StringLiteral kGateNames = "sqrtsoftplus, sigmoid or softmax";

/// `data`, `batch`, ...; null if there is none of that name.
const LibrarySetting *findSetting(llvm::StringRef name);
std::vector<llvm::StringRef> listSettings();

/// `token`, `position`, `document_position`, `layer`: what routers see.
bool isFeature(llvm::StringRef name);
llvm::ArrayRef<llvm::StringLiteral> listFeatures();

/// "outside a router" and the like, for messages.
llvm::StringRef describePlace(LibraryKind kind);

} // namespace hashc::frontend

#endif // HASHC_FRONTEND_LIBRARY_H
