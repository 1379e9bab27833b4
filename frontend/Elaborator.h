//===- Elaborator.h - Running a spec to build its model ---------*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HASHC_FRONTEND_ELABORATOR_H
#define HASHC_FRONTEND_ELABORATOR_H

#include "frontend/Ast.h"
#include "frontend/Binding.h"
#include "frontend/Diagnostics.h"
#include "frontend/Frontend.h"
#include "frontend/ModelBuilder.h"
#include "frontend/Value.h"
#include "llvm/ADT/SmallVector.h"
#include <map>
#include <optional>

namespace hashc::frontend {

/// One running function, router or block of settings.
struct Frame {
  Context context = Context::constant;
  /// What weights made here are called after.
  std::string path;
  /// How often a name was given to something with weights.
  std::map<std::string, unsigned> used;
  /// Numbers of the loops around, outermost first.
  llvm::SmallVector<int64_t, 4> loops;
  std::vector<std::map<llvm::StringRef, Value>> scopes = {{}};
  std::optional<Value> result;
  llvm::SMLoc callLoc;
  /// Which routed layer a router is asked for, and by what name.
  int64_t routedIndex = 0;
  std::string routerName;
  /// Runs as an activation: elementwise only.
  bool isActivation = false;
};

/// The arguments of a call, by parameter.
struct BoundCall {
  std::vector<Value> values;
  std::vector<bool> given;
  std::vector<llvm::SMLoc> places;
  bool ok = true;
};

/// A call of a function of the token stream.
struct StreamCall {
  Frame &frame;
  const CallExpr &call;
  const LibraryFunction &function;
  const BoundCall &bound;
  const std::vector<Value> &variadic;
};

class FieldReader;
struct ActivationRouter;
struct Ffn;

/// Runs the spec at compile time. Integers, loops and choices are computed;
/// operations on tensors and on the token stream become ops of the module.
class Elaborator {
public:
  Elaborator(const Spec &spec, Diagnostics &diagnostics,
             const FrontendOptions &options, mlir::MLIRContext &context)
      : spec(spec), diagnostics(diagnostics), options(options),
        context(context) {}

  mlir::OwningOpRef<mlir::ModuleOp> run();

private:
  friend struct LibraryMaker;
  /// What `tied = true` may mean.
  struct Embedding {
    std::string path;
    int64_t width;
  };

  // Items (Elaborator.cpp).
  void collectItems();
  void elaborateParams();
  void overrideParam(const ParamItem &param, Value &value);
  Value elaborateModel(const ModelItem &model);
  void warnUnused(mlir::Value logits);
  void warnWithoutGradient(mlir::Value logits);
  bool readFreeze(const Value &pattern, llvm::SMLoc loc);
  bool freezeWeights();
  void failNoWeight(llvm::StringRef pattern, llvm::SMLoc loc);

  // Weights from files (InitFiles.cpp).
  struct InitFile {
    struct Rename {
      std::string to, from;
      llvm::SMLoc loc;
    };
    std::string file;
    std::vector<Rename> renames;
  };
  bool readText(const Value &value, llvm::SMLoc loc, const llvm::Twine &what);
  bool readRename(Frame &frame, const Argument &field, InitFile &init);
  bool readInit(Frame &frame, const Setting &setting);
  bool initWeights();

  // The model's inputs (Inputs.cpp).
  bool elaborateShape(const ModelItem &model);
  bool elaborateInput(const ModelInput &input, InputShape &result);
  bool checkRows(const ModelItem &model);
  mlir::DictionaryAttr makeModelAttr();
  void bindInputs(const ModelItem &model, Frame &frame);
  bool isOfPredicted(const Value &logits);
  /// Tensors that meet element by element have the rows of one input.
  bool haveOneInput(llvm::SMLoc loc, llvm::ArrayRef<mlir::Value> tensors);
  /// "'src.token' or 'tgt.token'".
  std::string listFeature(llvm::StringRef name) const;
  Value evaluateMember(Frame &frame, const MemberExpr &member);
  /// False where the layer has to say which input it is of, and does not.
  bool selectPositions(const Layer &layer);

