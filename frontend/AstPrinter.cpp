//===- AstPrinter.cpp - The canonical form of a spec ----------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/AstPrinter.h"
#include "frontend/Precedence.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Casting.h"

using llvm::cast;
using llvm::dyn_cast;
using llvm::isa;
using llvm::StringRef;

namespace hashc::frontend {

namespace {

constexpr size_t kWidth = 100;
constexpr unsigned kIndent = 2;

int precedenceOf(const Expr &expr) {
  if (const auto *binary = dyn_cast<BinaryExpr>(&expr))
    return getPrecedence(binary->op);
  if (isa<UnaryExpr>(expr))
    return kUnary;
  // An `if` takes no operator or call behind its blocks without parentheses.
  return isa<IfExpr>(expr) ? 0 : kPostfix;
}

/// An `if` that may stand on one line: blocks of one value, no comments.
bool isFlat(const Block &block) {
  return block.statements.size() == 1 && block.commentsAtEnd.empty() &&
         isa<ExprStmt>(*block.statements[0]) &&
         block.statements[0]->trivia.commentsBefore.empty() &&
         block.statements[0]->trivia.commentBehind.empty();
}

class Printer {
public:
  explicit Printer(llvm::raw_ostream &out) : out(out) {}

  void print(const Spec &spec);
  /// The expression on one line; sets `broken` where that cannot be.
  std::string flat(const Expr &expr, int context = 0);
  bool broken = false;

private:
  std::string flatArguments(const std::vector<Argument> &arguments);
  std::string flatList(const std::vector<ExprPtr> &list);
  std::string flatIf(const IfExpr &choice);
  std::string head(const Argument &argument);

  void comments(const std::vector<StringRef> &lines);
  void printItem(const Item &item);
  void printFormals(const std::vector<Formal> &formals);
  void printModel(const ModelItem &model);
  void printTrain(const TrainItem &train);
  void printBlock(const Block &block);
  void printStatement(const Stmt &stmt);
  void printExpr(const Expr &expr, int context = 0);
  void printCall(const CallExpr &call);
  void printIf(const IfExpr &choice);
  void printFields(const std::vector<Argument> &fields);
  void printBraces(const std::vector<Argument> &fields);

  Printer &operator<<(StringRef text) {
    out << text;
    column += text.size();
    return *this;
  }
  void line() {
    out << '\n';
    out.indent(indent);
    column = indent;
  }
  bool fits(const Expr &expr, int context, std::string &text);

