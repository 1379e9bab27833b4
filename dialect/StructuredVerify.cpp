//===- StructuredVerify.cpp - Verifiers of the structured ops -------------===//
//
// Part of hashc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialect/HashConstraints.h"

using namespace mlir;

namespace hashc::hash {

namespace {

/// Prints an extent as types do: 8x16.
std::string describe(ArrayRef<int64_t> shape) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  llvm::interleave(shape, stream, "x");
  return text;
}

/// True for the spaces in which rows of activations live.
bool isRowSpace(RowSpace space) {
  return space == RowSpace::position || space == RowSpace::slot ||
         space == RowSpace::token;
}

/// What the verifiers of the three ops share. `rows` and `columns` are those of
/// the elements that the body runs for.
template <typename OpTy> class StructuredVerifier {
public:
  explicit StructuredVerifier(OpTy op) : op(op) {}

  LogicalResult verifyForm();
  LogicalResult verifySpaces(ArrayRef<int32_t> spaces, size_t count,
                             StringRef what);
  /// Of an op that runs its body for rows: what its reads and outs are read and
  /// written by, and whether there are rows to clear.
  LogicalResult verifyRowOperands();
  LogicalResult verifyPrecision();
  /// Outs that are rows, all in spaces where no two rows write to one.
  LogicalResult verifyOutRows(ArrayRef<int32_t> spaces, unsigned leastRank);
  LogicalResult verifyReads(ArrayRef<int32_t> spaces);
  /// A side of a product: rows in a row space.
  LogicalResult verifySide(Value value, RowSpace space, const Twine &what);
  /// One matrix of `height x width`, in rows or panels, for each expert.
  LogicalResult verifyMatrix(Value value, int64_t height, int64_t width,
                             const Twine &what, StringRef constraint);
  LogicalResult verifyBody(unsigned numSums);

  void setExtent(int64_t rowsWithoutPlan, int64_t numColumns) {
    rows = rowsWithoutPlan;
    columns = numColumns;
  }

private:
  int64_t getRowsOf(RowSpace space);
  InFlightDiagnostic emitShape(Value value, RowSpace space, const Twine &what);

  OpTy op;
  int64_t rows = 1, columns = 1;
};

template <typename OpTy>
LogicalResult StructuredVerifier<OpTy>::verifyRowOperands() {
  if (failed(verifySpaces(op.getReadsAt(), op.getReads().size(), "reads")) ||
      failed(verifySpaces(op.getOutsAt(), op.getInits().size(), "outs")))
    return failure();
  if (op.getZeroDead() && !op.getPlan())
    return op.emitOpError("clears rows without an expert, but has no plan "
                          "(zero_dead)");
  return success();
}

template <typename OpTy> LogicalResult StructuredVerifier<OpTy>::verifyForm() {
  if (op.getInits().empty())
    return op.emitOpError("has no out (outs)");
  bool onBuffers = isa<MemRefType>(op.getInits().front().getType());
  for (Value value : op->getOperands())
    if (value != op.getPlan() && isa<MemRefType>(value.getType()) != onBuffers)
      return op.emitOpError("has tensors and buffers at once (form)");
  if (Value plan = op.getPlan()) {
    if (isa<MemRefType>(plan.getType()) != onBuffers)
      return op.emitOpError("is on ")
             << (onBuffers ? "buffers" : "tensors") << ", but its plan is "
             << plan.getType() << " (form)";
    if (onBuffers && !op.getPlanShape())
      return op.emitOpError("has the buffer of a plan, but no plan_shape that "
                            "tells its extent (form)");
    if (onBuffers && getRows(plan) != op.getPlanType().getNumWords())
      return op.emitOpError("has a plan of ")
             << op.getPlanType().getNumWords() << " words in a buffer of "
             << getRows(plan) << " (form)";
  }
  if (op.getPlanShape() && !(op.getPlan() && onBuffers))
    return op.emitOpError("has a plan_shape without the buffer of a plan "
                          "(form)");
  if (onBuffers) {
    if (op->getNumResults() != 0)
      return op.emitOpError("on buffers has no results (results)");
    llvm::SmallPtrSet<Value, 4> outs(op.getInits().begin(),
                                     op.getInits().end());
    if (outs.size() != op.getInits().size())
      return op.emitOpError("writes two outs to one buffer (results)");
    return success();
  }
  if (op->getResultTypes() != op.getInits().getTypes())
    return op.emitOpError("has not one result of its type for each out "
                          "(results)");
  return success();
}

template <typename OpTy>
LogicalResult StructuredVerifier<OpTy>::verifySpaces(ArrayRef<int32_t> spaces,
                                                     size_t count,
                                                     StringRef what) {
  if (spaces.size() != count)
    return op.emitOpError("has ") << spaces.size() << " row spaces for "
                                  << count << " " << what << " (spaces)";
  for (int32_t space : spaces)
    if (!symbolizeRowSpace(space))
      return op.emitOpError("has a row space of number ")
             << space << " (spaces)";
  return success();
}

template <typename OpTy>
LogicalResult StructuredVerifier<OpTy>::verifyPrecision() {
  for (Value value : op->getOperands())
    if (value != op.getPlan() && getCompute(value) != op.getComputeType())
      return op.emitOpError("computes in ")
             << op.getComputeType() << ", but has an operand of "
             << value.getType() << " (precision)";
  return success();
}

/// Without a plan every space but `all` is the row itself.
template <typename OpTy>
int64_t StructuredVerifier<OpTy>::getRowsOf(RowSpace space) {
  PlanType plan = op.getPlanType();
  if (!plan)
    return rows;
  switch (space) {
  case RowSpace::position:
    return plan.getSlots();
  case RowSpace::slot:
    return plan.getNumChoices();
  case RowSpace::token:
    return plan.getTokens();
  case RowSpace::group:
    return plan.getGroups();
  case RowSpace::all:
    return 1;
  }
  llvm_unreachable("unknown row space");
}

template <typename OpTy>
InFlightDiagnostic StructuredVerifier<OpTy>::emitShape(Value value,
                                                       RowSpace space,
                                                       const Twine &what) {
  return op.emitOpError() << what << " is " << describe(getShape(value))
                          << ", but " << stringifyRowSpace(space) << " has "
                          << getRowsOf(space)
                          << (getRowsOf(space) == 1 ? " row" : " rows");
}

template <typename OpTy>
LogicalResult StructuredVerifier<OpTy>::verifyOutRows(ArrayRef<int32_t> spaces,
                                                      unsigned leastRank) {
  for (auto [i, init] : llvm::enumerate(op.getInits())) {
    auto space = static_cast<RowSpace>(spaces[i]);
    if (op.getPlanType()
            ? space != RowSpace::position && space != RowSpace::slot
            : space == RowSpace::all)
      return op.emitOpError("out ")
             << i << " is in space " << stringifyRowSpace(space)
             << ", where rows would write over each other (outs)";
    ArrayRef<int64_t> shape = getShape(init);
    if (shape.size() < leastRank || shape.size() > 2 ||
        shape.front() != getRowsOf(space) ||
        (shape.size() == 2 ? shape.back() : 1) != columns)
      return emitShape(init, space, "out " + Twine(i))
             << " of " << columns << " features (outs)";
  }
  return success();
}

template <typename OpTy>
LogicalResult StructuredVerifier<OpTy>::verifyReads(ArrayRef<int32_t> spaces) {
  for (auto [i, read] : llvm::enumerate(op.getReads())) {
    if (getCount(read) == 1)
      continue;
    auto space = static_cast<RowSpace>(spaces[i]);
    ArrayRef<int64_t> shape = getShape(read);
    bool fits =
        space == RowSpace::all
            ? shape == ArrayRef<int64_t>({columns})
            : shape == ArrayRef<int64_t>({getRowsOf(space)}) ||
                  shape == ArrayRef<int64_t>({getRowsOf(space), columns});
    if (!fits)
      return emitShape(read, space, "read " + Twine(i))
             << " of " << columns << " features (reads)";
  }
  return success();
}

template <typename OpTy>
LogicalResult StructuredVerifier<OpTy>::verifySide(Value value, RowSpace space,
                                                   const Twine &what) {
  if (!isRowSpace(space))
    return op.emitOpError()
           << what << " is in space " << stringifyRowSpace(space)
           << "; a product has rows of positions, slots or tokens (lhs)";
  if (getShape(value).size() != 2 || getRows(value) != getRowsOf(space))
    return emitShape(value, space, what) << " (lhs)";
  return success();
}

template <typename OpTy>
LogicalResult
StructuredVerifier<OpTy>::verifyMatrix(Value value, int64_t height,
                                       int64_t width, const Twine &what,
                                       StringRef constraint) {
  ArrayRef<int64_t> shape = getShape(value);
  SmallVector<int64_t> wanted;
  if (PlanType plan = op.getPlanType())
    wanted.push_back(plan.getGroups());
  // Panels have one more dimension.
  if (shape.size() == wanted.size() + 3) {
    int64_t panel = shape.back();
    wanted.append({llvm::divideCeilSigned(width, panel), height, panel});
  } else {
    wanted.append({height, width});
  }
  if (shape == ArrayRef(wanted))
    return success();
  return op.emitOpError() << what << " is " << describe(shape) << ", not "
                          << describe(wanted)
                          << (op.getPlan() ? ", a matrix for each expert" : "")
                          << " (" << constraint << ")";
}

template <typename OpTy>
LogicalResult StructuredVerifier<OpTy>::verifyBody(unsigned numSums) {
  Block &body = op.getBodyBlock();
  auto yield =
      body.empty() ? YieldOp() : dyn_cast<YieldOp>(body.getTerminator());
  if (!yield)
    return op.emitOpError("has a body that does not end in hash.yield (body)");
  SmallVector<Type> arguments(numSums, op.getComputeType());
  for (Value read : op.getReads())
    arguments.push_back(getCompute(read));
  SmallVector<Type> outs;
  for (Value init : op.getInits())
    outs.push_back(getCompute(init));
  llvm::append_range(arguments, outs);
  if (body.getArgumentTypes() != TypeRange(arguments))
    return op.emitOpError("has a body of (")
           << body.getArgumentTypes()
           << "), but its sums, reads and inits are (" << arguments
           << ") (body)";
  if (yield.getOperandTypes() != TypeRange(outs))
    return op.emitOpError("has a body that yields (")
           << yield.getOperandTypes() << "), but its outs are (" << outs
           << ") (body)";
  auto isScalar = [](Type type) { return type.isIntOrIndexOrFloat(); };
  for (Operation &inner : body.without_terminator())
    if (inner.getNumRegions() != 0 || !isMemoryEffectFree(&inner) ||
        !llvm::all_of(inner.getResultTypes(), isScalar)) {
      InFlightDiagnostic diagnostic =
          op.emitOpError("has a body with more than arithmetic on scalars "
                         "(body)");
      diagnostic.attachNote(inner.getLoc()) << "'" << inner.getName() << "'";
      return diagnostic;
    }
  return success();
}

/// The number of sums, each of which some product goes into; 0 if there is a
/// gap.
unsigned countSums(ArrayRef<int64_t> into) {
  llvm::SmallDenseSet<int64_t> numbers(into.begin(), into.end());
  for (int64_t i = 0, count = numbers.size(); i < count; ++i)
    if (!numbers.contains(i))
      return 0;
  return numbers.size();
}

} // namespace

