//===- BodyFusion.cpp - Two structured ops made one -----------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/BodyFusion.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace hashc {

using hash::RowSpace;

namespace {

bool isRowSpace(RowSpace space) {
  return space == RowSpace::position || space == RowSpace::slot ||
         space == RowSpace::token;
}

ArrayRef<int64_t> getShape(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

/// With one choice a token has one slot, of the same number; not each of them
/// needs to have a position.
bool isSameSpace(RowSpace a, RowSpace b, hash::PlanType plan) {
  auto isToken = [](RowSpace s) {
    return s == RowSpace::token || s == RowSpace::slot;
  };
  return a == b || (plan && plan.getK() == 1 && isToken(a) && isToken(b));
}

/// Operands of the fused op: each is read once.
class ReadList {
public:
  unsigned add(Value value, RowSpace space) {
    for (unsigned i = 0; i < operands.values.size(); ++i)
      if (operands.values[i] == value &&
          operands.spaces[i] == static_cast<int32_t>(space))
        return i;
    operands.add(value, space);
    return operands.values.size() - 1;
  }

  const SpacedOperands &get() const { return operands; }

private:
  SpacedOperands operands;
};

/// Copies a body; `arguments` stand for its block's, null for those unused.
SmallVector<Value> cloneBody(OpBuilder &builder, Block &body,
                             ArrayRef<Value> arguments) {
  IRMapping mapping;
  for (auto [argument, value] : llvm::zip_equal(body.getArguments(), arguments))
    if (value)
      mapping.map(argument, value);
  for (Operation &op : body.without_terminator())
    builder.clone(op, mapping);
  return llvm::map_to_vector(
      body.getTerminator()->getOperands(),
      [&](Value value) { return mapping.lookupOrDefault(value); });
}

/// True if every value that the body yields depends on one of `arguments`.
bool dependsEverywhere(Block &body, const DenseSet<Value> &arguments) {
  DenseSet<Value> dependent = arguments;
  for (Operation &op : body.without_terminator())
    if (llvm::any_of(op.getOperands(),
                     [&](Value v) { return dependent.contains(v); }))
      dependent.insert(op.result_begin(), op.result_end());
  return llvm::all_of(body.getTerminator()->getOperands(),
                      [&](Value v) { return dependent.contains(v); });
}

DenseSet<Value> getArgumentsReading(hash::MapOp map, Operation *producer) {
  DenseSet<Value> arguments;
  for (auto [read, argument] :
       llvm::zip(map.getReads(), map.getBodyBlock().getArguments()))
    if (read.getDefiningOp() == producer)
      arguments.insert(argument);
  return arguments;
}

/// The other term where `map` is `x + y`, with `y` made by `producer`: the sum
/// of a residual connection.
Value getResidual(hash::MapOp map, Operation *producer) {
  Block &body = map.getBodyBlock();
  if (map.getPlan() || map.getReads().size() != 2 || map.getNumResults() != 1 ||
      !llvm::hasSingleElement(body.without_terminator()))
    return {};
  auto add = dyn_cast<arith::AddFOp>(body.front());
  if (!add || body.getTerminator()->getOperand(0) != add.getResult() ||
      add.getLhs() == add.getRhs())
    return {};
  for (Value term : {add.getLhs(), add.getRhs()})
    if (auto argument = dyn_cast<BlockArgument>(term);
        !argument || argument.getArgNumber() > 1)
      return {};
  bool first = map.getReads()[0].getDefiningOp() == producer;
  bool second = map.getReads()[1].getDefiningOp() == producer;
  Value other = map.getReads()[first ? 1 : 0];
  if (first == second || other.getType() != map.getResult(0).getType())
    return {};
  return other;
}

bool hasOneUser(Value value, Operation *user) {
  return llvm::all_of(value.getUsers(),
                      [&](Operation *other) { return other == user; });
}

RowSpace inSpace(int32_t space, std::optional<RowSpace> rows) {
  auto known = static_cast<RowSpace>(space);
  return rows && isRowSpace(known) ? *rows : known;
}

} // namespace

bool isCopy(hash::MapOp map) {
  Block &body = map.getBodyBlock();
  return llvm::hasSingleElement(body) && map.getReads().size() == 1 &&
         map.getNumResults() == 1 &&
         body.getTerminator()->getOperand(0) == body.getArgument(0);
}

//===----------------------------------------------------------------------===//
// A map into a map
//===----------------------------------------------------------------------===//

namespace {

class MapFusion {
public:
  MapFusion(hash::MapOp producer, hash::MapOp consumer)
      : producer(producer), consumer(consumer), value(producer.getResult(0)),
        written(static_cast<RowSpace>(producer.getOutsAt().front())) {}