  // The train block (Train.cpp).
  bool elaborateTrain(const TrainItem &train);
  mlir::DictionaryAttr makeTrainAttr();
  void presetTrain();
  bool checkMicroBatch(const TrainItem &train);
  void checkWarmup(const TrainItem &train, const Value &schedule);
  int64_t getCount(llvm::StringRef name) const;
  FieldReader readFields(const Value &value);
  void readTokenizer(FieldReader &reader, const Setting &setting);
  /// False for what is wrong, and already reported.
  bool keepSetting(llvm::StringRef name, mlir::Attribute attribute);
  bool readCount(const Setting &setting, const Value &value);
  bool readData(const Setting &setting, const Value &value);
  bool checkDataKind(const Setting &setting, const Value &value);
  bool readLoss(const Setting &setting, const Value &value);
  bool readOptimizer(const Setting &setting, const Value &value);
  bool readPrecision(const Setting &setting, const Value &value);
  bool readSchedule(const Setting &setting, const Value &value);
  bool readTables(const Setting &setting, const Value &value);
  void settleTables();

  // Statements (Statements.cpp).
  enum class Flow { next, returned };
  Flow runBlock(Frame &frame, const Block &block, Value *last = nullptr);
  Flow runStatement(Frame &frame, const Stmt &stmt);
  Flow runFor(Frame &frame, const ForStmt &loop);
  Flow runIf(Frame &frame, const IfExpr &choice, Value *last);
  Value chooseByMask(Frame &frame, const IfExpr &choice,
                     const Value &condition);
  bool isOnlyValue(const Block &block);

  // Expressions (Evaluate.cpp).
  Value evaluate(Frame &frame, const Expr &expr);
  Value evaluateKind(Frame &frame, const Expr &expr);
  Value evaluateName(Frame &frame, const NameExpr &name, bool called);
  Value *findLocal(Frame &frame, llvm::StringRef name, bool called);
  Value findGlobal(Frame &frame, llvm::StringRef name, bool called);
  Value failUnknown(Frame &frame, const NameExpr &name, bool called);
  Value evaluateList(Frame &frame, const ListExpr &list);
  Value evaluateIf(Frame &frame, const IfExpr &choice);
  std::optional<bool> evaluateCondition(Frame &frame, const Expr &expr,
                                        Value &condition);

  // Arithmetic (Arithmetic.cpp).
  Value evaluateUnary(Frame &frame, const UnaryExpr &unary);
  Value evaluateBinary(Frame &frame, const BinaryExpr &binary);
  Value computeConstant(const BinaryExpr &binary, const Value &lhs,
                        const Value &rhs);
  Value computeIntegers(const BinaryExpr &binary, int64_t lhs, int64_t rhs);
  Value computeTensors(const BinaryExpr &binary, const Value &lhs,
                       const Value &rhs);
  Value computeMasks(const BinaryExpr &binary, const Value &lhs,
                     const Value &rhs);
  Value computeStreams(const BinaryExpr &binary, const Value &lhs,
                       const Value &rhs);
  Value failArgmax(llvm::SMLoc loc);
  Value failOperands(const BinaryExpr &binary, const Value &lhs,
                     const Value &rhs);
  Value makeFinite(llvm::SMLoc loc, double value);

