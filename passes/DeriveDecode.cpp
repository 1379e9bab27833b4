//===- DeriveDecode.cpp - From the forward function to one step of decoding -*-
// C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/EntryPoints.h"
#include "passes/Passes.h"

#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/StringSet.h"

namespace hashc {
#define GEN_PASS_DEF_DERIVEDECODE
#include "passes/Passes.h.inc"

using namespace mlir;

namespace {

/// What the rows of a value are, once decoding computes one row of a window.
enum class Domain {
  Fixed,  // parameters, tables and constants: the same as in training
  Stream, // a token stream: the whole window
  Row     // activations: one row
};

/// Rewrites the forward function for one row. Streams stay as long as a window,
/// and `hash.row_at` cuts the row out where an activation op reads one.
class DecodeBuilder {
public:
  DecodeBuilder(ModuleOp module, func::FuncOp forward, int64_t rows,
                int64_t window)
      : forward(forward), entry(module, "decode_step", forward.getLoc()),
        builder(entry.getBuilder()), rows(rows), window(window) {}

  LogicalResult run();

private:
  void addArguments();
  LogicalResult visit(Operation *op);
  LogicalResult checkOperands(Operation *op);
  LogicalResult visitAttention(hash::AttentionOp op);
  std::string getCachePath(hash::AttentionOp op);
  /// Clones `op` with its operands in `domain`.
  void cloneInto(Operation *op, Domain domain);
  Domain getDomain(Value value) const { return domains.lookup(value); }
  Domain getDomain(Operation *op) const;
  /// The operand as an op of `domain` reads it.
  Value read(Value operand, Domain domain);
  Type convert(Type type, Domain domain) const;
  Value resizeConstant(arith::ConstantOp constant, Domain domain);
  hash::ArgAttr makeRole(hash::ArgKind kind, StringRef name = "") {
    return hash::ArgAttr::get(builder.getContext(), kind,
                              name.empty() ? StringAttr()
                                           : builder.getStringAttr(name));
  }

