//===- MemoryPlan.cpp - Where each value of an entry point lives ----------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/MemoryPlan.h"

#include "passes/EntryPoints.h"
#include "passes/Structured.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Remarks.h"

#define DEBUG_TYPE "hash-plan-memory"

using namespace mlir;

namespace hashc {

MemRefType getBufferType(Type type) {
  if (auto plan = dyn_cast<hash::PlanType>(type))
    return MemRefType::get({plan.getNumWords()},
                           IntegerType::get(type.getContext(), 32));
  auto tensor = cast<RankedTensorType>(type);
  return MemRefType::get(tensor.getShape(), tensor.getElementType());
}

static int64_t getBytes(Type type) {
  MemRefType buffer = getBufferType(type);
  return buffer.getNumElements() *
         llvm::divideCeil(buffer.getElementTypeBitWidth(), 8);
}

/// True for what has a buffer: a tensor of fixed shape, or a plan.
static bool hasBuffer(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return isa<hash::PlanType>(type) || (tensor && tensor.hasStaticShape());
}

LogicalResult MemoryPlan::checkOp(Operation *op) {
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

LogicalResult MemoryPlan::checkInput() {
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

void MemoryPlan::numberOps() {
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

void MemoryPlan::join(Value value, Storage *storage) {
  storage->values.push_back(value);
  storage->place.end = std::max(storage->place.end, lastUse.lookup(value));
  storageOf[value] = storage;
}

Storage *MemoryPlan::createStorage(Value value, int64_t begin) {
  storages.push_back(std::make_unique<Storage>());
  Storage *storage = storages.back().get();
  storage->place.bytes = getBytes(value.getType());
  storage->place.begin = begin;
  join(value, storage);
  return storage;
}

/// Results with an argument's role end in its buffer, the others get one of
/// their own.
LogicalResult MemoryPlan::addResultArguments() {
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
static bool isReadBefore(OpOperand &operand, unsigned result) {
  auto hints = dyn_cast<hash::BufferHintsOpInterface>(operand.getOwner());
  return hints &&
         (hints.getTiedOperandOf(result) == operand.getOperandNumber() ||
          hints.mayReuse(operand.getOperandNumber(), result));
}

/// True if `op` may write its result to `storage`: nothing that lives there is
/// read later, and what `op` itself reads there it may overwrite.
bool MemoryPlan::mayOverwrite(Storage *storage, Operation *op,
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
Storage *MemoryPlan::findReusable(Operation *op, unsigned result) {
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

LogicalResult MemoryPlan::emitLateRead(Operation *op, unsigned result,
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

LogicalResult MemoryPlan::assignResult(Operation *op, unsigned result) {
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
static bool isInit(OpOperand &use) {
  auto hints = dyn_cast<hash::BufferHintsOpInterface>(use.getOwner());
  for (unsigned i = 0; hints && i < hints->getNumResults(); ++i)
    if (hints.getTiedOperandOf(i) == use.getOperandNumber())
      return true;
  return false;
}

LogicalResult MemoryPlan::assign(Operation *op) {
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

static bool isState(hash::ArgAttr role) {
  return role && (role.getKind() == hash::ArgKind::param ||
                  role.getKind() == hash::ArgKind::moment1 ||
                  role.getKind() == hash::ArgKind::moment2);
}

/// What did not end where it has to is copied there at the end, unless that
/// would be a copy of state that nobody asked for.
LogicalResult MemoryPlan::checkResults() {
  Operation *terminator = block.getTerminator();
  SmallVector<StorageCopy> copies;
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
LogicalResult MemoryPlan::checkCopies(ArrayRef<StorageCopy> copies) {
  Operation *terminator = block.getTerminator();
  for (const StorageCopy &copy : copies) {
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

void MemoryPlan::placeArena() {
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
void MemoryPlan::remarkPeak() {
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

LogicalResult MemoryPlan::build() {
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
  return success();
}

} // namespace hashc
