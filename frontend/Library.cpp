//===- Library.cpp - What the language brings along -----------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/Library.h"
#include "frontend/Elaborator.h"
#include "frontend/Elementwise.h"
#include "llvm/ADT/STLExtras.h"

using llvm::StringLiteral;
using llvm::StringRef;

namespace hashc::frontend {

namespace {

constexpr const char *kWindow =
    "sliding windows (window); leave it out for attention to the whole context";
constexpr const char *kScore =
    "attention scores of your own (score); rope = true is there";

constexpr const char *kPredicted =
    "a router that has its baseline inside; give a router a parameter, as in "
    "'router r(guess) = random(guess, 8)', and it the argmax of a baseline's "
    "logits, as in 'router = r(argmax(logits))'";

using Parameters = std::vector<LibraryParameter>;

// What each kind of function must have.

LibraryFunction layer(StringLiteral name, LayerInput input,
                      LayerEmitter emitter, Parameters parameters) {
  LibraryFunction function = {name, LibraryKind::layer, std::move(parameters)};
  function.input = input;
  function.emitLayer = emitter;
  return function;
}

LibraryFunction stream(StringLiteral name, StreamEmitter emitter,
                       Parameters parameters) {
  LibraryFunction function = {name, LibraryKind::stream, std::move(parameters)};
  function.emitStream = emitter;
  return function;
}

/// Of integers without names, as many as there are, or of those named.
LibraryFunction integer(StringLiteral name, StreamEmitter emitter,
                        Parameters parameters, bool variadic) {
  LibraryFunction function = {name, LibraryKind::integer, std::move(parameters),
                              variadic};
  function.emitStream = emitter;
  return function;
}

LibraryFunction setting(StringLiteral name, Parameters parameters) {
  return {name, LibraryKind::setting, std::move(parameters)};
}

LibraryFunction missing(StringLiteral name, LibraryKind kind,
                        const char *instead) {
  return {name, kind, {}, /*variadic=*/true, instead};
}

std::vector<LibraryFunction> makeElementwise() {
  std::vector<LibraryFunction> functions;
  for (const UnaryFunction &unary : getUnaryFunctions()) {
    functions.push_back({unary.name, LibraryKind::elementwise, {{"x", true}}});
    functions.back().unary = &unary;
  }
  for (StringLiteral name : {StringLiteral("max"), StringLiteral("min")})
    functions.push_back(
        {name, LibraryKind::elementwise, {{"a", true}, {"b", true}}});
  return functions;
}

} // namespace

/// The elaborator lets it take the addresses of its emitters.
struct LibraryMaker {
  static std::vector<LibraryFunction> makeLayers();
  static std::vector<LibraryFunction> makeStreams();
  static std::vector<LibraryFunction> makeSettings();
  static std::vector<LibrarySetting> makeTrain();
};

std::vector<LibraryFunction> LibraryMaker::makeLayers() {
  const LayerInput nothing = LayerInput::nothing;
  const LayerInput ids = LayerInput::ids;
  const LayerInput tensor = LayerInput::tensor;
  return {
      layer("embedding", ids, &Elaborator::emitEmbedding,
            {{"x", true}, {"dim", true}}),
      layer("positions", nothing, &Elaborator::emitPositions,
            {{"dim", true}, {"of"}}),
      layer("layer_norm", tensor, &Elaborator::emitLayerNorm,
            {{"x", true}, {"eps"}}),
      layer("rms_norm", tensor, &Elaborator::emitRmsNorm,
            {{"x", true}, {"eps"}}),
      layer("attention", tensor, &Elaborator::emitAttention,
            {{"x", true},
             {"heads", true},
             {"kv_heads"},
             {"causal"},
             {"rope"},
             {"bias"},
             {"dropout"},
             {"memory"},
             {"window", false, kWindow},
             {"score", false, kScore}}),
      layer("dense_ffn", tensor, &Elaborator::emitDenseFfn,
            {{"x", true},
             {"hidden", true},
             {"act"},
             {"bias"},
             {"dropout"},
             {"init"}}),
      layer("hash_ffn", tensor, &Elaborator::emitHashFfn,
            {{"x", true},
             {"hidden", true},
             {"act"},
             {"router", true},
             {"experts"},
             {"bias"},
             {"dropout"},
             {"gate"},
             {"scale"},
             {"normalize"},
             {"init"}}),
      layer("linear", tensor, &Elaborator::emitLinear,
            {{"x", true}, {"out", true}, {"bias"}, {"init"}}),
      layer("unembed", tensor, &Elaborator::emitUnembed,
            {{"x", true}, {"tied"}}),
      layer("dropout", tensor, &Elaborator::emitDropout,
            {{"x", true}, {"rate", true}}),
      layer("argmax", tensor, &Elaborator::emitArgmax, {{"x", true}}),
      missing("experts", LibraryKind::layer,
              "experts with a body of your own; hash_ffn with an act of your "
              "own is there"),
      layer("lookup", nothing, &Elaborator::emitLookup,
            {{"key", true}, {"dim", true}, {"rows"}}),
  };
}

std::vector<LibraryFunction> LibraryMaker::makeStreams() {
  return {
      integer("hash", &Elaborator::callHash, {{"seed"}}, /*variadic=*/true),
      integer("xor", &Elaborator::callXor, {}, /*variadic=*/true),
      integer("prime", &Elaborator::callPrime, {{"from", true}, {"index"}},
              /*variadic=*/false),
      stream("prev", &Elaborator::callPrev, {{"input", true}, {"distance"}}),
      stream("next", &Elaborator::callNext, {{"input", true}}),
      stream("random", &Elaborator::callRandom,
             {{"key", true}, {"experts", true}, {"seed"}, {"top"}}),
      stream("python_random", &Elaborator::callPythonRandom,
             {{"key", true}, {"experts", true}, {"seed"}, {"top"}}),
      stream("balanced", &Elaborator::callBalanced,
             {{"key", true}, {"experts", true}, {"seed"}, {"top"}}),
      stream("round_robin", &Elaborator::callRoundRobin,
             {{"key", true}, {"experts", true}, {"top"}}),
      stream("table", &Elaborator::callTable,
             {{"file", true}, {"experts", true}, {"key"}, {"top"}}),
      stream("clustered", &Elaborator::callClustered,
             {{"file", true}, {"experts", true}, {"seed"}, {"key"}}),
      stream("dispersed", &Elaborator::callDispersed,
             {{"file", true}, {"experts", true}, {"seed"}, {"key"}}),
      stream("switch", &Elaborator::callSwitch,
             {{"experts", true}, {"capacity"}, {"aux"}, {"z"}, {"jitter"}}),
      stream("noaux_tc", &Elaborator::callNoAuxTc,
             {{"experts", true},
              {"top", true},
              {"scale"},
              {"normalize"},
              {"rate"}}),
      stream("base", &Elaborator::callBase, {{"experts", true}}),
      stream("expert_choice", &Elaborator::callExpertChoice,
             {{"experts", true}, {"capacity"}}),
      missing("predicted", LibraryKind::stream, kPredicted),
  };
}

std::vector<LibraryFunction> LibraryMaker::makeSettings() {
  const LibraryKind kind = LibraryKind::setting;
  return {
      setting("text",
              {{"file", true}, {"tokenizer"}, {"valid"}, {"documents"}}),
      setting("tokens", {{"file", true}, {"dtype"}, {"valid"}, {"documents"}}),
      setting("pairs", {{"file", true}, {"tokenizer"}, {"valid"}}),
      setting("bpe", {{"vocab", true}}),
      setting("adamw",
              {{"lr"}, {"betas"}, {"eps"}, {"weight_decay"}, {"clip"}}),
      setting("rowwise_adagrad", {{"lr_scale"}, {"eps"}}),
      setting("cosine", {{"warmup"}, {"floor"}}),
      setting("linear", {{"warmup"}, {"floor"}}),
      setting("constant", {{"warmup"}}),
      missing("inverse_sqrt", kind,
              "this schedule; cosine, linear and constant are there"),
      missing("mix", kind, "mixed data sets; join the texts into one file"),
      missing("sentencepiece", kind,
              "ready-made tokenizers; bytes and bpe(n) are there"),
      missing("words", kind, "word tokenizers; bytes and bpe(n) are there"),
      missing("sgd", kind, "this optimizer; adamw is there"),
      missing("adam", kind,
              "this optimizer; adamw(weight_decay = 0) is the same"),
  };
}

std::vector<LibrarySetting> LibraryMaker::makeTrain() {
  return {
      {"data", &Elaborator::readData},
      {"loss", &Elaborator::readLoss},
      {"optimizer", &Elaborator::readOptimizer},
      {"schedule", &Elaborator::readSchedule},
      {"batch", &Elaborator::readCount},
      {"micro_batch", &Elaborator::readCount},
      {"steps", &Elaborator::readCount},
      {"eval_every", &Elaborator::readCount},
      {"save_every", &Elaborator::readCount},
      {"seed", &Elaborator::readCount},
      {"precision", &Elaborator::readPrecision},
      {"tables", &Elaborator::readTables},
  };
}

namespace {

bool belongs(LibraryKind kind, Context context) {
  switch (kind) {
  case LibraryKind::elementwise:
  case LibraryKind::integer:
    return true;
  case LibraryKind::layer:
    return context == Context::model;
  case LibraryKind::stream:
    return context == Context::router;
  case LibraryKind::setting:
    return context == Context::train;
  }
  return false;
}

constexpr StringLiteral kWords[] = {"f32",    "f64",          "bf16",  "tf32",
                                    "u16",    "u32",          "bytes", "apart",
                                    "joined", "cross_entropy"};
/// Gates of hash_ffn. `sigmoid` is a function as well.
constexpr StringLiteral kGates[] = {"sqrtsoftplus", "sigmoid", "softmax"};
/// How matrices begin.
constexpr StringLiteral kInits[] = {"normal", "xavier", "orthogonal"};
constexpr StringLiteral kFeatures[] = {"token", "position", "document_position",
                                       "layer"};
const std::vector<LibrarySetting> &getTrain() {
  static const std::vector<LibrarySetting> settings = LibraryMaker::makeTrain();
  return settings;
}

std::vector<LibraryFunction> makeLibrary() {
  std::vector<LibraryFunction> library;
  for (std::vector<LibraryFunction> part :
       {LibraryMaker::makeLayers(), LibraryMaker::makeStreams(),
        LibraryMaker::makeSettings(), makeElementwise()})
    llvm::append_range(library, part);
  return library;
}

} // namespace

llvm::ArrayRef<LibraryFunction> getLibrary() {
  static const std::vector<LibraryFunction> library = makeLibrary();
  return library;
}

const LibraryFunction *findFunction(StringRef name, Context context) {
  for (const LibraryFunction &function : getLibrary())
    if (function.name == name && belongs(function.kind, context))
      return &function;
  return nullptr;
}

const LibraryFunction *findFunctionAnywhere(StringRef name) {
  for (const LibraryFunction &function : getLibrary())
    if (function.name == name)
      return &function;
  return nullptr;
}

std::vector<StringRef> listFunctions(Context context) {
  std::vector<StringRef> names;
  for (const LibraryFunction &function : getLibrary())
    if (belongs(function.kind, context) && !function.missing)
      names.push_back(function.name);
  return names;
}

bool isInit(StringRef name) { return llvm::is_contained(kInits, name); }

bool isWord(StringRef name) {
  return llvm::is_contained(kWords, name) || llvm::is_contained(kGates, name) ||
         isInit(name);
}

std::vector<StringRef> listWords(Context context) {
  std::vector<StringRef> names;
  if (context == Context::train || context == Context::constant)
    llvm::append_range(names, kWords);
  if (context == Context::model || context == Context::constant) {
    llvm::append_range(names, kGates);
    llvm::append_range(names, kInits);
  }
  return names;
}

const LibrarySetting *findSetting(StringRef name) {
  for (const LibrarySetting &setting : getTrain())
    if (setting.name == name)
      return &setting;
  return nullptr;
}

std::vector<StringRef> listSettings() {
  std::vector<StringRef> names;
  for (const LibrarySetting &setting : getTrain())
    names.push_back(setting.name);
  return names;
}

bool isFeature(StringRef name) { return llvm::is_contained(kFeatures, name); }
llvm::ArrayRef<StringLiteral> listFeatures() { return kFeatures; }

StringRef describePlace(LibraryKind kind) {
  switch (kind) {
  case LibraryKind::layer:
    return "a layer: it stands in a model or a fn";
  case LibraryKind::elementwise:
    return "an elementwise function";
  case LibraryKind::integer:
    return "a function of integers";
  case LibraryKind::stream:
    return "a function of the token stream: it stands in a router";
  case LibraryKind::setting:
    return "a setting: it stands in a train block";
  }
  return "";
}

} // namespace hashc::frontend
