//===- DeriveDecode.cpp - From the forward function to one step of decoding -*-
// C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/EncodeEntry.h"
#include "passes/Passes.h"

#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringSet.h"

#define DEBUG_TYPE "hash-derive-decode"

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

/// The logits, and in program order what they are computed by.
struct Prediction {
  Value logits;
  SmallVector<Operation *> ops;
};

/// Rewrites the forward function for one row. Streams stay as long as a window,
/// and `hash.row_at` cuts the row out where an activation op reads one.
class DecodeBuilder final : public hash::Decoding {
public:
  /// `source` is the input that comes before the decoded one, if there is one.
  DecodeBuilder(ModuleOp module, func::FuncOp forward, InputRows decoded,
                InputRows source)
      : forward(forward), entry(module, "decode_step", forward.getLoc()),
        builder(entry.getBuilder()), encode(module, forward, source),
        source(source), rows(decoded.rows), window(decoded.window) {}

  LogicalResult run(const Prediction &prediction);
  unsigned getNumStates() const { return states.size(); }
  unsigned getNumStreams() const { return rowOfStream.size(); }

private:
  OpBuilder &getBuilder() override { return builder; }
  Value getIndex() override { return index; }
  FailureOr<SmallVector<Value>> getRows(Operation *op,
                                        ValueRange values) override;
  void setRow(Value result, Value row) override;
  LogicalResult clone(Operation *op) override {
    return cloneInto(op, Domain::Row);
  }
  Value addState(Operation *op, StringRef name, Value like) override;
  void setState(Value state, Value updated) override {
    states[state].updated = updated;
  }
  FailureOr<Value> getMemory(Operation *op, StringRef name,
                             Value value) override;

  void addArguments();
  LogicalResult visit(Operation *op);
  LogicalResult leaveOut(hash::TrainingOnlyOpInterface op);
  LogicalResult checkIsMade(Operation *op, Value value);
  /// The name of what `op` keeps, told from that of other ops.
  StringRef getStatePath(Operation *op);
  /// Clones `op` with its operands in `domain`.
  LogicalResult cloneInto(Operation *op, Domain domain);
  Domain getDomain(Value value) const { return domains.lookup(value); }
  Domain getDomain(Operation *op) const;
  /// The operand as an op of `domain` reads it.
  Value read(Value operand, Domain domain);
  Value cutRow(Value stream);
  Type convert(Type type, Domain domain) const;

  /// What an op keeps between calls, under the role of its argument.
  struct State {
    Value updated;
    hash::ArgAttr role;
  };

  func::FuncOp forward;
  EntryBuilder entry;
  OpBuilder &builder;
  EncodeEntry encode;
  InputRows source;
  int64_t rows, window;
  IRMapping mapping;
  DenseMap<Value, Domain> domains;
  DenseMap<Value, Value> rowOfStream; // each stream is cut once
  Value index;
  llvm::StringSet<> takenPaths;
  DenseMap<Operation *, StringRef> statePaths;
  llvm::MapVector<Value, State> states;
  DenseMap<Value, Value> memories; // each is an argument once
};

Type DecodeBuilder::convert(Type type, Domain domain) const {
  if (domain == Domain::Fixed)
    return type;
  return resizeRows(type, rows, domain == Domain::Stream ? window : 1);
}

void DecodeBuilder::addArguments() {
  for (BlockArgument argument : forward.getArguments()) {
    hash::ArgAttr role = getRole(forward, argument);
    hash::ArgKind kind = role.getKind();
    bool isStream =
        kind == hash::ArgKind::tokens || kind == hash::ArgKind::starts;
    bool isSource = isStream && role.getName() && role.getName() == source.name;
    if (kind == hash::ArgKind::targets || kind == hash::ArgKind::seed ||
        isSource)
      continue;
    Domain domain = isStream ? Domain::Stream : Domain::Fixed;
    domains[argument] = domain;
    mapping.map(argument, entry.addArgument(convert(argument.getType(), domain),
                                            role, argument.getLoc()));
  }
  index = entry.addArgument(
      RankedTensorType::get({1}, builder.getI32Type()),
      makeRole(builder.getContext(), hash::ArgKind::index), forward.getLoc());
}

Domain DecodeBuilder::getDomain(Operation *op) const {
  auto decodable = dyn_cast<hash::DecodableOpInterface>(op);
  if (decodable && decodable.makesRows())
    return Domain::Row;
  if (isConstantStream(op, rows))
    return Domain::Stream;
  Domain domain = Domain::Fixed;
  for (Value operand : op->getOperands())
    domain = std::max(domain, getDomain(operand));
  // Where streams meet activations.
  return decodable && domain == Domain::Stream && !decodable.keepsStreams()
             ? Domain::Row
             : domain;
}

