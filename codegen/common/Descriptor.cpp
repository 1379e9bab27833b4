//===- Descriptor.cpp - What a compiled model tells its runtime -----------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/common/Descriptor.h"

#include "codegen/common/KernelCost.h"
#include "dialect/Hash.h"
#include "dialect/Target.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using llvm::json::OStream;

namespace hashc {
namespace {

std::string getTypeName(Type type) {
  std::string name;
  llvm::raw_string_ostream(name) << getElementTypeOrSelf(type);
  return name;
}

void writeShape(OStream &json, StringRef key, ShapedType type) {
  json.attributeArray(key, [&] {
    for (int64_t size : type.getShape())
      json.value(size);
  });
}

/// An attribute of the spec's settings as the JSON value it looks like.
void writeValue(OStream &json, Attribute attribute) {
  if (auto text = dyn_cast<StringAttr>(attribute))
    json.value(text.getValue());
  else if (auto flag = dyn_cast<BoolAttr>(attribute))
    json.value(flag.getValue());
  else if (auto integer = dyn_cast<IntegerAttr>(attribute))
    json.value(integer.getInt());
  else if (auto real = dyn_cast<FloatAttr>(attribute))
    json.value(real.getValueAsDouble());
  else if (auto array = dyn_cast<ArrayAttr>(attribute))
    json.array([&] {
      for (Attribute element : array)
        writeValue(json, element);
    });
  else if (auto dictionary = dyn_cast<DictionaryAttr>(attribute))
    json.object([&] {
      for (NamedAttribute entry : dictionary) {
        json.attributeBegin(entry.getName());
        writeValue(json, entry.getValue());
        json.attributeEnd();
      }
    });
  else
    json.value(nullptr);
}

class DescriptorWriter {
public:
  DescriptorWriter(ModuleOp module, OStream &json)
      : module(module), symbols(module), json(json) {}

  void write() {
    json.object([&] {
      json.attribute("version", 1);
      writeHeader();
      json.attributeArray("params", [&] {
        for (auto param : module.getOps<hash::ParamOp>())
          writeParam(param);
      });
      json.attributeArray("tables", [&] {
        for (auto table : module.getOps<hash::TableOp>())
          writeTable(table);
      });
      json.attributeArray("routers", [&] { writeRouters(); });
      json.attribute("trains_differently", trainsDifferently());
      json.attributeArray("entries", [&] {
        for (func::FuncOp function : getEntries())
          writeEntry(function);
      });
      json.attributeArray("kernels", [&] { writeKernels(); });
    });
  }

private:
  SmallVector<func::FuncOp> getEntries() {
    return llvm::filter_to_vector(
        module.getOps<func::FuncOp>(), [](func::FuncOp function) {
          return function.isPublic() && !function.isExternal();
        });
  }

  void writeHeader() {
    auto text = [&](StringRef name) {
      auto attribute = module->getAttrOfType<StringAttr>(name);
      return attribute ? attribute.getValue() : StringRef();
    };
    auto model =
        module->getAttrOfType<DictionaryAttr>(hash::HashDialect::kModelAttr);
    auto name = model ? model.getAs<StringAttr>("name") : StringAttr();
    json.attribute("name", name ? name.getValue() : "");
    json.attribute("spec", text("hash.spec"));
    json.attribute("spec_hash", text("hash.spec_hash"));
    json.attribute("model_hash", text("hash.model_hash"));
    json.attribute("not_decodable", text(hash::HashDialect::kNotDecodableAttr));
    json.attribute("not_causal_in_training",
                   text(hash::HashDialect::kNotCausalInTrainingAttr));
    for (StringRef key : {"target", "arch", "fuse"})
      json.attribute(key, getTargetOption(module, key));
    for (auto [key, attribute] :
         {std::pair("model", hash::HashDialect::kModelAttr),
          std::pair("train", hash::HashDialect::kTrainAttr)}) {
      json.attributeBegin(key);
      if (auto value = module->getAttr(attribute))
        writeValue(json, value);
      else
        json.object([] {});
      json.attributeEnd();
    }
  }

