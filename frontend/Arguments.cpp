//===- Arguments.cpp - Arguments of layers --------------------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/Elaborator.h"

using llvm::SMLoc;
using llvm::StringRef;
using llvm::Twine;

namespace hashc::frontend {

static size_t indexOf(const Layer &layer, StringRef name) {
  for (size_t i = 0; i < layer.library->parameters.size(); ++i)
    if (layer.library->parameters[i].name == name)
      return i;
  return layer.arguments.size();
}

/// Null where none was given.
const Value *Elaborator::findArgument(const Layer &layer,
                                      StringRef name) const {
  size_t index = indexOf(layer, name);
  if (index >= layer.arguments.size() || !layer.given[index])
    return nullptr;
  return &layer.arguments[index];
}

SMLoc Elaborator::placeOf(const Layer &layer, StringRef name) const {
  size_t index = indexOf(layer, name);
  if (index >= layer.places.size())
    return layer.loc;
  return layer.places[index];
}

Value Elaborator::failArgument(const Layer &layer, StringRef name,
                               const Twine &expected) {
  return failArgument(layer, name, expected,
                      findArgument(layer, name)->describe());
}

Value Elaborator::failArgument(const Layer &layer, StringRef name,
                               const Twine &expected, StringRef found) {
  return fail(placeOf(layer, name), name + " of '" +
                                        Twine(layer.library->name) + "' is " +
                                        expected + ", not " + found);
}

int64_t Elaborator::readInteger(const Layer &layer, StringRef name, int64_t low,
                                int64_t high, int64_t otherwise, bool &ok) {
  const Value *value = findArgument(layer, name);
  if (!value)
    return otherwise;
  if (value->isInteger() && value->integer >= low && value->integer <= high)
    return value->integer;
  failArgument(layer, name, "an integer in " + Twine(low) + ".." + Twine(high),
               value->describeForInteger());
  ok = false;
  return low;
}

double Elaborator::readNumber(const Layer &layer, StringRef name, double low,
                              double high, double otherwise, bool &ok) {
  const Value *value = findArgument(layer, name);
  if (!value)
    return otherwise;
  if (value->isNumeric() && value->asNumber() >= low &&
      value->asNumber() <= high)
    return value->asNumber();
  failArgument(layer, name,
               "a number from " + showNumber(low) + " to " + showNumber(high));
  ok = false;
  return low;
}

bool Elaborator::readBoolean(const Layer &layer, StringRef name, bool otherwise,
                             bool &ok) {
  const Value *value = findArgument(layer, name);
  if (!value)
    return otherwise;
  if (value->kind == Value::Kind::boolean)
    return value->integer != 0;
  failArgument(layer, name, "true or false");
  ok = false;
  return otherwise;
}

/// How the matrices of a layer begin.
hash::Init Elaborator::readInit(const Layer &layer, bool &ok) {
  const Value *value = findArgument(layer, "init");
  if (!value)
    return hash::Init::normal;
  if (value->kind == Value::Kind::word && isInit(value->text))
    return *hash::symbolizeInit(value->text);
  failArgument(layer, "init", "normal, xavier or orthogonal");
  ok = false;
  return hash::Init::normal;
}

} // namespace hashc::frontend