Value DecodeBuilder::read(Value operand, Domain domain) {
  Value value = mapping.lookup(operand);
  if (auto constant = operand.getDefiningOp<arith::ConstantOp>()) {
    Value resized =
        domain == Domain::Fixed
            ? Value()
            : hashc::resizeConstant(builder, constant, rows,
                                    domain == Domain::Stream ? window : 1);
    return resized ? resized : value;
  }
  if (domain != Domain::Row || getDomain(operand) != Domain::Stream)
    return value;
  if (Value known = rowOfStream.lookup(operand))
    return known;
  return rowOfStream[operand] = cutRow(operand);
}

/// A comparison is never stored: it is made again, of the row of what it
/// compares.
Value DecodeBuilder::cutRow(Value stream) {
  Type type = convert(stream.getType(), Domain::Row);
  Operation *op = stream.getDefiningOp();
  if (!getElementTypeOrSelf(type).isInteger(1))
    return hash::RowAtOp::create(builder, stream.getLoc(), type,
                                 mapping.lookup(stream), index);
  IRMapping operands;
  for (Value operand : op->getOperands())
    operands.map(operand, read(operand, Domain::Row));
  Operation *clone = builder.clone(*op, operands);
  clone->getResult(0).setType(type);
  return clone->getResult(0);
}

FailureOr<SmallVector<Value>> DecodeBuilder::getRows(Operation *op,
                                                     ValueRange values) {
  SmallVector<Value> found;
  for (Value value : values) {
    if (failed(checkIsMade(op, value)))
      return failure();
    found.push_back(read(value, Domain::Row));
  }
  return found;
}

void DecodeBuilder::setRow(Value result, Value row) {
  mapping.map(result, row);
  domains[result] = Domain::Row;
}

LogicalResult DecodeBuilder::cloneInto(Operation *op, Domain domain) {
  IRMapping operands;
  for (Value operand : op->getOperands()) {
    if (failed(checkIsMade(op, operand)))
      return failure();
    operands.map(operand, read(operand, domain));
  }
  Operation *clone = builder.clone(*op, operands);
  for (auto [before, after] :
       llvm::zip(op->getResults(), clone->getResults())) {
    after.setType(convert(before.getType(), domain));
    mapping.map(before, after);
    domains[before] = domain;
  }
  return success();
}

/// States are told apart by name: a layer that is applied twice keeps two
/// pasts. The path is in the op's location, which a module that was printed
/// without locations has lost.
StringRef DecodeBuilder::getStatePath(Operation *op) {
  StringRef &known = statePaths[op];
  if (!known.empty())
    return known;
  StringRef path = hash::getPath(op->getLoc());
  std::string base =
      path.empty() ? op->getName().stripDialect().str() : path.str();
  std::string name = base;
  for (unsigned n = 2; !takenPaths.insert(name).second; ++n)
    name = base + "_" + std::to_string(n);
  return known = takenPaths.find(name)->getKey();
}

Value DecodeBuilder::addState(Operation *op, StringRef name, Value like) {
  SmallVector<int64_t> shape(cast<RankedTensorType>(like.getType()).getShape());
  shape.front() = window;
  auto type = RankedTensorType::get(shape, getElementTypeOrSelf(like));
  hash::ArgAttr role = makeRole(builder.getContext(), hash::ArgKind::cache,
                                (getStatePath(op) + "." + name).str());
  Value state = entry.addArgument(type, role, op->getLoc());
  states[state] = {state, role};
  remark::analysis(op->getLoc(), remark::RemarkOpts::name("state")
                                     .category(DEBUG_TYPE)
                                     .function("decode_step"))
      << remark::add("{0} is kept from call to call: {1} rows of {2} elements",
                     role.getName().getValue(), window,
                     type.getNumElements() / window);
  return state;
}

/// Streams of the source are there while decoding, too; what is computed of
/// them is, once @encode ran.
FailureOr<Value> DecodeBuilder::getMemory(Operation *op, StringRef name,
                                          Value value) {
  Value &memory = memories[value];
  if (memory)
    return memory;
  auto argument = dyn_cast<BlockArgument>(value);
  hash::ArgAttr role =
      argument ? getRole(forward, argument)
               : makeRole(builder.getContext(), hash::ArgKind::cache,
                          (getStatePath(op) + "." + name).str());
  Type type = argument ? resizeRows(value.getType(), source.rows, source.window)
                       : encode.keep(op, value, role);
  memory = entry.addArgument(type, role, op->getLoc());
  return memory;
}

/// Targets and the dropouts' seed are known in training only, and statistics
/// for gradients are not made.
LogicalResult DecodeBuilder::checkIsMade(Operation *op, Value value) {
  if (mapping.contains(value))
    return success();
  InFlightDiagnostic diagnostic =
      op->emitError("cannot be decoded token by token: it reads ");
  if (auto argument = dyn_cast<BlockArgument>(value))
    return diagnostic << "the "
                      << hash::stringifyArgKind(
                             getRole(forward, argument).getKind())
                      << ", which only training knows";
  return diagnostic << "a result of '" << value.getDefiningOp()->getName()
                    << "' that decoding does not make";
}