LogicalResult GroupedGemmOp::verify() {
  StructuredVerifier verifier(*this);
  size_t count = getLhs().size();
  if (count == 0 || getRhs().size() != count || getInto().size() != count)
    return emitOpError("has ")
           << count << " lhs, " << getRhs().size() << " rhs and "
           << getInto().size() << " sums to add them to (products)";
  unsigned numSums = countSums(getInto());
  if (numSums == 0)
    return emitOpError("does not number its sums from 0 without gaps (into)");
  if (failed(verifier.verifyForm()) || failed(verifier.verifyPrecision()) ||
      failed(verifier.verifySpaces(getLhsAt(), count, "lhs")) ||
      failed(verifier.verifyRowOperands()))
    return failure();
  Value out = getInits().front();
  int64_t columns = getFeatures(out);
  verifier.setExtent(getRows(out), columns);
  if (failed(verifier.verifyOutRows(getOutsAt(), /*leastRank=*/2)))
    return failure();
  for (auto [i, lhs, rhs] : llvm::enumerate(getLhs(), getRhs())) {
    if (failed(verifier.verifySide(lhs, static_cast<RowSpace>(getLhsAt()[i]),
                                   "lhs " + Twine(i))))
      return failure();
    int64_t height = getFeatures(lhs), width = columns;
    if (getTransposed())
      std::swap(height, width);
    if (failed(verifier.verifyMatrix(rhs, height, width, "rhs " + Twine(i),
                                     "rhs")))
      return failure();
  }
  if (failed(verifier.verifyReads(getReadsAt())))
    return failure();
  return verifier.verifyBody(numSums);
}