  func::FuncOp forward;
  EntryBuilder entry;
  OpBuilder &builder;
  int64_t rows, window;
  IRMapping mapping;
  DenseMap<Value, Domain> domains;
  DenseMap<Value, Value> rowOfStream; // each stream is cut once
  Value index;
  llvm::StringSet<> cachePaths;
  SmallVector<std::pair<Value, hash::ArgAttr>> caches; // their new values
};

Type DecodeBuilder::convert(Type type, Domain domain) const {
  if (auto plan = dyn_cast<hash::PlanType>(type))
    return hash::PlanType::get(type.getContext(), 1, plan.getK(),
                               plan.getGroups(), plan.getK());
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || domain == Domain::Fixed || tensor.getRank() == 0)
    return type;
  SmallVector<int64_t> shape(tensor.getShape());
  // Slots are a multiple of the rows when k > 1.
  shape[0] = shape[0] / rows * (domain == Domain::Stream ? window : 1);
  return RankedTensorType::get(shape, tensor.getElementType());
}

void DecodeBuilder::addArguments() {
  for (BlockArgument argument : forward.getArguments()) {
    hash::ArgAttr role = getRole(forward, argument);
    hash::ArgKind kind = role.getKind();
    if (kind == hash::ArgKind::targets || kind == hash::ArgKind::seed)
      continue;
    bool isStream =
        kind == hash::ArgKind::tokens || kind == hash::ArgKind::starts;
    Domain domain = isStream ? Domain::Stream : Domain::Fixed;
    domains[argument] = domain;
    mapping.map(argument, entry.addArgument(convert(argument.getType(), domain),
                                            role, argument.getLoc()));
  }
  index = entry.addArgument(RankedTensorType::get({1}, builder.getI32Type()),
                            makeRole(hash::ArgKind::index), forward.getLoc());
}

/// True for what is computed of constants alone for every row: the number of a
/// router that always gives the same expert.
static bool isConstantStream(Operation *op, int64_t rows) {
  return op->getNumOperands() != 0 &&
         llvm::all_of(op->getOperands(),
                      [](Value operand) {
                        return operand.getDefiningOp<arith::ConstantOp>();
                      }) &&
         llvm::all_of(op->getResultTypes(), [&](Type type) {
           auto tensor = dyn_cast<RankedTensorType>(type);
           return tensor && tensor.getRank() != 0 &&
                  tensor.getDimSize(0) % rows == 0;
         });
}

Domain DecodeBuilder::getDomain(Operation *op) const {
  if (isConstantStream(op, rows))
    return Domain::Stream;
  Domain domain = Domain::Fixed;
  for (Value operand : op->getOperands())
    domain = std::max(domain, getDomain(operand));
  // Where streams meet activations, and where parameters become rows.
  if (isa<hash::PlanOp, hash::EmbeddingOp, hash::BroadcastOp, hash::SplatOp>(
          op))
    return Domain::Row;
  return domain;
}

Value DecodeBuilder::resizeConstant(arith::ConstantOp constant, Domain domain) {
  auto values = dyn_cast<SplatElementsAttr>(constant.getValue());
  auto type = dyn_cast<RankedTensorType>(constant.getType());
  if (!values || !type || type.getRank() == 0 || type.getDimSize(0) % rows != 0)
    return mapping.lookup(constant.getResult());
  auto resized = cast<RankedTensorType>(convert(type, domain));
  return arith::ConstantOp::create(
      builder, constant.getLoc(), resized,
      SplatElementsAttr::get(resized, values.getSplatValue<Attribute>()));
}

Value DecodeBuilder::read(Value operand, Domain domain) {
  if (auto constant = operand.getDefiningOp<arith::ConstantOp>())
    return resizeConstant(constant, domain);
  Value value = mapping.lookup(operand);
  if (domain != Domain::Row || getDomain(operand) != Domain::Stream)
    return value;
  Value &row = rowOfStream[operand];
  if (!row)
    row = hash::RowAtOp::create(builder, value.getLoc(),
                                convert(operand.getType(), Domain::Row), value,
                                index);
  return row;
}

void DecodeBuilder::cloneInto(Operation *op, Domain domain) {
  IRMapping operands;
  for (Value operand : op->getOperands())
    operands.map(operand, read(operand, domain));
  Operation *clone = builder.clone(*op, operands);
  for (auto [before, after] :
       llvm::zip(op->getResults(), clone->getResults())) {
    after.setType(convert(before.getType(), domain));
    mapping.map(before, after);
    domains[before] = domain;
  }
}

/// Caches are told apart by name: a layer that is applied twice keeps two
/// pasts. The path is in the op's location, which a module that was printed
/// without locations has lost.
std::string DecodeBuilder::getCachePath(hash::AttentionOp op) {
  StringRef path = hash::getPath(op.getLoc());
  std::string base = path.empty() ? "attention" : path.str(), name = base;
  for (unsigned n = 2; !cachePaths.insert(name).second; ++n)
    name = base + "_" + std::to_string(n);
  return name;
}

LogicalResult DecodeBuilder::visitAttention(hash::AttentionOp op) {
  if (!op.getCausal())
    return op.emitError(
        "cannot be decoded token by token: it is not causal, so "
        "a row depends on the rows after it");
  std::string path = getCachePath(op);
  SmallVector<Value> state;
  for (auto [name, value] :
       {std::pair("k", op.getK()), std::pair("v", op.getV())}) {
    auto type = cast<RankedTensorType>(value.getType());
    hash::ArgAttr role = makeRole(hash::ArgKind::cache, path + "." + name);
    state.push_back(
        entry.addArgument(RankedTensorType::get({window, type.getDimSize(1)},
                                                type.getElementType()),
                          role, op.getLoc()));
    caches.emplace_back(Value(), role);
  }
  auto read = [&](Value value) { return this->read(value, Domain::Row); };
  auto decode = hash::AttentionDecodeOp::create(
      builder, op.getLoc(), convert(op.getResult().getType(), Domain::Row),
      state[0].getType(), state[1].getType(), read(op.getQ()), read(op.getK()),
      read(op.getV()), read(op.getStarts()), index, state[0], state[1],
      op.getHeadsAttr(), op.getKvHeadsAttr(), op.getScaleAttr());
  caches[caches.size() - 2].first = decode.getNewKCache();
  caches[caches.size() - 1].first = decode.getNewVCache();
  mapping.map(op.getResult(), decode.getResult());
  domains[op.getResult()] = Domain::Row;
  return success();
}

/// True if each row of the op's results depends on that row of its operands
/// only.
bool isRowWise(Operation *op) {
  if (isa<hash::PlanOp, hash::DispatchOp, hash::CombineOp, hash::BroadcastOp,
          hash::MatmulOp, hash::GroupedMatmulOp, hash::EmbeddingOp,
          hash::RotaryOp, hash::LayerNormOp, hash::RmsNormOp, hash::SplatOp>(
          op))
    return true;
  return op->hasTrait<OpTrait::Elementwise>();
}

/// Targets and the dropouts' seed are known in training only.
LogicalResult DecodeBuilder::checkOperands(Operation *op) {
  for (Value operand : op->getOperands())
    if (auto argument = dyn_cast<BlockArgument>(operand);
        argument && !mapping.contains(operand))
      return op->emitError("cannot be decoded token by token: it reads the ")
             << hash::stringifyArgKind(getRole(forward, argument).getKind())
             << ", which only training knows";
  return success();
}

LogicalResult DecodeBuilder::visit(Operation *op) {
  if (auto attention = dyn_cast<hash::AttentionOp>(op))
    return visitAttention(attention);
  if (auto dropout = dyn_cast<hash::DropoutOp>(op)) {
    mapping.map(dropout.getResult(), read(dropout.getX(), Domain::Row));
    domains[dropout.getResult()] = Domain::Row;
    return success();
  }
  if (failed(checkOperands(op)))
    return failure();
  Domain domain = getDomain(op);
  if (domain == Domain::Row && !isRowWise(op))
    return op->emitError("cannot be decoded token by token: '")
           << op->getName() << "' is not known to treat each row alone";
  cloneInto(op, domain);
  return success();
}

LogicalResult DecodeBuilder::run() {
  addArguments();
  Operation *terminator = forward.getBody().front().getTerminator();
  Value logits;
  for (OpOperand &returned : terminator->getOpOperands()) {
    hash::ArgAttr role = getResultRole(forward, returned.getOperandNumber());
    if (role && role.getKind() == hash::ArgKind::logits)
      logits = returned.get();
  }
  if (!logits)
    return forward.emitError("has no result that is the logits");
  SetVector<Operation *> slice;
  BackwardSliceOptions options;
  options.omitBlockArguments = true;
  options.inclusive = true;
  if (failed(getBackwardSlice(logits, &slice, options)))
    return failure();
  for (Operation &op : forward.getBody().front().without_terminator())
    if (slice.contains(&op) && failed(visit(&op)))
      return failure();
  entry.addResult(mapping.lookup(logits), makeRole(hash::ArgKind::logits));
  for (auto [value, role] : caches)
    entry.addResult(value, role);
  eraseUnusedArguments(entry.finish());
  return success();
}

class DeriveDecode final : public impl::DeriveDecodeBase<DeriveDecode> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    func::FuncOp forward = lookupForward(module);
    if (!forward || failed(checkAbsent(module, {"decode_step"})))
      return signalPassFailure();
    auto model =
        module->getAttrOfType<DictionaryAttr>(hash::HashDialect::kModelAttr);
    auto window = model ? model.getAs<IntegerAttr>("window") : IntegerAttr();
    int64_t rows = 0;
    for (BlockArgument argument : forward.getArguments())
      if (hash::ArgAttr role = getRole(forward, argument);
          role && role.getKind() == hash::ArgKind::tokens)
        rows = cast<ShapedType>(argument.getType()).getDimSize(0);
    if (!window || window.getInt() <= 0 || rows <= 0 ||
        rows % window.getInt() != 0) {
      module.emitError(
          "expects hash.model with a `window` that divides the rows "
          "of @forward's token stream");
      return signalPassFailure();
    }
    DecodeBuilder decode(module, forward, rows, window.getInt());
    if (failed(decode.run()))
      signalPassFailure();
  }
};

} // namespace
} // namespace hashc
