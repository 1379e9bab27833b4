//===- ModelHash.cpp - What makes a model the same model ------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/common/ModelHash.h"

#include "dialect/Hash.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace hashc {
namespace {

/// Writes what counts of a module, and no types: rows depend on the batch, and
/// elements on the precision. What a type says beyond that, parameters say.
class ModelWriter {
public:
  explicit ModelWriter(raw_ostream &out) : out(out) {}

  void write(ModuleOp module) {
    if (auto model = module->getAttrOfType<DictionaryAttr>(
            hash::HashDialect::kModelAttr)) {
      for (StringRef key : {"vocab", "window", "bos"})
        out << key << ' ' << model.get(key) << '\n';
      if (Attribute inputs = model.get("inputs"))
        out << "inputs " << inputs << '\n';
    }
    for (auto param : module.getOps<hash::ParamOp>()) {
      out << param.getSymName();
      llvm::interleave(cast<ShapedType>(param.getType()).getShape(), out << ' ',
                       "x");
      out << '\n';
    }
    if (auto forward = module.lookupSymbol<func::FuncOp>("forward"))
      write(forward);
  }

private:
  void write(func::FuncOp forward) {
    for (BlockArgument argument : forward.getArguments()) {
      Attribute role = forward.getArgAttr(argument.getArgNumber(),
                                          hash::HashDialect::kArgAttr);
      llvm::raw_string_ostream(names[argument]) << role;
    }
    for (Operation &op : forward.getOps())
      write(op);
  }

  /// Auxiliary losses and plans are returned for training and its report.
  static bool isOfTheModel(OpOperand &operand) {
    auto forward = dyn_cast<func::FuncOp>(operand.getOwner()->getParentOp());
    if (!forward || !isa<func::ReturnOp>(operand.getOwner()))
      return true;
    auto role = forward.getResultAttrOfType<hash::ArgAttr>(
        operand.getOperandNumber(), hash::HashDialect::kArgAttr);
    return !role || role.getKind() == hash::ArgKind::losses ||
           role.getKind() == hash::ArgKind::logits;
  }

  void write(Operation &op) {
    // Auxiliary losses are of training alone.
    if (isa<hash::ExpertLoadOp, hash::BalanceLossOp, hash::ZLossOp>(op))
      return;
    // Dropout and the like are of training; casts, and constants in a type of
    // their own that are spread over rows, are of a precision.
    if (isa<hash::TrainingOnlyOpInterface, hash::SplatOp, CastOpInterface>(
            op)) {
      std::string name = names[op.getOperand(0)];
      names[op.getResult(0)] = name;
      return;
    }
    for (Value result : op.getResults())
      names[result] = std::to_string(count++);
    out << op.getName();
    for (OpOperand &operand : op.getOpOperands())
      if (isOfTheModel(operand))
        out << ' ' << names[operand.get()];
    if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
      out << ' ';
      writeConstant(constant.getValue());
    } else {
      for (NamedAttribute attribute : op.getAttrs())
        out << ' ' << attribute.getName() << '=' << attribute.getValue();
    }
    out << '\n';
    for (Region &region : op.getRegions())
      write(region);
  }

  void write(Region &region) {
    out << "{\n";
    for (Value argument : region.getArguments())
      names[argument] = std::to_string(count++);
    for (Operation &op : region.getOps())
      write(op);
    out << "}\n";
  }

  void writeConstant(Attribute value) {
    if (auto real = dyn_cast<FloatAttr>(value))
      return writeNumber(real.getValue());
    auto elements = dyn_cast<DenseElementsAttr>(value);
    if (!elements || !elements.isSplat())
      out << value;
    else if (isa<FloatType>(elements.getElementType()))
      writeNumber(elements.getSplatValue<APFloat>());
    else
      out << elements.getSplatValue<Attribute>();
  }

  /// A number as every precision has it.
  void writeNumber(APFloat value) {
    bool inexact;
    value.convert(APFloat::BFloat(), APFloat::rmNearestTiesToEven, &inexact);
    out << value.convertToFloat();
  }

  raw_ostream &out;
  llvm::DenseMap<Value, std::string> names;
  int64_t count = 0;
};

} // namespace

std::string hashModel(ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  ModelWriter(stream).write(module);
  return hash::hashText(text);
}

} // namespace hashc
