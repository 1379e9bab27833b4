//===- Library.cpp - What the language brings along -----------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/Library.h"
#include "llvm/ADT/STLExtras.h"

using llvm::StringLiteral;
using llvm::StringRef;

namespace hashc::frontend {

namespace {

constexpr const char *kCrossAttention =
    "cross-attention (memory); a model has one input for now";
constexpr const char *kWindow =
    "sliding windows (window); leave it out for attention to the whole context";
constexpr const char *kScore =
    "attention scores of your own (score); rope = true is there";
constexpr const char *kGate =
    "gates on a hash choice (gate); the expert's output is taken as it is";

std::vector<LibraryFunction> makeLibrary() {
  const LibraryKind layer = LibraryKind::layer;
  const LibraryKind elementwise = LibraryKind::elementwise;
  const LibraryKind stream = LibraryKind::stream;
  const LibraryKind setting = LibraryKind::setting;
  std::vector<LibraryFunction> library = {
      {"embedding", layer, {{"x", true}, {"dim", true}}, true},
      {"positions", layer, {{"dim", true}}},
      {"layer_norm", layer, {{"x", true}, {"eps"}}, true},
      {"rms_norm", layer, {{"x", true}, {"eps"}}, true},
      {"attention",
       layer,
       {{"x", true},
        {"heads", true},
        {"kv_heads"},
        {"causal"},
        {"rope"},
        {"bias"},
        {"dropout"},
        {"memory", false, kCrossAttention},
        {"window", false, kWindow},
        {"score", false, kScore}},
       true},
      {"dense_ffn",
       layer,
       {{"x", true}, {"hidden", true}, {"act"}, {"bias"}, {"dropout"}},
       true},
      {"hash_ffn",
       layer,
       {{"x", true},
        {"hidden", true},
        {"act"},
        {"router", true},
        {"experts"},
        {"bias"},
        {"dropout"},
        {"gate", false, kGate}},
       true},
      {"linear", layer, {{"x", true}, {"out", true}, {"bias"}}, true},
      {"unembed", layer, {{"x", true}, {"tied"}}, true},
      {"dropout", layer, {{"x", true}, {"rate", true}}, true},
      {"experts",
       layer,
       {},
       false,
       true,
       "experts with a body of your own; hash_ffn with an act of your own is "
       "there"},
      {"lookup", layer, {}, false, true, "hashed lookup tables"},

      {"hash", stream, {{"seed"}}, false, true},
      {"prev", stream, {{"input", true}, {"distance"}}},
      {"random", stream, {{"key", true}, {"experts", true}, {"seed"}, {"top"}}},
      {"balanced",
       stream,
       {{"key", true}, {"experts", true}, {"seed"}, {"top"}}},
      {"round_robin", stream, {{"key", true}, {"experts", true}, {"top"}}},
      {"table", stream, {{"file", true}, {"experts", true}, {"key"}, {"top"}}},
      {"switch",
       stream,
       {},
       false,
       true,
       "routers that read activations; a router is a formula of the token "
       "stream for now"},
      {"base",
       stream,
       {},
       false,
       true,
       "routers that read activations; a router is a formula of the token "
       "stream for now"},
      {"clustered",
       stream,
       {},
       false,
       true,
       "tables from embeddings; "
       "write them to a file and use "
       "table(\"file\", experts = n)"},
      {"dispersed",
       stream,
       {},
       false,
       true,
       "tables from embeddings; "
       "write them to a file and use "
       "table(\"file\", experts = n)"},

      {"text",
       setting,
       {{"file", true}, {"tokenizer"}, {"valid"}, {"documents"}}},
      {"tokens",
       setting,
       {{"file", true}, {"dtype"}, {"valid"}, {"documents"}}},
      {"bpe", setting, {{"vocab", true}}},
      {"adamw",
       setting,
       {{"lr"}, {"betas"}, {"eps"}, {"weight_decay"}, {"clip"}}},
      {"cosine", setting, {{"warmup"}, {"floor"}}},
      {"linear", setting, {{"warmup"}, {"floor"}}},
      {"constant", setting, {{"warmup"}}},
      {"inverse_sqrt",
       setting,
       {},
       false,
       true,
       "this schedule; cosine, linear and constant are there"},
      {"mix",
       setting,
       {},
       false,
       true,
       "mixed data sets; join the texts into one file"},
      {"sentencepiece",
       setting,
       {},
       false,
       true,
       "ready-made tokenizers; bytes and bpe(n) are there"},
      {"words",
       setting,
       {},
       false,
       true,
       "word tokenizers; bytes and bpe(n) are there"},
      {"sgd", setting, {}, false, true, "this optimizer; adamw is there"},
      {"adam",
       setting,
       {},
       false,
       true,
       "this optimizer; adamw(weight_decay = 0) is the same"},
  };
  for (StringLiteral name :
       {StringLiteral("relu"), StringLiteral("gelu"),
        StringLiteral("gelu_tanh"), StringLiteral("silu"),
        StringLiteral("sigmoid"), StringLiteral("tanh"),
        StringLiteral("softplus"), StringLiteral("exp"), StringLiteral("log"),
        StringLiteral("sqrt"), StringLiteral("rsqrt"), StringLiteral("abs"),
        StringLiteral("erf"), StringLiteral("sin"), StringLiteral("cos"),
        StringLiteral("square")})
    library.push_back({name, elementwise, {{"x", true}}});
  for (StringLiteral name : {StringLiteral("max"), StringLiteral("min")})
    library.push_back({name, elementwise, {{"a", true}, {"b", true}}});
  return library;
}

bool belongs(LibraryKind kind, Context context) {
  switch (kind) {
  case LibraryKind::elementwise:
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
constexpr StringLiteral kFeatures[] = {"token", "position", "document_position",
                                       "layer"};
constexpr StringRef kSettings[] = {
    "data",  "loss",       "optimizer",  "schedule", "batch",    "micro_batch",
    "steps", "eval_every", "save_every", "seed",     "precision"};

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

bool isWord(StringRef name) { return llvm::is_contained(kWords, name); }
llvm::ArrayRef<StringLiteral> listWords() { return kWords; }

llvm::ArrayRef<StringRef> listSettings() { return kSettings; }

bool isFeature(StringRef name) { return llvm::is_contained(kFeatures, name); }
llvm::ArrayRef<StringLiteral> listFeatures() { return kFeatures; }

StringRef describePlace(LibraryKind kind) {
  switch (kind) {
  case LibraryKind::layer:
    return "a layer: it stands in a model or a fn";
  case LibraryKind::elementwise:
    return "an elementwise function";
  case LibraryKind::stream:
    return "a function of the token stream: it stands in a router";
  case LibraryKind::setting:
    return "a setting: it stands in a train block";
  }
  return "";
}

} // namespace hashc::frontend
