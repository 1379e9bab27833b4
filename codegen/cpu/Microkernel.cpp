//===- Microkernel.cpp - Register-tiled matrix products -------------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/Microkernel.h"

#include "codegen/cpu/Emitter.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace hashc::cpu {

namespace {
/// Emits the code for one number of rows.
class StepEmitter {
public:
  StepEmitter(Emitter &e, const TileShape &tile, int64_t vectors, Type compute,
              const TileStep &step, int64_t rows)
      : e(e), tile(tile), step(step), vectors(vectors), rows(rows),
        vector(VectorType::get({tile.lanes}, compute)) {}

  void emit() {
    if (step.lhsByRows)
      for (int64_t row = 0; row < rows; ++row)
        rowPointers.push_back(e.address(
            e.load(e.ptr, e.address(step.lhs, e.constant(row), e.ptr)),
            step.lhsOffset, step.lhsElement));
    SmallVector<Value> sums = startSums();
    // One more value from run to run: where its lines start.
    sums.push_back(step.prefetch.from);
    sums = loop(
        e.constant(0), step.depth, step.prefetch.run, sums,
        [&](Value first, ValueRange sums) { return emitRun(first, sums); });
    unsigned i = 0;
    forEachSum([&](Value address) { e.storeVector(sums[i++], address); });
  }

private:
  using LoopBody = llvm::function_ref<SmallVector<Value>(Value, ValueRange)>;

  SmallVector<Value> loop(Value from, Value to, Value by, ValueRange values,
                          LoopBody body) {
    auto loop = scf::ForOp::create(e, from, to, by, values);
    OpBuilder::InsertionGuard guard(e);
    e.setInsertionPointToStart(loop.getBody());
    SmallVector<Value> next =
        body(loop.getInductionVar(), loop.getRegionIterArgs());
    scf::YieldOp::create(e, next);
    return loop.getResults();
  }

  SmallVector<Value> emitRun(Value first, ValueRange values) {
    const Prefetch &prefetch = step.prefetch;
    Value lines = values.back();
    Value end = e.min(e.add(first, prefetch.run), step.depth);
    SmallVector<Value> next =
        loop(first, end, e.constant(1), values.drop_back(),
             [&](Value k, ValueRange sums) {
               Value skipped = e.mul(e.sub(k, first), prefetch.stride);
               e.prefetch(e.address(lines, skipped, e.getI8Type()));
               return multiplyAdd(k, sums);
             });
    next.push_back(e.address(lines, prefetch.jump, e.getI8Type()));
    return next;
  }

  SmallVector<Value> startSums() {
    SmallVector<Type> types(rows * vectors, vector);
    auto start = scf::IfOp::create(e, types, step.fresh, /*withElse=*/true);
    OpBuilder::InsertionGuard guard(e);
    e.setInsertionPointToStart(start.thenBlock());
    SmallVector<Value> zeros(rows * vectors, e.zero(vector));
    scf::YieldOp::create(e, zeros);
    e.setInsertionPointToStart(start.elseBlock());
    SmallVector<Value> sums;
    forEachSum(
        [&](Value address) { sums.push_back(e.loadVector(vector, address)); });
    scf::YieldOp::create(e, sums);
    return start.getResults();
  }

  void forEachSum(llvm::function_ref<void(Value)> fn) {
    for (int64_t row = 0; row < rows; ++row)
      for (int64_t v = 0; v < vectors; ++v)
        fn(e.address(step.sums,
                     e.constant(row * tile.columns() + v * tile.lanes),
                     vector.getElementType()));
  }

  SmallVector<Value> multiplyAdd(Value k, ValueRange sums) {
    Type element = vector.getElementType();
    Value rhs = e.address(step.rhs, e.mul(k, step.rhsStride), element);
    SmallVector<Value> columns;
    for (int64_t v = 0; v < vectors; ++v)
      columns.push_back(e.loadVector(
          vector, e.address(rhs, e.constant(v * tile.lanes), element)));
    SmallVector<Value> next;
    for (int64_t row = 0; row < rows; ++row) {
      Value factor = e.splat(loadLhs(row, k), vector);
      for (int64_t v = 0; v < vectors; ++v)
        next.push_back(vector::FMAOp::create(e, factor, columns[v],
                                             sums[row * vectors + v]));
    }
    return next;
  }