  /// Why the two cannot be one; null if they can.
  const char *findObstacle();
  hash::MapOp fuse();

private:
  const char *findReadSpace();
  const char *matchPlans();
  const char *matchDeadRows();
  void collectReads();
  SmallVector<Value> buildBody(OpBuilder &builder, ValueRange arguments);

  hash::MapOp producer, consumer;
  Value value;
  RowSpace written, readAt = RowSpace::position;
  // Where the rows of a map without a plan are in the fused one.
  std::optional<RowSpace> producerRows, consumerRows;
  Value residual;
  ReadList reads;
  SmallVector<unsigned> producerReads;
  SmallVector<std::optional<unsigned>> consumerReads; // none: made or initial
};

const char *MapFusion::findReadSpace() {
  std::optional<RowSpace> found;
  for (auto [read, space] :
       llvm::zip(consumer.getReads(), consumer.getReadsAt())) {
    if (read != value)
      continue;
    if (found && *found != static_cast<RowSpace>(space))
      return "it reads its producer in two orders";
    found = static_cast<RowSpace>(space);
  }
  readAt = *found;
  return isRowSpace(readAt) ? nullptr
                            : "it reads its producer once for all rows";
}

/// A map over all rows that joins one over the rows with an expert: the others
/// must not matter, or be those of a sum, which starts from its other term.
const char *MapFusion::matchDeadRows() {
  if (!producer.getZeroDead())
    return dependsEverywhere(consumer.getBodyBlock(),
                             getArgumentsReading(consumer, producer))
               ? nullptr
               : "not all of it depends on rows with an expert";
  residual = getResidual(consumer, producer);
  return residual && hasOneUser(value, consumer)
             ? nullptr
             : "rows without an expert have to become zero first";
}

const char *MapFusion::matchPlans() {
  if (consumer.getPlan() && producer.getPlan()) {
    if (consumer.getPlan() != producer.getPlan())
      return "its producer has another plan";
    return isSameSpace(written, readAt, consumer.getPlanType())
               ? nullptr
               : "it reads its producer in another order";
  }
  if (consumer.getPlan()) {
    producerRows = readAt;
    return readAt != RowSpace::token || consumer.getPlanType().getK() == 1
               ? nullptr
               : "it would compute a token once for each choice";
  }
  if (getShape(value) != getShape(consumer.getResult(0)))
    return "its producer has another shape";
  if (!producer.getPlan())
    return nullptr;
  consumerRows = written;
  return getShape(value).size() == 2 ? matchDeadRows() : "it has no rows";
}

const char *MapFusion::findObstacle() {
  if (producer.getNumResults() != 1)
    return "its producer has several results";
  if (!producer.getBodyBlock().getArguments().back().use_empty())
    return "its producer starts from an initial value";
  if (llvm::is_contained(consumer.getInits(), value))
    return "it starts from its producer's result";
  if (const char *obstacle = findReadSpace())
    return obstacle;
  return matchPlans();
}

void MapFusion::collectReads() {
  for (auto [read, space] :
       llvm::zip(producer.getReads(), producer.getReadsAt()))
    producerReads.push_back(reads.add(read, inSpace(space, producerRows)));
  for (auto [read, space] :
       llvm::zip(consumer.getReads(), consumer.getReadsAt())) {
    consumerReads.emplace_back();
    if (read != value && read != residual)
      consumerReads.back() = reads.add(read, inSpace(space, consumerRows));
  }
}

SmallVector<Value> MapFusion::buildBody(OpBuilder &builder,
                                        ValueRange arguments) {
  ValueRange inits = arguments.drop_front(reads.get().values.size());
  SmallVector<Value> values = llvm::map_to_vector(
      producerReads, [&](unsigned index) { return arguments[index]; });
  values.push_back(Value());
  Value made = cloneBody(builder, producer.getBodyBlock(), values).front();
  values.clear();
  for (auto [read, index] : llvm::zip(consumer.getReads(), consumerReads))
    values.push_back(index           ? arguments[*index]
                     : read == value ? made
                                     : inits.front());
  llvm::append_range(values, inits);
  return cloneBody(builder, consumer.getBodyBlock(), values);
}

hash::MapOp MapFusion::fuse() {
  collectReads();
  SpacedOperands outs;
  for (auto [init, space] :
       llvm::zip(consumer.getInits(), consumer.getOutsAt()))
    outs.add(residual ? residual : init, inSpace(space, consumerRows));
  OpBuilder builder(consumer);
  Value plan = consumer.getPlan() ? consumer.getPlan() : producer.getPlan();
  hash::MapOp fused =
      createMap(builder, consumer.getLoc(), plan, reads.get(), outs,
                consumer.getZeroDead(), [&](OpBuilder &body, ValueRange args) {
                  return buildBody(body, args);
                });
  fused->setDiscardableAttrs(consumer->getDiscardableAttrDictionary());
  consumer.replaceAllUsesWith(fused.getResults());
  consumer.erase();
  if (producer.use_empty())
    producer.erase();
  return fused;
}

} // namespace

Fusion<hash::MapOp> fuseMaps(hash::MapOp producer, hash::MapOp consumer) {
  MapFusion fusion(producer, consumer);
  if (const char *obstacle = fusion.findObstacle())
    return obstacle;
  return fusion.fuse();
}

//===----------------------------------------------------------------------===//
// A map into a product
//===----------------------------------------------------------------------===//

namespace {

class GemmFusion {
public:
  GemmFusion(hash::GroupedGemmOp gemm, hash::MapOp map)
      : gemm(gemm), map(map), zeroDead(gemm.getZeroDead()) {
    for (int64_t into : gemm.getInto())
      numSums = std::max<unsigned>(numSums, into + 1);
    for (Value result : gemm.getResults())
      hasOtherReaders |= !hasOneUser(result, map);
  }

