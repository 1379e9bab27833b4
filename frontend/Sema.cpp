//===- Sema.cpp - What can be checked before a spec runs ------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/Sema.h"
#include "frontend/SemaImpl.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include <set>

using llvm::cast;
using llvm::dyn_cast;
using llvm::isa;
using llvm::SMLoc;
using llvm::StringRef;
using llvm::Twine;

namespace hashc::frontend {

void Sema::collectItems() {
  const Item *model = nullptr, *train = nullptr;
  for (const ItemPtr &item : spec.items) {
    const Item *&only = isa<TrainItem>(*item) ? train : model;
    if (isa<TrainItem, ModelItem>(*item)) {
      if (only) {
        diagnostics.error(item->nameLoc,
                          isa<TrainItem>(*item)
                              ? "not supported yet: a second train block"
                              : "not supported yet: a second model");
        diagnostics.note(only->nameLoc, "the first one is here");
      } else {
        only = item.get();
      }
    }
    if (isa<TrainItem>(*item))
      continue;
    auto [entry, isNew] = items.try_emplace(item->name, item.get());
    if (!isNew) {
      diagnostics.error(item->nameLoc,
                        "'" + item->name + "' is declared twice");
      diagnostics.note(entry->second->nameLoc, "it is declared here");
    }
    const auto *router = dyn_cast<RouterItem>(item.get());
    bool callable = isa<FnItem>(*item) || (router && router->hasFormals);
    if (callable && findFunctionAnywhere(item->name))
      diagnostics.error(item->nameLoc,
                        "'" + item->name +
                            "' is a function of the library: choose another "
                            "name");
  }
}

void Sema::checkFormals(const std::vector<Formal> &formals) {
  bool optional = false;
  for (const Formal &formal : formals) {
    if (formal.value)
      checkExpr(*formal.value);
    else if (optional)
      diagnostics.error(formal.loc, "'" + formal.name +
                                        "' needs a default value, as the "
                                        "parameter before it has one");
    optional |= formal.value != nullptr;
    auto [entry, isNew] =
        scopes.back().try_emplace(formal.name, Local{formal.loc, false});
    if (!isNew) {
      diagnostics.error(formal.loc,
                        "two parameters are called '" + formal.name + "'");
      diagnostics.note(entry->second.loc, "the first one is here");
    }
  }
}

void Sema::checkFn(const FnItem &fn) {
  context = Context::model;
  current = &fn;
  scopes.emplace_back();
  checkFormals(fn.formals);
  checkBlock(fn.body, Use::last);
  if (!alwaysReturns(fn.body))
    diagnostics.error(fn.nameLoc,
                      "the function '" + fn.name + "' ends without 'return'");
  scopes.pop_back();
  current = nullptr;
}

void Sema::checkRouter(const RouterItem &router) {
  context = Context::router;
  scopes.emplace_back();
  checkFormals(router.formals);
  checkExpr(*router.value);
  scopes.pop_back();
}

void Sema::checkInput(const ModelInput &input) {
  if (input.type != "ids")
    diagnostics.error(input.typeLoc, "a model's input is of type 'ids', not '" +
                                         input.type + "'");
  std::set<StringRef> given;
  bool allNamed = true;
  for (const Argument &argument : input.arguments) {
    allNamed &= !argument.name.empty();
    checkExpr(*argument.value);
    if (argument.name != "context" && argument.name != "vocab")
      diagnostics.error(argument.name.empty() ? argument.value->loc
                                              : argument.nameLoc,
                        argument.name.empty()
                            ? Twine("write context = ... or vocab = ...")
                            : "'ids' has no '" + argument.name + "'" +
                                  suggest(argument.name, {"context", "vocab"}));
    else if (!given.insert(argument.name).second)
      diagnostics.error(argument.nameLoc,
                        "'" + argument.name + "' is given twice");
  }
  for (StringRef name : {"context", "vocab"})
    if (!given.count(name) && input.type == "ids" && allNamed)
      diagnostics.error(input.typeLoc, "'ids' needs " + name + " = ...");
}

void Sema::checkModel(const ModelItem &model) {
  context = Context::constant;
  if (model.inputs.empty()) {
    diagnostics.error(model.nameLoc, "a model has an input, as in '" +
                                         model.name +
                                         "(tokens: ids[context = 256, vocab = "
                                         "8192])'");
    return;
  }
  if (model.inputs.size() > 2)
    diagnostics.error(model.inputs[2].loc, "not supported yet: models with "
                                           "more than two inputs");
  for (const ModelInput &input : model.inputs)
    checkInput(input);
  context = Context::model;
  scopes.emplace_back();
  for (const ModelInput &input : model.inputs) {
    auto [entry, isNew] =
        scopes.back().try_emplace(input.name, Local{input.loc, false});
    if (isNew)
      continue;
    diagnostics.error(input.loc, "two inputs are called '" + input.name + "'");
    diagnostics.note(entry->second.loc, "the first one is here");
  }
  checkBlock(model.body, Use::last);
  if (!alwaysReturns(model.body))
    diagnostics.error(model.nameLoc,
                      "the model '" + model.name + "' ends without 'return'");
  scopes.pop_back();
}

/// The setting that may be meant, the function that has such a parameter, or
/// all settings.
static std::string hintSetting(StringRef name) {
  std::string near = suggest(name, listSettings());
  if (!near.empty())
    return near;
  for (const LibraryFunction &function : getLibrary())
    for (const LibraryParameter &parameter : function.parameters)
      if (function.kind == LibraryKind::setting && parameter.name == name)
        return ("; it stands in " + function.name + "(" + name + " = ...)")
            .str();
  return "; there are " + llvm::join(listSettings(), ", ");
}

/// `f16`: a name that nothing has.
bool Sema::isUnknownWord(const Expr &expr) const {
  const auto *name = dyn_cast<NameExpr>(&expr);
  return name && !items.count(name->name) && !isWord(name->name) &&
         !isFeature(name->name) && !findFunctionAnywhere(name->name);
}

/// `freeze` is of weights; its pattern is compared with their names when there
/// are any.
void Sema::checkPattern(const Setting &setting) {
  if (setting.name == "init")
    checkInit(setting);
  else if (setting.name != "freeze")
    diagnostics.error(setting.loc,
                      "not supported yet: '" + setting.name +
                          "'; every weight is trained or frozen (freeze "
                          "\"PATTERN\"), decay is on matrices");
  else if (!setting.isPattern)
    checkExpr(*setting.value);
  else if (setting.hasFields)
    diagnostics.error(setting.loc, "'freeze' has nothing in braces");
}

/// What it is of is known when there are weights.
void Sema::checkInit(const Setting &setting) {
  if (!setting.isPattern || setting.fields.empty()) {
    diagnostics.error(setting.loc,
                      "'init' is of a file and of names of weights, as in init "
                      "\"model.safetensors\" { \"encoder.**\" = \"**\" }");
    return;
  }
  checkExpr(*setting.value);
  for (const Argument &field : setting.fields) {
    if (field.name.empty())
      diagnostics.error(field.value->loc, "say which weights begin like this, "
                                          "as in \"encoder.**\" = \"**\"");
    else if (field.colon)
      diagnostics.error(field.nameLoc, "write '=' behind a pattern of weights");
    checkExpr(*field.value);
  }
}

void Sema::checkTrain(const TrainItem &train) {
  context = Context::train;
  auto it = items.find(train.name);
  if (it == items.end() || !isa<ModelItem>(it->second)) {
    std::vector<StringRef> models;
    for (const auto &[name, item] : items)
      if (isa<ModelItem>(item))
        models.push_back(name);
    diagnostics.error(train.nameLoc, "there is no model '" + train.name + "'" +
                                         suggest(train.name, models));
  }
  std::map<StringRef, SMLoc> given;
  for (const Setting &setting : train.settings) {
    if (setting.isPattern || setting.name == "freeze" ||
        setting.name == "group" || setting.name == "init") {
      checkPattern(setting);
      continue;
    }
    if (!findSetting(setting.name)) {
      diagnostics.error(setting.loc, "there is no setting '" + setting.name +
                                         "'" + hintSetting(setting.name));
      continue;
    }
    auto [entry, isNew] = given.try_emplace(setting.name, setting.loc);
    if (!isNew) {
      diagnostics.error(setting.loc, "'" + setting.name + "' is given twice");
      diagnostics.note(entry->second, "it is given here");
    }
    bool ownLoss = setting.name == "loss" && !isa<NameExpr>(*setting.value);
    if (ownLoss)
      diagnostics.error(setting.value->loc, "not supported yet: losses of "
                                            "your own; write cross_entropy");
    else if (setting.name == "precision" && isUnknownWord(*setting.value))
      diagnostics.error(setting.value->loc,
                        "precision is " + kPrecisions + ", not '" +
                            cast<NameExpr>(*setting.value).name + "'");
    else
      checkExpr(*setting.value);
  }
}

/// Functions that call themselves never end: a spec has no values to stop at.
void Sema::checkRecursion() {
  std::set<const FnItem *> reported;
  for (const ItemPtr &item : spec.items) {
    const auto *start = dyn_cast<FnItem>(item.get());
    if (!start || reported.count(start))
      continue;
    std::vector<const FnItem *> work = {start};
    std::set<const FnItem *> seen;
    while (!work.empty()) {
      const FnItem *fn = work.back();
      work.pop_back();
      for (const auto &[callee, loc] : calls[fn]) {
        if (callee == start && reported.insert(start).second)
          diagnostics.error(loc, "the function '" + start->name +
                                     "' calls itself: repeat with 'for'");
        if (seen.insert(callee).second)
          work.push_back(callee);
      }
    }
    // One message for a circle of functions.
    if (reported.count(start))
      reported.insert(seen.begin(), seen.end());
  }
}

void Sema::run() {
  collectItems();
  for (const ItemPtr &item : spec.items) {
    if (diagnostics.isFull())
      return;
    switch (item->kind) {
    case Item::Kind::Param:
      context = Context::constant;
      checkExpr(*cast<ParamItem>(*item).value);
      break;
    case Item::Kind::Fn:
      checkFn(cast<FnItem>(*item));
      break;
    case Item::Kind::Router:
      checkRouter(cast<RouterItem>(*item));
      break;
    case Item::Kind::Model:
      checkModel(cast<ModelItem>(*item));
      break;
    case Item::Kind::Train:
      checkTrain(cast<TrainItem>(*item));
      break;
    }
  }
  checkRecursion();
}

void checkSpec(const Spec &spec, Diagnostics &diagnostics) {
  Sema(spec, diagnostics).run();
}

} // namespace hashc::frontend