  Value loadLhs(int64_t row, Value k) {
    Type element = step.lhsElement;
    Value from =
        step.lhsByRows
            ? e.address(rowPointers[row], k, element)
            : e.address(e.address(step.lhs, e.mul(k, step.lhsOffset), element),
                        e.constant(row), element);
    if (!element.isBF16())
      return e.load(element, from);
    // The upper half of an f32.
    Value bits = e.load(e.getI16Type(), from);
    bits = arith::ExtUIOp::create(e, e.getI32Type(), bits);
    Value sixteen = arith::ConstantOp::create(e, e.getI32IntegerAttr(16));
    bits = arith::ShLIOp::create(e, bits, sixteen);
    return arith::BitcastOp::create(e, e.getF32Type(), bits);
  }

  Emitter &e;
  const TileShape &tile;
  const TileStep &step;
  int64_t vectors, rows;
  VectorType vector;
  SmallVector<Value> rowPointers;
};
} // namespace

static std::string getName(const TileShape &tile, int64_t vectors, Type compute,
                           const TileStep &step) {
  std::string name = "hash_tile_";
  name += step.lhsByRows ? "rows_" : "columns_";
  llvm::raw_string_ostream os(name);
  if (step.lhsElement != compute)
    os << step.lhsElement << '_';
  os << compute << '_' << tile.rows << 'x' << vectors;
  return name;
}

/// One function for all numbers of rows: its code is shared by all kernels.
static void emitFunction(Emitter &caller, func::FuncOp function,
                         const TileShape &tile, int64_t vectors, Type compute,
                         TileStep step) {
  function->setAttr("hash.shared", caller.getUnitAttr());
  Block *entry = function.addEntryBlock();
  Emitter e(function.getLoc(), OpBuilder::atBlockBegin(entry),
            caller.vectorBytes);
  step.rows = entry->getArgument(0);
  step.lhs = entry->getArgument(1);
  step.lhsOffset = entry->getArgument(2);
  step.rhs = entry->getArgument(3);
  step.rhsStride = entry->getArgument(4);
  step.depth = entry->getArgument(5);
  step.sums = entry->getArgument(6);
  step.fresh = entry->getArgument(7);
  step.prefetch = {entry->getArgument(8), entry->getArgument(9),
                   entry->getArgument(10), entry->getArgument(11)};

  auto cases = llvm::to_vector(llvm::seq<int64_t>(1, tile.rows));
  Value rows = arith::IndexCastOp::create(e, e.getIndexType(), step.rows);
  auto branch = scf::IndexSwitchOp::create(
      e, TypeRange(), rows, ArrayRef<int64_t>(cases), (unsigned)cases.size());
  func::ReturnOp::create(e);
  auto emitRows = [&](Region &region, int64_t count) {
    e.setInsertionPointToStart(&region.emplaceBlock());
    StepEmitter(e, tile, vectors, compute, step, count).emit();
    scf::YieldOp::create(e);
  };
  for (int64_t i = 0; i < (int64_t)cases.size(); ++i)
    emitRows(branch.getCaseRegions()[i], cases[i]);
  emitRows(branch.getDefaultRegion(), tile.rows);
}

void emitTileStep(Emitter &e, const TileShape &tile, int64_t vectors,
                  Type compute, const TileStep &step) {
  std::string name = getName(tile, vectors, compute, step);
  auto module =
      e.getInsertionBlock()->getParentOp()->getParentOfType<ModuleOp>();
  if (!module.lookupSymbol(name)) {
    OpBuilder builder(e.getContext());
    builder.setInsertionPointToEnd(module.getBody());
    FunctionType type =
        e.getFunctionType({e.i64, e.ptr, e.i64, e.ptr, e.i64, e.i64, e.ptr,
                           e.getI1Type(), e.ptr, e.i64, e.i64, e.i64},
                          {});
    auto function = func::FuncOp::create(builder, e.getLoc(), name, type);
    function.setPrivate();
    emitFunction(e, function, tile, vectors, compute, step);
  }
  func::CallOp::create(
      e, name, TypeRange(),
      ValueRange{step.rows, step.lhs, step.lhsOffset, step.rhs, step.rhsStride,
                 step.depth, step.sums, step.fresh, step.prefetch.from,
                 step.prefetch.stride, step.prefetch.run, step.prefetch.jump});
}

} // namespace hashc::cpu
