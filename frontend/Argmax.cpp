//===- Argmax.cpp - Integers of activations, for routers ------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A model may say which feature of a row is the largest, and give that to a
// router as a parameter: there it is a number like those of the token stream.
// Of a baseline's logits it is the token that the baseline predicts.
//
//===----------------------------------------------------------------------===//

#include "frontend/Elaborator.h"

using llvm::Twine;

namespace hashc::frontend {

Value Elaborator::emitArgmax(Frame &, Layer &, const Value &input) {
  mlir::Type type = llvm::cast<mlir::RankedTensorType>(input.tensor.getType())
                        .clone(builder->getParamType());
  Stream stream;
  stream.narrow = chooseBest(toTensor(input, type), /*top=*/1);
  stream.range = {0, input.getWidth() - 1};
  // As many features as there are tokens are taken for one of each.
  stream.isToken = input.getWidth() == shape.vocab;
  return Value::makeStream(stream, Value::Kind::argmax);
}

/// A router sees the rows of its layer.
bool Elaborator::readsArgmaxOf(const Value &argmax) {
  const size_t input = builder->getInput(argmax.stream->narrow);
  if (input == shape.getSelected())
    return true;
  fail(argmax.loc, "the layer has the rows of '" +
                       Twine(shape.inputs[shape.getSelected()].name) +
                       "', and this is an argmax of those of '" +
                       shape.inputs[input].name + "'");
  return false;
}

/// What only a choice depends on is never trained, and weight decay would
/// shrink it all the same.
void Elaborator::warnWithoutGradient(mlir::Value logits) {
  std::vector<ModelBuilder::Layer> layers =
      builder->findWithoutGradient(logits);
  if (layers.empty())
    return;
  const size_t more = layers.size() - 1;
  warn(layers.front().loc,
       "'" + Twine(layers.front().path) + "'" +
           (more == 0 ? Twine(" reaches")
                      : " and " + Twine(more) + " more reach") +
           " the loss through an argmax only, which no gradient passes: keep "
           "the weights as they begin with freeze \"PATTERN\"");
}

} // namespace hashc::frontend
