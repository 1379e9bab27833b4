//===- Train.cpp - The train block ----------------------------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/Elaborator.h"
#include "frontend/Limits.h"
#include <functional>

using llvm::SMLoc;
using llvm::StringRef;
using llvm::Twine;

namespace hashc::frontend {

namespace {

/// The rate of tables, as a multiple of the optimizer's: AdaGrad's steps become
/// smaller by themselves.
constexpr double kTableRate = 5;

/// A setting that counts something: its range, and what it is without being
/// said.
struct Count {
  StringRef name;
  int64_t low, high, otherwise;
};
const Count kCounts[] = {
    {"batch", 1, 1 << 24, 16},
    {"micro_batch", 1, 1 << 24, 0},
    {"steps", 1, int64_t(1) << 40, 1000},
    {"eval_every", 0, int64_t(1) << 40, 100},
    {"save_every", 0, int64_t(1) << 40, 0},
    {"seed", 0, kMaxInteger, 0},
};

std::string showRange(int64_t low, int64_t high) {
  if (high == kMaxInteger)
    return "an integer from " + std::to_string(low) + " on";
  return "an integer in " + std::to_string(low) + ".." + std::to_string(high);
}

} // namespace

/// Reads the fields of `text(...)`, `adamw(...)` and the like.
class FieldReader {
public:
  using Fail = std::function<void(SMLoc, const Twine &)>;
  FieldReader(mlir::MLIRContext &context, const Value &setting, Fail fail)
      : builder(&context), setting(setting), fail(std::move(fail)) {}

  const Value *find(StringRef name) const {
    auto it = setting.fields.find(name.str());
    return it == setting.fields.end() ? nullptr : &it->second;
  }
  void add(StringRef name, mlir::Attribute value) {
    fields.push_back(builder.getNamedAttr(name, value));
  }
  void addString(StringRef name, StringRef text) {
    add(name, builder.getStringAttr(text));
  }
  void reject(StringRef name, const Twine &expected) {
    const Value *value = find(name);
    rejectAs(name, expected, value->describe());
  }
  void rejectAs(StringRef name, const Twine &expected, StringRef found) {
    failAt(find(name)->loc, name + " is " + expected + ", not " + found);
  }
  void failAt(SMLoc loc, const Twine &message) {
    fail(loc, message);
    ok = false;
  }
  void addNumber(StringRef name, double low, double high, double otherwise) {
    const Value *value = find(name);
    double number = value ? value->asNumber() : otherwise;
    if (value && (!value->isNumeric() || number < low || number > high))
      reject(name,
             "a number from " + showNumber(low) + " to " + showNumber(high));
    add(name, builder.getF64FloatAttr(number));
  }
  void addInteger(StringRef name, int64_t low, int64_t high,
                  int64_t otherwise) {
    const Value *value = find(name);
    int64_t integer = value ? value->integer : otherwise;
    if (value && (!value->isInteger() || integer < low || integer > high))
      rejectAs(name, showRange(low, high), value->describeForInteger());
    add(name, builder.getI64IntegerAttr(integer));
  }
  void addWord(StringRef name, llvm::ArrayRef<StringRef> words) {
    const Value *value = find(name);
    StringRef word = value ? StringRef(value->text) : words.front();
    if (value &&
        (value->kind != Value::Kind::word || !llvm::is_contained(words, word)))
      reject(name, listNames(words));
    addString(name, word);
  }
  mlir::Attribute finish() {
    if (!ok)
      return nullptr;
    return builder.getDictionaryAttr(fields);
  }