  const char *findObstacle();
  hash::GroupedGemmOp fuse();

private:
  /// What an argument of either body is in the fused one.
  struct Source {
    enum Kind { unused, read, out, made } kind = unused;
    unsigned index = 0;
  };

  const char *matchTypes();
  const char *matchSpaces();
  const char *matchDeadRows();
  Operation *findPlace();
  void collectGemmOperands();
  void collectMapOperands();
  Source addOut(Value init, RowSpace space);
  hash::GroupedGemmOp build(OpBuilder &builder);
  SmallVector<Value> buildBody(OpBuilder &builder, ValueRange arguments);

  hash::GroupedGemmOp gemm;
  hash::MapOp map;
  bool zeroDead, hasOtherReaders = false;
  unsigned numSums = 0;
  // Where the rows of a map without a plan are in the fused op.
  std::optional<RowSpace> mapRows;
  Value residual;
  Operation *place = nullptr;
  ReadList reads;
  SpacedOperands outs;
  SmallVector<Source> gemmSources, mapSources;
  SmallVector<unsigned> kept; // results that others read too
};

const char *GemmFusion::matchTypes() {
  for (BlockArgument argument : map.getBodyBlock().getArguments())
    if (argument.getType() != gemm.getComputeType())
      return "it computes in another type";
  int64_t columns = getShape(gemm.getInits().front())[1];
  for (Value init : map.getInits()) {
    if (init.getDefiningOp() == gemm)
      return "it starts from the product";
    if (getShape(init).size() != 2 || getShape(init)[1] != columns)
      return "it has another shape";
  }
  return nullptr;
}

const char *GemmFusion::matchSpaces() {
  if (map.getPlan() && map.getPlan() != gemm.getPlan())
    return gemm.getPlan() ? "it has another plan" : "the product has no plan";
  for (auto [read, space] : llvm::zip(map.getReads(), map.getReadsAt())) {
    if (read.getDefiningOp() != gemm)
      continue;
    unsigned result = cast<OpResult>(read).getResultNumber();
    auto written = static_cast<RowSpace>(gemm.getOutsAt()[result]);
    auto readAt = static_cast<RowSpace>(space);
    if (!isRowSpace(readAt))
      return "it reads the product once for all rows";
    if (map.getPlan()) {
      if (!isSameSpace(written, readAt, gemm.getPlanType()))
        return "it reads the product in another order";
      continue;
    }
    if (mapRows && *mapRows != written)
      return "it reads the product in two orders";
    if (getShape(read) != getShape(map.getResult(0)))
      return "it has another shape";
    mapRows = written;
  }
  return nullptr;
}

const char *GemmFusion::matchDeadRows() {
  if (!gemm.getPlan())
    return nullptr;
  if (map.getPlan()) {
    if (zeroDead == map.getZeroDead())
      return nullptr;
    // Clearing is for all outs: where only one side asks for it, the other's
    // rows without an expert must not matter.
    ValueRange others = zeroDead ? map.getInits() : gemm.getInits();
    if (hasOtherReaders && !llvm::all_of(others, isEmpty))
      return "rows without an expert become zero in one and not in the other";
    zeroDead = map.getZeroDead() || hasOtherReaders;
    return nullptr;
  }
  if (!zeroDead) {
    // A sum that started from its other term has values in every row.
    for (auto [result, init] : llvm::zip(gemm.getResults(), gemm.getInits()))
      if (!isEmpty(init) && llvm::is_contained(map.getReads(), result))
        return "rows without an expert keep what they started from";
    return dependsEverywhere(map.getBodyBlock(), getArgumentsReading(map, gemm))
               ? nullptr
               : "not all of it depends on rows with an expert";
  }
  residual = getResidual(map, gemm);
  zeroDead = false;
  return residual && !hasOtherReaders
             ? nullptr
             : "rows without an expert have to become zero first";
}

/// Where the fused op may stand: at the product if all else is there already,
/// or at the map if nobody reads the product before; null if neither.
Operation *GemmFusion::findPlace() {
  auto isKnown = [&](Value value) {
    Operation *definition = value.getDefiningOp();
    return !definition || definition == gemm ||
           definition->isBeforeInBlock(gemm);
  };
  // Inits that are empty are made anew.
  auto isKnownInit = [&](Value value) {
    return isEmpty(value) || isKnown(value);
  };
  if (llvm::all_of(map.getReads(), isKnown) &&
      llvm::all_of(map.getInits(), isKnownInit))
    return gemm;
  for (Operation *user : gemm->getUsers())
    if (user->isBeforeInBlock(map))
      return nullptr;
  return map;
}

const char *GemmFusion::findObstacle() {
  if (const char *obstacle = matchTypes())
    return obstacle;
  if (const char *obstacle = matchSpaces())
    return obstacle;
  if (const char *obstacle = matchDeadRows())
    return obstacle;
  place = findPlace();
  return place ? nullptr
               : "what it reads comes after the product's other readers";
}

GemmFusion::Source GemmFusion::addOut(Value init, RowSpace space) {
  outs.add(init, space);
  return {Source::out, static_cast<unsigned>(outs.values.size() - 1)};
}

void GemmFusion::collectGemmOperands() {
  unsigned numReads = gemm.getReads().size();
  for (auto [read, space] : llvm::zip(gemm.getReads(), gemm.getReadsAt()))
    gemmSources.push_back(
        {Source::read, reads.add(read, static_cast<RowSpace>(space))});
  for (auto [i, init, at] :
       llvm::enumerate(gemm.getInits(), gemm.getOutsAt())) {
    auto space = static_cast<RowSpace>(at);
    BlockArgument argument =
        gemm.getBodyBlock().getArgument(numSums + numReads + i);
    gemmSources.emplace_back();
    if (!hasOneUser(gemm.getResult(i), map)) {
      kept.push_back(i);
      gemmSources.back() = addOut(init, space);
    } else if (!argument.use_empty()) {
      gemmSources.back() = {Source::read, reads.add(init, space)};
    }
  }
}

void GemmFusion::collectMapOperands() {
  unsigned numKept = outs.values.size();
  for (auto [read, space] : llvm::zip(map.getReads(), map.getReadsAt())) {
    if (read.getDefiningOp() == gemm)
      mapSources.push_back(
          {Source::made, cast<OpResult>(read).getResultNumber()});
    else if (read == residual)
      mapSources.push_back({Source::out, numKept});
    else
      mapSources.push_back(
          {Source::read, reads.add(read, inSpace(space, mapRows))});
  }
  for (auto [init, space] : llvm::zip(map.getInits(), map.getOutsAt()))
    mapSources.push_back(
        addOut(residual ? residual : init, inSpace(space, mapRows)));
}

SmallVector<Value> GemmFusion::buildBody(OpBuilder &builder,
                                         ValueRange arguments) {
  ValueRange readScalars = arguments.drop_front(numSums);
  ValueRange outScalars = readScalars.drop_front(reads.get().values.size());
  SmallVector<Value> made;
  auto find = [&](const Source &source) -> Value {
    switch (source.kind) {
    case Source::unused:
      return {};
    case Source::read:
      return readScalars[source.index];
    case Source::out:
      return outScalars[source.index];
    case Source::made:
      return made[source.index];
    }
    llvm_unreachable("unknown source");
  };
  SmallVector<Value> values(arguments.take_front(numSums));
  llvm::append_range(values, llvm::map_range(gemmSources, find));
  made = cloneBody(builder, gemm.getBodyBlock(), values);
  values = llvm::map_to_vector(mapSources, find);
  SmallVector<Value> yielded =
      llvm::map_to_vector(kept, [&](unsigned result) { return made[result]; });
  llvm::append_range(yielded, cloneBody(builder, map.getBodyBlock(), values));
  return yielded;
}

hash::GroupedGemmOp GemmFusion::build(OpBuilder &builder) {
  auto unit = [&](bool set) {
    return set ? builder.getUnitAttr() : UnitAttr();
  };
  Location location = gemm.getLoc();
  auto fused = hash::GroupedGemmOp::create(
      builder, location, TypeRange(ValueRange(outs.values)), gemm.getPlan(),
      gemm.getLhs(), gemm.getRhs(), reads.get().values, outs.values,
      gemm.getLhsAtAttr(), gemm.getIntoAttr(),
      builder.getDenseI32ArrayAttr(reads.get().spaces),
      builder.getDenseI32ArrayAttr(outs.spaces), unit(gemm.getTransposed()),
      unit(zeroDead), /*plan_shape=*/TypeAttr());
  SmallVector<Type> types(numSums, gemm.getComputeType());
  for (ArrayRef<Value> values :
       {ArrayRef<Value>(reads.get().values), ArrayRef<Value>(outs.values)})
    for (Value value : values)
      types.push_back(getBodyType(value.getType()));
  SmallVector<Location> locations(types.size(), location);
  OpBuilder::InsertionGuard guard(builder);
  Block *block = builder.createBlock(&fused.getBody(), {}, types, locations);
  hash::YieldOp::create(builder, location,
                        buildBody(builder, block->getArguments()));
  return fused;
}

hash::GroupedGemmOp GemmFusion::fuse() {
  collectGemmOperands();
  collectMapOperands();
  OpBuilder builder(place);
  // An empty init may be defined after the product.
  for (Value &init : outs.values)
    if (isEmpty(init))
      init = createEmpty(builder, map.getLoc(), init.getType());
  hash::GroupedGemmOp fused = build(builder);
  for (auto [index, result] : llvm::enumerate(kept))
    gemm.getResult(result).replaceAllUsesWith(fused.getResult(index));
  map.replaceAllUsesWith(fused.getResults().drop_front(kept.size()));
  map.erase();
  gemm.erase();
  return fused;
}

} // namespace

Fusion<hash::GroupedGemmOp> fuseIntoGemm(hash::GroupedGemmOp gemm,
                                         hash::MapOp map) {
  GemmFusion fusion(gemm, map);
  if (const char *obstacle = fusion.findObstacle())
    return obstacle;
  return fusion.fuse();
}

} // namespace hashc
