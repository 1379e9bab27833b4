//===- HashVerify.cpp - Verifiers of plans, roles and ops on buffers ------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Named ops need no code here: their constraints are in ODS.
//
//===----------------------------------------------------------------------===//

#include "dialect/HashConstraints.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;

namespace hashc::hash {

//===----------------------------------------------------------------------===//
// Types and attributes
//===----------------------------------------------------------------------===//

LogicalResult PlanType::verify(function_ref<InFlightDiagnostic()> emitError,
                               int64_t tokens, int64_t k, int64_t groups,
                               int64_t slots) {
  constexpr int64_t most = std::numeric_limits<int32_t>::max();
  if (tokens <= 0 || k <= 0 || groups <= 0)
    return emitError() << "a plan needs at least one token, choice and group";
  if (groups > most || tokens > most / k)
    return emitError() << "a plan numbers its groups and slots with 32 bits";
  if (slots <= 0 || slots > tokens * k)
    return emitError() << "a plan of " << tokens << " tokens and " << k
                       << " choices has 1 to " << tokens * k << " slots, not "
                       << slots;
  return success();
}

/// True for the kinds of which an entry point has several, told apart by name.
static bool isNamed(ArgKind kind) {
  switch (kind) {
  case ArgKind::param:
  case ArgKind::grad:
  case ArgKind::moment1:
  case ArgKind::moment2:
  case ArgKind::table:
  case ArgKind::plan:
  case ArgKind::cache:
  case ArgKind::grad_keys:
  case ArgKind::aux:
    return true;
  default:
    return false;
  }
}

LogicalResult ArgAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                              ArgKind kind, StringAttr name) {
  if (isNamed(kind) && (!name || name.empty()))
    return emitError() << "there are several of " << stringifyArgKind(kind)
                       << ", so it needs a name (name)";
  // Terms of a loss beside the first have names, too, and so have the streams
  // of a model with several inputs.
  bool mayBeNamed = isNamed(kind) || kind == ArgKind::losses ||
                    kind == ArgKind::tokens || kind == ArgKind::starts;
  if (!mayBeNamed && name)
    return emitError() << "there is one of " << stringifyArgKind(kind)
                       << ", so it has no name (name)";
  return success();
}

/// What values of a kind are, for messages; null if `type` is that.
static const char *findWrongRole(ArgKind kind, Type type) {
  if (isa<PlanType>(type))
    return kind == ArgKind::plan ? nullptr : "no plan";
  auto shaped = dyn_cast<ShapedType>(type);
  if (!shaped || !shaped.hasRank())
    return nullptr; // A pointer, once it is LLVM's.
  Type element = shaped.getElementType();
  auto isVectorOf = [&](bool isElement, int64_t size = 0) {
    return isElement && shaped.getRank() == 1 &&
           (size == 0 || shaped.getDimSize(0) == size);
  };
  bool isFloat = isa<FloatType>(element);
  auto check = [](bool holds, const char *what) {
    return holds ? nullptr : what;
  };
  switch (kind) {
  case ArgKind::tokens:
  case ArgKind::targets:
  case ArgKind::starts:
    return check(isVectorOf(element.isInteger(32)), "a stream of i32");
  case ArgKind::index:
    return check(isVectorOf(element.isInteger(32), 1), "one i32");
  case ArgKind::seed:
    return check(isVectorOf(element.isInteger(64), 1), "one i64");
  case ArgKind::hyper:
    return check(isVectorOf(element.isF64(), 4), "four f64");
  case ArgKind::norm:
    return check(isVectorOf(element.isF64(), 1), "one f64");
  case ArgKind::scale:
  case ArgKind::aux_scale:
    return check(isVectorOf(isFloat, 1), "one float");
  case ArgKind::logits:
  case ArgKind::cache:
    return check(isFloat && shaped.getRank() == 2, "rows of floats");
  case ArgKind::table:
    return check(element.isInteger(32) && shaped.getRank() <= 2,
                 "a table of i32");
  case ArgKind::grad_keys:
    return check(element.isInteger(32) && shaped.getRank() == 2,
                 "keys of rows of i32");
  case ArgKind::plan:
    return check(element.isInteger(), "a plan or integers");
  case ArgKind::arena:
    return check(isVectorOf(element.isInteger(8)), "bytes");
  case ArgKind::param:
  case ArgKind::grad:
  case ArgKind::moment1:
  case ArgKind::moment2:
  case ArgKind::losses:
  case ArgKind::aux:
    return check(isFloat, "floats");
  }
  llvm_unreachable("unknown kind");
}

static LogicalResult verifyRole(Operation *op, NamedAttribute attribute,
                                const Twine &what, Type type) {
  if (attribute.getName() != HashDialect::kArgAttr)
    return success();
  auto role = dyn_cast<ArgAttr>(attribute.getValue());
  if (!role)
    return op->emitOpError() << what << " has a " << HashDialect::kArgAttr
                             << " that is no #hash.arg (role)";
  if (const char *wanted = findWrongRole(role.getKind(), type))
    return op->emitOpError()
           << what << " is " << stringifyArgKind(role.getKind())
           << ", which is " << wanted << ", not " << type << " (role)";
  return success();
}