  // Calls (Calls.cpp).
  Value evaluateCall(Frame &frame, const CallExpr &call);
  Value callLibrary(Frame &frame, const CallExpr &call,
                    const LibraryFunction &function,
                    std::vector<Value> arguments);
  Value callFn(Frame &frame, const CallExpr &call, const FnItem &fn,
               std::vector<Value> arguments);
  Value callRouter(Frame &frame, const CallExpr &call, const Value &router,
                   std::vector<Value> arguments);
  Value applyLayer(Frame &frame, const CallExpr &call, Layer &layer,
                   std::vector<Value> arguments);
  Value runFn(Frame &caller, const FnItem &fn, const BoundCall &bound,
              llvm::SMLoc loc, std::string path, bool isActivation);
  BoundCall bind(const CallExpr &call, const Signature &signature,
                 std::vector<Value> arguments, bool skipInput);
  bool requireAll(const CallExpr &call, const Signature &signature,
                  const BoundCall &bound, bool skipInput);
  void nameLayer(Frame &frame, Value &value, llvm::StringRef name);
  std::string takePath(Frame &frame, llvm::StringRef name);
  Value makeSetting(const LibraryFunction &function, const BoundCall &bound);

  // Elementwise functions (Elementwise.cpp).
  Value callElementwise(llvm::SMLoc loc, const LibraryFunction &function,
                        const std::vector<Value> &arguments);
  Value applyActivation(Frame &frame, const Value &function,
                        std::vector<Value> arguments, llvm::SMLoc loc,
                        llvm::StringRef path);
  Value applyToIntegers(llvm::SMLoc loc, llvm::StringRef name,
                        const std::vector<Value> &arguments);
  Value applyToNumbers(llvm::SMLoc loc, const LibraryFunction &function,
                       const std::vector<Value> &arguments);
  Value applyToTensors(llvm::SMLoc loc, const LibraryFunction &function,
                       const std::vector<Value> &arguments);
  /// In the precision of `x`.
  mlir::Value emitUnary(const UnaryFunction &function, mlir::Value x);
  Value applyToStreams(llvm::StringRef name,
                       const std::vector<Value> &arguments);
  mlir::Value toTensor(const Value &value, mlir::Type type);

  // Layers (Layers.cpp, FeedForward.cpp).
  Value emitLayer(Frame &frame, Layer &layer, const Value &input,
                  llvm::SMLoc loc);
  Value emitEmbedding(Frame &frame, Layer &layer, const Value &input);
  Value emitPositions(Frame &frame, Layer &layer, const Value &input);
  Value emitLayerNorm(Frame &frame, Layer &layer, const Value &input);
  Value emitRmsNorm(Frame &frame, Layer &layer, const Value &input);
  Value emitAttention(Frame &frame, Layer &layer, const Value &input);
  Value emitCrossAttention(Layer &layer, const Value &input,
                           const Value &memory);
  Value emitDenseFfn(Frame &frame, Layer &layer, const Value &input);
  Value emitHashFfn(Frame &frame, Layer &layer, const Value &input);
  Value emitLinear(Frame &frame, Layer &layer, const Value &input);
  Value emitLookup(Frame &frame, Layer &layer, const Value &input);
  Value emitUnembed(Frame &frame, Layer &layer, const Value &input);
  Value emitDropout(Frame &frame, Layer &layer, const Value &input);
  Value emitArgmax(Frame &frame, Layer &layer, const Value &input);
  const Embedding *findOnlyEmbedding(const Layer &unembed);
  const Embedding *findTied(const Layer &unembed, const Value &tied);
  Value checkHeads(const Layer &layer, int64_t width, int64_t heads,
                   int64_t kvHeads, bool rope);
  mlir::Value project(Layer &layer, llvm::StringRef suffix, mlir::Value x,
                      int64_t out, bool bias, bool residual = false,
                      hash::Init init = hash::Init::normal);
  mlir::Value rotate(mlir::Value x, mlir::Value positions, int64_t heads);
  mlir::Value attend(mlir::Value q, mlir::Value k, mlir::Value v, int64_t heads,
                     int64_t kvHeads, bool causal);
  bool readActivation(Ffn &ffn);
  std::optional<Ffn> readFfn(Layer &layer);
  bool startsAtZero(const Ffn &ffn);
  mlir::Value project(const Ffn &ffn, llvm::StringRef suffix, mlir::Value x,
                      int64_t out, bool residual = false);
  Value emitFfn(Frame &frame, const Ffn &ffn, mlir::Value x);
  mlir::Value weight(Layer &layer, llvm::StringRef name, WeightSpec weight);
  mlir::Value matmul(mlir::Value x, mlir::Value weight, bool transposed,
                     mlir::Value plan, mlir::Type type);
  mlir::Value addBias(mlir::Value x, mlir::Value bias, mlir::Value plan);
  mlir::Value dropout(mlir::Value x, double rate);
  /// False, with a diagnostic, where the argument `name` is no router that can
  /// be asked.
  bool isBoundRouter(const Layer &layer, const Value &router,
                     llvm::StringRef name = "router");
  /// Which routed layer it is, from its first use on.
  void countRouted(Layer &layer);
  mlir::Value readKeys(Frame &frame, const Value &router, const Layer &layer,
                       int64_t &rows);
  std::optional<Stream> chooseExperts(Frame &frame, const Value &router,
                                      const Layer &layer, int64_t &experts);
  /// The experts of a list of routers side by side; of one, its own.
  mlir::Value chooseAll(Frame &frame, Ffn &ffn, mlir::Value x);
  bool route(Frame &frame, Ffn &ffn, mlir::Value x);
  /// What a routed layer's choices weigh; null without a gate, and where `ok`
  /// becomes false (Gates.cpp).
  mlir::Value emitGate(Layer &layer, mlir::Value x, mlir::Value plan, bool &ok);
  std::optional<hash::GateKind> readGate(const Layer &layer, bool &ok);
  mlir::Value emitLogits(Layer &layer, mlir::Value x, const WeightSpec &spec);
  mlir::Value dispatch(const Ffn &ffn, mlir::Value tokens);
  mlir::Value join(const Ffn &ffn, mlir::Value slots);
  mlir::Value getPositions();