  void writeParam(hash::ParamOp param) {
    json.object([&] {
      json.attribute("name", param.getSymName());
      writeShape(json, "shape", cast<ShapedType>(param.getType()));
      json.attribute("dtype", getTypeName(param.getType()));
      json.attribute("panel", param.getPanel().value_or(0));
      writeShape(json, "stored_shape", param.getStoredType());
      json.attribute("init", hash::stringifyInit(param.getInit()));
      json.attribute("scale", param.getScale().convertToDouble());
      json.attribute("decay", param.getDecay());
      json.attribute("lookup", param.getLookup());
      json.attribute("frozen", param.getFrozen());
      json.attribute("trained", !param.getBalance());
    });
  }

  void writeTable(hash::TableOp table) {
    json.object([&] {
      json.attribute("name", table.getSymName());
      json.attribute("algorithm", table.getAlgorithm());
      json.attribute("vocab", static_cast<int64_t>(table.getVocab()));
      json.attribute("groups", static_cast<int64_t>(table.getGroups()));
      json.attribute("k", static_cast<int64_t>(table.getK()));
      json.attribute("seed", static_cast<int64_t>(table.getSeed()));
      json.attribute("file", table.getFile());
    });
  }

  DictionaryAttr getKernelInfo(hash::LaunchOp launch) {
    auto kernel = symbols.lookup<func::FuncOp>(launch.getKernel());
    return kernel ? kernel->getAttrOfType<DictionaryAttr>("hash.kernel")
                  : DictionaryAttr();
  }

  /// A routed layer is a path whose kernels read a plan.
  void writeRouters() {
    auto entry = symbols.lookup<func::FuncOp>("eval_step");
    if (!entry)
      return;
    llvm::StringSet<> seen;
    entry.walk([&](hash::LaunchOp launch) {
      DictionaryAttr info = getKernelInfo(launch);
      auto shape = info ? info.getAs<TypeAttr>("plan") : TypeAttr();
      auto plan =
          shape ? dyn_cast<hash::PlanType>(shape.getValue()) : hash::PlanType();
      StringRef name = getPlanName(entry, launch);
      StringRef path = hash::getPath(launch.getLoc());
      if (!plan || name.empty() || !seen.insert(path).second)
        return;
      json.object([&] {
        json.attribute("path", path);
        json.attribute("plan", name);
        json.attribute("groups", plan.getGroups());
        json.attribute("k", plan.getK());
        json.attribute("tokens", plan.getTokens());
        json.attribute("slots", plan.getSlots());
        if (StringRef input = findInput(name); !input.empty())
          json.attribute("input", input);
        json.attribute("reads_activations", !isMadePerBatch(name));
      });
    });
  }

  StringRef getPlanName(func::FuncOp entry, hash::LaunchOp launch) {
    for (Value buffer : launch.getBuffers()) {
      hash::ArgAttr role = getRole(entry, buffer);
      // Hoisted streams share the role; a plan is the one named like one.
      if (role && role.getKind() == hash::ArgKind::plan &&
          role.getName().getValue().starts_with("plan"))
        return role.getName().getValue();
    }
    return "";
  }

  /// The input whose tokens say which rows of a plan are dead; none where the
  /// model has one input.
  StringRef findInput(StringRef plan) {
    StringRef input;
    for (StringRef name : {"plan_batch", "eval_step"})
      if (auto entry = symbols.lookup<func::FuncOp>(name))
        entry.walk([&](hash::LaunchOp launch) {
          if (StringRef tokens = findTokens(entry, launch, plan); input.empty())
            input = tokens;
        });
    return input;
  }

  /// The name of the tokens that `launch` reads with a plan, as what makes it
  /// does; "" for any other.
  static StringRef findTokens(func::FuncOp entry, hash::LaunchOp launch,
                              StringRef plan) {
    bool hasPlan = false;
    StringRef tokens;
    for (Value buffer : launch.getBuffers()) {
      hash::ArgAttr role = getRole(entry, buffer);
      if (!role || !role.getName())
        continue;
      hasPlan |=
          role.getKind() == hash::ArgKind::plan && role.getName() == plan;
      if (role.getKind() == hash::ArgKind::tokens)
        tokens = role.getName();
    }
    return hasPlan ? tokens : "";
  }

