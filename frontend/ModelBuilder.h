//===- ModelBuilder.h - The module a spec becomes ---------------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_FRONTEND_MODELBUILDER_H
#define HASHC_FRONTEND_MODELBUILDER_H

#include "dialect/Hash.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/SourceMgr.h"
#include <optional>
#include <string>
#include <vector>

namespace hashc::frontend {

/// One of the model's inputs.
struct InputShape {
  std::string name;
  int64_t window = 0;
  int64_t vocab = 0;
};

/// What must be known before the first op.
struct ModelShape {
  std::string name;
  /// The last one's next tokens are predicted.
  std::vector<InputShape> inputs;
  /// Of the selected input: the one whose rows are being worked on.
  int64_t window = 0;
  int64_t vocab = 0;
  int64_t microBatch = 0;
  /// f32, f64 or bf16.
  std::string precision = "f32";
  int64_t bos = 0;

  int64_t getRows() const { return window * microBatch; }
  bool hasSeveralInputs() const { return inputs.size() > 1; }
  size_t getSelected() const { return selected; }
  /// True where rows are those whose next tokens are predicted, not a source's.
  bool isPredictedSelected() const { return selected + 1 == inputs.size(); }
  void select(size_t input) {
    selected = input;
    window = inputs[input].window;
    vocab = inputs[input].vocab;
  }
  void selectPredicted() { select(inputs.size() - 1); }

private:
  size_t selected = 0;
};

/// How a weight starts and what the optimizer does with it.
struct WeightSpec {
  std::vector<int64_t> shape;
  hash::Init init = hash::Init::normal;
  double scale = 0.02;
  bool decay = false;
  /// The output matrix of a residual branch: starts smaller the more there are,
  /// unless the spec says how it starts.
  bool residual = false;
  /// Read by rows, as hash.lookup does.
  bool lookup = false;
  /// Moved by this, as the load of experts asks for, and not by gradients.
  std::optional<double> balance = {};

  static WeightSpec zeros(std::vector<int64_t> shape) {
    return {std::move(shape), hash::Init::zeros, 1.0, false, false, false, {}};
  }
  static WeightSpec ones(std::vector<int64_t> shape) {
    return {std::move(shape), hash::Init::ones, 1.0, false, false, false, {}};
  }
  static WeightSpec matrix(std::vector<int64_t> shape, bool residual = false,
                           hash::Init init = hash::Init::normal) {
    const bool isNormal = init == hash::Init::normal;
    return {std::move(shape),
            init,
            isNormal ? 0.02 : 1.0,
            true,
            residual && isNormal,
            false,
            {}};
  }
  /// Tables of features are no matrices of a product: weight decay would shrink
  /// the rows of rare tokens.
  static WeightSpec features(std::vector<int64_t> shape) {
    return {
        std::move(shape), hash::Init::normal, 0.02, false, false, false, {}};
  }
  /// A table of a lookup.
  static WeightSpec rows(std::vector<int64_t> shape) {
    return {std::move(shape), hash::Init::normal, 0.02, false, false, true, {}};
  }
};

/// A hash.table.
struct TableSpec {
  std::string algorithm;
  int64_t keys = 0;
  int64_t groups = 0;
  /// Experts of a key.
  int64_t k = 1;
  int64_t seed = 0;
  std::string file;
};

/// Builds the module: its one function `@forward` grows arguments as weights
/// and tables are asked for.
class ModelBuilder {
public:
  /// The builder makes ops for the input that is selected in `shape`.
  ModelBuilder(mlir::MLIRContext &context, llvm::SourceMgr &sources,
               ModelShape &shape);

  mlir::OpBuilder &getBuilder() { return builder; }

  /// Where the ops that follow come from.
  void setPlace(llvm::SMLoc loc, llvm::StringRef path);
  mlir::Location getLoc() const { return place; }
  template <typename Op, typename... Args> Op create(Args &&...args) {
    ++numOps;
    Op op = Op::create(builder, place, std::forward<Args>(args)...);
    noteInput(op);
    return op;
  }
  unsigned getNumOps() const { return numOps; }

  // Types.
  mlir::FloatType getParamType() const { return paramType; }
  mlir::FloatType getActivationType() const { return activationType; }
  mlir::RankedTensorType getActivations(int64_t rows, int64_t width) const {
    return mlir::RankedTensorType::get({rows, width}, activationType);
  }
  mlir::RankedTensorType getStream(unsigned bits) const;

