//===- Value.h - What expressions of a spec stand for -----------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_FRONTEND_VALUE_H
#define HASHC_FRONTEND_VALUE_H

#include "frontend/Ast.h"
#include "frontend/Interval.h"
#include "frontend/Library.h"
#include "mlir/IR/Value.h"
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace hashc::frontend {

struct ActivationRouter;
struct Layer;
struct Stream;

/// Features of a row of activations.
int64_t getWidth(mlir::Value rows);

/// The value of an expression while a spec is elaborated.
struct Value {
  enum class Kind {
    error, // already reported: anything goes
    none,
    integer,
    number,
    boolean,
    string,
    word,
    tuple,
    ids,       // the model's input
    tensor,    // activations, rows x width
    mask,      // a comparison of tensors
    stream,    // integers of the token stream, in a router
    choices,   // several experts for each row, in a router
    learned,   // a whole router that reads activations
    argmax,    // integers of activations, for a router's parameter
    condition, // a comparison of streams
    function,  // of the library or of the spec
    layer,     // a function with weights of its own
    router,
    routers, // a list of them
    setting, // adamw(...), text(...), ...
  };

  Kind kind = Kind::error;
  int64_t integer = 0;
  double number = 0;
  std::string text;
  mlir::Value tensor;
  std::vector<Value> elements;
  const LibraryFunction *library = nullptr;
  const FnItem *fn = nullptr;
  const RouterItem *router = nullptr;
  /// A router's arguments (elements) are there: `r(0)`. They are integers and
  /// argmaxes.
  bool bound = false;
  std::shared_ptr<Layer> layer;
  std::shared_ptr<Stream> stream;
  /// Of a setting: its arguments by name.
  std::map<std::string, Value> fields;
  /// Where it was written, for notes.
  llvm::SMLoc loc;

  static Value makeError() { return Value(); }
  static Value makeNone();
  static Value makeInteger(int64_t value);
  static Value makeNumber(double value);
  static Value makeBoolean(bool value);
  static Value makeString(llvm::StringRef text);
  static Value makeWord(llvm::StringRef text);
  static Value makeTensor(mlir::Value tensor, Kind kind = Kind::tensor);
  static Value makeFunction(const LibraryFunction *function);
  static Value makeFunction(const FnItem *fn);
  static Value makeStream(Stream stream, Kind kind = Kind::stream);

  bool isError() const { return kind == Kind::error; }
  bool isInteger() const { return kind == Kind::integer; }
  bool isNumeric() const {
    return kind == Kind::integer || kind == Kind::number;
  }
  bool isTensor() const { return kind == Kind::tensor; }
  bool isCallable() const {
    return kind == Kind::function || kind == Kind::layer ||
           (kind == Kind::router && !bound);
  }
  double asNumber() const {
    return kind == Kind::integer ? static_cast<double>(integer) : number;
  }
  /// Features of a row.
  int64_t getWidth() const;
  /// "a tensor of width 256", "the number 0.5", ...
  std::string describe() const;
  /// The same where an integer is expected: `1e3` looks like one, and is none.
  std::string describeForInteger() const;
};

/// A layer made without its input: the place of its weights is fixed, what they
/// are follows from the first input.
struct Layer {
  const LibraryFunction *library = nullptr;
  const FnItem *fn = nullptr;
  /// By parameter; error where none was given.
  std::vector<Value> arguments;
  std::vector<bool> given;
  std::vector<llvm::SMLoc> places;
  llvm::SMLoc loc;
  /// Empty until it is bound to a name or used.
  std::string path;
  /// Which routed layer it is; -1 before its first use.
  int64_t routedIndex = -1;
};

/// Integers of the token stream: known at compile time, or tensors with the
/// interval they lie in.
struct Stream {
  /// tensor<rows x i32> where that is how it came (of choices, tensor<rows x
  /// k x i32>), and tensor<rows x i64>, made on demand.
  mlir::Value narrow, wide;
  Interval range;
  /// -1 in masked rows, beside the range.
  bool masked = false;
  /// Token ids: what a table counted by frequency can be keyed by.
  bool isToken = false;
  /// A router of activations, which is no stream.
  std::shared_ptr<ActivationRouter> learned;
};

/// With up to 6 digits, and no more than are needed.
std::string showNumber(double number);

/// True for a word that is a gate, and for the function `sigmoid`.
bool isGate(const Value &value);

/// The name of a value's kind with its article: "an integer", "a tensor".
std::string describeKind(Value::Kind kind);

} // namespace hashc::frontend

#endif // HASHC_FRONTEND_VALUE_H