  static hash::ArgAttr getRole(func::FuncOp entry, Value buffer) {
    auto argument = dyn_cast<BlockArgument>(buffer);
    return argument ? entry.getArgAttrOfType<hash::ArgAttr>(
                          argument.getArgNumber(), hash::HashDialect::kArgAttr)
                    : hash::ArgAttr();
  }

  /// Routing by tokens alone leaves the step, and its plans come from there.
  bool isMadePerBatch(StringRef plan) {
    auto batch = symbols.lookup<func::FuncOp>("plan_batch");
    hash::ArgAttr wanted =
        hash::ArgAttr::get(module.getContext(), hash::ArgKind::plan,
                           StringAttr::get(module.getContext(), plan));
    for (unsigned i = 0; batch && i < batch.getNumArguments(); ++i)
      if (batch.getArgAttr(i, hash::HashDialect::kArgAttr) == wanted)
        return true;
    return false;
  }

  /// True if training does what evaluation leaves out.
  bool trainsDifferently() {
    auto step = symbols.lookup<func::FuncOp>("grad_step");
    bool differs = false;
    if (step)
      step.walk([&](hash::LaunchOp launch) {
        DictionaryAttr info = getKernelInfo(launch);
        auto op = info ? info.getAs<StringAttr>("op") : StringAttr();
        auto name = RegisteredOperationName::lookup(
            op ? ("hash." + op.getValue()).str() : "", module.getContext());
        differs |= name && name->hasInterface<hash::TrainingOnlyOpInterface>();
      });
    return differs;
  }

  void writeEntry(func::FuncOp function) {
    json.object([&] {
      json.attribute("name", function.getName());
      int64_t arena = 0;
      json.attributeArray("args", [&] {
        for (unsigned index = 0; index < function.getNumArguments(); ++index) {
          Type type = function.getArgumentTypes()[index];
          auto shaped = cast<ShapedType>(type);
          auto role = function.getArgAttrOfType<hash::ArgAttr>(
              index, hash::HashDialect::kArgAttr);
          int64_t bytes = shaped.getNumElements() *
                          llvm::divideCeil(shaped.getElementTypeBitWidth(), 8);
          if (role && role.getKind() == hash::ArgKind::arena)
            arena = bytes;
          json.object([&] {
            json.attribute("kind",
                           role ? hash::stringifyArgKind(role.getKind()) : "");
            json.attribute("name", role && role.getName()
                                       ? role.getName().getValue()
                                       : "");
            json.attribute("dtype", getTypeName(type));
            writeShape(json, "shape", shaped);
            json.attribute("bytes", bytes);
          });
        }
      });
      json.attribute("arena_bytes", arena);
    });
  }

  void writeKernels() {
    int64_t id = 0;
    for (func::FuncOp function : getEntries())
      function.walk([&](hash::LaunchOp launch) {
        writeKernel(id++, function.getName(), launch);
      });
  }

  void writeKernel(int64_t id, StringRef entry, hash::LaunchOp launch) {
    DictionaryAttr info = getKernelInfo(launch);
    auto integer = [&](StringRef key) {
      auto value = info ? info.getAs<IntegerAttr>(key) : IntegerAttr();
      return value ? value.getInt() : 0;
    };
    auto opName = info ? info.getAs<StringAttr>("op") : StringAttr();
    StringRef op = opName ? opName.getValue() : StringRef(launch.getKernel());
    StringRef path = hash::getPath(launch.getLoc());
    json.object([&] {
      json.attribute("id", id);
      json.attribute("entry", entry);
      json.attribute("op", op);
      json.attribute("kernel", launch.getKernel());
      json.attribute("path", path);
      json.attribute("kind", getKernelKind(op, path));
      json.attribute("flops", integer("flops"));
      json.attribute("bytes", integer("bytes"));
      json.attribute("tasks", static_cast<int64_t>(launch.getTasks()));
      if (Attribute config = info ? info.get("config") : Attribute()) {
        json.attributeBegin("config");
        writeValue(json, config);
        json.attributeEnd();
      }
    });
  }

  ModuleOp module;
  SymbolTable symbols;
  OStream &json;
};

} // namespace

std::string buildDescriptor(ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  OStream json(stream);
  DescriptorWriter(module, json).write();
  return text;
}

} // namespace hashc