/// As in evaluation.
LogicalResult DecodeBuilder::leaveOut(hash::TrainingOnlyOpInterface op) {
  FailureOr<SmallVector<Value>> rows = getRows(op, op->getOperand(0));
  if (failed(rows))
    return failure();
  setRow(op->getResult(0), op.buildInference(builder, rows->front()));
  return success();
}

LogicalResult DecodeBuilder::visit(Operation *op) {
  Domain domain = getDomain(op);
  if (domain != Domain::Row)
    return cloneInto(op, domain);
  if (auto training = dyn_cast<hash::TrainingOnlyOpInterface>(op))
    return leaveOut(training);
  if (auto decodable = dyn_cast<hash::DecodableOpInterface>(op))
    return decodable.buildDecode(*this);
  if (op->hasTrait<OpTrait::Elementwise>())
    return clone(op);
  return op->emitError("cannot be decoded token by token: '")
         << op->getName() << "' is not known to treat each row alone";
}

/// What makes `value`, but for what another input gives.
DenseSet<Operation *> findSlice(Value value) {
  DenseSet<Operation *> slice;
  SmallVector<Value> work = {value};
  while (!work.empty()) {
    Operation *op = work.pop_back_val().getDefiningOp();
    if (!op || !slice.insert(op).second)
      continue;
    auto decodable = dyn_cast<hash::DecodableOpInterface>(op);
    for (OpOperand &operand : op->getOpOperands())
      if (!decodable || !decodable.readsMemory(operand.getOperandNumber()))
        work.push_back(operand.get());
  }
  return slice;
}

FailureOr<Prediction> findPrediction(func::FuncOp forward) {
  Block &body = forward.getBody().front();
  Prediction prediction;
  for (OpOperand &returned : body.getTerminator()->getOpOperands()) {
    hash::ArgAttr role = getResultRole(forward, returned.getOperandNumber());
    if (role && role.getKind() == hash::ArgKind::logits)
      prediction.logits = returned.get();
  }
  if (!prediction.logits)
    return forward.emitError("has no result that is the logits");
  DenseSet<Operation *> slice = findSlice(prediction.logits);
  for (Operation &op : body.without_terminator())
    if (slice.contains(&op))
      prediction.ops.push_back(&op);
  return prediction;
}

/// Why a row depends on what comes after it, or "": in decoding, or in training
/// at least.
std::string findNonCausal(const Prediction &prediction, bool inTraining) {
  for (Operation *op : prediction.ops) {
    auto nonCausal = dyn_cast<hash::NonCausalOpInterface>(op);
    if (!nonCausal || (!inTraining && isa<hash::TrainingOnlyOpInterface>(op)))
      continue;
    std::string reason = nonCausal.getNonCausalReason();
    if (reason.empty())
      continue;
    if (!inTraining)
      remark::missed(op->getLoc(), remark::RemarkOpts::name("not-decodable")
                                       .category(DEBUG_TYPE)
                                       .function("decode_step"))
          << remark::reason("{0}", reason);
    StringRef path = hash::getPath(op->getLoc());
    return ("in '" + (path.empty() ? op->getName().getStringRef() : path) +
            "' " + reason)
        .str();
  }
  return "";
}

LogicalResult DecodeBuilder::run(const Prediction &prediction) {
  addArguments();
  Value logits = prediction.logits;
  for (Operation *op : prediction.ops)
    if (failed(visit(op)))
      return failure();
  entry.addResult(mapping.lookup(logits),
                  makeRole(builder.getContext(), hash::ArgKind::logits));
  for (const auto &[state, kept] : states)
    entry.addResult(kept.updated, kept.role);
  eraseUnusedArguments(entry.finish());
  return encode.finish();
}

class DeriveDecode final : public impl::DeriveDecodeBase<DeriveDecode> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    func::FuncOp forward = lookupForward(module);
    if (!forward || failed(checkAbsent(module, {"decode_step", "encode"})))
      return signalPassFailure();
    FailureOr<SmallVector<InputRows>> inputs = readInputs(module, forward);
    if (failed(inputs))
      return signalPassFailure();
    FailureOr<Prediction> prediction = findPrediction(forward);
    if (failed(prediction))
      return signalPassFailure();
    auto note = [&](StringRef attribute, bool inTraining) {
      std::string reason = findNonCausal(*prediction, inTraining);
      if (!reason.empty())
        module->setAttr(attribute, StringAttr::get(&getContext(), reason));
      return !reason.empty();
    };
    note(hash::HashDialect::kNotCausalInTrainingAttr, /*inTraining=*/true);
    if (note(hash::HashDialect::kNotDecodableAttr, /*inTraining=*/false))
      return;
    DecodeBuilder decode(module, forward, inputs->back(),
                         inputs->size() > 1 ? inputs->front() : InputRows());
    if (failed(decode.run(*prediction)))
      return signalPassFailure();
    numStates += decode.getNumStates();
    numStreams += decode.getNumStreams();
  }
};

} // namespace
} // namespace hashc