  // Arguments of layers and settings (Arguments.cpp).
  int64_t readInteger(const Layer &layer, llvm::StringRef name, int64_t low,
                      int64_t high, int64_t otherwise, bool &ok);
  double readNumber(const Layer &layer, llvm::StringRef name, double low,
                    double high, double otherwise, bool &ok);
  bool readBoolean(const Layer &layer, llvm::StringRef name, bool otherwise,
                   bool &ok);
  hash::Init readInit(const Layer &layer, bool &ok);
  const Value *findArgument(const Layer &layer, llvm::StringRef name) const;
  llvm::SMLoc placeOf(const Layer &layer, llvm::StringRef name) const;
  Value failArgument(const Layer &layer, llvm::StringRef name,
                     const llvm::Twine &expected);
  Value failArgument(const Layer &layer, llvm::StringRef name,
                     const llvm::Twine &expected, llvm::StringRef found);

  // Routers (Routers.cpp).
  std::optional<Stream> evaluateRouter(Frame &caller, const Value &router,
                                       const Layer &layer);
  /// Gives a router its arguments; false for what is wrong, and reported.
  bool bindParameters(Frame &frame, const Value &router);
  bool readsArgmaxOf(const Value &argmax);
  Value evaluateFeature(Frame &frame, const NameExpr &name);
  /// A feature of the input whose rows are being worked on.
  Value makeFeature(Frame &frame, llvm::SMLoc loc, llvm::StringRef name);
  Value callHash(const StreamCall &call);
  Value callPrev(const StreamCall &call);
  Value callNext(const StreamCall &call);
  /// -1 where a row has no experts: no token, or none after it for a router
  /// that reads that one.
  mlir::Value getMask(mlir::Value experts);
  /// Whether the plan has to be made in the step.
  bool readsActivations(mlir::Value experts);
  bool isTheToken(const StreamCall &call, llvm::StringRef examples);
  Value callRandom(const StreamCall &call);
  Value callPythonRandom(const StreamCall &call);
  Value callBalanced(const StreamCall &call);
  Value callRoundRobin(const StreamCall &call);
  Value callTable(const StreamCall &call);
  Value callClustered(const StreamCall &call);
  Value callDispersed(const StreamCall &call);
  Value callFromEmbeddings(const StreamCall &call, llvm::StringRef algorithm);
  /// `key`, or token where it is not given.
  Value readKey(const StreamCall &call);
  /// The file that comes first; false for what is wrong, and reported.
  bool readFile(const StreamCall &call, llvm::StringRef what, TableSpec &table);
  Value callXor(const StreamCall &call);
  Value callPrime(const StreamCall &call);
  /// An expert by key, of the table's `experts` and, if it has one, `seed`.
  Value lookUp(const StreamCall &call, TableSpec table, const Value &key,
               llvm::SMLoc keyLoc);
  Value chooseByStream(Frame &frame, const IfExpr &choice,
                       const Value &condition);
  mlir::Value getWide(Stream &stream);
  Stream toStream(const Value &value);
  std::optional<int64_t> readStreamInteger(const StreamCall &call,
                                           llvm::StringRef name, int64_t low,
                                           int64_t high, int64_t otherwise);

