//===- Routers.cpp - Routers: formulas of the token stream ----------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/Elaborator.h"
#include "frontend/Limits.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/SetVector.h"

using llvm::SMLoc;
using llvm::StringRef;
using llvm::Twine;
namespace arith = mlir::arith;

namespace hashc::frontend {

namespace {

/// The op of that kind that integers are made with; null without one. What is
/// behind activations is no part of them.
template <typename Op> Op findInStreams(mlir::Value integers) {
  llvm::SetVector<mlir::Value> used;
  used.insert(integers);
  for (size_t i = 0; i < used.size(); ++i) {
    mlir::Operation *op = used[i].getDefiningOp();
    if (auto found = llvm::dyn_cast_or_null<Op>(op))
      return found;
    for (mlir::Value operand : op ? op->getOperands() : mlir::ValueRange())
      if (mlir::getElementTypeOrSelf(operand.getType()).isInteger())
        used.insert(operand);
  }
  return nullptr;
}

constexpr int64_t kMaxKeys = int64_t(1) << 24;
} // namespace

//===----------------------------------------------------------------------===//
// Streams
//===----------------------------------------------------------------------===//

Stream Elaborator::toStream(const Value &value) {
  if (value.kind == Value::Kind::stream)
    return *value.stream;
  Stream stream;
  stream.range = Interval::one(value.integer);
  stream.wide = builder->getInteger(value.integer);
  return stream;
}

/// 64 bits, for arithmetic. The -1 of masked rows becomes 0, so that every row
/// keeps within the range; what it gives is never used.
mlir::Value Elaborator::getWide(Stream &stream) {
  if (stream.wide)
    return stream.wide;
  stream.wide =
      builder->create<arith::ExtSIOp>(builder->getStream(64), stream.narrow);
  if (stream.masked)
    stream.wide =
        builder->create<arith::MaxSIOp>(stream.wide, builder->getInteger(0));
  return stream.wide;
}

Value Elaborator::evaluateFeature(Frame &frame, const NameExpr &name) {
  if (name.name == "layer")
    return Value::makeInteger(frame.routedIndex);
  if (shape.hasSeveralInputs())
    return fail(name.loc, "the model has several inputs: write " +
                              listFeature(name.name));
  return makeFeature(frame, name.loc, name.name);
}

Value Elaborator::makeFeature(Frame &frame, SMLoc loc, StringRef name) {
  builder->setPlace(loc, frame.path);
  Stream stream;
  if (name == "token") {
    stream.narrow = builder->getTokens();
    stream.range = {0, shape.vocab - 1};
    stream.masked = true;
    stream.isToken = true;
    return Value::makeStream(stream);
  }
  bool document = name == "document_position";
  stream.narrow = builder->create<hash::PositionOp>(
      builder->getStream(32), builder->getStarts(), uint64_t(shape.window),
      document);
  stream.range = {0, shape.window - 1};
  return Value::makeStream(stream);
}

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

static size_t indexOf(const StreamCall &call, StringRef name) {
  const std::vector<LibraryParameter> &parameters = call.function.parameters;
  return llvm::find_if(parameters,
                       [&](const LibraryParameter &parameter) {
                         return parameter.name == name;
                       }) -
         parameters.begin();
}

/// `otherwise` where the function has no such parameter, or it is not given.
std::optional<int64_t> Elaborator::readStreamInteger(const StreamCall &call,
                                                     StringRef name,
                                                     int64_t low, int64_t high,
                                                     int64_t otherwise) {
  size_t index = indexOf(call, name);
  if (index == call.bound.given.size() || !call.bound.given[index])
    return otherwise;
  const Value &value = call.bound.values[index];
  if (value.isInteger() && value.integer >= low && value.integer <= high)
    return value.integer;
  std::string range = "an integer";
  if (high != kMaxInteger)
    range += " in " + std::to_string(low) + ".." + std::to_string(high);
  else if (low != kMinInteger)
    range += " from " + std::to_string(low) + " on";
  fail(call.bound.places[index],
       name + " is " + range + ", not " + value.describeForInteger());
  return std::nullopt;
}

Value Elaborator::callHash(const StreamCall &call) {
  std::optional<int64_t> seed =
      readStreamInteger(call, "seed", kMinInteger, kMaxInteger, 0);
  if (!seed)
    return Value::makeError();
  const std::vector<Value> &values = call.variadic;
  if (values.empty())
    return fail(call.call.loc,
                "'hash' needs something to hash, as in hash(token)");
  bool constant = true;
  for (const Value &value : values) {
    if (value.isError())
      return Value::makeError();
    if (!value.isInteger() && value.kind != Value::Kind::stream)
      return fail(value.loc,
                  "'hash' is of integers, not of " + value.describe());
    constant &= value.isInteger();
  }
  if (constant) {
    llvm::SmallVector<int64_t> numbers;
    for (const Value &value : values)
      numbers.push_back(value.integer);
    return Value::makeInteger(hash::mix(numbers, *seed));
  }
  llvm::SmallVector<mlir::Value> operands;
  for (const Value &value : values) {
    Stream stream = toStream(value);
    operands.push_back(getWide(stream));
  }
  Stream result;
  result.wide = builder->create<hash::MixOp>(builder->getStream(64), operands,
                                             uint64_t(*seed));
  result.range = {0, kMaxInteger};
  return Value::makeStream(result);
}

/// The first argument of what looks along the stream.
bool Elaborator::isTheToken(const StreamCall &call, StringRef examples) {
  const Value &input = call.bound.values[0];
  if (input.kind == Value::Kind::stream && input.stream->isToken &&
      input.stream->narrow == builder->getTokens())
    return true;
  fail(call.bound.places[0], "'" + call.function.name +
                                 "' is of token, as in " + examples +
                                 ", not of " + input.describe());
  return false;
}

Value Elaborator::callNext(const StreamCall &call) {
  if (!isTheToken(call, "next(token)"))
    return Value::makeError();
  Stream stream;
  stream.narrow = builder->create<hash::NextOp>(
      builder->getStream(32), builder->getTargets(), call.frame.routerName);
  stream.range = {0, shape.vocab - 1};
  stream.masked = true;
  stream.isToken = true;
  return Value::makeStream(stream);
}

mlir::Value Elaborator::getMask(mlir::Value experts) {
  hash::NextOp next = findInStreams<hash::NextOp>(experts);
  return next ? next.getResult() : builder->getTokens();
}

bool Elaborator::readsActivations(mlir::Value experts) {
  return findInStreams<hash::TopChoicesOp>(experts) != nullptr;
}

Value Elaborator::callPrev(const StreamCall &call) {
  if (!isTheToken(call, "prev(token) or prev(token, 2)"))
    return Value::makeError();
  std::optional<int64_t> distance =
      readStreamInteger(call, "distance", 1, shape.window, 1);
  if (!distance)
    return Value::makeError();
  Stream stream;
  stream.narrow = builder->create<hash::PrevOp>(
      builder->getStream(32), builder->getTokens(), builder->getStarts(),
      uint64_t(*distance), uint64_t(shape.window), uint64_t(shape.bos));
  stream.range = {0, shape.vocab - 1};
  stream.masked = true;
  stream.isToken = true;
  return Value::makeStream(stream);
}

//===----------------------------------------------------------------------===//
// Tables
//===----------------------------------------------------------------------===//

Value Elaborator::callRandom(const StreamCall &call) {
  TableSpec table;
  table.algorithm = "random";
  return lookUp(call, table, call.bound.values[0], call.bound.places[0]);
}

/// The seed of the paper's authors, unless another is given; Python's
/// generator takes none below 0.
Value Elaborator::callPythonRandom(const StreamCall &call) {
  TableSpec table;
  table.algorithm = "python_random";
  table.seed = 42;
  if (!readStreamInteger(call, "seed", 0, kMaxInteger, table.seed))
    return Value::makeError();
  return lookUp(call, table, call.bound.values[0], call.bound.places[0]);
}

Value Elaborator::callRoundRobin(const StreamCall &call) {
  TableSpec table;
  table.algorithm = "round_robin";
  return lookUp(call, table, call.bound.values[0], call.bound.places[0]);
}

static bool isToken(const Value &value) {
  return value.kind == Value::Kind::stream && value.stream->isToken;
}

static bool isNumber(const Value &value) {
  return value.kind == Value::Kind::stream || value.isInteger();
}

Value Elaborator::callBalanced(const StreamCall &call) {
  const Value &key = call.bound.values[0];
  if (isNumber(key) && !isToken(key))
    return fail(call.bound.places[0],
                "'balanced' counts tokens: its key is token or prev(token); "
                "random takes any key");
  if (!shape.isPredictedSelected())
    return fail(call.bound.places[0],
                "not supported yet: tables counted over a source; 'balanced' "
                "counts the tokens of '" +
                    shape.inputs.back().name + "', and random counts none");
  TableSpec table;
  table.algorithm = "balanced";
  return lookUp(call, table, key, call.bound.places[0]);
}

bool Elaborator::readFile(const StreamCall &call, StringRef what,
                          TableSpec &table) {
  const Value &file = call.bound.values[0];
  table.file = file.text;
  if (file.kind == Value::Kind::string && !table.file.empty())
    return true;
  fail(call.bound.places[0], "the " + what + "'s file " +
                                 (file.kind == Value::Kind::string
                                      ? "has no name"
                                      : "is a string, not " + file.describe()));
  return false;
}

Value Elaborator::readKey(const StreamCall &call) {
  size_t key = indexOf(call, "key");
  if (call.bound.given[key])
    return call.bound.values[key];
  return makeFeature(call.frame, call.call.loc, "token");
}

Value Elaborator::callTable(const StreamCall &call) {
  TableSpec table;
  table.algorithm = "file";
  if (!readFile(call, "table", table))
    return Value::makeError();
  return lookUp(call, table, readKey(call),
                call.bound.places[indexOf(call, "key")]);
}

Value Elaborator::callClustered(const StreamCall &call) {
  return callFromEmbeddings(call, "clustered");
}

Value Elaborator::callDispersed(const StreamCall &call) {
  return callFromEmbeddings(call, "dispersed");
}

Value Elaborator::callFromEmbeddings(const StreamCall &call,
                                     StringRef algorithm) {
  TableSpec table;
  table.algorithm = algorithm;
  if (!readFile(call, "model", table))
    return Value::makeError();
  SMLoc keyLoc = call.bound.places[indexOf(call, "key")];
  Value key = readKey(call);
  if (isNumber(key) && !isToken(key))
    return fail(keyLoc, "'" + algorithm +
                            "' is of embeddings of tokens: its key is token or "
                            "prev(token); table takes any key");
  return lookUp(call, table, key, keyLoc);
}

Value Elaborator::lookUp(const StreamCall &call, TableSpec table,
                         const Value &key, SMLoc keyLoc) {
  std::optional<int64_t> experts =
      readStreamInteger(call, "experts", 1, kMaxExperts, 1);
  std::optional<int64_t> seed =
      readStreamInteger(call, "seed", kMinInteger, kMaxInteger, table.seed);
  std::optional<int64_t> top =
      readStreamInteger(call, "top", 1, kMaxChoices, 1);
  if (!experts || !seed || !top)
    return Value::makeError();
  if (*top > *experts)
    return fail(call.bound.places[indexOf(call, "top")],
                "top = " + Twine(*top) + ", but there are only " +
                    Twine(*experts) + " experts to choose from");
  table.groups = *experts;
  table.seed = *seed;
  table.k = *top;
  if (key.kind != Value::Kind::stream && !key.isInteger())
    return fail(keyLoc,
                "the key of a table is an integer of the token stream, not " +
                    key.describe());
  Stream stream = toStream(key);
  if (stream.range.low < 0 || stream.range.high >= kMaxKeys)
    return fail(keyLoc, "the key of a table lies in 0.." + Twine(kMaxKeys - 1) +
                            "; this one can be " +
                            Twine(stream.range.low < 0 ? stream.range.low
                                                       : stream.range.high) +
                            ": bound it with '% n'");
  table.keys = stream.range.high + 1;
  builder->setPlace(call.call.loc, call.frame.path);
  mlir::Value values = builder->getTable(call.frame.routerName, table);
  // Plain token ids go in as they are: the table passes a masked row's -1 on.
  mlir::Value keys = stream.narrow ? stream.narrow : getWide(stream);
  Stream result;
  mlir::Type type =
      table.k == 1
          ? builder->getStream(32)
          : mlir::RankedTensorType::get({shape.getRows(), table.k},
                                        builder->getBuilder().getI32Type());
  result.narrow = builder->create<hash::TableLookupOp>(type, keys, values);
  result.range = {0, table.groups - 1};
  result.masked = true;
  return Value::makeStream(result, table.k == 1 ? Value::Kind::stream
                                                : Value::Kind::choices);
}

Value Elaborator::chooseByStream(Frame &frame, const IfExpr &choice,
                                 const Value &condition) {
  if (!choice.elseBlock)
    return fail(choice.loc, "an 'if' in a router needs an 'else'");
  if (!isOnlyValue(*choice.thenBlock) || !isOnlyValue(*choice.elseBlock))
    return Value::makeError();
  Value branches[2] = {Value::makeNone(), Value::makeNone()};
  const Block *blocks[2] = {choice.thenBlock.get(), choice.elseBlock.get()};
  for (int i = 0; i < 2; ++i) {
    runBlock(frame, *blocks[i], &branches[i]);
    if (branches[i].isError())
      return Value::makeError();
    if (!branches[i].isInteger() && branches[i].kind != Value::Kind::stream)
      return fail(blocks[i]->loc,
                  "a branch of a router gives an integer, not " +
                      branches[i].describe());
  }
  builder->setPlace(choice.loc, frame.path);
  Stream lhs = toStream(branches[0]), rhs = toStream(branches[1]);
  Stream result;
  result.range = lhs.range.hull(rhs.range);
  result.wide = builder->create<arith::SelectOp>(condition.tensor, getWide(lhs),
                                                 getWide(rhs));
  return Value::makeStream(result);
}

//===----------------------------------------------------------------------===//
// Whole routers
//===----------------------------------------------------------------------===//

/// `r[0]`, `r[argmax]`: the same name whenever the spec is the same.
bool Elaborator::bindParameters(Frame &frame, const Value &router) {
  StringRef before = "[";
  for (auto [formal, given] :
       llvm::zip(router.router->formals, router.elements)) {
    const bool isArgmax = given.kind == Value::Kind::argmax;
    if (given.isError() || (isArgmax && !readsArgmaxOf(given)))
      return false;
    frame.scopes.back()[formal.name] =
        isArgmax ? Value::makeStream(*given.stream) : given;
    frame.routerName += before;
    frame.routerName += isArgmax ? "argmax" : std::to_string(given.integer);
    before = ",";
  }
  if (!router.elements.empty())
    frame.routerName += "]";
  return true;
}

/// The expert of every row, or its experts, for one routed layer.
std::optional<Stream> Elaborator::evaluateRouter(Frame &caller,
                                                 const Value &router,
                                                 const Layer &layer) {
  const RouterItem &item = *router.router;
  Frame frame;
  frame.context = Context::router;
  frame.path = layer.path;
  frame.routedIndex = layer.routedIndex;
  frame.routerName = item.name.str();
  frame.callLoc = layer.loc;
  if (!bindParameters(frame, router))
    return std::nullopt;
  callers.push_back(&frame);
  llvm::scope_exit leave([&] { callers.pop_back(); });
  Value value = evaluate(frame, *item.value);
  if (value.isError())
    return std::nullopt;
  if (value.kind == Value::Kind::choices || value.kind == Value::Kind::learned)
    return *value.stream;
  if (value.kind != Value::Kind::stream && !value.isInteger()) {
    fail(item.value->loc,
         "a router gives an expert's number, not " + value.describe());
    return std::nullopt;
  }
  builder->setPlace(item.value->loc, layer.path);
  Stream stream = toStream(value);
  // How many experts there are follows from the range.
  if (stream.range.low < 0) {
    const bool isLookup = layer.library->emitLayer == &Elaborator::emitLookup;
    StringRef what = isLookup ? "rows" : "experts";
    fail(item.value->loc,
         "the router can give " + Twine(stream.range.low) + ": " + what +
             " are numbered from 0; end it with '% " + what + "'");
    return std::nullopt;
  }
  if (!stream.narrow)
    stream.narrow =
        builder->create<arith::TruncIOp>(builder->getStream(32), stream.wide);
  return stream;
}

} // namespace hashc::frontend
