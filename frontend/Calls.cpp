//===- Calls.cpp - Calls of a running spec --------------------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/Binding.h"
#include "frontend/Elaborator.h"
#include "llvm/ADT/ScopeExit.h"

using llvm::dyn_cast;
using llvm::SMLoc;
using llvm::StringRef;
using llvm::Twine;

namespace hashc::frontend {

namespace {
constexpr size_t kMaxCalls = 64;
} // namespace

//===----------------------------------------------------------------------===//
// Names of weights
//===----------------------------------------------------------------------===//

/// The path of something called `name` that is made in this frame: in a loop
/// the plural with the loop's numbers, a second time with a number behind.
std::string Elaborator::takePath(Frame &frame, StringRef name) {
  std::string suffix = frame.loops.empty() ? "" : "s";
  std::string numbers;
  for (int64_t loop : frame.loops)
    numbers += "[" + std::to_string(loop) + "]";
  std::string base = frame.path.empty() ? "" : frame.path + ".";
  std::string unique = name.str() + suffix;
  unsigned &count = frame.used[unique + numbers];
  while (count++ != 0) {
    std::string candidate = name.str() + suffix + "_" + std::to_string(count);
    if (frame.used[candidate + numbers]++ == 0) {
      unique = candidate;
      break;
    }
  }
  return base + unique + numbers;
}

/// A layer takes the first name it is bound to.
void Elaborator::nameLayer(Frame &frame, Value &value, StringRef name) {
  if (value.kind == Value::Kind::layer && value.layer->path.empty())
    value.layer->path = takePath(frame, name);
}

//===----------------------------------------------------------------------===//
// Arguments
//===----------------------------------------------------------------------===//

BoundCall Elaborator::bind(const CallExpr &call, const Signature &signature,
                           std::vector<Value> arguments, bool skipInput) {
  BoundCall bound;
  Binding binding = bindArguments(
      call, signature, skipInput,
      [&](SMLoc loc, const Twine &message) { fail(loc, message); });
  bound.ok = binding.ok;
  size_t count = signature.names.size();
  bound.values.resize(count);
  bound.given.assign(count, false);
  bound.places.assign(count, call.loc);
  for (size_t i = 0; i < count; ++i) {
    if (binding.argumentOf[i] < 0)
      continue;
    bound.given[i] = true;
    bound.values[i] = arguments[binding.argumentOf[i]];
    bound.places[i] = call.arguments[binding.argumentOf[i]].value->loc;
    if (bound.values[i].isError())
      bound.ok = false;
  }
  return bound;
}

bool Elaborator::requireAll(const CallExpr &call, const Signature &signature,
                            const BoundCall &bound, bool skipInput) {
  bool ok = true;
  for (size_t i = skipInput; i < signature.names.size(); ++i) {
    if (bound.given[i] || !signature.parameters[i].required)
      continue;
    fail(call.loc,
         "'" + signature.function + "' needs " + signature.names[i] + " = ...");
    ok = false;
  }
  return ok;
}

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

Value Elaborator::evaluateCall(Frame &frame, const CallExpr &call) {
  const auto *name = dyn_cast<NameExpr>(call.callee.get());
  Value callee =
      name ? evaluateName(frame, *name, true) : evaluate(frame, *call.callee);
  std::vector<Value> arguments;
  for (const Argument &argument : call.arguments) {
    Value value = evaluate(frame, *argument.value);
    if (value.kind == Value::Kind::none)
      value = fail(argument.value->loc, "this has no value");
    arguments.push_back(std::move(value));
  }
  if (callee.isError() || isOutOfBudget(call.loc))
    return Value::makeError();
  switch (callee.kind) {
  case Value::Kind::function:
    if (callee.fn)
      return callFn(frame, call, *callee.fn, std::move(arguments));
    return callLibrary(frame, call, *callee.library, std::move(arguments));
  case Value::Kind::layer:
    return applyLayer(frame, call, *callee.layer, std::move(arguments));
  case Value::Kind::router:
    if (!callee.bound)
      return callRouter(frame, call, callee, std::move(arguments));
    [[fallthrough]];
  default:
    return fail(call.loc, callee.describe() + " cannot be called");
  }
}

static size_t countPositional(const CallExpr &call) {
  return llvm::count_if(call.arguments, [](const Argument &argument) {
    return argument.name.empty();
  });
}

Value Elaborator::callLibrary(Frame &frame, const CallExpr &call,
                              const LibraryFunction &function,
                              std::vector<Value> arguments) {
  if (function.missing)
    return fail(call.loc, Twine("not supported yet: ") + function.missing);
  // What has weights or needs a stream stands where that is.
  if (!findFunction(function.name, frame.context))
    return fail(call.loc,
                "'" + function.name + "' is " + describePlace(function.kind));
  Signature signature = getSignature(function);
  bool skipInput = false;
  if (function.takesInput()) {
    const Value *first = nullptr;
    for (size_t i = 0; i < arguments.size(); ++i) {
      if (call.arguments[i].name == signature.names[0] ||
          (i == 0 && call.arguments[i].name.empty())) {
        first = &arguments[i];
        break;
      }
    }
    bool named =
        first && !call.arguments[first - arguments.data()].name.empty();
    skipInput = !first || (!named && !first->isTensor() && !first->isError() &&
                           first->kind != Value::Kind::ids &&
                           first->kind != Value::Kind::mask &&
                           first->kind != Value::Kind::layer);
  }
  if (skipInput && !arguments.empty() &&
      countPositional(call) >= signature.names.size())
    return fail(call.arguments[0].value->loc,
                "the first argument of '" + function.name +
                    "' is its input, not " + arguments[0].describe());
  std::vector<Value> positional;
  if (function.variadic)
    for (size_t i = 0; i < arguments.size(); ++i)
      if (call.arguments[i].name.empty())
        positional.push_back(arguments[i]);
  BoundCall bound = bind(call, signature, std::move(arguments), skipInput);
  if (!requireAll(call, signature, bound, skipInput) || !bound.ok)
    return Value::makeError();
  switch (function.kind) {
  case LibraryKind::elementwise:
    if (builder)
      builder->setPlace(call.loc, frame.path);
    return callElementwise(call.loc, function, bound.values);
  case LibraryKind::integer:
    if (frame.isActivation)
      return fail(call.loc, "an activation is elementwise: '" + function.name +
                                "' is of integers");
    [[fallthrough]];
  case LibraryKind::stream:
    if (builder)
      builder->setPlace(call.loc, frame.path);
    return (this->*function.emitStream)(
        {frame, call, function, bound, positional});
  case LibraryKind::setting:
    return makeSetting(function, bound);
  case LibraryKind::layer:
    break;
  }
  if (frame.isActivation)
    return fail(call.loc, "an activation is elementwise: '" + function.name +
                              "' cannot stand in one");
  auto layer = std::make_shared<Layer>();
  layer->library = &function;
  layer->arguments = bound.values;
  layer->given = bound.given;
  layer->places = bound.places;
  layer->loc = call.loc;
  if (function.takesInput() && skipInput) {
    Value value;
    value.kind = Value::Kind::layer;
    value.layer = layer;
    return value;
  }
  return emitLayer(frame, *layer,
                   function.takesInput() ? bound.values[0] : Value::makeNone(),
                   call.loc);
}

Value Elaborator::callFn(Frame &frame, const CallExpr &call, const FnItem &fn,
                         std::vector<Value> arguments) {
  Signature signature = getSignature(fn);
  BoundCall bound = bind(call, signature, std::move(arguments), false);
  if (!bound.ok)
    return Value::makeError();
  // Only the first parameter is missing: a layer, to be given its input later.
  bool isLayer = !fn.formals.empty() && signature.parameters[0].required &&
                 !bound.given[0] && frame.context == Context::model &&
                 !frame.isActivation;
  if (!requireAll(call, signature, bound, isLayer))
    return Value::makeError();
  if (isLayer) {
    auto layer = std::make_shared<Layer>();
    layer->fn = &fn;
    layer->arguments = bound.values;
    layer->given = bound.given;
    layer->places = bound.places;
    layer->loc = call.loc;
    Value value;
    value.kind = Value::Kind::layer;
    value.layer = layer;
    return value;
  }
  std::string path = frame.path;
  // Elementwise functions make nothing that would need a name.
  if (frame.context == Context::model && !frame.isActivation)
    path = takePath(frame, fn.name);
  return runFn(frame, fn, bound, call.loc, std::move(path), frame.isActivation);
}

Value Elaborator::runFn(Frame &caller, const FnItem &fn, const BoundCall &bound,
                        SMLoc loc, std::string path, bool isActivation) {
  if (callers.size() >= kMaxCalls) {
    fail(loc, "functions call each other more than 64 deep");
    stopped = true;
    return Value::makeError();
  }
  Frame frame;
  frame.context = caller.context;
  frame.path = std::move(path);
  frame.callLoc = loc;
  frame.isActivation = isActivation;
  callers.push_back(&frame);
  llvm::scope_exit leave([&] { callers.pop_back(); });
  for (size_t i = 0; i < fn.formals.size(); ++i) {
    const Formal &formal = fn.formals[i];
    Value value = bound.given[i] || !formal.value
                      ? bound.values[i]
                      : evaluate(frame, *formal.value);
    nameLayer(frame, value, formal.name);
    frame.scopes.back()[formal.name] = value;
  }
  runBlock(frame, fn.body);
  if (stopped)
    return Value::makeError();
  if (!frame.result)
    return fail(fn.nameLoc,
                "the function '" + fn.name + "' ends without 'return'");
  Value result = *frame.result;
  result.loc = loc;
  return result;
}

Value Elaborator::applyLayer(Frame &frame, const CallExpr &call, Layer &layer,
                             std::vector<Value> arguments) {
  StringRef name =
      layer.library ? StringRef(layer.library->name) : layer.fn->name;
  if (arguments.size() != 1 || !call.arguments[0].name.empty())
    return fail(call.loc,
                "the layer '" + name + "' takes its input and nothing else");
  if (arguments[0].isError())
    return Value::makeError();
  if (frame.isActivation)
    return fail(call.loc, "an activation is elementwise: '" + name +
                              "' cannot stand in one");
  if (layer.library)
    return emitLayer(frame, layer, arguments[0], call.loc);
  if (layer.path.empty())
    layer.path = takePath(frame, name);
  BoundCall bound;
  bound.values = layer.arguments;
  bound.given = layer.given;
  bound.places = layer.places;
  bound.values[0] = arguments[0];
  bound.given[0] = true;
  return runFn(frame, *layer.fn, bound, call.loc, layer.path, false);
}

/// `r(0)`: a router with its arguments.
Value Elaborator::callRouter(Frame &frame, const CallExpr &call,
                             const Value &router,
                             std::vector<Value> arguments) {
  Signature signature = getSignature(*router.router);
  BoundCall bound = bind(call, signature, std::move(arguments), false);
  if (!bound.ok || !requireAll(call, signature, bound, false))
    return Value::makeError();
  Value result = router;
  result.bound = true;
  for (size_t i = 0; i < bound.values.size(); ++i) {
    Value value = bound.values[i];
    if (!bound.given[i]) {
      Frame constants;
      value = evaluate(constants, *router.router->formals[i].value);
    }
    if (!value.isError() && !value.isInteger() &&
        value.kind != Value::Kind::argmax)
      return fail(bound.places[i],
                  "a router's parameters are integers, or an argmax of "
                  "activations, not " +
                      value.describe());
    value.loc = bound.places[i];
    result.elements.push_back(value);
  }
  return result;
}

Value Elaborator::makeSetting(const LibraryFunction &function,
                              const BoundCall &bound) {
  Value setting;
  setting.kind = Value::Kind::setting;
  setting.text = function.name.str();
  for (size_t i = 0; i < bound.values.size(); ++i) {
    if (!bound.given[i])
      continue;
    Value value = bound.values[i];
    value.loc = bound.places[i];
    setting.fields[function.parameters[i].name.str()] = value;
  }
  return setting;
}

} // namespace hashc::frontend
