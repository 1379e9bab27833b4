//===- Elaborator.cpp - Running a spec to build its model -----------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/Elaborator.h"
#include "frontend/Parser.h"
#include "frontend/Walk.h"
#include "mlir/IR/Verifier.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MemoryBuffer.h"

using llvm::dyn_cast;
using llvm::SMLoc;
using llvm::StringRef;
using llvm::Twine;

namespace hashc::frontend {

namespace {
constexpr unsigned kMaxSteps = 1000000;
constexpr unsigned kMaxOps = 200000;
constexpr int64_t kMaxElements = int64_t(1) << 40;
} // namespace

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

/// An error, and where the running functions were called.
Value Elaborator::fail(SMLoc loc, const Twine &message) {
  if (!diagnostics.error(loc, message))
    return Value::makeError();
  noteDefines(loc);
  unsigned shown = 0;
  SMLoc last = loc;
  for (Frame *frame : llvm::reverse(callers)) {
    if (!frame->callLoc.isValid() || frame->callLoc == last)
      continue;
    last = frame->callLoc;
    diagnostics.note(last, "called from here");
    if (++shown == 3)
      break;
  }
  return Value::makeError();
}

void Elaborator::warn(SMLoc loc, const Twine &message) {
  diagnostics.warning(loc, message);
  noteDefines(loc);
}

/// Shows what the command line says in the expression at `loc`.
void Elaborator::noteDefines(SMLoc loc) {
  if (defines.empty())
    return;
  std::set<const Expr *> seen;
  auto noteNames = [&](const Expr &expr, auto &&noteNames) -> void {
    walk(expr, [&](const Expr &inner) {
      const auto *name = dyn_cast<NameExpr>(&inner);
      if (!name ||
          (!callers.empty() && findLocal(*callers.back(), name->name, false)))
        return;
      if (auto it = defines.find(name->name); it != defines.end()) {
        diagnostics.note(it->second, "'" + name->name + "' is given here");
        return;
      }
      // A param follows from those above it.
      auto it = items.find(name->name);
      const auto *param =
          it == items.end() ? nullptr : dyn_cast<ParamItem>(it->second);
      if (param && seen.insert(param->value.get()).second)
        noteNames(*param->value, noteNames);
    });
  };
  walk(spec, [&](const Expr &expr) {
    if (expr.loc == loc && seen.insert(&expr).second)
      noteNames(expr, noteNames);
  });
}

/// Bounds what a spec can make the compiler do.
bool Elaborator::isOutOfBudget(SMLoc loc) {
  if (stopped)
    return true;
  if (++steps > kMaxSteps) {
    fail(loc, "the spec takes more than 1000000 steps to elaborate: use fewer "
              "or shorter loops");
    stopped = true;
  } else if (builder && builder->getNumOps() > kMaxOps) {
    fail(loc, "the model has more than 200000 operations");
    stopped = true;
  } else if (builder && builder->getNumElements() > kMaxElements) {
    fail(loc, "the model has more than 2^40 weights");
    stopped = true;
  } else if (diagnostics.isFull()) {
    stopped = true;
  }
  return stopped;
}

//===----------------------------------------------------------------------===//
// Items
//===----------------------------------------------------------------------===//

void Elaborator::collectItems() {
  for (const ItemPtr &item : spec.items) {
    if (const auto *trained = dyn_cast<TrainItem>(item.get())) {
      train = trained;
      continue;
    }
    items.emplace(item->name, item.get());
    if (const auto *made = dyn_cast<ModelItem>(item.get()))
      model = made;
  }
}

void Elaborator::elaborateParams() {
  for (const ItemPtr &item : spec.items) {
    const auto *param = dyn_cast<ParamItem>(item.get());
    if (!param)
      continue;
    Frame frame;
    Value value = evaluate(frame, *param->value);
    bool usable = value.isError() || value.isNumeric() ||
                  value.kind == Value::Kind::boolean ||
                  value.kind == Value::Kind::string ||
                  value.kind == Value::Kind::word ||
                  value.kind == Value::Kind::function;
    if (!usable)
      value = fail(param->value->loc,
                   "a param is a number, a string, a word, true, false or a "
                   "function, not " +
                       value.describe());
    overrideParam(*param, value);
    value.loc = param->nameLoc;
    params[param->name] = value;
  }
  for (const auto &[name, text] : options.defines) {
    if (params.count(name))
      continue;
    std::vector<StringRef> names;
    for (const auto &[known, value] : params)
      names.push_back(known);
    auto buffer = llvm::MemoryBuffer::getMemBufferCopy(
        "-D " + name + "=" + text, "<command line>");
    SMLoc loc = SMLoc::getFromPointer(buffer->getBufferStart() + 3);
    diagnostics.getSources().AddNewSourceBuffer(std::move(buffer), SMLoc());
    diagnostics.error(loc, "the spec has no param '" + Twine(name) + "'" +
                               suggest(name, names));
  }
}

/// Takes the value of the last `-D` of that name, if it is of the same kind.
void Elaborator::overrideParam(const ParamItem &param, Value &value) {
  const std::string *given = nullptr;
  for (const auto &[name, text] : options.defines)
    if (name == param.name)
      given = &text;
  if (!given || value.isError())
    return;
  auto buffer = llvm::MemoryBuffer::getMemBufferCopy(
      "-D " + param.name.str() + "=" + *given, "<command line>");
  StringRef text = buffer->getBuffer().drop_front(param.name.size() + 4);
  SMLoc loc = SMLoc::getFromPointer(text.data());
  diagnostics.getSources().AddNewSourceBuffer(std::move(buffer), SMLoc());
  if (value.kind == Value::Kind::string) {
    value = Value::makeString(text.trim('"'));
    return;
  }
  defines[param.name] = loc;
  LexedFile file = lex(text, diagnostics);
  ExprPtr expr = parseValue(file, diagnostics);
  if (!expr || diagnostics.hasErrors())
    return;
  Frame frame;
  // Which words are right is known where the param is used.
  const auto *name = dyn_cast<NameExpr>(expr.get());
  bool isWord = value.kind != Value::Kind::function && name &&
                !items.count(name->name) && !findFunctionAnywhere(name->name);
  Value replacement =
      isWord ? Value::makeWord(name->name) : evaluate(frame, *expr);
  if (replacement.isError())
    return;
  if (value.kind == Value::Kind::number && replacement.isInteger())
    replacement = Value::makeNumber(replacement.asNumber());
  bool areGates = isGate(value) && isGate(replacement);
  if (replacement.kind != value.kind && !areGates) {
    diagnostics.error(loc,
                      "the param '" + Twine(param.name) + "' is " +
                          describeKind(value.kind) + ", not " +
                          (value.isInteger() ? replacement.describeForInteger()
                                             : replacement.describe()));
    diagnostics.note(param.nameLoc, "it is declared here");
    return;
  }
  value = replacement;
}

//===----------------------------------------------------------------------===//
// The model
//===----------------------------------------------------------------------===//

Value Elaborator::elaborateModel(const ModelItem &item) {
  Frame frame;
  frame.context = Context::model;
  bindInputs(item, frame);
  callers.push_back(&frame);
  llvm::scope_exit leave([&] { callers.pop_back(); });
  runBlock(frame, item.body);
  if (!frame.result) {
    if (!stopped)
      fail(item.nameLoc, "the model '" + item.name +
                             "' returns nothing: end it with 'return' and the "
                             "logits");
    return Value::makeError();
  }
  Value logits = *frame.result;
  if (logits.isError())
    return logits;
  if (!logits.isTensor())
    return fail(logits.loc,
                "the model returns its logits, not " + logits.describe());
  if (!isOfPredicted(logits))
    return Value::makeError();
  shape.selectPredicted();
  if (logits.getWidth() != shape.vocab)
    return fail(logits.loc,
                "the model returns a tensor of width " +
                    Twine(logits.getWidth()) + ", but its vocabulary has " +
                    Twine(shape.vocab) + " entries: end it with unembed(...)");
  return logits;
}

/// Weights that no loss depends on are counted and stored, but never trained.
void Elaborator::warnUnused(mlir::Value logits) {
  std::map<const char *, std::vector<ModelBuilder::Layer>> byPlace;
  for (const ModelBuilder::Layer &layer : builder->findUnused(logits))
    byPlace[layer.loc.getPointer()].push_back(layer);
  for (const auto &[place, layers] : byPlace) {
    const size_t more = layers.size() - 1;
    diagnostics.warning(
        layers.front().loc,
        "'" + layers.front().path + "'" +
            (more == 0 ? " does not reach the loss: its"
                       : " and " + std::to_string(more) +
                             " more made here do not reach the loss: their") +
            " weights are never trained");
  }
}

mlir::OwningOpRef<mlir::ModuleOp> Elaborator::run() {
  collectItems();
  elaborateParams();
  if (!model)
    diagnostics.errorInFile("the spec has no model");
  if (!train)
    diagnostics.errorInFile("the spec has no train block: say at least its "
                            "data");
  if (!model || !train)
    return nullptr;
  bool ok = elaborateShape(*model);
  ok &= elaborateTrain(*train);
  if (!ok || !checkRows(*model))
    return nullptr;
  builder.emplace(context, diagnostics.getSources(), shape);
  Value logits = elaborateModel(*model);
  if (diagnostics.hasErrors() || stopped)
    return nullptr;
  if (isOutOfBudget(model->loc))
    return nullptr;
  warnUnused(logits.tensor);
  if (bool ok = freezeWeights(); !initWeights() || !ok)
    return nullptr;
  warnWithoutGradient(logits.tensor);
  settleTables();
  builder->setPlace(train->loc, "loss");
  mlir::ModuleOp module = builder->getModule();
  module->setAttr(hash::HashDialect::kStageAttr,
                  mlir::StringAttr::get(&context, "hash"));
  module->setAttr(hash::HashDialect::kModelAttr, makeModelAttr());
  module->setAttr(hash::HashDialect::kTrainAttr, makeTrainAttr());
  mlir::OwningOpRef<mlir::ModuleOp> result = builder->finish(logits.tensor);
  // The elaborator checks everything in the spec's terms before it builds.
  if (mlir::failed(mlir::verify(*result)))
    return nullptr;
  return result;
}

} // namespace hashc::frontend