LogicalResult GroupedOuterOp::verify() {
  StructuredVerifier verifier(*this);
  if (failed(verifier.verifyForm()) || failed(verifier.verifyPrecision()) ||
      failed(verifier.verifySpaces(getAt(), 2, "sides")))
    return failure();
  if (getSkipEmpty() && !getPlan())
    return emitOpError("skips experts without rows, but has no plan "
                       "(skip_empty)");
  verifier.setExtent(getRows(getLhs()), /*numColumns=*/1);
  if (failed(verifier.verifySide(getLhs(), static_cast<RowSpace>(getAt()[0]),
                                 "lhs")) ||
      failed(verifier.verifySide(getRhs(), static_cast<RowSpace>(getAt()[1]),
                                 "rhs")))
    return failure();
  for (auto [name, values] :
       {std::pair("read ", getReads()), std::pair("out ", getInits())})
    for (auto [i, value] : llvm::enumerate(values))
      if (failed(verifier.verifyMatrix(value, getFeatures(getLhs()),
                                       getFeatures(getRhs()), name + Twine(i),
                                       "outs")))
        return failure();
  return verifier.verifyBody(/*numSums=*/1);
}

/// True if every operand has an element for each of the first out's, or one:
/// then what a row is does not matter.
static bool isOfOneShape(MapOp map) {
  ArrayRef<int64_t> shape = getShape(map.getInits().front());
  return llvm::all_of(map.getReads(),
                      [&](Value read) {
                        return getCount(read) == 1 || getShape(read) == shape;
                      }) &&
         llvm::all_of(map.getInits(),
                      [&](Value init) { return getShape(init) == shape; });
}

LogicalResult MapOp::verify() {
  StructuredVerifier verifier(*this);
  if (failed(verifier.verifyForm()) || failed(verifier.verifyRowOperands()))
    return failure();
  if (!getPlan() && isOfOneShape(*this))
    return verifier.verifyBody(/*numSums=*/0);
  Value out = getInits().front();
  int64_t columns = getShape(out).size() > 1 ? getFeatures(out) : 1;
  verifier.setExtent(getRows(out), columns);
  if (failed(verifier.verifyOutRows(getOutsAt(), /*leastRank=*/1)) ||
      failed(verifier.verifyReads(getReadsAt())))
    return failure();
  return verifier.verifyBody(/*numSums=*/0);
}

} // namespace hashc::hash