LogicalResult HashDialect::verifyRegionArgAttribute(Operation *op, unsigned,
                                                    unsigned argument,
                                                    NamedAttribute attribute) {
  auto function = dyn_cast<FunctionOpInterface>(op);
  if (!function)
    return success();
  return verifyRole(op, attribute, "argument " + Twine(argument),
                    function.getArgumentTypes()[argument]);
}

LogicalResult HashDialect::verifyRegionResultAttribute(
    Operation *op, unsigned, unsigned result, NamedAttribute attribute) {
  auto function = dyn_cast<FunctionOpInterface>(op);
  if (!function)
    return success();
  return verifyRole(op, attribute, "result " + Twine(result),
                    function.getResultTypes()[result]);
}

LogicalResult HashDialect::verifyOperationAttribute(Operation *op,
                                                    NamedAttribute attribute) {
  StringRef name = attribute.getName();
  Attribute value = attribute.getValue();
  bool isSetting =
      name == kTrainAttr || name == kModelAttr || name == kTargetAttr;
  if (isSetting && !(isa<ModuleOp>(op) && isa<DictionaryAttr>(value)))
    return op->emitOpError()
           << "'" << name << "' is a dictionary of a module's (setting)";
  if (name == kStageAttr && !(isa<ModuleOp>(op) && isa<StringAttr>(value)))
    return op->emitOpError()
           << "'" << name << "' is the name of a module's stage (setting)";
  return success();
}

//===----------------------------------------------------------------------===//
// Ops on buffers
//===----------------------------------------------------------------------===//

/// Named ops are pure, which structured ops and declarations are not.
static bool isNamedOp(RegisteredOperationName name) {
  return name.hasInterface<ConditionallySpeculatable>() &&
         !name.hasTrait<OpTrait::IsTerminator>();
}

/// The types of the tensors that are in the buffers of a call. One of them is
/// the plan, if the call has one: its buffer is longer than any stream.
static FailureOr<SmallVector<Type>> getTensorTypes(LibraryCallOp call) {
  PlanType plan;
  if (call.getPlanShape())
    plan = cast<PlanType>(*call.getPlanShape());
  SmallVector<Type> types;
  unsigned numPlans = 0;
  for (Value buffer : call->getOperands()) {
    auto type = cast<MemRefType>(buffer.getType());
    bool isPlan = plan && type.getRank() == 1 &&
                  type.getElementType().isInteger(32) &&
                  type.getDimSize(0) == plan.getNumWords();
    numPlans += isPlan;
    types.push_back(
        isPlan ? Type(plan)
               : RankedTensorType::get(type.getShape(), type.getElementType()));
  }
  if (plan && numPlans != 1)
    return call.emitOpError()
           << "one buffer has the " << plan.getNumWords()
           << " words of its plan, not " << numPlans << " (plan)";
  return types;
}

/// Asks the named op itself, on tensors of the buffers' shapes.
LogicalResult LibraryCallOp::verify() {
  std::optional<RegisteredOperationName> name = RegisteredOperationName::lookup(
      ("hash." + getCallee()).str(), getContext());
  if (!name || !isNamedOp(*name))
    return emitOpError() << "'" << getCallee()
                         << "' is no named op of this dialect (callee)";
  NamedAttrList config(getConfig());
  if (failed(name->verifyInherentAttrs(config, [&] { return emitOpError(); })))
    return failure();
  FailureOr<SmallVector<Type>> types = getTensorTypes(*this);
  if (failed(types))
    return failure();

  ArrayRef<Type> results = ArrayRef(*types).drop_front(getIns().size());
  OperationState state(getLoc(), *name);
  state.addTypes(results);
  state.addAttributes(config);
  Operation *op = Operation::create(state);
  Block placeholders;
  SmallVector<Value> operands;
  for (Type type : ArrayRef(*types).take_front(getIns().size()))
    operands.push_back(placeholders.addArgument(type, getLoc()));
  // Operands that are updated in place are not repeated among the ins.
  if (auto hints = dyn_cast<BufferHintsOpInterface>(op))
    for (auto [i, type] : llvm::enumerate(results))
      if (int64_t tied = hints.getTiedOperandOf(i);
          tied >= 0 && tied <= static_cast<int64_t>(operands.size()))
        operands.insert(operands.begin() + tied,
                        placeholders.addArgument(type, getLoc()));
  op->setOperands(operands);
  LogicalResult holds = name->verifyInvariants(op);
  op->destroy();
  return holds;
}

LogicalResult LaunchOp::verifySymbolUses(SymbolTableCollection &symbolTable) {
  auto kernel =
      symbolTable.lookupNearestSymbolFrom<func::FuncOp>(*this, getKernelAttr());
  if (!kernel)
    return emitOpError() << "'" << getKernel()
                         << "' is no function of this module (kernel)";
  Builder builder(getContext());
  SmallVector<Type> types = {builder.getIndexType()};
  llvm::append_range(types, getBuffers().getTypes());
  FunctionType wanted = builder.getFunctionType(types, {});
  if (kernel.getFunctionType() == wanted)
    return success();
  InFlightDiagnostic diagnostic = emitOpError() << "launches a kernel of type "
                                                << wanted << " (buffers)";
  diagnostic.attachNote(kernel.getLoc())
      << "'" << getKernel() << "' is of type " << kernel.getFunctionType();
  return diagnostic;
}

} // namespace hashc::hash
