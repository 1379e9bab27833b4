//===- Lookups.cpp - Hashed lookups: rows of tables by key ----------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/Elaborator.h"
#include "frontend/Limits.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/Support/MathExtras.h"

using llvm::Twine;
using mlir::RankedTensorType;
namespace arith = mlir::arith;

namespace hashc::frontend {

//===----------------------------------------------------------------------===//
// Functions for keys
//===----------------------------------------------------------------------===//

/// What the bits of both can make.
static Interval xorOf(Interval a, Interval b) {
  if (a.low < 0 || b.low < 0)
    return Interval::all();
  auto bits = static_cast<uint64_t>(a.high | b.high);
  unsigned width = 64 - llvm::countl_zero(bits);
  return {0, static_cast<int64_t>(llvm::maskTrailingOnes<uint64_t>(width))};
}

Value Elaborator::callXor(const StreamCall &call) {
  const std::vector<Value> &values = call.variadic;
  if (values.size() < 2)
    return fail(call.call.loc,
                "'xor' is of two integers or more, as in xor(token, "
                "prev(token) * 3)");
  for (const Value &value : values) {
    if (value.isError())
      return Value::makeError();
    if (!value.isInteger() && value.kind != Value::Kind::stream)
      return fail(value.loc,
                  "'xor' is of integers, not of " + value.describe());
  }
  Value result = values.front();
  for (const Value &value : llvm::drop_begin(values)) {
    if (value.isInteger() && result.isInteger()) {
      result = Value::makeInteger(result.integer ^ value.integer);
      continue;
    }
    Stream x = toStream(result), y = toStream(value);
    Stream both;
    both.wide = builder->create<arith::XOrIOp>(getWide(x), getWide(y));
    both.range = xorOf(x.range, y.range);
    result = Value::makeStream(both);
  }
  return result;
}

static bool isPrime(int64_t number) {
  if (number < 4)
    return number > 1;
  if (number % 2 == 0)
    return false;
  for (int64_t divisor = 3; divisor * divisor <= number; divisor += 2)
    if (number % divisor == 0)
      return false;
  return true;
}

Value Elaborator::callPrime(const StreamCall &call) {
  constexpr int64_t kMaxIndex = 4095;
  std::optional<int64_t> from =
      readStreamInteger(call, "from", 0, kMaxTableRows, 0);
  std::optional<int64_t> index =
      readStreamInteger(call, "index", 0, kMaxIndex, 0);
  if (!from || !index)
    return Value::makeError();
  int64_t number = *from;
  for (int64_t more = *index;; ++number)
    if (isPrime(number) && more-- == 0)
      return Value::makeInteger(number);
}

//===----------------------------------------------------------------------===//
// The layer
//===----------------------------------------------------------------------===//

/// The key of every row by one router, -1 in masked rows, and how many rows the
/// table has; null after an error.
mlir::Value Elaborator::readKeys(Frame &frame, const Value &router,
                                 const Layer &layer, int64_t &rows) {
  if (!isBoundRouter(layer, router, "key"))
    return nullptr;
  std::optional<Stream> keys = evaluateRouter(frame, router, layer);
  bool ok = true;
  int64_t given = readInteger(layer, "rows", 1, kMaxTableRows, 0, ok);
  if (!keys || !ok)
    return nullptr;
  if (keys->learned)
    return fail(router.loc,
                "a key is an integer of the token stream or of an argmax; '" +
                    router.router->name +
                    "' reads activations and chooses experts: it is for "
                    "hash_ffn"),
           nullptr;
  if (llvm::cast<RankedTensorType>(keys->narrow.getType()).getRank() > 1)
    return fail(router.loc, "a key is one integer for a token; this table has "
                            "several (top)"),
           nullptr;
  if (keys->range.high >= kMaxTableRows)
    return fail(router.router->value->loc,
                "the key can be " + Twine(keys->range.high) +
                    ": a table has at most " + Twine(kMaxTableRows) +
                    " rows; end it with '% rows'"),
           nullptr;
  if (given > keys->range.high + 1)
    warn(placeOf(layer, "rows"),
         "the key is at most " + Twine(keys->range.high) + ": the rows from " +
             Twine(keys->range.high + 1) + " on are never read");
  rows = given ? given : keys->range.high + 1;
  builder->setPlace(layer.loc, layer.path);
  if (keys->masked)
    return keys->narrow;
  mlir::Value live = builder->create<arith::CmpIOp>(arith::CmpIPredicate::sge,
                                                    builder->getTokens(),
                                                    builder->getInteger(0, 32));
  return builder->create<arith::SelectOp>(live, keys->narrow,
                                          builder->getInteger(-1, 32));
}

Value Elaborator::emitLookup(Frame &frame, Layer &layer, const Value &) {
  bool ok = true;
  int64_t dim = readInteger(layer, "dim", 1, kMaxWidth, 1, ok);
  if (!ok)
    return Value::makeError();
  countRouted(layer);
  const Value *key = findArgument(layer, "key");
  const bool isList = key->kind == Value::Kind::routers;
  llvm::ArrayRef<Value> routers(*key);
  if (isList)
    routers = key->elements;
  llvm::SmallVector<mlir::Value> keys, tables;
  for (const Value &router : routers) {
    int64_t rows = 0;
    mlir::Value stream = readKeys(frame, router, layer, rows);
    if (!stream)
      return Value::makeError();
    std::string head = isList ? "head" + std::to_string(keys.size()) : "";
    mlir::Value table = weight(layer, head, WeightSpec::rows({rows, dim}));
    if (!table)
      return Value::makeError();
    keys.push_back(stream);
    tables.push_back(table);
  }
  int64_t heads = keys.size();
  if (heads * dim > kMaxWidth)
    return fail(placeOf(layer, "dim"), Twine(heads) + " heads of " +
                                           Twine(dim) +
                                           " features are wider "
                                           "than " +
                                           Twine(kMaxWidth));
  return Value::makeTensor(builder->create<hash::LookupOp>(
      builder->getActivations(shape.getRows(), heads * dim), keys, tables));
}

} // namespace hashc::frontend
