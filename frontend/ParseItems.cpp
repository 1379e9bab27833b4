//===- ParseItems.cpp - What stands at the top of a spec ------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/ParserImpl.h"

namespace hashc::frontend {

ItemPtr Parser::parseItem() {
  if (token().is("param"))
    return parseParam();
  if (token().is("fn"))
    return parseFn();
  if (token().is("router"))
    return parseRouter();
  if (token().is("model"))
    return parseModel();
  if (token().is("train"))
    return parseTrain();
  return failNoItem();
}

std::nullptr_t Parser::failNoItem() {
  std::string hint =
      suggest(token().text, {"param", "fn", "router", "model", "train"});
  if (is_contained({"def", "func", "function"}, token().text))
    hint = ": a function begins with 'fn'";
  if (token().is("let") || ahead().is("="))
    hint = ": a value of the whole spec is a param, as in 'param dim = 256'";
  if (token().kind != TokenKind::invalid)
    error(token().getLoc(),
          "expected 'param', 'fn', 'router', 'model' or 'train', found " +
              describe(token()) + hint);
  panicking = true;
  advance();
  return nullptr;
}

//===----------------------------------------------------------------------===//
// Params, functions, routers
//===----------------------------------------------------------------------===//

ItemPtr Parser::parseParam() {
  auto item = std::make_unique<ParamItem>(token().getLoc());
  advance();
  if (!expectName(item->name, item->nameLoc, "a name for the param") ||
      !expect("=", "and the param's default value"))
    return nullptr;
  item->value = parseExpr();
  return item->value ? std::move(item) : nullptr;
}

bool Parser::parseFormals(std::vector<Formal> &formals) {
  auto parseFormal = [&] {
    Formal formal;
    if (!expectName(formal.name, formal.loc, "a name for the parameter"))
      return false;
    if (accept("=") && !(formal.value = parseExpr()))
      return false;
    formals.push_back(std::move(formal));
    return true;
  };
  return parseCommaSeparated(")", parseFormal) &&
         expect(")", "behind the parameters");
}

ItemPtr Parser::parseFn() {
  auto item = std::make_unique<FnItem>(token().getLoc());
  advance();
  if (!expectName(item->name, item->nameLoc, "a name for the function") ||
      !expect("(", "and the function's parameters") ||
      !parseFormals(item->formals) ||
      !parseBlock(item->body, "before the function's body"))
    return nullptr;
  return item;
}

ItemPtr Parser::parseRouter() {
  auto item = std::make_unique<RouterItem>(token().getLoc());
  advance();
  if (!expectName(item->name, item->nameLoc, "a name for the router"))
    return nullptr;
  if (accept("(")) {
    item->hasFormals = true;
    if (!parseFormals(item->formals))
      return nullptr;
  }
  if (!expect("=", "and the router's formula"))
    return nullptr;
  item->value = parseExpr();
  return item->value ? std::move(item) : nullptr;
}

//===----------------------------------------------------------------------===//
// Models
//===----------------------------------------------------------------------===//

bool Parser::parseInput(ModelInput &input) {
  if (!expectName(input.name, input.loc, "a name for the model's input") ||
      !expect(":", "and the input's type, as in "
                   "'tokens: ids[context = 256, vocab = 8192]'") ||
      !expectName(input.type, input.typeLoc, "the input's type"))
    return false;
  if (!accept("["))
    return true;
  return parseArguments(input.arguments, "]");
}

ItemPtr Parser::parseModel() {
  auto item = std::make_unique<ModelItem>(token().getLoc());
  advance();
  if (!expectName(item->name, item->nameLoc, "a name for the model") ||
      !expect("(", "and the model's input") ||
      !parseCommaSeparated(
          ")", [&] { return parseInput(item->inputs.emplace_back()); }) ||
      !expect(")", "behind the model's input") ||
      !parseBlock(item->body, "before the model's body"))
    return nullptr;
  return item;
}

//===----------------------------------------------------------------------===//
// Train blocks
//===----------------------------------------------------------------------===//

/// `group`, `freeze`, `init`: a pattern or a file, and what it is about.
bool Parser::parsePattern(Setting &setting) {
  setting.isPattern = true;
  setting.value = parsePrimary();
  setting.hasFields = accept("{");
  return !setting.hasFields || parseArguments(setting.fields, "}");
}

bool Parser::parseSetting(Setting &setting) {
  if (!expectName(setting.name, setting.loc, "a setting"))
    return false;
  // A file's name may be a param.
  const bool isFile = setting.name == "init" && token().kind == TokenKind::name;
  if (isFile || token().kind == TokenKind::string)
    return parsePattern(setting);
  if (!expect("=", "behind '" + setting.name + "'"))
    return false;
  setting.value = token().is("{") ? parseRecord() : parseExpr();
  return setting.value != nullptr;
}

void Parser::parseSettings(TrainItem &train) {
  while (!token().is("}") && !atEnd() && !diagnostics.isFull()) {
    if (accept(";"))
      continue;
    Setting setting;
    size_t begin = index;
    takeTrivia(setting.trivia);
    if (atItem())
      break;
    if (!parseSetting(setting) || !expectEndOfStatement()) {
      skipToStatement(begin);
      parentheses = 0;
      continue;
    }
    takeCommentBehind(setting.trivia);
    train.settings.push_back(std::move(setting));
  }
  takeCommentsBefore(token().text.data(), train.commentsAtEnd);
}

ItemPtr Parser::parseTrain() {
  auto item = std::make_unique<TrainItem>(token().getLoc());
  advance();
  if (!expectName(item->name, item->nameLoc,
                  "the name of the model to train") ||
      !expect("{", "before the settings"))
    return nullptr;
  parseSettings(*item);
  if (!expect("}", "behind the settings"))
    return nullptr;
  return item;
}

} // namespace hashc::frontend
