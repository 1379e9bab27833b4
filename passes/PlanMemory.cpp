//===- PlanMemory.cpp - From tensors to buffers in one static arena -*- C++
//-*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/Arena.h"
#include "passes/EntryPoints.h"
#include "passes/Passes.h"
#include "passes/Structured.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/Remarks.h"

#define DEBUG_TYPE "hash-plan-memory"

namespace hashc {
#define GEN_PASS_DEF_PLANMEMORY
#include "passes/Passes.h.inc"

using namespace mlir;

namespace {

/// Where values live: an argument's buffer, or a place in the arena.
struct Storage {
  BlockArgument argument; // null: in the arena
  ArenaBuffer place;
  SmallVector<Value> values; // that share it, one after the other
};

MemRefType getBufferType(Type type) {
  if (auto plan = dyn_cast<hash::PlanType>(type))
    return MemRefType::get({plan.getNumWords()},
                           IntegerType::get(type.getContext(), 32));
  auto tensor = cast<RankedTensorType>(type);
  return MemRefType::get(tensor.getShape(), tensor.getElementType());
}

int64_t getBytes(Type type) {
  MemRefType buffer = getBufferType(type);
  return buffer.getNumElements() *
         llvm::divideCeil(buffer.getElementTypeBitWidth(), 8);
}

bool isEmpty(Value value) {
  return value.getDefiningOp<tensor::EmptyOp>() != nullptr;
}

/// Plans and rewrites one entry point: straight-line code on tensors.
class MemoryPlanner {
public:
  MemoryPlanner(func::FuncOp function, bool reuse)
      : function(function), block(function.getBody().front()),
        builder(function.getContext()), reuse(reuse) {}

  LogicalResult run();

  int64_t getArenaBytes() const { return arenaBytes; }
  unsigned getNumInPlace() const { return numInPlace; }
  unsigned getNumCopies() const { return numCopies; }

private:
  struct Copy {
    Value from;
    Storage *to;
  };

  LogicalResult checkInput();
  LogicalResult checkOp(Operation *op);
  void numberOps();
  LogicalResult addResultArguments();
  LogicalResult assign(Operation *op);
  LogicalResult assignResult(Operation *op, unsigned result);
  Storage *createStorage(Value value, int64_t begin);
  void join(Value value, Storage *storage);
  bool mayOverwrite(Storage *storage, Operation *op, unsigned result);
  Storage *findReusable(Operation *op, unsigned result);
  LogicalResult emitLateRead(Operation *op, unsigned result, Storage *storage);
  LogicalResult checkResults();
  LogicalResult checkCopies(ArrayRef<Copy> copies);
  void rewrite();
  void rewriteOp(Operation *op);
  void rewriteStructured(Operation *op);
  void rewriteNamed(Operation *op);
  void rewriteConstant(arith::ConstantOp constant);
  void emitCopy(Location location, Value from, Value to);
  Value getBuffer(Value value);
  Value getView(Storage *storage, Type type);
  void placeArena();
  void remarkPeak();

