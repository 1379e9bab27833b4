//===- Inputs.cpp - What a model reads ------------------------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/Elaborator.h"

using llvm::dyn_cast;
using llvm::SMLoc;
using llvm::StringRef;
using llvm::Twine;

namespace hashc::frontend {

namespace {
constexpr int64_t kMaxRows = int64_t(1) << 24;
constexpr int64_t kMaxVocab = int64_t(1) << 24;
} // namespace

//===----------------------------------------------------------------------===//
// Shapes
//===----------------------------------------------------------------------===//

bool Elaborator::elaborateInput(const ModelInput &input, InputShape &result) {
  result.name = input.name.str();
  bool ok = true;
  for (const Argument &argument : input.arguments) {
    Frame frame;
    Value value = evaluate(frame, *argument.value);
    bool isContext = argument.name == "context";
    int64_t limit = isContext ? kMaxRows : kMaxVocab;
    if (value.isError()) {
      ok = false;
    } else if (!value.isInteger() || value.integer < 1 ||
               value.integer > limit) {
      fail(argument.value->loc, Twine(argument.name) + " is an integer in 1.." +
                                    Twine(limit) + ", not " +
                                    value.describeForInteger());
      ok = false;
    } else {
      (isContext ? result.window : result.vocab) = value.integer;
    }
  }
  return ok;
}

bool Elaborator::elaborateShape(const ModelItem &item) {
  shape.name = item.name.str();
  bool ok = true;
  for (const ModelInput &input : item.inputs) {
    shape.inputs.emplace_back();
    ok &= elaborateInput(input, shape.inputs.back());
  }
  shape.selectPredicted();
  return ok;
}

bool Elaborator::checkRows(const ModelItem &item) {
  for (size_t i = 0; i < item.inputs.size(); ++i) {
    int64_t rows = 0;
    if (!__builtin_mul_overflow(shape.inputs[i].window, shape.microBatch,
                                &rows) &&
        rows <= kMaxRows)
      continue;
    fail(item.inputs[i].loc, "context times micro_batch is more than " +
                                 Twine(kMaxRows) +
                                 " rows: make micro_batch smaller");
    return false;
  }
  return true;
}

/// The window and the vocabulary are those of the predicted input; all inputs
/// are listed where there are several.
mlir::DictionaryAttr Elaborator::makeModelAttr() {
  mlir::Builder builder(&context);
  auto integer = [&](StringRef name, int64_t value) {
    return builder.getNamedAttr(name, builder.getI64IntegerAttr(value));
  };
  auto string = [&](StringRef name, StringRef value) {
    return builder.getNamedAttr(name, builder.getStringAttr(value));
  };
  const InputShape &predicted = shape.inputs.back();
  llvm::SmallVector<mlir::NamedAttribute> fields = {
      string("name", shape.name),
      integer("vocab", predicted.vocab),
      integer("window", predicted.window),
      integer("micro_batch", shape.microBatch),
      string("precision", shape.precision),
      integer("bos", shape.bos)};
  if (shape.hasSeveralInputs()) {
    llvm::SmallVector<mlir::Attribute> inputs;
    for (const InputShape &input : shape.inputs)
      inputs.push_back(builder.getDictionaryAttr(
          {string("name", input.name), integer("vocab", input.vocab),
           integer("window", input.window)}));
    fields.push_back(
        builder.getNamedAttr("inputs", builder.getArrayAttr(inputs)));
  }
  return builder.getDictionaryAttr(fields);
}

//===----------------------------------------------------------------------===//
// Rows of an input
//===----------------------------------------------------------------------===//

void Elaborator::bindInputs(const ModelItem &item, Frame &frame) {
  for (size_t i = 0; i < item.inputs.size(); ++i) {
    shape.select(i);
    Value ids;
    ids.kind = Value::Kind::ids;
    ids.tensor = builder->getTokens();
    ids.loc = item.inputs[i].loc;
    frame.scopes.back()[item.inputs[i].name] = ids;
  }
}

bool Elaborator::isOfPredicted(const Value &logits) {
  const InputShape &input = shape.inputs[builder->getInput(logits.tensor)];
  const InputShape &predicted = shape.inputs.back();
  if (&input == &predicted)
    return true;
  fail(logits.loc, "the model predicts the next tokens of its last input, '" +
                       predicted.name + "', and these are the rows of '" +
                       input.name + "'");
  return false;
}

bool Elaborator::haveOneInput(SMLoc loc, llvm::ArrayRef<mlir::Value> tensors) {
  std::optional<size_t> first;
  for (mlir::Value tensor : tensors) {
    if (!tensor)
      continue; // A number goes with every row.
    size_t input = builder->getInput(tensor);
    if (first.value_or(input) == input) {
      first = input;
      continue;
    }
    fail(loc, "tensors of '" + shape.inputs[*first].name + "' and of '" +
                  shape.inputs[input].name +
                  "' have rows of their own: only attention(x, memory = ...) "
                  "reads the rows of another input");
    return false;
  }
  return true;
}

bool Elaborator::selectPositions(const Layer &layer) {
  const Value *of = findArgument(layer, "of");
  if (of && of->kind != Value::Kind::ids) {
    fail(placeOf(layer, "of"),
         "positions are those of an input of the model, as in of = " +
             shape.inputs.back().name + ", not of " + of->describe());
    return false;
  }
  if (of)
    shape.select(builder->getInput(of->tensor));
  else if (shape.hasSeveralInputs())
    fail(layer.loc, "the model has several inputs: say whose places these are, "
                    "as in positions(dim, of = " +
                        shape.inputs.back().name + ")");
  return of || !shape.hasSeveralInputs();
}

//===----------------------------------------------------------------------===//
// Features of an input
//===----------------------------------------------------------------------===//

std::string Elaborator::listFeature(StringRef name) const {
  std::string text;
  for (const InputShape &input : shape.inputs)
    text +=
        (text.empty() ? "'" : " or '") + input.name + "." + name.str() + "'";
  return text;
}

/// `tgt.token`. Sema made sure that it is a feature of an input.
Value Elaborator::evaluateMember(Frame &frame, const MemberExpr &member) {
  const auto *base = dyn_cast<NameExpr>(member.base.get());
  auto input = llvm::find_if(shape.inputs, [&](const InputShape &known) {
    return base && base->name == known.name;
  });
  if (frame.context != Context::router || input == shape.inputs.end())
    return fail(member.loc, "nothing here has a '." + member.name + "'");
  const std::string &own = shape.inputs[shape.getSelected()].name;
  if (input->name != own)
    return fail(member.loc, "the layer has the rows of '" + own +
                                "', and its router can see '" + own + "." +
                                member.name + "' only, not '" + input->name +
                                "." + member.name + "'");
  return makeFeature(frame, member.loc, member.name);
}

} // namespace hashc::frontend