  // Routers that read activations (ActivationRouters.cpp).
  Value callSwitch(const StreamCall &call);
  Value callNoAuxTc(const StreamCall &call);
  Value callBase(const StreamCall &call);
  Value callExpertChoice(const StreamCall &call);
  Value makeLearned(const ActivationRouter &router);
  std::optional<double> readStreamNumber(const StreamCall &call,
                                         llvm::StringRef name, double low,
                                         double high, double otherwise);
  std::optional<bool> readStreamBoolean(const StreamCall &call,
                                        llvm::StringRef name, bool otherwise);
  bool checkLearned(const Stream &router, const Layer &layer);
  /// The experts that the layer's input `x` chooses.
  mlir::Value chooseByActivations(Ffn &ffn,
                                  std::shared_ptr<ActivationRouter> router,
                                  mlir::Value x);
  mlir::Value chooseBest(mlir::Value scores, int64_t top);
  mlir::Value chooseBySwitch(const Ffn &ffn);
  mlir::Value chooseByBias(const Ffn &ffn);
  mlir::Value chooseByBase(const Ffn &ffn);
  mlir::Value chooseByExperts(const Ffn &ffn);
  void addAuxLosses(const Ffn &ffn, mlir::Value choices);
  mlir::Value weighChoices(const Ffn &ffn);

  // Errors and warnings.
  Value fail(llvm::SMLoc loc, const llvm::Twine &message);
  void warn(llvm::SMLoc loc, const llvm::Twine &message);
  void noteDefines(llvm::SMLoc loc);
  bool isOutOfBudget(llvm::SMLoc loc);

  const Spec &spec;
  Diagnostics &diagnostics;
  const FrontendOptions &options;
  mlir::MLIRContext &context;
  std::optional<ModelBuilder> builder;

  std::map<llvm::StringRef, const Item *> items;
  std::map<llvm::StringRef, Value> params;
  /// Where the command line gives params another value.
  std::map<llvm::StringRef, llvm::SMLoc> defines;
  const ModelItem *model = nullptr;
  const TrainItem *train = nullptr;
  ModelShape shape;
  std::map<std::string, mlir::Attribute> trainAttrs;
  /// Patterns of weights that are not trained, and where they stand.
  std::vector<std::pair<std::string, llvm::SMLoc>> frozen;
  std::vector<InitFile> inits;

  std::vector<Embedding> embeddings;
  /// Indices of routed layers by path: a shared one keeps its own.
  std::map<std::string, int64_t> routedLayers;
  std::vector<Frame *> callers;
  unsigned steps = 0;
  bool stopped = false;
};

} // namespace hashc::frontend

#endif // HASHC_FRONTEND_ELABORATOR_H