  func::FuncOp function;
  Block &block;
  OpBuilder builder;
  bool reuse;
  DenseMap<Operation *, int64_t> numbers;
  DenseMap<Value, int64_t> lastUse;
  std::vector<std::unique_ptr<Storage>> storages;
  DenseMap<Value, Storage *> storageOf;
  SmallVector<Storage *> goals;      // of each result
  DenseMap<Value, Storage *> wanted; // the goal a returned value can have
  DenseMap<Operation *, SmallVector<Copy>> copiesBefore;
  DenseMap<std::pair<Storage *, Type>, Value> views;
  Operation *lastView = nullptr;
  BlockArgument arena;
  int64_t arenaBytes = 0;
  unsigned numInPlace = 0, numCopies = 0;
};

/// True for what has a buffer: a tensor of fixed shape, or a plan.
bool hasBuffer(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return isa<hash::PlanType>(type) || (tensor && tensor.hasStaticShape());
}

LogicalResult MemoryPlanner::checkOp(Operation *op) {
  for (Type type : op->getResultTypes())
    if (!hasBuffer(type))
      return op->emitError("makes a ")
             << type << ", which is neither a tensor of fixed shape nor a plan";
  if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
    if (isa<SplatElementsAttr>(constant.getValue()))
      return success();
    return op->emitError("a constant tensor of more than one value has no "
                         "buffer; make it a table or a parameter");
  }
  bool isKnown =
      isa<tensor::EmptyOp>(op) || isa<hash::HashDialect>(op->getDialect());
  if (!isKnown || op->getNumResults() == 0)
    return op->emitError("has no form on buffers; hash-generalize turns "
                         "elementwise ops into structured ones");
  return success();
}

LogicalResult MemoryPlanner::checkInput() {
  if (!getStraightLine(function))
    return function.emitError("branches; lifetimes are known in straight-line "
                              "code only");
  DenseMap<hash::ArgAttr, unsigned> byRole;
  for (BlockArgument argument : block.getArguments()) {
    if (isa<MemRefType>(argument.getType()))
      return function.emitError("argument ")
             << argument.getArgNumber()
             << " is a buffer already; hash-plan-memory runs once";
    if (!hasBuffer(argument.getType()))
      return function.emitError("argument ")
             << argument.getArgNumber() << " is a " << argument.getType()
             << ", which is neither a tensor of fixed shape nor a plan";
    hash::ArgAttr role = getRole(function, argument);
    if (role && !byRole.try_emplace(role, argument.getArgNumber()).second)
      return function.emitError("arguments ")
             << byRole[role] << " and " << argument.getArgNumber()
             << " have the same role, and so would share a buffer";
  }
  for (Operation &op : block.without_terminator())
    if (failed(checkOp(&op)))
      return failure();
  return success();
}

void MemoryPlanner::numberOps() {
  int64_t number = 0;
  for (Operation &op : block)
    numbers[&op] = number++;
  auto note = [&](Value value) {
    int64_t last = -1;
    for (Operation *user : value.getUsers())
      last = std::max(last, numbers.lookup(user));
    lastUse[value] = last;
  };
  for (BlockArgument argument : block.getArguments())
    note(argument);
  for (Operation &op : block)
    for (Value result : op.getResults()) {
      note(result);
      // An unused result is written all the same.
      lastUse[result] = std::max(lastUse[result], numbers[&op]);
    }
}

void MemoryPlanner::join(Value value, Storage *storage) {
  storage->values.push_back(value);
  storage->place.end = std::max(storage->place.end, lastUse.lookup(value));
  storageOf[value] = storage;
}

Storage *MemoryPlanner::createStorage(Value value, int64_t begin) {
  storages.push_back(std::make_unique<Storage>());
  Storage *storage = storages.back().get();
  storage->place.bytes = getBytes(value.getType());
  storage->place.begin = begin;
  join(value, storage);
  return storage;
}

/// Results with an argument's role end in its buffer, the others get one of
/// their own.
LogicalResult MemoryPlanner::addResultArguments() {
  DenseMap<hash::ArgAttr, Storage *> byRole;
  for (BlockArgument argument : block.getArguments()) {
    Storage *storage = createStorage(argument, /*begin=*/-1);
    storage->argument = argument;
    if (hash::ArgAttr role = getRole(function, argument))
      byRole[role] = storage;
  }
  Operation *terminator = block.getTerminator();
  for (OpOperand &operand : terminator->getOpOperands()) {
    hash::ArgAttr role = getResultRole(function, operand.getOperandNumber());
    Value value = operand.get();
    Storage *&storage = byRole[role];
    goals.push_back(nullptr);
    if (!role || !storage) {
      DictionaryAttr attributes =
          function.getResultAttrDict(operand.getOperandNumber());
      unsigned index = function.getNumArguments();
      if (failed(function.insertArgument(index, value.getType(), attributes,
                                         value.getLoc())))
        return failure();
      Storage *created = createStorage(block.getArgument(index), /*begin=*/-1);
      created->argument = block.getArgument(index);
      lastUse[created->argument] = -1;
      if (role)
        byRole[role] = created;
      goals.back() = created;
    } else {
      goals.back() = storage;
    }
    wanted.try_emplace(value, goals.back());
  }
  return success();
}

/// True if the result may be written over what the operand reads.
bool isReadBefore(OpOperand &operand, unsigned result) {
  auto hints = dyn_cast<hash::BufferHintsOpInterface>(operand.getOwner());
  return hints &&
         (hints.getTiedOperandOf(result) == operand.getOperandNumber() ||
          hints.mayReuse(operand.getOperandNumber(), result));
}

/// True if `op` may write its result to `storage`: nothing that lives there is
/// read later, and what `op` itself reads there it may overwrite.
bool MemoryPlanner::mayOverwrite(Storage *storage, Operation *op,
                                 unsigned result) {
  int64_t now = numbers.lookup(op);
  for (Value value : storage->values) {
    // A value's role as what is returned ends with the result written now.
    int64_t last = -1;
    for (Operation *user : value.getUsers())
      last = std::max(last, numbers.lookup(user));
    if (last > now)
      return false;
  }
  return llvm::all_of(op->getOpOperands(), [&](OpOperand &operand) {
    return storageOf.lookup(operand.get()) != storage ||
           isReadBefore(operand, result);
  });
}

/// A dying operand whose place the result may take.
Storage *MemoryPlanner::findReusable(Operation *op, unsigned result) {
  if (!reuse || !isa<hash::BufferHintsOpInterface>(op))
    return nullptr;
  int64_t bytes = getBytes(op->getResult(result).getType());
  for (Value operand : op->getOperands()) {
    Storage *storage = storageOf.lookup(operand);
    if (!storage || storage->argument || storage->place.bytes != bytes ||
        !mayOverwrite(storage, op, result))
      continue;
    // Another result of this op may have taken it already.
    if (llvm::none_of(op->getResults(), [&](Value other) {
          return storageOf.lookup(other) == storage;
        }))
      return storage;
  }
  return nullptr;
}

LogicalResult MemoryPlanner::emitLateRead(Operation *op, unsigned result,
                                          Storage *storage) {
  hash::ArgAttr role = getRole(function, storage->argument);
  InFlightDiagnostic diagnostic =
      op->emitError("updates ")
      << (role ? hash::stringifyArgKind(role.getKind()) : "argument") << " '"
      << (role && role.getName() ? role.getName().getValue() : "")
      << "' in place, but its old value is still read";
  int64_t now = numbers.lookup(op);
  for (Value value : storage->values)
    for (OpOperand &use : value.getUses()) {
      Operation *user = use.getOwner();
      if (user == op ? !isReadBefore(use, result) : numbers.lookup(user) > now)
        diagnostic.attachNote(user->getLoc()) << "read here";
    }
  return diagnostic;
}

LogicalResult MemoryPlanner::assignResult(Operation *op, unsigned result) {
  Value value = op->getResult(result);
  int64_t now = numbers.lookup(op);
  auto hints = dyn_cast<hash::BufferHintsOpInterface>(op);
  int64_t tied = hints ? hints.getTiedOperandOf(result) : -1;
  if (tied >= 0 && !isEmpty(op->getOperand(tied))) {
    Value before = op->getOperand(tied);
    Storage *storage = storageOf.lookup(before);
    if (mayOverwrite(storage, op, result)) {
      join(value, storage);
      ++numInPlace;
      return success();
    }
    if (storage->argument)
      return emitLateRead(op, result, storage);
    Storage *copy = createStorage(value, now);
    copiesBefore[op].push_back({before, copy});
    ++numCopies;
    remark::missed(op->getLoc(), remark::RemarkOpts::name("copied")
                                     .category(DEBUG_TYPE)
                                     .function(function.getName()))
        << remark::reason("what {0} updates is read later and copied",
                          hash::getPath(op->getLoc()));
    return success();
  }
  if (Storage *goal = wanted.lookup(value);
      goal && mayOverwrite(goal, op, result)) {
    join(value, goal);
    return success();
  }
  if (Storage *storage = findReusable(op, result)) {
    join(value, storage);
    ++numInPlace;
    return success();
  }
  createStorage(value, now);
  return success();
}

/// True if the operand is updated in place by a result.
bool isInit(OpOperand &use) {
  auto hints = dyn_cast<hash::BufferHintsOpInterface>(use.getOwner());
  for (unsigned i = 0; hints && i < hints->getNumResults(); ++i)
    if (hints.getTiedOperandOf(i) == use.getOperandNumber())
      return true;
  return false;
}

LogicalResult MemoryPlanner::assign(Operation *op) {
  // The init of an out needs no place of its own; what else reads unspecified
  // contents reads some place.
  if (isa<tensor::EmptyOp>(op) &&
      llvm::all_of(op->getUses(), [](OpOperand &use) { return isInit(use); }))
    return success();
  for (unsigned result = 0; result < op->getNumResults(); ++result)
    if (failed(assignResult(op, result)))
      return failure();
  return success();
}

bool isState(hash::ArgAttr role) {
  return role && (role.getKind() == hash::ArgKind::param ||
                  role.getKind() == hash::ArgKind::moment1 ||
                  role.getKind() == hash::ArgKind::moment2);
}

/// What did not end where it has to is copied there at the end, unless that
/// would be a copy of state that nobody asked for.
LogicalResult MemoryPlanner::checkResults() {
  Operation *terminator = block.getTerminator();
  SmallVector<Copy> copies;
  for (auto [operand, goal] : llvm::zip(terminator->getOpOperands(), goals)) {
    Value value = operand.get();
    if (storageOf.lookup(value) == goal)
      continue;
    if (isState(getRole(function, goal->argument)) &&
        goal->values.size() == 1 && !goal->argument.use_empty()) {
      auto made = dyn_cast<OpResult>(value);
      return made ? emitLateRead(made.getOwner(), made.getResultNumber(), goal)
                  : emitLateRead(terminator, operand.getOperandNumber(), goal);
    }
    copies.push_back({value, goal});
  }
  if (failed(checkCopies(copies)))
    return failure();
  copiesBefore[terminator] = copies;
  numCopies += copies.size();
  return success();
}

/// The copies run one after the other: none may write over what is returned.
LogicalResult MemoryPlanner::checkCopies(ArrayRef<Copy> copies) {
  Operation *terminator = block.getTerminator();
  for (const Copy &copy : copies) {
    for (Value returned : terminator->getOperands())
      if (storageOf.lookup(returned) == copy.to)
        return terminator->emitError("returns the old value of ")
               << getRole(function, copy.to->argument)
               << ", and a new one in its place";
    remark::missed(copy.from.getLoc(), remark::RemarkOpts::name("copied")
                                           .category(DEBUG_TYPE)
                                           .function(function.getName()))
        << remark::reason("a result of {0} is made elsewhere and copied",
                          hash::getPath(copy.from.getLoc()));
  }
  return success();
}

void MemoryPlanner::placeArena() {
  SmallVector<ArenaBuffer> buffers;
  SmallVector<Storage *> owners;
  for (auto &storage : storages)
    if (!storage->argument) {
      if (!reuse)
        storage->place.end = block.getOperations().size();
      owners.push_back(storage.get());
      buffers.push_back(storage->place);
    }
  arenaBytes = placeBuffers(buffers);
  for (auto [owner, buffer] : llvm::zip(owners, buffers))
    owner->place = buffer;
}

/// Says where the most memory is needed at once.
void MemoryPlanner::remarkPeak() {
  int64_t most = 0;
  Operation *peak = nullptr;
  for (Operation &op : block) {
    int64_t now = numbers.lookup(&op), bytes = 0;
    for (auto &storage : storages)
      if (!storage->argument && storage->place.begin <= now &&
          now <= storage->place.end)
        bytes += storage->place.bytes;
    if (bytes > most) {
      most = bytes;
      peak = &op;
    }
  }
  if (peak)
    remark::analysis(peak->getLoc(), remark::RemarkOpts::name("peak")
                                         .category(DEBUG_TYPE)
                                         .function(function.getName()))
        << remark::add("{0} needs the most: {1} bytes live, arena of {2}",
                       hash::getPath(peak->getLoc()), most, arenaBytes);
}

Value MemoryPlanner::getView(Storage *storage, Type type) {
  if (storage->argument)
    return storage->argument;
  MemRefType buffer = getBufferType(type);
  Value &view = views[{storage, buffer}];
  if (!view) {
    OpBuilder::InsertionGuard guard(builder);
    // Views come in order of first use, before the code.
    if (lastView)
      builder.setInsertionPointAfter(lastView);
    else
      builder.setInsertionPointToStart(&block);
    Location location = function.getLoc();
    Value offset = arith::ConstantIndexOp::create(builder, location,
                                                  storage->place.offset);
    view = memref::ViewOp::create(builder, location, buffer, arena, offset,
                                  ValueRange());
    lastView = view.getDefiningOp();
  }
  return view;
}

Value MemoryPlanner::getBuffer(Value value) {
  return getView(storageOf.lookup(value), value.getType());
}

void MemoryPlanner::emitCopy(Location location, Value from, Value to) {
  SpacedOperands reads, outs;
  reads.add(from, hash::RowSpace::position);
  outs.add(to, hash::RowSpace::position);
  Type type = getBodyType(from.getType());
  OperationState state(location, hash::MapOp::getOperationName());
  hash::MapOp::build(
      builder, state, TypeRange(), /*plan=*/Value(), reads.values, outs.values,
      builder.getDenseI32ArrayAttr(reads.spaces),
      builder.getDenseI32ArrayAttr(outs.spaces), UnitAttr(), TypeAttr());
  auto map = cast<hash::MapOp>(builder.create(state));
  OpBuilder::InsertionGuard guard(builder);
  Block *body = builder.createBlock(&map.getBody(), {}, {type, type},
                                    {location, location});
  hash::YieldOp::create(builder, location, ValueRange{body->getArgument(0)});
}

/// The plan an op reads or makes, as an attribute.
TypeAttr getPlanShape(Operation *op) {
  auto find = [](TypeRange types) -> TypeAttr {
    for (Type type : types)
      if (isa<hash::PlanType>(type))
        return TypeAttr::get(type);
    return {};
  };
  if (TypeAttr shape = find(op->getOperandTypes()))
    return shape;
  return find(op->getResultTypes());
}

void MemoryPlanner::rewriteStructured(Operation *op) {
  auto hints = cast<hash::BufferHintsOpInterface>(op);
  SmallVector<Value> operands(op->getNumOperands());
  for (unsigned result = 0; result < op->getNumResults(); ++result)
    operands[hints.getTiedOperandOf(result)] = getBuffer(op->getResult(result));
  for (auto [index, operand] : llvm::enumerate(op->getOperands()))
    if (!operands[index])
      operands[index] = getBuffer(operand);
  OperationState state(op->getLoc(), op->getName());
  state.addOperands(operands);
  state.addAttributes(op->getDiscardableAttrDictionary().getValue());
  state.propertiesAttr = op->getPropertiesAsAttribute();
  state.addRegion()->takeBody(op->getRegion(0));
  Operation *lowered = builder.create(state);
  if (TypeAttr shape = getPlanShape(op))
    lowered->setAttr("plan_shape", shape);
}

void MemoryPlanner::rewriteNamed(Operation *op) {
  auto hints = dyn_cast<hash::BufferHintsOpInterface>(op);
  llvm::SmallBitVector tied(op->getNumOperands());
  SmallVector<Value> ins, outs;
  for (unsigned result = 0; result < op->getNumResults(); ++result) {
    outs.push_back(getBuffer(op->getResult(result)));
    if (int64_t operand = hints ? hints.getTiedOperandOf(result) : -1;
        operand >= 0)
      tied.set(operand);
  }
  for (auto [index, operand] : llvm::enumerate(op->getOperands()))
    if (!tied[index])
      ins.push_back(getBuffer(operand));
  NamedAttrList config(op->getAttrDictionary());
  config.erase("operandSegmentSizes");
  hash::LibraryCallOp::create(
      builder, op->getLoc(), op->getName().stripDialect(), ins, outs,
      config.getDictionary(op->getContext()), getPlanShape(op));
}

/// A constant that an op reads from memory is written there first.
void MemoryPlanner::rewriteConstant(arith::ConstantOp constant) {
  auto splat = cast<SplatElementsAttr>(constant.getValue());
  Location location = constant.getLoc();
  Value buffer = getBuffer(constant.getResult());
  Type type = getBodyType(constant.getType());
  OperationState state(location, hash::MapOp::getOperationName());
  hash::MapOp::build(builder, state, TypeRange(), /*plan=*/Value(),
                     ValueRange(), buffer, builder.getDenseI32ArrayAttr({}),
                     builder.getDenseI32ArrayAttr(
                         {static_cast<int32_t>(hash::RowSpace::position)}),
                     UnitAttr(), TypeAttr());
  auto map = cast<hash::MapOp>(builder.create(state));
  OpBuilder::InsertionGuard guard(builder);
  builder.createBlock(&map.getBody(), {}, {type}, {location});
  auto scalar = splat.getSplatValue<TypedAttr>();
  if (auto real = dyn_cast<FloatAttr>(scalar))
    scalar = builder.getFloatAttr(type, real.getValueAsDouble());
  Value value = arith::ConstantOp::create(builder, location, scalar);
  hash::YieldOp::create(builder, location, value);
}

void MemoryPlanner::rewriteOp(Operation *op) {
  builder.setInsertionPoint(op);
  for (const Copy &copy : copiesBefore.lookup(op))
    emitCopy(op->getLoc(), getBuffer(copy.from),
             getView(copy.to, copy.from.getType()));
  if (isa<tensor::EmptyOp, func::ReturnOp>(op))
    return;
  if (auto constant = dyn_cast<arith::ConstantOp>(op))
    return rewriteConstant(constant);
  if (isa<hash::GroupedGemmOp, hash::GroupedOuterOp, hash::MapOp>(op))
    return rewriteStructured(op);
  rewriteNamed(op);
}

void MemoryPlanner::rewrite() {
  SmallVector<Operation *> ops = llvm::map_to_vector(
      block.getOperations(), [](Operation &op) { return &op; });
  Location location = function.getLoc();
  auto arenaType = MemRefType::get({arenaBytes}, builder.getI8Type());
  auto role = hash::ArgAttr::get(function.getContext(), hash::ArgKind::arena,
                                 StringAttr());
  unsigned index = function.getNumArguments();
  (void)function.insertArgument(index, arenaType,
                                builder.getDictionaryAttr(builder.getNamedAttr(
                                    hash::HashDialect::kArgAttr, role)),
                                location);
  arena = block.getArgument(index);
  for (Operation *op : ops)
    rewriteOp(op);
  builder.setInsertionPoint(block.getTerminator());
  func::ReturnOp::create(builder, location);
  for (Operation *op : llvm::reverse(ops))
    op->erase();
  for (BlockArgument argument : block.getArguments())
    if (!isa<MemRefType>(argument.getType()))
      argument.setType(getBufferType(argument.getType()));
  function.setType(builder.getFunctionType(block.getArgumentTypes(), {}));
  function.setResAttrsAttr(ArrayAttr());
}

LogicalResult MemoryPlanner::run() {
  if (failed(checkInput()))
    return failure();
  numberOps();
  if (failed(addResultArguments()))
    return failure();
  for (Operation &op : block.without_terminator())
    if (failed(assign(&op)))
      return failure();
  if (failed(checkResults()))
    return failure();
  placeArena();
  remarkPeak();
  rewrite();
  return success();
}

class PlanMemory final : public impl::PlanMemoryBase<PlanMemory> {
  using PlanMemoryBase::PlanMemoryBase;

  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (function.isExternal() || function.isPrivate())
        continue;
      MemoryPlanner planner(function, reuse);
      if (failed(planner.run()))
        return signalPassFailure();
      numArenaBytes += planner.getArenaBytes();
      numInPlace += planner.getNumInPlace();
      numCopies += planner.getNumCopies();
    }
  }
};

} // namespace
} // namespace hashc
