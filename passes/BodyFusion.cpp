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

bool isEmpty(Value value) {
  return bool(value.getDefiningOp<tensor::EmptyOp>());
}

bool isRowSpace(RowSpace space) {
  return space == RowSpace::position || space == RowSpace::slot ||
         space == RowSpace::token;
}

ArrayRef<int64_t> getShape(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

/// With one choice a token has one slot, of the same number.
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

/// The out's dead rows as the consumer would have left them.
enum class DeadRows { unspecified, zero, residual };

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

Fusion<hash::MapOp> fuseMaps(hash::MapOp producer, hash::MapOp consumer) {
  if (producer.getNumResults() != 1)
    return "its producer has several results";
  Block &first = producer.getBodyBlock(), &second = consumer.getBodyBlock();
  Value value = producer.getResult(0);
  if (!first.getArguments().back().use_empty())
    return "its producer starts from an initial value";
  if (llvm::is_contained(consumer.getInits(), value))
    return "it starts from its producer's result";

  // Where the consumer reads the value.
  auto written = static_cast<RowSpace>(producer.getOutsAt().front());
  std::optional<RowSpace> readAt;
  for (auto [read, space] :
       llvm::zip(consumer.getReads(), consumer.getReadsAt())) {
    if (read != value)
      continue;
    if (readAt && *readAt != static_cast<RowSpace>(space))
      return "it reads its producer in two orders";
    readAt = static_cast<RowSpace>(space);
  }
  if (!isRowSpace(*readAt))
    return "it reads its producer once for all rows";

  Value plan = consumer.getPlan() ? consumer.getPlan() : producer.getPlan();
  std::optional<RowSpace> producerRows, consumerRows;
  DeadRows dead = DeadRows::unspecified;
  Value residual;
  if (consumer.getPlan() && producer.getPlan()) {
    if (consumer.getPlan() != producer.getPlan())
      return "its producer has another plan";
    if (!isSameSpace(written, *readAt, consumer.getPlanType()))
      return "it reads its producer in another order";
  } else if (consumer.getPlan()) {
    if (*readAt == RowSpace::token && consumer.getPlanType().getK() != 1)
      return "it would compute a token once for each choice";
    producerRows = *readAt;
  } else if (producer.getPlan()) {
    consumerRows = written;
    if (producer.getZeroDead()) {
      residual = getResidual(consumer, producer);
      if (!residual || !hasOneUser(value, consumer))
        return "rows without an expert have to become zero first";
      dead = DeadRows::residual;
    } else if (!dependsEverywhere(second,
                                  getArgumentsReading(consumer, producer))) {
      return "not all of it depends on rows with an expert";
    }
  }
  if (!plan || !consumer.getPlan())
    if (getShape(value) != getShape(consumer.getResult(0)))
      return "its producer has another shape";
  if (consumerRows && getShape(value).size() != 2)
    return "it has no rows";

  ReadList reads;
  SmallVector<unsigned> producerReads, consumerReads;
  for (auto [read, space] :
       llvm::zip(producer.getReads(), producer.getReadsAt()))
    producerReads.push_back(reads.add(read, inSpace(space, producerRows)));
  for (auto [read, space] :
       llvm::zip(consumer.getReads(), consumer.getReadsAt()))
    consumerReads.push_back(
        read == value || (dead == DeadRows::residual && read == residual)
            ? ~0u
            : reads.add(read, inSpace(space, consumerRows)));
  SpacedOperands outs;
  for (auto [init, space] :
       llvm::zip(consumer.getInits(), consumer.getOutsAt()))
    outs.add(residual ? residual : init, inSpace(space, consumerRows));

  OpBuilder builder(consumer);
  unsigned numReads = reads.get().values.size();
  hash::MapOp fused = createMap(
      builder, consumer.getLoc(), plan, reads.get(), outs,
      consumer.getZeroDead(), [&](OpBuilder &body, ValueRange arguments) {
        SmallVector<Value> values = llvm::map_to_vector(
            producerReads, [&](unsigned i) { return arguments[i]; });
        values.push_back(Value());
        Value made = cloneBody(body, first, values).front();
        values.clear();
        for (auto [read, index] : llvm::zip(consumer.getReads(), consumerReads))
          values.push_back(read == value  ? made
                           : index == ~0u ? arguments[numReads]
                                          : arguments[index]);
        llvm::append_range(values, arguments.drop_front(numReads));
        return cloneBody(body, second, values);
      });
  fused->setDiscardableAttrs(consumer->getDiscardableAttrDictionary());
  consumer.replaceAllUsesWith(fused.getResults());
  consumer.erase();
  if (producer.use_empty())
    producer.erase();
  return fused;
}

//===----------------------------------------------------------------------===//
// A map into a product
//===----------------------------------------------------------------------===//

/// Where the fused op may stand: at the product if all else is there already,
/// or at the map if nobody reads the product before; null if neither.
static Operation *findPlace(hash::GroupedGemmOp gemm, hash::MapOp map) {
  auto isKnown = [&](Value value) {
    Operation *definition = value.getDefiningOp();
    return !definition || definition == gemm || isEmpty(value) ||
           definition->isBeforeInBlock(gemm);
  };
  if (llvm::all_of(map.getReads(), isKnown) &&
      llvm::all_of(map.getInits(), isKnown))
    return gemm;
  for (Operation *user : gemm->getUsers())
    if (user->isBeforeInBlock(map))
      return nullptr;
  return map;
}

static hash::GroupedGemmOp buildGemm(OpBuilder &builder, Location location,
                                     hash::GroupedGemmOp like,
                                     const SpacedOperands &reads,
                                     const SpacedOperands &outs, bool zeroDead,
                                     unsigned numSums, BodyBuilder body) {
  auto unit = [&](bool set) {
    return set ? builder.getUnitAttr() : UnitAttr();
  };
  auto gemm = hash::GroupedGemmOp::create(
      builder, location, TypeRange(ValueRange(outs.values)), like.getPlan(),
      like.getLhs(), like.getRhs(), reads.values, outs.values,
      like.getLhsAtAttr(), like.getIntoAttr(),
      builder.getDenseI32ArrayAttr(reads.spaces),
      builder.getDenseI32ArrayAttr(outs.spaces), unit(like.getTransposed()),
      unit(zeroDead), TypeAttr());
  SmallVector<Type> types(numSums, like.getComputeType());
  for (const SpacedOperands *operands : {&reads, &outs})
    for (Value value : operands->values)
      types.push_back(getBodyType(value.getType()));
  SmallVector<Location> locations(types.size(), location);
  OpBuilder::InsertionGuard guard(builder);
  Block *block = builder.createBlock(&gemm.getBody(), {}, types, locations);
  hash::YieldOp::create(builder, location,
                        body(builder, block->getArguments()));
  return gemm;
}

Fusion<hash::GroupedGemmOp> fuseIntoGemm(hash::GroupedGemmOp gemm,
                                         hash::MapOp map) {
  Block &first = gemm.getBodyBlock(), &second = map.getBodyBlock();
  if (llvm::any_of(map.getInits(),
                   [&](Value v) { return v.getDefiningOp() == gemm; }))
    return "it starts from the product";
  for (BlockArgument argument : second.getArguments())
    if (argument.getType() != gemm.getComputeType())
      return "it computes in another type";
  if (map.getPlan() && map.getPlan() != gemm.getPlan())
    return gemm.getPlan() ? "it has another plan" : "the product has no plan";

  // The space of the rows that a map without a plan works on.
  std::optional<RowSpace> mapRows;
  SmallVector<Value> taken; // results that the map reads
  for (auto [read, space] : llvm::zip(map.getReads(), map.getReadsAt())) {
    if (read.getDefiningOp() != gemm)
      continue;
    taken.push_back(read);
    auto written = static_cast<RowSpace>(
        gemm.getOutsAt()[cast<OpResult>(read).getResultNumber()]);
    auto readAt = static_cast<RowSpace>(space);
    if (!isRowSpace(readAt))
      return "it reads the product once for all rows";
    if (map.getPlan()) {
      if (!isSameSpace(written, readAt, gemm.getPlanType()))
        return "it reads the product in another order";
    } else {
      if (mapRows && *mapRows != written)
        return "it reads the product in two orders";
      mapRows = written;
      if (getShape(read) != getShape(map.getResult(0)))
        return "it has another shape";
    }
  }
  for (Value init : map.getInits())
    if (getShape(init).size() != 2 ||
        getShape(init)[1] != getShape(gemm.getInits().front())[1])
      return "it has another shape";

  bool stays = false; // a result that others read too
  for (Value result : gemm.getResults())
    stays |= !hasOneUser(result, map);
  bool zeroDead = gemm.getZeroDead();
  Value residual;
  if (gemm.getPlan() && !map.getPlan()) {
    if (zeroDead) {
      residual = getResidual(map, gemm);
      if (!residual || stays)
        return "rows without an expert have to become zero first";
      zeroDead = false;
    } else if (!dependsEverywhere(second, getArgumentsReading(map, gemm))) {
      return "not all of it depends on rows with an expert";
    }
  } else if (gemm.getPlan() && zeroDead != map.getZeroDead()) {
    // Clearing is for all outs: the others' dead rows must not matter.
    ValueRange others = zeroDead ? map.getInits() : gemm.getInits();
    if (stays && !llvm::all_of(others, isEmpty))
      return "rows without an expert become zero in one and not in the other";
    zeroDead = map.getZeroDead() || stays;
  }

  Operation *place = findPlace(gemm, map);
  if (!place)
    return "what it reads comes after the product's other readers";

  unsigned numSums = 0;
  for (int64_t into : gemm.getInto())
    numSums = std::max<unsigned>(numSums, into + 1);
  unsigned gemmReads = gemm.getReads().size();
  ReadList reads;
  SpacedOperands outs;
  // What an argument of either body becomes: the number of a read or an out.
  struct Source {
    unsigned read = ~0u, out = ~0u, made = ~0u;
  };
  SmallVector<Source> gemmSources, mapSources;
  SmallVector<unsigned> kept;
  for (auto [read, space] : llvm::zip(gemm.getReads(), gemm.getReadsAt()))
    gemmSources.push_back({reads.add(read, static_cast<RowSpace>(space))});
  for (auto [i, init, space] :
       llvm::enumerate(gemm.getInits(), gemm.getOutsAt())) {
    Source source;
    bool isUsed = !first.getArgument(numSums + gemmReads + i).use_empty();
    if (!hasOneUser(gemm.getResult(i), map)) {
      source.out = outs.values.size();
      kept.push_back(i);
      outs.add(init, static_cast<RowSpace>(space));
    } else if (isUsed) {
      source.read = reads.add(init, static_cast<RowSpace>(space));
    }
    gemmSources.push_back(source);
  }
  for (auto [read, space] : llvm::zip(map.getReads(), map.getReadsAt())) {
    Source source;
    if (read.getDefiningOp() == gemm)
      source.made = cast<OpResult>(read).getResultNumber();
    else if (residual && read == residual)
      source.out = outs.values.size();
    else
      source.read = reads.add(read, inSpace(space, mapRows));
    mapSources.push_back(source);
  }
  for (auto [init, space] : llvm::zip(map.getInits(), map.getOutsAt())) {
    mapSources.push_back({~0u, static_cast<unsigned>(outs.values.size())});
    outs.add(residual ? residual : init, inSpace(space, mapRows));
  }

  OpBuilder builder(place);
  // An empty init may be defined after the product; it is made anew.
  for (Value &init : outs.values)
    if (isEmpty(init))
      init = createEmpty(builder, map.getLoc(), init.getType());
  unsigned numReads = reads.get().values.size();
  hash::GroupedGemmOp fused = buildGemm(
      builder, gemm.getLoc(), gemm, reads.get(), outs, zeroDead, numSums,
      [&](OpBuilder &body, ValueRange arguments) {
        SmallVector<Value> made;
        auto find = [&](const Source &source) -> Value {
          if (source.made != ~0u)
            return made[source.made];
          if (source.read != ~0u)
            return arguments[numSums + source.read];
          return source.out == ~0u ? Value()
                                   : arguments[numSums + numReads + source.out];
        };
        SmallVector<Value> values(arguments.take_front(numSums));
        llvm::append_range(values, llvm::map_range(gemmSources, find));
        made = cloneBody(body, first, values);
        values.clear();
        llvm::append_range(values, llvm::map_range(mapSources, find));
        SmallVector<Value> last = cloneBody(body, second, values);
        SmallVector<Value> yielded =
            llvm::map_to_vector(kept, [&](unsigned i) { return made[i]; });
        llvm::append_range(yielded, last);
        return yielded;
      });
  for (auto [index, result] : llvm::enumerate(kept))
    gemm.getResult(result).replaceAllUsesWith(fused.getResult(index));
  map.replaceAllUsesWith(fused.getResults().drop_front(kept.size()));
  map.erase();
  gemm.erase();
  return fused;
}

} // namespace hashc
