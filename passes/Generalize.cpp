//===- Generalize.cpp - From named ops to structured ones -*- C++ -*-===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/EntryPoints.h"
#include "passes/Passes.h"
#include "passes/Structured.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/TypeSwitch.h"

#define DEBUG_TYPE "hash-generalize"

namespace hashc {
#define GEN_PASS_DEF_GENERALIZE
#include "passes/Passes.h.inc"

using namespace mlir;
using hash::RowSpace;

namespace {

/// Scalar code for a tree of elementwise ops. Splat constants become scalars of
/// the body, comparisons are inlined into what uses them (a tensor of i1 is
/// never stored); everything else is read from memory.
class TreeBuilder {
public:
  explicit TreeBuilder(Operation *root) : root(root) { collect(root); }

  ArrayRef<Value> getReads() const { return reads.getArrayRef(); }

  Value build(OpBuilder &builder, ValueRange scalars) {
    for (auto [read, scalar] : llvm::zip(reads, scalars))
      values[read] = scalar;
    return emit(builder, root);
  }

private:
  static Operation *getInlined(Value value) {
    Operation *op = value.getDefiningOp();
    return op && isElementwiseOnTensors(op) &&
                   getElementTypeOrSelf(value.getType()).isInteger(1)
               ? op
               : nullptr;
  }

  void collect(Operation *op) {
    for (Value operand : op->getOperands()) {
      if (hash::matchNumber(operand))
        continue;
      if (Operation *inlined = getInlined(operand))
        collect(inlined);
      else
        reads.insert(operand);
    }
  }

  Value get(OpBuilder &builder, Value operand) {
    if (Value known = values.lookup(operand))
      return known;
    Value &value = values[operand];
    if (TypedAttr scalar = hash::matchNumber(operand)) {
      if (auto real = dyn_cast<FloatAttr>(scalar))
        scalar = builder.getFloatAttr(getBodyType(real.getType()),
                                      real.getValueAsDouble());
      return value =
                 arith::ConstantOp::create(builder, operand.getLoc(), scalar);
    }
    return value = emit(builder, getInlined(operand));
  }

  Value emit(OpBuilder &builder, Operation *op) {
    SmallVector<Value> operands =
        llvm::map_to_vector(op->getOperands(), [&](Value operand) {
          return get(builder, operand);
        });
    return cloneAsScalar(builder, op, operands);
  }

  Operation *root;
  SetVector<Value> reads;
  DenseMap<Value, Value> values;
};

/// Yields its first argument.
SmallVector<Value> copyBody(OpBuilder &, ValueRange arguments) {
  return {arguments.front()};
}

class Generalize final : public impl::GeneralizeBase<Generalize> {
  void runOnOperation() override {
    Block *code = getStraightLine(getOperation());
    if (!code)
      return;
    if (failed(checkShapes(*code)))
      return signalPassFailure();
    for (Operation &op : llvm::make_early_inc_range(*code))
      foldAccumulation(&op);
    for (Operation &op : llvm::make_early_inc_range(*code))
      if (!isNumber(&op))
        generalize(&op);
    eraseDeadOps();
    // Numbers that more than bodies read.
    for (Operation &op : llvm::make_early_inc_range(*code))
      if (isNumber(&op))
        generalize(&op);
  }

  /// Structured ops write into buffers, whose sizes are known.
  static LogicalResult checkShapes(Block &code) {
    for (Operation &op : code)
      for (Type type : op.getResultTypes())
        if (auto shaped = dyn_cast<TensorType>(type);
            shaped && !shaped.hasStaticShape())
          return op.emitError("makes a ")
                 << type << "; every shape has to be known when compiling";
    return success();
  }

  /// True for what bodies take in as a constant.
  static bool isNumber(Operation *op) {
    auto splat = dyn_cast<hash::SplatOp>(op);
    return splat && hash::matchNumber(splat.getResult());
  }

  /// Comparisons were inlined where they are used, and constants too.
  void eraseDeadOps() {
    for (Operation &op : llvm::make_early_inc_range(
             llvm::reverse(getOperation().getBody().front())))
      if (isOpTriviallyDead(&op))
        op.erase();
  }

  void replace(Operation *op, Operation *by) {
    op->replaceAllUsesWith(by->getResults());
    op->erase();
    ++numGeneralized;
  }

  /// `total + weight gradient` is a product that starts at the total; the same
  /// for an embedding's gradient. The total is updated in place.
  void foldAccumulation(Operation *op) {
    auto add = dyn_cast<arith::AddFOp>(op);
    if (!add)
      return;
    if (!add.getRhs().hasOneUse())
      return remarkStored(add.getRhs().getDefiningOp());
    OpBuilder builder(op);
    if (auto gradient = add.getRhs().getDefiningOp<hash::WeightGradOp>()) {
      replace(op, createOuter(builder, gradient.getLoc(), gradient.getPlan(),
                              gradient.getX(), gradient.getDy(), add.getLhs(),
                              /*accumulates=*/true));
      gradient.erase();
      ++numAccumulations;
    } else if (auto gradient =
                   add.getRhs().getDefiningOp<hash::EmbeddingGradOp>()) {
      if (!matchPattern(gradient.getInit(), m_AnyZeroFloat()))
        return;
      replace(op, hash::EmbeddingGradOp::create(
                      builder, gradient.getLoc(), add.getType(),
                      gradient.getIds(), gradient.getDy(), add.getLhs()));
      gradient.erase();
      ++numAccumulations;
    }
  }

