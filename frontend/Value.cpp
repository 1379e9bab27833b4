//===- Value.cpp - What expressions of a spec stand for -------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/Value.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/Support/Format.h"
#include <cmath>

using llvm::StringRef;

namespace hashc::frontend {

Value Value::makeNone() {
  Value value;
  value.kind = Kind::none;
  return value;
}

Value Value::makeInteger(int64_t integer) {
  Value value;
  value.kind = Kind::integer;
  value.integer = integer;
  return value;
}

Value Value::makeNumber(double number) {
  Value value;
  value.kind = Kind::number;
  value.number = number;
  return value;
}

Value Value::makeBoolean(bool truth) {
  Value value;
  value.kind = Kind::boolean;
  value.integer = truth;
  return value;
}

Value Value::makeString(StringRef text) {
  Value value;
  value.kind = Kind::string;
  value.text = text.str();
  return value;
}

Value Value::makeWord(StringRef text) {
  Value value;
  value.kind = Kind::word;
  value.text = text.str();
  return value;
}

Value Value::makeTensor(mlir::Value tensor, Kind kind) {
  Value value;
  value.kind = kind;
  value.tensor = tensor;
  return value;
}

Value Value::makeFunction(const LibraryFunction *function) {
  Value value;
  value.kind = Kind::function;
  value.library = function;
  return value;
}

Value Value::makeFunction(const FnItem *fn) {
  Value value;
  value.kind = Kind::function;
  value.fn = fn;
  return value;
}

Value Value::makeStream(Stream stream, Kind kind) {
  Value value;
  value.kind = kind;
  value.stream = std::make_shared<Stream>(stream);
  return value;
}

int64_t getWidth(mlir::Value rows) {
  return llvm::cast<mlir::RankedTensorType>(rows.getType()).getShape().back();
}

int64_t Value::getWidth() const { return frontend::getWidth(tensor); }

std::string showNumber(double number) {
  std::string digits;
  llvm::raw_string_ostream(digits) << llvm::format("%g", number);
  return digits;
}

std::string describeKind(Value::Kind kind) {
  switch (kind) {
  case Value::Kind::error:
    return "an error";
  case Value::Kind::none:
    return "nothing";
  case Value::Kind::integer:
    return "an integer";
  case Value::Kind::number:
    return "a number";
  case Value::Kind::boolean:
    return "true or false";
  case Value::Kind::string:
    return "a string";
  case Value::Kind::word:
    return "a word";
  case Value::Kind::tuple:
    return "a tuple";
  case Value::Kind::ids:
    return "token ids";
  case Value::Kind::tensor:
    return "a tensor";
  case Value::Kind::mask:
    return "a comparison of tensors";
  case Value::Kind::stream:
    return "an integer of the token stream";
  case Value::Kind::choices:
    return "several experts for a token (a table with top above 1)";
  case Value::Kind::learned:
    return "a whole router that reads activations";
  case Value::Kind::argmax:
    return "an argmax of activations";
  case Value::Kind::condition:
    return "a comparison of the token stream";
  case Value::Kind::function:
    return "a function";
  case Value::Kind::layer:
    return "a layer without its input";
  case Value::Kind::routers:
    return "a list of routers";
  case Value::Kind::router:
    return "a router";
  case Value::Kind::setting:
    return "a setting";
  }
  return "";
}

std::string Value::describe() const {
  switch (kind) {
  case Kind::integer:
    return std::to_string(integer);
  case Kind::number: {
    std::string digits = showNumber(number);
    // 2.0 is not the integer 2.
    bool looksInteger =
        digits.find_first_not_of("-0123456789") == std::string::npos;
    return looksInteger ? digits + ".0" : digits;
  }
  case Kind::boolean:
    return integer ? "true" : "false";
  case Kind::string:
    return "the string \"" + text + "\"";
  case Kind::word:
    return "'" + text + "'";
  case Kind::tensor:
    return "a tensor of width " + std::to_string(getWidth());
  case Kind::function:
    return "the function '" + (library ? library->name.str() : fn->name.str()) +
           "'";
  case Kind::layer:
    return "the layer '" +
           (layer->library ? layer->library->name.str()
                           : layer->fn->name.str()) +
           "' without its input";
  case Kind::router:
    return "the router '" + router->name.str() + "'";
  case Kind::setting:
    return text + "(...)";
  default:
    return describeKind(kind);
  }
}

std::string Value::describeForInteger() const {
  if (kind != Kind::number || number != std::trunc(number))
    return describe();
  bool fits = std::fabs(number) < 1e15;
  return fits ? "a number: write " +
                    std::to_string(static_cast<int64_t>(number)) +
                    " without fraction and exponent"
              : describe();
}

} // namespace hashc::frontend