  // Arguments of the function.
  mlir::Value getTokens() const { return streams[shape.getSelected()].tokens; }
  mlir::Value getStarts() const { return streams[shape.getSelected()].starts; }
  mlir::Value getTargets() const { return targets; }
  mlir::Value getSeed();
  /// The weight of that name; made at the first call. Null where it was made
  /// with another shape.
  mlir::Value getWeight(llvm::StringRef name, const WeightSpec &weight);
  /// Tables of equal content are one.
  mlir::Value getTable(llvm::StringRef name, const TableSpec &table);

  /// The input that has a row for each row of `value`; the selected one for
  /// what has none, as a number has.
  size_t getInput(mlir::Value value) const;

  // Constants.
  mlir::Value getNumber(double value, mlir::Type like);
  mlir::Value getInteger(int64_t value, unsigned bits = 64);

  int64_t getNumElements() const { return numElements; }
  bool hasLookup() const {
    return llvm::any_of(
        weights, [](const Weight &weight) { return weight.spec.lookup; });
  }
  void countResidualBranch() { residualBranches.push_back(layer.path); }
  /// What else the function returns, under a name of its own that begins so;
  /// what is added to an accumulator, under that one's name.
  void addResult(hash::ArgKind kind, llvm::StringRef name, mlir::Value value);
  int64_t takeDropoutStream() { return dropoutStreams++; }

  /// The layers with weights that no op between them and `result` passes on.
  struct Layer {
    std::string path;
    llvm::SMLoc loc;
  };
  std::vector<Layer> findUnused(mlir::Value result) const;
  /// Those that gradients would train, but for a choice on every way to
  /// `result`.
  std::vector<Layer> findWithoutGradient(mlir::Value result) const;

  /// Keeps the weights of that pattern from being trained; how many they are.
  size_t freeze(llvm::StringRef pattern);
  bool isAllFrozen() const;
  std::vector<llvm::StringRef> listWeights() const;

  /// Ends the function with the loss of these logits and gives up the module.
  mlir::OwningOpRef<mlir::ModuleOp> finish(mlir::Value logits);
  mlir::ModuleOp getModule() { return *module; }

private:
  struct Weight {
    std::string name;
    WeightSpec spec;
    mlir::Value value;
    mlir::Location loc;
    Layer layer;
    bool isFrozen = false;
  };
  struct Table {
    std::string name;
    TableSpec spec;
    mlir::Value value;
    mlir::Location loc;
  };
  /// Tokens and document starts of an input.
  struct Streams {
    mlir::Value tokens, starts;
  };
  void noteInput(mlir::Operation *op);
  std::vector<Layer>
  listLayers(llvm::function_ref<bool(const Weight &)> isListed) const;
  using ValueSet = llvm::SetVector<mlir::Value>;
  ValueSet findUsed(mlir::Value result, bool throughChoices) const;
  std::vector<Layer> findBehindChoices(mlir::Value result,
                                       bool withFrozen) const;
  int64_t countBranches(mlir::Value logits) const;
  std::vector<mlir::Attribute> makeArgs();
  struct Result {
    hash::ArgKind kind;
    std::string name;
    mlir::Value value;
  };
  void declareSymbols(int64_t branches);
  void returnResults(mlir::Value losses, mlir::Value logits);
  mlir::Attribute makeArg(hash::ArgKind kind, llvm::StringRef name = "");

  ModelShape &shape;
  llvm::SourceMgr &sources;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  mlir::OpBuilder builder;
  mlir::func::FuncOp function;
  mlir::Block *body = nullptr;
  mlir::FloatType paramType, activationType;
  std::vector<Streams> streams; // of each input
  mlir::Value targets, seed;
  llvm::DenseMap<mlir::Value, size_t> inputs;
  mlir::Location place;
  Layer layer; // of the place
  std::vector<Weight> weights;
  llvm::StringMap<size_t> weightByName;
  std::vector<Table> tables;
  std::vector<Result> results;
  unsigned numOps = 0;
  int64_t numElements = 0;
  /// Of which layers, at each use.
  std::vector<std::string> residualBranches;
  int64_t dropoutStreams = 0;
};

} // namespace hashc::frontend

#endif // HASHC_FRONTEND_MODELBUILDER_H