  void remarkStored(Operation *gradient) {
    if (isa_and_nonnull<hash::WeightGradOp, hash::EmbeddingGradOp>(gradient))
      remark::missed(gradient->getLoc(),
                     remark::RemarkOpts::name("not-accumulated")
                         .category(DEBUG_TYPE)
                         .function(getOperation().getName()))
          << remark::reason(
                 "a gradient of {0} is stored and added: it is read elsewhere "
                 "too",
                 hash::getPath(gradient->getLoc()));
  }

  SpacedOperands makeOut(OpBuilder &builder, Operation *op, RowSpace space) {
    SpacedOperands outs;
    outs.add(createEmpty(builder, op->getLoc(), op->getResult(0).getType()),
             space);
    return outs;
  }

  /// A map that moves rows of `value` from one space to another.
  Operation *createMove(Operation *op, Value plan, Value value, RowSpace from,
                        RowSpace to, bool zeroDead = false) {
    OpBuilder builder(op);
    SpacedOperands reads;
    reads.add(value, from);
    return createMap(builder, op->getLoc(), plan, reads,
                     makeOut(builder, op, to), zeroDead, copyBody);
  }

  void generalize(Operation *op);
  Operation *generalizeElementwise(Operation *op);
};

Operation *Generalize::generalizeElementwise(Operation *op) {
  // Comparisons are inlined by their users.
  if (getElementTypeOrSelf(op->getResult(0).getType()).isInteger(1))
    return nullptr;
  TreeBuilder tree(op);
  OpBuilder builder(op);
  SpacedOperands reads;
  for (Value read : tree.getReads())
    reads.add(read, RowSpace::position);
  return createMap(builder, op->getLoc(), /*plan=*/Value(), reads,
                   makeOut(builder, op, RowSpace::position), /*zeroDead=*/false,
                   [&](OpBuilder &body, ValueRange scalars) {
                     return SmallVector<Value>{tree.build(
                         body, scalars.take_front(tree.getReads().size()))};
                   });
}

void Generalize::generalize(Operation *op) {
  OpBuilder builder(op);
  Location location = op->getLoc();
  auto gemm = [&](Value plan, Value x, Value w, bool transposed) {
    return createGemm(builder, location, plan, x, RowSpace::position, w,
                      transposed, makeOut(builder, op, RowSpace::position),
                      /*zeroDead=*/false);
  };
  Operation *by =
      TypeSwitch<Operation *, Operation *>(op)
          .Case([&](hash::MatmulOp matmul) {
            return gemm({}, matmul.getX(), matmul.getW(),
                        matmul.getTransposed());
          })
          .Case([&](hash::GroupedMatmulOp matmul) {
            return gemm(matmul.getPlan(), matmul.getX(), matmul.getW(),
                        matmul.getTransposed());
          })
          .Case([&](hash::WeightGradOp gradient) {
            return createOuter(
                builder, location, gradient.getPlan(), gradient.getX(),
                gradient.getDy(),
                createEmpty(builder, location, gradient.getType()),
                /*accumulates=*/false);
          })
          .Case([&](hash::DispatchOp dispatch) {
            return createMove(op, dispatch.getPlan(), dispatch.getX(),
                              RowSpace::token, RowSpace::position);
          })
          .Case([&](hash::CombineOp combine) -> Operation * {
            // With more than one choice a token sums its slots: a kernel of its
            // own.
            if (!combine.hasRowPerSlot())
              return nullptr;
            return createMove(op, combine.getPlan(), combine.getX(),
                              RowSpace::position, RowSpace::slot,
                              /*zeroDead=*/true);
          })
          .Case([&](hash::WeighOp weigh) -> Operation * {
            SpacedOperands reads;
            reads.add(weigh.getX(), RowSpace::position);
            reads.add(weigh.getWeights(), RowSpace::position);
            return createMap(builder, location, /*plan=*/Value(), reads,
                             makeOut(builder, op, RowSpace::position),
                             /*zeroDead=*/false,
                             [&](OpBuilder &body, ValueRange scalars) {
                               return SmallVector<Value>{arith::MulFOp::create(
                                   body, location, scalars[0], scalars[1])};
                             });
          })
          .Case([&](hash::BroadcastOp broadcast) {
            return createMove(op, broadcast.getPlan(), broadcast.getX(),
                              broadcast.getPlan() ? RowSpace::group
                                                  : RowSpace::all,
                              RowSpace::position);
          })
          .Case([&](hash::SplatOp splat) {
            return createMove(op, /*plan=*/Value(), splat.getX(), RowSpace::all,
                              RowSpace::position);
          })
          .Default([&](Operation *other) {
            return isElementwiseOnTensors(other) ? generalizeElementwise(other)
                                                 : nullptr;
          });
  if (by)
    replace(op, by);
}

} // namespace
} // namespace hashc
