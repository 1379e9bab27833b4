//===- ModelBuilder.cpp - The module a spec becomes -----------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/ModelBuilder.h"
#include "frontend/Patterns.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include <cmath>

using llvm::StringRef;
using mlir::RankedTensorType;

namespace hashc::frontend {

ModelBuilder::ModelBuilder(mlir::MLIRContext &context, llvm::SourceMgr &sources,
                           ModelShape &shape)
    : shape(shape), sources(sources), builder(&context),
      place(builder.getUnknownLoc()) {
  context.loadDialect<hash::HashDialect, mlir::arith::ArithDialect,
                      mlir::func::FuncDialect, mlir::math::MathDialect>();
  paramType = shape.precision == "f64" ? mlir::FloatType(builder.getF64Type())
                                       : builder.getF32Type();
  activationType = shape.precision == "bf16"
                       ? mlir::FloatType(builder.getBF16Type())
                       : paramType;
  const llvm::MemoryBuffer *buffer =
      sources.getMemoryBuffer(sources.getMainFileID());
  place =
      mlir::FileLineColLoc::get(&context, buffer->getBufferIdentifier(), 1, 1);
  module = mlir::ModuleOp::create(place, shape.name);
  builder.setInsertionPointToEnd(module->getBody());
  function = mlir::func::FuncOp::create(builder, place, "forward",
                                        builder.getFunctionType({}, {}));
  body = function.addEntryBlock();
  builder.setInsertionPointToEnd(body);
  for (size_t input = 0; input < shape.inputs.size(); ++input) {
    shape.select(input);
    RankedTensorType stream = getStream(32);
    mlir::Value tokens = body->addArgument(stream, place);
    if (input + 1 == shape.inputs.size())
      targets = body->addArgument(stream, place);
    streams.push_back({tokens, body->addArgument(stream, place)});
    inputs[tokens] = inputs[streams.back().starts] = input;
  }
}

/// Rows are those of the first operand that has some.
void ModelBuilder::noteInput(mlir::Operation *op) {
  for (mlir::Value operand : op->getOperands())
    if (auto known = inputs.find(operand); known != inputs.end()) {
      size_t input = known->second;
      for (mlir::Value result : op->getResults())
        inputs[result] = input;
      return;
    }
}

size_t ModelBuilder::getInput(mlir::Value value) const {
  auto known = inputs.find(value);
  return known == inputs.end() ? shape.getSelected() : known->second;
}

RankedTensorType ModelBuilder::getStream(unsigned bits) const {
  return RankedTensorType::get(
      {shape.getRows()}, mlir::IntegerType::get(paramType.getContext(), bits));
}

void ModelBuilder::setPlace(llvm::SMLoc loc, StringRef path) {
  unsigned id = sources.FindBufferContainingLoc(loc);
  mlir::MLIRContext *context = builder.getContext();
  mlir::Location file = mlir::UnknownLoc::get(context);
  if (id != 0) {
    auto [line, column] = sources.getLineAndColumn(loc, id);
    file = mlir::FileLineColLoc::get(
        context, sources.getMemoryBuffer(id)->getBufferIdentifier(), line,
        column);
  }
  layer = {path.str(), loc};
  // What the model's own body does is called after the model.
  place = mlir::NameLoc::get(
      builder.getStringAttr(path.empty() ? StringRef(shape.name) : path), file);
}

mlir::Attribute ModelBuilder::makeArg(hash::ArgKind kind, StringRef name) {
  return hash::ArgAttr::get(builder.getContext(), kind,
                            name.empty() ? mlir::StringAttr()
                                         : builder.getStringAttr(name));
}

mlir::Value ModelBuilder::getSeed() {
  if (!seed)
    seed = body->addArgument(RankedTensorType::get({1}, builder.getI64Type()),
                             place);
  return seed;
}

mlir::Value ModelBuilder::getWeight(StringRef name, const WeightSpec &weight) {
  auto [entry, isNew] = weightByName.try_emplace(name, weights.size());
  if (!isNew) {
    const Weight &known = weights[entry->second];
    return known.spec.shape == weight.shape ? known.value : mlir::Value();
  }
  int64_t elements = 1;
  for (int64_t extent : weight.shape)
    if (__builtin_mul_overflow(elements, extent, &elements))
      elements = std::numeric_limits<int64_t>::max() / 2;
  if (__builtin_add_overflow(numElements, elements, &numElements))
    numElements = std::numeric_limits<int64_t>::max();
  mlir::Value value = body->insertArgument(
      weights.size(), RankedTensorType::get(weight.shape, paramType), place);
  weights.push_back({name.str(), weight, value, place, layer});
  return value;
}

mlir::Value ModelBuilder::getTable(StringRef name, const TableSpec &table) {
  for (const Table &known : tables)
    if (known.spec.algorithm == table.algorithm &&
        known.spec.keys == table.keys && known.spec.groups == table.groups &&
        known.spec.k == table.k && known.spec.seed == table.seed &&
        known.spec.file == table.file)
      return known.value;
  std::string unique = name.str();
  auto taken = [&] {
    for (const Table &known : tables)
      if (known.name == unique)
        return true;
    return false;
  };
  for (unsigned i = 2; taken(); ++i)
    unique = (name + "_" + llvm::Twine(i)).str();
  llvm::SmallVector<int64_t> extents = {table.keys};
  if (table.k > 1)
    extents.push_back(table.k);
  auto type = RankedTensorType::get(extents, builder.getI32Type());
  mlir::Value value =
      body->insertArgument(weights.size() + tables.size(), type, place);
  tables.push_back({unique, table, value, place});
  return value;
}

mlir::Value ModelBuilder::getNumber(double value, mlir::Type like) {
  ++numOps;
  return hash::createNumber(builder, place, like, value);
}

mlir::Value ModelBuilder::getInteger(int64_t value, unsigned bits) {
  auto type = getStream(bits);
  auto attribute = mlir::DenseElementsAttr::get(
      type,
      mlir::Attribute(mlir::IntegerAttr::get(type.getElementType(), value)));
  return create<mlir::arith::ConstantOp>(attribute);
}

/// hash.param and hash.table ops, in front of the function.
void ModelBuilder::declareSymbols(int64_t branches) {
  mlir::OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(module->getBody());
  for (const Weight &weight : weights) {
    double scale = weight.spec.scale;
    if (weight.spec.residual && branches > 0)
      scale /= std::sqrt(static_cast<double>(branches));
    auto type = llvm::cast<RankedTensorType>(weight.value.getType());
    mlir::FloatAttr balance;
    if (weight.spec.balance)
      balance = builder.getF64FloatAttr(*weight.spec.balance);
    hash::ParamOp::create(
        builder, weight.loc, weight.name, type, weight.spec.init,
        llvm::APFloat(scale), weight.spec.decay, weight.spec.lookup,
        weight.isFrozen, mlir::IntegerAttr(), balance, mlir::StringAttr());
  }
  for (const Table &table : tables) {
    hash::TableOp::create(builder, table.loc, table.name, table.spec.algorithm,
                          table.spec.keys, table.spec.groups, table.spec.k,
                          table.spec.seed, table.spec.file, mlir::StringAttr());
  }
}

size_t ModelBuilder::freeze(StringRef pattern) {
  size_t count = 0;
  for (Weight &weight : weights)
    if (matchesPattern(pattern, weight.name)) {
      weight.isFrozen = true;
      ++count;
    }
  return count;
}

bool ModelBuilder::isAllFrozen() const {
  return llvm::all_of(weights,
                      [](const Weight &weight) { return weight.isFrozen; });
}

std::vector<StringRef> ModelBuilder::listWeights() const {
  std::vector<StringRef> names;
  for (const Weight &weight : weights)
    names.push_back(weight.name);
  return names;
}

/// All that `result` and auxiliary losses are made of; without what only
/// choices are.
ModelBuilder::ValueSet ModelBuilder::findUsed(mlir::Value result,
                                              bool throughChoices) const {
  ValueSet used;
  used.insert(result);
  for (const Result &other : results)
    if (other.kind == hash::ArgKind::aux)
      used.insert(other.value);
  for (size_t i = 0; i < used.size(); ++i)
    if (mlir::Operation *op = used[i].getDefiningOp();
        op && (throughChoices ||
               !llvm::isa<hash::TopChoicesOp, hash::BalancedChoicesOp,
                          hash::ExpertChoicesOp>(op)))
      used.insert(op->operand_begin(), op->operand_end());
  return used;
}

std::vector<ModelBuilder::Layer> ModelBuilder::listLayers(
    llvm::function_ref<bool(const Weight &)> isListed) const {
  std::vector<Layer> layers;
  for (const Weight &weight : weights)
    if (isListed(weight) &&
        (layers.empty() || layers.back().path != weight.layer.path))
      layers.push_back(weight.layer);
  return layers;
}

std::vector<ModelBuilder::Layer>
ModelBuilder::findUnused(mlir::Value result) const {
  ValueSet used = findUsed(result, /*throughChoices=*/true);
  return listLayers(
      [&](const Weight &weight) { return !used.contains(weight.value); });
}

/// A bias that only chooses belongs to what it chooses for.
std::vector<ModelBuilder::Layer>
ModelBuilder::findBehindChoices(mlir::Value result, bool withFrozen) const {
  ValueSet used = findUsed(result, /*throughChoices=*/true);
  ValueSet trained = findUsed(result, /*throughChoices=*/false);
  return listLayers([&](const Weight &weight) {
    return used.contains(weight.value) && !trained.contains(weight.value) &&
           !weight.spec.balance && (withFrozen || !weight.isFrozen);
  });
}

std::vector<ModelBuilder::Layer>
ModelBuilder::findWithoutGradient(mlir::Value result) const {
  return findBehindChoices(result, /*withFrozen=*/false);
}

/// A baseline is a model of its own: with it or without, the others' weights
/// begin in the same way.
int64_t ModelBuilder::countBranches(mlir::Value logits) const {
  llvm::StringSet<> others;
  for (const Layer &layer : findBehindChoices(logits, /*withFrozen=*/true))
    others.insert(layer.path);
  return llvm::count_if(residualBranches, [&](const std::string &path) {
    return !others.contains(path);
  });
}

/// The roles of the function's arguments.
std::vector<mlir::Attribute> ModelBuilder::makeArgs() {
  using hash::ArgKind;
  std::vector<mlir::Attribute> arguments;
  for (const Weight &weight : weights)
    arguments.push_back(makeArg(ArgKind::param, weight.name));
  for (const Table &table : tables)
    arguments.push_back(makeArg(ArgKind::table, table.name));
  for (const InputShape &input : shape.inputs) {
    StringRef name = shape.hasSeveralInputs() ? StringRef(input.name) : "";
    arguments.push_back(makeArg(ArgKind::tokens, name));
    if (&input == &shape.inputs.back())
      arguments.push_back(makeArg(ArgKind::targets));
    arguments.push_back(makeArg(ArgKind::starts, name));
  }
  if (seed)
    arguments.push_back(makeArg(ArgKind::seed));
  return arguments;
}

void ModelBuilder::addResult(hash::ArgKind kind, StringRef name,
                             mlir::Value value) {
  auto isTaken = [&](StringRef candidate) {
    return llvm::any_of(results, [&](const Result &result) {
      return result.kind == kind && result.name == candidate;
    });
  };
  std::string unique = name.str();
  for (unsigned i = 2; kind != hash::ArgKind::grad && isTaken(unique); ++i)
    unique = (name + "_" + llvm::Twine(i)).str();
  results.push_back({kind, unique, value});
}

/// The losses, the logits, and what was added.
void ModelBuilder::returnResults(mlir::Value losses, mlir::Value logits) {
  llvm::SmallVector<mlir::Value> values = {losses, logits};
  llvm::SmallVector<mlir::Attribute> roles = {makeArg(hash::ArgKind::losses),
                                              makeArg(hash::ArgKind::logits)};
  for (const Result &result : results) {
    values.push_back(result.value);
    roles.push_back(makeArg(result.kind, result.name));
  }
  create<mlir::func::ReturnOp>(values);
  function.setFunctionType(builder.getFunctionType(
      body->getArgumentTypes(), mlir::TypeRange(mlir::ValueRange(values))));
  for (auto [index, role] : llvm::enumerate(roles))
    function.setResultAttr(index, hash::HashDialect::kArgAttr, role);
}

mlir::OwningOpRef<mlir::ModuleOp> ModelBuilder::finish(mlir::Value logits) {
  shape.selectPredicted();
  const int64_t branches = countBranches(logits);
  mlir::FloatType computeType = paramType;
  auto logitsType = llvm::cast<RankedTensorType>(logits.getType());
  if (logitsType.getElementType() != computeType)
    logits = create<mlir::arith::ExtFOp>(logitsType.clone(computeType), logits);
  auto perRow = RankedTensorType::get({shape.getRows()}, computeType);
  auto loss =
      create<hash::CrossEntropyOp>(perRow, perRow, logits, getTargets());
  returnResults(loss.getLosses(), logits);

  // All at once: one after the other leaves a list of all for each of them.
  std::vector<mlir::DictionaryAttr> attributes;
  for (mlir::Attribute attribute : makeArgs())
    attributes.push_back(builder.getDictionaryAttr(
        builder.getNamedAttr(hash::HashDialect::kArgAttr, attribute)));
  function.setAllArgAttrs(attributes);
  declareSymbols(branches);
  return std::move(module);
}

} // namespace hashc::frontend