  llvm::raw_ostream &out;
  unsigned indent = 0;
  size_t column = 0;
};

//===----------------------------------------------------------------------===//
// On one line
//===----------------------------------------------------------------------===//

std::string Printer::head(const Argument &argument) {
  if (argument.name.empty())
    return "";
  // Patterns of `init` are strings in front of '='.
  bool quoted = argument.name.data()[-1] == '"';
  std::string name =
      quoted ? ("\"" + argument.name + "\"").str() : argument.name.str();
  return name + (argument.colon ? ": " : " = ");
}

std::string Printer::flatArguments(const std::vector<Argument> &arguments) {
  std::string text;
  for (const Argument &argument : arguments)
    text += (text.empty() ? "" : ", ") + head(argument) + flat(*argument.value);
  return text;
}

std::string Printer::flatList(const std::vector<ExprPtr> &list) {
  std::string text;
  for (const ExprPtr &element : list)
    text += (text.empty() ? "" : ", ") + flat(*element);
  return text;
}

std::string Printer::flatIf(const IfExpr &choice) {
  if (!isFlat(*choice.thenBlock) || !choice.elseBlock ||
      !isFlat(*choice.elseBlock)) {
    broken = true;
    return "";
  }
  auto value = [&](const Block &block) {
    return flat(*cast<ExprStmt>(*block.statements[0]).value);
  };
  std::string text = "if " + flat(*choice.condition) + " { " +
                     value(*choice.thenBlock) + " } else ";
  std::string other = value(*choice.elseBlock);
  return text + (choice.elseIf ? other : "{ " + other + " }");
}

std::string Printer::flat(const Expr &expr, int context) {
  if (broken)
    return "";
  if (precedenceOf(expr) < context)
    return "(" + flat(expr) + ")";
  switch (expr.kind) {
  case Expr::Kind::Number: {
    const auto &number = cast<NumberExpr>(expr);
    return number.spelling.str() + (number.percent ? "%" : "");
  }
  case Expr::Kind::String:
    return ("\"" + cast<StringExpr>(expr).text + "\"").str();
  case Expr::Kind::Bool:
    return cast<BoolExpr>(expr).value ? "true" : "false";
  case Expr::Kind::Name:
    return cast<NameExpr>(expr).name.str();
  case Expr::Kind::Member: {
    const auto &member = cast<MemberExpr>(expr);
    return flat(*member.base, kPostfix) + "." + member.name.str();
  }
  case Expr::Kind::Unary: {
    const auto &unary = cast<UnaryExpr>(expr);
    return unary.op.str() + flat(*unary.operand, kUnary);
  }
  case Expr::Kind::Binary: {
    const auto &binary = cast<BinaryExpr>(expr);
    int level = getPrecedence(binary.op);
    // Comparisons do not chain, on either side.
    return flat(*binary.lhs, level + (level == kComparison)) + " " +
           binary.op.str() + " " + flat(*binary.rhs, level + 1);
  }
  case Expr::Kind::Call: {
    const auto &call = cast<CallExpr>(expr);
    return flat(*call.callee, kPostfix) + "(" + flatArguments(call.arguments) +
           ")";
  }
  case Expr::Kind::If:
    return flatIf(cast<IfExpr>(expr));
  case Expr::Kind::Tuple: {
    const auto &tuple = cast<TupleExpr>(expr);
    return "(" + flatList(tuple.elements) +
           (tuple.elements.size() == 1 ? ",)" : ")");
  }
  case Expr::Kind::List:
    return "[" + flatList(cast<ListExpr>(expr).elements) + "]";
  case Expr::Kind::Record:
    return "{ " + flatArguments(cast<RecordExpr>(expr).fields) + " }";
  }
  return "";
}

bool Printer::fits(const Expr &expr, int context, std::string &text) {
  broken = false;
  text = flat(expr, context);
  return !std::exchange(broken, false) && column + text.size() <= kWidth;
}

//===----------------------------------------------------------------------===//
// On several lines
//===----------------------------------------------------------------------===//

void Printer::printExpr(const Expr &expr, int context) {
  std::string text;
  if (fits(expr, context, text)) {
    *this << text;
    return;
  }
  if (precedenceOf(expr) < context) {
    *this << "(";
    printExpr(expr);
    *this << ")";
    return;
  }
  switch (expr.kind) {
  case Expr::Kind::Binary: {
    const auto &binary = cast<BinaryExpr>(expr);
    int level = getPrecedence(binary.op);
    printExpr(*binary.lhs, level + (level == kComparison));
    indent += kIndent;
    line();
    *this << binary.op << " ";
    printExpr(*binary.rhs, level + 1);
    indent -= kIndent;
    return;
  }
  case Expr::Kind::Unary:
    *this << cast<UnaryExpr>(expr).op;
    printExpr(*cast<UnaryExpr>(expr).operand, kUnary);
    return;
  case Expr::Kind::Member:
    printExpr(*cast<MemberExpr>(expr).base, kPostfix);
    *this << "." << cast<MemberExpr>(expr).name;
    return;
  case Expr::Kind::Call:
    printCall(cast<CallExpr>(expr));
    return;
  case Expr::Kind::If:
    printIf(cast<IfExpr>(expr));
    return;
  case Expr::Kind::Record:
    *this << "{";
    printFields(cast<RecordExpr>(expr).fields);
    *this << "}";
    return;
  case Expr::Kind::Tuple:
  case Expr::Kind::List: {
    const auto *tuple = dyn_cast<TupleExpr>(&expr);
    const auto &elements =
        tuple ? tuple->elements : cast<ListExpr>(expr).elements;
    *this << (tuple ? "(" : "[");
    indent += kIndent;
    for (const ExprPtr &element : elements) {
      line();
      printExpr(*element);
      *this << ",";
    }
    indent -= kIndent;
    line();
    *this << (tuple ? ")" : "]");
    return;
  }
  default:
    *this << text;
  }
}

/// One argument a line.
void Printer::printFields(const std::vector<Argument> &fields) {
  indent += kIndent;
  for (const Argument &field : fields) {
    line();
    *this << head(field);
    printExpr(*field.value);
    *this << ",";
  }
  indent -= kIndent;
  line();
}

void Printer::printCall(const CallExpr &call) {
  printExpr(*call.callee, kPostfix);
  *this << "(";
  // An `if` at the end opens its blocks on the call's own line.
  if (!call.arguments.empty() && isa<IfExpr>(*call.arguments.back().value)) {
    std::string text;
    for (size_t i = 0; i + 1 < call.arguments.size(); ++i)
      text += head(call.arguments[i]) + flat(*call.arguments[i].value) + ", ";
    const auto &choice = cast<IfExpr>(*call.arguments.back().value);
    text += head(call.arguments.back());
    size_t condition = flat(*choice.condition).size() + 5;
    if (!std::exchange(broken, false) &&
        column + text.size() + condition <= kWidth) {
      *this << text;
      printIf(choice);
      *this << ")";
      return;
    }
  }
  printFields(call.arguments);
  *this << ")";
}

void Printer::printIf(const IfExpr &choice) {
  *this << "if ";
  printExpr(*choice.condition);
  *this << " ";
  printBlock(*choice.thenBlock);
  if (!choice.elseBlock)
    return;
  *this << " else ";
  if (choice.elseIf)
    printIf(
        cast<IfExpr>(*cast<ExprStmt>(*choice.elseBlock->statements[0]).value));
  else
    printBlock(*choice.elseBlock);
}

void Printer::comments(const std::vector<StringRef> &lines) {
  for (StringRef text : lines) {
    *this << text;
    line();
  }
}

void Printer::printBlock(const Block &block) {
  if (block.statements.empty() && block.commentsAtEnd.empty()) {
    *this << "{}";
    return;
  }
  *this << "{";
  indent += kIndent;
  bool first = true;
  for (const StmtPtr &stmt : block.statements) {
    if (stmt->trivia.blankLineBefore && !first)
      out << '\n';
    first = false;
    line();
    comments(stmt->trivia.commentsBefore);
    printStatement(*stmt);
    if (!stmt->trivia.commentBehind.empty())
      *this << "  " << stmt->trivia.commentBehind;
  }
  for (StringRef text : block.commentsAtEnd) {
    line();
    *this << text;
  }
  indent -= kIndent;
  line();
  *this << "}";
}

void Printer::printStatement(const Stmt &stmt) {
  switch (stmt.kind) {
  case Stmt::Kind::Let: {
    const auto &let = cast<LetStmt>(stmt);
    *this << "let " << let.name << " = ";
    return printExpr(*let.value);
  }
  case Stmt::Kind::Assign: {
    const auto &assign = cast<AssignStmt>(stmt);
    *this << assign.name << " = ";
    return printExpr(*assign.value);
  }
  case Stmt::Kind::Return:
    *this << "return ";
    return printExpr(*cast<ReturnStmt>(stmt).value);
  case Stmt::Kind::For: {
    const auto &loop = cast<ForStmt>(stmt);
    *this << "for " << loop.name << " in ";
    printExpr(*loop.from, kUnary);
    *this << "..";
    printExpr(*loop.to, kUnary);
    *this << " ";
    return printBlock(loop.body);
  }
  case Stmt::Kind::Expression: {
    // A statement of its own has its blocks on lines of their own.
    const Expr &value = *cast<ExprStmt>(stmt).value;
    if (const auto *choice = dyn_cast<IfExpr>(&value))
      return printIf(*choice);
    return printExpr(value);
  }
  case Stmt::Kind::Weight: {
    const auto &weight = cast<WeightStmt>(stmt);
    *this << "weight " << weight.name << "[" << flatList(weight.shape)
          << "] = ";
    return printExpr(*weight.value);
  }
  }
}

//===----------------------------------------------------------------------===//
// Items
//===----------------------------------------------------------------------===//

void Printer::printFormals(const std::vector<Formal> &formals) {
  *this << "(";
  bool first = true;
  for (const Formal &formal : formals) {
    *this << (first ? "" : ", ") << formal.name;
    first = false;
    if (formal.value) {
      *this << " = ";
      printExpr(*formal.value);
    }
  }
  *this << ")";
}

void Printer::printModel(const ModelItem &model) {
  *this << "model " << model.name << "(";
  bool first = true;
  for (const ModelInput &input : model.inputs) {
    *this << (first ? "" : ", ") << input.name << ": " << input.type;
    first = false;
    if (!input.arguments.empty())
      *this << "[" << flatArguments(input.arguments) << "]";
  }
  *this << ") ";
  printBlock(model.body);
}

/// Behind a pattern or a file, in its line where there is room.
void Printer::printBraces(const std::vector<Argument> &fields) {
  broken = false;
  std::string text = " { " + flatArguments(fields) + " }";
  if (!std::exchange(broken, false) && column + text.size() <= kWidth) {
    *this << text;
    return;
  }
  *this << " {";
  printFields(fields);
  *this << "}";
}

void Printer::printTrain(const TrainItem &train) {
  *this << "train " << train.name << " {";
  size_t width = 0;
  for (const Setting &setting : train.settings)
    if (!setting.isPattern)
      width = std::max(width, setting.name.size());
  indent += kIndent;
  bool first = true;
  for (const Setting &setting : train.settings) {
    if (setting.trivia.blankLineBefore && !first)
      out << '\n';
    first = false;
    line();
    comments(setting.trivia.commentsBefore);
    *this << setting.name;
    if (setting.isPattern) {
      *this << " ";
    } else {
      *this << std::string(width - setting.name.size(), ' ') << " = ";
    }
    printExpr(*setting.value);
    if (setting.hasFields)
      printBraces(setting.fields);
    if (!setting.trivia.commentBehind.empty())
      *this << "  " << setting.trivia.commentBehind;
  }
  for (StringRef text : train.commentsAtEnd) {
    line();
    *this << text;
  }
  indent -= kIndent;
  line();
  *this << "}";
}

void Printer::printItem(const Item &item) {
  switch (item.kind) {
  case Item::Kind::Param:
    *this << "param " << item.name << " = ";
    return printExpr(*cast<ParamItem>(item).value);
  case Item::Kind::Fn: {
    const auto &fn = cast<FnItem>(item);
    *this << "fn " << fn.name;
    printFormals(fn.formals);
    *this << " ";
    // A formula stands on one line.
    if (fn.body.statements.size() == 1 && fn.body.commentsAtEnd.empty()) {
      const Stmt &only = *fn.body.statements[0];
      const auto *result = dyn_cast<ReturnStmt>(&only);
      std::string text;
      if (result && only.trivia.commentsBefore.empty() &&
          only.trivia.commentBehind.empty() && fits(*result->value, 0, text) &&
          column + text.size() + 11 <= kWidth) {
        *this << "{ return " << text << " }";
        return;
      }
    }
    return printBlock(fn.body);
  }
  case Item::Kind::Router: {
    const auto &router = cast<RouterItem>(item);
    *this << "router " << router.name;
    if (router.hasFormals)
      printFormals(router.formals);
    *this << " = ";
    return printExpr(*router.value);
  }
  case Item::Kind::Model:
    return printModel(cast<ModelItem>(item));
  case Item::Kind::Train:
    return printTrain(cast<TrainItem>(item));
  }
}

bool standsAlone(const Item &item) {
  return item.kind != Item::Kind::Param && item.kind != Item::Kind::Router;
}

void Printer::print(const Spec &spec) {
  const Item *previous = nullptr;
  for (const ItemPtr &item : spec.items) {
    if (previous) {
      line();
      if (item->trivia.blankLineBefore || standsAlone(*item) ||
          standsAlone(*previous) || item->kind != previous->kind)
        line();
    }
    comments(item->trivia.commentsBefore);
    printItem(*item);
    if (!item->trivia.commentBehind.empty())
      *this << "  " << item->trivia.commentBehind;
    previous = item.get();
  }
  for (StringRef text : spec.commentsAtEnd) {
    if (previous)
      line();
    *this << text;
    if (!previous)
      line();
  }
  if (previous)
    line();
}

} // namespace

void printSpec(const Spec &spec, llvm::raw_ostream &out) {
  Printer(out).print(spec);
}

std::string printExpr(const Expr &expr) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  return Printer(stream).flat(expr);
}

} // namespace hashc::frontend