  mlir::Builder builder;
  bool ok = true;

private:
  const Value &setting;
  Fail fail;
  llvm::SmallVector<mlir::NamedAttribute> fields;
};

FieldReader Elaborator::readFields(const Value &value) {
  return FieldReader(context, value, [&](SMLoc loc, const Twine &message) {
    fail(loc, message);
  });
}

bool Elaborator::keepSetting(StringRef name, mlir::Attribute attribute) {
  trainAttrs[name.str()] = attribute;
  return attribute != nullptr;
}

//===----------------------------------------------------------------------===//
// Settings
//===----------------------------------------------------------------------===//

bool Elaborator::readCount(const Setting &setting, const Value &value) {
  const Count &count = *llvm::find_if(
      kCounts, [&](const Count &known) { return known.name == setting.name; });
  if (!value.isInteger() || value.integer < count.low ||
      value.integer > count.high) {
    fail(setting.value->loc, setting.name + " is " +
                                 showRange(count.low, count.high) + ", not " +
                                 value.describeForInteger());
    return false;
  }
  return keepSetting(setting.name,
                     mlir::Builder(&context).getI64IntegerAttr(value.integer));
}

int64_t Elaborator::getCount(StringRef name) const {
  return llvm::cast<mlir::IntegerAttr>(trainAttrs.at(name.str())).getInt();
}

bool Elaborator::readLoss(const Setting &setting, const Value &value) {
  if (value.kind == Value::Kind::word && value.text == "cross_entropy")
    return true;
  fail(setting.value->loc,
       "not supported yet: losses other than cross_entropy");
  return false;
}

bool Elaborator::readPrecision(const Setting &setting, const Value &value) {
  const bool isWord = value.kind == Value::Kind::word;
  if (isWord && llvm::is_contained({"f32", "f64", "bf16"}, value.text)) {
    shape.precision = value.text;
    return true;
  }
  fail(setting.value->loc,
       isWord && value.text == "tf32"
           ? Twine("not supported yet: tf32; write f32 or bf16")
           : "precision is " + kPrecisions + ", not " + value.describe());
  return false;
}

/// Two inputs are read from pairs, one from everything else.
bool Elaborator::checkDataKind(const Setting &setting, const Value &value) {
  bool known = value.kind == Value::Kind::setting &&
               llvm::is_contained({"text", "tokens", "pairs"}, value.text);
  if (known && shape.hasSeveralInputs() == (value.text == "pairs"))
    return true;
  if (!known)
    fail(setting.value->loc, "data is text(\"file\"), tokens(\"file\") or "
                             "pairs(\"file\"), not " +
                                 value.describe());
  else if (shape.hasSeveralInputs())
    fail(setting.value->loc, "the model has several inputs, which " +
                                 value.describe() +
                                 " does not tell apart: its data is "
                                 "pairs(\"file\")");
  else
    fail(setting.value->loc, "pairs(...) has a source and a target, and the "
                             "model one input: its data is text(\"file\") or "
                             "tokens(\"file\")");
  return false;
}

bool Elaborator::readData(const Setting &setting, const Value &value) {
  if (!checkDataKind(setting, value))
    return false;
  FieldReader reader = readFields(value);
  reader.addString("kind", value.text);
  const Value *file = reader.find("file");
  if (file->kind != Value::Kind::string || file->text.empty())
    reader.reject("file", "a string");
  reader.addString("path", file->text);
  reader.addNumber("valid", 0, 0.9, 0.05);
  reader.addWord("documents", {"apart", "joined"});
  shape.bos = 0;
  if (value.text == "tokens")
    reader.addWord("dtype", {"u16", "u32"});
  else
    readTokenizer(reader, setting);
  return keepSetting("data", reader.finish());
}

/// The tokenizer has as many entries as the model's vocabulary.
void Elaborator::readTokenizer(FieldReader &reader, const Setting &setting) {
  const Value *tokenizer = reader.find("tokenizer");
  int64_t vocab = 256;
  if (!tokenizer ||
      (tokenizer->kind == Value::Kind::word && tokenizer->text == "bytes")) {
    reader.addString("tokenizer", "bytes");
  } else if (tokenizer->kind == Value::Kind::setting &&
             tokenizer->text == "bpe") {
    const Value &size = tokenizer->fields.at("vocab");
    constexpr int64_t kLow = 260, kHigh = 1 << 20;
    if (!size.isInteger() || size.integer < kLow || size.integer > kHigh)
      return reader.failAt(size.loc, "the vocabulary of bpe is " +
                                         showRange(kLow, kHigh) + ", not " +
                                         size.describeForInteger());
    vocab = size.integer;
    shape.bos = 1;
    reader.addString("tokenizer", "bpe(" + std::to_string(vocab) + ")");
  } else {
    return reader.reject("tokenizer", "bytes or bpe(n)");
  }
  for (size_t i = 0; reader.ok && i < shape.inputs.size(); ++i) {
    if (vocab == shape.inputs[i].vocab)
      continue;
    reader.failAt(tokenizer ? tokenizer->loc : setting.value->loc,
                  "the tokenizer has " + Twine(vocab) +
                      " entries, the model's vocab is " +
                      Twine(shape.inputs[i].vocab));
    diagnostics.note(model->inputs[i].loc, "the model's input is here");
  }
}

bool Elaborator::readOptimizer(const Setting &setting, const Value &value) {
  if (value.kind != Value::Kind::setting || value.text != "adamw") {
    fail(setting.value->loc,
         "the optimizer is adamw(...), not " + value.describe());
    return false;
  }
  FieldReader reader = readFields(value);
  reader.addString("name", value.text);
  reader.addNumber("lr", 0, 1000, 1e-3);
  reader.addNumber("eps", 0, 1, 1e-8);
  reader.addNumber("weight_decay", 0, 1000, 0.1);
  reader.addNumber("clip", 0, 1e9, 1.0);
  double betas[2] = {0.9, 0.95};
  if (const Value *pair = reader.find("betas")) {
    bool fine = pair->kind == Value::Kind::tuple && pair->elements.size() == 2;
    for (size_t i = 0; fine && i < 2; ++i) {
      betas[i] = pair->elements[i].asNumber();
      fine = pair->elements[i].isNumeric() && betas[i] >= 0 && betas[i] < 1;
    }
    if (!fine)
      reader.reject("betas",
                    "two numbers from 0 to below 1, as in (0.9, 0.95)");
  }
  reader.add("beta1", reader.builder.getF64FloatAttr(betas[0]));
  reader.add("beta2", reader.builder.getF64FloatAttr(betas[1]));
  return keepSetting("optimizer", reader.finish());
}

bool Elaborator::readSchedule(const Setting &setting, const Value &value) {
  bool known = value.kind == Value::Kind::setting &&
               (value.text == "cosine" || value.text == "linear" ||
                value.text == "constant");
  if (!known) {
    fail(setting.value->loc, "the schedule is cosine(...), linear(...) or "
                             "constant(...), not " +
                                 value.describe());
    return false;
  }
  FieldReader reader = readFields(value);
  reader.addString("name", value.text);
  reader.addInteger("warmup", 0, int64_t(1) << 40, 0);
  reader.addNumber("floor", 0, 1, value.text == "constant" ? 1.0 : 0.0);
  return keepSetting("schedule", reader.finish());
}

/// How tables that are looked up are updated.
bool Elaborator::readTables(const Setting &setting, const Value &value) {
  if (value.kind != Value::Kind::setting || value.text != "rowwise_adagrad") {
    fail(setting.value->loc,
         "tables is rowwise_adagrad(...), not " + value.describe());
    return false;
  }
  FieldReader reader = readFields(value);
  reader.addString("name", value.text);
  reader.addNumber("lr_scale", 0, 1e6, kTableRate);
  reader.addNumber("eps", 0, 1, 1e-8);
  return keepSetting("tables", reader.finish());
}

/// Models without a lookup have no such setting.
void Elaborator::settleTables() {
  auto given = trainAttrs.find("tables");
  if (builder->hasLookup() && given == trainAttrs.end()) {
    Value empty;
    empty.kind = Value::Kind::setting;
    empty.text = "rowwise_adagrad";
    readTables({}, empty);
  }
  if (builder->hasLookup() || given == trainAttrs.end())
    return;
  trainAttrs.erase(given);
  for (const Setting &setting : train->settings)
    if (setting.name == "tables")
      warn(setting.value->loc,
           "the model has no lookup: this setting has no effect");
}

//===----------------------------------------------------------------------===//
// The block
//===----------------------------------------------------------------------===//

static const Setting *findGiven(const TrainItem &item, StringRef name) {
  for (const Setting &setting : item.settings)
    if (setting.name == name)
      return &setting;
  return nullptr;
}

/// What every setting is without being said.
void Elaborator::presetTrain() {
  mlir::Builder attributes(&context);
  for (const Count &count : kCounts)
    keepSetting(count.name, attributes.getI64IntegerAttr(count.otherwise));
  keepSetting("loss", attributes.getStringAttr("cross_entropy"));
  Value empty;
  empty.kind = Value::Kind::setting;
  empty.text = "adamw";
  readOptimizer({}, empty);
  empty.text = "constant";
  readSchedule({}, empty);
}

bool Elaborator::elaborateTrain(const TrainItem &item) {
  Frame frame;
  frame.context = Context::train;
  presetTrain();
  bool ok = true;
  Value schedule;
  for (const Setting &setting : item.settings) {
    if (setting.name == "init") {
      ok &= readInit(frame, setting);
      continue;
    }
    Value value = evaluate(frame, *setting.value);
    if (setting.name == "freeze") {
      ok &= readFreeze(value, setting.value->loc);
      continue;
    }
    // Sema made sure that there is one of the name.
    ok &= !value.isError() &&
          (this->*findSetting(setting.name)->read)(setting, value);
    if (setting.name == "schedule")
      schedule = value;
  }
  if (!findGiven(item, "data")) {
    fail(item.nameLoc, "the train block does not say its data, as in 'data = "
                       "text(\"corpus.txt\")'");
    ok = false;
  }
  ok = ok && checkMicroBatch(item);
  if (ok)
    checkWarmup(item, schedule);
  return ok;
}

/// The weights are not there yet. An empty pattern is of none.
bool Elaborator::readFreeze(const Value &pattern, SMLoc loc) {
  if (pattern.isError())
    return false;
  if (pattern.kind == Value::Kind::string) {
    if (!pattern.text.empty())
      frozen.push_back({pattern.text, loc});
    return true;
  }
  fail(loc, "freeze is of a pattern of weights' names, as in freeze "
            "\"**.attention.*\", not of " +
                pattern.describe());
  return false;
}

void Elaborator::failNoWeight(StringRef pattern, SMLoc loc) {
  std::vector<StringRef> names = builder->listWeights();
  std::string hint = suggest(pattern, names);
  if (hint.empty() && !names.empty())
    hint = " (the weights are called '" + names.front().str() + "' to '" +
           names.back().str() + "'; './MODEL info' lists them)";
  fail(loc, "no weight's name fits '" + pattern + "'" + hint);
}

/// Keeps the weights that `freeze` names as they begin.
bool Elaborator::freezeWeights() {
  bool ok = true;
  for (const auto &[pattern, loc] : frozen) {
    if (builder->freeze(pattern) > 0)
      continue;
    failNoWeight(pattern, loc);
    ok = false;
  }
  if (!ok || frozen.empty() || !builder->isAllFrozen())
    return ok;
  fail(frozen.back().second,
       "every weight is frozen: nothing is left to train");
  return false;
}

bool Elaborator::checkMicroBatch(const TrainItem &item) {
  const int64_t batch = getCount("batch");
  const int64_t given = getCount("micro_batch");
  trainAttrs.erase("micro_batch"); // the model's shape has it
  shape.microBatch = given ? given : batch;
  if (given <= batch)
    return true;
  fail(findGiven(item, "micro_batch")->value->loc,
       "micro_batch = " + Twine(given) +
           " is more than batch = " + Twine(batch));
  return false;
}

void Elaborator::checkWarmup(const TrainItem &item, const Value &schedule) {
  auto it = schedule.fields.find("warmup");
  const int64_t steps = getCount("steps");
  if (it == schedule.fields.end() || it->second.integer <= steps)
    return;
  warn(it->second.loc, "the rate rises for " + Twine(it->second.integer) +
                           " steps, but there are " + Twine(steps) +
                           ": it never reaches lr");
  if (const Setting *setting = findGiven(item, "steps"))
    noteDefines(setting->value->loc);
}

mlir::DictionaryAttr Elaborator::makeTrainAttr() {
  llvm::SmallVector<mlir::NamedAttribute> fields;
  mlir::Builder attributes(&context);
  for (const auto &[name, value] : trainAttrs)
    fields.push_back(attributes.getNamedAttr(name, value));
  return attributes.getDictionaryAttr(fields);
}

} // namespace hashc::frontend
