//===- Train.cpp - The train block ----------------------------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontend/Elaborator.h"
#include <functional>

using llvm::SMLoc;
using llvm::StringRef;
using llvm::Twine;

namespace hashc::frontend {

namespace {

constexpr int64_t kMaxInteger = std::numeric_limits<int64_t>::max();

/// An integer setting: its range, and what it is without being said.
struct IntegerSetting {
  StringRef name;
  int64_t low, high, otherwise;
};
const IntegerSetting kIntegerSettings[] = {
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
class SettingReader {
public:
  using Fail = std::function<void(SMLoc, const Twine &)>;
  SettingReader(mlir::MLIRContext &context, const Value &setting, Fail fail)
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
    fail(value->loc, name + " is " + expected + ", not " + value->describe());
    ok = false;
  }
  void addNumber(StringRef name, double low, double high, double otherwise) {
    const Value *value = find(name);
    double number = value ? value->asNumber() : otherwise;
    if (value && (!value->isNumeric() || number < low || number > high))
      reject(name, "a number from " + Value::makeNumber(low).describe() +
                       " to " + Value::makeNumber(high).describe());
    add(name, builder.getF64FloatAttr(number));
  }
  void addInteger(StringRef name, int64_t low, int64_t high,
                  int64_t otherwise) {
    const Value *value = find(name);
    int64_t integer = value ? value->integer : otherwise;
    if (value && (!value->isInteger() || integer < low || integer > high))
      reject(name, showRange(low, high));
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

mlir::Attribute Elaborator::readData(const Setting &setting,
                                     const Value &value) {
  if (value.kind != Value::Kind::setting ||
      (value.text != "text" && value.text != "tokens")) {
    fail(setting.value->loc,
         "data is text(\"file\") or tokens(\"file\"), not " + value.describe());
    return nullptr;
  }
  SettingReader reader(context, value, [&](SMLoc loc, const Twine &message) {
    fail(loc, message);
  });
  bool text = value.text == "text";
  reader.addString("kind", value.text);
  const Value *file = reader.find("file");
  if (file->kind != Value::Kind::string || file->text.empty())
    reader.reject("file", "a string");
  reader.addString("path", file->text);
  reader.addNumber("valid", 0, 0.9, 0.05);
  reader.addWord("documents", {"apart", "joined"});
  shape.bos = 0;
  if (!text) {
    reader.addWord("dtype", {"u16", "u32"});
    return reader.finish();
  }
  const Value *tokenizer = reader.find("tokenizer");
  int64_t vocab = 256;
  if (!tokenizer ||
      (tokenizer->kind == Value::Kind::word && tokenizer->text == "bytes")) {
    reader.addString("tokenizer", "bytes");
  } else if (tokenizer->kind == Value::Kind::setting &&
             tokenizer->text == "bpe") {
    const Value &size = tokenizer->fields.at("vocab");
    constexpr int64_t kLow = 260, kHigh = 1 << 20;
    if (!size.isInteger() || size.integer < kLow || size.integer > kHigh) {
      fail(size.loc, "the vocabulary of bpe is " + showRange(kLow, kHigh) +
                         ", not " + size.describe());
      return nullptr;
    }
    vocab = size.integer;
    shape.bos = 1;
    reader.addString("tokenizer", "bpe(" + std::to_string(vocab) + ")");
  } else {
    reader.reject("tokenizer", "bytes or bpe(n)");
  }
  if (reader.ok && vocab != shape.vocab) {
    fail(tokenizer ? tokenizer->loc : setting.value->loc,
         "the tokenizer has " + Twine(vocab) +
             " entries, the model's vocab is " + Twine(shape.vocab));
    diagnostics.note(model->inputs.front().loc, "the model's input is here");
    return nullptr;
  }
  return reader.finish();
}

mlir::Attribute Elaborator::readOptimizer(const Setting &setting,
                                          const Value &value) {
  if (value.kind != Value::Kind::setting || value.text != "adamw") {
    fail(setting.value->loc,
         "the optimizer is adamw(...), not " + value.describe());
    return nullptr;
  }
  SettingReader reader(context, value, [&](SMLoc loc, const Twine &message) {
    fail(loc, message);
  });
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
  return reader.finish();
}

mlir::Attribute Elaborator::readSchedule(const Setting &setting,
                                         const Value &value) {
  bool known = value.kind == Value::Kind::setting &&
               (value.text == "cosine" || value.text == "linear" ||
                value.text == "constant");
  if (!known) {
    fail(setting.value->loc, "the schedule is cosine(...), linear(...) or "
                             "constant(...), not " +
                                 value.describe());
    return nullptr;
  }
  SettingReader reader(context, value, [&](SMLoc loc, const Twine &message) {
    fail(loc, message);
  });
  reader.addString("name", value.text);
  reader.addInteger("warmup", 0, int64_t(1) << 40, 0);
  reader.addNumber("floor", 0, 1, value.text == "constant" ? 1.0 : 0.0);
  return reader.finish();
}

bool Elaborator::elaborateTrain(const TrainItem &item) {
  Frame frame;
  frame.context = Context::train;
  mlir::Builder attributes(&context);
  std::map<StringRef, const Setting *> places;
  bool ok = true;
  auto keep = [&](StringRef name, mlir::Attribute attribute) {
    ok &= attribute != nullptr;
    trainAttrs[name.str()] = attribute;
  };
  for (const IntegerSetting &integer : kIntegerSettings)
    keep(integer.name, attributes.getI64IntegerAttr(integer.otherwise));
  keep("loss", attributes.getStringAttr("cross_entropy"));
  int64_t integers[std::size(kIntegerSettings)];
  for (size_t i = 0; i < std::size(kIntegerSettings); ++i)
    integers[i] = kIntegerSettings[i].otherwise;
  for (const Setting &setting : item.settings) {
    places[setting.name] = &setting;
    Value value = evaluate(frame, *setting.value);
    if (value.isError()) {
      ok = false;
      continue;
    }
    if (setting.name == "data") {
      keep("data", readData(setting, value));
    } else if (setting.name == "optimizer") {
      keep("optimizer", readOptimizer(setting, value));
    } else if (setting.name == "schedule") {
      keep("schedule", readSchedule(setting, value));
    } else if (setting.name == "loss") {
      if (value.kind != Value::Kind::word || value.text != "cross_entropy") {
        fail(setting.value->loc, "not supported yet: losses other than "
                                 "cross_entropy");
        ok = false;
      }
    } else if (setting.name == "precision") {
      bool known =
          value.kind == Value::Kind::word &&
          (value.text == "f32" || value.text == "f64" || value.text == "bf16");
      if (!known) {
        fail(setting.value->loc,
             value.kind == Value::Kind::word && value.text == "tf32"
                 ? Twine("not supported yet: tf32; write f32 or bf16")
                 : "precision is f32, bf16 or f64, not " + value.describe());
        ok = false;
      }
      shape.precision = value.text;
    } else {
      for (auto [i, integer] : llvm::enumerate(kIntegerSettings)) {
        if (integer.name != setting.name)
          continue;
        if (!value.isInteger() || value.integer < integer.low ||
            value.integer > integer.high) {
          fail(setting.value->loc, setting.name + " is " +
                                       showRange(integer.low, integer.high) +
                                       ", not " + value.describe());
          ok = false;
          continue;
        }
        integers[i] = value.integer;
        keep(setting.name, attributes.getI64IntegerAttr(value.integer));
      }
    }
  }
  if (!places.count("data")) {
    fail(item.nameLoc, "the train block does not say its data, as in 'data = "
                       "text(\"corpus.txt\")'");
    ok = false;
  }
  Value empty;
  empty.kind = Value::Kind::setting;
  if (!places.count("optimizer")) {
    empty.text = "adamw";
    keep("optimizer", readOptimizer({}, empty));
  }
  if (!places.count("schedule")) {
    empty.text = "constant";
    keep("schedule", readSchedule({}, empty));
  }
  shape.microBatch = integers[1] ? integers[1] : integers[0];
  if (shape.microBatch > integers[0] && ok) {
    fail(places["micro_batch"]->value->loc,
         "micro_batch = " + Twine(shape.microBatch) +
             " is more than batch = " + Twine(integers[0]));
    ok = false;
  }
  trainAttrs.erase("micro_batch");
  return ok;
}

mlir::DictionaryAttr Elaborator::makeTrainAttr() {
  llvm::SmallVector<mlir::NamedAttribute> fields;
  mlir::Builder attributes(&context);
  for (const auto &[name, value] : trainAttrs)
    fields.push_back(attributes.getNamedAttr(name, value));
  return attributes.getDictionaryAttr(fields);
}

} // namespace hashc::frontend
